"""Cards from sketches: what is said of an instance, in the words of `list` and `explain`, beside its pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assetforge.check import is_placeholder
from assetforge.errors import Problem, Where
from assetforge.gallery.cards import Candidate, Card, File, Offer, Shown, Stage, State
from assetforge.gallery.previews import Darkroom
from assetforge.gallery.sketch import Asked, Drawn, Sketch
from assetforge.model import Fresh, Instance, Link, Local, Paid, Rendition
from assetforge.plan.difference import written
from assetforge.plan.forecast import Forecast, Outlook, Purchase, reasons_to_wait
from assetforge.plan.lost import lost_problem
from assetforge.plan.walk import Waiting
from assetforge.project import Project
from assetforge.report.chain import Part
from assetforge.report.chain import State as Known
from assetforge.report.foreseen import is_unmade
from assetforge.report.gathering import without_name
from assetforge.report.planned import word_of
from assetforge.workspace import Workspace

DRAFT = "draft"
FAILED = ("lost", "wrong")


@dataclass(frozen=True, slots=True)
class Teller:
    """Tells cards of one forecast, whose pictures are developed."""

    project: Project
    space: Workspace
    forecast: Forecast
    room: Darkroom
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
        return Card(
            name=instance.name, asset=instance.asset, state=self._state(instance, outlook),
            word=self._word(instance, outlook), file=file, line=line, axes=dict(instance.cell), alt=instance.alt,
            tags=instance.tags, reasons=(*self._reasons(outlook), *(() if picture else self._flaws(asked))),
            hint=self._hint(instance, outlook), picture=picture, files=files, stages=stages,
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

    def _state(self, instance: Instance, outlook: Outlook) -> State:
        if outlook.verdict == "current":
            return "fresh"
        if outlook.verdict in FAILED:
            return "failed"
        there = [step.path for step in self._outputs(instance) if self._has_file(step.path)]
        return "draft" if there and all(is_placeholder(self.space, path) for path in there) else "stale"

    def _has_file(self, path: str) -> bool:
        try:
            return bool(self.space.state.digest(path))
        except OSError:
            return False

    def _word(self, instance: Instance, outlook: Outlook) -> str:
        """As `list` says it."""
        outputs = self._outputs(instance)
        if outlook.verdict not in ("current", *FAILED) and any(
            is_placeholder(self.space, step.path) for step in outputs
        ):
            return DRAFT
        return word_of(outlook, is_new=any(is_unmade(self.space, step) for step in outputs))

    def _reasons(self, outlook: Outlook) -> tuple[str, ...]:
        return tuple(without_name(reason, outlook.instance) for reason in outlook.reasons)

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
                own = name.removeprefix(f"{instance.name}:")
                before = self.space.lock.candidate(instance.name, own, number)
                record = decision.record if isinstance(decision, Fresh) else before
                costs += [] if record is None else [record.cost]
        known = [cost for cost in costs if cost is not None]
        return sum(known, 0.0) if len(known) == len(costs) else None

    def _offers(self, outlook: Outlook) -> Iterator[Offer]:
        """What somebody could agree to buy; drafts are drawn for nothing."""
        for item in outlook.purchases:
            step = self.forecast.walk.graph.steps[item.step]
            if isinstance(step, Paid) and step.settings.kind != "draft":
                key = item.key if item.sure else ""
                yield Offer(item.step, item.candidate, key, item.price, str(item.size) if item.size else None)

    # --- its parts ---

    def _shown(self, asked: Asked | None) -> Shown | None:
        return self.room.show(asked.name, draft=asked.draft) if asked is not None and asked.name else None

    def _flaws(self, asked: Asked | None) -> tuple[str, ...]:
        """Why a picture can't be shown that is there."""
        if asked is None:
            return ()
        flaw = asked.flaw or self.room.flaw(asked.name)
        return (flaw,) if flaw else ()

    def _file(self, drawn: Drawn) -> File:
        (state,), part = drawn.part.states, drawn.part
        is_draft = drawn.after is not None and drawn.after.draft
        word = DRAFT if is_draft and state.word not in ("fails", "lost") else state.word
        reasons = (*state.reasons, *self._flaws(drawn.after))
        return File(part.step, word, reasons, self._shown(drawn.after), part.notes)

    def _stage(self, drawn: Drawn) -> Stage:
        step, part = drawn.step, drawn.part
        assert isinstance(step, Paid | Local)
        candidates = tuple(self._candidate(drawn, state) for state in part.states) if isinstance(step, Paid) else ()
        picked = next((state for state in part.states if state.picked), None)
        word, reasons = (picked.word, picked.reasons) if picked is not None else self._waits(step)
        return Stage(
            step=part.step, name=step.id.removeprefix(f"{step.instance}:"), kind=part.kind, inputs=part.inputs,
            size=part.size, word=word, reasons=(*reasons, *self._flaws(drawn.after)), settings=_settings(part),
            asked=part.asked, prompt=part.prompt, diff=picked.diff if picked is not None else (),
            before=self._shown(drawn.before), after=self._shown(drawn.after), candidates=candidates,
        )  # fmt: skip

    def _waits(self, step: Paid | Local) -> tuple[str, tuple[str, ...]]:
        """What is said of a local step, which is made whenever it can be."""
        found = self.forecast.walk.picture(Link(step.id)) if isinstance(step, Local) else None
        return ("waits", reasons_to_wait(found.on)) if isinstance(found, Waiting) else ("", ())

    def _candidate(self, drawn: Drawn, state: Known) -> Candidate:
        asked = drawn.candidates.get(state.candidate)
        decision = self.forecast.walk.paid[drawn.step.id, state.candidate].decision
        is_paid = isinstance(decision, Fresh)
        return Candidate(
            number=state.candidate, picked=state.picked, word=state.word,
            reasons=(*state.reasons, *self._flaws(asked)), picture=self._shown(asked), key=state.key,
            cost=state.cost if is_paid else None, price=None if is_paid else state.cost, date=state.date, by=state.by,
        )  # fmt: skip


def _sure(outlook: Outlook) -> Sequence[Purchase]:
    return [item for item in outlook.purchases if item.sure]


def _settings(part: Part) -> tuple[tuple[str, str], ...]:
    """Settings as TOML has them, texts without their quotes."""
    told = {name: value if isinstance(value, str) else written(value) for name, value in part.settings.items()}
    return tuple(told.items())
