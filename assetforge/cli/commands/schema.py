"""`assetforge schema`: the JSON Schema of the manifest, for editors, or of the list that emits make, for readers."""

import json

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run

NAME = "assets.schema.json"


@click.command("schema", short_help="Print the manifest's JSON Schema, for editors.")
@click.option("--write", is_flag=True, help=f"Write {NAME} beside the manifest instead.")
@click.option("--emit", "of_emit", is_flag=True, help="Print that of the JSON list that an emit makes instead.")
@shared.common
@pass_run
def command(run: Run, write: bool, of_emit: bool) -> int:
    """Prints the manifest's JSON Schema (draft 2020-12). Editors that know TOML complete from it when the
    manifest begins with `#:schema assets.schema.json`."""
    from assetforge.errors import UsageError
    from assetforge.graph.builtin import outputs_schema
    from assetforge.graph.describe import describe

    if write and of_emit:
        hint = "write what --emit prints to a file of your own"
        raise UsageError("--write is for the manifest's schema, and --emit prints another", hint=hint)
    document = json.loads(outputs_schema()) if of_emit else describe()
    if write:
        path = write_schema(run)
        if run.console.as_json:
            return run.emit("schema", {"path": NAME})
        run.console.tell(f"wrote {path}")
    elif run.console.as_json:
        run.emit("schema", {"document": document})
    else:
        run.console.print(json.dumps(document, indent=2, ensure_ascii=False))
    return 0


def write_schema(run: Run) -> str:
    """Writes the schema beside the manifest, and returns its path as shown. Raises AssetforgeError."""
    from assetforge import atomic
    from assetforge.errors import AssetforgeError
    from assetforge.graph.describe import describe

    project = run.open()
    data = json.dumps(describe(), indent=2, ensure_ascii=False).encode() + b"\n"
    try:
        with project.root.open_parent(NAME) as folder:
            atomic.write_in(folder, NAME, data)
    except OSError as error:
        raise AssetforgeError(f"`{run.shown(NAME)}` can't be written: {error.strerror}") from None
    return run.shown(NAME)
