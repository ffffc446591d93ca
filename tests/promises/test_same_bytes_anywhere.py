"""Promise 4 in a clean environment: whatever a machine is like, a project comes to the same pictures, emits and lock.

Each build here is a process of its own, with its own store, from nothing.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assetforge.digest import digest_bytes
from tests.builder import Builder
from tests.ops.ops_fonts import BOLD
from tests.promises.pictures import logo, png

MANIFEST = """\
[project]
name = "everything"
output_dir = "public"
include = ["more/*.assets.toml"]

[vars]
style = '''
flat vector,
thick outlines'''

[data]
items = "data/items.csv"
shots = "art/shots/*.png"
words = "data/words.json"

[defaults]
provider = "draft"

[chain]
small = [{ op = "cutout" }, { op = "trim", margin = 2 }, { op = "pad", width = 96, height = 96 }]

[asset.hero]
prompt_file = "prompts/hero.md"
size = "320x192"
alt = "Ein Leuchtturm, 灯台"
outputs = [
  { path = "hero-{{ width }}.{{ format }}", width = [96, 160], format = ["png", "jpg", "webp", "avif", "gif"] },
  "hero.ico",
  { path = "hero.icns", sizes = [16, 32, 128] },
  { path = "hero-least.webp", max_bytes = 3_000 },
]

[asset.night]
source = "@hero"
output = "night/ночь ü.png"
[[asset.night.steps]]
op = "edit"
prompt = "Make it night. {{ style }}"
mask = { ellipse = [0.2, 0.2, 0.5, 0.5] }
preserve = true
feather = 4
[[asset.night.steps]]
op = "overlay"
image = "art/logo.png"
position = "bottom-right"
blend = "multiply"
[[asset.night.steps]]
op = "shadow"
blur = 3
[[asset.night.steps]]
op = "text"
text = "{{ data.words.title }}"
font = "art/title.ttf"
size = 28
stroke = { width = 1, color = "#fff" }

[asset.icon]
matrix.item = "data.items"
prompt = "{{ item.scene }}. {{ style }}"
size = "96x96"
steps = [{ use = "small" }]
output = "icons/{{ item.id | slug }}.png"

[asset.sheet]
source = ["@icon"]
steps = [{ op = "atlas", layout = "packed", padding = 1 }]
outputs = ["sheet.png", { path = "sheet-small.webp", width = 64 }]

[asset.shot]
matrix.shot = "data.shots"
source = "{{ shot.path }}"
steps = [{ op = "adjust", saturation = 1.4 }, { op = "rotate", degrees = 7 }, { op = "quantize", colors = 12 }]
output = "shots/{{ shot.id }}.png"

[asset.mark]
prompt = "One bold shape on a plain ground"
size = "512x512"
outputs = [{ family = "favicon", path = "icons/" }]

