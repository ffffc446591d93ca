"""Where a project is found, and how paths are shown: from any folder, under any name."""

import os

import pytest

from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO


@pytest.mark.parametrize(
    ("cwd", "arguments"),
    [
        (".", ()),
        ("a/b", ()),
        ("a", ("-C", "b")),
        ("a/b", ("-m", "../../assets.toml")),
        ("a", ("-C", "..", "-m", "assets.toml")),
        ("a/b", ("-C", "../..")),
    ],
)
def test_a_project_is_found_from_any_folder_below_it(project: Builder, cwd: str, arguments: tuple[str, ...]) -> None:
    """Options that all commands have may stand before the command's name or after it."""
    project.write({"assets.toml": DRAFTS + HERO, "a/b/c": ""})
    for given in ((*arguments, "build", "--json"), ("build", *arguments, "--json")):
        told = project.call(*given, cwd=cwd)
        assert told.code == 0, told
        assert (project.root / cwd / told.object["root"]).resolve() == project.root.resolve()
    assert (project.root / "hero.png").exists()


def test_a_manifest_of_another_name_has_its_own_lock(project: Builder) -> None:
    project.write({"art.toml": DRAFTS + HERO})
    assert project.call("build", "-m", "art.toml").code == 0
    assert sorted(project.files()) == ["art.lock", "art.toml", "hero.png"]


def test_the_nearest_manifest_is_meant(project: Builder) -> None:
    project.write({"assets.toml": "", "inner/assets.toml": DRAFTS + HERO})
    assert [one["instance"] for one in project.call("list", "--json", cwd="inner").object["assets"]] == ["hero"]


def test_files_are_shown_from_where_the_user_is(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO, "a/b": ""})
    assert project.call("build", cwd="a").err == "made ../hero.png\n"
    assert "../hero.png" in project.call("list", cwd="a").out
    assert "../hero.png" in project.call("explain", "hero", cwd="a").out


def test_options_after_two_dashes_are_names(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    told = project.call("plan", "--", "--draft")
    assert told.code == 2
    assert "`--draft` matches no asset" in told.err


def test_a_link_to_a_project_is_that_project(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    os.symlink(project.root, project.root.parent / "link")
    assert project.call("build", cwd="../link").code == 0
    assert project.call("check").code == 0
