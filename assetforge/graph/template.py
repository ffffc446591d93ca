"""Jinja2 templates in a sandbox, bounded in output, work and time; the one door to Jinja.

A stranger may have written them. They see what the scope gives and nothing else: no files outside the root, no
environment, no clock, no randomness. Unaware of assets and of TOML.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any, Protocol

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.utils import missing

from assetforge.entry import is_template
from assetforge.graph import bounds, escaping
from assetforge.graph.printing import printed
from assetforge.graph.sandbox import JINJA_OBJECTS, Sandbox, Short, TemplateError, Undefined
from assetforge.words import did_you_mean

__all__ = ["Engine", "Names", "TemplateError", "missing"]

UNSAFE_FILTERS = ("pprint", "random", "wordwrap", "xmlattr")
BOUNDED: Mapping[str, Callable[..., Any]] = {
    "batch": bounds.batch, "center": escaping.keeping(bounds.center), "format": bounds.format_text,
    "indent": escaping.keeping(bounds.indent), "join": escaping.join, "replace": bounds.replace,
    "round": bounds.rounded, "slice": bounds.sliced, "slug": bounds.to_slug, "string": bounds.printed_text,
    "sum": bounds.total, "tojson": escaping.to_json, "trim": escaping.keeping(bounds.trim),
    "urlencode": bounds.url_encode,
}  # fmt: skip
# Jinja would make text of anything, by way of Python.
OF_TEXT = frozenset(
    ["capitalize", "e", "escape", "forceescape", "lower", "safe", "striptags", "title", "truncate", "upper",
     "urlize", "wordcount"]
)  # fmt: skip
INCLUDED = "write its path from the manifest's folder, and keep it inside"
# What a template's own doing raises in Jinja and in the values it is given.
FAULTS = (jinja2.TemplateError, ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, NameError,
          RuntimeError, TypeError, ValueError)  # fmt: skip

_HALF = re.compile("[\ud800-\udfff]")


class Names(Protocol):
    """Where a template's names come from: each is looked up only when a template uses it."""

    def find(self, name: str) -> Any:
        """A name's value, or `missing`."""

    def names(self) -> Sequence[str]:
        """All names there are, for a hint."""


class Engine:
    """Compiles each text once and renders it in a scope. `read` gives a template file's text by its path from
    the root, or None where it may not be read; in those that `escapes` names, what is printed is escaped as HTML."""

    def __init__(
        self,
        read: Callable[[str], str | None],
        *,
        limits: bounds.Limits = bounds.PROMPT,
        escapes: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._limits = limits
        self._read = read
        loader = jinja2.FunctionLoader(lambda path: _loaded(path, read(path)))
        self._sandbox = Sandbox(
            undefined=Undefined, loader=loader, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
            finalize=printed, cache_size=-1, auto_reload=False, extensions=[Short],
            autoescape=lambda name: name is not None and escapes(name),
        )  # fmt: skip
        sandbox = self._sandbox
        sandbox.globals = {name: sandbox.globals[name] for name in ("dict", "cycler", "joiner", "namespace")}
        sandbox.globals["range"] = bounds.bounded_range
        for name in UNSAFE_FILTERS:
            sandbox.filters.pop(name, None)
        sandbox.filters |= BOUNDED
        sandbox.filters = {
            name: self._metered(made, escaping.text_of if name in OF_TEXT else lambda value: value)
            for name, made in sandbox.filters.items()
        }
        sandbox.filters |= {"\0each": self._each, "\0concat": escaping.concat, "\0weighed": self._weighed}
        sandbox.tests = {name: self._metered_test(test) for name, test in sandbox.tests.items()}
        self._compiled: dict[str, jinja2.Template] = {}
        self._free: dict[str, frozenset[str] | None] = {}

    def render(self, text: str, names: Names) -> str:
        """A template's text with its names filled in. Raises TemplateError."""
        # Jinja would take a third of a millisecond to find that there is nothing to fill in.
        if len(text) <= self._limits.characters and not is_template(text) and "\r" not in text:
            return _sendable(text)
        self._sandbox.meter = bounds.Meter(self._limits)
        template = self._compiled.get(text)
        if template is None:
            template = self._compiled[text] = self._translated(self._sandbox.from_string, text, name="")
        return self._rendered(template, names, "")

    def render_file(self, path: str, names: Names) -> str:
        """The same of a template file, which may include and import others. Raises TemplateError."""
        self._sandbox.meter = bounds.Meter(self._limits)
        template = self._translated(self._sandbox.get_template, path, name=path)
        return self._rendered(template, names, path)

    def check_file(self, path: str) -> None:
        """Reads and compiles a template file, and those that it says it needs. Raises TemplateError."""
        waiting, seen = [path], {path}
        while waiting:
            name = waiting.pop()
            self._sandbox.meter = bounds.Meter(self._limits)
            self._translated(self._sandbox.get_template, name, name=name)
            needed = dict(_needed(self._sandbox.parse(self._read(name) or "")))
            for other, line in needed.items():
                if self._read(other) is None:
                    told = f"template `{other}` can't be read"
                    raise TemplateError(told, hint=INCLUDED, name=name, line=line, text=other)
            waiting += needed.keys() - seen
            seen |= needed.keys()

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
            if isinstance(value, JINJA_OBJECTS) or (callable(value) and not isinstance(value, Undefined)):
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


def _needed(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """The files that a template names outright and can't do without, with the line."""
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        file = node.template  # type: ignore[attr-defined]
        if isinstance(file, nodes.Const) and isinstance(file.value, str) and not getattr(node, "ignore_missing", 0):
            yield file.value, node.lineno


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
