"""Jinja's immutable sandbox, bounded in what a template reaches, makes and does; unaware of what is rendered.

Tables have keys and no attributes, text has its bounded methods, and every loop, call and operator counts as work.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NoReturn

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.lexer import Token
from jinja2.runtime import Context, LoopContext, Macro, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Cycler, Joiner, Namespace, missing
from jinja2.visitor import NodeTransformer

from assetforge.graph import bounds
from assetforge.words import did_you_mean

TEXT_METHODS = frozenset([
    "capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii", "isdecimal",
    "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "lower", "lstrip", "partition",
    "removeprefix", "removesuffix", "rfind", "rindex", "rpartition", "rsplit", "rstrip", "split", "splitlines",
    "startswith", "strip", "swapcase", "title", "upper"
])  # fmt: skip
JINJA_OBJECTS = (LoopContext, Macro, Cycler, Joiner, Namespace, jinja2.environment.TemplateModule)
INCLUDING = 20  # ticks


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


class Undefined(StrictUndefined):
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


class Short(Extension):
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


class Sandbox(ImmutableSandboxedEnvironment):
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
        if isinstance(obj, Undefined):
            return obj  # what is missing is what was asked for first
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
        if isinstance(obj, Undefined):
            return obj
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

    def concat(self, parts: Iterable[str]) -> str:
        """What a template, a macro or a block gives."""
        return "".join(bounds.counted(parts, self.meter.limits.characters))


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
