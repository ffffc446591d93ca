"""What `cache export` wrote and `cache import` took, as lines and problems for people and as objects."""

from collections.abc import Sequence
from typing import Any

from assetforge.errors import Problem
from assetforge.exporting import Exported, Lacking
from assetforge.importing import Imported
from assetforge.words import byte_size, count, money, some

MOST = 50


def export_words(file: str, exported: Exported) -> str:
    """What is in a file."""
    records = count(exported.records, "record")
    told = f"{count(exported.pictures, 'picture')} and {records} in {file}, {byte_size(exported.size)}"
    bare = exported.unrecorded
    return told + (f"; {count(bare, 'picture')} without a record, which only a lock knows" if bare else "")


def export_problems(exported: Exported) -> list[Problem]:
    """The bought pictures that are missing in a file, and those made by hand."""
    made = [one for one in exported.lacking if one.by == "by hand"]
    bought = [one for one in exported.lacking if one not in made]
    hint = "export where the store has them, or see `assetforge plan`"
    told = []
    if bought:
        cost = money(sum(one.cost or 0.0 for one in bought))
        told.append(f"{count(len(bought), 'bought picture')} of {_nowhere(bought)}: had cost {cost}")
    if made:
        told.append(f"{count(len(made), 'picture')} made by hand for {_nowhere(made)}")
    return [Problem(each, None, hint) for each in told]


def _nowhere(lacking: Sequence[Lacking]) -> str:
    steps = some(list(dict.fromkeys(one.step for one in lacking)))
    return f"{steps} {'is' if len(lacking) == 1 else 'are'} nowhere here"


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
        "unrecorded": exported.unrecorded,
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
    """What was not taken, once for each reason."""
    names: dict[str, list[str]] = {}
    for name, why in imported.refused.items():
        names.setdefault(why, []).append(name)
    found = [Problem(f"{_not_taken(those)}: {why}") for why, those in list(names.items())[:MOST]]
    more = sum(map(len, list(names.values())[MOST:]))
    return [*found, Problem(f"{count(more, 'more entry', 'more entries')} not taken")] if more else found


def _not_taken(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"`{names[0]}` is not taken"
    return f"{len(names):,} entries are not taken, such as `{names[0]}`"


def import_object(imported: Imported) -> dict[str, Any]:
    """What was taken, as JSON."""
    return {
        "pictures": imported.pictures,
        "records": imported.records,
        "size": imported.size,
        "here": {"pictures": imported.pictures_here, "records": imported.records_here},
        "refused": [{"name": name, "reason": why} for name, why in imported.refused.items()],
    }
