"""`assetforge graph`: the steps and what they need, as text or for tools that draw."""

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run


@click.command("graph", short_help="Show the steps and what they need.")
@shared.selection
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "dot", "mermaid", "json"]),
    default="text",
    show_default=True,
    help="How to draw it.",
)
@shared.profile
@shared.variables
@shared.common
@pass_run
def command(
    run: Run, select: tuple[str, ...], form: str, profile: str | None, variables: tuple[tuple[str, str], ...]
) -> int:
    """Shows the steps of all assets, or of those selected and what they need."""
    from assetforge.graph.select import select as find
    from assetforge.report import drawing

    graph = run.open(dict(variables)).graph(profile)
    found = find(graph, select)
    steps = drawing.drawn(graph, found)
    if run.console.as_json or form == "json":
        return run.emit("graph", drawing.graph_object(graph, steps, found), warnings=graph.warnings)
    draw = {"text": drawing.text, "dot": drawing.dot, "mermaid": drawing.mermaid}[form]
    for line in draw(steps):
        run.console.print(line)
    return 0
