"""The lock's text: it says all it was told, in one order, one line an instance, so that it merges by line."""

import random
import tempfile
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from assetforge.errors import Where
from assetforge.model import Emit, Look, Media, Record
from assetforge.outputs.lines import merged
from assetforge.outputs.lock import Lock, LockLine, lock_text, parse_lock
from tests.laws.small_manifests import graph

Key = TypeVar("Key")
Value = TypeVar("Value")

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
digests = st.integers(0, 2**256 - 1).map(lambda number: f"{number:064x}")
sides = st.integers(1, 9999)
media = st.builds(
    Media, digests, digests, sides, sides, st.sampled_from(["png", "jpeg", "webp"]), st.integers(0, 2**40)
)
bought = st.builds(
    Record,
    key=digests,
    media=media,
    kind=st.sampled_from(["images-api", "plugin@1"]),
    model=names,
    cost=st.none() | st.floats(0, 1000),
    made=st.just("") | st.dates().map(str),
    by=st.sampled_from(["", "by hand", "accepted"]),
)
drawn = st.builds(Record, key=digests, media=media, kind=st.just("draft"), model=names)
colors = st.integers(0, 2**24 - 1).map(lambda number: f"#{number:06x}")
tiny = st.binary(min_size=1, max_size=40).map(lambda data: f"data:image/png;base64,{b64encode(data).decode()}")
frames = st.lists(st.tuples(*[st.integers(0, 16_384)] * 4), max_size=3).map(tuple)
looks = st.none() | st.builds(Look, colors, tiny)
lines = st.builds(
    LockLine,
    st.dictionaries(names, st.dictionaries(st.integers(1, 40), bought | drawn, min_size=1, max_size=3), max_size=2),
    st.dictionaries(names, st.builds(Record, digests, media, look=looks, frames=frames), max_size=2),
    st.dictionaries(digests, digests, max_size=2),
    st.dictionaries(names, digests, max_size=2),
    st.lists(media, max_size=2).map(lambda found: {one.digest: replace(one, pixels="") for one in found}),
)
locks = st.dictionaries(names, lines, max_size=4)
TWO = graph({"asset": {"a": {"prompt": "A", "output": "a.png"}, "b": {"prompt": "B", "output": "b.png"}}})

FEWER = settings(max_examples=40)


def rows(text: str) -> list[str]:
    """The lines between the first and the last, without the commas between them."""
    return [row.removesuffix(",") for row in text.split("\n")[1:-2]]


def turned(table: Mapping[Key, Value], chance: random.Random) -> dict[Key, Value]:
    """The same in another order."""
    items = list(table.items())
    chance.shuffle(items)
    return dict(items)


@given(locks)
@FEWER
def test_a_lock_says_all_it_was_told(lock: dict[str, LockLine]) -> None:
    assert parse_lock(lock_text(lock)) == lock


@given(locks, st.integers())
@FEWER
def test_the_same_lines_are_the_same_text(lock: dict[str, LockLine], seed: int) -> None:
    chance = random.Random(seed)
    other = {
        name: LockLine(
            {step: turned(candidates, chance) for step, candidates in turned(line.steps, chance).items()},
            turned(line.outputs, chance),
            turned(line.pixels, chance),
            turned(line.emitted, chance),
            turned(line.sources, chance),
        )
        for name, line in turned(lock, chance).items()
    }
    assert lock_text(other) == lock_text(lock) == lock_text(parse_lock(lock_text(lock)))


@given(locks)
@FEWER
def test_a_lock_has_one_line_an_instance_in_order(lock: dict[str, LockLine]) -> None:
    text = lock_text(lock)
    assert len(rows(text)) == len(lock)
    assert list(parse_lock(text)) == sorted(lock)
    for name, line in lock.items():
        assert rows(lock_text({name: line}))[0] in rows(text)


@given(locks, locks, locks)
@FEWER
def test_two_branches_merge_by_line(
    base: dict[str, LockLine], one: dict[str, LockLine], other: dict[str, LockLine]
) -> None:
    """Each branch changed lines of its own: taking every changed line of both is the lock of both."""
    other = {name: line for name, line in other.items() if name not in one}
    ours, theirs = rows(lock_text({**base, **one})), rows(lock_text({**base, **other}))
    before = set(rows(lock_text(base)))
    kept = [row for row in ours if row in before and row in theirs]
    both = {*kept, *(row for row in (*ours, *theirs) if row not in before)}
    assert both == set(rows(lock_text({**base, **one, **other})))


@given(locks)
@FEWER
def test_every_pinned_key_is_found(lock: dict[str, LockLine]) -> None:
    read = Lock(lock)
    for name, line in lock.items():
        for step, candidates in line.steps.items():
            for number, record in candidates.items():
                found = read.paid(name, step, record.key)
                assert found[0].key == record.key
                assert read.candidate(name, step, number) == record
                assert read.paid("an asset that has no line of its own \0", "generate", record.key)


@given(lines, lines, st.booleans())
@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
def test_a_vanished_instance_keeps_its_line_while_anything_is_unfinished_or_its_file_is_there(
    old: LockLine, new: LockLine, has_file: bool
) -> None:
    orphan = LockLine({}, {"gone.png": Record("0" * 64, Media("1" * 64, "2" * 64, 8, 8, "png", 9))})
    before = {"a": old, "b": old, "c": orphan}
    with tempfile.TemporaryDirectory() as folder:
        if has_file:
            (Path(folder) / "gone.png").write_bytes(b"")
        unfinished = merged(before, {"b": new}, TWO, folder)
        finished = merged(before, {"a": new, "b": new}, TWO, folder)
    assert unfinished == {"a": old, "b": new, "c": orphan}
    assert finished == {"a": new, "b": new, **({"c": orphan} if has_file else {})}


@given(lines, digests, st.booleans())
@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
def test_an_emit_keeps_its_line_until_it_is_written_or_is_gone_with_its_file(
    new: LockLine, digest: str, has_file: bool
) -> None:
    emit = Emit("emit:told", "told.json", "", ("a", "b"), {}, Where("assets.toml"))
    told = replace(TWO, emits={emit.name: emit})
    line, built = LockLine(emitted={"told.json": digest}), {"a": new, "b": new}
    with tempfile.TemporaryDirectory() as folder:
        if has_file:
            (Path(folder) / "told.json").write_bytes(b"")
        assert merged({"emit:told": line}, built, told, folder) == {**built, "emit:told": line}
        assert merged({"emit:told": line}, {"a": new}, TWO, folder) == {"a": new, "emit:told": line}
        renamed = merged({"emit:old": line}, built, told, folder)
        vanished = merged({"emit:old": line}, built, TWO, folder)
    assert renamed == built
    assert vanished == {**built, **({"emit:old": line} if has_file else {})}