[emit.list]
output = "public/assets.json"
[emit.typescript]
template = "builtin:typescript"
output = "src/assets.ts"
select = "icon"
[emit.favicon]
template = "builtin:favicon"
output = "src/favicon.html"
select = "mark"
[emit.own]
template = "emit/own.txt.j2"
output = "src/own-{{ letter }}.txt"
matrix.letter = ["a", "b"]
"""
WORD = """\
[asset.word]
prompt = '''
A word,
in two lines'''
size = "64x64"
output = "word.gif"
"""
OWN = """\
{# head #}
{% for one in outputs %}
{{ letter }} {{ one.file }}
  {{ one.sha256 }}
{% endfor %}
"""
FILES: dict[str, str | bytes] = {
    "assets.toml": MANIFEST,
    "more/words.assets.toml": WORD,
    "prompts/hero.md": "A lighthouse at dawn.  \n\n{% include 'prompts/_more.md' %}\n",
    "prompts/_more.md": "{{ style }}\nNo text.\n",
    "data/items.csv": 'id,scene\nsword,"A sword\non a stone"\nShield Ä,A shield\nzzz,Sleep\n',
    "data/words.json": '{\n  "title": "Dawn, É"\n}\n',
    "emit/own.txt.j2": OWN,
    "art/logo.png": png(logo()),
    "art/shots/b.png": png(logo("green")),
    "art/shots/a.png": png(logo("navy")),
    "art/title.ttf": BOLD,
}
MADE = ("public/", "src/", "assets.lock")


def make(folder: Path) -> Builder:
    """The project, and a user who has nothing yet."""
    site = Builder(folder / "home", folder / "project")
    site.home.mkdir(parents=True)
    return site.write(FILES)


def built(site: Builder) -> dict[str, bytes]:
    """Every output, emit and the lock."""
    found = {path: (site.root / path).read_bytes() for path in site.files() if path.startswith(MADE)}
    assert len(found) == 31
    return found


def check_build(site: Builder, *arguments: str, cwd: str = ".", **env: str) -> None:
    told = site.run("build", *arguments, cwd=cwd, **env)
    assert (told.code, "warning" in told.err) == (0, False), told.err


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a plain build comes to."""
    site = make(tmp_path_factory.mktemp("plain"))
    check_build(site)
    return built(site)


ENVIRONMENTS = {
    "no locale": {"LC_ALL": "C", "LANG": "C", "TZ": "UTC"},
    "turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Europe/Istanbul"},
    "japanese": {"LC_ALL": "ja_JP.eucJP", "LANG": "ja_JP.UTF-8", "TZ": "Asia/Tokyo"},
    "another day": {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "1"},
    "another seed": {"PYTHONHASHSEED": "4242", "COLUMNS": "20"},
    "ascii alone": {"PYTHONIOENCODING": "ascii", "LC_ALL": "POSIX"},
    "CI": {"CI": "true", "GITHUB_ACTIONS": "true", "NO_COLOR": "1"},
    "optimised": {"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1"},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environment_does_not_show(plain: dict[str, bytes], tmp_path: Path, name: str) -> None:
    site = make(tmp_path)
    check_build(site, **ENVIRONMENTS[name])
    assert built(site) == plain


def test_names_that_can_t_be_written_are_told(tmp_path: Path) -> None:
    """Python's own ways out of an ASCII locale have to be shut for that."""
    site = make(tmp_path)
    told = site.run("build", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert told.code == 2
    assert "can't be the name of a file here: this process writes names in ascii\n" in told.err
    assert "hint: set PYTHONUTF8=1, or a locale with UTF-8\n" in told.err


@pytest.mark.slow
@pytest.mark.parametrize("jobs", ["1", "4"])
def test_how_much_runs_at_once_does_not_show(plain: dict[str, bytes], tmp_path: Path, jobs: str) -> None:
    site = make(tmp_path)
    check_build(site, "-j", jobs)
    assert built(site) == plain


@pytest.mark.slow
def test_the_user_s_folders_do_not_show(plain: dict[str, bytes], tmp_path: Path) -> None:
    """Where ASSETFORGE_CACHE_DIR says nothing, XDG's folders do; a home is not needed beside them."""
    site = make(tmp_path)
    elsewhere = {
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "conf"),
        "HOME": "/nowhere",
    }
    site.environ |= {"ASSETFORGE_CACHE_DIR": "", "ASSETFORGE_CONFIG_DIR": "", **elsewhere}
    check_build(site)
    assert built(site) == plain
    assert (tmp_path / "data/assetforge/blobs").is_dir()
    assert list(site.home.iterdir()) == []


@pytest.mark.slow
def test_a_process_without_a_home_comes_to_the_same(plain: dict[str, bytes], tmp_path: Path) -> None:
    site = make(tmp_path)
    env = {name: value for name, value in site.env().items() if name != "HOME"}
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-m", "assetforge", "build"],
        cwd=site.root, env=env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert built(site) == plain


@pytest.mark.slow
@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_a_umask_shows_in_modes_alone(plain: dict[str, bytes], tmp_path: Path, umask: int) -> None:
    site = make(tmp_path)
    before = os.umask(umask)
    try:
        check_build(site)
    finally:
        os.umask(before)
    assert built(site) == plain
    assert {(site.root / path).stat().st_mode & 0o777 for path in plain} == {0o666 & ~umask}


@pytest.mark.slow
def test_where_the_project_lies_and_who_builds_it_from_where_does_not_show(
    plain: dict[str, bytes], tmp_path: Path
) -> None:
    made = make(tmp_path / "a b" / "ö 日本 'x' $HOME %41")
    site = Builder(tmp_path / "home of ü", made.root)
    site.home.mkdir()
    told = site.run("build", "-m", "../assets.toml", cwd="data")
    assert told.code == 0, told.err
    assert built(site) == plain
    assert site.run("check", "-C", str(site.root), cwd="..").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [315_532_800, 2_400_000_000, 0, -1])
