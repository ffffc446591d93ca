"""Why a picture changed: from the store and the ledger, and on a machine that has neither from the two manifests."""

import shutil
from dataclasses import replace

import pytest

from assetforge.outputs.lock import lock_text, parse_lock
from tests.builder import Builder
from tests.cli.manifests import picture
from tests.compare.history import CHAIN, DRAFTED, DUSK, begin, built, commit, hows, reasons

BOUGHT = """\
[asset.hero]
prompt = "A lighthouse at dawn"
size = "1024x1024"
output = "hero.png"
"""
EDITED = """
[asset.night]
source = "@hero"
output = "night.png"
steps = [{ op = "edit", prompt = "Make it night" }]

[asset.sky]
source = "art/sky.png"
output = "sky.png"
steps = [{ op = "blur", radius = 2 }, { op = "edit", prompt = "Add clouds" }]
"""
MADE = """\
[asset.logo]
source = "art/logo.png"
outputs = ["logo.png", { path = "logo.webp", quality = 80 }]
"""


def elsewhere(project: Builder) -> Builder:
    """The same checkout on a machine that has built nothing, as in CI."""
    shutil.rmtree(project.home / "store")
    return project


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_prompt_is_told_word_by_word(project: Builder, is_elsewhere: bool) -> None:
    built(begin(project), DUSK)
    there = elsewhere(project) if is_elsewhere else project
    (change,) = there.call("diff", "--json").object["changes"]
    assert change["reasons"] == ["the prompt changed"]
    assert change["prompts"] == [
        {
            "step": "generate",
            "before": "A lighthouse at dawn",
            "after": "A lighthouse at dusk",
            "diff": [[" ", "A lighthouse at"], ["-", "dawn"], ["+", "dusk"]],
        }
    ]


def test_what_manifests_of_then_read_is_read_from_git(project: Builder) -> None:
    """Templates, data and includes, from the folder that the manifest was in."""
    text = 'project.include = ["more/*.toml"]\n[defaults]\nprovider = "draft"\n[data]\nrows = "rows.csv"\n'
    more = '[asset.icon]\nprompt_file = "icon.txt"\nmatrix.row = "data.rows"\nsize = "64x64"\n'
    more += 'output = "{{ row.id }}.png"\n'
    files = {"more/icons.toml": more, "icon.txt": "A {{ row.what }} of iron", "rows.csv": "id,what\nx,sword\n"}
    begin(project, DRAFTED)
    built(project, text, lambda one: one.write(files))
    commit(project.root)
    built(project, text, lambda one: one.write({"icon.txt": "A {{ row.what }} of gold"}))
    (change,) = elsewhere(project).call("diff", "--json").object["changes"]
    assert change["prompts"][0]["diff"] == [[" ", "A sword of"], ["-", "iron"], ["+", "gold"]]


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_a_step_s_parameters_and_what_an_asset_is_made_from(project: Builder, is_elsewhere: bool) -> None:
    built(begin(project, CHAIN), CHAIN.replace("radius = 2", "radius = 5"))
    there = elsewhere(project) if is_elsewhere else project
    assert reasons(there, "night") == ["step `blur`: radius 2 -> 5"]
    built(project, CHAIN.replace("dawn", "dusk"))
    assert reasons(project, "night") == ["made from `hero`, which changed"]


def test_of_an_asset_that_was_renamed_what_is_made_from_it_says_nothing(project: Builder) -> None:
    begin(project, CHAIN)
    renamed = CHAIN.replace("asset.hero", "asset.cover").replace("@hero", "@cover")
    built(project, renamed.replace("radius = 2", "radius = 5"))
    assert hows(project) == {"cover": "renamed", "night": "changed"}
    assert reasons(project, "night") == ["step `blur`: radius 2 -> 5"]


