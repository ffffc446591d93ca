"""From one typed asset to its steps: where the picture comes from, the chain, the files.

A paid step has two faces: the provider's image as sent, which an edit that follows gets, and the image finished
(cut back, composited, fitted), which all else gets. Finishing steps that turn out to do nothing vanish when they
are bound, so that untouched bytes stay untouched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assetforge.entry import Invalid
from assetforge.errors import KeyPath, Problem, Where
from assetforge.graph.files import Outputs
from assetforge.graph.matrix import Cell
from assetforge.graph.parts import Parts
from assetforge.graph.render import Filled, Form, touches
from assetforge.graph.requests import DEFAULT_SIZE
from assetforge.graph.rules import Asked, Rules
from assetforge.graph.scope import Scope
from assetforge.graph.wiring import Wiring
from assetforge.manifest.schema import AssetTable, EditTable
from assetforge.model import Instance, Link, Local, Paid, Shape, Size, Step
from assetforge.ops.plugins import PluginError, blamed, check_keyed
from assetforge.ops.spec import Op
from assetforge.ops.table import BUILT_IN, OPS, PUBLIC, step_named
from assetforge.words import did_you_mean


@dataclass(frozen=True, slots=True)
class Face:
    """The image so far: as an edit that follows gets it, and finished. `fit` is how an answer not yet fitted to the
    size wanted still has to be. `more` are the others of a list, till the sheet that comes first takes them."""

    sent: Link
    finished: Link
    fit: Any = None
    more: tuple[Link, ...] = ()


# Stands for an image that could not be made out, so that what comes after it is checked all the same.
NOWHERE = Face(Link(""), Link(""))


@lru_cache(maxsize=1024)
def fit_params(size: Size, fit: str | None, position: str | tuple[float, ...] | None) -> Any:
    """Parameters of fitting an answer to a size; one object serves all that are fitted alike."""
    given = {"fit": fit, "position": position if position is None or isinstance(position, str) else list(position)}
    asked = {name: value for name, value in given.items() if value is not None}
    return OPS["_fit"].params.model_validate({"width": size.width, "height": size.height, **asked})


def _frozen(position: str | list[float] | None) -> str | tuple[float, ...] | None:
    return tuple(position) if isinstance(position, list) else position


def is_sheet(steps: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the first of these steps takes any number of pictures."""
    op = BUILT_IN.get(str(steps[0].get("op"))) if steps else None
    return op is not None and op.frames is not None


