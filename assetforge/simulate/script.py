"""Which call gets which fault: a script first, then chance. Unaware of what a fault does."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from assetforge.errors import UsageError
from assetforge.simulate.faults import BY_DEFAULT, FAULTS, KINDS, NONE, Fault
from assetforge.words import did_you_mean, ticked

MOST_TIMES = 1_000_000
FIELDS = ("fault", "match", "times")


@dataclass
class _Queued:
    fault: Fault
    left: int


class Script:
    """Hands out faults: what is queued, in order, each to the first call whose prompt holds its `match`; and to that
    share `rate` of the others one of `chosen`. Two scripts of one seed hand out the same."""

    def __init__(
        self,
        queued: Sequence[tuple[Fault, int]] = (),
        *,
        rate: float = 0.0,
        chosen: Sequence[Fault] = (),
        seed: int | None = None,
    ) -> None:
        self._queued = [_Queued(fault, times) for fault, times in queued]
        self._rate, self._chosen = rate, tuple(chosen)
        self._random = random.Random(seed)  # noqa: S311 - who gets a fault is no secret

    def add(self, fault: Fault, times: int) -> None:
        """Queues a fault for so many calls."""
        self._queued.append(_Queued(fault, times))

    def take(self, prompt: str) -> Fault:
        """The fault of a call; `NONE` for most."""
        for at, queued in enumerate(self._queued):
            if queued.fault.match in prompt:
                queued.left -= 1
                if not queued.left:
                    del self._queued[at]
                return queued.fault
        # Drawn for every call, so that one share's calls are among those of a larger one.
        chance = self._random.random()
        return self._random.choice(self._chosen) if self._chosen and chance < self._rate else NONE


def named(name: str) -> Fault:
    """A fault by its name. Raises UsageError."""
    found = FAULTS.get(name)
    if found is None:
        raise UsageError(f"there is no fault `{name}`", hint=did_you_mean(name, sorted(FAULTS), "faults"))
    return found


def choose(names: Sequence[str]) -> tuple[Fault, ...]:
    """Faults by names of their own or of their kinds; without names those of the kinds that are the default.

    Raises UsageError.
    """
    chosen: list[Fault] = []
    for name in names or BY_DEFAULT:
        alike = [fault for fault in FAULTS.values() if fault.kind == name]
        if not alike and name not in FAULTS:
            raise UsageError(f"there is no fault or kind `{name}`", hint=everything())
        chosen += alike or [FAULTS[name]]
    return tuple({fault.name: fault for fault in chosen}.values())


def everything() -> str:
    """The names of all kinds and faults, as a hint."""
    return f"the kinds are {ticked(KINDS)}; the faults are {ticked(FAULTS)}"


def read_script(text: str, file: str) -> list[tuple[Fault, int]]:
    """A script file: a JSON list of `{"fault": NAME, "match": TEXT, "times": N}`, the last two optional.

    Raises UsageError, with the known names where one is wrong.
    """
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise UsageError(f"`{file}` is not valid JSON: {error}") from None
    if not isinstance(rows, list):
        raise UsageError(f"`{file}` is not a list", hint=_SHAPE)
    return [_read_row(row, f"entry {at} of `{file}`") for at, row in enumerate(rows, start=1)]


_SHAPE = 'write it like [{"fault": "slow_down", "match": "lighthouse", "times": 2}]'


def _read_row(row: Any, where: str) -> tuple[Fault, int]:
    if not isinstance(row, dict) or not isinstance(row.get("fault"), str):
        raise UsageError(f"{where} names no fault", hint=_SHAPE)
    unknown = [name for name in row if name not in FIELDS]
    if unknown:
        raise UsageError(f"{where} has an unknown field {ticked(unknown)}", hint=f"there are {ticked(FIELDS)}")
    fault = FAULTS.get(row["fault"])
    if fault is None:
        hint = f"the faults are {ticked(sorted(FAULTS))}"
        raise UsageError(f"{where} names an unknown fault `{row['fault']}`", hint=hint)
    match, times = row.get("match", ""), row.get("times", 1)
    if not isinstance(match, str):
        raise UsageError(f"`match` in {where} is not text")
    if not isinstance(times, int) or isinstance(times, bool) or not 1 <= times <= MOST_TIMES:
        raise UsageError(f"`times` in {where} is not a whole number from 1")
    return replace(fault, match=match), times
