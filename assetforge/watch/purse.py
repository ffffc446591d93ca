"""What may be spent for as long as a watch runs, in US dollars; unaware of what is bought."""

from assetforge.events import CallStarted, Event, Listener
from assetforge.model import Report


class Purse:
    """A limit over many builds. What a build may spend is set aside while it runs, so that two at once stay within
    the limit together."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.spent = 0.0
        self._set_aside = 0.0

    @property
    def set_aside(self) -> float:
        """What builds under way may still spend."""
        return self._set_aside

    @property
    def left(self) -> float:
        """What the next build may spend."""
        return max(self.limit - self.spent - self._set_aside, 0.0)

    def open(self, amount: float) -> "Portion":
        """Sets an amount aside for one build, at most what is left."""
        portion = Portion(self, min(amount, self.left))
        self._set_aside += portion.amount
        return portion

    def close(self, portion: "Portion", spent: float) -> None:
        """A build ended, and spent so much."""
        self._set_aside -= portion.amount
        self.spent += spent


class Portion:
    """The part of a purse that one build may spend."""

    def __init__(self, purse: Purse, amount: float) -> None:
        self._purse = purse
        self.amount = amount
        self._has_called = False

    def hearing(self, listen: Listener) -> Listener:
        """A build's listener that notes whether a call left at all."""

        def hear(event: Event) -> None:
            self._has_called = self._has_called or isinstance(event, CallStarted)
            listen(event)

        return hear

    def settle(self, report: Report | None) -> None:
        """The build ended; without a report nobody knows what its calls cost, so they count with all of it. A call
        that gave nothing counts with what it may have cost."""
        unknown = self.amount if self._has_called else 0.0
        self._purse.close(self, unknown if report is None else report.spent + report.doubtful)
