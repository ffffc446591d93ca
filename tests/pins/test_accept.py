"""`accept`: the present pictures stand for requests that changed, and nothing is bought, here or elsewhere."""

import base64
from pathlib import Path

import pytest

from assetforge.errors import UsageError
from tests.images_contract import Document
from tests.images_server import ImagesServer
from tests.pins.hands import CHAIN, CHAIN_CALLS, accepted, adopted, hand, outputs, pinned
from tests.promises.pictures import logo, png
from tests.promises.site import LOCK, ONE, Change, Site, all_of, edited, make_draft_scene, make_site, written

WHOLE = 'outputs = ["hero.png"'

CHANGES: dict[str, Change] = {
    "the first prompt": edited("at dawn", "at dusk, in oil"),
    "the prompt of an edit": edited("Make it night", "Make it a starry night"),
    "the last prompt": edited("Add the logo", "Add our logo"),
    "every prompt": all_of(
        edited("at dawn", "in fog"), edited("it night", "it noon"), edited("Add the logo", "Put the logo there")
    ),
    "the model": edited(WHOLE, 'model = "gpt-image-2-2026-04-21"\n' + WHOLE),
    "the quality": edited(WHOLE, 'quality = "low"\n' + WHOLE),
    "the background": edited(WHOLE, 'background = "opaque"\n' + WHOLE),
    "the revision": edited(WHOLE, "revision = 3\n" + WHOLE),
    "another picture that is sent": written("art/logo.png", png(logo("blue"))),
    "a mask": edited('id = "dusk"', 'id = "dusk"\nmask = { rect = [0, 0, 1, 0.5] }'),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES.items()])
def test_what_was_accepted_is_current_and_nothing_is_bought(
    change: Change, chain: Site, server: ImagesServer
) -> None:
    files, pins = outputs(chain), chain.pins
    change(chain)
    assert chain.plan().purchases
    told = accepted(chain, "hero")
    assert told.pins
    assert not told.failed
    assert {one.record.by for one in told.pins} == {"accepted"}
    forecast = chain.plan()
    assert (forecast.purchases, forecast.high) == ((), 0)
    assert chain.check() == []
    lock = chain.lock
    report = chain.build()
    assert (report.calls, report.placed, report.failed) == (0, (), ())
    assert outputs(chain) == files
    assert chain.pins == pins
    assert chain.lock == lock
    assert len(server.calls) == CHAIN_CALLS


def test_a_fresh_clone_agrees(chain: Site, server: ImagesServer) -> None:
    CHANGES["every prompt"](chain)
    CHANGES["another picture that is sent"](chain)
    accepted(chain, "hero")
    clone = chain.clone("clone")
    assert not clone.build(locked=True).failed
    assert clone.check() == []
    assert clone.files() == chain.files()
    assert len(server.calls) == CHAIN_CALLS


def test_a_clone_without_any_original_can_accept(chain: Site, server: ImagesServer) -> None:
    """Outputs are current, so that nobody needs the bytes that they were made of."""
    clone = chain.clone("clone")
    CHANGES["the first prompt"](clone)
    assert not accepted(clone, "hero").failed
    assert clone.check() == []
    assert not clone.build(locked=True).failed
    assert len(server.calls) == CHAIN_CALLS


def test_what_was_accepted_goes_before_another_s_picture_for_the_request(
    server: ImagesServer, tmp_path: Path
) -> None:
    """Also where only the other's bytes are here: the file shows what was accepted, and stays."""
    site = make_site(tmp_path, server, ONE + ONE.replace("hero", "ship").replace("lighthouse", "ship"))
    site.edit('output = "hero.png"', 'output = { path = "hero.png", width = 64 }')
    site.build()
    before = site.read("hero.png")
    site.edit("A lighthouse", "A ship")
    accepted(site, "hero")
    clone = site.clone("clone")
    assert clone.build().placed == ()
    assert clone.read("hero.png") == before
    assert clone.check() == []


def test_an_accepted_pin_teaches_no_other_project(chain: Site, server: ImagesServer) -> None:
    CHANGES["the first prompt"](chain)
    accepted(chain, "hero")
    chain.build()
    other = chain.clone("other", store=True, without=(LOCK, *outputs(chain)))
    assert other.plan().purchases
    other.build()
    assert server.calls[CHAIN_CALLS].prompt == "A lighthouse at dusk, in oil"


def test_the_request_before_is_found_again(chain: Site, server: ImagesServer) -> None:
    """What was accepted for another request is still the answer to its own."""
    before = chain.files()
    CHANGES["the first prompt"](chain)
    accepted(chain, "hero")
    chain.build()
    chain.edit("at dusk, in oil", "at dawn")
    assert chain.build().calls == 0
    assert chain.files() == before
    assert len(server.calls) == CHAIN_CALLS


def test_a_request_that_the_store_has_a_picture_for_is_accepted_too(chain: Site, server: ImagesServer) -> None:
    """Who accepts wants what is there, not what was there before."""
    CHANGES["the first prompt"](chain)
    chain.build()
    files = outputs(chain)
    chain.edit("at dusk, in oil", "at dawn")
    accepted(chain, "hero")
    assert chain.build().placed == ()
    assert chain.warnings == []
    assert outputs(chain) == files
    assert len(server.calls) == 2 * CHAIN_CALLS


