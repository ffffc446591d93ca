"""What `cache export` wrote and `cache import` took, as lines and problems for people and as objects."""

from typing import Any

from assetforge.errors import Problem
from assetforge.exporting import Exported
from assetforge.importing import Imported
from assetforge.words import byte_size, count, money, some

MOST = 50


def export_words(file: str, exported: Exported) -> str:
    """What is in a file."""
    records = count(exported.records, "record")
    return f"{count(exported.pictures, 'picture')} and {records} in {file}, {byte_size(exported.size)}"


def export_problems(exported: Exported) -> list[Problem]:
    """The bought pictures that are missing in a file."""
    steps = list(dict.fromkeys(one.step for one in exported.lacking))
    if not steps:
        return []
    cost = sum(one.cost or 0.0 for one in exported.lacking)
    told = f"{count(len(exported.lacking), 'bought picture')} of {some(steps)} are nowhere here"
    if len(exported.lacking) == 1:
        told = told.replace("are nowhere", "is nowhere")
    return [
        Problem(f"{told}: had cost {money(cost)}", None, "export where the store has them, or see `assetforge plan`")
    ]


def unlocked_problems(exported: Exported) -> list[Problem]:
    """The assets that the lock does not have."""
    if not exported.unlocked:
        return []
    verb = "is" if len(exported.unlocked) == 1 else "are"
    return [Problem(f"{some(exported.unlocked)} {verb} not in the lock, so not in the file", None, "build first")]


def export_object(file: str, exported: Exported) -> dict[str, Any]:
    """What is in a file, as JSON."""
    return {
        "file": file,
        "pictures": exported.pictures,
        "records": exported.records,
        "size": exported.size,
        "lacking": [one._asdict() for one in exported.lacking],
        "unlocked": list(exported.unlocked),
    }


def import_words(imported: Imported) -> str:
    """What was taken, and what was here."""
    taken = f"{count(imported.pictures, 'picture')} and {count(imported.records, 'record')} taken"
    here = imported.pictures_here + imported.records_here
    size = f", {byte_size(imported.size)}" if imported.pictures else ""
    known = f"; {count(imported.pictures_here, 'picture')} and {count(imported.records_here, 'record')} were here"
    return taken + size + (known if here else "")


def import_problems(imported: Imported) -> list[Problem]:
    """What was not taken, with the reason."""
    found = [Problem(f"`{name}` is not taken: {why}") for name, why in list(imported.refused.items())[:MOST]]
    more = len(imported.refused) - MOST
    return [*found, Problem(f"{count(more, 'more entry', 'more entries')} not taken")] if more > 0 else found


def import_object(imported: Imported) -> dict[str, Any]:
    """What was taken, as JSON."""
    return {
        "pictures": imported.pictures,
        "records": imported.records,
        "size": imported.size,
        "here": {"pictures": imported.pictures_here, "records": imported.records_here},
        "refused": [{"name": name, "reason": why} for name, why in imported.refused.items()],
    }
