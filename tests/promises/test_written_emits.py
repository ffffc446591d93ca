"""Emits tell what is built: written when all of it is there, for nothing, and never in place of anything else."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from assetforge.store.records import Records
from tests.builder import Builder
from tests.cli.manifests import DRAFTS, picture
from tests.images_server import ImagesServer

WORDS_EMIT = """
[emit.words]
template = "emit/words.j2"
output = "src/words.txt"
select = "tag:web"
"""
EMIT = f"""
[emit.list]
output = "src/assets.json"{WORDS_EMIT}"""
WORDS = "{% for one in outputs %}{{ one.path }}: {{ one.alt }} {{ one.color }}\n{% endfor %}"
TWO = """
[project]
output_dir = "public"

[asset.hero]
prompt = "A lighthouse"
alt = "A lighthouse at dawn"
tags = ["web"]
meta = { rank = 1 }
outputs = ["hero.png", { path = "hero-{{ width }}.webp", width = [320] }]

[asset.icon]
matrix.item = ["sword", "shield"]
prompt = "A {{ item }}"
output = { path = "icons/{{ item }}.png", width = 64 }
"""
LIST, TEXT = "src/assets.json", "src/words.txt"


@pytest.fixture
def site(project: Builder) -> Builder:
    """A project whose pictures are drawn by the provider `draft`, not built yet."""
    return project.write({"assets.toml": DRAFTS + TWO + EMIT, "emit/words.j2": WORDS})


@pytest.fixture
def paid(shop: Builder) -> Builder:
    """The same, with pictures that cost money."""
    return shop.write({"assets.toml": TWO + EMIT, "emit/words.j2": WORDS})


def edit(site: Builder, old: str, new: str, path: str = "assets.toml") -> None:
    text = site.text(path)
    assert old in text
    site.write({path: text.replace(old, new)})


def listed(site: Builder) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(site.text(LIST))
    return found


def locked(site: Builder) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(site.text("assets.lock"))["assets"]
    return found


def times(site: Builder) -> dict[str, int]:
    return {path: (site.root / path).stat().st_mtime_ns for path in site.files()}


def clone(site: Builder, name: str, *, without: tuple[str, ...]) -> Builder:
    """The same project on a machine with an empty store."""
    other = Builder(site.home.with_name(f"home of {name}"), site.root.with_name(name), dict(site.environ))
    other.home.mkdir()
    for path in site.files():
        if not path.startswith(without):
            other.write({path: (site.root / path).read_bytes()})
    return other


# --- what they tell ---


def test_the_list_has_every_output_as_it_is_on_the_disk(site: Builder) -> None:
    assert site.call("build").code == 0
    outputs = listed(site)
    assert [one["path"] for one in outputs] == ["hero.png", "hero-320.webp", "icons/sword.png", "icons/shield.png"]
    files = site.files()
    for one in outputs:
        assert one["sha256"] == files[one["file"]]
        assert one["bytes"] == (site.root / one["file"]).stat().st_size
        assert one["file"] == f"public/{one['path']}"
        assert one["draft"] is False
    hero, small, sword, _ = outputs
    assert (hero["alt"], hero["tags"], hero["meta"]) == ("A lighthouse at dawn", ["web"], {"rank": 1})
    assert (small["width"], small["format"]) == (320, "webp")
    assert (sword["instance"], sword["axes"], sword["alt"]) == ("icon[item=sword]", {"item": "sword"}, "")
    assert small["color"] in site.text(TEXT)


def test_a_draft_is_told_as_one_and_not_locked(paid: Builder, images: ImagesServer) -> None:
    assert paid.call("build", "--draft").code == 0
    assert {one["draft"] for one in listed(paid)} == {True}
    assert not (paid.root / "assets.lock").exists() or not locked(paid)
    told = paid.call("check")
    assert f"{LIST}: " in told.out
    assert paid.call("build", "hero", "--yes").code == 0
    assert [one["draft"] for one in listed(paid)] == [False, False, True, True]
    assert set(locked(paid)) == {"hero", "emit:words"}
    assert paid.call("build", "--yes").code == 0
    assert {one["draft"] for one in listed(paid)} == {False}
    assert paid.call("check").code == 0
    assert len(images.paid) == 3


def test_an_emit_in_a_matrix_is_a_file_and_a_line_for_each_cell(site: Builder) -> None:
    edit(
        site,
        "[emit.list]",
        '[emit.each]\nmatrix.item = ["sword", "shield"]\nselect = "icon[item={{ item }}]"\n'
        'output = "src/{{ item }}.json"\n\n[emit.list]',
    )
    assert site.call("build").code == 0
    assert json.loads(site.text("src/sword.json"))[0]["instance"] == "icon[item=sword]"
    assert {"emit:each[item=sword]", "emit:each[item=shield]"} <= locked(site).keys()
    assert site.call("check").code == 0


# --- when they are written ---


def test_nothing_is_written_twice(site: Builder) -> None:
    first = site.call("build", "--json").object
    assert first["emitted"] == [LIST, TEXT]
    before = times(site)
    assert site.call("build", "-v").out == "nothing to do: 3 assets current\n"
    assert times(site) == before


def test_another_alt_writes_only_what_tells_of_it(paid: Builder, images: ImagesServer) -> None:
    paid.call("build", "--yes")
    before, calls = times(paid), len(images.paid)
    edit(paid, "at dawn", "at noon")
    told = paid.call("build", "--json").object
    assert (told["emitted"], told["placed"], told["calls"]) == ([LIST, TEXT], [], 0)
    assert listed(paid)[0]["alt"] == "A lighthouse at noon"
    changed = {path for path, time in times(paid).items() if before[path] != time}
    assert changed == {LIST, TEXT, "assets.lock", "assets.toml"}
    assert len(images.paid) == calls


def test_another_template_writes_its_emit(site: Builder) -> None:
    site.call("build")
    edit(site, "{{ one.path }}", "<{{ one.path }}>", "emit/words.j2")
    assert site.call("build", "--json").object["emitted"] == [TEXT]
    assert site.text(TEXT).startswith("<hero.png>")


def test_what_tells_of_a_failed_asset_is_left_alone(paid: Builder, images: ImagesServer) -> None:
    paid.call("build", "--yes")
    before = paid.files()
    edit(paid, '"A {{ item }}"', '"A golden {{ item }}"')
    edit(paid, "at dawn", "at noon")
    images.script(status=400, body={"error": {"code": "moderation_blocked", "message": "no"}})
    told = paid.call("build", "--yes", "--json").object
    assert len(told["failed"]) == 1
    assert told["emitted"] == [TEXT]
    assert paid.files()[LIST] == before[LIST]
    (warning,) = told["warnings"]
    assert warning["message"] == f"`emit:list` is left as it is: `{told['failed'][0]}` is not made"
    assert paid.call("build", "--yes", "--retry-refused").code == 0
    assert listed(paid)[0]["alt"] == "A lighthouse at noon"


def test_a_selected_build_tells_of_the_rest_what_the_lock_has(site: Builder) -> None:
    told = site.call("build", "hero")
    assert told.code == 0
    assert "`emit:list` is left as it is: `icon[item=sword]` and `icon[item=shield]` are not made" in told.err
    assert LIST not in site.files()
    assert TEXT in site.files()
    assert site.call("build", "icon", "--json").object["emitted"] == [LIST]
    edit(site, "A lighthouse", "A tower")
    before = {one["path"]: one["sha256"] for one in listed(site)}
    site.call("build", "hero")
    after = {one["path"]: one["sha256"] for one in listed(site)}
    assert {path for path in after if after[path] != before[path]} == {"hero.png", "hero-320.webp"}
    assert site.call("check").code == 0


def test_a_selected_build_leaves_emits_of_others_alone(site: Builder) -> None:
    site.call("build")
    edit(site, "at dawn", "at noon")
    assert site.call("build", "icon", "--json").object["emitted"] == [LIST]
    assert "at dawn" in site.text(TEXT)


def test_a_profile_with_its_own_folder_writes_none(site: Builder) -> None:
    edit(site, "[emit.list]", '[profile.preview]\noutput_dir = "preview"\n\n[emit.list]')
    assert site.call("build", "--profile", "preview").code == 0
    assert "preview/hero.png" in site.files()
    assert not {LIST, TEXT} & site.files().keys()


def test_a_template_that_fails_fails_its_emit_alone(site: Builder) -> None:
    site.write({"emit/words.j2": "{{ outputs[0].meta.colour }}"})
    told = site.call("build", "--json").object
    assert (told["failed"], told["emitted"], told["exit_code"]) == (["emit:words"], [LIST], 1)
    (error,) = told["errors"]
    assert "colour" in error["message"]
    assert error["file"] == "emit/words.j2"
    assert "emit:words" not in locked(site)


# --- whose files they are ---


def test_a_file_of_the_user_is_never_written_over(site: Builder) -> None:
    site.write({LIST: "mine"})
    plan = site.call("plan", "--json").object
    told = site.call("build", "--json").object
    assert (told["failed"], told["exit_code"]) == (["emit:list"], 1)
    assert site.text(LIST) == "mine"
    again = site.call("plan", "--json").object
    assert plan["emits"][0]["state"] == again["emits"][0]["state"] == "fails"
    assert plan["exit_code"] == again["exit_code"] == 1
    assert site.call("build", "--overwrite").code == 0
    assert listed(site)
    assert site.call("check").code == 0


def test_an_edited_file_is_the_users(site: Builder) -> None:
    site.call("build")
    site.write({LIST: site.text(LIST) + "// mine"})
    edit(site, "at dawn", "at noon")
    assert site.call("build").code == 1
    assert site.text(LIST).endswith("// mine")
    assert f"{LIST}: " in site.call("check").out


def test_a_file_from_the_repository_is_ours_by_the_lock(site: Builder) -> None:
    site.call("build")
    other = clone(site, "other", without=("public/",))
    edit(other, "at dawn", "at noon")
    assert other.call("build").code == 0
    assert listed(other)[0]["alt"] == "A lighthouse at noon"


def test_a_file_of_a_build_that_died_is_not_taken_for_the_users(site: Builder) -> None:
    """It is as if neither lock nor state had been written after it."""
    site.call("build")
    site.remove("assets.lock")
    shutil.rmtree(site.home / "store" / "projects")
    edit(site, "at dawn", "at noon")
    assert site.call("build").code == 0
    assert listed(site)[0]["alt"] == "A lighthouse at noon"


def test_an_emit_is_not_written_through_a_link_to_an_output(site: Builder) -> None:
    (site.root / "public" / "icons").mkdir(parents=True)
    (site.root / "src").symlink_to("public/icons")
    edit(site, LIST, "src/sword.png")
    told = site.call("build", "--json").object
    assert told["failed"] == ["emit:list"]
    assert "are one place, by way of a link" in told["errors"][0]["message"]
    assert (site.root / "public/icons/sword.png").read_bytes().startswith(b"\x89PNG")


def test_clean_removes_them_and_a_build_brings_them_back(site: Builder) -> None:
    site.call("build")
    before = site.files()
    assert {LIST, TEXT} <= set(site.call("clean", "--yes", "--json").object["removed"])
    assert not {LIST, TEXT} & site.files().keys()
    assert site.call("build").code == 0
    assert site.files() == before


def test_a_renamed_emit_leaves_a_file_that_clean_takes_away(site: Builder) -> None:
    site.call("build")
    edit(site, "[emit.words]", "[emit.told]")
    edit(site, TEXT, "src/told.txt")
    plan = site.call("plan", "--json").object
    assert (plan["orphans"], plan["current"]) == (["emit:words"], False)
    site.call("build")
    assert {"emit:words", "emit:told"} <= locked(site).keys()
    told = site.call("clean", "--stale", "--yes", "--json").object
    assert (told["removed"], told["forgotten"]) == ([TEXT], ["emit:words"])
    assert {LIST, "src/told.txt"} <= site.files().keys()
    assert site.call("build", "-v").out == "nothing to do: 3 assets current\n"


def test_what_is_left_behind_is_told_and_stays(site: Builder) -> None:
    """An emit that is gone, one with another path, an asset that is gone, an output that is: told alike."""
    site.call("build")
    edit(site, '[emit.list]\noutput = "src/assets.json"', "")
    told = site.call("build")
    assert told.out.splitlines()[-1] == (
        f"1 file left that the manifest no longer has: `{LIST}`; see `assetforge clean --stale`"
    )
    assert LIST in site.files()
    edit(site, '"hero.png", ', "")
    hero = site.text("assets.toml").partition("[asset.icon]")[0]
    site.write({"assets.toml": hero + WORDS_EMIT.replace(TEXT, "src/told.txt")})
    gone = sorted([LIST, TEXT, "public/hero.png", "public/icons/sword.png", "public/icons/shield.png"])
    for command in ("build", "plan"):
        assert site.call(command, "--json").object["left_behind"] == gone
        assert "5 files left that the manifest no longer has: " in site.call("plan").out
    assert set(gone) <= site.files().keys()
    assert site.call("clean", "--stale", "--yes", "--json").object["removed"] == gone
    assert site.call("plan", "--json").object["left_behind"] == []


def test_what_somebody_changed_or_a_profile_has_is_not_left_behind(site: Builder) -> None:
    site.write({"assets.toml": site.text("assets.toml") + '[profile.small]\noutput_dir = "small"\n'})
    site.call("build")
    site.call("build", "--profile", "small")
    edit(site, LIST, "src/other.json")
    site.write({LIST: "mine"})
    assert site.call("build", "--json").object["left_behind"] == []
    assert site.call("plan", "--json").object["left_behind"] == []


# --- what a family's own template waits for ---


def test_a_familys_own_template_waits_for_its_files_alone(paid: Builder, images: ImagesServer) -> None:
    mark = """[asset.mark]
