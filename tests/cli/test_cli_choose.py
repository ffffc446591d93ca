"""`pick` and `reroll` write one key into the manifest, say first what the next build buys for it, and buy nothing."""

import os
import stat
from pathlib import Path

import pytest

from assetforge.choose.decision import Decision
from assetforge.choose.proposal import propose, propose_pick, propose_reroll, write
from assetforge.choose.target import find_target
from assetforge.digest import digest_bytes
from assetforge.errors import KeyPath, UsageError
from assetforge.manifest.edit import Setting
from assetforge.plan.lost import FETCH
from assetforge.project import load
from assetforge.words import most
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, picture
from tests.images_server import ImagesServer

HERO = """\
# What people see first.
[asset.hero]
prompt = "A lighthouse at dawn"
n = 3    # three, to choose from
output = "hero.png"

# By night.
[asset.night]
source = "@hero"
output = "night.png"
steps = [{ op = "edit", prompt = "Make it night" }]
"""
ICON = """\
[asset.icon]
matrix.item = ["sword", "axe"]
matrix.theme = ["light", "dark"]
prompt = "{{ item }}, {{ theme }}"
n = 3
output = "{{ item }}-{{ theme }}.png"
"""
CHAIN = """\
[chain]
late = [{ op = "edit", id = "dusk", prompt = "Make it dusk", n = 3, revision = 2 }, { op = "grayscale" }]

[asset.hero]
prompt = "A lighthouse"
steps = [{ use = "late" }]
output = "hero.png"

[asset.tower]
prompt = "A tower"
steps = [{ use = "late" }]
output = "tower.png"
"""


def added(before: str, after: str) -> list[str]:
    """The lines that came; none went."""
    old, new = before.splitlines(), after.splitlines()
    came = []
    for line in new:
        if old and line == old[0]:
            old.pop(0)
        else:
            came.append(line)
    assert old == []
    return came


# --- money --------------------------------------------------------------------------------------------------------


def test_a_pick_is_free_and_the_edit_after_it_is_bought_for_the_new_picture(
    shop: Builder, images: ImagesServer
) -> None:
    shop.write({"assets.toml": HERO}).call("build", "--yes")
    assert len(images.paid) == 4
    first = shop.files()
    told = shop.call("pick", "hero", "2")
    assert told.code == 0
    cost, done = told.out.splitlines()
    assert cost.startswith("the next build buys 1 picture for this: `night:edit`, $0.")
    assert done == "hero: pick = 2, in assets.toml:5"
    assert added(HERO, shop.text("assets.toml")) == ["pick = 2"]
    assert len(images.paid) == 4
    planned = shop.call("plan", "--json").object["cost"]
    assert shop.call("build", "--yes").code == 0
    assert len(images.paid) == 5
    assert shop.files()["hero.png"] != first["hero.png"]
    assert planned["high"] > 0
    assert shop.call("pick", "hero", "1").out.startswith("the next build buys nothing for this\n")
    assert shop.call("build").code == 0
    assert len(images.paid) == 5
    assert shop.files() | {"assets.toml": ""} == first | {
        "assets.toml": "",
        "assets.lock": shop.files()["assets.lock"],
    }


def test_a_reroll_buys_each_candidate_once_more(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": HERO}).call("build", "--yes")
    told = shop.call("reroll", "hero")
    assert told.out.splitlines()[0].startswith(
        "the next build buys 3 pictures for this, and perhaps 1 more: `hero` and "
    )
    assert added(HERO, shop.text("assets.toml")) == ["revision = 1"]
    assert shop.call("build", "--yes").code == 0
    assert len(images.paid) == 8
    assert shop.call("reroll", "night").code == 0
    assert shop.call("build", "--yes").code == 0
    assert len(images.paid) == 9


def test_what_it_costs_is_what_plan_says_of_the_changed_manifest(shop: Builder) -> None:
    shop.write({"assets.toml": HERO}).call("build", "--yes")
    told = shop.call("reroll", "hero", "--json").object
    plan = shop.call("plan", "hero+", "--json").object
    assert told["cost"] == plan["cost"]
    assert told["calls"] == plan["calls"]
    assert told["purchases"] == [one for asset in plan["assets"] for one in asset["purchases"]]


def test_a_candidate_that_is_not_bought_yet_is_said(shop: Builder) -> None:
    told = shop.write({"assets.toml": HERO}).call("pick", "hero", "3")
    assert told.out.startswith(
        "candidate 3 is not bought yet: `hero`\nthe next build buys 3 pictures for this, and perhaps 1 "
    )
    assert shop.call("pick", "hero", "2", "--json").object["unbought"] == [{"step": "hero:generate", "candidate": 2}]


def test_placeholders_can_be_chosen_among_for_nothing(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO}).call("build", "--draft")
    before = project.files()["hero.png"]
    assert project.run("pick", "hero", "2").out.startswith("candidate 2 is not bought yet")
    assert project.call("build", "--draft").code == 0
    assert project.files()["hero.png"] != before
    assert project.call("build").code == 0
    assert project.call("pick", "hero", "3").out.startswith(
        "the next build buys 1 picture for this: `night:edit`, $0.00"
    )


