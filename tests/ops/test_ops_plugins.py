"""Steps of other packages: installed, used by name, keyed, and told of by their package's name when at fault."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from assetforge.ops.plugins import PluginError
from assetforge.ops.table import BUILT_IN, OPS, PUBLIC, step_named
from tests.builder import ROOT, Builder, Result
from tests.cli.manifests import picture
from tests.plugins import EXAMPLE, STEP, give, install, install_example

VIGNETTE = """\
[asset.a]
source = "p.png"
output = "a.png"
steps = [{ op = "vignette", amount = 1, start = 0.2 }]
"""
ODD = VIGNETTE.replace('"vignette", amount = 1, start = 0.2', '"odd"')


@pytest.fixture
def site(tmp_path: Path, project: Builder) -> Path:
    """A folder of packages that the project's user has."""
    site = tmp_path / "site"
    site.mkdir()
    project.write({"p.png": picture("white", (64, 48)), "assets.toml": VIGNETTE})
    give(project, site)
    return site


def odd(site: Path, code: str, point: str = "odd_steps:ODD") -> None:
    """The package `odd-steps`, whose step `odd` is made of some code."""
    install(site, "odd-steps", {"odd": point}, STEP + code)


def key_of(project: Builder) -> str:
    lock = json.loads(project.text("assets.lock"))
    line = next(value for name, value in lock["assets"].items() if name == "a")
    key: str = line["outputs"]["a.png"]["key"]
    return key


# --- the example ----------------------------------------------------------------------------------------------


def test_the_example_is_a_step_like_any_other(project: Builder, site: Path) -> None:
    install_example(site)
    assert project.run("build").code == 0
    with Image.open(project.root / "a.png") as file:
        made = file.convert("RGB")
        assert (made.size, made.getpixel((32, 24))) == ((64, 48), (255, 255, 255))
        corner = made.getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert max(corner) < 8
    again = project.run("build")
    assert (again.code, again.out) == (0, "nothing to do: 1 asset current\n")