prompt = "A mark"
output = { family = "favicon", path = "." }
[emit.head]
template = "builtin:favicon"
output = "head.html"
"""
    paid.write({"assets.toml": TWO + mark})
    assert paid.call("build", "--draft", "hero", "icon").code == 0
    assert paid.call("build", "mark", "--yes", "--json").object["emitted"] == ["head.html"]
    assert "emit:head" in locked(paid)
    edit(paid, "A lighthouse", "A tower")
    images.script(status=400, body={"error": {"code": "moderation_blocked", "message": "no"}})
    edit(paid, 'output = "head.html"', 'output = "src/head.html"')
    told = paid.call("build", "hero", "mark", "--yes", "--json").object
    assert (told["failed"], told["emitted"], told["warnings"]) == (["hero"], ["src/head.html"], [])


# --- the lock ---


def test_a_fresh_clone_writes_the_same_bytes(paid: Builder, images: ImagesServer) -> None:
    paid.call("build", "--yes")
    calls = len(images.paid)
    other = clone(paid, "other", without=("src/",))
    assert other.call("build", "--locked").code == 0
    assert other.files() == paid.files()
    assert len(images.paid) == calls


def test_without_outputs_and_store_the_lock_tells_all(site: Builder) -> None:
    """What is not in the repository is drawn again; the facts are the lock's."""
    site.call("build")
    other = clone(site, "other", without=("src/", "public/"))
    assert other.call("check", "--lock-only").code == 0
    assert other.call("build", "--locked").code == 0
    assert other.files() == site.files()


