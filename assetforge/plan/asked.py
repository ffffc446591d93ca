"""What an output lacks of what it asks for, and the checks it fails, in the words that its user is told."""

from collections.abc import Iterable
from dataclasses import replace

from assetforge.errors import Problem, Where
from assetforge.model import Rendition, Size
from assetforge.ops.asked import shortfalls
from assetforge.ops.checks import Flaw


class Unmet(Exception):  # noqa: N818 - told to the user as the failure of an asset
    """An output that does not pass its checks."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def lacking(step: Rendition, size: Size) -> tuple[Problem, ...]:
    """What is missing of an output because nothing is scaled up. `size` is that of its picture before the output's
    own scaling. Raises Unmet where the output's checks ask that nothing is, OpFailed where it can't be made."""
    told = list(shortfalls(step.scale, step.encoding, size))
    if told and step.checks is not None and step.checks.no_upscale:
        refuse(step, [Flaw("no_upscale", f"{part}, and nothing is scaled up") for part in told])
    return tuple(Problem(f"`{step.path}`: {part}, since nothing is scaled up", step.where) for part in told)


def refuse(step: Rendition, flaws: Iterable[Flaw]) -> None:
    """Raises Unmet where there is a flaw, with all of them and the place of the first one's check."""
    found = list(flaws)
    if found:
        told = f"`{step.path}` fails its {'checks' if len(found) > 1 else 'check'}: "
        raise Unmet(Problem(told + "; ".join(flaw.told for flaw in found), _place(step, found[0].check)))


def _place(step: Rendition, check: str) -> Where:
    where = step.checked or step.where
    return replace(where, key=(*where.key, check))