def test_a_picked_picture_whose_bytes_are_nowhere_is_said_with_its_price(shop: Builder) -> None:
    shop.write({"assets.toml": HERO}).call("build", "--yes")
    clone = {"ASSETFORGE_CACHE_DIR": str(shop.home / "empty")}
    told = shop.call("pick", "hero", "2", "--json", **clone).object
    (lost,) = told["lost"]
    assert (lost["step"], lost["candidate"]) == ("hero:generate", 2)
    assert lost["price"] > 0
    shop.write({"assets.toml": HERO})
    first, *_ = shop.call("pick", "hero", "2", **clone).out.splitlines()
    again = f"{FETCH}, or build with --rebuy-lost, for {most(lost['price'])}"
    assert first == f"the bytes of 1 picture are not here: `hero`; {again}"
    built = shop.call("build", "--yes", **clone)
    assert built.code == 1
    assert "--rebuy-lost" in built.err
    assert shop.call("pick", "hero", "1", **clone).out.startswith("the next build buys nothing for this\n")
    assert shop.call("pick", "hero", "2", "--json").object["lost"] == []


def test_a_picked_picture_that_is_not_pulled_is_said(shop: Builder) -> None:
    shop.write({"assets.toml": HERO + '[cache]\noriginals = "art"\n'}).call("build", "--yes")
    for path in (shop.root / "art").iterdir():
        digest = digest_bytes(path.read_bytes())
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {path.stat().st_size}\n"
        path.write_text(pointer)
    told = shop.call("pick", "hero", "2", ASSETFORGE_CACHE_DIR=str(shop.home / "empty"))
    assert told.out.startswith("the bytes of 1 picture are not here: `hero`; run `git lfs pull`\nhero: pick = 2, in ")


# --- where it is written ------------------------------------------------------------------------------------------