def test_a_locked_build_refuses_what_the_lock_has_otherwise(site: Builder) -> None:
    site.call("build")
    before = site.files()
    edit(site, "at dawn", "at noon")
    told = site.call("build", "--locked", "--json").object
    assert (told["exit_code"], [one["subject"] for one in told["missing"]]) == (3, [LIST, TEXT])
    told = site.call("build", "icon", "--locked", "--json").object
    assert [one["subject"] for one in told["missing"]] == [LIST]
    assert {**site.files(), "assets.toml": ""} == {**before, "assets.toml": ""}


def test_the_order_of_builds_does_not_show(site: Builder) -> None:
    site.call("build")
    other = clone(site, "other", without=("src/", "public/", "assets.lock"))
    for name in ("icon[item=shield]", "hero", "icon"):
        assert other.call("build", name).code == 0
    assert other.files() == site.files()


def test_looks_are_in_the_lock_only_while_an_emit_tells_of_them(site: Builder) -> None:
    edit(site, EMIT, "")
    site.call("build")
    bare = site.text("assets.lock")
    assert "placeholder" not in bare
    edit(site, "[asset.icon]", f"{EMIT.replace('src/assets.json', 'a.json')}\n[asset.icon]")
    site.call("build")
    assert site.text("assets.lock").count('"placeholder"') == 4
    site.remove("a.json").remove(TEXT)
    site.write({"assets.toml": DRAFTS + TWO})
    site.call("build")
    assert site.text("assets.lock") == bare


