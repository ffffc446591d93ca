"""`cache stats` and `cache gc` as a user runs them: what is there, what would go, and what stays."""

import json
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assetforge.store.blobs import Blobs
from assetforge.store.ledger import Ledger
from assetforge.store.note import quarantine
from assetforge.store.notes import Notes
from assetforge.store.use import in_use
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, EDITED, HERO, picture
from tests.cli.terminal import Terminal
from tests.cli.test_cli_json import EVERY, KEYS

DAY = 24 * 3_600
OTHER = HERO.replace("hero", "other")
AGAIN = EDITED.replace('prompt = "', 'prompt = "Again: ')


def age(folder: Path, seconds: float = 2 * DAY) -> None:
    """Everything in a folder was written some time ago."""
    moment = time.time() - seconds
    for path in folder.rglob("*"):
        os.utime(path, (moment, moment))


def blobs_in(project: Builder) -> set[str]:
    return set(Blobs(project.home / "store" / "blobs", lambda _: None).digests())


@pytest.fixture
def edited(shop: Builder) -> Builder:
    """A project of two bought pictures, and two of yesterday that no lock names."""
    shop.write({"assets.toml": EDITED, "art/logo.png": picture()})
    assert shop.call("build", "--yes").code == 0
    shop.write({"assets.toml": AGAIN})
    assert shop.call("build", "--yes").code == 0
    age(shop.home / "store" / "blobs")
    return shop


# --- stats ---


def test_a_store_that_is_not_there_is_empty_and_not_made(project: Builder) -> None:
    told = project.call("cache", "stats")
    assert (told.code, told.out) == (0, f"{project.home / 'store'}\n\nnothing  0 pictures  0 B\n")
    assert project.call("cache", "gc", "--yes").out == "nothing to remove\n"
    assert not (project.home / "store").exists()


def test_what_is_there_is_weighed_by_what_it_is_and_who_uses_it(edited: Builder) -> None:
    notes = Notes.open(edited.home / "store" / "inflight")
    quarantine(notes.begin({"step": "hero#1"}), "it is no picture")
    notes.close()
    told = edited.call("cache", "stats", "--json").object
    assert set(told) == KEYS["cache stats"] | (EVERY - {"root"})
    assert set(told["kinds"][0]) == KEYS["stored kind"]
    assert set(told["parts"][0]) == KEYS["stored part"]
    assert set(told["projects"][0]) == KEYS["using project"]
    paid, *_ = told["kinds"]
    spent = edited.call("spend", "--json").object["total"]["spent"]
    assert (paid["kind"], paid["pictures"], paid["cost"]) == ("paid", 4, pytest.approx(spent))
    assert (paid["unused"]["pictures"], paid["unused"]["cost"]) == (2, pytest.approx(spent / 2, rel=0.05))
    (project,) = told["projects"]
    assert (project["manifest"], project["there"]) == (str(edited.root / "assets.toml"), True)
    assert project["size"] == sum(kind["size"] - kind["unused"]["size"] for kind in told["kinds"])
    assert {part["part"]: part["count"] for part in told["parts"]}["quarantine"] == 1
    assert sum(kind["size"] for kind in told["kinds"]) == sum(
        path.stat().st_size for path in (edited.home / "store" / "blobs").glob("??/*")
    )
    lines = edited.call("cache", "stats").out.splitlines()
    assert any(line.startswith("paid ") and "; no project uses 2 of them, " in line for line in lines)
    assert any(line.startswith("quarantine ") for line in lines)


# --- gc ---


def test_what_is_made_again_for_nothing_goes_and_what_was_paid_stays(edited: Builder) -> None:
    before, lock, files = blobs_in(edited), edited.text("assets.lock"), edited.files()
    told = edited.call("cache", "gc", "--yes")
    assert told.code == 0, told
    assert "\n2 pictures that no project uses stay, paid for or unknown: --paid removes them too\n" in told.out
    paid = {digest for entry in Ledger(edited.home / "store" / "ledger.jsonl").read() for digest in entry.digests}
    assert paid <= blobs_in(edited) < before
    assert edited.call("cache", "verify").code == 0
    assert edited.call("cache", "gc", "--yes").out.startswith("nothing to remove\n")
    assert (edited.text("assets.lock"), edited.files()) == (lock, files)


