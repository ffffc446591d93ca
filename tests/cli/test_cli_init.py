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
    assert project.text(".gitignore") == "x"


def test_only_the_manifest_and_its_schema_are_written(project: Builder) -> None:
    told = project.write({".git/HEAD": ""}).call("init")
    assert sorted(project.files()) == [".git/HEAD", "assets.schema.json", "assets.toml"]
    assert told.err.startswith("next: `assetforge build --draft` draws")


def test_the_next_step_names_a_manifest_that_would_not_be_found(project: Builder) -> None:
    told = project.call("init", "-m", "art/site.toml")
    assert told.err.startswith("next: `assetforge -m art/site.toml build --draft` draws")
    assert project.call("-m", "art/site.toml", "build", "--draft").code == 0


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
