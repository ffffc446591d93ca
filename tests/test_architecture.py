"""The way of the data holds: modules import only from above, each library has its doors, and files stay small.

docs/design.md has the reasons. Here they are a table, held by the syntax trees of all modules, imports inside
functions included.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "assetforge"

# From the top to the bottom: a part imports only from rows above its own, and from its own folder.
ROWS: tuple[tuple[str, ...], ...] = (
    # What everything stands on; `paths` is here because every reader and writer asks it, `remotes` because settings
    # and trust have to know what one is.
    ("noop", "errors", "words", "digest", "atomic", "paths", "remotes"),
    # What stages hand to each other; `entry` is the base of all tables a user writes, steps' parameters included;
    # `fonts` says where those are that two leaves draw with.
    ("model", "events", "entry", "config", "fonts"),
    # Four leaves; none imports another.
    ("manifest", "store", "providers", "ops"),
    ("graph",),
    ("plan",),
    # Renditions are placed as they are made, so `run` knows `outputs`.
    ("outputs",),
    # What another machine made, proven before it is kept.
    ("adopting",),
    ("run",),
    # The fifth row is composition, in order. One project opened: what the plan asks, and what a build stands on.
    ("world",),
    ("workspace",),
    # What emits are told of outputs, and how they get to their paths.
    ("emit",),
    # What is judged without building; what dead builds left, what is asked before money is spent.
    ("check",),
    ("recover", "gate"),
    # The whole store as a table, with the projects that use it.
    ("inventory",),
    # What a remote has, and what a build would do: all that a plan needs of it.
    ("sharing",),
    ("prospect",),
    # What a person has the lock pin.
    ("pins",),
    # The lock, the stamp and the report of a build.
    ("closing",),
    ("build",),
    # `mend`, `sweeping`, `exporting` and `importing` look after the store, as far as they can without a build.
    ("clean", "project", "mend", "sweeping", "exporting", "importing", "carrying"),
    # From a name on the command line to an edit of the manifest, which the live page makes too.
    ("choose",),
    # How git is asked, by `doctor` and by `init --git`.
    ("git",),
    ("watch", "report"),
    # All pictures on a page; what changed of them since a revision; the page served, and what its buttons do.
    ("gallery",),
    ("compare",),
    ("live",),
    # The other end of a call. It draws as the provider of drafts does, and knows nothing else of `providers`.
    ("simulate",),
    ("cli",),
    ("__main__",),
)
# The public names are looked up when first used, so that `import assetforge` loads nothing.
FRONT_DOOR = "__init__"

DOORS: dict[str, tuple[str, ...]] = {
    # `Invalid` of `entry` is what other modules catch.
    "pydantic": ("entry", "config", "manifest.schema", "providers.spec", "ops.spec"),
    "jinja2": ("graph.template", "graph.sandbox", "graph.escaping", "gallery.page"),
    # Printing has to know what Jinja calls text.
    "markupsafe": ("graph.escaping", "graph.printing", "gallery.page"),
    "httpx": ("providers.images_api", "providers.links", "providers.listing", "providers.wire"),
    # An answer's base64 is read apart from its connection.
    "pybase64": ("providers.answer",),
    # All of `ops` takes it from `pillow`, which loads it when it is used; what reads files stands on its classes.
    "PIL": ("ops.pillow", "ops.openers", "providers.draft", "providers.draft_*", "simulate"),
    "starlette": ("simulate", "live"),
    "uvicorn": ("simulate.server", "live.serving"),
    "python_multipart": ("simulate.call",),
    "diskcache": ("store.records",),
    "obstore": ("store.remote",),
    "sqlite3": ("store.records", "store.sweep"),
    "watchfiles": ("watch.changes",),
    "tomlkit": ("manifest.edit",),
    "platformdirs": ("config",),
    "click": ("cli",),
    "rich": ("cli",),
}
ASYNC = (
    "run", "sharing.fetching", "providers.images_api", "providers.links", "providers.listing", "providers.wire",
    "providers.delivery", "providers.draft", "providers.spec", "providers.retry", "recover", "build",
    "project", "watch", "live", "simulate", "cli.commands.build", "cli.commands.doctor",
    "cli.commands.watch", "cli.commands.gallery", "cli.session", "cli.afterwards",
)  # fmt: skip
HEAVY = (
    "asyncio",
    "pydantic",
    "jinja2",
    "httpx",
    "PIL",
    "click",
    "rich",
    "dataclasses",
    "json",
    "re",
    "typing_extensions",
)
VAGUE = frozenset({"utils", "util", "helpers", "helper", "manager", "common", "base", "core", "misc"})
MAX_LINES, MAX_FUNCTION_LINES = 400, 60


class Module(NamedTuple):
    """One file of the package: `name` is dotted and without the package's own."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def part(self) -> str:
        return self.name.partition(".")[0]


def _read(path: Path) -> Module:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
    return Module(name, path, ast.parse(path.read_text("utf-8"), str(path)))


MODULES = [_read(path) for path in sorted(PACKAGE.rglob("*.py"))]
ROW_OF = {part: index for index, row in enumerate(ROWS) for part in row}
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


