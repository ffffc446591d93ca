"""From one typed asset to its steps: where the picture comes from, the chain, the files.

A paid step has two faces: the provider's image as sent, which an edit that follows gets, and the image finished
(cut back, composited, fitted), which all else gets. Finishing steps that turn out to do nothing vanish when they
are bound, so that untouched bytes stay untouched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assetforge.entry import RENDERED, Invalid, problems_of
from assetforge.errors import KeyPath, ManifestError, Problem, Where
from assetforge.graph.files import Outputs
from assetforge.graph.matrix import Cell
from assetforge.graph.printing import normal_prompt
from assetforge.graph.render import Form
from assetforge.graph.requests import DEFAULT_SIZE, Requests, flaws_of, model_warning, size_warning
from assetforge.graph.scope import Scope
from assetforge.graph.shapes import BadShape, read_shapes
from assetforge.graph.wiring import Wiring
from assetforge.manifest.schema import AssetTable, EditTable
from assetforge.model import Instance, Link, Local, Paid, Shape, Size, Step
from assetforge.ops.table import OPS, PUBLIC
from assetforge.words import did_you_mean

MAX_PICTURES = 16


@dataclass(frozen=True, slots=True)
class Face:
    """The image so far: as an edit that follows gets it, and finished. `fit` is how an answer not yet fitted to the
    size wanted still has to be."""

    sent: Link
    finished: Link
    fit: Any = None


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


class Assembly:
    """Makes the steps of one instance. Raises ManifestError with all that is wrong with it."""

    def __init__(self, form: Form, cell: Cell, scope: Scope, *, requests: Requests, wiring: Wiring) -> None:
        self.form = form
        self.cell = cell
        self.scope = scope
        self.requests = requests
        self.wiring = wiring
        self.name = cell.name(form.merged.asset)
        self.steps: list[Step] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.unknown_models: dict[str, Problem] = {}

    def instance(self, asset: AssetTable, outputs: Outputs) -> Instance:
        """The instance with all its steps in `steps`, each after those of its own that it needs."""
        face = self._start(asset) or NOWHERE
        for index, raw in enumerate(asset.steps):
            face = self._step(asset, raw, index, face) or face
        renditions = outputs.renditions(asset, face.finished)
        self.problems += outputs.problems
        if self.problems:
            raise ManifestError(self.problems)
        paid = tuple(step.id for step in self.steps if isinstance(step, Paid))
        self.steps += renditions
        return Instance(
            name=self.name, asset=self.form.merged.asset, axes=self.cell.axes, cell=self.cell.shows, alt=asset.alt,
            tags=tuple(asset.tags), meta=asset.meta, paid=paid, outputs=tuple(step.id for step in renditions),
            final=face.finished, where=self.form.merged.where(part="key"),
        )  # fmt: skip

    # --- where the picture comes from ---

    def _start(self, asset: AssetTable) -> Face | None:
        if asset.source is not None:
            if isinstance(asset.source, list):
                hint = 'name one, like source = "@hero"'
                self._tell("`source` is a list, which only the step `atlas` takes", ("source",), hint)
                return None
            link = self._picture(asset.source, ("source",))
            return None if link is None else Face(link, link)
        prompt = self._prompt(asset.prompt, asset.prompt_file, ())
        pictures = self._pictures(asset.images or (), ("images",))
        if prompt is None or pictures is None:
            return None
        size = Size.parse(asset.size) if asset.size else DEFAULT_SIZE
        settings = self.requests.settings(asset, None)
        asked = asset.request_size or self.requests.manifest.table.defaults.request_size
        paid = Paid(
            id=f"{self.name}:generate", instance=self.name, name="generate",
            operation="edit" if pictures else "generate", prompt=prompt, settings=settings, size=size,
            request_size=self.requests.plan(settings, size, asked), pictures=pictures, mask=None,
            n=asset.n or 1, pick=asset.pick or 1, revision=asset.revision or 0, where=self.form.merged.where(),
        )  # fmt: skip
        self._check(paid, None, asset, ())
        self.steps.append(paid)
        return self._fitted(paid, {"fit": asset.fit, "position": asset.position}, ())

    def _fitted(self, paid: Paid, how: Mapping[str, Any], key: KeyPath) -> Face:
        """The answer fitted to the size wanted; every candidate the same way, for references to it."""
        assert paid.size is not None
        try:
            params = fit_params(paid.size, how["fit"], _frozen(how["position"]))
        except Invalid as error:
            self._tell_all(error, how, key, subject=f"`{self.name}`", model=OPS["_fit"].params)
            return NOWHERE
        self.wiring.fits[self.name, paid.name] = (paid, params)
        sent = Link(paid.id, paid.pick)
        return Face(sent, self._local("_fit", f"{paid.name}.fit", params, (sent,), where=paid.where), params)

    # --- the chain ---

    def _step(self, asset: AssetTable, raw: Mapping[str, Any], index: int, face: Face) -> Face | None:
        key: KeyPath = ("steps", index)
        op = raw.get("op")
        body = {name: value for name, value in raw.items() if name not in ("op", "id")}
        if op == "edit":
            return self._edit(asset, body, index, face)
        if op not in PUBLIC:
            if isinstance(op, str):  # of all else merging has told already
                hint = did_you_mean(op, ["edit", *PUBLIC], "steps")
                self._tell(f"there is no step `{op}`", (*key, "op"), hint)
            return None
        return self._local_step(str(op), body, index, face)

    def _local_step(self, op: str, body: Mapping[str, Any], index: int, face: Face) -> Face | None:
        key: KeyPath = ("steps", index)
        step_id = self.form.merged.ids[index]
        params = self.form.params(index, lambda: self._params(OPS[op].params, body, key, f"step `{step_id}`"))
        if params is None:
            return None
        links: list[Link] = [face.finished]
        for name in OPS[op].images:
            link = self._picture(getattr(params, name), (*key, name))
            if link is None:
                return None
            links.append(link)
        link = self._local(op, step_id, params, tuple(links), where=self.form.merged.where(*key))
        return Face(link, link)

    def _edit(self, asset: AssetTable, body: Mapping[str, Any], index: int, face: Face) -> Face | None:
        key: KeyPath = ("steps", index)
        step_id = self.form.merged.ids[index]
        table = self.form.params(index, lambda: self._params(EditTable, body, key, f"step `{step_id}`"))
        if table is None:
            return None
        prompt = self._prompt(table.prompt, table.prompt_file, key)
        more = self._pictures(table.images or (), (*key, "images"))
        mask = self._mask(table.mask, (*key, "mask"))
        if prompt is None or more is None or self._bad_edit(table, key):
            return None
        settings = self.requests.settings(asset, table)
        size = Size.parse(table.size) if table.size else None
        paid = Paid(
            id=f"{self.name}:{step_id}", instance=self.name, name=step_id, operation="edit", prompt=prompt,
            settings=settings, size=size, request_size=self.requests.plan(settings, size, table.request_size),
            pictures=(face.sent, *more), mask=mask, n=table.n, pick=table.pick, revision=table.revision,
            where=self.form.merged.where(*key),
        )  # fmt: skip
        self._check(paid, table, asset, key)
        self.steps.append(paid)
        if size is not None:
            return self._fitted(paid, {"fit": table.fit, "position": table.position}, key)
        return self._restored(paid, table, face)

    def _bad_edit(self, table: EditTable, key: KeyPath) -> bool:
        before = len(self.problems)
        if table.size is not None and table.preserve:
            self._tell(
                "an edit with a `size` recomposes, so it can't `preserve`",
                (*key, "preserve"),
                "leave one of them out",
            )
        if table.preserve and table.mask is None:
            self._tell("`preserve` needs a `mask`", (*key, "preserve"), 'add one, like mask = "masks/sky.png"')
        if table.feather and not table.preserve:
            self._tell("`feather` needs `preserve`", (*key, "feather"), "add preserve = true")
        for name in ("fit", "position"):
            if table.size is None and getattr(table, name) is not None:
                self._tell(f"`{name}` says nothing without a `size`", (*key, name), "add a `size`, or leave it out")
        return len(self.problems) > before

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

    # --- parts ---

    def _prompt(self, prompt: str | None, prompt_file: str | None, key: KeyPath) -> str | None:
        if (prompt is None) == (prompt_file is None):
            place = key if prompt is None else (*key, "prompt_file")
            told = "needs a `prompt` or a `prompt_file`" if prompt is None else "has both `prompt` and `prompt_file`"
            self._tell(f"an edit of `{self.name}` {told}", place, "give exactly one of them")
            return None
        if prompt_file is None:
            return None if prompt is None else normal_prompt(prompt)
        try:
            self.wiring.check_text(prompt_file)
            text = self.form.render_file(prompt_file, (*key, "prompt_file"), self.scope, self.name)
            return normal_prompt(text)
        except ManifestError as error:
            self.problems += (self._at(problem, (*key, "prompt_file")) for problem in error.problems)
            return None

    def _picture(self, text: str, key: KeyPath) -> Link | None:
        found = self._pictures([text], key, many=False)
        return found[0] if found else None

    def _pictures(self, texts: Sequence[str], key: KeyPath, *, many: bool = True) -> tuple[Link, ...] | None:
        links: list[Link] = []
        for index, text in enumerate(texts):
            place = (*key, index) if many else key
            try:
                found = self.wiring.links(text, self.cell, self.name, self.form.merged.where(*place))
                links += found if many else self.wiring.only(found, text, self.name)
            except ManifestError as error:
                self.problems += (self._at(problem, place) for problem in error.problems)
                return None
        return tuple(links)

    def _mask(self, mask: Any, key: KeyPath) -> Link | tuple[Shape, ...] | None:
        if mask is None:
            return None
        if isinstance(mask, str):
            return self._picture(mask, key)
        try:
            return read_shapes(mask)
        except BadShape as error:
            self._tell(error.message, (*key, *error.key), error.hint)
            return None

    def _params(self, model: Any, body: Mapping[str, Any], key: KeyPath, subject: str) -> Any:
        try:
            return model.model_validate(body, context=RENDERED)
        except Invalid as error:
            self._tell_all(error, body, key, subject=subject, model=model)
            return None

    def _tell_all(self, error: Invalid, body: Mapping[str, Any], key: KeyPath, *, subject: str, model: Any) -> None:
        for problem in problems_of(error, dict(body), subject=subject, where=Where(""), model=model):
            assert problem.where is not None
            at = self.form.merged.where(*key, *problem.where.key, part=problem.where.part)
            self.problems.append(Problem(problem.message, at, self._misplaced(problem) or problem.hint))

    def _misplaced(self, problem: Problem) -> str | None:
        """An asset's key written after the steps landed in the last of them."""
        name = problem.where.key[-1] if problem.where and problem.where.key else ""
        if name in AssetTable.model_fields and problem.where and problem.where.part == "key":
            asset = self.form.merged.asset
            return f"move a key of the asset above the first `[[asset.{asset}.steps]]`"
        return None

    def _local(self, op: str, name: str, params: Any, inputs: tuple[Link, ...], *, where: Where) -> Link:
        step = Local(f"{self.name}:{name}", self.name, name, op, params, inputs, where)
        self.steps.append(step)
        return Link(step.id)

    def _check(self, paid: Paid, table: EditTable | None, asset: AssetTable, key: KeyPath) -> None:
        place, base = self.form.merged.where(*key), self.form.merged.where()
        if paid.settings.provider not in self.requests.tables:
            at = self.requests.origin("provider", table, asset, place, base)
            hint = did_you_mean(paid.settings.provider, sorted(self.requests.tables), "providers")
            told = f"`{self.name}` uses provider `{paid.settings.provider}`, which is not defined"
            self.problems.append(Problem(told, self._real(at, key), hint))
            return
        own = asset if table is None else table
        for flaw in flaws_of(paid):
            written = {"prompt": "prompt_file" if own.prompt is None else "prompt", "size": "request_size"}
            at = self.requests.origin(written.get(flaw.setting, flaw.setting), table, asset, place, base)
            self.problems.append(Problem(flaw.message, self._real(at, key), flaw.hint))
        if paid.pick > paid.n:
            some = f"are only {paid.n} candidates" if paid.n > 1 else "is only 1 candidate"
            hint = f"set n = {paid.pick}, or " + (f"pick one of the first {paid.n}" if paid.n > 1 else "leave it out")
            self._tell(f"`pick` of `{self.name}` is {paid.pick}, but there {some}", (*key, "pick"), hint)
        if len(paid.pictures) > MAX_PICTURES:
            self._tell(
                f"{len(paid.pictures)} pictures are sent, and at most {MAX_PICTURES} can be",
                (*key, "images"),
                None,
            )
        unknown = model_warning(paid.settings)
        if unknown:
            at = self.requests.origin("model", table, asset, place, base)
            self.unknown_models[paid.settings.model] = Problem(unknown[0], self._real(at, key), unknown[1])
        warning = size_warning(paid.size, paid.request_size) if paid.size and paid.request_size else None
        if warning:
            self.warnings.append(Problem(warning, self.form.merged.where(*key, "size")))

    def _real(self, at: Where, key: KeyPath) -> Where:
        """A setting's place with overrides and chains taken into account."""
        base = self.form.merged.where(*key)
        if at.key[: len(base.key)] == base.key and len(at.key) == len(base.key) + 1:
            return self.form.merged.where(*key, at.key[-1])
        plain = self.form.merged.where()
        if at.key[: len(plain.key)] == plain.key and len(at.key) == len(plain.key) + 1:
            return self.form.merged.where(at.key[-1])
        return at

    def _at(self, problem: Problem, key: KeyPath) -> Problem:
        return problem if problem.where else Problem(problem.message, self.form.merged.where(*key), problem.hint)

    def _tell(self, message: str, key: KeyPath, hint: str | None) -> None:
        self.problems.append(Problem(message, self.form.merged.where(*key), hint))
