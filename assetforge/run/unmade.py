"""What is said of a picture that can't be made: the step that fails, wherever in the manifest it is written."""

from assetforge.errors import Problem
from assetforge.model import Paid, Rendition, Source
from assetforge.ops.spec import OpFailed


def unmade(name: str, step: Paid | Rendition, error: Exception) -> Problem:
    """That what `step` is made from can't be made, told of as `name`. Of hundreds that go onto a sheet the one that
    fails is named."""
    failed = error.step if isinstance(error, OpFailed) else None
    hint = error.hint if isinstance(error, OpFailed) else None
    if failed is None:
        return Problem(f"`{name}`: {error}", step.where, hint)
    # What is wrong with a file names it already.
    instance = step.instance if isinstance(failed, Source) else failed.instance
    other = f"`{instance}`: " if instance != step.instance else ""
    return Problem(f"`{name}`: {other}{error}", failed.where, hint)
