"""A comparison as a page in a folder of its own, both pictures of each change beside each other; unaware of HTML."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assetforge import __version__
from assetforge.compare.comparing import Comparison
from assetforge.compare.pictures import Wanted, found_pictures
from assetforge.compare.reasons import Explained
from assetforge.compare.sides import HEAD, Side
from assetforge.compare.told import price_of, summary_object, title_of
from assetforge.errors import UsageError
from assetforge.gallery.cards import SCHEMA, Shown
from assetforge.gallery.folder import INDEX, require_place, write_folder
from assetforge.gallery.page import render_diff
from assetforge.git import Repository
from assetforge.project import Project
from assetforge.workspace import Workspace

ELSEWHERE = "name another folder with --html"


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page is, how many pictures stand on it, and how many are nowhere here."""

    path: str
    pictures: int
    lacking: int


def require_folder(project: Project, folder: str, shown: str) -> None:
    """Raises UsageError, with the folder as it is `shown`, where a page can't be written without taking somebody's
    files for its own."""
    try:
        require_place(project, folder, shown)
    except UsageError as error:
        raise UsageError(error.problems[0].message, hint=ELSEWHERE) from None


def write_page(space: Workspace, repository: Repository, told: Comparison, *, folder: str, store: Path) -> Page:
    """Writes the page and its pictures into a folder that may have them; `store` is the user's, be it there or not.
    Raises UsageError, OSError."""
    wanted = [one for change in told.changes for one in _wanted(told, change)]
    with found_pictures(space, repository, wanted, store) as found:
        page = page_object(space.title, told, found.shown)
        write_folder(Path(folder), render_diff(page).html, found.files)
    lacking = {one.media.digest for one in wanted} - found.shown.keys()
    return Page(os.path.normpath(os.path.join(folder, INDEX)), len(found.shown), len(lacking))


def page_object(title: str, told: Comparison, shown: Mapping[str, Shown]) -> dict[str, Any]:
    """The page as JSON. `shown` has the pictures that are here, by digest."""
    return {
        "schema": SCHEMA,
        "version": __version__,
        "title": f"{title}: {title_of(told).replace('`', '')}",
        "from": told.before.name,
        "to": told.after.name,
        "entries": [_entry(one, shown) for one in told.changes],
        "summary": summary_object(told),
        "notes": list(told.notes),
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
        "reasons": list(one.reasons),
        "prompt_diff": [list(run) for each in one.prompts[:1] for run in each.diff],
        "cost": change.cost if price_of(change) else 0.0,
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
