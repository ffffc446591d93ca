"""What a page is told of a project agrees with what the commands say, and asks and writes nothing for it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from assetforge.digest import digest_bytes
from assetforge.gallery.cards import Card, Shown, page_object
from assetforge.gallery.gathering import Gathered
from assetforge.ops.decode import open_picture
from assetforge.run.shelf import now
from assetforge.words import money
from tests.builder import Builder
from tests.cli.manifests import picture
from tests.gallery.gallery_site import FILES, MANIFEST, cards, files_in, look
from tests.images_server import ImagesServer


@pytest.fixture
def site(shop: Builder) -> Builder:
    return shop.write(FILES)


@pytest.fixture
def built(site: Builder) -> Builder:
    assert site.call("build", "-q", "--yes").code == 0
    return site


def shown(card: Card) -> list[Shown]:
    """Every picture of a card."""
    stages = [one for stage in card.stages for one in (stage.before, stage.after, *_candidates(card))]
    found = [card.picture, *(file.picture for file in card.files), *stages]
    return [one for one in found if one is not None]


def _candidates(card: Card) -> list[Shown | None]:
    return [candidate.picture for stage in card.stages for candidate in stage.candidates]


def bytes_of(found: Gathered, url: str) -> bytes:
    return found.pictures[url.removeprefix("pictures/")].read_bytes()


# --- states ---


def test_states_are_those_of_list(site: Builder) -> None:
    def agree(states: dict[str, str]) -> None:
        found = cards(site)
        listed = {one["instance"]: one["state"] for one in site.call("list", "--json").object["assets"]}
        assert {name: card.word for name, card in found.items()} == listed
        assert {name: str(card.state) for name, card in found.items()} == states

    agree({"hero": "stale", "night": "stale", "logo": "stale"})
    site.call("build", "-q", "--draft")
    agree({"hero": "draft", "night": "draft", "logo": "fresh"})
    site.call("build", "-q", "--yes")
    agree({"hero": "fresh", "night": "fresh", "logo": "fresh"})
    site.write({"assets.toml": MANIFEST.replace("dawn", "dusk")})
    agree({"hero": "stale", "night": "stale", "logo": "fresh"})
    site.write({"assets.toml": MANIFEST}).remove("logo.png")
    agree({"hero": "fresh", "night": "fresh", "logo": "stale"})
    site.write({"logo.png": b"of the user"})
    agree({"hero": "fresh", "night": "fresh", "logo": "failed"})
    assert "--overwrite" in str(cards(site)["logo"].hint)
    bought = site.root.joinpath("hero.webp").read_bytes()
    site.remove("logo.png").write({"assets.toml": MANIFEST.replace("dawn", "dusk")})
    site.call("build", "-q", "--draft")
    site.write({"hero.webp": bought})
    agree({"hero": "draft", "night": "draft", "logo": "fresh"})


def test_what_was_perhaps_billed_is_told_until_it_is_there(site: Builder, images: ImagesServer) -> None:
    images.script(match="lighthouse", fault="drop_after")
    site.call("build", "-q", "--yes")
    today, spend = now()[:10], site.call("spend", "--json").object["unanswered"]
    (told,) = [reason for reason in cards(site)["hero"].reasons if "may have been billed" in reason]
    assert (spend["calls"], told) == (
        1,
        f"the last call may have been billed on {today}, up to {money(spend['cost'])}",
    )
    assert not any("billed" in reason for reason in cards(site)["logo"].reasons)
    site.call("build", "-q", "--yes")
    assert not any("billed" in reason for reason in cards(site)["hero"].reasons)


def test_what_was_refused_has_failed_and_says_what_to_do(site: Builder, images: ImagesServer) -> None:
    images.script(match="lighthouse", times=9, status=400, code="moderation_blocked", message="violates our policy")
    site.call("build", "-q", "--yes")
    found = cards(site)
    assert (found["hero"].state, found["night"].state, found["logo"].state) == ("failed", "failed", "fresh")
    assert "violates our policy" in " ".join(found["hero"].reasons)
    assert "--retry-refused" in str(found["hero"].hint)
    assert found["hero"].offers == ()


def test_what_is_pinned_and_nowhere_has_failed(built: Builder) -> None:
    shutil.rmtree(built.home / "store")
    built.remove("night.png")
    found = cards(built)
    assert (found["night"].state, found["night"].word) == ("failed", "lost")
    assert "--rebuy-lost" in str(found["night"].hint)
    assert [candidate.word for candidate in found["night"].stages[0].candidates] == ["lost"]


# --- pictures ---


def test_each_picture_is_that_of_its_file(built: Builder) -> None:
    found, _ = look(built)
    for card in found.cards:
        for file in card.files:
            assert file.picture is not None
            data = built.root.joinpath(file.path).read_bytes()
            assert (file.picture.digest, file.picture.bytes) == (digest_bytes(data), len(data))
            assert (file.picture.width, file.picture.height) == open_picture(data, file.path).size
            assert bytes_of(found, file.picture.full) == data
        assert card.picture == card.files[0].picture


def test_a_chain_has_every_picture_between(built: Builder) -> None:
    hero, night = cards(built)["hero"], cards(built)["night"]
    assert [stage.kind for stage in hero.stages] == ["generate", "resize", "crop"]
    assert [stage.after and (stage.after.width, stage.after.height) for stage in hero.stages] == [
        (1024, 640), (400, 250), (250, 250)]  # fmt: skip
    assert [stage.before for stage in hero.stages] == [None, *(stage.after for stage in hero.stages[:-1])]
    edit, *_ = night.stages
    assert (edit.kind, edit.inputs) == ("edit", ("@hero", "art/logo.png"))
    assert edit.before == hero.stages[-1].after


def test_candidates_stand_side_by_side_with_one_picked(built: Builder) -> None:
    generate, *_ = cards(built)["hero"].stages
    assert [(one.number, one.picked) for one in generate.candidates] == [(1, False), (2, True), (3, False)]
    pictures = [one.picture for one in generate.candidates]
    assert len({one.digest for one in pictures if one is not None}) == 3
    assert generate.after == pictures[1]


def test_costs_are_those_of_the_ledger(shop: Builder, tmp_path: Path) -> None:
    shared = '[asset.twin]\nprompt = "A lighthouse at dawn"\nsize = "1024x640"\noutput = "twin.png"\n'
    shop.write({**FILES, "assets.toml": MANIFEST + shared}).call("build", "-q", "--yes")
    spent = sum(row["spent"] for row in shop.call("spend", "--json").object["rows"])
    clone = Builder(tmp_path / "elsewhere", shop.root, shop.environ)
    clone.home.mkdir()
    for found in (cards(shop), cards(clone)):
        candidates = [one for card in found.values() for stage in card.stages for one in stage.candidates]
        paid = {(one.key, one.digest): one.cost for one in candidates if one.cost is not None}
        assert sum(paid.values()) == pytest.approx(spent)
        assert all(key and digest for key, digest in paid)
        assert sum(card.cost or 0.0 for card in found.values()) > spent
        assert all(card.low == card.high == card.unpriced == 0 for card in found.values())


def test_an_older_picture_is_shown_until_there_is_another(built: Builder) -> None:
    before = cards(built)["hero"]
    built.write({"assets.toml": MANIFEST.replace("at dawn", "at dusk")})
    stale = cards(built)["hero"]
    assert (stale.picture, stale.cost) == (before.picture, before.cost)
    assert [(stage.before, stage.after) for stage in stale.stages] == [
        (stage.before, stage.after) for stage in before.stages]  # fmt: skip
    assert ([stage.earlier for stage in before.stages], [stage.earlier for stage in stale.stages]) == (
        [False] * 3, [True] * 3)  # fmt: skip
    for old, new in zip(before.stages[0].candidates, stale.stages[0].candidates, strict=True):
        assert (new.earlier, new.word) == (True, "missing")
        assert new.price == pytest.approx(stale.high / 3)
        assert replace(new, earlier=False, price=None, word=old.word, reasons=old.reasons) == old
    assert stale.reasons == ("the prompt changed",)
    assert stale.stages[0].diff == ((" ", "A lighthouse at"), ("-", "dawn"), ("+", "dusk"))
    built.call("build", "-q", "--draft")
    drawn = cards(built)["hero"]
    assert drawn.picture is not None
    assert drawn.picture.draft
    assert [stage.after is not None and stage.after.draft for stage in drawn.stages] == [True, True, True]
    assert [stage.earlier for stage in drawn.stages] == [False, False, False]
    assert [candidate.earlier for candidate in drawn.stages[0].candidates] == [True, False, True]


def test_offers_are_the_calls_of_the_plan(site: Builder) -> None:
    planned = site.call("plan", "--json").object["assets"]
    for card, plan in zip(look(site)[0].cards, planned, strict=True):
        told = [(offer.step, offer.candidate, offer.key or None, offer.price, offer.size) for offer in card.offers]
        assert told == [
            (item["step"], item["candidate"], item["key"] if item["sure"] else None, item["price"], item["size"])
            for item in plan["purchases"]
        ]
        assert card.high == pytest.approx(sum(item["price"] for item in plan["purchases"]))


def test_drafts_of_a_provider_are_no_offer(project: Builder) -> None:
    project.write({**FILES, "assets.toml": '[defaults]\nprovider = "draft"\n' + MANIFEST})
    assert [card.offers for card in look(project)[0].cards] == [(), (), ()]
    assert project.call("build", "-q").code == 0
    assert {card.state for card in look(project)[0].cards} == {"fresh"}


# --- what it leaves alone ---


def test_nobody_is_asked_and_nothing_is_written_but_small_copies(built: Builder, images: ImagesServer) -> None:
    calls, files, store = len(images.calls), built.files(), files_in(built.home / "store")
    look(built)
    assert (len(images.calls), built.files()) == (calls, files)
    now = files_in(built.home / "store")
    assert {path for path in now if path not in store} == {path for path in now if path.startswith("previews/")}
    assert {path: data for path, data in now.items() if path in store} == store


def test_small_copies_are_made_once(built: Builder) -> None:
    first, _ = look(built)
    folder = built.home / "store" / "previews"
    made = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    second, _ = look(built)
    assert made
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == made
    assert (second.cards, second.pictures) == (first.cards, first.pictures)


def test_every_picture_has_its_files_and_no_other_is_there(built: Builder) -> None:
    found, _ = look(built)
    urls = {url for card in found.cards for one in shown(card) for url in (one.thumb, one.full)}
    assert {f"pictures/{name}" for name in found.pictures} == urls
    for card in found.cards:
        for one in shown(card):
            thumb, full = open_picture(bytes_of(found, one.thumb), ""), open_picture(bytes_of(found, one.full), "")
            assert max(thumb.size) == min(480, max(one.width, one.height))
            assert full.size == (one.width, one.height)


def test_a_few_are_told_as_among_all(site: Builder) -> None:
    edited = MANIFEST.replace("at dawn", "at dusk")
    for arguments, files in (
        (("plan",), {}), (("build", "--draft"), {}), (("build", "--yes"), {}), (("plan",), {"assets.toml": edited}),
    ):  # fmt: skip
        site.write(files).call(*arguments)
        every = {card.name: card for card in look(site)[0].cards}
        assert all(look(site, [name])[0].cards == (card,) for name, card in every.items())
        some, _ = look(site, ["logo", "hero", "no-such"])
        assert some.cards == (every["hero"], every["logo"])


def test_a_lost_picture_is_lost_also_when_it_is_told_alone(built: Builder) -> None:
    shutil.rmtree(built.home / "store")
    built.remove("night.png")
    built.write({"assets.toml": MANIFEST.replace("Make it night", "Make it noon")})
    every = {card.name: card for card in look(built)[0].cards}
    assert every["hero"].word == "lost"
    assert all(look(built, [name])[0].cards == (card,) for name, card in every.items())


# --- whatever is wrong ---


def test_a_fresh_clone_shows_what_is_committed(built: Builder, tmp_path: Path) -> None:
    before, files = cards(built), built.files()
    clone = Builder(tmp_path / "elsewhere", built.root, built.environ)
    clone.home.mkdir()
    after = cards(clone)
    for name, card in after.items():
        assert (card.state, card.picture, card.files) == (
            before[name].state,
            before[name].picture,
            before[name].files,
        )
        assert card.cost == before[name].cost
    assert _candidates(after["hero"]) == [None, None, None]
    assert [path.name for path in (clone.home / "store").iterdir()] == ["previews"]
    assert clone.files() == files


def test_a_store_that_can_not_be_made_is_done_without(built: Builder) -> None:
    (built.home / "file").write_bytes(b"")
    built.environ["ASSETFORGE_CACHE_DIR"] = str(built.home / "file" / "store")
    found, _ = look(built)
    assert all(card.picture is not None for card in found.cards)
    assert all(path.is_file() for path in found.pictures.values())
    assert not list(built.root.glob(".assetforge*"))


def test_a_user_file_in_the_way_is_said_to_be_theirs(built: Builder) -> None:
    built.write({"logo.png": b"of the user"})
    (file,) = cards(built)["logo"].files
    assert file.word == "yours"
    assert "it was not made here, or was changed since" in file.reasons


def test_pictures_for_a_page_are_no_larger_than_a_browser_can_hold(project: Builder) -> None:
    large = picture(size=(4100, 4000))
    project.write({"art/large.png": large, "assets.toml": '[asset.a]\nsource = "art/large.png"\noutput = "a.png"\n'})
    assert len(large) < 1_000_000
    project.call("build", "-q")
    found, _ = look(project)
    shown = found.cards[0].picture
    assert shown is not None
    assert (shown.width, shown.height) == (4100, 4000)
    assert open_picture(bytes_of(found, shown.full), "").size == (2048, 1998)


def test_what_stands_between_steps_is_kept_small(project: Builder) -> None:
    steps = '[{ op = "adjust", brightness = 1.2 }, { op = "resize", width = 20 }]'
    project.write(
        {"assets.toml": f'[asset.a]\nsource = "a.png"\nsteps = {steps}\n', "a.png": picture(size=(1500, 750))}
    )
    found, _ = look(project)
    between = found.cards[0].stages[0].after
    assert between is not None
    assert (between.width, between.height) == (1500, 750)
    assert open_picture(bytes_of(found, between.full), "").size == (1024, 512)


def test_a_sheet_has_no_picture_before_it(project: Builder) -> None:
    sheet = '[asset.sheet]\nsource = ["a.png", "b.png"]\nsteps = [{ op = "atlas" }]\noutput = "sheet.png"\n'
    project.write({"assets.toml": sheet, "a.png": picture(), "b.png": picture("red")}).call("build", "-q")
    (stage,) = cards(project)["sheet"].stages
    assert (stage.kind, stage.before, stage.after is None) == ("atlas", None, False)


def test_names_can_not_turn_the_order_of_what_follows_them(project: Builder) -> None:
    manifest = 'matrix.kind = ["\\u202egnp"]\nprompt = "\\u202eof {{ kind }}"\noutput = "a.png"\n'
    project.write({"assets.toml": f'[defaults]\nprovider = "draft"\n[asset.a]\n{manifest}'})
    (card,) = look(project)[0].cards
    told = replace(card, stages=tuple(replace(stage, prompt=None) for stage in card.stages))
    assert "\u202e" not in json.dumps(page_object("", [told]), ensure_ascii=False)
    assert "\\u202e" in card.name
    assert str(card.stages[0].prompt).startswith("\u202e")


def test_a_damaged_picture_of_the_store_is_shown_from_the_project(built: Builder) -> None:
    before = cards(built)["logo"]
    assert before.picture is not None
    blob = built.home / "store" / "blobs" / before.picture.digest[:2] / before.picture.digest
    blob.chmod(0o644)
    blob.write_bytes(b"rot")
    for _ in range(2):
        found, warned = look(built)
        assert found.cards[2] == before
        assert digest_bytes(bytes_of(found, before.picture.full)) == before.picture.digest
        assert [problem.hint for problem in warned] == ["a file of the project has its bytes, and is shown"]
        assert blob.read_bytes() == b"rot"


def test_a_damaged_picture_is_told_and_not_shown(built: Builder) -> None:
    media = cards(built)["hero"].stages[0].candidates[0].picture
    assert media is not None
    blob = built.home / "store" / "blobs" / media.digest[:2] / media.digest
    blob.chmod(0o644)
    blob.write_bytes(b"rot")
    found, warned = look(built)
    candidate = found.cards[0].stages[0].candidates[0]
    assert candidate.picture is None
    assert any("damaged" in reason for reason in candidate.reasons)
    assert [problem.message for problem in warned] == [f"a picture in the store is damaged: {media.digest[:12]}"]
    assert blob.read_bytes() == b"rot"  # what was paid for is not ours to drop for being looked at
    assert found.cards[0].picture is not None


def test_an_output_that_is_no_picture_is_told_and_not_shown(built: Builder) -> None:
    for rest in (b" and then nothing", b"\0"):
        night = cards(built.write({"night.png": b"\x89PNG\r\n\x1a\n" + rest}))["night"]
        assert night.picture is not None  # the last picture of its chain stands for it
        assert night.files[0].picture is None
        assert any("can't be shown" in reason for reason in night.files[0].reasons)
        assert not any("buffer" in reason or "b'" in reason for reason in night.files[0].reasons)


def test_damaged_records_are_told_and_done_without(built: Builder) -> None:
    before = cards(built)
    for path in (built.home / "store" / "records").iterdir():
        path.write_bytes(b"no database" * 100)
    found, warned = look(built)
    assert [problem.hint for problem in warned if problem.hint and "cache repair" in problem.hint]
    assert [card.picture for card in found.cards] == [card.picture for card in before.values()]
    assert found.cards[0].stages[0].candidates == before["hero"].stages[0].candidates


def test_what_was_not_pulled_is_told_and_not_shown(built: Builder) -> None:
    data = built.root.joinpath("logo.png").read_bytes()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest_bytes(data)}\nsize {len(data)}\n"
    shutil.rmtree(built.home / "store")
    built.write({"logo.png": pointer})
    logo = cards(built)["logo"]
    assert logo.state == "fresh"
    assert logo.files[0].picture is None
    assert logo.files[0].reasons == ("`logo.png` is a pointer of Git LFS, and was not pulled",)


def test_all_of_it_is_json_and_has_no_key(built: Builder, images: ImagesServer) -> None:
    found, _ = look(built)
    text = json.dumps(page_object(found.title, found.cards), allow_nan=False)
    assert images.key not in text
    assert str(built.root) not in text
    assert str(built.home) not in text
    assert found.title == "project"


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\nbroken"])
def test_a_source_that_is_no_picture_fails_what_needs_it_and_nothing_else(built: Builder, data: bytes) -> None:
    found = cards(built.write({"art/logo.png": data}))
    assert {name: str(card.state) for name, card in found.items()} == {
        "hero": "fresh", "night": "failed", "logo": "failed"}  # fmt: skip
    assert any("art/logo.png" in reason for reason in found["logo"].reasons)
    assert found["logo"].picture is not None  # its output is there


def test_a_source_that_was_not_pulled_stops_nothing(built: Builder) -> None:
    data = built.root.joinpath("art/logo.png").read_bytes()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest_bytes(data)}\nsize {len(data)}\n"
    found = cards(built.write({"art/logo.png": pointer}))
    assert {card.state for card in found.values()} == {"fresh"}
    assert found["logo"].stages[0].before is None
