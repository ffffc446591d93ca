"""What commands share: options, their types, and what was given, gathered in one object for each run."""

import math
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import click

from assetforge.cli.console import Console, here
from assetforge.errors import AssetforgeError, UsageError

if TYPE_CHECKING:
    from assetforge.config import Settings
    from assetforge.errors import Problem
    from assetforge.gate import Options
    from assetforge.project import Project
    from assetforge.report.problems import Told

Command = Callable[..., Any]
MORE = "All warnings and errors, not the first 50 of each."
# Problems of one kind that are shown at once.
MOST = 50
MOST_JOBS = 1_024
MOST_PORTS = 65_535


class Declined(AssetforgeError):  # noqa: N818 - an answer, not a fault
    """Somebody was asked, and said no."""

    exit_code = 4


@dataclass(slots=True)
class Run:
    """One run of the command line: what was given to every command, and the project once it is open. `outputs` are
    what a step of GitHub Actions gives to those after it."""

    console: Console
    command: str = ""
    manifest: str | None = None
    folder: str | None = None
    project: "Project | None" = None
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def start(self) -> str:
        """The folder that a command works from. Raises UsageError."""
        if self.folder is not None and not os.path.isdir(self.folder):
            raise UsageError(f"there is no folder `{self.folder}`")
        return self.folder or "."

    def open(self, variables: Mapping[str, str] | None = None, settings: "Settings | None" = None) -> "Project":
        """The project that is meant, with the user's settings where no others are given. Raises UsageError where
        there is none."""
        from assetforge.project import load

        path = os.path.normpath(os.path.join(self.start, self.manifest or ""))
        self.project = load(path, variables=variables or {}, settings=settings)
        return self.project

    @property
    def root(self) -> str:
        """The project's folder as somebody here writes it."""
        return self.shown("")

    def shown(self, path: str) -> str:
        """A path of the project as somebody here writes it."""
        from assetforge.report.problems import seen_from

        return path if self.project is None else seen_from(here(), self.project.root, path)

    def show(self, kind: Literal["error", "warning"], problems: Iterable["Problem"]) -> None:
        """Problems as text, sorted by file and line; in GitHub Actions as annotations as well."""
        from assetforge.report.gathering import gathered

        problems = gathered(problems)
        self.show_only(kind, problems)
        if not (self.console.quiet and kind == "warning"):
            self.annotate(kind, problems)

    def show_only(self, kind: Literal["error", "warning"], problems: Iterable["Problem"]) -> None:
        """Problems as text alone."""
        if self.console.quiet and kind == "warning":
            return
        every = self.told(problems)
        shown = every if self.console.verbose else every[:MOST]
        for number, one in enumerate(shown):
            if number:
                self.console.err.write("\n")
            self.console.problem(kind, one)
        if len(shown) < len(every):
            self.console.err.write(f"\nand {len(every) - len(shown):,} more {kind}s: -v shows all\n")

    def annotate(self, kind: Literal["error", "warning"], problems: Iterable["Problem"]) -> None:
        """Problems as annotations, where GitHub Actions reads them."""
        from assetforge.cli.github import annotation

        if self.console.in_github:
            for one in self.told(problems)[: None if self.console.verbose else MOST]:
                self.console.print_raw(annotation(kind, one, self.console.environ))

    def add_table(
        self, title: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, lead: Iterable[str] = ()
    ) -> None:
        """A table below some lines in the step's summary, where GitHub Actions reads one."""
        from assetforge.cli.github import add_table

        if self.console.in_github:
            add_table(self.console.environ, title, head, rows, lead=lead)

    def emit(
        self,
        command: str,
        told: Mapping[str, Any],
        code: int = 0,
        *,
        warnings: Iterable["Problem"] = (),
        errors: Iterable["Problem"] = (),
    ) -> int:
        """The result as one object, of one shape for all commands (docs/json.md); returns the exit code."""
        root = {} if self.project is None else {"root": self.root}
        problems = {"warnings": self.objects(warnings), "errors": self.objects(errors), "exit_code": code}
        self.console.emit(command, {**root, **told, **problems})
        return code

    def emit_row(
        self, command: str, told: Mapping[str, Any], *, warnings: Iterable["Problem"], errors: Iterable["Problem"]
    ) -> None:
        """One result of many as a row of JSON, of the same shape but for the exit code."""
        problems = {"warnings": self.objects(warnings), "errors": self.objects(errors)}
        self.console.emit_row(command, {"root": self.root, **told, **problems})

    def objects(self, problems: Iterable["Problem"]) -> list[dict[str, Any]]:
        """Problems for JSON."""
        from assetforge.report.problems import problem_object

        return [problem_object(one) for one in self.told(problems)]

    def told(self, problems: Iterable["Problem"]) -> "list[Told]":
        """Problems with their places, in order."""
        from assetforge.report.problems import told

        return told(problems, self.project, here())