REFUSED: dict[str, tuple[Change, str, str]] = {
    "size": (edited("1024x640", "1280x800"), "1024x640", "1280x800"),
    "format": (edited(WHOLE, 'request_format = "jpeg"\n' + WHOLE), "png", "jpeg"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_another_size_or_format_is_refused_with_both(what: str, chain: Site) -> None:
    change, old, new = REFUSED[what]
    change(chain)
    before = chain.lock
    (problem,) = accepted(chain, "hero").failed
    assert problem.message == (
        f"`hero:generate`: the picture was asked for with {what} {old}, and the request asks for {new}"
    )
    assert chain.lock == before


def test_what_an_answer_was_like_is_not_what_was_asked_for(server: ImagesServer, tmp_path: Path) -> None:
    """A server may answer with another size. The request decides, as far as it is known."""
    other = base64.b64encode(png(logo())).decode()

    def answer(body: Document) -> Document:
        return body | {"data": [{"b64_json": other}]}

    server.script(reshape=answer)
    site = make_site(tmp_path, server)
    site.build()
    assert pinned(site, "hero", "generate")["size"] == "96x64"
    for one, other in (("A lighthouse", "A tower"), ("A tower", "A mill")):  # accepted once, and once more
        site.edit(one, other)
        assert not accepted(site, "hero").failed
    assert site.build().placed == ()


def test_an_asset_that_was_never_made_cannot_be_accepted(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server)
    (problem,) = accepted(site, "hero").failed
    assert problem.message == "`hero:generate` has no picture yet that could be accepted"
    assert not (site.folder / LOCK).exists()


def test_candidates_that_were_never_made_cannot_be_accepted(chain: Site) -> None:
    chain.edit(WHOLE, "n = 3\n" + WHOLE)
    CHANGES["the first prompt"](chain)
    (problem,) = accepted(chain, "hero").failed
    assert problem.message == "`hero:generate` has no picture yet for candidates 2, 3 of 3"


def test_all_candidates_are_accepted_and_those_beyond_n_too(server: ImagesServer, tmp_path: Path) -> None:
    manifest = CHAIN.partition("[[asset.hero.steps]]")[0].replace(WHOLE, "n = 3\npick = 2\n" + WHOLE)
    site = make_site(tmp_path, server, manifest)
    site.build()
    site.edit("n = 3", "n = 2")
    site.build()
    site.edit("at dawn", "at dusk")
    assert [one.number for one in accepted(site, "hero").pins] == [1, 2, 3]
    site.edit("n = 2", "n = 3")
    assert site.build().placed == ()
    assert len(server.paid) == 3


def test_a_candidate_that_the_store_has_joins_them(server: ImagesServer, tmp_path: Path) -> None:
    """It was bought for the present request, once: nobody has to build for `check` to agree."""
    site = make_site(tmp_path, server, ONE + "n = 2\n")
    site.build()
    site.edit("A lighthouse", "A tower")
    site.edit("n = 2", "n = 1")
    site.build()
    site.edit("A tower", "A lighthouse")
    site.edit("n = 1", "n = 2")
    accepted(site, "hero")
    assert ["by" in pinned(site, "hero", "generate", number) for number in (1, 2)] == [True, False]
    assert site.check() == []
    assert site.build().placed == ()
    assert len(server.paid) == 3


def test_the_steps_before_must_have_a_picture(server: ImagesServer, tmp_path: Path) -> None:
    """What an asset is made from is another asset's: that is accepted by its own name."""
    site = make_draft_scene(tmp_path)
    site.build()
    site.edit("A lighthouse at dawn", "A tower at dawn")
    site.edit("Make it night", "Make it noon")
    (problem,) = accepted(site, "night").failed
    assert (
        problem.message == "`night:dusk` is made from `hero:generate`, which has no picture for its present request"
    )
    assert problem.hint == "build, accept or adopt `hero` first"
    both = accepted(site, "*t")
    assert both.failed
    assert not accepted(site, "hero").failed
    assert not accepted(site, "night").failed
    assert site.check() == []


def test_instances_are_accepted_one_by_one_or_together(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.build()
    site.edit("A {{ item }}", "One {{ item }}")
    assert [one.step.instance for one in accepted(site, "icon[item=sword]").pins] == ["icon[item=sword]"]
    told = accepted(site, "icon")
    assert [one.step.instance for one in told.pins] == ["icon[item=shield]"]
    assert told.current == ("icon[item=sword]",)
    assert site.check() == []


def test_nothing_is_written_where_nothing_changed(chain: Site) -> None:
    times = chain.times()
    told = accepted(chain, "hero")
    assert (told.pins, told.current, told.failed) == ((), ("hero",), ())
    assert chain.times() == times


def test_what_costs_nothing_is_not_accepted(tmp_path: Path) -> None:
    site = make_site(tmp_path, None, '[asset.logo]\nsource = "art/logo.png"\noutput = "logo.webp"\n')
    site.write("art/logo.png", png(logo()))
    with pytest.raises(UsageError, match="`logo` has no paid step"):
        accepted(site, "logo")


def test_an_accepted_draft_is_not_drawn_again(tmp_path: Path) -> None:
    """Another request draws another placeholder: where the accepted one is gone, it is lost."""
    site = make_draft_scene(tmp_path)
    site.build()
    site.edit("A {{ item }}", "One {{ item }}")
    accepted(site, "icon")
    clone = site.clone("clone", without=("icons/sword.png",))
    (failure,) = clone.build().failed
    assert failure.problem.message == (
        "the picture of `icon[item=sword]:generate` is pinned by the lock, and its bytes are nowhere"
    )


def test_a_picture_by_hand_stays_one(chain: Site) -> None:
    adopted(chain, "hero", hand(chain))
    chain.build()
    chain.edit("Add the logo", "Add our logo")
    accepted(chain, "hero")
    assert pinned(chain, "hero", "logo")["by"] == "by hand"
    assert chain.check() == []
