"""`history`: every picture that a step had, once, the newest first, and nothing of other projects."""

from pathlib import Path

import pytest

from assetforge.pins.history import short_keys
from assetforge.report.pinned import facts_of, rows
from tests.images_server import ImagesServer
from tests.pins.hands import CHAIN, accepted, adopted, hand, looked_back, restored
from tests.promises.site import LOCK, ONE, Site, make_draft_scene, make_site

ICONS = """
[asset.icon]
matrix.item = ["axe", "bow"]
prompt = "An icon of {{ item }}"
n = 2
size = "1024x640"
output = "{{ item }}.png"
"""


def told(site: Site, asset: str) -> list[tuple[str, ...]]:
    """How each picture came, and what became of it."""
    return [row.how for row in rows(looked_back(site, asset))]


def test_each_request_has_its_picture_and_what_changed_in_its_prompt(chain: Site) -> None:
    chain.edit("at dawn", "at dusk")
    chain.build()
    chain.edit("A lighthouse", "A lighthouse, painted in oil,")
    chain.build()
    found = list(rows(looked_back(chain, "hero:generate")))
    assert [row.prompt for row in found] == [
        "A lighthouse, painted in oil, at dusk",
        "A lighthouse at dusk",
        "A lighthouse at dawn",
    ]
    assert [row.diff for row in found] == [
        ((" ", "A"), ("-", "lighthouse"), ("+", "lighthouse, painted in oil,"), (" ", "at dusk")),
        ((" ", "A lighthouse at"), ("-", "dawn"), ("+", "dusk")),
        (),
    ]
    assert [row.how for row in found] == [("bought", "in the lock"), ("bought",), ("bought",)]
    cost = chain.lines["hero"]["steps"]["generate"]["1"]["cost"]
    assert (found[0].past.record.cost, found[0].past.record.model) == (cost, "gpt-image-2")


def test_steps_are_told_in_their_order_or_one_alone(chain: Site) -> None:
    assert [past.step.name for past in looked_back(chain, "hero")] == ["generate", "dusk", "logo"]
    assert [past.step.name for past in looked_back(chain, "hero:dusk")] == ["dusk"]


def test_a_picture_is_told_once_whatever_became_of_it(chain: Site) -> None:
    assert told(chain, "hero:logo") == [("bought", "in the lock")]
    chain.edit("Add the logo", "Add our logo")
    accepted(chain, "hero")
    assert told(chain, "hero:logo") == [("bought", "accepted", "in the lock")]
    adopted(chain, "hero", hand(chain))
    assert told(chain, "hero:logo") == [("by hand", "in the lock"), ("bought",)]
    chain.build()
    restored(chain, "hero", looked_back(chain, "hero:logo")[1].key)
    chain.build()
    assert told(chain, "hero:logo") == [("by hand",), ("bought", "accepted", "in the lock")]


def test_candidates_of_a_request_stand_in_their_order(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, ONE + "n = 3\n")
    site.build()
    site.edit("A lighthouse", "A tower")
    site.build()
    found = looked_back(site, "hero")
    assert [past.candidate for past in found] == [1, 2, 3, 1, 2, 3]
    assert [past.pinned for past in found] == [1, 2, 3, 0, 0, 0]
    assert len({past.request for past in found}) == 2


def test_of_other_projects_nothing_is_told(chain: Site) -> None:
    """They share the store, and have an asset of the same name."""
    other = chain.clone("other", store=True, without=(LOCK,))
    assert looked_back(other, "hero") == []
    other.edit("at dawn", "at dusk")
    other.build()
    assert len(looked_back(other, "hero:generate")) == 1
    assert len(looked_back(chain, "hero:generate")) == 1


def test_a_clone_tells_of_what_its_lock_has(chain: Site) -> None:
    clone = chain.clone("clone")
    found = looked_back(clone, "hero")
    assert [past.key for past in found] == [past.key for past in looked_back(chain, "hero")]
    assert [past.is_here for past in found] == [False, False, True]  # the last one is the very output
    assert [row.how[-1] for row in rows(found)] == ["its bytes are not here", "its bytes are not here", "in the lock"]