pass_run = click.make_pass_decorator(Run)


# --- options --------------------------------------------------------------------------------------------------


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Remembers an option that may be given before the command's name or after it."""
    run = context.find_object(Run)
    if run is not None and value not in (None, False) and parameter.name:
        owner = run if hasattr(run, parameter.name) else run.console
        setattr(owner, parameter.name, value)
    return value


def _flag(*names: str, text: str) -> Callable[[Command], Command]:
    return click.option(*names, is_flag=True, expose_value=False, callback=_keep, is_eager=True, help=text)


COMMON: tuple[Callable[[Command], Command], ...] = (
    click.option("-m", "--manifest", metavar="PATH", expose_value=False, callback=_keep,
                 help="The manifest, instead of the nearest assets.toml."),
    click.option("-C", "folder", metavar="DIR", expose_value=False, callback=_keep, help="Work from another folder."),
    _flag("-q", "--quiet", text="Only results and errors."),
    _flag("--no-color", text="No colours (so does NO_COLOR)."),
    _flag("--json", "as_json", text="One JSON object on standard output."),
)  # fmt: skip


def common(command: Command) -> Command:
    """The options of every command."""
    return common_with(MORE)(command)


def common_with(more: str) -> Callable[[Command], Command]:
    """The same, where -v does more than to show all problems."""

    def decorate(command: Command) -> Command:
        before, after = COMMON[:3], COMMON[3:]
        for option in reversed((*before, _flag("-v", "--verbose", text=more), *after)):
            command = option(command)
        return command

    return decorate


class Dollars(click.ParamType):  # type: ignore[type-arg] # generic only in later releases
    """An amount of money in US dollars."""

    name = "USD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            amount = float(str(value).removeprefix("$"))
        except ValueError:
            amount = math.nan
        if not 0 <= amount < math.inf:
            self.fail(f"`{value}` is not an amount of US dollars like 2.50", param, ctx)
        return amount


class Whole(click.ParamType):  # type: ignore[type-arg]
    """A whole number from 1 to `most`."""

    name = "N"

    def __init__(self, most: int = MOST_JOBS) -> None:
        self._most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not (text.isascii() and text.isdecimal() and 0 < int(text) <= self._most):
            self.fail(f"`{value}` is not a whole number from 1 to {self._most:,}", param, ctx)
        return int(text)


class Assignment(click.ParamType):  # type: ignore[type-arg]
    """`NAME=VALUE`."""

    name = "NAME=VALUE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        name, equals, text = str(value).partition("=")
        if not name or not equals:
            self.fail(f"`{value}` is not NAME=VALUE", param, ctx)
        return name, text


selection = click.argument("select", nargs=-1, metavar="[SELECT]...")
variables = click.option(
    "--var", "variables", type=Assignment(), multiple=True, metavar="NAME=VALUE", help="Overrides one of [vars]."
)
profile = click.option("--profile", metavar="NAME", help="Use [profile.NAME]; writes no lock.")
draft = click.option("--draft", is_flag=True, help="Placeholders for what is not bought yet; spends nothing.")
verify = click.option("--verify", is_flag=True, help="Hash every file instead of trusting its times.")


def plan_options(
    select: tuple[str, ...] = (), profile: str | None = None, *, draft: bool = False, verify: bool = False
) -> "Options":
    """Options of a command that only looks."""
    from assetforge.gate import Options

    return Options(select=select, profile=profile, on_miss="draft" if draft else "call", verify=verify)


def open_run(environ: Mapping[str, str]) -> Run:
    """A run on this process's own streams."""
    return Run(Console(sys.stdout, sys.stderr, environ))