def test_what_was_paid_goes_when_it_is_asked_for_with_its_price(edited: Builder) -> None:
    told = edited.call("cache", "gc", "--paid", "--dry-run")
    rows = [line.split("  ") for line in told.out.splitlines() if line.startswith("paid")]
    assert [[part.strip() for part in row if part][1] for row in rows] == [
        "project hero:generate",
        "project night:edit",
    ]
    before = blobs_in(edited)
    refused = edited.call("cache", "gc", "--paid")
    assert refused.code == 4
    assert ": buying 2 of them again would cost $0.11" in refused.err
    assert refused.err.endswith("\nhint: pass --yes\n")
    assert blobs_in(edited) == before
    done = edited.call("cache", "gc", "--paid", "--yes", "--json").object
    assert set(done) == KEYS["cache gc"] | (EVERY - {"root"})
    assert set(done["paid"][0]) == KEYS["removed step"]
    assert (done["removed"], done["kept"], len(done["paid"])) == (True, 0, 2)
    assert len(before) - len(blobs_in(edited)) == done["pictures"]
    # What was removed on purpose is not lost.
    assert edited.call("cache", "verify").code == 0
    assert edited.call("cache", "repair", "--json").object["gone"] == []
    edited.remove("night.png")
    assert edited.call("build", "--on-miss=fail").code == 0


def test_what_goes_by_the_lock_of_another_project_stays(edited: Builder, tmp_path: Path) -> None:
    """It was built here with the first prompts, and none of its files is there any more."""
    other = Builder(edited.home, tmp_path / "other", edited.environ)
    other.write({"assets.toml": EDITED, "art/logo.png": picture()})
    assert other.call("build", "--on-miss=fail").code == 0
    other.remove("night.png").remove("night.webp")
    age(edited.home / "store" / "blobs")
    before = blobs_in(edited)
    assert edited.call("cache", "gc", "--paid", "--yes").out == "nothing to remove\n"
    assert blobs_in(edited) == before
    assert other.call("build", "--on-miss=fail").code == 0


def test_what_came_within_a_day_stays(shop: Builder) -> None:
    shop.write({"assets.toml": HERO}).call("build", "--yes")
    shop.remove("assets.lock").write({"assets.toml": OTHER})
    (state,) = (shop.home / "store" / "projects").glob("*/state")
    state.unlink()
    before = blobs_in(shop)
    told = shop.call("cache", "gc", "--paid", "--yes")
    assert told.out == "nothing to remove\n1 picture that no project uses came within a day, and stays\n"
    assert blobs_in(shop) == before
    age(shop.home / "store" / "blobs")
    assert shop.call("cache", "gc", "--paid", "--yes").out.startswith("paid  project hero:generate  $0.0")
    assert blobs_in(shop) == set()


def test_what_nobody_knows_goes_only_with_what_was_paid(edited: Builder) -> None:
    digest = Blobs(edited.home / "store" / "blobs", lambda _: None).put(b"a file of mine", durable=True)
    age(edited.home / "store" / "blobs")
    assert edited.call("cache", "gc", "--yes").code == 0
    assert digest in blobs_in(edited)
    told = edited.call("cache", "gc", "--paid", "--yes")
    assert "unknown  " in told.out
    assert digest not in blobs_in(edited)


