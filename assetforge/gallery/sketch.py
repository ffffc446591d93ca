"""Which pictures tell of an instance: of each output the file that is there, of each step what went in and came out,
of each candidate its own. Asks for them, and leaves to others what is said of them.

What is not bought is shown by its draft, where one was drawn, else by what the lock has of the request before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from assetforge.check import is_placeholder
from assetforge.gallery.previews import Darkroom
from assetforge.gallery.standins import StandIns
from assetforge.model import Fresh, Instance, Link, Local, Media, Paid, Picture, Rendition, Step
from assetforge.ops.decode import read_header
from assetforge.ops.spec import OpFailed
from assetforge.ops.table import OPS, is_font
from assetforge.paths import PathError
from assetforge.plan.action import leaf
from assetforge.plan.forecast import Forecast
from assetforge.report.chain import Chains, Part
from assetforge.workspace import Workspace


class Asked(NamedTuple):
    """A picture that was asked for: its name, whether a placeholder went into it, and whether it is of an earlier
    request. Where it can't be asked for, `flaw` says why."""

    name: str
    draft: bool = False
    flaw: str = ""
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """One part of a chain with its pictures: `before` the main input's, None where all inputs are alike, `after` what
    came of it, or the output's file as it is there."""

    step: Step
    part: Part
    before: Asked | None = None
    after: Asked | None = None
    candidates: Mapping[int, Asked] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sketch:
    """An instance with its parts in the order of the chain, and its last picture before outputs scale it."""

    instance: Instance
    drawn: tuple[Drawn, ...]
    final: Asked | None


@dataclass(frozen=True, slots=True)
class Sketcher:
    """Sketches the instances of one forecast. `stand_ins` are for what waits for something."""

    space: Workspace
    forecast: Forecast
    stand_ins: StandIns
    room: Darkroom
    chains: Chains

    def sketch(self, name: str) -> Sketch:
        """One instance, its pictures asked for."""
        instance = self.forecast.walk.graph.instances[name]
        drawn = tuple(self._drawn(step, part) for step, part in self.chains.of(name))
        return Sketch(instance, drawn, self._picture(instance.final, name))

    def _drawn(self, step: Step, part: Part) -> Drawn:
        match step:
            case Rendition():
                return Drawn(step, part, after=self._file(step))
            case Paid():
                found = {state.candidate: self._candidate(step, state.candidate) for state in part.states}
                shown = {number: asked for number, asked in found.items() if asked is not None}
                before = self._picture(step.pictures[0], step.instance) if step.pictures else None
                return Drawn(step, part, before, shown.get(step.pick), shown)
            case Local():
                is_sheet = OPS[step.op].frames is not None and len(step.inputs) > 1
                before = None if is_sheet else self._picture(step.inputs[0], step.instance)
                return Drawn(step, part, before, self._picture(Link(step.id), step.instance))
            case _:
                return Drawn(step, part)

    def _picture(self, link: Link, group: str) -> Asked | None:
        """The picture of a link, or what stands in for it."""
        picture, is_earlier = self.forecast.walk.picture(link), False
        if not isinstance(picture, Picture):
            found = self.stand_ins.find(link)
            if found is None:
                return None
            picture, is_earlier = found
        if is_font(picture):
            return None
        return Asked(self.room.want(picture, group), picture.draft, earlier=is_earlier)

    def _candidate(self, step: Paid, number: int) -> Asked | None:
        state = self.forecast.walk.paid[step.id, number]
        if isinstance(state.decision, Fresh):
            return self._leaf(state.decision.record.media, step.instance)
        draft = self.space.drafts.find(state.call, number) if state.call else self.stand_ins.draft(step, number)
        if draft is not None:
            return self._leaf(draft.media, step.instance, draft=True)
        before = self.space.lock.candidate(step.instance, step.name, number)
        return self._leaf(before.media, step.instance)._replace(earlier=True) if before is not None else None

    def _leaf(self, media: Media, group: str, *, draft: bool = False, path: str = "") -> Asked:
        return Asked(self.room.want(leaf(media, draft=draft), group, path), draft)

    def _file(self, step: Rendition) -> Asked | None:
        """What is at an output's path; where nothing is, what should be, if that is here."""
        state = self.forecast.walk.files[step.id]
        try:
            digest = self.space.state.digest(step.path)
            if digest:
                media = self._media_of(step, digest)
                draft = is_placeholder(self.space, step.path)
                return self._leaf(media, step.instance, draft=draft, path=step.path)
        except (OpFailed, PathError, OSError) as error:
            told = error.strerror if isinstance(error, OSError) else None
            return Asked("", flaw=f"its picture can't be shown: {told.lower() if told else error}")
        known = state.decision.record if isinstance(state.decision, Fresh) else None
        return self._leaf(known.media, step.instance) if known is not None else None

    def _media_of(self, step: Rendition, digest: str) -> Media:
        """What is known of a file, from the lock or the store, else from its first bytes. Raises OpFailed, PathError,
        OSError."""
        state = self.forecast.walk.files[step.id]
        written = self.space.state.written.get(step.path)
        records = [state.decision.record if isinstance(state.decision, Fresh) else None]
        records.append(self.space.lock.output(step.instance, step.path))
        for known in records:
            if known is not None and known.media.digest == digest:
                return known.media
        stored = self.space.shelf.records.get(written.key) if written is not None else None
        if stored is not None and stored.media.digest == digest:
            return stored.media
        with open(self.space.root.readable(step.path, text=False), "rb") as file:
            form, size = read_header(file, step.path)
            return Media(digest, "", size.width, size.height, form, file.seek(0, 2))
