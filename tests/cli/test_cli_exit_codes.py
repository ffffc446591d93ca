"""The exit code says how a command ended: the table in docs/cli.md."""

import pytest

from tests.builder import Builder
from tests.cli.manifests import DRAFTS, EDITED, HERO, picture
from tests.images_server import ImagesServer


def test_0_when_done_and_when_there_is_nothing_to_do(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    first = project.run("build")
    second = project.run("build")
    assert (first.code, second.code) == (0, 0)
    assert first.out.startswith("1 made in ")
    assert first.err == "made hero.png\n"
    assert second.out == "nothing to do: 1 asset current\n"
    assert second.err == ""


def test_1_when_an_asset_fails_and_the_others_are_built(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": HERO + '[asset.other]\nprompt = "A tower"\noutput = "other.png"\n'})
    images.script(match="tower", status=400, code="moderation_blocked", message="rejected by the safety system")
    told = shop.call("build")
    assert told.code == 1
    assert (shop.root / "hero.png").exists()
    assert not (shop.root / "other.png").exists()
    assert "error: `other:generate`: " in told.err
    assert "1 made, 1 failed in " in told.out


def test_1_when_an_output_is_the_users_own_file(project: Builder) -> None:
    mine = picture("red")
    project.write({"assets.toml": DRAFTS + HERO, "hero.png": mine})
    told = project.call("build")
    assert told.code == 1
    assert (project.root / "hero.png").read_bytes() == mine
    assert "error: `hero.png` is a file of yours" in told.err
    assert project.call("build", "--overwrite").code == 0
    assert (project.root / "hero.png").read_bytes() != mine


@pytest.mark.parametrize(
    "arguments",
    [
        ("biuld",),
        ("build", "--drfat"),
        ("build", "nothing-like-it"),
        ("build", "tag:none"),
        ("build", "--on-miss", "panic"),
        ("build", "--max-cost", "nan"),
        ("build", "--max-cost", "-1"),
        ("build", "-j", "0"),
        ("build", "--var", "nothing"),
        ("build", "--var", "unknown=1"),
        ("build", "--profile", "unknown"),
        ("build", "--draft", "--locked"),
        ("build", "--draft", "--on-miss", "call"),
        ("plan", "nothing-like-it"),
        ("explain",),
        ("explain", "nothing-like-it"),
        ("-C", "nowhere", "plan"),
        ("plan", "-m", "nothing.toml"),
        ("trust", "http://relay.example"),
        ("trust", "not a url"),
        (),
    ],
)
def test_2_when_the_command_line_is_wrong(project: Builder, arguments: tuple[str, ...]) -> None:
    told = project.write({"assets.toml": DRAFTS + HERO}).call(*arguments)
    assert told.code == 2
    assert told.out == ""
    assert told.err
    assert "Traceback" not in told.err
    assert list(project.files()) == ["assets.toml"]


@pytest.mark.parametrize(
    "manifest",
    ["[asset", '[asset.a]\npromt = "x"\n', '[asset.a]\nsource = "missing.png"\n', '[asset.a]\nsource = "bad.png"\n'],
)
@pytest.mark.parametrize("command", ["build", "plan", "check", "list"])
def test_2_when_the_manifest_is_wrong_and_nothing_is_started(project: Builder, manifest: str, command: str) -> None:
    project.write({"assets.toml": manifest, "bad.png": b"no picture"})
    told = project.call(command)
    assert told.code == 2
    assert told.err.startswith("error: ")
    assert sorted(project.files()) == ["assets.toml", "bad.png"]


def test_2_when_a_key_or_trust_is_missing(project: Builder) -> None:
    project.write({"assets.toml": HERO})
    without_key = project.call("build")
    without_trust = project.write(
        {"assets.toml": '[provider.openai]\nbase_url = "https://relay.example/v1"\n' + HERO}
    ).call("build", OPENAI_API_KEY="sk-test")
    assert (without_key.code, without_trust.code) == (2, 2)
    assert "`OPENAI_API_KEY` is not set" in without_key.err
    assert "`https://relay.example` is not trusted" in without_trust.err


def test_3_when_something_is_not_current_and_may_not_be_made(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": HERO})
    for arguments in (("check",), ("plan", "--exit-code"), ("build", "--locked"), ("build", "--on-miss", "fail")):
        assert shop.call(*arguments).code == 3, arguments
    assert images.calls == []
    assert shop.call("plan").code == 0
    assert shop.call("build").code == 0
    for arguments in (("check",), ("plan", "--exit-code"), ("build", "--locked"), ("build", "--on-miss", "fail")):
        assert shop.call(*arguments).code == 0, arguments


def test_4_when_a_confirmation_is_missing(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": "[budget]\nconfirm_usd = 0.001\n" + HERO})
    told = shop.call("build")
    assert told.code == 4
    assert "hint: pass --yes" in told.err
    assert images.calls == []
    assert shop.call("build", "--yes").code == 0


def test_4_when_the_budget_is_reached_and_what_fitted_is_built(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": HERO + '[asset.other]\nprompt = "A tower"\noutput = "other.png"\n'})
    told = shop.call("build", "--max-cost", "$0.06", "--yes")
    assert told.code == 4
    assert len(images.paid) == 1
    assert len([name for name in shop.files() if name.endswith(".png")]) == 1


def test_1_when_the_machine_refuses(project: Builder) -> None:
    """A store that is no folder is nobody's bug."""
    told = project.write({"assets.toml": HERO, "../home/store": b""}).call("build", "--draft")
    assert told.code == 1
    assert "not a directory" in told.err
    assert "ASSETFORGE_CACHE_DIR" in told.err


def test_70_names_a_report_without_secrets(project: Builder) -> None:
    """That a call is forbidden by the tests' own seal is what nobody foresaw."""
    project.write({"assets.toml": HERO})
    env = {"OPENAI_API_KEY": "sk-secret-1234567890", "OPENAI_BASE_URL": "https://192.0.2.1/v1"}
    told = project.run("build", **env)
    (report,) = project.home.glob("assetforge-bug-*.md")
    text = report.read_text("utf-8")
    assert told.code == 70
    assert told.err.startswith("error: this is a bug in assetforge: ")
    assert f"hint: put {report} into an issue\n" in told.err
    assert "Traceback" in text
    assert "- command: build\n- assetforge 0" in text
    assert "sk-secret" not in text
    assert str(project.home) not in text
    assert project.run("build", "--json", **env).object["exit_code"] == 70


def test_lost_pictures_are_bought_again_only_when_that_is_said(shop: Builder, images: ImagesServer) -> None:
    shop.write({"assets.toml": EDITED, "art/logo.png": picture()})
    assert shop.call("build").code == 0
    bought = len(images.paid)
    shop.remove("night.webp").remove("night.png")
    shop.environ["ASSETFORGE_CACHE_DIR"] = str(shop.home / "another")
    assert shop.call("build").code == 1
    told = shop.call("build", "--rebuy-lost")
    assert told.code == 4
    assert "lost picture" in told.err
    assert len(images.paid) == bought
    assert shop.call("build", "--rebuy-lost", "--yes").code == 0
    assert len(images.paid) > bought


def test_a_reader_who_leaves_is_no_error(project: Builder) -> None:
    project.write({"assets.toml": DRAFTS + HERO})
    with project.start("schema") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == ""
