"""What a step is made of, read as far as it is sound: its prompt, pictures, mask and parameters.

Unaware of how steps follow each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from assetforge.entry import RENDERED, Invalid, problems_of, without_flaws
from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.graph.matrix import NO_CELL, Cell
from assetforge.graph.printing import normal_prompt
from assetforge.graph.render import Form, Params, touches
from assetforge.graph.scope import Scope
from assetforge.graph.shapes import BadShape, read_shapes
from assetforge.graph.wiring import Wiring
from assetforge.manifest.schema import AssetTable
from assetforge.model import Link, Shape


class Parts:
    """Reads the parts of one instance's steps. All that is wrong is gathered in `problems`, and its places in
    `left_out`, so that nothing is told that only follows from it."""

    def __init__(self, form: Form, cell: Cell, scope: Scope, wiring: Wiring) -> None:
        self.form = form
        self.cell = cell
        self.scope = scope
        self.wiring = wiring
        self.name = cell.name(form.merged.asset)
        self.left_out: frozenset[KeyPath] = frozenset()
        self.problems: list[Problem] = []

    def prompt(self, prompt: str | None, prompt_file: str | None, key: KeyPath) -> str:
        """The text that is sent; empty and left out where there is none."""
        if (prompt is None) == (prompt_file is None):
            if key:  # of the asset itself it is told in loading
                place = key if prompt is None else (*key, "prompt_file")
                told = (
                    "needs a `prompt` or a `prompt_file`" if prompt is None else "has both `prompt` and `prompt_file`"
                )
                self.tell(f"an edit of `{self.name}` {told}", place, "give exactly one of them")
        elif prompt is not None:
            return normal_prompt(prompt)
        elif prompt_file is not None:
            try:
                self.wiring.check_text(prompt_file)
                return normal_prompt(self.form.render_file(prompt_file, (*key, "prompt_file"), self.scope, self.name))
            except ManifestError as error:
                self.problems += (self._at(problem, (*key, "prompt_file")) for problem in error.problems)
        self.left_out |= {(*key, "prompt")}
        return ""

    def picture(self, text: str, key: KeyPath) -> Link | None:
        """The one picture a text stands for."""
        found = self.pictures([text], key, many=False)
        return found[0] if found else None

    def pictures(self, texts: Sequence[str], key: KeyPath, *, many: bool = True) -> tuple[Link, ...]:
        """The pictures that can be made out."""
        links: list[Link] = []
        for index, text in enumerate(texts):
            place = (*key, index) if many else key
            if place in self.left_out:
                continue
            try:
                found = self.wiring.links(text, self.cell, self.name, self.form.merged.where(*place))
                is_clear = many or self.cell is NO_CELL
                links += found if is_clear else self.wiring.only(found, text, self.name)
            except ManifestError as error:
                self.problems += (self._at(problem, place) for problem in error.problems)
                self.left_out |= {place}
        return tuple(links)

    def font(self, text: str, key: KeyPath) -> Link | None:
        """The font file that a text names."""
        if key in self.left_out:
            return None
        try:
            return self.wiring.font(text, self.form.merged.where(*key))
        except ManifestError as error:
            self.problems += (self._at(problem, key) for problem in error.problems)
            self.left_out |= {key}
            return None

    def mask(self, mask: Any, key: KeyPath) -> Link | tuple[Shape, ...] | None:
        """What an edit may change: a picture, or shapes to draw."""
        if mask is None:
            return None
        if isinstance(mask, str):
            return self.picture(mask, key)
        try:
            return read_shapes(mask)
        except BadShape as error:
            self.tell(error.message, (*key, *error.key), error.hint)
            return None

    def params(self, index: int, model: Any, body: Mapping[str, Any]) -> Any:
        """A step's parameters as far as they are sound; None where they are not."""
        params, left_out = self.form.params(index, lambda: self._validated(index, model, body))
        if left_out:
            self.left_out |= left_out
        return params

    def _validated(self, index: int, model: Any, body: Mapping[str, Any]) -> Params:
        key: KeyPath = ("steps", index)
        try:
            return model.model_validate(body, context=RENDERED), frozenset()
        except Invalid as error:
            self.tell_all(error, body, key, subject=f"step `{self.form.merged.ids[index]}`", model=model)
            sound, left_out = without_flaws(error, body, model)
        places = frozenset((*key, *place) for place in left_out)
        try:
            return model.model_validate(sound, context=RENDERED), places
        except Invalid:
            return None, places

    def tell(self, message: str, key: KeyPath, hint: str | None) -> None:
        """Notes a mistake at a key, unless what is wrong there is told already."""
        if not touches(self.left_out, key):
            self.problems.append(Problem(message, self.form.merged.where(*key), hint))

    def tell_all(self, error: Invalid, body: Mapping[str, Any], key: KeyPath, *, subject: str, model: Any) -> None:
        """The same of all that validating found."""
        for problem in problems_of(error, dict(body), subject=subject, where=Where(""), model=model):
            assert problem.where is not None
            place = (*key, *problem.where.key)
            if not touches(self.left_out, place):
                at = self.form.merged.where(*place, part=problem.where.part)
                self.problems.append(Problem(problem.message, at, self._misplaced(problem) or problem.hint))

    def _misplaced(self, problem: Problem) -> str | None:
        """An asset's key written after the steps landed in the last of them."""
        name = problem.where.key[-1] if problem.where and problem.where.key else ""
        if name in AssetTable.model_fields and problem.where and problem.where.part == "key":
            asset = self.form.merged.asset
            return f"move a key of the asset above the first `[[asset.{asset}.steps]]`"
        return None

    def _at(self, problem: Problem, key: KeyPath) -> Problem:
        return problem if problem.where else Problem(problem.message, self.form.merged.where(*key), problem.hint)
