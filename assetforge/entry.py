"""A table as a user wrote it: a pydantic base in which a template may stand for any value, and its errors in
the user's words.

Validated twice. As written: a string with template marks is let through whatever the field wants, all else is
checked at once, so that mistakes are found without rendering. As rendered (`RENDERED` context): where a number, a
boolean, a list or a table is wanted, a string is read as a TOML value. Unaware of what the tables mean.
"""

import tomllib
import types
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from assetforge.errors import KeyPath, Problem, Where
from assetforge.words import closest, did_you_mean, ticked

# What validating raises. Stages catch it by this name, so that all of pydantic that they know is here.
Invalid = ValidationError

RENDERED = {"rendered": True}
MARKS = ("{{", "{%", "{#")


def is_template(value: object) -> bool:
    """Whether a value is text that Jinja would change."""
    return isinstance(value, str) and any(mark in value for mark in MARKS)


def read_value(text: str) -> Any:
    """The TOML value that a rendered text stands for. Raises ValueError."""
    try:
        table = tomllib.loads(f"value = {text.strip()}")
    except tomllib.TOMLDecodeError:
        raise ValueError(f"`{text}` is not a TOML value") from None
    if len(table) != 1:
        raise ValueError(f"`{text}` is not one TOML value")
    return table["value"]


class Entry(BaseModel):
    """Base of every table of the manifest and of every step's parameters. `never_templates` are fields whose
    text is read as it stands."""

    # There are many tables, and a manifest uses few: a validator is built when something is first validated.
    model_config = ConfigDict(extra="forbid", frozen=True, revalidate_instances="never", defer_build=True)
    never_templates: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="wrap")
    @classmethod
    def _let_templates_pass(
        cls,
        value: Any,
        handler: ValidatorFunctionWrapHandler,
        info: ValidationInfo,
    ) -> Any:
        if isinstance(value, str):
            is_final = info.context is RENDERED or info.field_name in cls.never_templates
            if not is_final and is_template(value):
                return value
            if not admits(cls, info.field_name or "", str):
                with suppress(ValueError):  # the field's own complaint is the clearer one
                    value = read_value(value)
        if isinstance(value, bool) and not admits(cls, info.field_name or "", bool):
            return handler(_Boolean(value))
        return handler(value)


@dataclass(frozen=True, slots=True)
class _Boolean:
    """A boolean where none is wanted: pydantic would take it for a number."""

    value: bool


@cache
def admits(model: type[BaseModel], field: str, wanted: type) -> bool:
    """Whether a field takes values of a plain type (`str` or `bool`) as they are."""
    return _admits(model.model_fields[field].annotation, wanted)


def _admits(annotation: Any, wanted: type) -> bool:
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        return any(_admits(part, wanted) for part in get_args(annotation))
    if origin is Annotated:
        return _admits(get_args(annotation)[0], wanted)
    if origin is Literal:
        return any(isinstance(value, wanted) for value in get_args(annotation))
    return annotation is Any or annotation is wanted or annotation is object


WANTED = {
    "bool_parsing": "a boolean",
    "bool_type": "a boolean",
    "dict_type": "a table",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list",
    "mapping_type": "a table",
    "model_attributes_type": "a table",
    "model_type": "a table",
    "string_type": "text",
    "tuple_type": "a list",
}
WRITTEN = {
    "a boolean": "write true or false",
    "a list": "put brackets round it",
    "text": "put quotes round it",
}
# What is left in the place of an item that is wrong, by the error of what it should have been.
HOLES: Mapping[str, object] = {"string_type": "", "dict_type": {}}
BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}


@dataclass(frozen=True, slots=True)
class _Flaw:
    """One of pydantic's errors: `key` is its place in the input, `branch` the place of the union it is about."""

    key: KeyPath
    branch: KeyPath | None
    detail: Mapping[str, Any]

    @property
    def mismatch(self) -> bool:
        return self.branch == self.key and self.detail["type"] in WANTED


def problems_of(
    error: ValidationError, raw: object, *, subject: str, where: Where, model: type[BaseModel]
) -> list[Problem]:
    """A validation's errors as problems below `where`. `raw` is what was validated as a `model`, and `subject`
    what messages call it. Of a value that may be of several types, the type it has speaks.

    An error of a validator says what is wrong, and after a `; ` what to do.
    """
    flaws = [_flaw(detail, raw) for detail in error.errors(include_url=False)]
    found: dict[KeyPath, Problem] = {}
    for flaw in flaws:
        wanted = _wanted(flaw, flaws)
        if wanted is not None:
            found.setdefault(flaw.key, _problem(flaw, wanted, subject=subject, where=where, model=model))
    return list(found.values())


def without_flaws(
    error: ValidationError, raw: Mapping[str, Any], model: type[BaseModel]
) -> tuple[dict[str, Any], frozenset[KeyPath]]:
    """What is sound of a table that was found wrong as a `model`, and the places of what is left out of it.

    A key goes with its value; the one that a misspelt key was meant to be is left out as well. An item of a list
    right in the table leaves an empty text or table behind, so that the others keep their places. The place ()
    says that the table as a whole is wrong.
    """
    flaws = [_flaw(detail, raw) for detail in error.errors(include_url=False)]
    holes = {flaw.key: HOLES[flaw.detail["type"]] for flaw in reversed(flaws) if flaw.detail["type"] in HOLES}
    left_out = frozenset(_removable(flaw.key, raw, holes) for flaw in flaws if _wanted(flaw, flaws) is not None)
    meant = {_meant(flaw.key, model) for flaw in flaws if flaw.detail["type"] == "extra_forbidden"}
    left_out |= {key for key in meant if _removable(key, raw, holes) != key}
    return dict(_items(_without(raw, (), left_out, holes))), left_out