# --- check, plan, noop ---


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda site: edit(site, "at dawn", "at noon"), "it would be written otherwise"),
        (lambda site: site.remove(LIST), "the file is missing"),
        (lambda site: site.write({LIST: "[]"}), "the file was changed"),
        (lambda site: edit(site, "emit.list", "emit.lists"), "the lock does not have it"),
    ],
    ids=["facts", "missing", "changed", "new"],
)
def test_check_finds_what_drifted(site: Builder, change: Any, reason: str) -> None:
    site.call("build")
    assert site.call("check").code == 0
    change(site)
    told = site.call("check", "--json").object
    assert told["exit_code"] == 3
    assert (told["disagreements"][0]["subject"], told["disagreements"][0]["reason"]) == (LIST, reason)
    is_files = reason.startswith("the file")
    assert site.call("check", "--lock-only").code == (0 if is_files else 3)


def test_check_says_of_an_emit_that_it_tells_of_placeholders(paid: Builder) -> None:
    assert paid.call("build", "--draft").code == 0
    told = paid.call("check", "--json").object["disagreements"]
    assert ("emit:list", LIST, "it tells of placeholders") in [tuple(one.values())[:3] for one in told]


def test_plan_says_what_build_then_writes(site: Builder) -> None:
    def foreseen() -> list[str]:
        plan = site.call("plan", "--json").object
        assert plan["current"] == all(one["state"] == "current" for one in (*plan["assets"], *plan["emits"]))
        return [one["path"] for one in plan["emits"] if one["state"] != "current"]

    for change in (
        lambda: None,
        lambda: edit(site, "at dawn", "at noon"),
        lambda: edit(site, "{{ one.path }}", "{{ one.file }}", "emit/words.j2"),
        lambda: site.remove(TEXT),
        lambda: edit(site, "A lighthouse", "A tower"),
        lambda: None,
    ):
        change()
        assert foreseen() == site.call("build", "--json").object["emitted"]


