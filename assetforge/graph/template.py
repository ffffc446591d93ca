"""Jinja2 templates in a sandbox, bounded in output, work and time; the one door to Jinja.

A stranger may have written them. They see what the scope gives and nothing else: no files outside the root, no
environment, no clock, no randomness. Unaware of assets and of TOML.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn, Protocol

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Macro, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace, missing
from jinja2.visitor import NodeTransformer

from assetforge.graph.printing import printed, slug
from assetforge.words import did_you_mean

__all__ = ["Engine", "Names", "TemplateError", "missing"]

MAX_CHARACTERS = 4_000_000
MAX_TICKS = 5_000_000
MAX_SECONDS = 10.0
MAX_WIDTH = 9_999
UNSAFE_FILTERS = ("center", "format", "indent", "pprint", "random", "replace", "wordwrap", "xmlattr", "join")
TEXT_METHODS = frozenset(
    [
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "rfind",
        "rindex",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    ]
)
JINJA_OBJECTS = (LoopContext, Macro, Cycler, Joiner, Namespace, jinja2.environment.TemplateModule)


class TemplateError(Exception):
    """A template that can't be compiled or rendered. `line` counts from 1 in the text of `name`; `text` is what
    to point at, "" where only the line is known."""

    def __init__(
        self, message: str, *, hint: str | None = None, name: str = "", line: int = 1, text: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.name = name
        self.line = line
        self.text = text


class Names(Protocol):
    """Where a template's names come from: each is looked up only when a template uses it."""

    def find(self, name: str) -> Any:
        """A name's value, or `missing`."""

    def names(self) -> Sequence[str]:
        """All names there are, for a hint."""


class Meter:
    """How much one render has done. Raises SecurityError past a bound."""

    def __init__(self) -> None:
        self.ticks = 0
        self.deadline = time.monotonic() + MAX_SECONDS

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks > MAX_TICKS or (self.ticks % 1024 == 0 and time.monotonic() > self.deadline):
            raise SecurityError("it does too much work")


