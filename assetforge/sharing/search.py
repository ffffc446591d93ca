"""What a forecast lacks that a remote may have, in the order in which it is sought; unaware of who is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from assetforge.gate import Options
from assetforge.model import Media, Rendition, Stale
from assetforge.plan.forecast import Forecast
from assetforge.sharing.place import missing_keys
from assetforge.world import World


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask a remote for: paid keys, and digests whose bytes are not here, with how many these should be."""

    keys: tuple[str, ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Search:
    """What a forecast lacks that a remote may have, each asked for once. With `--locked` (`locked`) no key is: what
    the lock does not have is missing."""

    world: World
    locked: bool
    _asked: set[str] = field(default_factory=set)

    def next(self, forecast: Forecast) -> Wanted | None:
        """What to ask for now, None where nothing is left: pictures that the lock pins only when all that is made
        from them was sought."""
        keys = () if self.locked else self._new(missing_keys(forecast))
        sizes = self._sizes(self._outputs(forecast))
        if not keys and not sizes:
            sizes = self._sizes(lost.record.media for lost in forecast.lost.values())
        return Wanted(keys, sizes) if keys or sizes else None

    def _sizes(self, media: Iterable[Media]) -> dict[str, int]:
        sizes = {one.digest: one.bytes for one in media}
        return {digest: sizes[digest] for digest in self._new(sizes)}

    def _new(self, names: Iterable[str]) -> tuple[str, ...]:
        found = tuple(name for name in dict.fromkeys(names) if name not in self._asked)
        self._asked.update(found)
        return found

    def _outputs(self, forecast: Forecast) -> Iterable[Media]:
        """The outputs that the lock has, and that would be made anew."""
        for name, state in forecast.walk.files.items():
            step = forecast.walk.graph.steps[name]
            if not isinstance(state.decision, Stale) or state.action is None or not isinstance(step, Rendition):
                continue
            pinned = self.world.lock.output(step.instance, step.path, key=state.action.key)
            if pinned is not None and pinned.key == state.action.key and not self.world.reencode:
                yield pinned.media


def before_buying_again(options: Options) -> Options:
    """The same options for a first look: what the remote has is not lost."""
    return replace(options, rebuy_lost=False)
