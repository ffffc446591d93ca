"""A build with nothing to do is proved from the stamp, or doubted; whatever changed is noticed."""

import asyncio
import os
from pathlib import Path

import pytest

import assetforge
from assetforge.gate import Options
from assetforge.noop import proved_words

MANIFEST = """
[data]
shots = "shots/*.png"
[defaults]
provider = "draft"
[asset.hero]
prompt_file = "hero.md"
size = "64x64"
output = "out/hero.png"
[asset.shot]
matrix.shot = "data.shots"
source = "{{ shot.path }}"
output = "out/{{ shot.id }}.webp"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that was built once, as the current folder."""
    root = tmp_path / "site"
    (root / "shots").mkdir(parents=True)
    (root / "assets.toml").write_text(MANIFEST)
    (root / "hero.md").write_text("A lighthouse")
    monkeypatch.setenv("ASSETFORGE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("ASSETFORGE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.chdir(root)
    add_shot(root, "one")
    build()
    return root


def add_shot(root: Path, name: str) -> None:
    from PIL import Image

    Image.new("RGB", (8, 8), "teal").save(root / "shots" / f"{name}.png")


def build(options: Options | None = None) -> None:
    project = assetforge.load(".")
    asyncio.run(project.build(options or Options()))


def is_proved(*arguments: str) -> bool:
    return proved_words(["build", *arguments], assetforge.__version__) is not None


def test_after_a_clean_build_there_is_nothing_to_do(site: Path) -> None:
    assert is_proved()
    assert proved_words(["build"], assetforge.__version__) == "nothing to do: 2 assets current"
    assert proved_words(["build", "-q"], assetforge.__version__) == ""


def test_it_is_proved_from_a_folder_below(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site / "shots")
    assert is_proved()


@pytest.mark.parametrize("path", ["assets.toml", "hero.md", "shots/one.png", "out/hero.png", "assets.lock"])
def test_a_changed_file_is_doubted(site: Path, path: str) -> None:
    with (site / path).open("ab") as file:
        file.write(b" ")
    assert not is_proved()


@pytest.mark.parametrize("path", ["assets.toml", "hero.md", "shots/one.png", "out/hero.png", "assets.lock"])
def test_a_file_of_the_same_size_with_its_old_time_is_doubted(site: Path, path: str) -> None:
    target = site / path
    before = target.stat()
    data = target.read_bytes()
    target.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert target.stat().st_mtime_ns == before.st_mtime_ns
    assert not is_proved()


@pytest.mark.parametrize("path", ["out/hero.png", "assets.lock", "hero.md"])
def test_a_missing_file_is_doubted(site: Path, path: str) -> None:
    (site / path).unlink()
    assert not is_proved()


def test_a_new_file_in_a_listed_folder_is_doubted(site: Path) -> None:
    add_shot(site, "two")
    assert not is_proved()


def test_a_touched_file_is_looked_at_and_nothing_is_made(site: Path) -> None:
    before = (site / "out/hero.png").stat().st_mtime_ns
    os.utime(site / "hero.md")
    assert not is_proved()
    build()
    assert (site / "out/hero.png").stat().st_mtime_ns == before
    assert is_proved()


def test_a_file_as_young_as_the_stamp_is_doubted(site: Path, tmp_path: Path) -> None:
    """Whatever is written in the stamp's own tick cannot be told from what was there before."""
    (stamp,) = (tmp_path / "cache" / "projects").glob("*/stamp")
    young = (site / "hero.md").stat().st_mtime_ns
    os.utime(stamp, ns=(young, young))
    assert not is_proved()


def test_a_nearer_manifest_is_doubted(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "shots" / "assets.toml").write_text("")
    monkeypatch.chdir(site / "shots")
    assert not is_proved()


@pytest.mark.parametrize(
    "arguments",
    [["hero"], ["--verify"], ["--profile", "x"], ["--var", "a=b"], ["--reencode"], ["--json"], ["-C", "."]],
)
def test_a_flag_it_does_not_know_is_doubted(site: Path, arguments: list[str]) -> None:
    assert not is_proved(*arguments)


def test_another_version_is_doubted(site: Path) -> None:
    assert proved_words(["build"], "0.0.0") is None


def test_a_damaged_stamp_is_doubted(site: Path, tmp_path: Path) -> None:
    (stamp,) = (tmp_path / "cache" / "projects").glob("*/stamp")
    for data in (b"", b"\x00", stamp.read_bytes()[:-9], b"i\x01\x00\x00\x00"):
        stamp.write_bytes(data)
        assert not is_proved()


def test_a_project_that_is_not_written_down_is_doubted_until_it_is(site: Path, tmp_path: Path) -> None:
    (where,) = (tmp_path / "cache" / "projects").glob("*/where")
    told = where.read_bytes()
    where.unlink()
    assert not is_proved()
    build()
    assert where.read_bytes() == told
    assert is_proved()


@pytest.mark.parametrize("options", [Options(select=("hero",)), Options(on_miss="draft")])
def test_a_build_of_a_part_or_with_drafts_writes_no_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: Options
) -> None:
    (tmp_path / "assets.toml").write_text(
        '[asset.hero]\nprompt = "x"\nsize = "1024x1024"\noutput = "a.png"\n'
        '[asset.other]\nprompt = "y"\nsize = "64x64"\nprovider = "draft"\noutput = "b.png"\n'
    )
    monkeypatch.setenv("ASSETFORGE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    build(Options(select=("other",)) if options.select else options)
    assert not is_proved()


def test_a_template_that_was_missing_and_appears_is_noticed(site: Path) -> None:
    (site / "hero.md").write_text('A lighthouse{% include "more.md" ignore missing %}')
    build()
    assert not is_proved()
    (site / "more.md").write_text(" at dusk")
    build()
    assert is_proved()


# --- what is said ---


def test_a_warning_is_counted_where_it_is_not_told_and_told_where_anything_is_done(
    site: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from assetforge.cli.main import main

    text = (site / "assets.toml").read_text()
    (site / "assets.toml").write_text(text + '[[asset.shot.overrides]]\nwhen.shot = "none"\nalt = "x"\n')
    assert main(["build"]) == 0
    assert "matches no instance" in capfd.readouterr().err
    assert proved_words(["build"], assetforge.__version__) == (
        "nothing to do: 2 assets current; 1 warning: see `assetforge plan`"
    )
    os.utime(site / "shots/one.png", (1, 1))
    assert not is_proved()
    assert main(["build"]) == 0
    assert "matches no instance" in capfd.readouterr().err
    assert is_proved()