def _meant(key: KeyPath, model: type[BaseModel]) -> KeyPath:
    """The place that a value under an unknown key was meant for, its own where no key is like it."""
    near = closest(str(key[-1]), sorted(_keys_in(model, key[:-1])))
    return (*key[:-1], near) if near else key


def _removable(key: KeyPath, raw: object, holes: Mapping[KeyPath, object]) -> KeyPath:
    """The longest part of a path that can be left out: up to a key of a table, or to an item that can be empty."""
    found: KeyPath = ()
    for index, part in enumerate(key):
        items = _items(raw)
        if part not in items:
            break
        raw = items[part]
        if isinstance(part, str) or (index == 1 and key[:2] in holes):
            found = key[: index + 1]
    return found


def _items(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else dict(enumerate(value)) if isinstance(value, list) else {}


def _without(value: object, key: KeyPath, left_out: frozenset[KeyPath], holes: Mapping[KeyPath, object]) -> object:
    """The same value with nothing, or with a hole, where something is left out."""
    kept = {
        name: holes[*key, name] if (*key, name) in left_out else _without(item, (*key, name), left_out, holes)
        for name, item in _items(value).items()
        if (*key, name) not in left_out or isinstance(value, list)
    }
    return kept if isinstance(value, Mapping) else list(kept.values()) if isinstance(value, list) else value


def _flaw(detail: Any, raw: object) -> _Flaw:
    """Tells the parts of a location that stand in the input from the names pydantic gives to a union's types."""
    key: list[str | int] = []
    branch: KeyPath | None = None
    value = raw
    for index, part in enumerate(detail["loc"]):
        inside = isinstance(value, Mapping | list) and (
            part in value if isinstance(value, Mapping) else isinstance(part, int) and part < len(value)
        )
        if inside:
            value = value[part]  # type: ignore[index]
            key.append(part)
        elif detail["type"] == "missing" and index == len(detail["loc"]) - 1:
            key.append(part)
        else:
            branch = tuple(key)
    return _Flaw(tuple(key), branch, detail)


def _wanted(flaw: _Flaw, flaws: list[_Flaw]) -> str | None:
    """The types a value may have, "" where the error says it itself, None where another error says it better."""
    if not flaw.mismatch:
        return ""
    others = [other for other in flaws if other.branch is not None and other.branch == flaw.branch]
    deeper = [other for other in flaws if len(other.key) > len(flaw.key) and other.key[: len(flaw.key)] == flaw.key]
    if deeper or any(not other.mismatch for other in others):
        return None
    return " or ".join(dict.fromkeys(WANTED[other.detail["type"]] for other in others))


def _problem(flaw: _Flaw, wanted: str, *, subject: str, where: Where, model: type[BaseModel]) -> Problem:
    place = Where(where.file, (*where.key, *flaw.key))
    *outer, last = flaw.key or ("",)
    table = f"`{_dotted(tuple(outer))}` of {subject}" if outer else subject
    if flaw.detail["type"] == "extra_forbidden":
        hint = did_you_mean(str(last), sorted(_keys_in(model, tuple(outer))), "keys")
        return Problem(f"{table} has no key `{last}`", replace(place, part="key"), hint)
    if flaw.detail["type"] == "missing":
        return Problem(f"{table} needs `{last}`", Where(where.file, (*where.key, *outer), "key"))
    spoken = f"`{_dotted(flaw.key)}` of {subject}" if flaw.key else subject
    if wanted:
        value = flaw.detail["input"]
        written = None if isinstance(value, Mapping | list | tuple) else WRITTEN.get(wanted)
        return Problem(f"{spoken} must be {wanted}, not {_shown(value)}", place, written)
    complaint, _, remedy = _complaint(flaw.detail).partition("; ")
    return Problem(f"{spoken}{complaint}", place, remedy or None)


def _keys_in(model: type[BaseModel], outer: KeyPath) -> Iterable[str]:
    """What the table at a path of a model's input may hold."""
    for part in outer:
        field = model.model_fields.get(str(part))
        inner = None if isinstance(part, int) else _model_in(field.annotation if field else None)
        model = inner or model
    return model.model_fields


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The one kind of table that a field's values may be, hold or list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _dotted(key: KeyPath) -> str:
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _complaint(detail: Mapping[str, Any]) -> str:
    """What follows the name of a value in a message."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in WANTED:
        return f" must be {WANTED[kind]}, not {_shown(value)}"
    if kind in BOUNDS:
        bound, words = BOUNDS[kind]
        return f" must be {words} {_number(context[bound])}, not {_shown(value)}"
    if kind == "literal_error":
        options = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f" must be {ticked(options, 'or')}, not {_shown(value)}"
    if kind == "value_error":
        reason = str(context["error"])
        return f" {reason}" if reason.startswith(("needs ", "has to ", "must ")) else f": {reason}"
    if kind in ("too_short", "string_too_short"):
        return " must not be empty"
    return f": {str(detail['msg']).lower()}"


def _number(value: object) -> str:
    """A limit as who keeps it would write it, without the point that only says that others may have one."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _shown(value: object) -> str:
    if isinstance(value, _Boolean):
        value = value.value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f'`"{text}"`' if isinstance(value, str) else f"`{text}`"
