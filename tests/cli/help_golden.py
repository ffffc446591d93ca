"""What `--help` says, kept in tests/golden/help; `python -m tests.cli.help_golden` writes it anew."""

import os
from pathlib import Path

from click.testing import CliRunner

from assetforge.cli.commands.cache import PARTS
from assetforge.cli.main import COMMANDS, app
from assetforge.cli.options import open_run

FOLDER = Path(__file__).parent.parent / "golden" / "help"
NAMES = ("assetforge", *COMMANDS, *(f"cache {part}" for part in PARTS))


def help_of(name: str) -> str:
    """The help of the whole, or of one command."""
    arguments = ["--help"] if name == "assetforge" else [*name.split(), "--help"]
    result = CliRunner().invoke(app, arguments, prog_name="assetforge", obj=open_run({}), terminal_width=80)
    assert result.exit_code == 0, result.output
    return result.output


def path_of(name: str) -> Path:
    """Where the help of a command is kept."""
    return FOLDER / f"{name.replace(' ', '-')}.txt"


def main() -> None:
    """Writes every text."""
    os.makedirs(FOLDER, exist_ok=True)
    for name in NAMES:
        path_of(name).write_text(help_of(name), "utf-8")


if __name__ == "__main__":
    main()
