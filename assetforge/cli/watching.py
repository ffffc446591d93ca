"""A watch on a terminal: one display a round, its problems, and one line of what it did, with the time."""

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from assetforge.cli.options import Run
from assetforge.cli.progress import Progress, open_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from assetforge.errors import Problem
    from assetforge.events import Event, Listener, Placed
    from assetforge.live.desk import Purchase
    from assetforge.model import Report
    from assetforge.project import Project
    from assetforge.watch.loop import Outcome


class Terminal:
    """Tells of rounds on the console, of each with a `line` that sums it up, "" for none. It stands in for the
    round's own display where signals are told of."""

    def __init__(self, run: Run, line: "Callable[[Report, Sequence[Placed]], str]") -> None:
        self._run = run
        self._line = line
        self._progress = Progress(run.console, run.shown)
        # The warnings of the round before, and of this one.
        self._told: frozenset[Problem] = frozenset()
        self._warned: dict[Problem, None] = {}
        # Whether anything is under way.
        self.is_busy: Callable[[], bool] = lambda: False
        # What is done where the process ends at once.
        self.last_wish: Callable[[], None] = lambda: None

    def begin(self, project: "Project") -> "Listener":
        """A round begins."""
        self._run.project = project
        self._progress = open_progress(self._run.console, self._run.shown)
        self._progress.__enter__()
        self._warned = {}
        return self._hear

    def end(self, outcome: "Outcome") -> bool:
        """That round is over; tells whether it wrote a file."""
        self._progress.leave()
        report, placed = outcome.report, self._progress.placed
        self._tell_problems(outcome)
        if self._run.console.as_json:
            self._emit(outcome)
        elif report is not None and not outcome.overtaken and (line := self._line(report, placed)):
            self._run.console.print(f"{clock()}  {line}")
        return bool(placed or (report is not None and report.emitted))

    def _hear(self, event: "Event") -> None:
        """What happens in a round. A warning is told when it is new: a round may build twice, and the next one finds
        the same."""
        from assetforge.events import Warned

        if isinstance(event, Warned):
            is_told = event.problem in self._told or event.problem in self._warned
            self._warned[event.problem] = None
            if is_told and not self._run.console.as_json:
                return
        self._progress.hear(event)

    def say(self, text: str) -> None:
        """A line of its own; of a wish to stop only where there is something to stop."""
        if self.is_busy():
            self._progress.say(text)

    def tell(self, text: str) -> None:
        """A line of its own, with the time."""
        self._progress.say(f"{clock()}  {text}")

    def tell_url(self, url: str) -> None:
        """Where the page is: for whoever sits here, and for no file. A quiet terminal is told as well."""
        self._run.console.err.write(f"{url}\n" if self._run.console.quiet else f"look at {url}\n")
        self._run.console.err.flush()

    def hear_beside(self, event: "Event") -> None:
        """What is bought beside the rounds."""
        from assetforge.events import CallFailed, CallFinished, CallRetried, Placed
        from assetforge.report.underway import named, told_end

        match event:
            case Placed() | CallFinished() | CallFailed():
                self.tell(told_end(event, self._run.shown))
            case CallRetried(_, step, candidates, reason, _):
                self.tell(f"asking for {named(step, candidates)} again: {reason}")
            case _:
                pass

    def tell_purchase(self, purchase: "Purchase") -> None:
        """What an approval on the page came to: why there is nothing, and as JSON all of it."""
        from assetforge.report.built import report_object

        report = purchase.report
        if self._run.console.as_json:
            told = {"built": report is not None, "overtaken": False, "approved": purchase.name}
            told |= {} if report is None else report_object(report, purchase.placed)
            self._run.emit_row("watch", told, warnings=purchase.warnings, errors=purchase.problems)
        else:
            self._run.show("warning", purchase.warnings)
            self._run.show("error", purchase.problems)

    def fault(self, error: Exception) -> None:
        """A bug of ours that the page met: told here, and the watch goes on."""
        from assetforge.cli.bug import without_secrets, write_bug_report

        environ = self._run.console.environ
        told = without_secrets(f"{type(error).__name__}: {error}", environ).split("\n")[0]
        with suppress(OSError):
            path = write_bug_report(error, self._run.command, environ)
            told += f"; put {path} into an issue"
        self.tell(f"this is a bug in assetforge: {told}")

    def abandon(self, words: str) -> None:
        """Last words, a moment before the process ends."""
        self.last_wish()
        self._progress.abandon(words)

    def _tell_problems(self, outcome: "Outcome") -> None:
        """Errors as often as they are there, warnings when they are new."""
        if self._run.console.as_json:
            return
        report, early = outcome.report, self._progress.early
        if outcome.overtaken:
            self._told |= frozenset(early)
            return
        of_manifest = report.warnings if report else ()
        new = [one for one in dict.fromkeys((*of_manifest, *self._progress.warnings)) if one not in self._told]
        self._told = frozenset((*of_manifest, *self._warned))
        from assetforge.report.built import problems_of

        self._run.show("warning", new)
        errors = (*outcome.problems, *(problems_of(report) if report else ()))
        self._run.show("error", errors)
        if outcome.problems:
            self._run.console.tell(f"{clock()}  waiting for a change")

    def _emit(self, outcome: "Outcome") -> None:
        from assetforge.report.built import report_object

        report, placed = outcome.report, self._progress.placed
        told = {"built": report is not None, "overtaken": outcome.overtaken}
        told |= {} if report is None else report_object(report, placed)
        failures = tuple(failure.problem for failure in report.failed) if report else ()
        errors = (*outcome.problems, *failures)
        warnings = dict.fromkeys((*(report.warnings if report else ()), *self._warned))
        self._run.emit_row("watch", told, warnings=warnings, errors=errors)


def clock() -> str:
    """The time of day where the user is."""
    return time.strftime("%H:%M:%S")