def test_the_examples_own_tests_pass(tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(EXAMPLE / "src"), str(ROOT)])}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(EXAMPLE / "tests")],
        cwd=tmp_path, env=environ | {"PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout


def test_its_parameters_are_checked_at_their_place(project: Builder, site: Path) -> None:
    install_example(site)
    wrong = VIGNETTE.replace("start = 0.2", 'start = 2, colour = "red"')
    told = project.write({"assets.toml": wrong}).run("plan")
    assert told.code == 2
    assert "`start` of step `vignette` must be at most 1, not `2`" in told.err
    assert "step `vignette` has no key `colour`" in told.err
    assert "hint: did you mean `color`?" in told.err


def test_its_own_refusal_fails_the_asset_in_the_packages_name(project: Builder, site: Path) -> None:
    install_example(site)
    told = project.write({"p.png": picture("white", (8, 8))}).run("build")
    assert told.code == 1
    assert "`vignette` of the package `assetforge-vignette`: a picture of 8x8 is too small" in told.err


def test_editors_are_told_of_an_installed_step(project: Builder, site: Path) -> None:
    install_example(site)
    odd(site, "raise OSError('no steps today')")
    steps = project.run("schema").object["$defs"]["step"]["oneOf"]
    by_name = {step["title"]: step for step in steps}
    assert set(by_name["vignette"]["properties"]) == {"op", "id", "amount", "start", "color"}
    assert by_name["odd"]["additionalProperties"] is True
    assert by_name.keys() == {*PUBLIC, "edit", "use", "vignette", "odd"}


# --- keys -----------------------------------------------------------------------------------------------------


def test_another_version_of_a_step_makes_its_pictures_again(project: Builder, site: Path) -> None:
    """Also where the last build left word that there is nothing to do."""
    body = "ODD = Op('odd', {}, Nothing, {}, as_before)\n"
    turned = "lambda params, pictures: pictures[0].convert('L').convert('RGB').point(lambda value: value // 2)"
    odd(site, body.format(1, "same"))
    assert project.write({"assets.toml": ODD}).run("build").code == 0
    first = (key_of(project), project.files()["a.png"])
    odd(site, body.format(2, turned))
    assert project.run("build").code == 0
    second = (key_of(project), project.files()["a.png"])
    assert first[0] != second[0]
    assert first[1] != second[1]
    assert project.run("build").out == "nothing to do: 1 asset current\n"


def test_a_step_of_another_package_is_another_step(project: Builder, site: Path, tmp_path: Path) -> None:
    odd(site, "ODD = Op('odd', 1, Nothing, same, as_before)")
    assert project.write({"assets.toml": ODD}).run("build").code == 0
    first = key_of(project)
    other = install(tmp_path / "other", "other_steps", {"odd": "other_steps:ODD"},
                    STEP + "ODD = Op('odd', 1, Nothing, same, as_before)")  # fmt: skip
    project.environ.pop("PYTHONPATH")
    give(project, other)
    assert project.run("build", "--verify").code == 0
    assert key_of(project) != first


def test_a_package_that_is_gone_is_missed(project: Builder, site: Path) -> None:
    """Not even a build with nothing else to do goes on without it."""
    install_example(site)
    assert project.run("build").code == 0
    (site / "assetforge_vignette" / "__init__.py").unlink()
    for info in site.glob("*.dist-info/*"):
        info.unlink()
    told = project.run("build")
    assert told.code == 2
    assert "there is no step `vignette`" in told.err


# --- what is looked for, and when -------------------------------------------------------------------------------


def test_an_ordinary_manifest_looks_for_no_package(project: Builder, site: Path) -> None:
    odd(site, "ODD = None")
    project.write({"assets.toml": VIGNETTE.replace('"vignette", amount = 1, start = 0.2', '"resize", width = 32')})
    watched = (
        "import sys\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
        "from assetforge.cli.main import main\n"
        "code = main(['build'])\n"
        "assert not any(path.endswith('entry_points.txt') for path in opened)\n"
        "assert 'odd_steps' not in sys.modules\n"
        "sys.exit(code)\n"
    )
    env = project.env(PYDANTIC_DISABLE_PLUGINS="__all__")  # it looks for plugins of its own
    ran = subprocess.run(
        [sys.executable, "-c", watched], cwd=project.root, env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_a_misspelt_step_may_have_been_meant_for_an_installed_one(project: Builder, site: Path) -> None:
    install_example(site)
    told = project.write({"assets.toml": VIGNETTE.replace("vignette", "vinette")}).run("plan")
    assert (told.code, "hint: did you mean `vignette`?" in told.err) == (2, True)
    told = project.write({"assets.toml": VIGNETTE.replace("vignette", "xyz")}).run("plan")
    assert "`vignette`" in told.err or "more" in told.err


def test_names_are_listed_without_loading_anything() -> None:
    assert set(OPS) == set(BUILT_IN)
    assert len(OPS) == len(BUILT_IN)
    assert "resize" in OPS
    assert "vignette" not in OPS
    with pytest.raises(KeyError):
        OPS["vignette"]


def test_a_manifest_means_no_step_of_our_own_making() -> None:
    assert [name for name in BUILT_IN if step_named(name) is None] == [
        name for name in BUILT_IN if name.startswith("_")
    ]


# --- packages at fault ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise RuntimeError('no\\nluck')", "can't be loaded: RuntimeError: no luck"),
        ("import nowhere_to_be_found", "can't be loaded: ModuleNotFoundError: No module named"),
        ("raise SystemExit(3)", "can't be loaded: SystemExit: 3"),
        ("odd = 1", "can't be loaded: AttributeError"),
        ("ODD = same", "is a `function`, and has to be an `Op`"),
        ("ODD = Op('even', 1, Nothing, same, as_before)", "calls itself `even`"),
        ("ODD = Op('odd', '1', Nothing, same, as_before)", "has no version"),
        ("ODD = Op('odd', 0, Nothing, same, as_before)", "has no version"),
        ("ODD = Op('odd', 1, dict, same, as_before)", "has no class of `Params`"),
        ("ODD = Op('odd', 1, Nothing, same, as_before, images=('image',))", "names `image` as an input"),
        ("ODD = Op('odd', 1, Nothing, same, as_before, frames=as_before)", "makes a sheet"),
        ("class P(Params):\n    id: str = ''\nODD = Op('odd', 1, P, same, as_before)", "has a parameter `id`"),
    ],
)
def test_a_broken_package_is_told_at_the_steps_line(project: Builder, site: Path, code: str, words: str) -> None:
    odd(site, code)
    told = project.write({"assets.toml": ODD}).run("build")
    assert told.code == 2
    assert f"the step `odd` of the package `odd-steps` {words}" in told.err
    assert "assets.toml:4:17" in told.err
    assert_no_traceback(told)


