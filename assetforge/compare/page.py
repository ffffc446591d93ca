"""A comparison as a page in a folder of its own, both pictures of each change beside each other; unaware of HTML."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assetforge import __version__
from assetforge.compare.comparing import Comparison
from assetforge.compare.pictures import Wanted, found_pictures
from assetforge.compare.reasons import Explained
from assetforge.compare.sides import HEAD, Side
from assetforge.compare.told import price_of, summary, title_of
from assetforge.errors import UsageError
from assetforge.gallery.cards import SCHEMA, Shown
from assetforge.gallery.folder import INDEX, mark_of, require_place, write_folder
from assetforge.gallery.page import render_diff
from assetforge.git import Repository
from assetforge.project import Project
from assetforge.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page is, how many pictures stand on it, and how many are nowhere here. `is_new` says that there was
    none before."""

    path: str
    pictures: int
    lacking: int
    is_new: bool


@dataclass(frozen=True, slots=True)
class Target:
    """The folder for a project's page; `shown` is how somebody here writes it."""

    project: Project
    folder: str
    shown: str

    def require(self) -> None:
        """Raises UsageError where a page can't be written there without taking somebody's files for its own."""
        with _here():
            require_place(self.project, self.folder, self.shown, "diff")

    @property
    def mark(self) -> str:
        """What a page in it says that it is of."""
        return mark_of(self.project.root, self.project.manifest.file, self.folder)


@contextmanager
def _here() -> Iterator[None]:
    """What is refused of a folder is refused in the words of this command."""
    try:
        yield
    except UsageError as error:
        told = error.problems[0]
        hint = (told.hint or "").replace("--out", "--html")
        raise UsageError(told.message.replace("a gallery", "a page"), hint=hint) from None


def write_page(space: Workspace, repository: Repository, told: Comparison, target: Target) -> Page:
    """Writes the page and its pictures into a folder that may have them. Raises UsageError, OSError."""
    wanted = [one for change in told.changes for one in _wanted(told, change)]
    with found_pictures(space, repository, wanted, target.project.settings.cache_dir) as found:
        page = {**page_object(space.title, told, found.shown), "of": target.mark}
        with _here():
            written = write_folder(Path(target.folder), render_diff(page).html, found.files, shown=target.shown)
    lacking = {one.media.digest for one in wanted} - found.shown.keys()
    return Page(f"{target.shown}/{INDEX}".replace(os.sep, "/"), len(found.shown), len(lacking), written.is_new)


def page_object(title: str, told: Comparison, shown: Mapping[str, Shown]) -> dict[str, Any]:
    """The page as JSON, its sentences as pairs. `shown` has the pictures that are here, by digest."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "title": f"{title}: {title_of(told).plain}",
        "from": told.before.name,
        "to": told.after.name,
        "entries": [_entry(one, shown) for one in told.changes],
        "summary": summary(told).pairs,
        "notes": [note.pairs for note in told.notes],
    }


def _entry(one: Explained, shown: Mapping[str, Shown]) -> dict[str, Any]:
    change, output = one.change, one.change.shown
    before, after = (output.before, output.after) if output is not None else (None, None)
    sides = {"before": before, "after": after}
    pictures = {name: shown.get(media.digest) if media is not None else None for name, media in sides.items()}
    return {
        "name": change.name,
        "path": output.path if output is not None else "",
        "how": change.how,
        **{name: asdict(picture) if picture is not None else None for name, picture in pictures.items()},
        "reasons": [reason.pairs for reason in one.reasons],
        "prompt_diff": [list(run) for each in one.prompts[:1] for run in each.diff],
        "price": price_of(change),
    }


def _wanted(told: Comparison, one: Explained) -> Iterator[Wanted]:
    """Both pictures of a change, and where git may have them."""
    output = one.change.shown
    if output is None:
        return
    for side, media, path in (
        (told.before, output.before, output.was or output.path),
        (told.after, output.after, output.path),
    ):
        if media is not None:
            yield Wanted(media, side.commit or HEAD, _path(side, path))


def _path(side: Side, path: str) -> str:
    return f"{side.prefix}{path}" if path else ""