class Assembly:
    """Makes the steps of one instance as far as it is sound; all that is wrong is gathered in `parts`."""

    def __init__(self, form: Form, cell: Cell, scope: Scope, *, rules: Rules, wiring: Wiring) -> None:
        self.form = form
        self.cell = cell
        self.parts = Parts(form, cell, scope, wiring)
        self.rules = rules
        self.requests = rules.requests
        self.wiring = wiring
        self.name = self.parts.name
        self.steps: list[Step] = []
        self.warnings: list[Problem] = []
        self.models: dict[str, Problem] = {}

    def instance(self, filled: Filled, outputs: Outputs) -> Instance:
        """The instance with all its steps in `steps`, each after those of its own that it needs."""
        asset, self.parts.left_out = filled.asset, filled.left_out
        self.parts.problems += filled.problems
        face = self._start(asset) or NOWHERE
        for index, raw in enumerate(asset.steps):
            face = self._step(asset, raw, index, face) or face
        renditions = outputs.renditions(filled, face.finished)
        self.parts.problems += outputs.problems
        paid = tuple(step.id for step in self.steps if isinstance(step, Paid))
        self.steps += [*outputs.steps, *renditions]
        return Instance(
            name=self.name, asset=self.form.merged.asset, axes=self.cell.axes, cell=self.cell.shows, alt=asset.alt,
            tags=tuple(asset.tags), meta=asset.meta, paid=paid, outputs=tuple(step.id for step in renditions),
            final=face.finished, where=self.form.merged.where(part="key"),
        )  # fmt: skip

    def _start(self, asset: AssetTable) -> Face | None:
        if asset.source is not None:
            return self._from(asset, asset.source)
        if {("n",), ("source",)} & self.parts.left_out:
            self.wiring.unsure.add(self.name)
        if ("source",) in self.parts.left_out:
            return None
        prompt = self.parts.prompt(asset.prompt, asset.prompt_file, ())
        pictures = self.parts.pictures(asset.images or (), ("images",))
        size = Size.parse(asset.size) if asset.size else DEFAULT_SIZE
        settings = self.requests.settings(asset, None)
        asked = asset.request_size or self.requests.manifest.table.defaults.request_size
        paid = Paid(
            id=f"{self.name}:generate", instance=self.name, name="generate",
            operation="edit" if pictures else "generate", prompt=prompt, settings=settings, size=size,
            request_size=self.requests.plan(settings, size, asked), pictures=pictures, mask=None,
            n=asset.n or 1, pick=asset.pick or 1, revision=asset.revision or 0, where=self.form.merged.where(),
            planned=asked is None,
        )  # fmt: skip
        self._check(paid, None, asset, ())
        self.steps.append(paid)
        return self._fitted(paid, {"fit": asset.fit, "position": asset.position}, ())

    def _from(self, asset: AssetTable, source: str | list[str]) -> Face | None:
        """The picture that is there; of a list the first, with all others for the sheet."""
        key: KeyPath = ("source",)
        if isinstance(source, str):
            link = self.parts.picture(source, key)
            return None if link is None else Face(link, link)
        left_out = self.form.merged.manifest.left_out[self.form.merged.asset]
        if not (is_sheet(asset.steps) or touches(left_out, ("steps",))):
            hint = 'make `atlas` the first step, or name one picture, like source = "@hero"'
            self.parts.tell("`source` is a list, which only the step `atlas` takes", key, hint)
            return None
        if not source:
            self.parts.tell("`source` is an empty list", key, 'name pictures, like source = ["@icon"]')
        first, *more = self.parts.pictures(source, key) or (NOWHERE.finished,)
        return Face(first, first, more=tuple(more))

    def _fitted(self, paid: Paid, how: Mapping[str, Any], key: KeyPath) -> Face:
        """The answer fitted to the size wanted; every candidate the same way, for references to it."""
        assert paid.size is not None
        try:
            params = fit_params(paid.size, how["fit"], _frozen(how["position"]))
        except Invalid as error:
            self.parts.tell_all(error, how, key, subject=f"`{self.name}`", model=OPS["_fit"].params)
            self.wiring.unsure.add(self.name)
            return NOWHERE
        self.wiring.fits[self.name, paid.name] = (paid, params)
        sent = Link(paid.id, paid.pick)
        return Face(sent, self._local("_fit", f"{paid.name}.fit", params, (sent,), where=paid.where), params)

    def _step(self, asset: AssetTable, raw: Mapping[str, Any], index: int, face: Face) -> Face | None:
        key: KeyPath = ("steps", index)
        op = raw.get("op")
        body = {name: value for name, value in raw.items() if name not in ("op", "id")}
        if op == "edit":
            return self._edit(asset, body, index, face)
        if not isinstance(op, str):  # merging has told it already
            return None
        try:
            found = step_named(op)
            if found is not None:
                return self._local_step(found, body, index, face)
            hint = did_you_mean(op, ["edit", *PUBLIC, *OPS.installed()], "steps")
            self.parts.tell(f"there is no step `{op}`", (*key, "op"), hint)
        except PluginError as error:
            self.parts.tell(error.message, (*key, "op"), error.hint)
        return None

    def _local_step(self, op: Op, body: Mapping[str, Any], index: int, face: Face) -> Face | None:
        """Raises PluginError where an installed step is at fault."""
        key: KeyPath = ("steps", index)
        step_id = self.form.merged.ids[index]
        with blamed(op):
            params = self.parts.params(index, op.params, body)
        check_keyed(op, params)
        links: list[Link] = [face.finished, *face.more]
        for name in op.images:
            text = body.get(name) if params is None else getattr(params, name)
            link = self.parts.picture(text, (*key, name)) if isinstance(text, str) else None
            links.append(link or NOWHERE.finished)
        for name in op.fonts:
            text = body.get(name) if params is None else getattr(params, name)
            if isinstance(text, str):
                links.append(self.parts.font(text, (*key, name)) or NOWHERE.finished)
        if params is None:
            return None
        link = self._local(op.name, step_id, params, tuple(links), where=self.form.merged.where(*key))
        return Face(link, link)

    def _edit(self, asset: AssetTable, body: Mapping[str, Any], index: int, face: Face) -> Face | None:
        key: KeyPath = ("steps", index)
        step_id = self.form.merged.ids[index]
        table = self.parts.params(index, EditTable, body)
        if table is None:
            return None
        prompt = self.parts.prompt(table.prompt, table.prompt_file, key)
        more = self.parts.pictures(table.images or (), (*key, "images"))
        mask = self.parts.mask(table.mask, (*key, "mask"))
        self._check_edit(table, key)
        settings = self.requests.settings(asset, table)
        size = Size.parse(table.size) if table.size else None
        paid = Paid(
            id=f"{self.name}:{step_id}", instance=self.name, name=step_id, operation="edit", prompt=prompt,
            settings=settings, size=size, request_size=self.requests.plan(settings, size, table.request_size),
            pictures=(face.sent, *more), mask=mask, n=table.n, pick=table.pick, revision=table.revision,
            where=self.form.merged.where(*key), planned=table.request_size is None,
        )  # fmt: skip
        self._check(paid, table, asset, key)
        self.steps.append(paid)
        if size is not None:
            return self._fitted(paid, {"fit": table.fit, "position": table.position}, key)
        return self._restored(paid, table, face)

    def _check_edit(self, table: EditTable, key: KeyPath) -> None:
        """Keys of an edit that need or bar others."""
        has_size = table.size is not None or (*key, "size") in self.parts.left_out
        has_mask = table.mask is not None or (*key, "mask") in self.parts.left_out
        if table.size is not None and table.preserve:
            told = "an edit with a `size` recomposes, so it can't `preserve`"
            self.parts.tell(told, (*key, "preserve"), "leave one of them out")
        if table.preserve and not has_mask:
            self.parts.tell("`preserve` needs a `mask`", (*key, "preserve"), 'add one, like mask = "masks/sky.png"')
        if table.feather and not table.preserve and (*key, "preserve") not in self.parts.left_out:
            self.parts.tell("`feather` needs `preserve`", (*key, "feather"), "add preserve = true")
        for name in ("fit", "position"):
            if not has_size and getattr(table, name) is not None:
                self.parts.tell(
                    f"`{name}` says nothing without a `size`", (*key, name), "add a `size`, or leave it out"
                )

    def _restored(self, paid: Paid, table: EditTable, face: Face) -> Face:
        """The answer cut back to its input's size, and outside the mask the input's own pixels."""
        original = face.sent
        answer = Link(paid.id, paid.pick)
        link = self._local("_cut_back", f"{paid.name}.back", None, (answer, original), where=paid.where)
        if table.preserve and paid.mask is not None:
            mask = self._mask_picture(paid, paid.mask, original)
            params = OPS["_preserve"].params.model_validate({"feather": table.feather})
            link = self._local("_preserve", f"{paid.name}.preserve", params, (link, original, mask), where=paid.where)
        if face.fit is None:
            return Face(link, link)
        fitted = self._local("_fit", f"{paid.name}.fit", face.fit, (link,), where=paid.where)
        return Face(link, fitted, face.fit)

    def _mask_picture(self, paid: Paid, mask: Link | tuple[Shape, ...], original: Link) -> Link:
        """The mask as a picture of its own: drawn at the original's size, or a file's made into one."""
        if isinstance(mask, Link):
            params = OPS["_as_mask"].params()
            return self._local("_as_mask", f"{paid.name}.mask", params, (mask,), where=paid.where)
        params = OPS["_draw_mask"].params.model_validate({"shapes": mask})
        return self._local("_draw_mask", f"{paid.name}.mask", params, (original,), where=paid.where)

    def _local(self, op: str, name: str, params: Any, inputs: tuple[Link, ...], *, where: Where) -> Link:
        step = Local(f"{self.name}:{name}", self.name, name, op, params, inputs, where)
        self.steps.append(step)
        return Link(step.id)

    def _check(self, paid: Paid, table: EditTable | None, asset: AssetTable, key: KeyPath) -> None:
        asked = Asked(paid, asset, table, key, self.form.merged, self.parts.left_out)
        self.parts.problems += self.rules.problems(asked)
        model, size = self.rules.model_warning(asked), self.rules.size_warning(asked)
        if model:
            self.models[paid.settings.model] = model
        if size:
            self.warnings.append(size)