def test_a_lock_with_conflicts_uses_what_both_sides_name(edited: Builder) -> None:
    lock = edited.text("assets.lock")
    edited.write({"assets.lock": f"<<<<<<< ours\n{lock}=======\n{lock}>>>>>>> theirs\n"})
    (state,) = (edited.home / "store" / "projects").glob("*/state")
    state.unlink()
    before = blobs_in(edited)
    edited.call("cache", "gc", "--yes")
    edited.write({"assets.lock": lock})
    edited.remove("night.png")
    assert edited.call("build", "--on-miss=fail").code == 0
    assert blobs_in(edited) <= before


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["a folder", "a pipe"])
def test_what_a_project_uses_whose_lock_can_t_be_read_nobody_can_tell(
    edited: Builder, make: Callable[[Path], None]
) -> None:
    lock = edited.root / "assets.lock"
    lock.unlink()
    make(lock)
    paid = {digest for entry in Ledger(edited.home / "store" / "ledger.jsonl").read() for digest in entry.digests}
    told = edited.call("cache", "gc", "--paid", "--yes")
    assert told.code == 0, told
    assert "removed" in told.out
    # One is an output as well, and so known to be used.
    assert told.out.endswith(f"\n{len(paid) - 1} pictures that some project may use stay\n")
    assert f"uses: `{lock}` can't be read: it is not a regular file\nhint: restore the lock" in told.err
    assert paid <= blobs_in(edited)
    stats = edited.call("cache", "stats", "--json").object
    assert stats["projects"][0]["unread"] == f"`{lock}` can't be read: it is not a regular file"


def test_one_project_s_lock_that_can_t_be_read_stops_no_other(edited: Builder, tmp_path: Path) -> None:
    other = Builder(edited.home, tmp_path / "other", edited.environ)
    other.write({"assets.toml": DRAFTS + OTHER})
    assert other.call("build").code == 0
    other.remove("assets.lock")
    (other.root / "assets.lock").mkdir()
    told = edited.call("cache", "stats")
    assert told.code == 0
    assert told.err.startswith(f"warning: nobody can tell what `{other.root / 'assets.toml'}` uses: ")
    assert edited.call("cache", "gc", "--yes").code == 0
    (other.root / "assets.lock").rmdir()
    assert edited.call("build", "--on-miss=fail").code == 0


# --- made by hand ---


@pytest.fixture
def by_hand(edited: Builder) -> Builder:
    """A picture by hand that stood for a bought one once, and stands for none now; it is nowhere but in the store."""
    edited.write({"hand.png": picture("red", (1024, 1024))})
    assert edited.call("adopt", "night", "hand.png").code == 0
    assert edited.call("build").code == 0
    return edited.remove("hand.png")


def test_what_was_made_by_hand_goes_only_when_it_is_asked_for(by_hand: Builder) -> None:
    (made,) = hands(by_hand)
    give_back(by_hand)
    told = by_hand.call("cache", "gc", "--paid", "--yes")
    assert told.code == 0, told
    assert "1 picture made by hand for `night:edit` stays, and can't be made again: --by-hand removes it" in told.out
    assert made in blobs_in(by_hand)
    assert by_hand.call("restore", "night", made[:12]).code == 0
    assert by_hand.call("build", "--on-miss=fail").code == 0
    give_back(by_hand)
    (kind,) = [one for one in by_hand.call("cache", "stats", "--json").object["kinds"] if one["kind"] == "by hand"]
    assert (kind["pictures"], kind["unused"]["pictures"]) == (1, 1)
    refused = by_hand.call("cache", "gc", "--by-hand")
    assert refused.code == 4
    assert ": 1 of them was made by hand, and can't be made again\n" in refused.err
    assert "by hand  project night:edit  1 picture, can't be made again\n" in refused.out
    gone = by_hand.call("cache", "gc", "--by-hand", "--yes", "--json").object
    assert gone["by_hand"] == [{"digest": made, "project": "project", "step": "night:edit"}]
    assert gone["paid"] == []
    assert made not in blobs_in(by_hand)


def test_a_pinned_picture_by_hand_stays_whatever_is_asked_for(by_hand: Builder) -> None:
    (made,) = hands(by_hand)
    age(by_hand.home / "store" / "blobs")
    assert by_hand.call("cache", "gc", "--paid", "--by-hand", "--yes").code == 0
    assert made in blobs_in(by_hand)


