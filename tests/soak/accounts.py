"""The server's own log against a store's books: what was paid for, what was heard of, what was said of the rest."""

import io
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from assetforge.store.audit import verify
from assetforge.store.ledger import Entry, Ledger
from assetforge.store.note import Note
from assetforge.store.notes import builds, noted
from assetforge.store.records import Records
from tests.images_contract import Call
from tests.images_server import ImagesServer
from tests.promises.site import Site

ARRIVED = ("spooled", "in the ledger", "stored", "recorded")


@dataclass(frozen=True)
class Account:
    """One store and one server: calls made, images drawn and paid for, those that are kept, those that never came,
    and how many the builds said to be perhaps billed."""

    calls: int
    paid: int
    kept: int
    unheard: int
    said: int


@dataclass(frozen=True)
class Left:
    """A call that a dead build left open: how far it had come, and the keys it was for."""

    call: str
    step: str
    keys: tuple[str, ...]
    phase: str

    @property
    def arrived(self) -> bool:
        """Whether its whole answer is on the disk."""
        return self.phase in ARRIVED


def entries_of(site: Site) -> list[Entry]:
    """The ledger's events, none of which is unreadable but for lines that were torn."""
    return list(Ledger(site.cache / "ledger.jsonl").read())


def left_behind(site: Site) -> list[Left]:
    """The calls that dead builds have left."""
    events: dict[str, set[str]] = {}
    for entry in entries_of(site):
        events.setdefault(entry.call, set()).add(entry.event)
    records = Records(site.cache / "records")
    try:
        return [
            _left(note, events.get(note.call, set()), records)
            for build in builds(site.cache / "inflight")
            for note in noted(build)
        ]
    finally:
        records.close()


def _left(note: Note, events: set[str], records: Records) -> Left:
    keys = tuple(note.facts["keys"])
    return Left(note.call, str(note.facts["step"]), keys, _phase(note, events, records.get_many(keys).keys()))


def _phase(note: Note, events: set[str], recorded: Iterable[str]) -> str:
    if "stored" in events:
        return "recorded" if set(note.facts["keys"]) <= set(recorded) else "stored"
    if "received" in events:
        return "in the ledger"
    part = note.folder / "body.part"
    if note.body.exists() or (part.exists() and _is_whole(part)):
        return "spooled"
    if part.exists():
        return "spooling"
    return "under way" if (note.folder / "room").exists() else "noted"


def _is_whole(part: Path) -> bool:
    """Whether an answer is all there, and was only not given its name yet."""
    try:
        json.loads(part.read_bytes().rstrip(b"\0"))
    except ValueError:
        return False
    return True


def settle(site: Site, server: ImagesServer) -> Account:
    """Judges a store whose builds have all ended: nothing that arrived was paid for again or is missing, all that
    was paid for without coming is told of, and the sums are the server's."""
    entries = entries_of(site)
    _check_events(entries)
    stored = [entry for entry in entries if entry.event == "stored"]
    kept = {key: digest for entry in stored for key, digest in zip(entry.keys, entry.digests, strict=False) if digest}
    assert len(kept) == sum(1 for entry in stored for digest in entry.digests if digest), "a key was paid for again"
    drawn = {digest: call for call in server.paid for digest in call.images}
    assert set(kept.values()) <= drawn.keys()
    prompts = {key: drawn[digest].prompt for key, digest in kept.items()}
    unheard = Counter(
        call.prompt for call in server.paid for digest in call.images if digest not in set(kept.values())
    )
    said = _said(entries, prompts)
    assert not unheard - said, "an image was paid for and never told of"
    _check_costs(entries, drawn)
    _check_store(site)
    return Account(len(server.calls), len(drawn), len(kept), unheard.total(), said.total())


def _check_events(entries: list[Entry]) -> None:
    """A call is told of once, and one that was answered is none that was not."""
    events = Counter((entry.call, entry.event) for entry in entries)
    assert set(events.values()) <= {1}
    assert not {call for call, event in events if event == "received"} & {
        call for call, event in events if event == "unanswered"
    }
    assert {call for call, event in events if event == "stored"} <= {
        call for call, event in events if event == "received"
    }


def _said(entries: list[Entry], prompts: dict[str, str]) -> Counter[str]:
    """How many images may have been billed without being kept, by prompt, as the ledger has it: of calls without an
    answer all, of an answer that was cut off the rest."""
    told = {entry.call: len([digest for digest in entry.digests if digest]) for entry in entries}
    return Counter(
        prompts[key]
        for entry in entries
        if entry.event != "stored"
        for key in entry.keys[told.get(entry.call, 0) if entry.event == "received" else 0 :]
        if key in prompts
    )


def _check_costs(entries: list[Entry], drawn: dict[str, Call]) -> None:
    """What the ledger says of each answer that told its usage is what the server says."""
    call_of = {
        entry.call: drawn[digest]
        for entry in entries
        if entry.event == "stored"
        for digest in entry.digests
        if digest
    }
    for entry in entries:
        if entry.event == "received" and entry.call in call_of and not entry.estimated:
            assert entry.cost == pytest.approx(call_of[entry.call].cost)


def _check_store(site: Site) -> None:
    """The store is whole, and nothing in it is open."""
    audit = verify(site.cache)
    assert audit.is_sound, audit
    assert audit.unfinished == 0
    assert list((site.cache / "inflight").iterdir()) == []


def check_outputs(site: Site) -> None:
    """Lock, manifest and files agree, and every picture opens to its end."""
    assert site.check() == []
    for path, data in site.files().items():
        if path.endswith((".png", ".jpg")):
            with Image.open(io.BytesIO(data)) as picture:
                picture.load()