def test_plan_is_text_too(site: Builder) -> None:
    site.call("build")
    edit(site, "at dawn", "at noon")
    told = site.call("plan", "--exit-code")
    assert told.code == 3
    assert told.out.startswith(f"write  emit:list   `{LIST}`: what it tells of changed\n")


@pytest.mark.parametrize("path", [LIST, "emit/words.j2"])
def test_noop_notices_emitted_files_and_templates(site: Builder, path: str) -> None:
    site.call("build")
    assert site.run("build").out == "nothing to do: 3 assets current\n"
    before = (site.root / path).read_bytes()
    site.write({path: before + b" "})
    os.utime(site.root / path, ns=(1, 1))
    assert site.run("build").out != "nothing to do: 3 assets current\n"


def test_noop_notices_a_missing_file(site: Builder) -> None:
    site.call("build")
    before = site.files()
    site.remove(LIST)
    assert f"emitted   {LIST}" in site.run("build").out
    assert site.files() == before
    assert site.run("build").out == "nothing to do: 3 assets current\n"


def test_pictures_are_looked_at_once(paid: Builder) -> None:
    """What the store remembers of a placeholder is believed, right or wrong."""
    paid.call("build", "--draft")
    (hero, *_) = listed(paid)
    records = Records(paid.home / "store" / "records")
    name = f"look:{hero['sha256']}"
    assert records.recall(name) == {"color": hero["color"], "placeholder": hero["placeholder"]}
    records.remember(name, {"color": "#123456", "placeholder": hero["placeholder"]})
    records.close()
    edit(paid, "at dawn", "at noon")
    paid.call("build", "--draft")
    assert listed(paid)[0]["color"] == "#123456"