def test_what_is_so_already_is_said_and_nothing_is_written(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    before = os.stat(project.root / "assets.toml").st_ino
    told = project.call("pick", "hero", "1")
    assert told.code == 0
    assert told.out.endswith("`pick` of `hero` is 1 already\n")
    assert os.stat(project.root / "assets.toml").st_ino == before
    assert project.call("pick", "hero", "1", "--json").object["changed"] is False


def test_the_file_that_defines_the_asset_is_edited_with_its_line_ends_mark_and_mode(project: Builder) -> None:
    main = DRAFTS + '[project]\ninclude = ["art/*.toml"]\n'
    inner = "\ufeff" + HERO.replace("\n", "\r\n")
    project.write({"assets.toml": main, "art/hero.toml": inner})
    path = project.root / "art" / "hero.toml"
    path.chmod(0o640)
    told = project.call("pick", "night", "1", cwd="art")
    assert told.out.endswith("`pick` of `night:edit` is 1 already\n")
    assert project.call("pick", "hero", "2", cwd="art").out.endswith("hero: pick = 2, in hero.toml:5\n")
    assert path.read_bytes().decode() == inner.replace("choose from\r\n", "choose from\r\npick = 2\r\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert project.text("assets.toml") == main
    assert sorted(os.listdir(path.parent)) == ["hero.toml"]


def test_a_manifest_behind_a_link_is_edited_where_it_is(project: Builder) -> None:
    project.write({"art/real.toml": DRAFTS + HERO})
    (project.root / "assets.toml").symlink_to(Path("art", "real.toml"))
    assert project.call("reroll", "hero").code == 0
    assert (project.root / "assets.toml").is_symlink()
    assert added(DRAFTS + HERO, project.text("art/real.toml")) == ["revision = 1"]


@pytest.mark.parametrize(
    ("overrides", "wanted"),
    [
        ("", ['overrides = [{ when = { item = "axe", theme = "dark" }, pick = 2 }]']),
        (
            '[[asset.icon.overrides]]\nwhen.item = "axe"\nquality = "low"\n',
            ["", "[[asset.icon.overrides]]", 'when = { item = "axe", theme = "dark" }', "pick = 2"],
        ),
        ('[[asset.icon.overrides]]\nwhen = { theme = ["dark"], item = "axe" }\nquality = "low"\n', ["pick = 2"]),
        (
            'overrides = [\n  { when = { item = "axe" }, pick = 3 },\n]\n',
            ['  { when = { item = "axe", theme = "dark" }, pick = 2 },'],
        ),
    ],
)
def test_an_instance_gets_an_override_in_the_manner_of_those_there(
    project: Builder, overrides: str, wanted: list[str]
) -> None:
    project.write({"assets.toml": DRAFTS + ICON + overrides})
    told = project.call("pick", "icon[theme=dark,item=axe]", "2")
    assert told.code == 0, told.err
    assert added(DRAFTS + ICON + overrides, project.text("assets.toml")) == wanted


def test_an_override_that_outdoes_that_of_the_instance_is_outdone_in_turn(project: Builder) -> None:
    both = '[[asset.icon.overrides]]\nwhen = { item = "axe", theme = "dark" }\npick = 1\n'
    both += '[[asset.icon.overrides]]\nwhen.item = "axe"\npick = 3\n'
    project.write({"assets.toml": DRAFTS + ICON + both})
    assert project.call("pick", "icon[item=axe,theme=dark]", "2").code == 0
    assert project.text("assets.toml").count("[[asset.icon.overrides]]") == 3
    assert project.call("pick", "icon[item=axe,theme=dark]", "1").code == 0
    assert project.text("assets.toml").count("[[asset.icon.overrides]]") == 3


def test_an_asset_is_set_as_a_whole_and_overrides_that_win_are_told(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + ICON}).call("pick", "icon[item=axe,theme=dark]", "3")
    told = project.call("pick", "icon", "2")
    assert told.code == 0
    assert "icon: pick = 2, in assets.toml:9\n" in told.out
    assert told.err.startswith("warning: an override gives `icon[item=axe,theme=dark]` a `pick` of its own\n")
    assert "assets.toml:11:" in told.err
    assert project.call("pick", "icon[item=axe,theme=dark]", "2").code == 0
    assert project.call("pick", "icon", "2").err == ""


def test_a_reroll_tells_of_every_instance_that_keeps_its_picture(project: Builder) -> None:
    """Though the number that others get be the very one that it has."""
    project.write({"assets.toml": DRAFTS + ICON})
    assert project.call("reroll", "icon[item=axe,theme=dark]", "--json").object["value"] == 1
    told = project.call("reroll", "icon", "--json").object
    assert told["value"] == 1
    assert len(told["steps"]) == 3
    (warning,) = told["warnings"]
    assert warning["message"] == "an override gives `icon[item=axe,theme=dark]` a `revision` of its own"
    assert warning["hint"] == "name one instance to change it, like `icon[item=axe,theme=dark]`"


def test_a_reroll_takes_a_number_that_none_of_them_had(project: Builder) -> None:
    chain = '[chain]\nlate = [{ op = "edit", id = "dusk", prompt = "Dusk", revision = "{{ item.old }}" }]\n'
    asset = '[asset.icon]\nmatrix.item = [{ id = "a", old = 4 }, { id = "b", old = 0 }, { id = "c", old = 5 }]\n'
    asset += 'prompt = "{{ item.id }}"\noutput = "{{ item.id }}.png"\nsteps = [{ use = "late" }]\n'
    told = project.write({"assets.toml": DRAFTS + chain + asset}).call("reroll", "icon:dusk", "--json").object
    assert (told["value"], told["warnings"]) == (6, [])
    assert told["steps"] == ["icon[item=a]:dusk", "icon[item=b]:dusk", "icon[item=c]:dusk"]


def test_numbers_and_tables_on_axes_are_named_so_that_they_match(project: Builder) -> None:
    manifest = DRAFTS + "[asset.a]\nmatrix.size = [64, 128]\nmatrix.on = [true, false]\n"
    manifest += 'matrix.what = [{ id = "one two", x = 1 }, { id = "b" }]\nprompt = "{{ what.id }}"\nn = 2\n'
    project.write({"assets.toml": manifest})
    told = project.call("pick", 'a[size=64,on=true,what="one two"]', "2", "--json")
    assert told.object["steps"] == ['a[size=64,on=true,what="one two"]:generate']
    assert 'when = { size = 64, on = true, what = "one two" }' in project.text("assets.toml")


def test_an_override_for_everything_is_edited_where_it_is_what_counts(project: Builder) -> None:
    manifest = DRAFTS + '[asset.hero]\nprompt = "a"\nn = 3\npick = 1\noverrides = [{ when = {}, pick = 2 }]\n'
    project.write({"assets.toml": manifest}).call("pick", "hero", "3")
    assert project.text("assets.toml") == manifest.replace("pick = 2", "pick = 3")


@pytest.mark.parametrize(
    ("steps", "step", "wanted"),
    [
        ('steps = [{ op = "edit", prompt = "b", n = 2 }]\n', "edit", 'prompt = "b", n = 2, pick = 2 }]\n'),
        ('[[asset.a.steps]]\nop = "edit"\nid = "dusk"\nprompt = "b"\nn = 2\n', "dusk", "n = 2\npick = 2\n"),
        (
            '[[asset.a.steps]]\nop = "edit"\nprompt = "b"\n[[asset.a.steps]]\nprompt = "b"\nn = 2\nop = "edit"\n',
            "edit-2",
            'n = 2\npick = 2\nop = "edit"\n',
        ),
    ],
)
def test_a_step_is_set_in_its_own_table(project: Builder, steps: str, step: str, wanted: str) -> None:
    manifest = DRAFTS + '[asset.a]\nprompt = "a"\noutput = "a.png"\n' + steps
    told = project.write({"assets.toml": manifest}).call("pick", f"a:{step}", "2", "--json")
    assert told.object["steps"] == [f"a:{step}"]
    assert project.text("assets.toml").endswith(wanted)
    assert len(project.text("assets.toml").splitlines()) - len(manifest.splitlines()) in (0, 1)


def test_a_step_of_a_chain_is_set_by_an_override_and_the_chain_stays(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + CHAIN})
    told = project.call("pick", "hero:dusk", "2")
    assert told.out.endswith("step `dusk` comes from chain `late`, which is as it was\n")
    assert added(DRAFTS + CHAIN, project.text("assets.toml")) == [
        "overrides = [{ when = {}, steps.dusk = { pick = 2 } }]"
    ]
    assert project.call("reroll", "hero:dusk", "--json").object["value"] == 3
    assert "overrides = [{ when = {}, steps.dusk = { pick = 2, revision = 3 } }]" in project.text("assets.toml")


