"""What a lease says, and the name that it has in a remote; unaware of who reads it, and when.

Anyone who may write there may have written it.
"""

from dataclasses import dataclass, replace

from assetforge.store import documents
from assetforge.store.documents import is_cost, is_text, is_whole

VERSION = 1
SIGN_LIMIT = 4_096


@dataclass(frozen=True, slots=True)
class Sign:
    """What a lease says: whose it is (a store, which has locks of its own within), how often it was rewritten,
    whether its owner is done, and what the call under it costs at most, in US dollars, None where nobody knows."""

    owner: str
    nonce: str
    beat: int
    done: bool
    price: float | None


# Somebody's, nobody knows whose.
UNKNOWN = Sign("", "", 0, done=False, price=None)
NOBODYS = replace(UNKNOWN, done=True)


def folder_of(key: str) -> str:
    """Where the leases of a key are."""
    return f"leases/{key}/"


def name_of(key: str, generation: int) -> str:
    """Where a lease is."""
    return f"{folder_of(key)}{generation:06}"


def generation_of(name: str) -> int:
    """The generation that a name is of, 0 where it is none of ours."""
    last = name.rpartition("/")[2]
    return int(last) if len(last) == 6 and last.isascii() and last.isdigit() else 0


def encode_sign(sign: Sign) -> bytes:
    """The bytes of a lease."""
    told = {"owner": sign.owner, "nonce": sign.nonce, "beat": sign.beat, "done": sign.done, "price": sign.price}
    return documents.encode(VERSION, told)


def decode_sign(data: bytes) -> Sign:
    """What a lease says; one that says nothing sound is somebody's, nobody knows whose."""
    told = documents.decode(data, version=2**53, what="a lease") or {}
    sound = (
        is_text(told.get("owner"), 100)
        and is_text(told.get("nonce"), 100)
        and is_whole(told.get("beat"))
        and isinstance(told.get("done"), bool)
        and "price" in told
        and is_cost(told["price"])
    )
    if not sound:
        return UNKNOWN
    return Sign(told["owner"], told["nonce"], told["beat"], told["done"], told["price"])
