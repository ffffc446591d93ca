"""Attacks by an installed package, and by a manifest that names code.

behaviour.md, Secrets and trust:
"Plugins are installed entry points, never import paths from a manifest" -> test_a_manifest_names_no_code,
test_a_manifest_names_no_operation_of_python
"built-in names can't be shadowed" -> test_a_plugin_that_is_called_like_a_built_in_kind_is_never_loaded,
test_looking_for_a_step_loads_no_other
"a plugin gets no key unless trusted for it" -> test_a_plugin_gets_a_key_only_with_trust

The catalog of kinds is tested in `tests/providers/test_catalog.py`.
"""

import os
from pathlib import Path

import pytest

from tests.builder import Builder
from tests.cli.manifests import DRAFTS, HERO, picture
from tests.images_server import ImagesServer
from tests.plugins import install

SECRET = "sk-only-for-the-trusted"
LOADED = "loaded.txt"
PLUGIN = f"""
import os
with open(os.path.join(os.environ["HOME"], "{LOADED}"), "a") as file:
    file.write("imported\\n")
def make(name, table, access):
    with open(os.path.join(os.environ["HOME"], "{LOADED}"), "a") as file:
        file.write(f"key={{access.key}}\\n")
    raise SystemError("seen enough")
"""
METADATA = "Metadata-Version: 2.1\nName: intruder\nVersion: 1.0\n"
POINTS = """\
[assetforge.providers]
images-api = intruder:make
draft = intruder:make
sketch = intruder:make
[assetforge.ops]
edit = intruder:make
use = intruder:make
resize = intruder:make
_fit = intruder:make
os.system = intruder:make
intruder:make = intruder:make
"""


@pytest.fixture
def installed(project: Builder, tmp_path: Path) -> Builder:
    """A user who has installed a distribution with kinds and operations of well-known names."""
    info = tmp_path / "site" / "intruder-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(POINTS)
    (tmp_path / "site" / "intruder.py").write_text(PLUGIN)
    path = project.env()["PYTHONPATH"]
    project.environ["PYTHONPATH"] = os.pathsep.join([path, str(tmp_path / "site")])
    return project


def told_by_plugin(project: Builder) -> str:
    path = project.home / LOADED
    return path.read_text() if path.exists() else ""


def test_a_plugin_that_is_called_like_a_built_in_kind_is_never_loaded(
    installed: Builder, images: ImagesServer
) -> None:
    steps = 'steps = [{ op = "edit", prompt = "Make it night" }, { op = "resize", width = 64 }]\n'
    installed.write({"assets.toml": HERO + steps, "d.toml": DRAFTS + HERO.replace("hero.png", "d.png")})
    assert installed.run("build", "--yes", **images.environ).code == 0
    assert installed.run("build", "-m", "d.toml").code == 0
    assert told_by_plugin(installed) == ""
    assert len(images.paid) == 2


@pytest.mark.parametrize(
    "kind", ["intruder:make", "intruder.make", "os:system", "./intruder.py", "../x", "IMAGES-API"]
)
def test_a_manifest_names_no_code(installed: Builder, kind: str) -> None:
    """Nor is code found that lies in the repository: the current folder is not on the installed command's path."""
    installed.write({"intruder.py": PLUGIN, "click.py": "raise SystemExit(99)", "other.py": PLUGIN})
    points = "[assetforge.providers]\nos:system = other:make\n"
    installed.write({"other-1.0.dist-info/entry_points.txt": points, "other-1.0.dist-info/METADATA": METADATA})
    manifest = f'[defaults]\nprovider = "x"\n[provider.x]\nkind = "{kind}"\n{HERO}'
    told = installed.write({"assets.toml": manifest}).run("build", "--yes", OPENAI_API_KEY=SECRET, PYTHONSAFEPATH="1")
    assert (told.code, told_by_plugin(installed)) == (2, "")
    assert "provider kind" in told.err


@pytest.mark.parametrize("op", ["intruder:make", "os.system", "sketch", "__import__", "_fit", "use", "../x", ""])
def test_a_manifest_names_no_operation_of_python(installed: Builder, op: str) -> None:
    manifest = f'[asset.a]\nsource = "p.png"\noutput = "a.png"\nsteps = [{{ op = "{op}" }}]\n'
    told = installed.write({"assets.toml": manifest, "p.png": picture()}).run("build")
    assert (told.code, told_by_plugin(installed)) == (2, "")
    assert f"there is no step `{op}`" in told.err


def test_looking_for_a_step_loads_no_other(installed: Builder, tmp_path: Path) -> None:
    """Neither what would shadow a built-in step, nor what nobody names; and the one that is named sees no key."""
    code = (
        "import os\n"
        "from assetforge.ops.spec import Op, Params\n"
        "def apply(params, pictures):\n"
        "    assert not hasattr(params, 'key') and [type(one).__name__ for one in pictures] == ['Image']\n"
        "    return pictures[0]\n"
        "HONEST = Op('honest', 1, Params, apply, lambda params, sizes: sizes[0])\n"
    )
    install(tmp_path / "site", "honest-steps", {"honest": "honest_steps:HONEST"}, code)
    steps = 'steps = [{ op = "honest" }, { op = "resize", width = 32 }, { op = "honest" }]\n'
    manifest = f'[asset.a]\nsource = "p.png"\noutput = "a.png"\n{steps}'
    told = installed.write({"assets.toml": manifest, "p.png": picture()}).run("build")
    assert (told.code, told_by_plugin(installed)) == (0, "")
    installed.run("schema")
    assert told_by_plugin(installed) == ""


@pytest.mark.parametrize(
    ("base_url", "trusted", "key"),
    [
        ("https://relay.example/v1", "", ""),
        ("https://relay.example/v1", "https://relay.example", ""),
        ("https://relay.example/v1", "https://relay.example=OTHER_KEY", ""),
        ("https://relay.example/v1", "https://relay.example:444=OPENAI_API_KEY", ""),
        ("https://api.openai.com.evil.example/v1", "", ""),
        ("https://relay.example/v1", "https://relay.example=OPENAI_API_KEY", SECRET),
    ],
)
def test_a_plugin_gets_a_key_only_with_trust(installed: Builder, base_url: str, trusted: str, key: str) -> None:
    provider = f'[defaults]\nprovider = "x"\n[provider.x]\nkind = "sketch"\nbase_url = "{base_url}"\n'
    told = installed.write({"assets.toml": provider + HERO}).run(
        "build", "--yes", OPENAI_API_KEY=SECRET, ASSETFORGE_TRUST=trusted
    )
    assert told.code == 2
    assert told_by_plugin(installed) == f"imported\nkey={key}\n"
    assert SECRET not in told.out + told.err
