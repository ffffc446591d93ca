"""The graph walked once: each step bound to its inputs, keyed and decided, as far as what is known reaches.

Pure but for the look-ups passed in. `build` walks before it runs anything and again whenever something was made:
what was not known then is known now.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

from assetforge.errors import Problem
from assetforge.graph.wiring import BRIDGE
from assetforge.model import (
    Action,
    Call,
    Decision,
    Drafted,
    Fresh,
    Graph,
    Link,
    Local,
    Media,
    Origin,
    Paid,
    Picture,
    Record,
    Rendition,
    Size,
    Source,
    Stale,
    Step,
    Unknown,
)
from assetforge.ops.fontfile import FontFile
from assetforge.ops.masks import drawn_mask_flaw
from assetforge.ops.spec import OpFailed
from assetforge.ops.table import OPS, is_font
from assetforge.plan.action import (
    bind_local,
    bind_paid,
    bind_rendition,
    expected_size,
    leaf,
    requested_size,
)
from assetforge.plan.asked import Unmet, lacking
from assetforge.plan.descent import Memory
from assetforge.plan.rebuild import FileEvidence, PaidEvidence, decide_paid, decide_rendition, drafted
from assetforge.providers.models import rules_of
from assetforge.words import byte_size

OnMiss = Literal["call", "draft", "fail"]
PIXEL_SIZED = 'give the edit a `size`, or put a `pad` before it, or a `resize` with fit = "contain"'
ASK_OTHERWISE = "change the prompt or the pictures, or build with --retry-refused"


class Lookups(Memory, Protocol):
    """What the walk asks of the world."""

    def look_ahead(self, steps: Iterable[Source]) -> None: ...
    def source(self, step: Source) -> Media | Problem: ...
    def pixels(self, media: Media) -> str: ...
    def paid(self, step: Paid, action: Action) -> PaidEvidence: ...
    def rendition(self, step: Rendition, action: Action) -> FileEvidence: ...
    def draft(self, call: Call, candidate: int) -> Record | None: ...
    def has_bytes(self, digest: str) -> bool: ...
    def pointer(self, digest: str) -> str: ...
    def mask_flaw(self, media: Media) -> str | None: ...
    def font(self, media: Media) -> FontFile: ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """A picture whose ingredients are not known yet: the paid steps it waits on, and the size it should have."""

    on: tuple[str, ...]
    size: Size | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A picture that can't be: what is wrong with it."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class PaidState:
    """One candidate of a paid step: its action and decision, the call that would buy it, and the size it asks for,
    or should ask for where its input is not made yet."""

    action: Action | None
    decision: Decision
    call: Call | None
    size: Size | None


@dataclass(frozen=True, slots=True)
class FileState:
    """One rendition: its action and decision, the picture to encode, and the digest of the file that is there, ""
    where there is none, or where nobody looked. `remarks` are what it lacks of what it asks for, as far as sizes
    tell it."""

    action: Action | None
    decision: Decision
    picture: Picture | None
    file: str = ""
    remarks: tuple[Problem, ...] = ()


class Walk:
    """Everything known of the steps so far. `wanted` maps paid steps to the candidates that are needed."""

    def __init__(self, graph: Graph, lookups: Lookups, on_miss: OnMiss, wanted: Mapping[str, frozenset[int]]) -> None:
        self.graph = graph
        self.lookups = lookups
        self.on_miss = on_miss
        self.wanted = wanted
        self.paid: dict[tuple[str, int], PaidState] = {}
        self.files: dict[str, FileState] = {}
        self.refused: dict[str, Problem] = {}
        self._pictures: dict[Link, Picture | Waiting | Refused] = {}
        self._calls: dict[str, Call] = {}
        self._recipes: dict[str, Any] = {}

    def visit(self, step: Step) -> None:
        """Binds and decides one step; its inputs were visited before."""
        match step:
            case Source():
                found = self.lookups.source(step)
                self._set(step.id, Refused(found) if isinstance(found, Problem) else leaf(found, source=step))
            case Local():
                self._set(step.id, self._local(step))
            case Paid():
                self._paid(step)
            case Rendition():
                self.files[step.id] = self._file(step)

    def learn(self, step: str, candidate: int, record: Record, origin: Origin = "store") -> None:
        """A candidate was made, or found: from now on its picture is known."""
        state = self.paid[step, candidate]
        paid = self.graph.steps[step]
        assert isinstance(paid, Paid)
        is_draft = isinstance(state.decision, Drafted)
        decision: Decision = Drafted(record, state.decision.reasons) if is_draft else Fresh(record, origin)  # type: ignore[union-attr]
        self.paid[step, candidate] = PaidState(state.action, decision, state.call, state.size)
        self._pictures[Link(step, candidate)] = _leaf_of(paid, state.action, record, draft=is_draft)

    def picture(self, link: Link) -> Picture | Waiting | Refused:
        return self._pictures[link]

    def _set(self, step: str, picture: Picture | Waiting | Refused) -> None:
        self._pictures[Link(step)] = picture
        if isinstance(picture, Refused):
            self.refused[step] = picture.problem

    def _inputs(self, links: Sequence[Link]) -> list[Picture] | Waiting | Refused:
        found = [self._pictures[link] for link in links]
        refused = [picture for picture in found if isinstance(picture, Refused)]
        if refused:
            return refused[0]
        waiting = [name for picture in found if isinstance(picture, Waiting) for name in picture.on]
        if waiting:
            return Waiting(tuple(dict.fromkeys(waiting)))
        return [picture for picture in found if isinstance(picture, Picture)]

    def _sizes(self, links: Sequence[Link]) -> list[Size | None]:
        """The sizes that pictures have, or should have when they are made."""
        found = [self._pictures[link] for link in links]
        return [None if isinstance(picture, Refused) else picture.size for picture in found]

    def _local(self, step: Local) -> Picture | Waiting | Refused:
        inputs = self._inputs(step.inputs)
        if isinstance(inputs, Refused):
            return inputs
        before = self._calls.get(step.inputs[0].step)
        try:
            made: Picture | Waiting
            if isinstance(inputs, Waiting):
                made = Waiting(inputs.on, expected_size(step, self._sizes(step.inputs)))
            else:
                made = bind_local(step, inputs, before.size if before else None)
            self._prove(step)
        except OpFailed as error:
            return Refused(Problem(f"`{step.instance}`: {error}", step.where, error.hint))
        return made

    def _prove(self, step: Local) -> None:
        """Raises OpFailed for what a step asks for and can't be, whatever the picture will show."""
        prove = None if step.op == BRIDGE else OPS[step.op].prove
        if prove is not None:
            found = [self._pictures[link] for link in step.inputs[1:]]
            media = [picture.media for picture in found if isinstance(picture, Picture) and is_font(picture)]
            if not all(self.lookups.has_bytes(one.digest) for one in media if one is not None):
                return  # what is not here yet is proven when it is made
            fonts = [self.lookups.font(one) for one in media if one is not None]
            prove(step.params, self._sizes(step.inputs[:1])[0], fonts)

    def _paid(self, step: Paid) -> None:
        inputs = self._inputs(step.pictures)
        masks = self._inputs([step.mask]) if isinstance(step.mask, Link) else []
        flaw = self._mask_flaw(step, masks)
        if flaw is not None:
            place = replace(step.where, key=(*step.where.key, "mask"))
            self._refuse(step, Problem(f"`{step.instance}`: {flaw[0]}", place, flaw[1]))
            return
        large = _too_large(step, [self._pictures[link] for link in step.inputs])
        if large is not None:
            self._refuse(step, Problem(f"`{step.instance}`: {large}", step.where, "scale it down first"))
            return
        for found in (inputs, masks):
            if not isinstance(found, list):
                self._unknown(step, found, requested_size(step, self._sizes(step.pictures)))
                return
        assert isinstance(inputs, list)
        assert isinstance(masks, list)
        size = requested_size(step, [picture.size for picture in inputs])
        if size is None:
            told = f"`{step.instance}`: the size of the picture that `{step.name}` edits depends on its pixels"
            self._refuse(step, Problem(told, step.where, PIXEL_SIZED))
            return
        mask = masks[0] if masks else None
        try:
            call, actions = bind_paid(step, size, inputs, mask, pixels=self.lookups.pixels, known=self._recipes)
        except OpFailed as error:
            self._refuse(step, Problem(f"`{step.instance}`: {error}", step.where, error.hint))
            return
        self._calls[step.id] = call
        made_of_draft = any(picture.draft for picture in (*inputs, *masks))
        for action in actions:
            if action.candidate in self.wanted.get(step.id, ()):
                self._candidate(step, action, call, made_of_draft=made_of_draft)

    def _refuse(self, step: Paid, problem: Problem) -> None:
        self._unknown(step, Refused(problem), None)

    def _mask_flaw(self, step: Paid, masks: list[Picture] | Waiting | Refused) -> tuple[str, str] | None:
        """What is wrong with a mask, and what to do, as soon as it can be told: also before its picture is made."""
        if step.mask is None:
            return None
        size = self._sizes(step.pictures[:1])[0]
        if not isinstance(step.mask, Link):
            flaw = drawn_mask_flaw(step.mask, size) if size is not None else None
            return None if flaw is None else (flaw, "draw it on the part that is to be edited")
        mask = masks[0] if isinstance(masks, list) else None
        if mask is not None and size is not None and mask.size not in (None, size):
            return f"the mask is {mask.size}, and the picture it is for is {size}", "make both the same size"
        flaw = self.lookups.mask_flaw(mask.media) if mask is not None and mask.media is not None else None
        return (
            None if flaw is None else (flaw, "make what is to be edited transparent, or black in a grey-scale mask")
        )

    def _candidate(self, step: Paid, action: Action, call: Call, *, made_of_draft: bool) -> None:
        evidence = self.lookups.paid(step, action)
        decision = decide_paid(action, evidence)
        if isinstance(decision, Stale) and self.on_miss == "draft":
            decision = drafted(decision, self.lookups.draft(call, action.candidate))
        self.paid[step.id, action.candidate] = PaidState(action, decision, call, call.size)
        known = decision.record if isinstance(decision, Fresh | Drafted) else None
        link = Link(step.id, action.candidate)
        if isinstance(decision, Stale) and evidence.refused and self.on_miss == "call":
            self.refused[step.id] = Problem(f"`{step.id}`: {evidence.refused}", step.where, ASK_OTHERWISE)
            self._pictures[link] = Refused(self.refused[step.id])
            return
        if known is None:
            self._pictures[link] = Waiting((step.id,), call.size)
        else:
            is_draft = isinstance(decision, Drafted) or made_of_draft
            self._pictures[link] = _leaf_of(step, action, known, draft=is_draft)

    def _unknown(self, step: Paid, why: Waiting | Refused | Any, size: Size | None) -> None:
        picture = Waiting(why.on, size) if isinstance(why, Waiting) else why
        for candidate in sorted(self.wanted.get(step.id, ())):
            self._pictures[Link(step.id, candidate)] = picture
            if isinstance(why, Refused):
                self.refused[step.id] = why.problem
            waiting = why.on if isinstance(why, Waiting) else ()
            self.paid[step.id, candidate] = PaidState(None, Unknown(waiting), None, size)

    def _file(self, step: Rendition) -> FileState:
        inputs = self._inputs(step.inputs)
        if isinstance(inputs, Refused):
            self.refused[step.id] = inputs.problem
            return FileState(None, Unknown(()), None)
        try:
            remarks = self._lacking(step)
            if isinstance(inputs, Waiting):
                return FileState(None, Unknown(inputs.on), None, remarks=remarks)
            picture, action = bind_rendition(step, inputs[0])
        except OpFailed as error:
            self.refused[step.id] = Problem(f"`{step.instance}`: {error}", step.where, error.hint)
        except Unmet as error:
            self.refused[step.id] = error.problem
        else:
            evidence = self.lookups.rendition(step, action)
            decision = decide_rendition(
                action, evidence, picture=picture, instance=step.instance, memory=self.lookups
            )
            return FileState(action, decision, picture, evidence.file, remarks)
        return FileState(None, Unknown(()), None)

    def _lacking(self, step: Rendition) -> tuple[Problem, ...]:
        """What an output lacks of the size it asks for, where sizes tell it. Raises OpFailed, and Unmet."""
        size = self._sizes(step.inputs)[0]
        return () if size is None else lacking(step, size)


def _leaf_of(step: Paid, action: Action | None, record: Record, *, draft: bool) -> Picture:
    is_modelled = not (draft or step.settings.kind == "draft" or record.by == "by hand")
    model = (record.model or step.settings.model) if is_modelled else ""
    return leaf(record.media, models=(model,) if model else (), draft=draft, action=action)


def _too_large(step: Paid, pictures: Sequence[Picture | Waiting | Refused]) -> str | None:
    """What is over the model's limit of bytes, of the files that are sent, as far as they are known by now."""
    rules = rules_of(step.settings.kind, step.settings.model)
    files = (one.media for one in pictures if isinstance(one, Picture) and one.media is not None)
    large = next((one for one in files if rules is not None and one.bytes >= rules.max_picture_bytes), None)
    if large is None or rules is None:
        return None
    return (
        f"a picture of {byte_size(large.bytes)} would be sent, and must be under {byte_size(rules.max_picture_bytes)}"
    )
