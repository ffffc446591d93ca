"""What is wrong with a paid step, or worth a warning, and where the setting at fault is written.

Unaware of how steps are made and joined.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from assetforge.errors import KeyPath, Problem, Where
from assetforge.graph.merge import Merged
from assetforge.graph.requests import Requests, flaws_of, model_warning, size_warning
from assetforge.manifest.schema import AssetTable, EditTable
from assetforge.model import Paid
from assetforge.words import did_you_mean

MAX_PICTURES = 16
# Settings that a flaw of another may come from: where one of these is told to be wrong, the other may be right.
SPOILED_BY = {"request_compression": "request_format", "size": "request_size", "request_format": "background"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A paid step with the tables its settings are from: `table` is the step's own at `key`, None of a generation.

    `left_out` are places that are told to be wrong, so that what stands in for them is not judged.
    """

    paid: Paid
    asset: AssetTable
    table: EditTable | None
    key: KeyPath
    merged: Merged
    left_out: Collection[KeyPath]

    def lacks(self, *names: str) -> bool:
        """Whether one of these keys is left out of the step."""
        return any((*self.key, name) in self.left_out for name in names)

    def is_unsettled(self, *names: str) -> bool:
        """Whether one of these settings is left out of the step or of its asset."""
        return self.lacks(*names) or any((name,) in self.left_out for name in names)


class Rules:
    """Judges paid steps by their providers and models. `today` is an ISO date, "" where nobody says which."""

    def __init__(self, requests: Requests, today: str) -> None:
        self.requests = requests
        self.today = today

    def problems(self, asked: Asked) -> Iterator[Problem]:
        """All that is wrong with a step."""
        settings = asked.paid.settings
        if settings.provider not in self.requests.tables:
            if not asked.is_unsettled("provider"):
                hint = did_you_mean(settings.provider, sorted(self.requests.tables), "providers")
                told = f"`{asked.paid.instance}` uses provider `{settings.provider}`, which is not defined"
                yield Problem(told, self._origin("provider", asked), hint)
        elif not asked.is_unsettled("provider", "model"):
            yield from self._flaws(asked)
        yield from _count_problems(asked)

    def model_warning(self, asked: Asked) -> Problem | None:
        """The warning of a model that is unknown here, or is shut down or soon will be."""
        warning = model_warning(asked.paid.settings, self.today)
        return Problem(warning[0], self._origin("model", asked), warning[1]) if warning else None

    def size_warning(self, asked: Asked) -> Problem | None:
        """The warning of a size that the model draws differently."""
        size, request_size = asked.paid.size, asked.paid.request_size
        warning = size_warning(size, request_size) if size and request_size else None
        return Problem(warning, asked.merged.where(*asked.key, "size")) if warning else None

    def _flaws(self, asked: Asked) -> Iterator[Problem]:
        own = asked.asset if asked.table is None else asked.table
        written = {"prompt": "prompt_file" if own.prompt is None else "prompt", "size": "request_size"}
        for flaw in flaws_of(asked.paid):
            own_key = flaw.setting in ("prompt", "images", "mask")
            names = (flaw.setting, SPOILED_BY.get(flaw.setting, flaw.setting))
            if not (asked.lacks(flaw.setting) if own_key else asked.is_unsettled(*names)):
                place = self._origin(written.get(flaw.setting, flaw.setting), asked)
                yield Problem(flaw.message, place, flaw.hint)

    def _origin(self, setting: str, asked: Asked) -> Where:
        """A setting's place with overrides and chains taken into account."""
        place, base = asked.merged.where(*asked.key), asked.merged.where()
        at = self.requests.origin(setting, asked.table, asked.asset, place, base)
        for key, table in ((asked.key, place), ((), base)):
            if at.key[: len(table.key)] == table.key and len(at.key) == len(table.key) + 1:
                return asked.merged.where(*key, at.key[-1])
        return at


def _count_problems(asked: Asked) -> Iterator[Problem]:
    paid = asked.paid
    if paid.pick > paid.n and not asked.lacks("n", "pick"):
        some = f"are only {paid.n} candidates" if paid.n > 1 else "is only 1 candidate"
        hint = f"set n = {paid.pick}, or " + (f"pick one of the first {paid.n}" if paid.n > 1 else "leave it out")
        told = f"`pick` of `{paid.instance}` is {paid.pick}, but there {some}"
        yield Problem(told, asked.merged.where(*asked.key, "pick"), hint)
    if len(paid.pictures) > MAX_PICTURES:
        told = f"{len(paid.pictures)} pictures are sent, and at most {MAX_PICTURES} can be"
        yield Problem(told, asked.merged.where(*asked.key, "images"))
