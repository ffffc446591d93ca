"""What `cache verify` and `cache repair` found and did, as rows, lines and problems for people and as objects."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from assetforge.errors import Problem
from assetforge.mend import Repair
from assetforge.providers.receipt import request_id
from assetforge.store.audit import Audit, Missing, Quarantined
from assetforge.words import byte_size, count, money

SHOWN = 12  # digits of a digest
REPAIR = "run `assetforge cache repair`"
REMAKE = "build to make it again where it is needed; what the lock pins needs `--rebuy-lost`"


@dataclass(frozen=True, slots=True)
class Row:
    """One thing of the store: what is the matter, what it is, its price or size, and more."""

    word: str
    name: str
    amount: str
    why: str


# --- verify -------------------------------------------------------------------------------------------------------


def rows(audit: Audit) -> Iterator[Row]:
    """Everything that is wrong, then what is in quarantine."""
    for one in audit.damaged:
        why = f"the picture {one.digest[:SHOWN]} had changed on the disk, and was dropped"
        yield Row("damaged", _name(one), _price(one.cost), why)
    for one in audit.gone:
        yield Row("gone", _name(one), _price(one.cost), f"the picture {one.digest[:SHOWN]} is not here")
    for one in audit.unrecorded:
        yield Row("no record", _name(one), _price(one.cost), f"the picture {one.digest[:SHOWN]} is here")
    for key in audit.unsound:
        yield Row("no record", key[:SHOWN], "", "what is kept under this key can't be read")
    for held in audit.quarantined:
        yield Row("quarantine", held.step or held.call, _price(held.price), _why(held))


def _name(one: Missing) -> str:
    return one.step or one.key[:SHOWN] or one.digest[:SHOWN]


def _why(held: Quarantined) -> str:
    """What a claim needs: the call, and what the provider calls it."""
    request = request_id(held.headers)
    asked = f", request {request}" if request else ""
    return f"{byte_size(held.size)}, {held.call}{asked}: {held.reason}"


def _price(usd: float | None) -> str:
    return "" if usd is None else money(usd)


def problems(audit: Audit) -> list[Problem]:
    """What is wrong, with what to do."""
    found = []
    if audit.database:
        found.append(Problem(audit.database, None, REPAIR))
    if audit.damaged:
        dropped = len({one.digest for one in audit.damaged})
        found.append(Problem(f"{count(dropped, 'picture')} had changed on the disk", None, REMAKE))
    if audit.gone:
        found.append(Problem(f"{_are(len(audit.gone), 'picture')} gone", None, REMAKE))
    unknown = len(audit.unrecorded) + len(audit.unsound)
    if unknown:
        verb = "has" if unknown == 1 else "have"
        found.append(Problem(f"{count(unknown, 'picture')} {verb} no record that can be read", None, REPAIR))
    return found


def unlisted(audit: Audit) -> list[Problem]:
    """Bought pictures that the ledger does not know."""
    number = len(audit.unlisted)
    told = f"{count(number, 'bought picture')} {'is' if number == 1 else 'are'} in no line of the ledger"
    hint = "put `ledger.jsonl` back from a backup; else compare with the provider's bill"
    return (
        [Problem(f"{told}: what {'it' if number == 1 else 'they'} cost is in no sum", None, hint)] if number else []
    )


def unread(number: int, ledger: str, hint: str) -> list[Problem]:
    """Lines of the ledger that could not be read. `ledger` is its path."""
    return [Problem(f"{count(number, 'line')} of `{ledger}` can't be read", None, hint)] if number else []


def lines(audit: Audit) -> Iterator[str]:
    """What there is."""
    sound = ", all sound" if audit.is_sound else ""
    if sound and audit.unlisted:
        sound += f", {len(audit.unlisted):,} of them not in the ledger"
    yield f"{count(audit.pictures, 'picture')}, {byte_size(audit.size)}{sound}"
    if audit.unfinished:
        yield f"{count(audit.unfinished, 'call')} of builds that ended early: the next build finishes them"


def _are(number: int, noun: str) -> str:
    return f"{count(number, noun)} {'is' if number == 1 else 'are'}"


def audit_object(audit: Audit) -> dict[str, Any]:
    """What was found, as JSON. Money is US dollars, sizes are bytes."""
    told = {**asdict(audit), "database": audit.database or None, "sound": audit.is_sound}
    return told | {"quarantined": [_held_object(one) for one in audit.quarantined]}


def _held_object(held: Quarantined) -> dict[str, Any]:
    told = asdict(held)
    del told["headers"]
    return told | {"request": request_id(held.headers) or None}


# --- repair -------------------------------------------------------------------------------------------------------


def done(repaired: Repair) -> Iterator[str]:
    """What was done."""
    if repaired.moved is not None:
        yield f"the damaged database is in {repaired.moved} now"
    were = "was" if repaired.there == 1 else "were"
    gone = f", {_are(len(repaired.gone), 'picture')} gone" if repaired.gone else ""
    yield f"{count(repaired.made, 'record')} made again, {repaired.there:,} {were} there{gone}"


def gone_rows(repaired: Repair) -> Iterator[Row]:
    """The pictures that a record can't be made for."""
    for one in repaired.gone:
        yield Row("gone", one.stored.step, _price(one.cost), f"the picture {one.digest[:SHOWN]} is not here")


def repair_object(repaired: Repair) -> dict[str, Any]:
    """What was done, as JSON."""
    gone = [asdict(Missing(one.key, one.digest, one.stored.step, one.cost)) for one in repaired.gone]
    return {
        "made": repaired.made,
        "there": repaired.there,
        "gone": gone,
        "moved": None if repaired.moved is None else str(repaired.moved),
        "unreadable": repaired.unreadable,
    }
