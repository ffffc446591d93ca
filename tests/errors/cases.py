"""Manifests with mistakes, each in one file beside what the user is told: `tests/golden/errors/NAME.txt`.

A file is made of parts, each with a head of its own:

    --- assets.toml              a text file; `assets.toml` is the manifest
    --- bytes data/items.csv     the same with Python's escapes, for what is not UTF-8
    --- picture art/a.png 40x30  a picture of that size
    --- link art/out -> ../away  a symbolic link
    --- with profile=fast        a profile, or `NAME=VALUE` for --var
    --- told                     the whole text, warnings first; always the last part

`python -m tests.errors.write_goldens` writes the last parts anew and shows what changed.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Literal

from PIL import Image

from assetforge.cli.console import Console
from assetforge.cli.options import Run
from assetforge.config import Settings
from assetforge.errors import AssetforgeError, Problem
from assetforge.paths import Root
from assetforge.project import Options, Project

FOLDER = Path(__file__).parent.parent / "golden" / "errors"
HEAD = re.compile(r"^--- (.+)\n", re.MULTILINE)


@dataclass(slots=True)
class Case:
    """A project with a mistake. `given` is the golden file up to what is told."""

    name: str
    given: str
    told: str
    parts: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Case":
        given, _, told = path.read_text("utf-8").partition("--- told\n")
        heads = HEAD.split(given)[1:]
        return cls(path.stem, given, told, list(zip(heads[::2], heads[1::2], strict=True)))

    def write(self, folder: Path) -> None:
        """Makes the project's files in a folder."""
        for head, body in self.parts:
            kind, _, rest = head.partition(" ")
            if kind == "with":
                continue
            path = folder / (rest.split(" ")[0] or head)
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "picture":
                width, height = map(int, rest.split(" ")[1].split("x"))
                Image.new("RGB", (width, height), "teal").save(path)
            elif kind == "link":
                path.symlink_to(rest.partition(" -> ")[2])
            elif kind == "bytes":
                path.write_bytes(body.encode("ascii").decode("unicode_escape").encode("latin-1"))
            else:
                path.write_text(body, "utf-8", newline="")

    @property
    def given_on_the_command_line(self) -> dict[str, str]:
        texts = [head.removeprefix("with ") for head, _ in self.parts if head.startswith("with ")]
        return dict(text.split("=", 1) for text in texts)


def cases() -> Iterator[Case]:
    """Every case, by name."""
    return map(Case.read, sorted(FOLDER.glob("*.txt")))


def tell(case: Case, folder: Path) -> str:
    """What a user is told who plans this project: warnings, then errors."""
    root = folder / "project"
    root.mkdir()
    case.write(root)
    words = case.given_on_the_command_line
    profile = words.pop("profile", None)
    project = project_in(root, folder / "data", words)
    try:
        graph = project.graph(profile)
        forecast = project.plan(Options(profile=profile, on_miss="fail"))
        return shown(project, {"warning": (*graph.warnings, *forecast.remarks), "error": forecast.problems})
    except AssetforgeError as error:
        return shown(project, {"error": error.problems})


def project_in(root: Path, data: Path, variables: Mapping[str, str]) -> Project:
    """The project of a folder for a user who has set nothing."""
    settings = Settings(data, data, (), None, None, None)
    return Project(Root(str(root)), "assets.toml", settings, {}, variables)


def shown(project: Project, told: Mapping[Literal["warning", "error"], tuple[Problem, ...]]) -> str:
    """Problems as the command line shows them to somebody in the project's folder."""
    text = StringIO()
    run = Run(Console(StringIO(), text, {"NO_COLOR": "1"}), project=project)
    with contextlib.chdir(project.root.path):
        for kind, problems in told.items():
            run.show(kind, problems)
    return text.getvalue()
