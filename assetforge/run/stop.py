"""The wish to stop a build, for who listens to signals; unaware of what is under way."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A wish is made before there is anything to stop, and without loading it.
    from assetforge.run.execute import Workshop


class Stop:
    """A wish to stop: nothing new is started, what is paid for is kept. A second wish ends the build at once."""

    def __init__(self) -> None:
        self.asked = False
        self.workshop: Workshop | None = None

    def ask(self) -> None:
        self.asked = True
        if self.workshop is not None:
            self.workshop.stop()

    def attend(self, workshop: "Workshop") -> None:
        """From now on this is what a wish stops; one that was heard before stops it before it begins."""
        self.workshop = workshop
        if self.asked:
            workshop.stop()
