"""Jinja2 templates in a sandbox, bounded in output, work and time; the one door to Jinja.

A stranger may have written them. They see what the scope gives and nothing else: no files outside the root, no
environment, no clock, no randomness. Unaware of assets and of TOML.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, wraps
from typing import Any, NoReturn, Protocol

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token
from jinja2.runtime import Context, LoopContext, Macro, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace, missing
from jinja2.visitor import NodeTransformer

from assetforge.graph import bounds
from assetforge.graph.printing import printed, slug
from assetforge.words import did_you_mean

__all__ = ["Engine", "Names", "TemplateError", "missing"]

UNSAFE_FILTERS = ("pprint", "random", "wordwrap", "xmlattr")
TEXT_METHODS = frozenset([
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal",
    "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip", "partition",
    "removeprefix", "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines",
    "startswith", "strip", "swapcase", "title", "upper"
])  # fmt: skip
JINJA_OBJECTS = (LoopContext, Macro, Cycler, Joiner, Namespace, jinja2.environment.TemplateModule)
BOUNDED: Mapping[str, Callable[..., Any]] = {
    "batch": bounds.batch, "center": bounds.center, "format": bounds.format_text, "indent": bounds.indent,
    "join": bounds.join, "replace": bounds.replace, "round": bounds.rounded, "slice": bounds.sliced, "slug": slug,
    "string": bounds.printed_text, "sum": bounds.total, "tojson": bounds.to_json, "trim": bounds.trim,
    "urlencode": bounds.url_encode,
}  # fmt: skip
# Jinja would make text of anything, by way of Python.
OF_TEXT = frozenset(
    ["capitalize", "e", "escape", "forceescape", "lower", "safe", "striptags", "title", "truncate", "upper",
     "urlize", "wordcount"]
)  # fmt: skip
INCLUDING = 20  # ticks
INCLUDED = "write its path from the manifest's folder, and keep it inside"
# What a template's own doing raises in Jinja and in the values it is given.
FAULTS = (jinja2.TemplateError, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError,
          RuntimeError, TypeError, ValueError)  # fmt: skip

_HALF = re.compile("[\ud800-\udfff]")


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
    __call__ = __getitem__ = __contains__ = __int__ = __float__ = __complex__ = _fail_with_undefined_error
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __pos__ = _fail_with_undefined_error
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _fail_with_undefined_error
    __pow__ = __rpow__ = __lt__ = __le__ = __gt__ = __ge__ = _fail_with_undefined_error


class _Context(Context):
    """Asks the scope for a name when a template uses it, so that unused variables are never rendered."""

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        scope = self.parent.get("\0scope")
        return missing if scope is None else scope.find(key)


class _Short(Extension):
    """Refuses a template that would take long to compile; raises TemplateSyntaxError."""

    def filter_stream(self, stream: Iterable[Token]) -> Iterator[Token]:
        for place, token in enumerate(stream):
            if place >= bounds.MAX_TOKENS:
                told = f"the template has more than {bounds.MAX_TOKENS:,} words and marks"
                raise jinja2.TemplateSyntaxError(told, token.lineno)
            yield token


class _Bounding(NodeTransformer):
    """Puts a meter into every loop, and a bound on every concatenation and on every list and table."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "\0each", [], [], None, None, lineno=node.lineno)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "\0concat", [], [], None, None, lineno=node.lineno)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._weighed(node)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._weighed(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - Jinja's name
        return self._weighed(node) if node.ctx == "load" else self.generic_visit(node)

    def _weighed(self, node: nodes.Expr) -> nodes.Node:
        self.generic_visit(node)
        return nodes.Filter(node, "\0weighed", [], [], None, None, lineno=node.lineno)


