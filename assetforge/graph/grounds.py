"""What is cut out of bought pictures afterwards, so that a placeholder has it too; unaware of how one is drawn."""

from collections.abc import Mapping
from dataclasses import replace

from assetforge.model import Local, Paid, Step


def with_grounds(steps: Mapping[str, Step]) -> dict[str, Step]:
    """The same steps, those with a `cutout` after them told its colour. `steps` are in order; where several follow,
    the first counts. Other local steps may stand between; what another paid step makes has a ground of its own."""
    found: dict[str, str] = {}
    if not any(isinstance(step, Local) and step.op == "cutout" for step in steps.values()):
        return dict(steps)
    for step in reversed(list(steps.values())):
        if isinstance(step, Local) and step.inputs:
            color = str(step.params.color) if step.op == "cutout" else found.get(step.id)
            if color is not None:
                found[step.inputs[0].step] = color
    return {
        name: replace(step, ground=found[name]) if isinstance(step, Paid) and name in found else step
        for name, step in steps.items()
    }