def test_steps_that_an_override_replaces_are_set_there(project: Builder) -> None:
    steps = 'steps = [{ op = "edit", id = "rim", prompt = "A rim", n = 2 }]\n'
    manifest = DRAFTS + ICON + '[[asset.icon.overrides]]\nwhen = { item = "axe", theme = "dark" }\n' + steps
    project.write({"assets.toml": manifest})
    assert project.call("pick", "icon[item=axe,theme=dark]:rim", "2").code == 0
    assert project.text("assets.toml") == manifest.replace("n = 2 }]", "n = 2, pick = 2 }]")
    assert project.call("pick", "icon:rim", "1").code == 0
    assert project.text("assets.toml") == manifest.replace("n = 2 }]", "n = 2, pick = 1 }]")
    wider = manifest.replace('item = "axe", theme = "dark"', 'item = "axe"')
    project.write({"assets.toml": wider}).call("pick", "icon[item=axe,theme=dark]:rim", "2")
    assert added(wider, project.text("assets.toml")) == [
        "",
        "[[asset.icon.overrides]]",
        'when = { item = "axe", theme = "dark" }',
        "steps.rim = { pick = 2 }",
    ]


def test_an_edit_of_one_instance_is_named_in_an_override(project: Builder) -> None:
    manifest = DRAFTS + ICON + 'steps = [{ op = "edit", id = "rim", prompt = "A rim", n = 2 }]\n'
    project.write({"assets.toml": manifest}).call("pick", "icon[item=axe,theme=dark]", "2")
    told = project.call("pick", "icon[item=axe,theme=dark]:rim", "2", "--json")
    assert told.object["steps"] == ["icon[item=axe,theme=dark]:rim"]
    assert "pick = 2, steps.rim.pick = 2 }]" in project.text("assets.toml")