class _Sandbox(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "%", "+", "-", "/", "//"})
    context_class = _Context
    meter = bounds.Meter()

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:
        bounded = _Bounding().visit(source)
        bounded.set_environment(self)
        return super()._generate(bounded, *args, **kwargs)

    def getattr(self, obj: Any, attribute: str) -> Any:
        self.meter.tick()
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, str) and attribute in TEXT_METHODS:
            return partial(bounds.strip, obj, attribute) if attribute.endswith("strip") else getattr(obj, attribute)
        if isinstance(obj, JINJA_OBJECTS):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        self.meter.tick()
        if not isinstance(argument, str | int | float | slice):
            raise TemplateError(f"{_kind(obj)} has nothing under {_kind(argument)}")
        if isinstance(obj, Mapping | list | tuple | str):
            try:
                return obj[argument]  # type: ignore[index]
            except (LookupError, TypeError):
                pass  # what is not there is undefined
        return self.undefined(obj=obj, name=str(argument))

    def make_globals(self, d: Any) -> Any:
        """The same few names for every template: Jinja's own chain of maps is copied for each render."""
        return self.globals if not d else super().make_globals(d)

    def get_template(self, *args: Any, **named: Any) -> jinja2.Template:
        self.meter.tick(INCLUDING)  # a file may include another twice, which does so too
        return super().get_template(*args, **named)

    def select_template(self, *args: Any, **named: Any) -> jinja2.Template:
        self.meter.tick(INCLUDING)
        return super().select_template(*args, **named)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        self.meter.tick()
        return self.meter.weigh(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        self.meter.tick()
        if operator == "**" and not (bounds.is_small(left, 10**6) and bounds.is_small(right, 64)):
            raise bounds.TooMuch("`**` is bounded to small numbers")
        if operator == "*" and not bounds.is_bounded_product(left, right):
            raise bounds.TooMuch("`*` would make too much")
        bounds.check_numbers(left, right)
        if operator == "%" and isinstance(left, str):
            bounds.check_format(left, right)
        try:
            return self.meter.weigh(super().call_binop(context, operator, left, right))
        except TypeError:
            hint = "join text with `~`" if operator == "+" else None
            raise TemplateError(f"`{operator}` can't take {_kind(left)} and {_kind(right)}", hint=hint) from None

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        return "".join(bounds.counted(parts))


class Engine:
    """Compiles each text once and renders it in a scope. `read` gives a template file's text by its path from
    the root, or None where it may not be read."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        loader = jinja2.FunctionLoader(lambda path: _loaded(path, read(path)))
        self._sandbox = _Sandbox(
            undefined=_Undefined, loader=loader, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
            finalize=printed, cache_size=-1, auto_reload=False, autoescape=False, extensions=[_Short],
        )  # fmt: skip
        sandbox = self._sandbox
        sandbox.globals = {name: sandbox.globals[name] for name in ("dict", "cycler", "joiner", "namespace")}
        sandbox.globals["range"] = bounds.bounded_range
        for name in UNSAFE_FILTERS:
            sandbox.filters.pop(name, None)
        sandbox.filters |= BOUNDED
        sandbox.filters = {
            name: self._metered(made, bounds.printed_text if name in OF_TEXT else lambda value: value)
            for name, made in sandbox.filters.items()
        }
        sandbox.filters |= {"\0each": self._each, "\0concat": bounds.concat, "\0weighed": self._weighed}
        sandbox.tests = {name: self._metered_test(test) for name, test in sandbox.tests.items()}
        self._compiled: dict[str, jinja2.Template] = {}
        self._free: dict[str, frozenset[str] | None] = {}

    def render(self, text: str, names: Names) -> str:
        """A template's text with its names filled in. Raises TemplateError."""
        self._sandbox.meter = bounds.Meter()
        template = self._compiled.get(text)
        if template is None:
            template = self._compiled[text] = self._translated(self._sandbox.from_string, text, name="")
        return self._rendered(template, names, "")

    def render_file(self, path: str, names: Names) -> str:
        """The same of a template file, which may include and import others. Raises TemplateError."""
        self._sandbox.meter = bounds.Meter()
        template = self._translated(self._sandbox.get_template, path, name=path)
        return self._rendered(template, names, path)

    def free_names(self, text: str) -> frozenset[str] | None:
        """The names a text takes from its scope; None where they can't be told (it includes files, or is broken)."""
        if text not in self._free:
            outside = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
            try:
                tree = self._sandbox.parse(text)
                known = frozenset(meta.find_undeclared_variables(tree)) - set(self._sandbox.globals)
            except (jinja2.TemplateError, RecursionError, ValueError, MemoryError):
                return None
            is_open = tree.find(outside) is not None  # type: ignore[arg-type]
            self._free[text] = None if is_open else known
        return self._free[text]

    def _translated(self, make: Callable[[str], jinja2.Template], text: str, *, name: str) -> jinja2.Template:
        try:
            return make(text)
        except jinja2.TemplateSyntaxError as error:
            raise self._syntax(error, name) from None
        except jinja2.TemplateNotFound as error:
            raise TemplateError(
                f"template `{error.name}` can't be read", hint=INCLUDED, name=name, text=str(error.name)
            ) from None
        except (RecursionError, SyntaxError, MemoryError):  # Python allows fewer blocks in each other than Jinja
            raise TemplateError("the template is nested too deeply", name=name) from None
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as error:
            raise TemplateError(f"the template fails: {_sentence(str(error))}", name=name) from None

    def _syntax(self, error: jinja2.TemplateSyntaxError, name: str) -> TemplateError:
        """Jinja's complaint as one fact, and what it says of a way out as the hint."""
        message = error.message or ""
        fact = re.split(r"[.] (?:Jinja|You|Did)", message)[0]
        block = re.search(r"innermost block that needs to be closed is '(\w+)'", message)
        unknown = re.match(r"No (filter|test) named '(\w+)'", message)
        hint: str | None = f"close `{{% {block[1]} %}}` with `{{% end{block[1]} %}}`" if block else None
        if "end of print statement" in message:
            hint = "close `{{` with `}}`"
        if unknown:
            known = self._sandbox.filters if unknown[1] == "filter" else self._sandbox.tests
            names = sorted(option for option in known if option.isidentifier())
            fact, hint = f"there is no {unknown[1]} `{unknown[2]}`", did_you_mean(unknown[2], names, f"{unknown[1]}s")
        return TemplateError(_sentence(fact), hint=hint, name=error.name or name, line=error.lineno)

    def _rendered(self, template: jinja2.Template, names: Names, name: str) -> str:
        try:
            return _sendable(template.render({"\0scope": names}))
        except TemplateError as error:
            if not error.name and error.line == 1:
                error.name, error.line = _line_of(error, name)
            if error.message.endswith("is undefined") and error.hint is None:
                error.hint = did_you_mean(error.text, names.names(), "names in scope")
            raise
        except jinja2.TemplateSyntaxError as error:
            raise self._syntax(error, name) from None
        except jinja2.TemplateNotFound as error:
            at, line = _line_of(error, name)
            told = f"template `{error.name}` can't be read"
            raise TemplateError(told, hint=INCLUDED, name=at, line=line, text=str(error.name)) from None
        except (SecurityError, bounds.TooMuch) as error:
            at, line = _line_of(error, name)
            raise TemplateError(f"the template was stopped: {error}", name=at, line=line) from None
        except RecursionError as error:
            at, line = _line_of(error, name)
            raise TemplateError("the template is nested too deeply", name=at, line=line) from None
        except FAULTS as error:
            at, line = _line_of(error, name)
            raise TemplateError(f"the template fails: {_sentence(str(error))}", name=at, line=line) from None

    def _metered(self, made: Callable[..., Any], read: Callable[[Any], Any]) -> Callable[..., Any]:
        """A filter that counts as work, and takes only what can be printed. `read` makes its value what it takes."""
        place = 1 if hasattr(made, "jinja_pass_arg") else 0

        @wraps(made)
        def metered(*args: Any, **named: Any) -> Any:
            self._sandbox.meter.tick()
            value = args[place] if len(args) > place else None
            if isinstance(value, JINJA_OBJECTS) or (callable(value) and not isinstance(value, _Undefined)):
                raise TypeError("a filter takes only text, numbers, booleans, lists and tables")
            return self._sandbox.meter.weigh(
                made(*args[:place], *map(read, args[place : place + 1]), *args[place + 1 :], **named)
            )

        return metered

    def _metered_test(self, test: Any) -> Callable[..., Any]:
        """A test that counts as work: a filter may ask it of each of a hundred thousand values."""

        @wraps(test)
        def metered(*args: Any, **named: Any) -> Any:
            self._sandbox.meter.tick()
            bounds.check_numbers(*args)
            return test(*args, **named)

        return metered

    def _weighed(self, value: Any) -> Any:
        return self._sandbox.meter.weigh(value)

    def _each(self, items: Iterable[Any]) -> Iterator[Any]:
        meter = self._sandbox.meter
        for item in items:
            meter.tick()
            yield item


def _loaded(path: str, text: str | None) -> tuple[str, str, None] | None:
    return None if text is None else (text, f"<template>{path}", None)


def _sendable(text: str) -> str:
    """A text that can be encoded and written. Raises TemplateError for halves of characters, and for NUL."""
    if "\0" in text or not (text.isascii() or text.isprintable() or not _HALF.search(text)):
        raise TemplateError("the template makes a character that no text can hold")
    return text


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
        dict: "a table",
        type(None): "nothing",
    }
    return kinds.get(type(value), "an object")
