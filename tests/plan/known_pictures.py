"""Look-ups that know a picture for everything, without drawing or decoding one.

A source file is a line of text, `png 640x480 boat`: its format, its size and what it shows; two files that show the
same at the same size have the same pixels. A bought picture is as its request asked for it, and shows its key.
"""

from collections.abc import Iterable
from pathlib import Path

from assetforge.digest import digest_bytes
from assetforge.errors import Problem
from assetforge.graph.resolve import resolve
from assetforge.graph.select import select
from assetforge.manifest.load import Manifest, load_manifest
from assetforge.manifest.reading import Reading
from assetforge.model import Action, Call, Graph, Ingredients, Media, Paid, Record, Rendition, Size, Source
from assetforge.ops.fontfile import FontFile, own_font
from assetforge.paths import Root
from assetforge.plan.ancestry import Part
from assetforge.plan.forecast import foresee
from assetforge.plan.price import Prices
from assetforge.plan.rebuild import FileEvidence, PaidEvidence
from assetforge.plan.walk import Walk

BYTES = 1000


class KnownPictures:
    """What the walk asks of the world, answered from names alone. `folder` is the project's root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def look_ahead(self, steps: Iterable[Source]) -> None:
        """Nothing is quicker for being known before."""

    def source(self, step: Source) -> Media | Problem:
        form, size, shown = (self.folder / step.path).read_text("utf-8").split()
        return picture(f"file {form}", form, Size.parse(size), shown)

    def pixels(self, media: Media) -> str:
        return media.pixels

    def paid(self, step: Paid, action: Action) -> PaidEvidence:
        asked = dict(action.ingredients)
        media = picture("bought", asked["format"], Size.parse(asked["size"]), action.key)
        return PaidEvidence(stored=Record(action.key, media, kind=step.settings.kind, model=step.settings.model))

    def rendition(self, step: Rendition, action: Action) -> FileEvidence:
        return FileEvidence()

    def part(self, made: str) -> Part | None:
        return None

    def bought(self, key: str) -> Ingredients:
        return ()

    def draft(self, call: Call, candidate: int) -> Record | None:
        return None

    def mask_flaw(self, media: Media) -> str | None:
        """Masks here are as they should be."""
        return None

    def font(self, media: Media) -> FontFile:
        """Any font has the letters of the one that is shipped."""
        return own_font()

    def has_bytes(self, digest: str) -> bool:
        return True

    def pointer(self, digest: str) -> str:
        return ""


def picture(origin: str, form: str, size: Size, shown: str) -> Media:
    """A picture that is all in its description."""
    pixels = digest_bytes(f"pixels {size} {shown}".encode())
    return Media(digest_bytes(f"{origin} {size} {shown}".encode()), pixels, size.width, size.height, form, BYTES)


def manifest_of(folder: Path) -> Manifest:
    """A folder's `assets.toml`. Raises ManifestError."""
    return load_manifest(Reading(Root(str(folder))), "assets.toml")


def resolved(folder: Path, profile: str | None = None) -> Graph:
    """Its graph. Raises ManifestError."""
    return resolve(manifest_of(folder), profile=profile, variables={})


def walked(folder: Path, profile: str | None = None) -> Walk:
    """Every step of a folder's `assets.toml`, bound and keyed."""
    graph = resolved(folder, profile)
    return foresee(graph, KnownPictures(folder), "call", select(graph, ()), Prices.of({}, {})).walk


def paid_keys(folder: Path) -> dict[str, str]:
    """Each candidate's key, by step and number."""
    states = walked(folder).paid.items()
    return {f"{step}#{number}": state.action.key for (step, number), state in states if state.action}


def file_keys(folder: Path) -> dict[str, str]:
    """Each rendition's key, by step."""
    return {step: state.action.key for step, state in walked(folder).files.items() if state.action}