class _Undefined(StrictUndefined):
    """An undefined name that says what there is instead."""

    def _fail_with_undefined_error(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        name = str(self._undefined_name)
        if self._undefined_obj is missing:
            raise TemplateError(f"`{name}` is undefined", text=name)
        owner = self._undefined_obj
        if isinstance(owner, Mapping):
            hint = did_you_mean(name, [str(key) for key in owner], "keys")
            raise TemplateError(f"the table has no `{name}`", hint=hint, text=name)
        raise TemplateError(f"{_kind(owner)} has no `{name}`", text=name)

    __iter__ = __str__ = __len__ = __eq__ = __ne__ = __bool__ = __hash__ = _fail_with_undefined_error
    __call__ = __getitem__ = __contains__ = __add__ = __radd__ = _fail_with_undefined_error


class _Context(Context):
    """Asks the scope for a name when a template uses it, so that unused variables are never rendered."""

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        scope = self.parent.get("\0scope")
        return missing if scope is None else scope.find(key)


class _Bounding(NodeTransformer):
    """Puts a meter into every loop and a bound on every concatenation."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "\0each", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "\0concat", [], [], None, None, lineno=node.lineno)


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "%", "+"})
    context_class = _Context
    meter = Meter()

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        bounded = _Bounding().visit(source)
        bounded.set_environment(self)
        return super()._generate(bounded, *args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, str) and attribute in TEXT_METHODS:
            return getattr(obj, attribute)
        if isinstance(obj, JINJA_OBJECTS):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return obj[argument]
            except (LookupError, TypeError):
                return self.undefined(obj=obj, name=argument)
        return self.undefined(obj=obj, name=str(argument))

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        self.meter.tick()
        return _bounded(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.meter.tick()
        if operator == "**" and not (_small(left, 10**6) and _small(right, 64)):
            raise SecurityError("`**` is bounded to small numbers")
        if operator == "*" and not _bounded_product(left, right):
            raise SecurityError("`*` would make too much")
        if operator == "%" and isinstance(left, str):
            _check_widths(left)
        return _bounded(super().call_binop(context, operator, left, right))

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        return "".join(_counted(parts))


class Engine:
    """Compiles each text once and renders it in a scope. `read` gives a template file's text by its path from
    the root, or None where it may not be read."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        loader = jinja2.FunctionLoader(lambda path: _loaded(path, read(path)))
        self._sandbox = _Sandbox(
            undefined=_Undefined, loader=loader, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
            finalize=printed, cache_size=-1, auto_reload=False, autoescape=False,
        )  # fmt: skip
        sandbox = self._sandbox
        sandbox.globals = {name: sandbox.globals[name] for name in ("dict", "cycler", "joiner", "namespace")}
        sandbox.globals["range"] = _bounded_range
        for name in UNSAFE_FILTERS:
            sandbox.filters.pop(name, None)
        sandbox.filters |= {
            "slug": slug, "\0each": self._each, "\0concat": _concat, "join": _join, "replace": _replace,
            "indent": _indent, "center": _center, "format": _format,
        }  # fmt: skip
        self._compiled: dict[str, jinja2.Template] = {}
        self._free: dict[str, frozenset[str] | None] = {}

    def render(self, text: str, names: Names) -> str:
        """A template's text with its names filled in. Raises TemplateError."""
        template = self._compiled.get(text)
        if template is None:
            template = self._compiled[text] = self._translated(self._sandbox.from_string, text, name="")
        return self._rendered(template, names, "")

    def render_file(self, path: str, names: Names) -> str:
        """The same of a template file, which may include and import others. Raises TemplateError."""
        template = self._translated(self._sandbox.get_template, path, name=path)
        return self._rendered(template, names, path)

    def free_names(self, text: str) -> frozenset[str] | None:
        """The names a text takes from its scope; None where they can't be told (it includes files, or is broken)."""
        if text not in self._free:
            try:
                tree = self._sandbox.parse(text)
            except jinja2.TemplateError:
                return None
            outside = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
            known = frozenset(meta.find_undeclared_variables(tree)) - set(self._sandbox.globals)
            is_open = tree.find(outside) is not None  # type: ignore[arg-type]
            self._free[text] = None if is_open else known
        return self._free[text]

    def _translated(self, make: Callable[[str], jinja2.Template], text: str, *, name: str) -> jinja2.Template:
        try:
            return make(text)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(_sentence(error.message), name=error.name or name, line=error.lineno) from None
        except jinja2.TemplateNotFound as error:
            raise TemplateError(f"template `{error.name}` can't be read", name=name, text=str(error.name)) from None
        except RecursionError:
            raise TemplateError("the template is nested too deeply", name=name) from None

    def _rendered(self, template: jinja2.Template, names: Names, name: str) -> str:
        self._sandbox.meter = Meter()
        try:
            return template.render({"\0scope": names})
        except TemplateError as error:
            if not error.name and error.line == 1:
                error.name, error.line = _line_of(error, name)
            if error.message.endswith("is undefined") and error.hint is None:
                error.hint = did_you_mean(error.text, names.names(), "names in scope")
            raise
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(_sentence(error.message), name=error.name or name, line=error.lineno) from None
        except jinja2.TemplateNotFound as error:
            at, line = _line_of(error, name)
            raise TemplateError(
                f"template `{error.name}` can't be read", name=at, line=line, text=str(error.name)
            ) from None
        except SecurityError as error:
            at, line = _line_of(error, name)
            raise TemplateError(f"the template was stopped: {error}", name=at, line=line) from None
        except RecursionError as error:
            at, line = _line_of(error, name)
            raise TemplateError("the template is nested too deeply", name=at, line=line) from None
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError) as error:
            at, line = _line_of(error, name)
            raise TemplateError(f"the template fails: {_sentence(str(error))}", name=at, line=line) from None

    def _each(self, items: Iterable[Any]) -> Iterator[Any]:
        meter = self._sandbox.meter
        for item in items:
            meter.tick()
            yield item


