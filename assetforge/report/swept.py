"""What `cache gc` would remove and did, as rows and lines for people and as an object."""

from collections.abc import Iterable, Iterator
from typing import Any

from assetforge.inventory import Price
from assetforge.report.inventoried import WORDS
from assetforge.report.stored import Row
from assetforge.sweeping import Sweep, Swept
from assetforge.words import byte_size, count, money, some

NOT_LISTED = "not in the ledger"


def sweep_rows(found: Sweep) -> Iterator[Row]:
    """What is paid for, by project and step with the price of buying it again, what was made by hand, by the same,
    and the sums of all else."""
    blobs = found.inventory.blobs
    paid = [digest for digest in found.paid if blobs[digest].kind == "paid"]
    for (project, step), prices in _by_step(found.prices(paid)).items():
        name = f"{project} {step}".strip() or NOT_LISTED
        yield Row("paid", name, _price(prices), count(len(prices), "picture"))
    for maker, digests in _made_by_hand(found).items():
        yield Row(WORDS["by hand"], maker, "", f"{count(len(digests), 'picture')}, can't be made again")
    for kind, word in WORDS.items():
        digests = [digest for digest in (*found.paid, *found.free) if blobs[digest].kind == kind]
        if digests and kind not in ("paid", "by hand"):
            yield Row(word, count(len(digests), "picture"), "", byte_size(found.size(digests)))
    if found.leftovers:
        size = sum(left.size for left in found.leftovers)
        yield Row("leftovers", count(len(found.leftovers), "file"), "", byte_size(size))
    if found.previews:
        size = sum(left.size for left in found.previews)
        yield Row("previews", count(len(found.previews), "file"), byte_size(size), "not looked at for 30 days")
    for use in found.forgotten:
        yield Row("project", use.known.root or use.known.name, "", "is forgotten")


def _made_by_hand(found: Sweep) -> dict[str, list[str]]:
    """What would be removed of the pictures made by hand, by project and step; one of several by all of them."""
    makers: dict[str, list[str]] = {}
    for digest in _by_hand(found, found.paid):
        told = ", ".join(f"{project} {step}".strip() for project, step in found.inventory.makers(digest))
        makers.setdefault(told, []).append(digest)
    return dict(sorted(makers.items()))


def _by_hand(found: Sweep, digests: Iterable[str]) -> list[str]:
    return [digest for digest in digests if found.inventory.blobs[digest].kind == "by hand"]


def _by_step(prices: Iterable[Price]) -> dict[tuple[str, str], list[Price]]:
    found: dict[tuple[str, str], list[Price]] = {}
    for price in prices:
        found.setdefault((price.project, price.step), []).append(price)
    return dict(sorted(found.items()))


def _price(prices: Iterable[Price]) -> str:
    """What would have to be paid again, as far as anybody knows."""
    costs = [price.cost for price in prices]
    known = [cost for cost in costs if cost is not None]
    if len(known) == len(costs):
        return money(sum(known))
    return f"{money(sum(known))} and more" if known else "price unknown"


def sum_words(found: Sweep) -> str:
    """All that would be removed, as a part of a sentence."""
    digests = (*found.free, *found.paid)
    parts = []
    if digests:
        parts.append(f"{count(len(digests), 'picture')} ({byte_size(found.size(digests))})")
    if found.records:
        parts.append(count(len(found.records), "record"))
    if found.leftovers:
        parts.append(count(len(found.leftovers), "temporary file"))
    if found.previews:
        parts.append(count(len(found.previews), "preview"))
    if found.forgotten:
        parts.append(f"what is known of {count(len(found.forgotten), 'project')}")
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def again(found: Sweep) -> str:
    """What it costs to have back what would be removed, "" where that is nothing."""
    prices, by_hand = list(found.prices(found.paid)), len(_by_hand(found, found.paid))
    told = [f"buying {len(prices):,} of them again would cost {_price(prices)}"] if prices else []
    made = f"{by_hand:,} of them {'was' if by_hand == 1 else 'were'} made by hand, and can't be made again"
    return "; ".join([*told, made] if by_hand else told)


def swept_words(found: Sweep, swept: Swept | None) -> str:
    """What was removed, or would be where nothing was."""
    if swept is not None:
        removed = count(swept.free + swept.paid, "picture")
        return f"{removed} removed, {byte_size(swept.size)} freed"
    return "nothing to remove" if found.is_empty else would_words(found)


def would_words(found: Sweep) -> str:
    """What would be removed, and what it costs to have it back."""
    return ": ".join(filter(None, (f"{sum_words(found)} would be removed", again(found))))


def kept_words(found: Sweep) -> Iterator[str]:
    """What no project uses either, and stays."""
    by_hand = _by_hand(found, found.kept)
    old = set(found.kept) - found.young - found.unsure
    dear = len(old - set(by_hand))
    if dear:
        told = f"{count(dear, 'picture')} that no project uses {_stay(dear)}, paid for or unknown"
        yield f"{told}: --paid removes {_them(dear)} too"
    made = [digest for digest in by_hand if digest in old]
    if made:
        steps = dict.fromkeys(step for digest in made for _, step in found.inventory.makers(digest))
        told = f"{count(len(made), 'picture')} made by hand for {some(list(steps), 4)} {_stay(len(made))}"
        yield f"{told}, and can't be made again: --by-hand removes {_them(len(made))} too"
    if found.unsure and not found.is_unsure:
        yield f"{count(len(found.unsure), 'picture')} that some project may use {_stay(len(found.unsure))}"
    if found.young:
        stay = _stay(len(found.young))
        yield f"{count(len(found.young), 'picture')} that no project uses came within a day, and {stay}"
    for use in found.remembered:
        yield f"`{use.place}` is not forgotten: nobody else knows what was made for it by hand"


def _stay(number: int) -> str:
    return "stays" if number == 1 else "stay"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def gc_object(found: Sweep, swept: Swept | None) -> dict[str, Any]:
    """What would be removed, and what was, as JSON. Money is US dollars, sizes are bytes."""
    paid = [
        {"project": project, "step": step, "pictures": len(prices), "cost": _sum(prices),
         "unknown_costs": sum(price.cost is None for price in prices)}
        for (project, step), prices in _by_step(found.prices(found.paid)).items()
    ]  # fmt: skip
    return {
        "removed": swept is not None,
        "pictures": len(found.free) + len(found.paid),
        "size": found.size((*found.free, *found.paid)) if swept is None else swept.size,
        "paid": paid,
        "by_hand": [
            {"digest": digest, "project": project, "step": step}
            for digest in _by_hand(found, found.paid)
            for project, step in found.inventory.makers(digest)
        ],
        "leftovers": len(found.leftovers),
        "previews": len(found.previews),
        "records": len(found.records) if swept is None else swept.records,
        "kept": len(found.kept),
        "forgotten": [use.known.name for use in found.forgotten],
    }


def _sum(prices: Iterable[Price]) -> float:
    return sum((price.cost for price in prices if price.cost is not None), 0.0)