@pytest.mark.parametrize("is_readable", [True, False])
def test_of_a_file_that_differs_though_all_it_is_made_of_is_the_same_just_that_is_said(
    project: Builder, is_readable: bool
) -> None:
    """As after another release, which draws a step in another way."""
    begin(project)
    (name, line), *_ = parse_lock(project.text("assets.lock")).items()
    record = line.outputs["hero.png"]
    other = replace(record, media=replace(record.media, digest="1" * 64, pixels="2" * 64))
    project.write({"assets.lock": lock_text({name: replace(line, outputs={"hero.png": other})})})
    if not is_readable:
        project.write({"assets.toml": DRAFTED.replace("hero.png", "{{ 1 +")})
    assert reasons(project, "hero") == ["made anew from the same pictures"]


def test_a_step_that_came_or_went(project: Builder) -> None:
    begin(project, CHAIN)
    built(project, CHAIN.replace("radius = 2 }", 'radius = 2 }, { op = "grayscale" }'))
    assert reasons(project, "night") == ["step `grayscale` added"]
    commit(project.root)
    built(project, CHAIN)
    assert reasons(project, "night") == ["step `grayscale` removed"]


def test_a_candidate_in_place_of_another_and_candidates_that_came(shop: Builder) -> None:
    text = BOUGHT + "n = 2\n"
    begin(shop, text)
    built(shop, text + "pick = 2\n")
    assert reasons(shop, "hero") == ["candidate 2 in place of 1"]
    assert hows(shop) == {"hero": "changed"}
    built(shop, BOUGHT + "n = 4\n")
    (change,) = shop.call("diff", "--json").object["changes"]
    assert (change["how"], change["reasons"], change["bought"]) == ("candidates", ["candidates 3 to 4 are new"], 2)
    assert change["cost"] > 0


def test_a_picture_that_was_bought_has_its_cost_and_one_rolled_again_says_so(shop: Builder) -> None:
    begin(shop, BOUGHT)
    built(shop, BOUGHT + "revision = 1\n")
    told = shop.call("diff", "--json").object
    (change,) = told["changes"]
    assert change["reasons"] == ["revision changed from 0 to 1"]
    assert change["cost"] == told["summary"]["cost"] > 0
    assert told["summary"]["bought"] == 1
    assert "; 1 picture bought for $" in shop.call("diff").out


def test_the_ledger_tells_what_the_store_has_forgotten(shop: Builder) -> None:
    begin(shop, BOUGHT)
    built(shop, BOUGHT.replace("dawn", "dusk"))
    shutil.rmtree(shop.home / "store" / "records")
    shop.write({"assets.toml": BOUGHT + "["})  # nobody can make it out now
    shop.write({"assets.toml": "[asset.other]\nprompt = 'x'\noutput = 'x.png'\n"})
    assert reasons(shop, "hero") == ["the prompt changed"]


def test_an_accepted_picture_and_one_made_by_hand(shop: Builder) -> None:
    begin(shop, BOUGHT)
    shop.write({"assets.toml": BOUGHT.replace("dawn", "dusk")})
    assert shop.call("accept", "hero").code == 0
    (change,) = shop.call("diff", "--json").object["changes"]
    assert (change["how"], change["cost"]) == ("accepted", 0)
    assert change["reasons"] == ["accepted for another request", "the prompt changed"]
    hand = shop.home / "hand.png"
    hand.write_bytes(picture("red", (1024, 1024)))
    assert shop.call("adopt", "hero", str(hand)).code == 0
    assert shop.call("build", "--yes").code == 0
    (change,) = shop.call("diff", "--json").object["changes"]
    assert (change["how"], change["cost"], change["reasons"]) == ("changed", 0, ["a file made by hand"])


def test_a_source_that_changed_and_an_encoding(project: Builder) -> None:
    art = {"art/logo.png": picture("teal"), "art/other.png": picture("red")}
    begin(project.write(art), MADE)
    built(project, MADE.replace("80", "20"))
    (change,) = project.call("diff", "--json").object["changes"]
    assert (change["how"], change["reasons"]) == ("re-encoded", ["encoding: quality 80 -> 20"])
    built(project, MADE.replace("art/logo.png", "art/other.png"))
    assert reasons(project, "logo") == ["made from `art/other.png` and no more from `art/logo.png`"]
    built(project, MADE, lambda one: one.write({"art/logo.png": picture("blue")}))
    assert reasons(project, "logo") == ["`art/logo.png` changed"]


