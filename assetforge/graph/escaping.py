"""Filters that mind what is escaped already: they join and shift HTML without escaping it twice; unaware of bounds'
reasons.

Outside templates that escape they give plain text.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from assetforge.graph import bounds


def text_of(value: Any) -> str:
    """What a value prints as; what is escaped stays so."""
    return value if isinstance(value, Markup) else bounds.printed_text(value)


def keeping(made: Callable[..., str]) -> Callable[..., str]:
    """A filter that gives back what it takes with nothing but space added or taken away."""

    @wraps(made)
    def kept(value: Any, *args: Any, **named: Any) -> str:
        text = made(value, *args, **named)
        return Markup(text) if isinstance(value, Markup) else text  # noqa: S704 - it was escaped before

    return kept


@pass_eval_context
def concat(context: EvalContext, parts: Sequence[Any]) -> str:
    """The operator `~`. Raises TooMuch."""
    return _joined(context, parts, "")


@pass_eval_context
def join(context: EvalContext, items: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """The filter `join`. Raises TooMuch."""
    return _joined(context, [item[attribute] for item in items] if attribute else list(items), separator)


@pass_eval_context
def to_json(context: EvalContext, value: Any, indent: int | None = None) -> str:
    """The filter `tojson`: safe between script tags as it is, in templates that escape in attributes too. Raises
    TooMuch."""
    if not context.autoescape:
        return bounds.to_json(value, indent, _longest(context))
    return Markup(bounds.to_json(value, indent, _longest(context), marks="<>&'"))  # noqa: S704 - it has none of these


def _joined(context: EvalContext, parts: Sequence[Any], separator: str) -> str:
    longest = _longest(context)
    if not (context.autoescape and any(isinstance(part, Markup) for part in (*parts, separator))):
        return bounds.join(map(bounds.printed_text, parts), separator, longest)
    escaped = (escape(text_of(part)) for part in parts)
    return Markup(bounds.join(escaped, escape(separator), longest))  # noqa: S704 - each part is escaped


def _longest(context: EvalContext) -> int:
    limit: int = context.environment.meter.limits.characters  # type: ignore[attr-defined]
    return limit