def _loaded(path: str, text: str | None) -> tuple[str, str, None] | None:
    return None if text is None else (text, f"<template>{path}", None)


def _line_of(error: BaseException, name: str) -> tuple[str, int]:
    """The template and line an error came from: the innermost frame that Jinja made for a template."""
    found = (name, 1)
    frame = error.__traceback__
    while frame is not None:
        filename = frame.tb_frame.f_code.co_filename
        if filename.startswith("<template>"):
            found = (filename.removeprefix("<template>"), frame.tb_lineno)
        frame = frame.tb_next
    return found


def _sentence(message: str | None) -> str:
    text = re.sub(r"'([^']*)'", r"`\1`", (message or "it can't be read").strip().rstrip("."))
    return text[:1].lower() + text[1:]


def _kind(value: object) -> str:
    kinds = {
        str: "text",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        list: "a list",
        tuple: "a list",
    }
    return kinds.get(type(value), "this")


def _small(value: object, limit: int) -> bool:
    return isinstance(value, int | float) and abs(value) <= limit


def _bounded_product(left: Any, right: Any) -> bool:
    if isinstance(left, int | float) and isinstance(right, int | float):
        return abs(left) < 10**30 and abs(right) < 10**30
    items, times = (left, right) if isinstance(right, int) else (right, left)
    return isinstance(times, int) and hasattr(items, "__len__") and len(items) * max(times, 0) <= MAX_CHARACTERS


def _bounded(value: Any) -> Any:
    if isinstance(value, str | list | tuple) and len(value) > MAX_CHARACTERS:
        raise SecurityError("it makes too much text")
    return value


def _counted(parts: Iterable[str]) -> Iterator[str]:
    total = 0
    for part in parts:
        total += len(part)
        if total > MAX_CHARACTERS:
            raise SecurityError("it makes too much text")
        yield part


def _bounded_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > 100_000:
        raise SecurityError("`range` is bounded to 100,000 numbers")
    return numbers


def _concat(parts: Sequence[Any]) -> str:
    return "".join(_counted(map(printed_text, parts)))


def printed_text(value: Any) -> str:
    """What a value prints as."""
    return str(printed(value))


def _join(items: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    chosen = (item[attribute] for item in items) if attribute else items
    texts = list(_counted(printed_text(item) for item in chosen))
    if len(separator) * len(texts) > MAX_CHARACTERS:
        raise SecurityError("it makes too much text")
    return separator.join(texts)


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    text = printed_text(text)
    if text.count(old) * len(new) + len(text) > MAX_CHARACTERS:
        raise SecurityError("`replace` makes too much text")
    return text.replace(old, new, count)


def _indent(text: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    pad = width if isinstance(width, str) else " " * _bounded_width(width)
    lines = printed_text(text).splitlines(keepends=True)
    if len(pad) * len(lines) > MAX_CHARACTERS:
        raise SecurityError("`indent` makes too much text")
    return "".join(
        pad + line if (blank or line.strip()) and (first or index) else line for index, line in enumerate(lines)
    )


def _center(text: str, width: int = 80) -> str:
    return printed_text(text).center(_bounded_width(width))


def _format(text: str, *values: Any, **named: Any) -> str:
    _check_widths(text)
    return text % (named or values)


def _bounded_width(width: int) -> int:
    if width > MAX_WIDTH:
        raise SecurityError(f"widths are bounded to {MAX_WIDTH:,}")
    return width


def _check_widths(text: str) -> None:
    if "*" in text or re.search(r"\d{5}", text):
        raise SecurityError(f"widths in a format are bounded to {MAX_WIDTH:,}, and `*` is not one")