def test_drafts_are_told_of_too(tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    site.build()
    site.edit("A lighthouse", "A tower")
    site.build()
    assert told(site, "hero") == [("drawn", "in the lock"), ("drawn",)]
    site.edit("A tower", "A mill")
    accepted(site, "hero")
    now, old = rows(looked_back(site, "hero"))
    assert now.how == ("drawn", "accepted", "in the lock")
    assert [row.prompt for row in (now, old)] == ["A tower at dawn. flat vector", "A lighthouse at dawn. flat vector"]
    assert facts_of(old) == f"{old.key}  $0.00  1024x640  drawn"


def test_what_a_merge_set_aside_is_told_of(chain: Site) -> None:
    """Both sides bought a picture: one has the line, and the other's is not lost."""
    text = chain.lock.decode()
    line = next(row for row in text.split("\n") if row.startswith('"hero": '))
    clone = chain.clone("clone")
    (mine,) = looked_back(chain, "hero:logo")
    theirs = line.replace('"hero": ', '"aside:1:hero": ', 1).replace(mine.digest, "f" * 64)
    clone.write(LOCK, text.replace(line, f"{theirs},\n{line}"))
    found = looked_back(clone, "hero:logo")
    assert {past.digest: bool(past.pinned) for past in found} == {mine.digest: True, "f" * 64: False}


def test_what_a_merge_set_aside_is_told_of_when_its_line_is_gone(chain: Site) -> None:
    """The next whole build drops such a line; the picture was in the lock all the same."""
    row = next(row for row in chain.lock.decode().split("\n") if row.startswith('"hero": '))
    (mine,) = looked_back(chain, "hero:logo")
    theirs = row.replace('"hero": ', '"aside:1:hero": ', 1).replace(mine.digest, "f" * 64)
    chain.write(LOCK, chain.lock.decode().replace(row, f"{theirs},\n{row}"))
    chain.edit("Make it night", "Make it evening")
    chain.build()
    assert list(chain.lines) == ["hero"]
    assert {past.digest: bool(past.pinned) for past in looked_back(chain, "hero:logo")} == {
        mine.digest: False,
        "f" * 64: False,
        chain.lines["hero"]["steps"]["logo"]["1"]["digest"]: True,
    }


def test_a_prompt_is_compared_with_that_of_the_request_before(server: ImagesServer, tmp_path: Path) -> None:
    """Not with another candidate of its own, and of many instances each with its own."""
    site = make_site(tmp_path, server, ICONS)
    site.build()
    site.edit("An icon", "A drawing")
    site.build()
    site.edit("A drawing", "A sketch")
    site.build()
    found = list(rows(looked_back(site, "icon")))
    assert [(row.past.step.instance, row.past.candidate) for row in found] == [
        (f"icon[item={item}]", number) for item in ("axe", "bow") for _ in range(3) for number in (1, 2)
    ]
    for row, item in zip(found, ["axe"] * 6 + ["bow"] * 6, strict=True):
        changed = dict(row.diff)
        assert row.prompt is not None
        assert row.prompt.endswith(f"of {item}")
        assert (changed.get("-"), changed.get("+")) in {("drawing", "sketch"), ("An icon", "A drawing"), (None, None)}
    assert [bool(row.diff) for row in found] == [True] * 4 + [False] * 2 + [True] * 4 + [False] * 2


def test_nothing_is_made_by_looking(server: ImagesServer, tmp_path: Path) -> None:
    site = make_site(tmp_path, server, CHAIN.replace('images = ["art/logo.png"]\n', ""))
    assert looked_back(site, "hero") == []
    assert list(site.files()) == ["assets.toml"]
    assert not site.cache.exists()


@pytest.mark.parametrize("asset", ["hero", "icon[item=sword]"])
def test_a_short_key_is_enough(asset: str, tmp_path: Path) -> None:
    site = make_draft_scene(tmp_path)
    for prompt in ("One {{ item }}", "Two {{ item }}", "Three {{ item }}"):
        site.build()
        site.edit(site.read("assets.toml").decode().split('prompt = "')[-1].split('"')[0], prompt)
    pasts = looked_back(site, asset)
    short = short_keys(pasts, least=1)
    assert len(set(short.values())) == len({past.key for past in pasts})
    for past in pasts:
        assert [one.key for one in pasts if one.key.startswith(short[past.key])] == [past.key]


def test_a_line_has_the_facts(chain: Site) -> None:
    (row,) = rows(looked_back(chain, "hero:generate"))
    cost = row.past.record.cost or 0.0
    assert facts_of(row) == (
        f"{row.past.key[:8]}  {row.past.record.made[:10]}  ${cost:.4f}  gpt-image-2  1024x640  bought, in the lock"
    )