def test_a_project_that_alone_knows_what_was_made_by_hand_is_not_forgotten(by_hand: Builder) -> None:
    (made,) = hands(by_hand)
    age(by_hand.home / "store" / "blobs")
    os.rename(by_hand.root, by_hand.root.with_name("moved"))
    by_hand.root.mkdir()
    for _ in range(2):
        told = by_hand.call("cache", "gc", "--paid", "--forget-gone", "--yes")
        assert told.code == 0, told
        assert f"`{by_hand.root / 'assets.toml'}` is not forgotten: nobody else knows what was made" in told.out
        assert blobs_in(by_hand) == {made}
    told = by_hand.call("cache", "gc", "--by-hand", "--forget-gone", "--yes")
    assert told.code == 0, told
    assert blobs_in(by_hand) == set()
    assert not list((by_hand.home / "store" / "projects").iterdir())


def hands(project: Builder) -> list[str]:
    """The digests of pictures by hand in a lock."""
    lines = json.loads(project.text("assets.lock"))["assets"].values()
    steps = [step for line in lines for step in line.get("steps", {}).values()]
    return [one["digest"] for step in steps for one in step.values() if one.get("by") == "by hand"]


def give_back(project: Builder) -> None:
    """The bought picture stands where the one by hand did; all is of yesterday."""
    told = project.call("history", "night", "--json").object
    key = next(one["key"] for one in told["pictures"] if one["how"] == "bought")
    assert project.call("restore", "night", key).code == 0
    assert project.call("build", "--on-miss=fail").code == 0
    age(project.home / "store" / "blobs")


# --- projects that are gone ---


def test_a_project_that_is_gone_keeps_what_was_paid_until_it_is_forgotten(edited: Builder) -> None:
    os.rename(edited.root, edited.root.with_name("moved"))
    edited.root.mkdir()
    before = blobs_in(edited)
    told = edited.call("cache", "gc", "--paid", "--yes")
    assert told.code == 4
    assert told.err.startswith("error: nobody can tell what the projects use that are not where they were")
    assert blobs_in(edited) == before
    told = edited.call("cache", "gc", "--yes")
    assert told.err.startswith(f"warning: a project is not where it was: `{edited.root / 'assets.toml'}`\n")
    told = edited.call("cache", "gc", "--paid", "--forget-gone", "--yes")
    assert told.code == 0, told
    assert blobs_in(edited) == set()
    assert list((edited.home / "store" / "projects").iterdir()) == []


def test_a_project_that_moved_is_known_again_when_it_is_built(edited: Builder) -> None:
    moved = Builder(edited.home, edited.root.with_name("moved"), edited.environ)
    os.rename(edited.root, moved.root)
    assert moved.call("build").code == 0
    edited.root.mkdir()
    assert moved.call("cache", "gc", "--paid", "--yes").code == 0
    moved.remove("night.webp").remove("night.png")
    assert moved.call("build", "--on-miss=fail").code == 0


def test_nothing_is_removed_while_a_build_is_at_work(edited: Builder) -> None:
    before = blobs_in(edited)
    with in_use(edited.home / "store"):
        told = edited.call("cache", "gc", "--paid", "--yes")
        assert (told.code, told.err.splitlines()) == (
            2,
            ["error: a build is at work, and may use what would be removed", "hint: run it again when no build is"],
        )
        assert edited.call("cache", "gc", "--dry-run").code == 0
    assert blobs_in(edited) == before


