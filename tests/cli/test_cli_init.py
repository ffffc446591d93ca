"""`init` gives a newcomer something that works, and takes nothing away."""

import json

import pytest

from tests.builder import Builder
from tests.images_server import ImagesServer

TEMPLATES = ("site", "icons", "localized")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_builds_with_drafts_and_the_second_build_does_nothing(project: Builder, template: str) -> None:
    assert project.call("init", "--template", template).code == 0
    first = project.call("build", "--draft", "--json")
    before = project.files()
    second = project.call("build", "--draft", "--json")
    assert (first.code, second.code) == (0, 0)
    assert first.object["placed"]
    assert first.object["warnings"] == []
    assert second.object["placed"] == []
    assert project.files() == before
    assert "assets.lock" not in before
    assert project.call("check").code == 3


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_builds_with_the_provider_draft(project: Builder, template: str) -> None:
    project.call("init", "--template", template)
    project.write({"assets.toml": project.text("assets.toml").replace('provider = "openai"', 'provider = "draft"')})
    assert project.call("build").code == 0
    assert project.call("check").code == 0
    assert project.call("build").out.startswith("nothing to do")


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_builds_for_real_and_is_paid_for_once(shop: Builder, images: ImagesServer, template: str) -> None:
    shop.call("init", "--template", template)
    assert shop.call("build", "--yes").code == 0
    bought = len(images.paid)
    assert shop.call("build", "--yes").code == 0
    assert len(images.paid) == bought > 0


def test_nothing_is_overwritten_and_that_is_said(project: Builder) -> None:
    project.write({"assets.toml": "# mine\n", "assets.schema.json": "{}", ".gitignore": "x", ".git/HEAD": ""})
    told = project.call("init")
    assert told.code == 0
    assert "left alone assets.toml" in told.out
    assert "left alone assets.schema.json" in told.out
    assert project.text("assets.toml") == "# mine\n"
    assert project.text("assets.schema.json") == "{}"
    assert project.text(".gitignore") == "x\nassetforge-gallery/\n"
    assert "left alone .gitignore" in project.call("init").out
    assert project.text(".gitignore") == "x\nassetforge-gallery/\n"


def test_gitignore_is_written_only_in_a_git_repository(project: Builder) -> None:
    project.call("init")
    assert sorted(project.files()) == ["assets.schema.json", "assets.toml"]


def test_a_project_can_begin_in_another_folder(project: Builder) -> None:
    project.write({"site/x": ""})
    told = project.call("init", "-C", "site", "--json")
    assert told.code == 0
    assert told.object["files"][0] == {"path": "site/assets.toml", "what": "wrote"}
    assert project.call("build", "--draft", cwd="site").code == 0


def test_the_schema_that_is_written_is_the_one_that_is_printed(project: Builder) -> None:
    project.call("init")
    printed = project.call("schema").out
    assert project.text("assets.schema.json") == printed
    assert project.call("schema", "--write").code == 0
    assert project.text("assets.schema.json") == printed
    assert project.call("schema", "--json").object["document"] == json.loads(printed)
