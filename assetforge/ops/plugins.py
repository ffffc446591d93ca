"""Steps that other packages bring: found by name under the entry point `assetforge.ops`, and loaded when first used.

Nothing is looked for as long as a manifest names only steps that are built in, and what is built in can't be brought
by anybody else. What a package's code raises is told with the package's name. Unaware of manifests.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from assetforge.digest import tagged
from assetforge.model import Size
from assetforge.noop import facts_of
from assetforge.ops.frames import checked
from assetforge.ops.pillow import Image
from assetforge.ops.spec import Op, OpFailed, Params, normalised
from assetforge.words import ticked

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "assetforge.ops"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")
# Steps of the manifest that are no operations, and keys that every step has.
STEPS = frozenset({"edit", "use"})
TAKEN = frozenset({"op", "id", "use"})
AUTHORS = "install the package again, or tell its authors"
TEXT_LIMIT = 300
# A package may end the process where it should raise.
ANYTHING = (Exception, SystemExit)


class PluginError(Exception):
    """A step that is installed and can't be used: what is wrong with its package, and what to do."""

    def __init__(self, message: str, hint: str = AUTHORS) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Ops(Mapping[str, Op]):
    """Every operation by its name: those built in, then those that are installed. Asking for an installed one loads
    it, and raises PluginError where that fails; listing the names loads nothing."""

    def __init__(self, built_in: Mapping[str, Op]) -> None:
        self._built_in = built_in

    def __getitem__(self, name: str) -> Op:
        found = self._built_in.get(name)
        return found if found is not None else _installed(name)

    def __contains__(self, name: object) -> bool:
        return name in self._built_in or name in self.installed()

    def __iter__(self) -> Iterator[str]:
        yield from self._built_in
        yield from self.installed()

    def __len__(self) -> int:
        return len(self._built_in) + len(self.installed())

    def installed(self) -> tuple[str, ...]:
        """The names of installed steps, sorted; without those that are built in."""
        return tuple(sorted(_points(tuple(sys.path)).keys() - self._built_in.keys()))


def _installed(name: str) -> Op:
    found = _load(name, tuple(sys.path)) if NAME.match(name) else None
    if found is None:
        raise KeyError(name)
    if isinstance(found, PluginError):
        raise found
    return found


@lru_cache(maxsize=8)
def _points(path: tuple[str, ...]) -> Mapping[str, tuple[EntryPoint, ...]]:  # noqa: ARG001 - what is found hangs on it
    """What is installed on Python's path, by name."""
    from importlib.metadata import entry_points

    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=GROUP):
        if NAME.match(point.name) and point.name not in STEPS:
            found[point.name] = (*found.get(point.name, ()), point)
    return found


@lru_cache(maxsize=256)
def _load(name: str, path: tuple[str, ...]) -> Op | PluginError | None:
    """An installed step, or what is wrong with it; None where there is none of that name."""
    points = _points(path).get(name, ())
    if not points:
        return None
    packages = [_package_of(point) for point in points]
    if len(points) > 1:
        told = f"the step `{name}` is brought by {ticked(sorted(packages))}"
        return PluginError(told, "uninstall all of them but one")
    told = f"the step `{name}` of the package `{packages[0]}`"
    try:
        op = points[0].load()
    except ANYTHING as error:
        return PluginError(f"{told} can't be loaded: {_shown(error)}")
    flaw = _flaw(op, name)
    return PluginError(f"{told} {flaw}") if flaw else _guarded(op, packages[0])


def _package_of(point: EntryPoint) -> str:
    """The package's name in the form in which all its spellings are one."""
    name = point.dist.name if point.dist is not None else point.module.partition(".")[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def _shown(error: BaseException) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:TEXT_LIMIT].rstrip(" :")


def _flaw(op: object, name: str) -> str:
    """What makes something no step of this name, "" where nothing does."""
    if not isinstance(op, Op):
        return f"is a `{type(op).__name__}`, and has to be an `Op`"
    if op.name != name:
        return f"calls itself `{op.name}`"
    if not (isinstance(op.version, int) and not isinstance(op.version, bool) and op.version > 0):
        return "has no version, which is a whole number from 1"
    if not (isinstance(op.params, type) and issubclass(op.params, Params)):
        return "has no class of `Params`"
    if op.frames is not None:
        return "makes a sheet, which only a built-in step can"
    fields = op.params.model_fields.keys()
    missing = [field for field in (*op.images, *op.fonts) if field not in fields]
    if missing:
        return f"names {ticked(missing)} as an input, which is none of its parameters"
    taken = sorted(fields & TAKEN)
    return f"has a parameter {ticked(taken)}, which every step has" if taken else ""


def _guarded(op: Op, package: str) -> Op:
    """A package's step as it is used: it gets pictures of its own, gives what it told of, and fails in its name."""
    told = f"`{op.name}` of the package `{package}`"

    def size(params: Any, sizes: Sequence[Size]) -> Size | None:
        given = _named(told, op.size, params, sizes)
        if given is None:
            return None
        if not (isinstance(given, tuple) and len(given) == 2 and all(isinstance(side, int) for side in given)):
            raise OpFailed(f"{told} tells no size: {str(given)[:40]}")
        if min(given) < 1:
            raise OpFailed(f"{told} tells a size of {given[0]}x{given[1]}")
        return checked(Size(*given))

    def apply(params: Any, inputs: Sequence[Any]) -> Image.Image:
        wanted = size(params, [Size(*one.size) if isinstance(one, Image.Image) else Size(0, 0) for one in inputs])
        own = [one.copy() if isinstance(one, Image.Image) else one for one in inputs]
        made = _named(told, op.apply, params, own)
        if not isinstance(made, Image.Image) or made.mode not in ("RGB", "RGBA"):
            what = f"a picture in {made.mode}" if isinstance(made, Image.Image) else f"a `{type(made).__name__}`"
            raise OpFailed(f"{told} gave {what}, and has to give a picture in RGB or RGBA")
        if wanted is not None and made.size != wanted:
            raise OpFailed(f"{told} gave a picture of {Size(*made.size)}, and told of {wanted}")
        return made

    return replace(op, apply=apply, size=size, package=package)


def _named(told: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """A package's own function. Raises OpFailed in its name, whatever it raises."""
    try:
        return function(*arguments)
    except OpFailed as error:
        raise OpFailed(f"{told}: {error}", hint=error.hint) from None
    except ANYTHING as error:
        raise OpFailed(f"{told} failed: {_shown(error)}") from error


@contextmanager
def blamed(op: Op) -> Iterator[None]:
    """Whatever a package's own checks of parameters raise, as a PluginError in its name."""
    try:
        yield
    except ANYTHING as error:
        if not op.package:
            raise
        told = f"the step `{op.name}` of the package `{op.package}` can't read its parameters: {_shown(error)}"
        raise PluginError(told) from error


def check_keyed(op: Op, params: Params | None) -> None:
    """A package's parameters have to be text, numbers, booleans, lists and tables. Raises PluginError."""
    if op.package and params is not None:
        with blamed(op):
            tagged(normalised(params))


def files_of(ops: Sequence[Op]) -> dict[str, tuple[int, int, int, int]]:
    """The files that the packages of these steps were loaded from, and what tells each from a changed one: zeros of a
    file that can't be looked at."""
    found = {}
    points = _points(tuple(sys.path)) if ops else {}
    tops = {points[op.name][0].module.partition(".")[0] for op in ops if op.package}
    for name, module in sorted(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and name.partition(".")[0] in tops:
            found[file] = facts_of(os.stat(file)) if os.path.exists(file) else (0, 0, 0, 0)
    return found