def test_what_processes_left_that_died_goes(edited: Builder) -> None:
    store = edited.home / "store"
    old = [store / "blobs" / ".x.abc.tmp", next((store / "blobs").glob("??")) / ".y.bad", store / ".month.1.tmp"]
    for path in old:
        path.write_bytes(b"12345")
    notes = Notes.open(store / "inflight")
    notes.begin_scratch({"step": "x"})
    kept = notes.begin({"step": "hero#1", "keys": ["f" * 64]})
    notes._claim.release()  # as when a process dies
    age(store)
    young = store / "blobs" / ".z.abc.tmp"
    young.write_bytes(b"of an import that is under way")
    told = edited.call("cache", "gc", "--yes")
    assert "leftovers  3 files" in told.out
    assert [path for path in (*old, young, kept.folder) if path.exists()] == [young, kept.folder]
    assert not list((store / "inflight").glob("*/.dropped-*"))
    assert list((store / "claims").iterdir()) == []


def test_the_database_forgets_what_is_gone_and_only_that(edited: Builder) -> None:
    database = edited.home / "store" / "records" / "cache.db"

    def entries() -> tuple[set[str], int]:
        with closing(sqlite3.connect(database)) as connection:
            names = {name for (name,) in connection.execute("SELECT key FROM Cache")}
            ((told,),) = connection.execute("SELECT value FROM Settings WHERE key = 'count'").fetchall()
        return names, told

    blurred = AGAIN.replace('png"] }]', 'png"] }, { op = "blur", radius = 2 }]')
    assert edited.write({"assets.toml": blurred}).call("build", "--yes").code == 0
    age(edited.home / "store" / "blobs")
    before, _ = entries()
    size = database.stat().st_size
    edited.call("cache", "gc", "--paid", "--yes")
    after, told = entries()
    assert after < before
    assert told == len(after)
    assert database.stat().st_size <= size
    # What the lock names is still explained.
    edited.write({"assets.toml": blurred.replace("radius = 2", "radius = 4")})
    assert "step `blur`: radius 2 -> 4" in edited.call("plan").out
    edited.write({"assets.toml": blurred.replace("tags", 'quality = "high"\ntags')})
    assert "quality changed from medium to high" in edited.call("plan").out


def test_drafts_go_and_are_drawn_again(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO}).call("build")
    project.write({"assets.toml": DRAFTS + HERO.replace("prompt = ", 'quality = "high"\nprompt = ')}).call("build")
    assert "drafts  " in project.call("cache", "gc", "--yes").out
    project.remove("hero.png")
    assert project.call("build").code == 0
    assert project.call("check").code == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("gc", "hero"), "error: `assetforge cache gc` takes no `hero`\n"),
        (("gc", "--pay"), "error: `assetforge cache gc` has no option `--pay`\n"),
        (("stats", "--yes"), "error: `assetforge cache stats` has no option `--yes`\n"),
    ],
)
def test_a_wrong_command_line_is_told(project: Builder, arguments: tuple[str, ...], error: str) -> None:
    told = project.call("cache", *arguments)
    assert (told.code, told.err.startswith(error)) == (2, True)


@pytest.mark.slow
def test_a_terminal_is_asked(edited: Builder) -> None:
    before = blobs_in(edited)
    for answer, code, words in (("n\n", 4, "nothing was removed"), ("y\n", 0, "3 pictures removed, ")):
        terminal = Terminal(edited, "cache", "gc", "--paid")
        told = terminal.until("[y/N]")
        assert "remove 3 pictures (" in told
        assert "? buying 2 of them again would cost $0.11 [y/N]" in told
        terminal.send(answer)
        assert terminal.end() == code
        assert words in terminal.text
        assert (blobs_in(edited) == before) is (code == 4)


def test_a_damaged_database_is_repaired_before_anything_goes(edited: Builder) -> None:
    before = blobs_in(edited)
    (edited.home / "store" / "records" / "cache.db").write_bytes(b"nonsense" * 1_000)
    for command in ("stats", "gc"):
        told = edited.call("cache", command)
        assert told.code == 2
        assert "hint: run `assetforge cache repair`" in told.err
    edited.call("cache", "repair")
    # Nobody knows any more what the outputs were: they stay.
    assert edited.call("cache", "gc", "--yes").out.startswith("nothing to remove\n")
    assert blobs_in(edited) == before
