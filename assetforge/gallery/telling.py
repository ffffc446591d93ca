"""Cards from sketches: what is said of an instance, in the words of `list` and `explain`, beside its pictures."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from assetforge.check import is_placeholder
from assetforge.errors import Problem, Where
from assetforge.gallery.cards import Candidate, Card, File, Offer, Shown, Stage, State
from assetforge.gallery.doubts import Doubts
from assetforge.gallery.previews import Darkroom
from assetforge.gallery.sketch import Asked, Drawn, Sketch
from assetforge.model import Fresh, Instance, Link, Local, Paid, Record, Rendition, Step
from assetforge.outputs.place import Places
from assetforge.paths import PathError
from assetforge.plan.difference import written
from assetforge.plan.forecast import Forecast, Outlook, Purchase, reasons_to_wait
from assetforge.plan.lost import lost_problem
from assetforge.plan.walk import Waiting
from assetforge.project import Project
from assetforge.report.chain import Part
from assetforge.report.chain import State as Known
from assetforge.report.excerpt import harmless
from assetforge.report.foreseen import is_unmade
from assetforge.report.gathering import without_name
from assetforge.report.planned import WORDS, word_of
from assetforge.workspace import Workspace

DRAFT = "draft"
FAILED = ("lost", "wrong")
# What `list` says of an instance, as a badge; of all else a build would do something.
STATES: Mapping[str, State] = {
    "current": "fresh",
    DRAFT: "draft",
    **dict.fromkeys((WORDS[one] for one in FAILED), "failed"),
}
YOURS = "yours"
WHOSE = "it was not made here, or was changed since"


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells cards of one forecast, whose pictures are developed. Whatever is no text for people to read as they wrote
    it can't turn the order of what follows it."""

    project: Project
    space: Workspace
    forecast: Forecast
    room: Darkroom
    places: Places
    doubts: Doubts
    _lines: dict[Where, tuple[str, int]] = field(default_factory=dict)

    def card(self, sketch: Sketch) -> Card:
        """One instance as a card."""
        instance, outlook = sketch.instance, self.forecast.outlooks[sketch.instance.name]
        drawn = sketch.drawn
        files = tuple(self._file(one) for one in drawn if isinstance(one.step, Rendition))
        stages = tuple(self._stage(one) for one in drawn if not isinstance(one.step, Rendition))
        asked = next((one.after for one in drawn if isinstance(one.step, Rendition) and one.after), sketch.final)
        last = next((stage.after for stage in reversed(stages) if stage.after is not None), None)
        picture = self._shown(asked) or next((file.picture for file in files if file.picture is not None), last)
        file, line = self._place(instance.where)
        low, high = (sum((item.price or 0.0 for item in some), 0.0) for some in (_sure(outlook), outlook.purchases))
        hint = self._hint(instance, outlook)
        word, flaws = self._word(instance, outlook), () if picture else self._flaws(asked)
        return Card(
            name=harmless(instance.name), asset=harmless(instance.asset), state=STATES.get(word, "stale"), word=word,
            file=harmless(file), line=line, alt=instance.alt, tags=_safe(instance.tags),
            axes={harmless(axis): harmless(value) for axis, value in instance.cell.items()},
            reasons=_safe((*self._reasons(outlook), *flaws)),
            hint=None if hint is None else harmless(hint), picture=picture, files=files, stages=stages,
            cost=self._cost(instance), low=low, high=high,
            unpriced=sum(item.price is None for item in outlook.purchases), offers=tuple(self._offers(outlook)),
        )  # fmt: skip

    # --- the instance ---

    def _place(self, where: Where) -> tuple[str, int]:
        if where not in self._lines:
            place = self.project.place_of(Problem("", where))
            self._lines[where] = (where.file, place.line if place is not None else where.line or 0)
        return self._lines[where]

    def _outputs(self, instance: Instance) -> list[Rendition]:
        steps = (self.forecast.walk.graph.steps[name] for name in instance.outputs)
        return [step for step in steps if isinstance(step, Rendition)]

    def _word(self, instance: Instance, outlook: Outlook) -> str:
        """As `list` says it."""
        outputs = self._outputs(instance)
        if outlook.verdict not in ("current", *FAILED) and any(
            is_placeholder(self.space, step.path) for step in outputs
        ):
            return DRAFT
        return word_of(outlook, is_new=any(is_unmade(self.space, step) for step in outputs))

    def _reasons(self, outlook: Outlook) -> Iterator[str]:
        yield from (without_name(reason, outlook.instance) for reason in outlook.reasons)
        yield from self.doubts.of(item.key for item in outlook.purchases)

    def _hint(self, instance: Instance, outlook: Outlook) -> str | None:
        """What to do about a failure."""
        if outlook.verdict == "lost":
            steps = self.forecast.walk.graph.steps
            found = ((steps[name], what) for (name, _), what in self.forecast.lost.items() if name in instance.paid)
            return next((lost_problem(step, what).hint for step, what in found), None)
        if outlook.verdict != "wrong":
            return None
        blocked = (one.problem for one in self.forecast.blocked if one.instance == instance.name)
        return next((problem.hint for problem in blocked), None)

    def _cost(self, instance: Instance) -> float | None:
        """What the pictures cost that it has, those of an earlier request too; None where nobody knows of some."""
        costs = []
        for name in instance.paid:
            for number in sorted(self.forecast.walk.wanted.get(name, ())):
                decision = self.forecast.walk.paid[name, number].decision
                step = self.forecast.walk.graph.steps[name]
                record = decision.record if isinstance(decision, Fresh) else self._before(step, number)
                costs += [] if record is None else [record.cost]
        known = [cost for cost in costs if cost is not None]
        return sum(known, 0.0) if len(known) == len(costs) else None

    def _before(self, step: Step, number: int) -> Record | None:
        """What the lock has for a candidate, of whatever request."""
        return self.space.lock.candidate(step.instance, step.name, number) if isinstance(step, Paid) else None

    def _offers(self, outlook: Outlook) -> Iterator[Offer]:
        """What somebody could agree to buy; drafts are drawn for nothing."""
        for item in outlook.purchases:
            step = self.forecast.walk.graph.steps[item.step]
            if isinstance(step, Paid) and step.settings.kind != "draft":
                key = item.key if item.sure else ""
                yield Offer(
                    harmless(item.step), item.candidate, key, item.price, str(item.size) if item.size else None
                )

    # --- its parts ---

    def _shown(self, asked: Asked | None) -> Shown | None:
        return self.room.show(asked.name, draft=asked.draft) if asked is not None and asked.name else None

    def _flaws(self, asked: Asked | None) -> tuple[str, ...]:
        """Why a picture can't be shown that is there. What today's steps can't make of an earlier picture is none."""
        if asked is None or (asked.earlier and not self.room.is_file(asked.name)):
            return ()
        flaw = asked.flaw or self.room.flaw(asked.name)
        return (flaw,) if flaw else ()

    def _file(self, drawn: Drawn) -> File:
        (state,), part, step = drawn.part.states, drawn.part, drawn.step
        assert isinstance(step, Rendition)
        is_draft = drawn.after is not None and drawn.after.draft
        word, why = (DRAFT if is_draft else state.word), state.reasons
        if self._is_users(step):
            word, why = YOURS, (*why, WHOSE)
        if state.word in (WORDS[one] for one in FAILED):
            word = state.word
        reasons = _safe((*why, *self._flaws(drawn.after)))
        return File(harmless(part.step), word, reasons, self._shown(drawn.after), _safe(part.notes))

    def _is_users(self, step: Rendition) -> bool:
        """Whether a file of the user's own is where an output should be."""
        decision = self.forecast.walk.files[step.id].decision
        known = decision if isinstance(decision, Fresh) else None
        if known is not None and known.origin == "file":
            return False
        with suppress(PathError, OSError):
            real = self.places.real(step.path, {})
            return self.places.is_users(step.path, real, known.record.media.digest if known is not None else "")
        return False

    def _stage(self, drawn: Drawn) -> Stage:
        step, part = drawn.step, drawn.part
        assert isinstance(step, Paid | Local)
        candidates = tuple(self._candidate(drawn, state) for state in part.states) if isinstance(step, Paid) else ()
        picked = next((state for state in part.states if state.picked), None)
        word, reasons = (picked.word, picked.reasons) if picked is not None else self._waits(step)
        return Stage(
            step=harmless(part.step), name=harmless(step.id.removeprefix(f"{step.instance}:")), kind=part.kind,
            inputs=_safe(part.inputs), size=part.size, word=word,
            reasons=_safe((*reasons, *self._flaws(drawn.after))),
            settings=_settings(part), asked=part.asked, prompt=part.prompt,
            diff=picked.diff if picked is not None else (), before=self._shown(drawn.before),
            after=self._shown(drawn.after), earlier=drawn.after is not None and drawn.after.earlier,
            candidates=candidates,
        )  # fmt: skip

    def _waits(self, step: Paid | Local) -> tuple[str, tuple[str, ...]]:
        """What is said of a local step, which is made whenever it can be."""
        found = self.forecast.walk.picture(Link(step.id)) if isinstance(step, Local) else None
        return ("waits", reasons_to_wait(found.on)) if isinstance(found, Waiting) else ("", ())

    def _candidate(self, drawn: Drawn, state: Known) -> Candidate:
        asked = drawn.candidates.get(state.candidate)
        is_paid = isinstance(self.forecast.walk.paid[drawn.step.id, state.candidate].decision, Fresh)
        told = Candidate(
            number=state.candidate, picked=state.picked, word=state.word,
            reasons=_safe((*state.reasons, *self._flaws(asked))), picture=self._shown(asked), key=state.key,
            digest=state.digest, cost=state.cost if is_paid else None, price=None if is_paid else state.cost,
            date=state.date, by=state.by,
        )  # fmt: skip
        before = self._before(drawn.step, state.candidate) if asked is not None and asked.earlier else None
        if before is None:
            return told
        return replace(told, earlier=True, key=before.key, digest=before.media.digest, cost=before.cost,
                       date=before.made[:10], by=before.by)  # fmt: skip


def _safe(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(harmless, texts))


def _sure(outlook: Outlook) -> Sequence[Purchase]:
    return [item for item in outlook.purchases if item.sure]


def _settings(part: Part) -> tuple[tuple[str, str], ...]:
    """Settings as TOML has them, texts without their quotes."""
    told = {name: value if isinstance(value, str) else written(value) for name, value in part.settings.items()}
    return tuple(told.items())
