"""What is in the store, as rows for people and as an object: pictures by what they are, other parts, and projects."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from assetforge.errors import Problem
from assetforge.inventory import KINDS, Inventory, Kind, Use
from assetforge.report.stored import Row
from assetforge.store import notes
from assetforge.store.ledger import FILE
from assetforge.store.previews import FOLDER as PREVIEWS
from assetforge.words import byte_size, count, money, some

WORDS: dict[Kind, str] = {
    "paid": "paid",
    "by hand": "by hand",
    "rendition": "outputs",
    "draft": "drafts",
    "other": "unknown",
}
WHY: dict[Kind, str] = {
    "paid": "",
    "by hand": "nobody can make them again",
    "rendition": "made again for nothing",
    "draft": "drawn again for nothing",
    "other": "no record tells of them",
}


class Part(NamedTuple):
    """A part of the store that is no picture: how many things are in it, None where they are not counted, and its
    bytes."""

    name: str
    number: int | None
    size: int


def weigh(folder: Path) -> tuple[Part, ...]:
    """How large the other parts of a store are. Raises UsageError for notes of a newer release, OSError."""
    calls = sum(1 for build in notes.builds(folder / "inflight") for _ in notes.noted(build))
    held = sum(1 for _ in notes.noted(folder / "quarantine"))
    damaged = sorted(folder.glob("records.damaged-*"))
    return (
        Part("records", None, _size(folder / "records")),
        Part("ledger", None, _size(folder / FILE)),
        Part("calls under way", calls, _size(folder / "inflight")),
        Part("quarantine", held, _size(folder / "quarantine")),
        Part("state of projects", None, _size(folder / "projects")),
        Part("previews", None, _size(folder / PREVIEWS)),
        Part("damaged databases", len(damaged), sum(map(_size, damaged))),
    )


def _size(path: Path) -> int:
    """The bytes of a file, or of all files below a folder; 0 where there is nothing."""
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    found = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                found += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:  # of a build that is at work
                continue
    return found


def kind_rows(inventory: Inventory) -> list[Row]:
    """A row for each kind of pictures that there are, with what of it nothing uses."""
    unused = _unused(inventory)
    rows = []
    for kind, digests in _by_kind(inventory).items():
        idle = [digest for digest in digests if digest in unused]
        price = f"for {_price(inventory, digests)}" if kind == "paid" else WHY[kind]
        left = f"; no project uses {len(idle):,} of them, {_bytes(inventory, idle)}" if idle else ""
        rows.append(Row(WORDS[kind], count(len(digests), "picture"), _bytes(inventory, digests), price + left))
    return rows or [Row("nothing", "0 pictures", byte_size(0), "")]


def part_rows(parts: Sequence[Part]) -> list[Row]:
    """A row for each part that is not empty."""
    return [
        Row(part.name, "" if part.number is None else f"{part.number:,}", byte_size(part.size), "")
        for part in parts
        if (part.size if part.number is None else part.number)
    ]


def use_rows(inventory: Inventory) -> list[Row]:
    """A row for each project."""
    return [
        Row(use.title, use.place, _bytes(inventory, use.digests), _told(inventory, use)) for use in inventory.uses
    ]


def _told(inventory: Inventory, use: Use) -> str:
    lost = "nobody knows where it is; " if use.known.is_nameless else "is not where it was; "
    gone = "" if use.known.is_there else lost
    paid = [digest for digest in use.digests if inventory.blobs[digest].kind == "paid"]
    dear = f", {len(paid):,} of them paid: {_price(inventory, paid)}" if paid else ""
    unread = f"{use.unread}; " if use.unread else ""
    return f"{gone}{unread}{count(len(use.digests), 'picture')}{dear}"


def gone_problems(uses: Iterable[Use]) -> list[Problem]:
    """The projects that are not where they were, and those of which nobody knows where they are."""
    lost = [use for use in uses if not use.known.is_there]
    gone = [use.place for use in lost if not use.known.is_nameless]
    told = f"{'a project is' if len(gone) == 1 else f'{len(gone):,} projects are'} not where they were: "
    told = told.replace("is not where they were", "is not where it was")
    hint = "build it where it is now, or let `assetforge cache gc --forget-gone` forget it"
    moved = [Problem(told + some(gone, 4), None, hint)] if gone else []
    nameless = [str(use.known.folder) for use in lost if use.known.is_nameless]
    told = f"nobody knows where {'a project is' if len(nameless) == 1 else f'{len(nameless):,} projects are'}: "
    hint = "build each project of this store where it is; where one is gone for good, remove that folder"
    return [*moved, Problem(told + some(nameless, 4), None, hint)] if nameless else moved


def unread_problems(uses: Iterable[Use]) -> list[Problem]:
    """The projects whose lock can't be read."""
    hint = "restore the lock from version control: until then nothing that was paid for, or made by hand, is removed"
    return [
        Problem(f"nobody can tell what `{use.place}` uses: {use.unread}", None, hint) for use in uses if use.unread
    ]


def _by_kind(inventory: Inventory) -> dict[Kind, list[str]]:
    found: dict[Kind, list[str]] = {kind: [] for kind in KINDS}
    for digest, blob in inventory.blobs.items():
        found[blob.kind].append(digest)
    return {kind: digests for kind, digests in found.items() if digests}


def _unused(inventory: Inventory) -> set[str]:
    return inventory.blobs.keys() - inventory.used(inventory.uses)


def _bytes(inventory: Inventory, digests: Iterable[str]) -> str:
    return byte_size(_sum(inventory, digests))


def _sum(inventory: Inventory, digests: Iterable[str]) -> int:
    return sum(inventory.blobs[digest].size for digest in digests)


def _price(inventory: Inventory, digests: Iterable[str]) -> str:
    """What pictures had cost, as far as anybody knows."""
    cost, unknown = inventory.cost(digests)
    return money(cost) + (f" and {count(unknown, 'unknown price')}" if unknown else "")


def stats_object(folder: Path, inventory: Inventory, parts: Sequence[Part]) -> dict[str, Any]:
    """What there is, as JSON. Money is US dollars, sizes are bytes."""
    unused, by_kind = _unused(inventory), _by_kind(inventory)
    kinds = [
        {"kind": kind, **_weight(inventory, by_kind.get(kind, [])), "unused": _weight(inventory, idle)}
        for kind in KINDS
        for idle in [[digest for digest in by_kind.get(kind, []) if digest in unused]]
    ]
    projects = [
        {"project": use.known.name, "title": use.title, "manifest": use.place if use.known.root else None,
         "there": use.known.is_there, "unread": use.unread or None, **_weight(inventory, sorted(use.digests))}
        for use in inventory.uses
    ]  # fmt: skip
    told = [{"part": part.name, "count": part.number, "size": part.size} for part in parts]
    return {"folder": str(folder), "kinds": kinds, "parts": told, "projects": projects}


def _weight(inventory: Inventory, digests: Sequence[str]) -> dict[str, Any]:
    cost, unknown = inventory.cost(digests)
    return {
        "pictures": len(digests), "size": _sum(inventory, digests), "cost": cost, "unknown_costs": unknown,
    }  # fmt: skip