def test_the_times_of_files_do_not_show(plain: dict[str, bytes], tmp_path: Path, seconds: int) -> None:
    """1980, where archives begin; 2046, after 32 bits; and before all time."""
    site = make(tmp_path)
    for path in site.root.rglob("*"):
        os.utime(path, (seconds, seconds))
    check_build(site)
    assert built(site) == plain
    assert site.run("build").code == 0
    assert built(site) == plain


def git(*arguments: str, cwd: Path) -> None:
    """Git without anybody's settings."""
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    env = {"PATH": os.environ["PATH"], "HOME": str(cwd), "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}
    subprocess.run(("git", *who, *arguments), cwd=cwd, env=env, check=True, capture_output=True, timeout=60)


def checked_out(site: Builder, folder: Path) -> Builder:
    """The project as git checks it out where `core.autocrlf` is true."""
    git("init", cwd=site.root)
    git("add", "-A", cwd=site.root)
    git("commit", "-m", "all", cwd=site.root)
    other = Builder(folder / "home", folder / "project")
    other.home.mkdir(parents=True)
    git("clone", "-c", "core.autocrlf=true", str(site.root), str(other.root), cwd=folder)
    shutil.rmtree(other.root / ".git")
    return other


@pytest.mark.slow
def test_a_checkout_with_other_line_ends_comes_to_the_same(plain: dict[str, bytes], tmp_path: Path) -> None:
    """Manifest, include, data, prompts and templates have CRLF; what is made of them has not."""
    other = checked_out(make(tmp_path / "a"), tmp_path / "b")
    texts = ("assets.toml", "more/words.assets.toml", "prompts/_more.md", "data/items.csv", "emit/own.txt.j2")
    assert all(b"\r\n" in (other.root / path).read_bytes() for path in texts)
    check_build(other)
    assert built(other) == plain


@pytest.mark.slow
@pytest.mark.parametrize("command", [("check",), ("build", "--locked"), ("build",)], ids=" ".join)
def test_what_was_committed_is_current_with_other_line_ends(
    plain: dict[str, bytes], tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Emitted texts and the lock are texts to git, too."""
    site = make(tmp_path / "a").write(plain)
    other = checked_out(site, tmp_path / "b")
    before = other.files()
    assert b"\r\n" in (other.root / "src/assets.ts").read_bytes()
    assert b"\r\n" in (other.root / "assets.lock").read_bytes()
    told = other.run(*command)
    assert told.code == 0, told.out + told.err
    after = other.files()
    after["assets.lock"] = before["assets.lock"] = digest_bytes(plain["assets.lock"])
    assert after == before


@pytest.mark.slow
def test_a_text_with_other_line_ends_is_ours_to_write_anew(plain: dict[str, bytes], tmp_path: Path) -> None:
    other = checked_out(make(tmp_path / "a").write(plain), tmp_path / "b")
    manifest = other.text("assets.toml").replace("Ein Leuchtturm", "Noch ein Leuchtturm")
    assert other.write({"assets.toml": manifest}).run("build").code == 0
    assert "Noch ein Leuchtturm" in other.text("public/assets.json")
    other.write({"src/own-a.txt": other.text("src/own-a.txt") + "mine\r\n"})
    assert other.run("build").code == 1


@pytest.mark.slow
def test_a_read_only_checkout_with_room_for_its_outputs_alone(plain: dict[str, bytes], tmp_path: Path) -> None:
    site = make(tmp_path)
    site.write({"assets.lock": plain["assets.lock"]})
    folders = [path for path in (site.root, *site.root.rglob("*")) if path.is_dir()]
    (site.root / "public").mkdir()
    (site.root / "src").mkdir()
    try:
        for folder in folders:
            folder.chmod(0o555)
        check_build(site, "--locked")
        assert built(site) == plain
    finally:
        for folder in folders:
            folder.chmod(0o755)
