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
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from assetforge.errors import KeyPath, Problem, Where
from assetforge.words import did_you_mean, ticked

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
    """Base of every table of the manifest and of every step's parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True, revalidate_instances="never")

    @field_validator("*", mode="wrap")
    @classmethod
    def _let_templates_pass(
        cls,
        value: Any,
        handler: ValidatorFunctionWrapHandler,
        info: ValidationInfo,
    ) -> Any:
        if isinstance(value, str):
            if info.context is not RENDERED and is_template(value):
                return value
            if not admits(cls, info.field_name or "", str):
                with suppress(ValueError):  # the field's own complaint is the clearer one
                    value = read_value(value)
        if isinstance(value, bool) and not admits(cls, info.field_name or "", bool):
            raise ValueError("not a boolean")
        return handler(value)


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
    error: ValidationError, raw: object, *, subject: str, where: Where, keys: Iterable[str]
) -> list[Problem]:
    """A validation's errors as problems below `where`. `raw` is what was validated, `subject` what messages call
    it, and `keys` what it may hold. Of a value that may be of several types, the type it has speaks."""
    flaws = [_flaw(detail, raw) for detail in error.errors(include_url=False)]
    known = sorted(keys)
    found: dict[KeyPath, Problem] = {}
    for flaw in flaws:
        wanted = _wanted(flaw, flaws)
        if wanted is not None:
            found.setdefault(flaw.key, _problem(flaw, wanted, subject=subject, where=where, keys=known))
    return list(found.values())


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


def _problem(flaw: _Flaw, wanted: str, *, subject: str, where: Where, keys: list[str]) -> Problem:
    place = Where(where.file, (*where.key, *flaw.key))
    kind = flaw.detail["type"]
    if kind == "extra_forbidden":
        name = str(flaw.key[-1])
        hint = did_you_mean(name, keys, "keys") if len(flaw.key) == 1 else None
        return Problem(f"{subject} has no key `{_dotted(flaw.key)}`", replace(place, part="key"), hint)
    if kind == "missing":
        outer = Where(where.file, (*where.key, *flaw.key[:-1]), "key")
        return Problem(f"{subject} needs `{_dotted(flaw.key)}`", outer)
    complaint = f"must be {wanted}, not {_shown(flaw.detail['input'])}" if wanted else _complaint(flaw.detail)
    return Problem(f"`{_dotted(flaw.key)}` of {subject} {complaint}", place)


def _dotted(key: KeyPath) -> str:
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _complaint(detail: Mapping[str, Any]) -> str:
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in WANTED:
        return f"must be {WANTED[kind]}, not {_shown(value)}"
    if kind in BOUNDS:
        bound, words = BOUNDS[kind]
        return f"must be {words} {context[bound]}, not {_shown(value)}"
    if kind == "literal_error":
        options = context["expected"].replace(" or ", ", ").replace("'", "").split(", ")
        return f"must be {ticked(options, 'or')}, not {_shown(value)}"
    if kind == "value_error":
        reason = str(context["error"])
        return (
            f"is wrong: {reason}" if reason != "not a boolean" else f"must not be a boolean, but is {_shown(value)}"
        )
    if kind in ("too_short", "string_too_short"):
        return "must not be empty"
    return f"is wrong: {str(detail['msg']).lower()}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f'`"{text}"`' if isinstance(value, str) else f"`{text}`"
