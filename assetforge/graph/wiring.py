"""What the steps of one instance have to do with files and with other instances: links, looked up by text."""

from typing import Any

from assetforge.errors import ManifestError, Problem, Where
from assetforge.graph.matrix import Cell
from assetforge.graph.references import BadReference, Index, Reference, is_reference, only, parse_reference
from assetforge.manifest.reading import Reading
from assetforge.model import Link, Local, Paid, Source, Step
from assetforge.paths import PathError
from assetforge.words import ticked

# Not an operation: another instance's image under a name that can be linked to before that instance is made.
BRIDGE = "_same"


class Wiring:
    """Turns texts into links and remembers what they need: source files, and images of other instances.

    `fits` is filled by each assembly: the paid steps whose answer is fitted, which candidates are taken from.
    """

    def __init__(self, index: Index, reading: Reading) -> None:
        self.index = index
        self.reading = reading
        self.sources: dict[str, Source] = {}
        self.finals: set[str] = set()
        self.candidates: dict[Link, Where] = {}
        self.fits: dict[tuple[str, str], tuple[Paid, Any]] = {}
        self._problems: dict[str, ManifestError | None] = {}

    def links(self, text: str, cell: Cell, instance: str, where: Where) -> list[Link]:
        """The pictures a text stands for: one file, or the images a reference means. Raises ManifestError."""
        if not is_reference(text):
            return [self._source(text, where)]
        try:
            reference = parse_reference(text)
            names = self.index.find(reference, cell)
        except BadReference as error:
            raise ManifestError([Problem(f"`{instance}` refers to {error.message}", None, error.hint)]) from None
        return [self._link(name, reference, where) for name in names]

    def only(self, links: list[Link], text: str) -> list[Link]:
        """The same where just one picture can be meant. Raises ManifestError where it is several."""
        try:
            only([link.step.removesuffix(":final") for link in links], text)
        except BadReference as error:
            hint = error.hint
            raise ManifestError(
                [Problem(f"only one picture can be meant here: {error.message}", None, hint)]
            ) from None
        return links

    def check_text(self, path: str) -> None:
        """That a template file can be read. Raises ManifestError without a place."""
        if path not in self._problems:
            try:
                self.reading.text(path)
                self._problems[path] = None
            except PathError as error:
                self._problems[path] = ManifestError([Problem(error.message, None, error.hint)])
        found = self._problems[path]
        if found is not None:
            raise found

    def bridges(self, finals: dict[str, Link]) -> list[Step]:
        """Steps that stand for other instances' images; binding makes them vanish. `finals` has each instance's
        last link. Raises ManifestError for candidates that are not there."""
        made: list[Step] = [
            _bridge(f"{name}:final", name, finals[name]) for name in sorted(self.finals & finals.keys())
        ]
        problems = []
        for link, where in sorted(self.candidates.items()):
            instance = link.step.rpartition(":")[0]
            fit = self.fits.get((instance, "generate"))
            if fit is None or link.candidate > fit[0].n:
                there = f"has {fit[0].n} ({ticked(f'n = {fit[0].n}' for _ in '.')})" if fit else "buys none"
                told = f"candidate {link.candidate} of `{instance}` does not exist: it {there}"
                problems.append(Problem(told, where, None if not fit else "raise `n`, or choose another"))
                continue
            paid, params = fit
            inputs = (Link(paid.id, link.candidate),)
            made.append(Local(link.step, instance, "candidate", "_fit", params, inputs, paid.where))
        if problems:
            raise ManifestError(problems)
        return made

    def _link(self, name: str, reference: Reference, where: Where) -> Link:
        if reference.candidate:
            link = Link(f"{name}:candidate{reference.candidate}", reference.candidate)
            self.candidates.setdefault(link, where)
            return Link(link.step)
        self.finals.add(name)
        return Link(f"{name}:final")

    def _source(self, text: str, where: Where) -> Link:
        try:
            path = self.reading.root.clean(text)
            if path not in self.sources:
                self.reading.root.readable(path, text=False)
                self.sources[path] = Source(f"file:{path}", path, where)
        except PathError as error:
            raise ManifestError([Problem(error.message, None, error.hint)]) from None
        return Link(f"file:{path}")


def _bridge(step: str, instance: str, link: Link) -> Local:
    return Local(step, instance, "final", BRIDGE, None, (link,), Where(""))
