"""The names a template sees: variables (themselves templates, in any order), axes, data, the asset.

A variable is rendered when something first uses it. One that uses only variables and data is rendered once for
the whole manifest; one that uses an axis, once for each instance.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assetforge.entry import is_template
from assetforge.errors import KeyPath
from assetforge.graph.template import Engine, TemplateError, missing


class Literal(str):
    """A text that is never a template: given on the command line."""

    __slots__ = ()


class Scope:
    """`fixed` are finished values, `variables` are values as written, `outer` is asked last.

    `places` says where each variable is written, for errors.
    """

    __slots__ = ("_closed", "_engine", "_fixed", "_outer", "_places", "_under_way", "_values", "_variables")

    def __init__(
        self,
        engine: Engine,
        fixed: Mapping[str, Any],
        variables: Mapping[str, Any],
        *,
        places: Mapping[str, KeyPath],
        outer: "Scope | None" = None,
    ) -> None:
        self._engine = engine
        self._fixed = fixed
        self._variables = variables
        self._places = places
        self._outer = outer
        self._closed: dict[str, bool] = {}
        self._values: dict[str, Any] = {}
        self._under_way: list[str] = []

    def find(self, name: str) -> Any:
        """A name's value, rendered if it is a variable; `missing` where there is none. Raises TemplateError."""
        if name in self._fixed:
            return self._fixed[name]
        if name in self._values:
            return self._values[name]
        if name in self._variables:
            return self._rendered(name)
        return self._from_outer(name)

    def names(self) -> Sequence[str]:
        """Every name there is, for hints."""
        outer = () if self._outer is None else self._outer.names()
        return sorted({*self._fixed, *self._variables, *outer})

    def _from_outer(self, name: str) -> Any:
        outer = self._outer
        if outer is None or name not in outer._variables or outer._is_closed(name, ()):
            return missing if outer is None else outer.find(name)
        return self._render_as(name, outer._variables[name], outer._places.get(name))

    def _is_closed(self, name: str, above: tuple[str, ...]) -> bool:
        """Whether a variable uses only names of this scope, so that one value serves all inner scopes."""
        if name in self._fixed or name in above:
            return True
        if name not in self._variables:
            return False
        if name not in self._closed:
            used = [self._engine.free_names(text) for text in _texts(self._variables[name])]
            self._closed[name] = all(
                names is not None and all(self._is_closed(other, (*above, name)) for other in names) for names in used
            )
        return self._closed[name]

    def _rendered(self, name: str) -> Any:
        return self._render_as(name, self._variables[name], self._places.get(name))

    def _render_as(self, name: str, value: Any, place: KeyPath | None) -> Any:
        if name in self._under_way:
            circle = " -> ".join([*self._under_way[self._under_way.index(name) :], name])
            raise VariableError(f"variables go in a circle: `{circle}`", place or (), hint="break it at one of them")
        self._under_way.append(name)
        try:
            self._values[name] = self._deep(value, place or ())
        finally:
            self._under_way.pop()
        return self._values[name]

    def _deep(self, value: Any, place: KeyPath) -> Any:
        if isinstance(value, Mapping):
            return {key: self._deep(item, (*place, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._deep(item, (*place, index)) for index, item in enumerate(value)]
        if not is_template(value) or isinstance(value, Literal):
            return value
        try:
            return self._engine.render(value, self)
        except (VariableError, Untold):
            raise
        except TemplateError as error:
            raise VariableError.of(error, place) from None


def _texts(value: Any) -> Iterator[str]:
    """Every template in a value, at any depth."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif is_template(value) and not isinstance(value, Literal):
        yield value


class Unclear(Scope):
    """A scope that lacks names for a mistake that has been told, so that nobody knows what is undefined."""

    __slots__ = ()

    def find(self, name: str) -> Any:
        """The same; raises Untold where there is no such name."""
        value = super().find(name)
        if value is missing:
            raise Untold(f"`{name}` is not known")
        return value


class Untold(TemplateError):  # noqa: N818 - what is wrong has been told
    """A template that can't be rendered for what has been told already."""


class VariableError(TemplateError):
    """A variable that can't be rendered: `key` is where it is written."""

    def __init__(self, message: str, key: KeyPath, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.key = key

    @classmethod
    def of(cls, error: TemplateError, key: KeyPath) -> "VariableError":
        made = cls(error.message, key)
        made.hint, made.name, made.line, made.text = error.hint, error.name, error.line, error.text
        return made
