"""`assetforge adopt`: a hand-made or retouched file becomes the picture for the present request."""

import os

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run


@click.command("adopt", short_help="Make a file of yours the picture for the present request.")
@click.argument("asset", metavar="ASSET[:STEP]")
@click.argument("file")
@shared.variables
@shared.common
@pass_run
def command(run: Run, asset: str, file: str, variables: tuple[tuple[str, str], ...]) -> int:
    """Makes FILE, drawn or retouched by hand, the picture of ASSET for its present request, marked "by hand". It is
    kept in the store; outputs and later edits are made of it by the next build. It stands for the picked candidate of
    the last generation or edit, or of STEP. What was bought before can be restored."""
    from assetforge.pins.adopt import adopt
    from assetforge.pins.named import paid_steps_of_one
    from assetforge.report.pinned import bill, bill_object, pin_object

    project = run.open(dict(variables))
    graph = project.graph()
    step = paid_steps_of_one(graph, asset)[-1]
    with project.at_work(), project.workspace() as space:
        adopted = adopt(space, graph, step, os.path.join(run.folder or "", file))
    remarks = [adopted.remark] if adopted.remark else []
    if run.console.as_json:
        pinned = [pin_object(adopted.pin)] if adopted.pin else []
        told = {"pinned": pinned, "buys": bill_object(adopted.forecast)}
        return run.emit("adopt", told, warnings=(*graph.warnings, *remarks))
    run.show("warning", remarks)
    if adopted.pin is None:
        run.console.print(f"`{file}` is the picture of {step.id} already")
        return 0
    how = "" if adopted.pin.record.by == "by hand" else f", {adopted.pin.record.by or 'bought'}"
    run.console.print(f"`{file}` is the picture of {step.id} now{how}: run `assetforge build`")
    for line in bill(adopted.forecast):
        run.console.tell(line)
    return 0
