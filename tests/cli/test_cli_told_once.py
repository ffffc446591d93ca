"""One cause is told once, however many outputs or assets fail of it."""

from tests.builder import Builder
from tests.cli.manifests import picture

# Whether a `trim` leaves anything is known only from pixels, so that only the build finds that it does not.
MANIFEST = """\
[asset.{name}]
source = "art/hero.png"
outputs = ["{name}.png", "{name}.webp", "{name}.jpg"]
steps = [{{ op = "trim" }}]
"""
TOLD = ": the picture is all background: nothing differs from its corners by more than 8"


def several(*names: str) -> dict[str, str | bytes]:
    return {"assets.toml": "".join(MANIFEST.format(name=name) for name in names), "art/hero.png": picture()}


def test_what_three_outputs_of_an_asset_fail_for_is_told_once_with_its_place(project: Builder) -> None:
    told = project.write(several("hero")).call("build")
    assert told.code == 1
    assert told.err.count("error:") == 1
    assert f"error: `hero.jpg`, `hero.png` and 1 more{TOLD}\n  assets.toml:4:10\n" in told.err


def test_each_of_a_few_assets_is_told_and_many_are_told_together(project: Builder) -> None:
    few = project.write(several("a", "b")).call("build").err
    assert [line for line in few.splitlines() if line.startswith("error")] == [
        f"error: `{name}.jpg`, `{name}.png` and 1 more{TOLD}" for name in "ab"
    ]
    many = project.write(several(*"abcd")).call("build").err
    assert many.startswith(f"error: 12 times{TOLD}: `a.jpg`, `a.png`, `a.webp`, `b.jpg` and 8 more\n")


def test_programs_are_told_of_every_output(project: Builder) -> None:
    told = project.write(several("hero")).call("build", "--json").object
    assert [error["message"].partition(":")[0] for error in told["errors"]] == [
        "`hero.jpg`",
        "`hero.png`",
        "`hero.webp`",
    ]
    assert told["failed"] == ["hero"]


def test_a_plan_says_a_reason_once_for_all_outputs(project: Builder) -> None:
    files = several("hero")
    sound = str(files["assets.toml"]).replace('op = "trim"', 'op = "blur", radius = 2')
    assert project.write(files | {"assets.toml": sound}).call("build").code == 0
    project.write({"assets.toml": sound.replace("radius = 2", "radius = 3")})
    assert project.call("plan").out == "make  hero  step `blur`: radius 2 -> 3\n"
    for name in ("hero.png", "hero.webp"):
        project.remove(name)
    project.write({"assets.toml": sound, "art/hero.png": picture("red")})
    assert "make  hero  source `art/hero.png` changed\n" in project.call("plan").out
