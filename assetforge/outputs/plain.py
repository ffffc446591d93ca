"""Dataclasses and models as plain values that marshal takes, and back: nothing that is read can call anything.

A value that is no scalar becomes a tuple that begins with its kind. Only classes of the data model, and tables of the
manifest and of steps, are written or read; what many values share is written once. Unaware of what is kept.
"""

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from functools import cache
from operator import attrgetter
from typing import Any

from assetforge.entry import Entry

SCALARS = frozenset({str, int, float, bool, type(None)})
DATES = {kind.__name__: kind for kind in (datetime, date, time)}
# The data model is all dataclasses and named tuples; tables are anywhere else in the package.
DATA = frozenset({"assetforge.model", "assetforge.errors"})
TUPLE, LIST, TABLE, SET, DATE, DATACLASS, NAMED, MODEL = range(8)


NOTHING = (TABLE,)


class NotPlainError(ValueError):
    """A value of a class that isn't kept, or no such value at all."""


class Writer:
    """Turns values into plain ones. Equal objects are not looked for, the same object is written once."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, Any]] = {}

    def plain(self, value: Any) -> Any:
        """The value without any class of ours. Raises NotPlainError."""
        kind = type(value)
        if kind in SCALARS:
            return value
        if kind is tuple:
            return (TUPLE, *self._all(value))
        known = self._done.get(id(value))
        if known is None:
            # The object is kept beside its plain form: another one must not get its identity meanwhile.
            known = self._done[id(value)] = value, self._made(value, kind)
        return known[1]

    def _all(self, values: Iterable[Any]) -> list[Any]:
        # Most are scalars, and a call for each of them would take most of the time.
        return [
            value
            if (kind := type(value)) in SCALARS
            else (TUPLE, *self._all(value))
            if kind is tuple
            else self.plain(value)
            for value in values
        ]

    def _made(self, value: Any, kind: type) -> tuple[Any, ...]:
        form, name, parts = _taken_apart(kind)
        if form == TABLE and not value:
            return NOTHING
        if form == MODEL:
            return (MODEL, name, self.plain(value.__dict__), *sorted(value.__pydantic_fields_set__))
        if form == TABLE:
            return (TABLE, *zip(self._all(value), self._all(value.values()), strict=True))
        return (form, *((name,) if name else ()), *self._all(parts(value)))


class Reader:
    """Turns plain values back; what was the same object is the same again."""

    def __init__(self) -> None:
        self._done: dict[int, tuple[Any, Any]] = {}

    def value(self, plain: Any) -> Any:
        """The value. Raises NotPlainError, ValueError and TypeError for what no writer has written."""
        if type(plain) is not tuple:
            if type(plain) in SCALARS:
                return plain
            raise NotPlainError(f"a {type(plain).__name__} is not plain")
        known = self._done.get(id(plain))
        if known is None:
            known = self._done[id(plain)] = plain, self._made(*plain)
        return known[1]

    def _made(self, kind: int, *parts: Any) -> Any:
        match kind:
            case 0:
                return tuple(map(self.value, parts))
            case 1:
                return list(map(self.value, parts))
            case 2:
                return {self.value(key): self.value(item) for key, item in parts}
            case 3:
                return frozenset(map(self.value, parts))
            case 4:
                name, text = parts
                return DATES[name].fromisoformat(text)
            case _:
                return self._instance(kind, *parts)

    def _instance(self, kind: int, name: str, *parts: Any) -> Any:
        if form_of(name) != kind:
            raise NotPlainError(f"{name} is not of kind {kind}")
        found: Any = class_of(name)
        if kind == MODEL:
            fields, *given = parts
            return found.model_construct(set(given), **self.value(fields))
        return found(*map(self.value, parts))


@cache
def class_of(name: str) -> type:
    """The class of a name like `assetforge.model:Paid`. Raises NotPlainError for any that isn't kept."""
    module, _, own = name.partition(":")
    if not module.startswith("assetforge.") or not own.isidentifier():
        raise NotPlainError(f"{name} is not kept")
    try:
        found: Any = getattr(sys.modules.get(module) or importlib.import_module(module), own, None)
    except ImportError:
        found = None
    is_own = isinstance(found, type) and (found.__module__, found.__qualname__) == (module, own)
    if not is_own or not (module in DATA or issubclass(found, Entry)):
        raise NotPlainError(f"{name} is not kept")
    kind: type = found
    return kind


@cache
def form_of(name: str) -> int:
    """Whether a class is a dataclass, a named tuple or a model. Raises NotPlainError."""
    found = class_of(name)
    if issubclass(found, Entry):
        return MODEL
    if dataclasses.is_dataclass(found):
        return DATACLASS
    if issubclass(found, tuple) and hasattr(found, "_fields"):
        return NAMED
    raise NotPlainError(f"{name} is not kept")


@cache
def _taken_apart(kind: type) -> tuple[int, str, Callable[[Any], Iterable[Any]]]:
    """Of a class its form, its name where that is written, and what gives the parts of one of its objects. Raises
    NotPlainError."""
    if kind is list:
        return LIST, "", iter
    if issubclass(kind, Mapping):
        return TABLE, "", iter
    if kind is frozenset:
        return SET, "", sorted
    if kind in DATES.values():
        return DATE, kind.__name__, lambda value: (value.isoformat(),)
    name = f"{kind.__module__}:{kind.__qualname__}"
    form = form_of(name)
    if form != DATACLASS:
        return form, name, iter
    names = [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]
    found = attrgetter(*names)
    return form, name, found if len(names) > 1 else lambda value: (found(value),)