# --- what is refused ----------------------------------------------------------------------------------------------

MISTAKES = HERO + ICON + """\
[asset.photo]
source = "art/photo.png"
steps = [{ op = "grayscale" }]
output = "photo.png"
[asset.twice]
source = "@hero"
steps = [{ op = "edit", prompt = "a" }, { op = "edit", prompt = "b" }]
[asset.open]
matrix.item = [1, 2]
prompt = "{{ item }}"
n = 2
pick = "{{ item }}"
"""  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("pick", "hreo", "1"), "there is no asset `hreo`", "did you mean `hero`?"),
        (("pick", "icon[item=bow]", "1"), "`icon[item=bow]` matches no asset", "did you mean `icon`?"),
        (
            ("pick", "icon[item=axe]", "1"),
            "`icon[item=axe]` stands for 2 instances",
            "name one of `icon[item=axe,theme=light]` and `icon[item=axe,theme=dark]`",
        ),
        (
            ("reroll", "photo"),
            "nothing of `photo` is bought, so there is nothing to choose",
            "only what a provider draws has candidates",
        ),
        (
            ("reroll", "photo:grayscale"),
            "step `grayscale` of `photo` is made on this machine and has no candidates",
            "only what a provider draws has candidates",
        ),
        (("pick", "night:dusk", "1"), "`night` has no paid step `dusk`", "paid steps: `edit`"),
        (("pick", "night:", "1"), "`night:` names no step", "write `night`, or a step after the colon"),
        (("reroll", "twice"), "`twice` has 2 edits", "name one of `twice:edit` and `twice:edit-2`"),
        (("pick", "hero", "4"), "`hero` has 3 candidates, and no number 4", "choose 1 to 3"),
        (("pick", "hero", "0"), "`hero` has 3 candidates, and no number 0", "choose 1 to 3"),
        (("pick", "night", "0"), "`night:edit` has 1 candidate, and no number 0", "candidates are numbered from 1"),
        (("pick", "night", "2"), "`night:edit` has 1 candidate, and no number 2", "set n = 2 to have more"),
        (
            ("pick", "open", "1"),
            "`pick` of `open` is a template",
            "write a number in its place, or name one instance",
        ),
        (("pick", "hero", "two"), "`two` is not the number of a candidate", "candidates are numbered from 1"),
        (("pick", "hero", "1.0"), "`1.0` is not the number of a candidate", "candidates are numbered from 1"),
        (("pick", "hero", "²"), "`²` is not the number of a candidate", "candidates are numbered from 1"),
        (
            ("pick", "hero", "1" * 10),
            f"`{'1' * 10}` is not the number of a candidate",
            "candidates are numbered from 1",
        ),
        (("pick", "hero"), "`assetforge pick` needs N", "see `assetforge pick --help`"),
    ],
)
def test_what_can_not_be_chosen_is_said(
    project: Builder, arguments: tuple[str, ...], message: str, hint: str
) -> None:
    project.write({"assets.toml": DRAFTS + MISTAKES, "art/photo.png": picture()})
    told = project.call(*arguments, "--json")
    assert told.code == told.object["exit_code"] == 2
    (error,) = told.object["errors"]
    assert (error["message"], error["hint"]) == (message, hint)
    assert project.text("assets.toml") == DRAFTS + MISTAKES