def imported(module: Module) -> Iterator[str]:
    """The dotted names of all that a module imports, wherever it does."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            for alias in node.names:
                yield f"{node.module}.{alias.name}"


def own_parts(module: Module) -> Iterator[str]:
    """The parts of the package that a module imports from."""
    for name in imported(module):
        if name.startswith("assetforge."):
            part = name.split(".")[1]
            if part in ROW_OF:
                yield part
            else:
                assert part == "__version__" or module.name == FRONT_DOOR, f"{module.name} imports {name}"


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a module is one of these, or in one of these folders; `*` stands for the rest of a name."""
    return any(
        name == pattern
        or name.startswith(f"{pattern}.")
        or (pattern.endswith("*") and name.startswith(pattern.removesuffix("*")))
        for pattern in patterns
    )


@every_module
def test_a_module_imports_only_from_above(module: Module) -> None:
    if module.name == FRONT_DOOR:
        return
    assert module.part in ROW_OF, f"give `{module.part}` its row in {Path(__file__).name}"
    row = ROW_OF[module.part]
    for part in own_parts(module):
        is_above = ROW_OF[part] < row or _is_earlier_beside(module.part, part, row)
        assert part == module.part or is_above, f"{module.name} imports {part}"


def _is_earlier_beside(part: str, other: str, row: int) -> bool:
    """Single files of the first rows stand on those written before them; the leaves never on each other."""
    return row < 2 and ROW_OF[other] == row and ROWS[row].index(other) < ROWS[row].index(part)


@every_module
def test_a_library_has_its_doors(module: Module) -> None:
    for name in imported(module):
        doors = DOORS.get(name.partition(".")[0])
        assert doors is None or matches(module.name, doors), f"{module.name} imports {name}"


def test_every_dependency_has_a_door() -> None:
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {re.split(r"[<>=]", requirement)[0] for requirement in told}
    assert {{"pillow": "PIL"}.get(name, name) for name in names} <= DOORS.keys()


@every_module
def test_the_first_row_needs_only_the_standard_library(module: Module) -> None:
    if ROW_OF.get(module.part) != 0:
        return
    outside = {name.partition(".")[0] for name in imported(module)} - set(sys.stdlib_module_names)
    assert outside <= {"assetforge"}
    if module.name == "noop":
        assert {name.partition(".")[0] for name in imported(module)} <= {"os", "sys", "marshal"}


@every_module
def test_waiting_is_for_a_few(module: Module) -> None:
    waits = any(isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncWith) for node in ast.walk(module.tree))
    asks = any(name.partition(".")[0] == "asyncio" for name in imported(module))
    assert not (waits or asks) or matches(module.name, ASYNC)


def test_the_plan_is_pure() -> None:
    """No file, no clock, no chance: what it may know is passed in."""
    for module in MODULES:
        if module.part == "plan":
            used = {name.partition(".")[0] for name in imported(module)}
            assert not used & {"os", "time", "datetime", "random", "pathlib", "io", "tempfile", "socket"}, module.name
            called = {node.func.id for node in ast.walk(module.tree)
                      if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
            assert "open" not in called, module.name


def test_the_simulated_api_owes_nothing_to_the_providers() -> None:
    """An error of ours in what the API takes must not be an error of both; only what draws is shared."""
    for module in MODULES:
        if module.part == "simulate" and module.name != "simulate.drawing":
            assert "providers" not in own_parts(module), module.name
    drawing = next(module for module in MODULES if module.name == "simulate.drawing")
    shared = {name for name in imported(drawing) if name.startswith("assetforge.providers.")}
    assert {name.split(".")[2] for name in shared} <= {"draft", "spec"}


@every_module
def test_a_module_says_what_it_is_for(module: Module) -> None:
    told = ast.get_docstring(module.tree)
    assert told, f"{module.name} has no docstring"
    if module.path.name == "__init__.py" and module.name != FRONT_DOOR:
        assert len(module.tree.body) == 1, f"{module.name}/__init__.py is more than a docstring"


@every_module
def test_files_and_functions_stay_small(module: Module) -> None:
    lines = module.path.read_text("utf-8").count("\n")
    assert lines <= MAX_LINES, f"{module.name} has {lines} lines"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{module.name}.{node.name} has {length} lines"


@every_module
def test_a_name_says_something(module: Module) -> None:
    assert not set(module.name.split(".")) & VAGUE


@every_module
def test_nothing_is_left_for_later(module: Module) -> None:
    assert not re.search(r"\b(TODO|FIXME|XXX|HACK)\b", module.path.read_text("utf-8"))


@every_module
def test_no_error_is_swallowed_unseen(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            broad = node.type is None or (isinstance(node.type, ast.Name) and "Exception" in node.type.id)
            assert not (broad and isinstance(node.body[0], ast.Pass)), f"{module.name}, line {node.lineno}"


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); before = set(sys.modules); import assetforge; "
        f"print([name for name in {HEAVY} if name in set(sys.modules) - before])"
    )
    told = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_the_public_names_are_there() -> None:
    import assetforge

    assert {name for name in assetforge.__all__ if getattr(assetforge, name)} == {"Project", "__version__", "load"}
    with pytest.raises(AttributeError):
        _ = assetforge.nothing_of_this_name
