"""One instance explained: its chain, part by part, what a build would do for it, for how much, and why."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from assetforge.events import Listener
from assetforge.gate import Options
from assetforge.model import Instance, Rendition
from assetforge.plan.forecast import Forecast, Outlook
from assetforge.project import Project
from assetforge.prospect import foreseen
from assetforge.report.chain import Chains, Part
from assetforge.report.foreseen import is_unmade
from assetforge.report.planned import reasons_of, word_of


@dataclass(frozen=True, slots=True)
class Explanation:
    """An instance with its parts, in the order of the chain."""

    instance: Instance
    outlook: Outlook
    parts: tuple[Part, ...]
    low: float
    high: float
    word: str
    reasons: tuple[str, ...]


def explain(project: Project, name: str, options: Options, listen: Listener) -> Explanation:
    """Explains one instance. Raises AssetforgeError where the manifest is wrong."""
    graph = project.graph(options.profile)
    with project.workspace(listen) as space:
        world = space.world(trusting=not options.verify)
        forecast = _unbought(foreseen(graph, world, options, (name,), space.prices), name)
        instance = graph.instances[name]
        parts = tuple(part for _, part in Chains(forecast).of(name))
        outlook = forecast.outlooks[name]
        files = (graph.steps[output] for output in instance.outputs)
        is_new = any(isinstance(step, Rendition) and is_unmade(space, step) for step in files)
        return Explanation(
            instance, outlook, parts, forecast.low, forecast.high, word_of(outlook, is_new=is_new),
            reasons_of(forecast, outlook),
        )  # fmt: skip


def _unbought(forecast: Forecast, name: str) -> Forecast:
    """For an asset that is known to fail nothing is bought."""
    outlook = forecast.outlooks[name]
    if outlook.verdict != "wrong":
        return forecast
    outlooks = {**forecast.outlooks, name: replace(outlook, purchases=())}
    return replace(forecast, purchases=(), low=0.0, high=0.0, unpriced=0, outlooks=outlooks)


def explanation_object(told: Explanation) -> dict[str, Any]:
    """An explanation as JSON."""
    instance = told.instance
    return {
        "instance": instance.name,
        "asset": instance.asset,
        "axes": dict(instance.cell),
        "alt": instance.alt,
        "tags": list(instance.tags),
        "meta": dict(instance.meta),
        "state": told.word,
        "reasons": list(told.reasons),
        "cost": {"low": told.low, "high": told.high},
        "parts": [asdict(part) for part in told.parts],
    }