def test_what_the_store_remembers_wrongly_is_looked_at_again(paid: Builder) -> None:
    paid.call("build", "--draft")
    (hero, *_) = listed(paid)
    records = Records(paid.home / "store" / "records")
    records.remember(f"look:{hero['sha256']}", {"color": "<script>", "placeholder": "https://example.com"})
    records.close()
    paid.remove(LIST).call("build", "--draft")
    assert listed(paid)[0] == hero


def test_a_picture_of_the_user_is_told_of_too(site: Builder, tmp_path: Path) -> None:
    site.write(
        {"art/logo.png": picture("#0f766e"), "assets.toml": '[asset.logo]\nsource = "art/logo.png"\n'
         'output = "logo.png"\n[emit.list]\noutput = "src/assets.json"\n'}
    )  # fmt: skip
    assert site.call("build").code == 0
    (logo,) = listed(site)
    assert logo["color"] == "#0f766e"


def test_frames_of_a_sheet_have_names_and_places(site: Builder) -> None:
    """Also in a selected build, from the lock; and where the lock's sheet is of other pictures, nothing is told."""
    sheet = '[asset.sheet]\nsource = ["@icon"]\noutput = "sheet.png"\nsteps = [{ op = "atlas", layout = "grid" }]\n\n'
    edit(site, "[emit.list]", f"{sheet}[emit.list]")
    assert site.call("build").code == 0
    frames = listed(site)[-1]["frames"]
    assert [frame["instance"] for frame in frames] == ["icon[item=sword]", "icon[item=shield]"]
    assert [frame["axes"] for frame in frames] == [{"item": "sword"}, {"item": "shield"}]
    assert all({"x", "y", "width", "height"} <= frame.keys() for frame in frames)
    edit(site, "at dawn", "at noon")
    assert site.call("build", "hero").code == 0
    assert listed(site)[-1]["frames"] == frames
    edit(site, '"shield"]', '"shield", "bow"]')
    assert site.call("build", "hero", "icon").code == 0
    assert listed(site)[-1]["frames"] == frames
    assert "`emit:list` is left as it is: `sheet` is not made" in site.call("build", "icon").err
    assert site.call("build", "-v").code == 0
    assert len(listed(site)[-1]["frames"]) == 3


def test_a_path_is_told_from_the_output_folder_also_where_it_leads_out(site: Builder) -> None:
    edit(site, '"icons/{{ item }}.png"', '"../{{ item }}.png"')
    site.call("build")
    assert [(one["path"], one["file"]) for one in listed(site)[2:]] == [
        ("../sword.png", "sword.png"),
        ("../shield.png", "shield.png"),
    ]
    edit(site, 'output_dir = "public"', "")
    edit(site, '"../{{ item }}.png"', '"{{ item }}.png"')
    site.call("build")
    assert all(one["path"] == one["file"] for one in listed(site))
