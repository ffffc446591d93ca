"""`cache verify` and `cache repair` as a user runs them: what is wrong is listed with what to do, and mended."""

import shutil

import pytest

from assetforge.store.note import quarantine
from assetforge.store.notes import Notes
from tests.builder import Builder
from tests.cli.manifests import HERO
from tests.cli.test_cli_json import EVERY, KEYS
from tests.store.purchases import Buyer, key_of, picture

SIZE = len(picture(1)) + len(picture(2))


@pytest.fixture
def buyer(project: Builder) -> Buyer:
    found = Buyer(project.home / "store")
    found.buy(picture(1), first=1)
    found.buy(picture(2), first=2)
    return found


def test_a_store_that_is_not_there_is_sound_and_not_made(project: Builder) -> None:
    assert project.call("cache", "verify").out == "0 pictures, 0 B, all sound\n"
    assert project.call("cache", "repair").out == "0 records made again, 0 were there\n"
    assert not (project.home / "store").exists()


def test_a_sound_store(project: Builder, buyer: Buyer) -> None:
    told = project.call("cache", "verify")
    assert (told.code, told.out, told.err) == (0, f"2 pictures, {SIZE} B, all sound\n", "")


def test_everything_that_is_wrong_is_listed_with_what_to_do(project: Builder, buyer: Buyer) -> None:
    digest = buyer.all_records()[key_of(1)].media.digest
    buyer.flip(digest)
    shutil.rmtree(buyer.folder / "records")
    with buyer.ledger.path.open("ab") as file:
        file.write(b"nonsense\n")
    other = buyer.blobs.put(picture(2), durable=True)
    told = project.call("cache", "verify")
    assert told.code == 1
    assert told.out == (
        f"damaged    hero[n=1]:generate  $0.0600  the picture {digest[:12]} "
        "had changed on the disk, and was dropped\n"
        f"no record  hero[n=2]:generate  $0.0600  the picture {other[:12]} is here\n"
        f"1 picture, {len(picture(2))} B\n"
    )
    assert told.err == (
        f"warning: 1 line of `{buyer.ledger.path}` can't be read\n"
        "hint: what they tell of money is in no sum\n"
        "error: 1 picture had changed on the disk\n"
        "hint: build to make it again where it is needed; what the lock pins needs `--rebuy-lost`\n"
        "\nerror: 1 picture has no record that can be read\n"
        "hint: run `assetforge cache repair`\n"
    )


def test_quarantine_is_listed_and_what_dead_builds_left_is_counted(project: Builder, buyer: Buyer) -> None:
    notes = Notes.open(buyer.folder / "inflight")
    facts = {"step": "hero#1", "price": 0.04, "keys": [key_of(1)]}
    held = quarantine(notes.begin(facts | {"headers": {"cf-ray": "ray_1", "x-request-id": "req_7"}}), "no picture")
    notes.begin({"step": "hero#2", "price": 0.04, "keys": [key_of(2)]})
    notes.close()
    told = project.call("cache", "verify")
    assert told.code == 0
    row, *rest = told.out.splitlines()
    assert row.startswith("quarantine  hero#1  $0.0400  ")
    assert row.endswith(f" B, {held.name}, request req_7: no picture")
    assert project.call("cache", "verify", "--json").object["quarantined"][0]["request"] == "req_7"
    assert rest == [
        f"2 pictures, {SIZE} B, all sound",
        "1 call of builds that ended early: the next build finishes them",
    ]


def test_what_stands_in_no_line_of_the_ledger_is_warned_of(project: Builder, buyer: Buyer) -> None:
    buyer.ledger.path.unlink()
    told = project.call("cache", "verify")
    assert told.code == 0
    assert told.out == f"2 pictures, {SIZE} B, all sound, 2 of them not in the ledger\n"
    assert told.err.startswith(
        "warning: 2 bought pictures are in no line of the ledger: what they cost is in no sum\n"
    )
    found = project.call("cache", "verify", "--json").object
    assert [one["cost"] for one in found["unlisted"]] == [0.06, 0.06]
    assert set(found["unlisted"][0]) == KEYS["missing picture"]
    assert found["sound"] is True
    assert project.call("cache", "repair").out == "0 records made again, 2 were there\n"


def test_what_is_repaired_is_sound(project: Builder, buyer: Buyer) -> None:
    shutil.rmtree(buyer.folder / "records")
    assert project.call("cache", "repair").out == "2 records made again, 0 were there\n"
    assert project.call("cache", "repair").out == "0 records made again, 2 were there\n"
    assert project.call("cache", "verify").code == 0


