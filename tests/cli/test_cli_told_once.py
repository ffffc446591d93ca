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


# One chain, and so one line, for all.
ALIKE = """\
[chain]
cut = [{{ op = "trim" }}]

[asset.a]
matrix.n = {numbers}
source = "art/hero.png"
outputs = ["{{{{ n }}}}.png", "{{{{ n }}}}.webp"]
steps = [{{ use = "cut" }}]
"""


def several(*names: str) -> dict[str, str | bytes]:
    return {"assets.toml": "".join(MANIFEST.format(name=name) for name in names), "art/hero.png": picture()}


def test_what_three_outputs_of_an_asset_fail_for_is_told_once_with_its_place(project: Builder) -> None:
    told = project.write(several("hero")).call("build")
    assert told.code == 1
    assert told.err.count("error:") == 1
    assert f"error: `hero.jpg`, `hero.png` and 1 more{TOLD}\n  assets.toml:4:10\n" in told.err


def test_each_of_a_few_assets_is_told_and_many_of_one_place_are_told_together(project: Builder) -> None:
    few = project.write(several("a", "b")).call("build").err
    assert [line for line in few.splitlines() if line.startswith("error")] == [
        f"error: `{name}.jpg`, `{name}.png` and 1 more{TOLD}" for name in "ab"
    ]
    files = several() | {"assets.toml": ALIKE.format(numbers=[*range(6)])}
    many = project.write(files).call("build").err
    assert many.startswith(
        f"error: 6 assets{TOLD}: `a[n=0]`, `a[n=1]`, `a[n=2]`, `a[n=3]` and 2 more\n  assets.toml:2:8\n"
    )
    assert many.count("error:") == 1


def test_what_is_told_together_has_one_place_and_shows_it(project: Builder) -> None:
    lines = several(*"abcdef")
    split = project.write(lines).call("build").err
    assert split.count("error:") == 6
    assert [f"assets.toml:{line}:10" in split for line in range(4, 28, 4)] == [True] * 6


def test_a_cutout_s_warning_is_told_once_for_all_of_one_line(project: Builder) -> None:
    manifest = ALIKE.format(numbers=[*range(5)]).replace('"trim"', '"cutout", color = "#00ff00"')
    told = project.write(several() | {"assets.toml": manifest}).call("build").err
    assert told.count("warning:") == 1
    assert "warning: 5 times: `cutout` took nothing away" in told
    assert ": `a[n=0]`, `a[n=1]`, `a[n=2]`, `a[n=3]` and 1 more\n  assets.toml:2:8\n" in told


def test_a_mistake_in_a_template_is_told_once_for_all_cells(project: Builder) -> None:
    emit = '\n[emit.page]\nmatrix.lang = ["de", "en", "fr"]\ntemplate = "page.html"\noutput = "{{ lang }}.html"\n'
    manifest = ALIKE.format(numbers=[1]).replace('"trim"', '"flip"') + emit
    files = several() | {"assets.toml": manifest, "page.html": "<p>\n{{ outputs[9].path }}"}
    for command in ("build", "plan"):
        told = project.write(files).call(command).err
        assert told.count("error:") == 1
        assert "(for `emit:page[lang=de]`, `emit:page[lang=en]` and `emit:page[lang=fr]`)\n  page.html:2" in told


def test_a_plan_names_nothing_twice_in_a_row(project: Builder) -> None:
    manifest = """\
[asset.own]
matrix.l = ["ar", "de"]
source = "art/hero.png"
output = "out/{{ l }}.png"
steps = [{ op = "blur", radius = 2 }, { op = "flip" }]
"""
    files = several() | {"assets.toml": manifest}
    assert project.write(files).call("build").code == 0
    files["assets.toml"] = manifest.replace("radius = 2", "radius = 3").replace(
        '{ op = "flip" }', '{ op = "grayscale" }'
    )
    out = project.write(files).call("plan").out
    told = "step `blur`: radius 2 -> 3, step `grayscale` added; and 1 more"
    assert f"make  own[l=ar]  `out/ar.png`: {told}\n" in out
    words = "{ op = \"text\", text = \"{{ 'سلام' if l == 'ar' else l }}\" }"
    files["assets.toml"] = manifest.replace('{ op = "flip" }', words)
    assert "fails  own[l=ar]  the text `سلام` has letters like" in project.write(files).call("plan").out


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