def test_a_template_is_outdone_for_one_instance(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + MISTAKES, "art/photo.png": picture()})
    assert project.call("pick", "open[item=2]", "1").code == 0
    assert project.text("assets.toml").endswith("overrides = [{ when = { item = 2 }, pick = 1 }]\n")


def test_what_every_instance_has_by_an_override_is_not_set_in_vain(project: Builder) -> None:
    manifest = DRAFTS + ICON + 'overrides = [{ when = { item = ["axe", "sword"] }, pick = 2 }]\n'
    told = project.write({"assets.toml": manifest}).call("pick", "icon", "3")
    assert told.code == 2
    assert told.err.startswith("error: `pick` of `icon` is set by overrides for every instance\n  assets.toml:10:")
    assert project.text("assets.toml") == manifest


def test_a_chain_is_not_outdone_for_instances_that_chose_already(project: Builder) -> None:
    manifest = DRAFTS + CHAIN.replace('[asset.hero]\nprompt = "A lighthouse"', ICON.rpartition("output")[0])
    manifest = manifest.replace("n = 3\nsteps", "steps").replace("hero.png", "{{ item }}-{{ theme }}.png")
    project.write({"assets.toml": manifest})
    assert project.call("pick", "icon[item=axe,theme=dark]:dusk", "3").code == 0
    told = project.call("pick", "icon:dusk", "2")
    assert told.code == 2
    assert told.err.startswith("error: step `dusk` comes from chain `late`, and overrides set its `pick` already\n")
    assert "hint: name one instance, or set `pick` in the chain, which others may use\n" in told.err


def test_a_step_that_an_override_can_not_name_is_refused(project: Builder) -> None:
    steps = 'steps = [{ op = "edit", prompt = "a", n = 2 }, { op = "edit", prompt = "b" }]\n'
    project.write({"assets.toml": DRAFTS + ICON + steps})
    told = project.call("pick", "icon[item=axe,theme=dark]:edit", "2")
    assert told.code == 2
    assert told.err.startswith(
        "error: step `edit` of `icon` has no `id` that an override could name\n  assets.toml:10:"
    )
    assert project.call("pick", "icon:edit", "2").code == 0


def test_a_manifest_with_mistakes_is_left_alone(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO + "stpes = []\n"})
    told = project.call("reroll", "hero")
    assert told.code == 2
    assert "has no key `stpes`" in told.err
    assert project.text("assets.toml") == DRAFTS + HERO + "stpes = []\n"


def test_a_file_that_is_read_only_is_left_alone(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    (project.root / "assets.toml").chmod(0o444)
    told = project.call("pick", "hero", "2")
    assert told.code == 2
    assert told.err == "error: `assets.toml` is read-only\nhint: make it writable, and try again\n"
    assert project.text("assets.toml") == DRAFTS + HERO


def test_a_file_that_changed_meanwhile_is_left_alone(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    opened = load(project.root / "assets.toml")
    proposal = propose_pick(opened, "hero", 2)
    project.write({"assets.toml": DRAFTS + HERO + "# mine\n"})
    with pytest.raises(UsageError, match="changed meanwhile"):
        write(proposal)
    with pytest.raises(UsageError, match="changed meanwhile"):
        propose_reroll(opened, "hero")
    assert project.text("assets.toml") == DRAFTS + HERO + "# mine\n"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (("asset", "hero"), "`assets.toml` is laid out in a way that `pick` can't be set in it safely"),
        (("asset", "hero", "n"), "`pick` of `hero` can't be set without another change"),
        (("asset", "hero", "alt"), "with `pick` = 2 the manifest would be wrong: `alt` of asset `hero` must be text"),
        (("asset", "night", "alt"), "with `pick` = 2 the manifest would be wrong"),
    ],
)
def test_what_would_do_anything_else_is_not_proposed(project: Builder, setting: KeyPath, told: str) -> None:
    opened = load(project.write({"assets.toml": DRAFTS + HERO}).root)
    target = find_target(opened.manifest, opened.graph(), "hero")
    decision = Decision("pick", 2, "assets.toml", setting, Setting(setting, 2))
    with pytest.raises(UsageError) as raised:
        propose(opened, target, decision)
    assert raised.value.problems[0].message.startswith(told)
    assert project.text("assets.toml") == DRAFTS + HERO
