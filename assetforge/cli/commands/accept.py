"""`assetforge accept`: keeps the present picture for a request that changed."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run

FAILED = 1


@click.command("accept", short_help="Keep the present picture for a request that changed.")
@click.argument("asset", nargs=-1, required=True)
@shared.variables
@shared.common
@pass_run
def command(run: Run, asset: tuple[str, ...], variables: tuple[tuple[str, str], ...]) -> int:
    """Keeps the present picture of each ASSET for a request that changed: the lock pins it to the present request,
    marked as accepted, and nothing is bought. ASSET is a name (all its instances), one instance like
    icon[item=sword], or a pattern like icon*. Another size or format to ask for can't be accepted."""
    from assetforge.pins.accept import accept
    from assetforge.pins.named import paid_steps
    from assetforge.report.pinned import instances_of, pin_object
    from assetforge.words import count

    project = run.open(dict(variables))
    graph = project.graph()
    steps = {step.id: step for name in asset for step in paid_steps(graph, name)}
    with project.at_work(), project.workspace() as space:
        accepted = accept(space, graph, list(steps.values()))
    code = FAILED if accepted.failed else 0
    kept = instances_of(accepted.pins)
    if run.console.as_json:
        told = {
            "accepted": list(kept),
            "current": list(accepted.current),
            "pinned": [pin_object(one) for one in accepted.pins],
        }
        return run.emit("accept", told, code, warnings=graph.warnings, errors=accepted.failed)
    for name, pins in kept.items():
        run.console.tell(f"accepted {name}: {count(len(pins), 'picture')} for its present request")
    for name in accepted.current:
        run.console.tell(f"nothing to accept for {name}: its request is the one in the lock")
    if kept or not accepted.failed:
        run.console.print(f"{count(len(kept), 'asset')} accepted")
    run.show("error", accepted.failed)
    return code
