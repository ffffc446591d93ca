"""What the steps of one instance have to do with files and with other instances: links, looked up by text."""

from typing import Any, Literal

from assetforge.errors import ManifestError, Problem, Where
from assetforge.graph.matrix import Cell
from assetforge.graph.references import BadReference, Index, Reference, is_reference, parse_reference
from assetforge.manifest.reading import Reading
from assetforge.model import Link, Local, Paid, Source, Step
from assetforge.paths import MissingFile, PathError
from assetforge.words import count, some

# Not an operation: another instance's image under a name that can be linked to before that instance is made.
BRIDGE = "_same"
FONTS = 'name a font file, like font = "fonts/title.ttf"'


class Wiring:
    """Turns texts into links and remembers what they need: source files, and images of other instances.

    `fits` is filled by each assembly: the paid steps whose answer is fitted, which candidates are taken from.
    `references` says which instance refers to which, and where that is written. `unsure` are instances whose
    candidates nobody knows, for a mistake that is told.
    """

    def __init__(self, index: Index, reading: Reading) -> None:
        self.index = index
        self.reading = reading
        self.sources: dict[str, Source] = {}
        self.finals: set[str] = set()
        self.candidates: dict[Link, Where] = {}
        self.fits: dict[tuple[str, str], tuple[Paid, Any]] = {}
        self.unsure: set[str] = set()
        self.references: dict[tuple[str, str], Where] = {}
        self._problems: dict[str, ManifestError | None] = {}
        self._folders: dict[str, str] = {}

    def links(self, text: str, cell: Cell, instance: str, where: Where) -> list[Link]:
        """The pictures a text stands for: one file, or the images a reference means. Raises ManifestError."""
        if not is_reference(text):
            return [self._source(text, where)]
        try:
            reference = parse_reference(text)
            names = self.index.find(reference, cell)
        except BadReference as error:
            raise ManifestError([Problem(f"`{instance}` refers to {error.message}", None, error.hint)]) from None
        for name in names:
            self.references.setdefault((instance, name), where)
        return [self._link(name, reference, where) for name in names]

    def font(self, text: str, where: Where) -> Link:
        """The font file that a text names. Raises ManifestError."""
        if is_reference(text):
            raise ManifestError([Problem(f"`{text}` is an asset's picture, not a font", None, FONTS)])
        return self._source(text, where, holds="font")

    def only(self, links: list[Link], text: str, instance: str) -> list[Link]:
        """The same where just one picture can be meant. Raises ManifestError where it is several."""
        if len(links) > 1:
            names = [f"@{link.step.rpartition(':')[0]}" for link in links]
            told = f"`{instance}` refers to `{text}`, which stands for {len(links)} instances"
            raise ManifestError([Problem(told, None, f"name one of {some(names)}")])
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
            if instance not in finals or instance in self.unsure:  # it could not be made, and that is told
                continue
            fit = self.fits.get((instance, "generate"))
            if fit is None or link.candidate > fit[0].n:
                there = f"has {count(fit[0].n, 'candidate')}" if fit else "is not generated, and has no candidates"
                hint = "raise its `n`, or choose another" if fit else f"refer to `@{instance}`"
                told = f"candidate {link.candidate} of `{instance}` does not exist: it {there}"
                problems.append(Problem(told, where, hint))
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

    def _source(self, text: str, where: Where, *, holds: Literal["picture", "font"] = "picture") -> Link:
        if "://" in text:
            told = f"`{text}` is not a file of the project"
            raise ManifestError([Problem(told, None, f"put the {holds} into the project: only its files are read")])
        try:
            path = self.reading.root.clean(text)
            name = f"{'file' if holds == 'picture' else 'font'}:{path}"
            if name not in self.sources:
                self._require(path)
                self.sources[name] = Source(name, path, where, holds=holds)
        except PathError as error:
            raise ManifestError([Problem(error.message, None, self._hint(error, text, holds))]) from None
        return Link(name)

    def _require(self, path: str) -> None:
        """Raises PathError where a file can't be read, and notes that it was asked for in vain."""
        if self.reading.root.is_plainly_readable(path, self._folders):
            return
        self.reading.missing.add(path)
        self.reading.root.readable(path, text=False)
        self.reading.missing.remove(path)

    def _hint(self, error: PathError, path: str, holds: str) -> str | None:
        """What a path that can't be read may have been meant to be."""
        if isinstance(error, MissingFile) and holds == "picture" and self.index.has(path):
            return f"write `@{path}` for the asset's picture"
        if error.hint or not isinstance(error, MissingFile):
            return error.hint
        return self.reading.similar(path) or (FONTS if holds == "font" else None)


def _bridge(step: str, instance: str, link: Link) -> Local:
    return Local(step, instance, "final", BRIDGE, None, (link,), Where(""))