def test_size_and_format_are_facts_of_a_change_and_told_once(project: Builder) -> None:
    begin(project.write({"art/logo.png": picture("teal")}), DRAFTED + MADE)
    built(
        project,
        DRAFTED.replace("64x64", "128x64") + MADE,
        lambda one: one.write({"art/logo.png": picture("red", (9, 7))}),
    )
    assert reasons(project, "hero") == ["size changed from 64x64 to 128x64"]
    assert reasons(project, "logo")[0] == "`art/logo.png` changed"
    assert reasons(project, "logo")[1].endswith(" -> 9x7")


def test_an_output_more_or_with_another_ending_is_the_whole_reason(project: Builder) -> None:
    begin(project)
    built(project, DRAFTED.replace('output = "hero.png"', 'outputs = ["hero.png", "small.webp"]'))
    assert reasons(project, "hero") == ["`small.webp` is new"]
    built(project, DRAFTED.replace("hero.png", "hero.webp"))
    assert reasons(project, "hero") == ["`hero.webp` is new", "`hero.png` gone"]


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_an_edit_names_what_it_is_made_from(shop: Builder, is_elsewhere: bool) -> None:
    text = BOUGHT + EDITED
    begin(shop.write({"art/sky.png": picture("teal", (1024, 1024))}), text)

    def told(text: str, name: str) -> list[str]:
        built(shop, text)
        if is_elsewhere:
            shutil.rmtree(shop.home / "store")
        return reasons(shop, name)

    assert told(text.replace("dawn", "dusk"), "night") == ["made from `hero`, which changed"]
    commit(shop.root)
    shop.write({"art/sky.png": picture("red", (1024, 1024))})
    assert told(text.replace("dawn", "dusk"), "sky") == ["`art/sky.png` changed"]
    commit(shop.root)
    assert told(text.replace("dawn", "dusk").replace("radius = 2", "radius = 3"), "sky") == [
        "step `blur`: radius 2 -> 3"
    ]


def test_a_picture_that_came_back_is_said_to_be_an_earlier_one_and_costs_nothing(shop: Builder) -> None:
    built(shop, BOUGHT.replace("dawn", "dusk"))
    key = shop.call("history", "hero", "--json").object["pictures"][0]["key"]
    begin(shop, BOUGHT)
    assert shop.call("restore", "hero", key).code == 0
    assert shop.call("build").code == 0
    (change,) = shop.call("diff", "--json").object["changes"]
    assert (change["how"], change["cost"], change["bought"]) == ("changed", 0, 0)
    assert change["reasons"] == ["an earlier picture, restored"]
    assert "$" not in shop.call("diff").out


def test_a_manifest_that_can_t_be_made_out_is_said_to_be(project: Builder) -> None:
    begin(project)
    built(project, DUSK)
    lock = project.text("assets.lock")
    commit(project.write({"assets.toml": "[asset.hero"}).root)
    built(project, DRAFTED.replace("dawn", "noon"))
    told = elsewhere(project).call("diff")
    assert "another request, whose words are not known here" in told.out
    assert "the manifest of `HEAD` can't be made out" in told.out
    assert lock != project.text("assets.lock")


def test_files_that_are_not_what_the_lock_says_are_told(project: Builder) -> None:
    begin(project, CHAIN)
    project.write({"hero.png": picture("red")})
    assert project.call("diff").out.splitlines()[-1] == "not as the lock has it: `hero.png`"


def test_a_draft_in_the_working_tree_is_no_change_but_is_told(shop: Builder) -> None:
    begin(shop, BOUGHT)
    shop.write({"assets.toml": BOUGHT.replace("dawn", "dusk")})
    assert shop.call("build", "--draft").code == 0
    told = shop.call("diff").out.splitlines()
    assert told == ["no picture changed since `HEAD`", "1 draft in the working tree: `hero.png`"]
