"""`assetforge restore`: brings an earlier picture back, for nothing."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run


@click.command("restore", short_help="Bring an earlier picture back, for nothing.")
@click.argument("asset", metavar="ASSET[:STEP]")
@click.argument("key")
@shared.variables
@shared.common
@pass_run
def command(run: Run, asset: str, key: str, variables: tuple[tuple[str, str], ...]) -> int:
    """Pins an earlier picture of ASSET to its present request, in the lock: the one whose KEY (as `history` shows it)
    begins with these digits, four or more. Nothing is bought, and the next build makes the outputs of it."""
    from assetforge.pins.named import paid_steps_of_one
    from assetforge.pins.restore import restore
    from assetforge.report.pinned import bill, bill_object, pin_object

    project = run.open(dict(variables))
    graph = project.graph()
    steps = paid_steps_of_one(graph, asset)
    with project.at_work(), project.workspace() as space:
        restored = restore(space, graph, steps, key)
    if run.console.as_json:
        found = {"pinned": [pin_object(one) for one in restored.pins], "buys": bill_object(restored.forecast)}
        return run.emit("restore", found, warnings=graph.warnings)
    past = restored.past
    if restored.pins:
        told = f"{past.step.id} has the picture {past.key[:8]} again: run `assetforge build`"
    else:
        told = f"{past.step.id} has the picture {past.key[:8]} already"
    run.console.print(told)
    for line in bill(restored.forecast):
        run.console.tell(line)
    return 0
