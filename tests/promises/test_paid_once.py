"""Promise 1, nothing is paid for twice: what never costs a call, and what does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.images_server import ImagesServer
from tests.promises.pictures import size_of
from tests.promises.site import MANIFEST, ONE, SCENE_CALLS, make_scene, make_site


@pytest.fixture
def server() -> Iterator[ImagesServer]:
    with ImagesServer() as running:
        yield running


# --- building once ---


def test_a_scene_is_bought_once_and_a_second_build_does_nothing(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    report = site.build()
    assert not report.failed
    assert [call.endpoint for call in server.calls].count("edits") == 2
    assert report.calls == len(server.calls) == SCENE_CALLS
    files, times = site.files(), site.times()
    again = site.build()
    assert (again.calls, again.made, again.placed, again.failed) == (0, (), (), ())
    assert again.current == 4
    assert len(server.calls) == SCENE_CALLS
    assert (site.files(), site.times()) == (files, times)
    assert site.check() == []
    assert size_of(site.read("night.png")) == (512, 320)
    assert size_of(site.read("icons/sword.png")) == (64, 40)


def test_another_host_key_or_name_of_provider_buys_nothing(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    first = site.files()
    with ImagesServer(key="sk-another") as other:
        site.environ |= other.environ
        assert site.build().calls == 0
        table = f'[provider.relay]\nkind = "images-api"\nbase_url = "{other.url}"\napi_key_env = "RELAY_KEY"\n'
        site.edit("[vars]", table + '[defaults]\nprovider = "relay"\n[vars]')
        site.environ |= {"RELAY_KEY": "sk-another", "ASSETFORGE_TRUST": f"{other.origin}=RELAY_KEY"}
        assert site.build().calls == 0
        assert site.files() | {MANIFEST: b""} == first | {MANIFEST: b""}
        site.edit("Make it night", "Make it noon")
        assert site.build().calls == len(other.calls) == 2
    assert len(server.calls) == SCENE_CALLS


def test_profiles_back_and_forth_buy_each_picture_once(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + '[profile.preview]\nquality = "low"\n')
    site.build()
    first = site.files()
    assert site.build(profile="preview").calls == 1
    preview = site.read("hero.png")
    assert preview != first["hero.png"]
    assert site.lock == first["assets.lock"]
    for _ in range(2):
        assert site.build().calls == 0
        assert site.files() == first
        assert site.build(profile="preview").calls == 0
        assert site.read("hero.png") == preview
    assert len(server.calls) == 2


# --- other machines ---


def test_a_clone_with_outputs_and_lock_but_no_store_changes_nothing(server: ImagesServer, tmp_path: Path) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    clone = site.clone("clone")
    files, times = clone.files(), clone.times()
    assert clone.check() == []
    assert clone.plan().is_current
    assert clone.build(on_miss="fail").placed == ()
    assert clone.build().calls == 0
    assert clone.build(locked=True).calls == 0
    assert (clone.files(), clone.times()) == (files, times)
    assert len(server.calls) == SCENE_CALLS


@pytest.mark.parametrize("gone", [(), ("assets.lock",)], ids=["with its lock", "without a lock"])
def test_a_clone_without_outputs_takes_them_from_the_store(
    gone: tuple[str, ...], server: ImagesServer, tmp_path: Path
) -> None:
    site = make_scene(tmp_path, server)
    site.build()
    outputs = ("hero.png", "night.png", "night-320.jpg", "icons/sword.png", "icons/shield.png")
    clone = site.clone("clone", store=True, without=outputs + gone)
    assert not clone.build().failed
    assert clone.files() == site.files()
    assert len(server.calls) == SCENE_CALLS


def test_a_clone_without_a_store_renames_and_converts_from_its_outputs(server: ImagesServer, tmp_path: Path) -> None:
    """A picture that is its own output is an original, wherever it is committed."""
    site = make_site(tmp_path, server)
    site.build()
    clone = site.clone("clone")
    clone.edit('[asset.hero]\nprompt = "A lighthouse"', '[asset.beacon]\nprompt = "A lighthouse"')
    clone.edit('output = "hero.png"', 'outputs = ["beacon.png", { path = "beacon.webp", width = 100 }]')
    assert not clone.build().failed
    assert clone.read("beacon.png") == site.read("hero.png")
    assert size_of(clone.read("beacon.webp"))[0] == 100
    assert len(server.calls) == 1


@pytest.mark.parametrize("output", ['output = "hero.png"', ""], ids=["with an output", "an intermediate"])
def test_a_renamed_asset_keeps_its_pin_until_it_is_built(output: str, server: ImagesServer, tmp_path: Path) -> None:
    other = '\n[asset.other]\nprompt = "A fish"\nsize = "1024x640"\noutput = "fish.png"\n'
    site = make_site(tmp_path, server, ONE.replace('output = "hero.png"', output) + other)
    site.build()
    clone = site.clone("clone")
    clone.edit("[asset.hero]", "[asset.beacon]")
    clone.build(select=("other",))
    assert not clone.build().failed
    assert len(server.calls) == 2
    assert set(clone.lines) == {"beacon", "other"}


# --- candidates ---


def test_each_candidate_is_bought_once(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 1\n")
    site.build()
    first = site.read("hero.png")
    site.edit("n = 1", "n = 4")
    assert site.build().calls == 3
    assert site.read("hero.png") == first
    for fewer, more in (("n = 1", "n = 4"), ("n = 2", "n = 3")):
        site.write(MANIFEST, ONE + fewer)
        assert site.build().calls == 0
        site.write(MANIFEST, ONE + more)
        assert site.build().calls == 0
    assert len(server.calls) == 4


def test_fewer_candidates_keep_the_others_pinned(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 3\n")
    site.build()
    site.edit("n = 3", "n = 1")
    site.build()
    clone = site.clone("clone")
    clone.edit("n = 1", "n = 3")
    assert not clone.build().failed
    assert len(server.calls) == 3


def test_another_pick_buys_only_the_edit_after_it(server: ImagesServer, tmp_path: Path) -> None:
    chain = ONE + 'n = 2\npick = 1\nsteps = [{ op = "edit", prompt = "At night" }, { op = "resize", width = 64 }]\n'
    plain = ONE.replace("hero", "plain").replace("A lighthouse", "A ship") + "n = 2 # ship\npick = 1 # ship\n"
    site = make_site(tmp_path, server, plain + chain)
    site.build()
    assert len(server.calls) == 5
    site.edit("pick = 1 # ship", "pick = 2 # ship")
    ship = site.read("plain.png")
    assert site.build().calls == 0
    assert site.read("plain.png") != ship
    for pick, calls in ((2, 1), (1, 0), (2, 0)):
        site.write(MANIFEST, plain + chain.replace("pick = 1", f"pick = {pick}"))
        assert site.build().calls == calls


def test_several_candidates_a_request_are_cached_one_by_one(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 3\n[provider.openai]\nmax_n_per_request = 2\n")
    site.build()
    assert sorted(call.fields.get("n", 1) for call in server.calls) == [1, 2]
    site.edit("n = 3", "n = 5")
    site.build()
    assert server.calls[2].fields.get("n", 1) == 2
    assert len(server.calls) == 3
    assert len(site.pins) == 5


def test_when_fewer_pictures_come_only_the_rest_is_asked_for(server: ImagesServer, tmp_path: Path) -> None:
    server.script(images=1)
    site = make_site(tmp_path, server, ONE + "n = 3\n[provider.openai]\nmax_n_per_request = 3\n")
    assert not site.build().failed
    assert [call.fields.get("n", 1) for call in server.calls] == [3, 2]
    assert site.build().calls == 0


# --- equal requests ---

TWICE = ONE + ONE.replace("hero", "again")


def test_one_request_in_two_entries_is_one_call(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, TWICE)
    assert len(site.plan().purchases) == 1
    assert site.plan().shared == (("hero:generate", "again:generate"),)
    assert site.build().calls == len(server.calls) == 1
    assert site.read("hero.png") == site.read("again.png")


def test_one_request_in_two_entries_is_one_call_when_it_may_have_been_billed(
    server: ImagesServer, tmp_path: Path
) -> None:
    server.script(drop="after")
    site = make_site(tmp_path, server, TWICE)
    assert {failure.instance for failure in site.build().failed} == {"hero", "again"}
    assert len(server.calls) == 1


def test_one_request_in_two_entries_is_refused_once(server: ImagesServer, tmp_path: Path) -> None:
    server.script(status=400, code="moderation_blocked", times=2)
    site = make_site(tmp_path, server, TWICE)
    assert {failure.instance for failure in site.build().failed} == {"hero", "again"}
    assert len(server.calls) == 1


def test_an_axis_that_nothing_uses_costs_nothing(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE.replace("hero.png", "{{ theme }}.png") + 'matrix.theme = ["a", "b", "c"]')
    assert site.build().calls == len(server.calls) == 1
    assert site.read("a.png") == site.read("b.png") == site.read("c.png")