def test_a_damaged_database_is_named_and_moved_aside(project: Builder, buyer: Buyer) -> None:
    database = buyer.folder / "records" / "cache.db"
    database.write_bytes(b"nonsense" * 1_000)
    told = project.call("cache", "verify")
    assert told.code == 1
    assert told.err.startswith(f"error: `{database}` is damaged: file is not a database\n")
    assert "\nhint: run `assetforge cache repair`\n" in told.err
    assert project.call("cache", "repair").out == (
        f"the damaged database is in {buyer.folder / 'records.damaged-1'} now\n2 records made again, 0 were there\n"
    )
    assert project.call("cache", "verify").code == 0


def test_pictures_that_are_gone_are_listed(project: Builder, buyer: Buyer) -> None:
    buyer.blobs.path(buyer.all_records()[key_of(1)].media.digest).unlink()
    told = project.call("cache", "repair")
    assert told.out.startswith("gone  hero[n=1]:generate  $0.0600  the picture ")
    assert told.out.endswith("\n0 records made again, 1 was there, 1 picture is gone\n")


def test_repair_says_what_it_could_not_read(project: Builder, buyer: Buyer) -> None:
    with buyer.ledger.path.open("ab") as file:
        file.write(b"nonsense\n")
    told = project.call("cache", "repair")
    assert told.code == 0
    assert told.err.startswith("warning: 1 line of ")


def test_the_group_shows_its_help(project: Builder) -> None:
    told = project.call("cache")
    assert (told.code, told.out) == (2, "")
    assert "verify" in told.err
    assert "repair" in told.err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("cache", "verfy"), "error: there is no command `cache verfy`\nhint: did you mean `verify`?\n"),
        (("cache", "verify", "x"), "error: `assetforge cache verify` takes no `x`\n"),
        (("cache", "repair", "--fast"), "error: `assetforge cache repair` has no option `--fast`\n"),
    ],
)
def test_a_wrong_command_line_is_told(project: Builder, arguments: tuple[str, ...], error: str) -> None:
    told = project.call(*arguments)
    assert told.code == 2
    assert told.err.startswith(error)


def test_options_may_stand_anywhere(project: Builder, buyer: Buyer) -> None:
    for arguments in (("--json", "cache", "verify"), ("cache", "--json", "verify"), ("cache", "verify", "--json")):
        assert project.call(*arguments).object["command"] == "cache verify"


def test_the_objects_have_their_keys_and_no_other(project: Builder, buyer: Buyer) -> None:
    notes = Notes.open(buyer.folder / "inflight")
    quarantine(notes.begin({"step": "hero#1"}), "it is no picture")
    notes.close()
    buyer.blobs.path(buyer.all_records()[key_of(1)].media.digest).unlink()
    every = EVERY - {"root"}
    told = project.call("cache", "verify", "--json")
    assert set(told.object) == KEYS["cache verify"] | every
    assert set(told.object["gone"][0]) == KEYS["missing picture"]
    assert set(told.object["quarantined"][0]) == KEYS["quarantined"]
    assert (told.code, told.object["exit_code"], told.object["sound"]) == (1, 1, False)
    assert told.object["errors"][0]["message"] == "1 picture is gone"
    told = project.call("cache", "repair", "--json")
    assert set(told.object) == KEYS["cache repair"] | every
    assert set(told.object["gone"][0]) == KEYS["missing picture"]


def test_what_a_build_bought_is_not_bought_again_after_a_repair(shop: Builder) -> None:
    """Neither lock nor records are left, only the ledger and the pictures."""
    shop.write({"assets.toml": HERO})
    assert shop.call("build", "--yes").code == 0
    assert shop.call("cache", "verify").code == 0
    shutil.rmtree(shop.home / "store" / "records")
    assert shop.call("cache", "verify").code == 1
    shop.remove("assets.lock").remove("hero.png")
    assert shop.call("build", "--on-miss=fail").code == 3
    assert shop.call("cache", "repair").code == 0
    assert shop.call("cache", "verify").code == 0
    told = shop.call("build", "--on-miss=fail")
    assert told.code == 0, told
    assert (shop.root / "hero.png").exists()
    total = shop.call("spend", "--json").object["total"]
    assert (total["calls"], total["pictures"]) == (1, 1)


def test_the_records_of_a_build_come_back_as_they_were(shop: Builder) -> None:
    shop.write({"assets.toml": HERO + 'n = 3\n[provider.openai]\nkind = "images-api"\nmax_n_per_request = 2\n'})
    assert shop.call("build", "--yes").code == 0
    store = Buyer(shop.home / "store")
    before = {key: record for key, record in store.all_records().items() if record.kind == "images-api"}
    assert len(before) == 3
    shutil.rmtree(shop.home / "store" / "records")
    assert shop.call("cache", "repair").out == "3 records made again, 0 were there\n"
    assert store.all_records() == before