def assert_no_traceback(told: Result) -> None:
    assert "Traceback" not in told.out + told.err
    assert "bug" not in told.err


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def apply(params, pictures):\n    return {}[0]", "failed: KeyError: 0"),
        ("def apply(params, pictures):\n    raise SystemExit('bye')", "failed: SystemExit: bye"),
        ("def apply(params, pictures):\n    raise OpFailed('not today')", ": not today"),
        ("def apply(params, pictures):\n    return None", "gave a `NoneType`, and has to give a picture in RGB"),
        ("def apply(params, pictures):\n    return pictures[0].convert('L')", "gave a picture in L"),
        ("def apply(params, pictures):\n    return pictures[0].reduce(4)", "gave a picture of 16x12, and told of"),
    ],
)  # fmt: skip
def test_what_goes_wrong_in_a_step_fails_its_asset(project: Builder, site: Path, code: str, words: str) -> None:
    odd(site, f"{code}\nODD = Op('odd', 1, Nothing, apply, as_before)")
    other = '[asset.b]\nsource = "p.png"\noutput = "b.webp"\n'
    told = project.write({"assets.toml": ODD + other}).run("build")
    assert told.code == 1
    assert f"`odd` of the package `odd-steps`{'' if words.startswith(':') else ' '}{words}" in told.err
    assert_no_traceback(told)
    assert (project.root / "b.webp").exists()


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("{}[0]", "failed: KeyError: 0"),
        ("'64x48'", "tells no size: 64x48"),
        ("(0, 5)", "tells a size of 0x5"),
        ("(100_000, 100_000)", "would have more than"),
    ],
)
def test_what_goes_wrong_with_a_size_is_told_before_anything_is_made(
    project: Builder, site: Path, size: str, words: str
) -> None:
    odd(site, f"ODD = Op('odd', 1, Nothing, same, lambda params, sizes: {size})")
    told = project.write({"assets.toml": ODD}).run("plan")
    assert words in told.out
    assert_no_traceback(told)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("amount: int = 1\n    @field_validator('*')\n    def check(cls, value): raise KeyError('x')",
         "can't read its parameters: KeyError: 'x'"),
        ("amount: object = 1\n    @field_validator('amount')\n    def check(cls, value): return object()",
         "can't read its parameters: TypeError: a object has no canonical form"),
    ],
)  # fmt: skip
def test_parameters_that_a_package_can_not_read_are_told(project: Builder, site: Path, code: str, words: str) -> None:
    odd(site, f"from assetforge.ops.spec import field_validator\nclass P(Params):\n    {code}\n"
              "ODD = Op('odd', 1, P, same, as_before)\n")  # fmt: skip
    manifest = ODD.replace('"odd"', '"odd", amount = 2')
    told = project.write({"assets.toml": manifest}).run("plan")
    assert told.code == 2
    assert f"the step `odd` of the package `odd-steps` {words}" in told.err
    assert_no_traceback(told)


def test_two_packages_with_one_step_are_one_too_many(project: Builder, site: Path) -> None:
    odd(site, "ODD = Op('odd', 1, Nothing, same, as_before)")
    install(site, "more-odds", {"odd": "more_odds:ODD"}, "raise SystemExit(9)")
    told = project.write({"assets.toml": ODD}).run("plan")
    assert told.code == 2
    assert "the step `odd` is brought by `more-odds` and `odd-steps`" in told.err
    assert "hint: uninstall all of them but one" in told.err


def test_a_step_that_paints_over_its_input_spoils_it_for_nobody_else(project: Builder, site: Path) -> None:
    paint = "def apply(params, pictures):\n    pictures[0].paste((0, 0, 0), (0, 0, 64, 48))\n    return pictures[0]\n"
    odd(site, f"{paint}ODD = Op('odd', 1, Nothing, apply, as_before)")
    both = ODD + '[asset.b]\nsource = "p.png"\noutput = { path = "b.png", width = 20 }\n'
    assert project.write({"assets.toml": both}).run("build", "-j", "1").code == 0
    with Image.open(project.root / "b.png") as other:
        assert other.convert("RGB").getextrema() == ((255, 255),) * 3


def test_an_installed_step_is_found_in_this_process_too(tmp_path: Path) -> None:
    site = install(tmp_path, "own-steps", {"own": "own_steps:OWN", "broken": "own_steps:NONE"},
                   STEP + "OWN = Op('own', 3, Nothing, same, as_before)\n")  # fmt: skip
    sys.path.insert(0, str(site))
    try:
        own = OPS["own"]
        assert (own.package, own.keyed, own.version) == ("own-steps", "own-steps/own", 3)
        assert OPS["own"] is own
        assert OPS.installed() == ("broken", "own")
        for _ in range(2):
            with pytest.raises(PluginError, match="the step `broken` of the package `own-steps` can't be loaded"):
                OPS["broken"]
    finally:
        sys.path.remove(str(site))
        sys.modules.pop("own_steps", None)
    assert OPS.installed() == ()
