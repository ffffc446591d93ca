"""Every file that a build reads causes a round when it changes; nothing else does, a build's own work least."""

from collections.abc import Callable

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.ops.ops_fonts import boxes
from tests.promises.pictures import photo, png, sky
from tests.watch.projects import EMIT, EVERYTHING, INCLUDED, ONE, write_everything, write_one
from tests.watch.watching import Watching, watching

Change = Callable[[Builder], object]


def written(path: str, content: str | bytes) -> Change:
    return lambda project: project.write({path: content})


def removed(path: str) -> Change:
    return lambda project: project.remove(path)


# What is done, and the files that the round after it writes.
READ: dict[str, tuple[Change, set[str]]] = {
    "the manifest": (
        written("assets.toml", EVERYTHING.replace('words.png"', 'text.png"')),
        {"text.png"},
    ),
    "an included manifest": (written("more/one.assets.toml", INCLUDED.replace("WIDTH", "9")), {"one.webp"}),
    "one more manifest to include": (
        written("more/two.assets.toml", INCLUDED.replace("WIDTH", "9").replace("one", "two")),
        {"two.webp"},
    ),
    "a data file": (written("data/items.csv", "id\na\nb\n"), {"item-b.webp"}),
    "a prompt": (written("prompts/night.md", "Night. {% include 'prompts/style.md' %}"), {"night.png"}),
    "a template that a prompt includes": (written("prompts/style.md", "Thick outlines."), {"night.png"}),
    "a source picture": (written("art/photo.png", png(photo("maroon"))), {"night.png"}),
    "a source picture of many": (
        written("art/logo.png", picture("olive")),
        {"one.webp", "two.webp", "item-a.webp", "item-b.webp"},
    ),
    "a picture that a step reads": (written("art/seal.png", picture("blue", (16, 16))), {"stamped.png"}),
    "a mask": (written("masks/sky.png", png(sky(100))), {"night.png"}),
    "a font": (written("fonts/own.ttf", boxes(box=(50, 0, 300, 600))), {"text.png"}),
    "the template of an emit": (written("emit/list.j2", f"files:\n{EMIT}"), {"list.txt"}),
    "a new file in a folder that is searched": (
        written("shots/second.png", picture("green")),
        {"shot-second.webp", "list.txt"},
    ),
    "a file that is gone from it": (removed("shots/first.png"), {"list.txt"}),
    "a manifest that is gone from those to include": (removed("more/two.assets.toml"), set()),
}


def test_every_kind_of_file_that_a_build_reads_causes_a_round_that_builds_it(project: Builder) -> None:
    write_everything(project)
    with watching(project) as watch:
        assert watch.round().errors == []
        for what, (change, files) in READ.items():
            change(project)
            found = watch.round()
            assert found.errors == [], what
            assert set(found.placed) == files, what
        assert watch.calm() == []
    assert project.call("check").code == 0


def test_files_that_no_build_reads_cause_no_round(project: Builder) -> None:
    write_everything(project)
    with watching(project) as watch:
        watch.round()
        project.write(
            {
                "README.md": "new",
                "data/other.csv": "id\nx\n",
                "art/unused.png": picture(),
                "shots/notes.txt": "beside the pictures",
                "more/readme.toml": "x = 1",
                "deep/er/new.png": picture(),
                "assets.local.toml": "x = 1",
            }
        )
        project.remove("data/other.csv")
        (project.root / "shots/notes.txt").rename(project.root / "shots/more.txt")
        assert_no_round_before(watch, project)


def assert_no_round_before(watch: Watching, project: Builder) -> None:
    """What was done until now causes no round: the next one is that of what is saved now."""
    assert watch.calm() == []
    project.write({"art/seal.png": picture("fuchsia", (16, 16))})
    assert watch.round().placed == ["stamped.png"]


def test_what_a_build_writes_causes_no_round_wherever_it_is(project: Builder) -> None:
    manifest = """
[data]
shots = "in/*.png"
[asset.beside]
source = "in/a.png"
output = { path = "beside.webp", width = 8 }
[asset.among]
source = "in/a.png"
output = { path = "in/among.webp", width = 8 }
[asset.deep]
matrix.shot = "data.shots"
source = "{{ shot.path }}"
output = { path = "new/folder/{{ shot.id }}.webp", width = 8 }
[emit.list]
output = "in/list.txt"
template = "list.j2"
"""
    write_one(project, manifest).write({"list.j2": EMIT})
    with watching(project) as watch:
        assert set(watch.round().placed) == {"beside.webp", "in/among.webp", "new/folder/a.webp", "in/list.txt"}
        assert watch.calm() == []
        project.write({"in/a.png": picture("red")})
        assert len(watch.round().placed) == 3
        assert watch.calm() == []
        project.write({"in/b.png": picture("red")})
        assert set(watch.round().placed) == {"new/folder/b.webp", "in/list.txt"}
        assert watch.calm() == []


def test_a_store_in_the_folder_of_the_project_causes_no_round(project: Builder) -> None:
    write_one(project, '[project]\ninclude = ["**/*.assets.toml"]\n' + ONE)
    env = {"ASSETFORGE_CACHE_DIR": str(project.root / "store"), "TMPDIR": str(project.root)}
    with watching(project, **env) as watch:
        assert watch.round().placed == ["a.png"]
        assert watch.calm() == []
        project.write({"in/a.png": picture("red")})
        assert watch.round().placed == ["a.png"]
        assert watch.calm() == []


def test_what_a_watch_need_not_build_at_its_start_is_followed_too(project: Builder) -> None:
    write_everything(project)
    assert project.call("build").code == 0
    with watching(project) as watch:
        assert watch.round().placed == []
        project.write({"art/seal.png": picture("blue", (16, 16))})
        assert watch.round().placed == ["stamped.png"]
    project.write({"art/seal.png": picture("green", (16, 16))})
    with watching(project) as watch:
        assert watch.round().placed == ["stamped.png"]
        for change, files in (READ["a prompt"], READ["a mask"], READ["a new file in a folder that is searched"]):
            change(project)
            assert set(watch.round().placed) == files


def test_where_the_last_build_kept_its_graph_sources_are_followed_too(project: Builder) -> None:
    write_one(project)
    assert project.call("build").code == 0
    for wanted in ("red", "blue"):
        project.write({"in/a.png": picture(wanted)})
        with watching(project) as watch:
            assert watch.round().placed == ["a.png"]
            project.write({"in/a.png": picture(f"dark{wanted}")})
            assert watch.round().placed == ["a.png"]
