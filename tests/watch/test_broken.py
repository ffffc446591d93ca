"""What is wrong is told with its place, what was built stays, and the next save that mends it is built."""

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.promises.pictures import WIDE, photo, png, sky
from tests.watch.projects import ONE, has_colour, write_one
from tests.watch.watching import Round, watching


def place_of(found: Round) -> tuple[str, int]:
    """The file and line of the only error."""
    (error,) = found.row["errors"]
    return error["file"], error["line"]


def test_a_broken_manifest_is_told_of_with_its_line_and_what_was_built_stays(project: Builder) -> None:
    write_one(project)
    with watching(project) as watch:
        watch.round()
        for broken, line in (
            (ONE.replace("width", "widht"), 4),
            (ONE.replace("output", "outptu"), 4),
            (ONE + "x", 5),
        ):
            project.write({"assets.toml": broken})
            found = watch.round()
            assert not found.built
            assert place_of(found) == ("assets.toml", line)
            project.write({"in/a.png": picture("red")})
            assert watch.calm() == [] or not watch.rounds[-1].built
            assert has_colour(project, "a.png", "teal")
            project.write({"assets.toml": ONE, "in/a.png": picture()})
            watch.round()
            watch.calm()
            assert watch.rounds[-1].errors == []
            assert has_colour(project, "a.png", "teal")
    assert project.call("check").code == 0


def test_a_manifest_that_is_broken_at_the_start_is_waited_for(project: Builder) -> None:
    write_one(project, "[asset.a")
    with watching(project) as watch:
        found = watch.round()
        assert not found.built
        assert place_of(found) == ("assets.toml", 1)
        write_one(project)
        assert watch.round().placed == ["a.png"]


def test_a_broken_file_that_the_manifest_includes_is_told_of_there(project: Builder) -> None:
    write_one(project, '[project]\ninclude = ["more.assets.toml"]\n' + ONE)
    with watching(project) as watch:
        assert not watch.round().built
        project.write({"more.assets.toml": "\n\n[oops"})
        assert place_of(watch.round()) == ("more.assets.toml", 3)
        project.write({"more.assets.toml": ""})
        assert watch.round().placed == ["a.png"]


def test_a_source_that_is_missing_is_waited_for(project: Builder) -> None:
    project.write({"assets.toml": ONE})
    with watching(project) as watch:
        found = watch.round()
        assert not found.built
        assert place_of(found) == ("assets.toml", 3)
        write_one(project)
        assert watch.round().placed == ["a.png"]
        project.remove("in/a.png")
        assert not watch.round().built
        assert has_colour(project, "a.png", "teal")
        project.write({"in/a.png": picture("red")})
        watch.until("a.png")
        assert has_colour(project, "a.png", "red")


def test_a_half_written_picture_fails_by_itself_until_the_rest_of_it_comes(project: Builder) -> None:
    write_one(project, ONE + ONE.replace("asset.a", "asset.b").replace("a.png", "b.png"))
    whole = png(photo())
    project.write({"in/b.png": whole})
    with watching(project) as watch:
        assert watch.round().errors == []
        project.write({"in/b.png": whole[: len(whole) // 2], "in/a.png": picture("red")})
        watch.round()
        watch.calm()
        assert len(watch.rounds[-1].errors) == 1
        assert has_colour(project, "a.png", "red")
        project.write({"in/b.png": png(photo("maroon"))})
        assert watch.round().placed == ["b.png"]
    assert project.call("check").code == 0


def test_a_mask_of_another_size_is_told_of_and_mended(project: Builder) -> None:
    manifest = """
[asset.night]
source = "in/a.png"
steps = [{ op = "edit", provider = "draft", prompt = "Make it night", mask = "mask.png" }]
output = { path = "night.png", width = 8 }
"""
    write_one(project, manifest).write({"in/a.png": png(photo()), "mask.png": picture()})
    with watching(project) as watch:
        found = watch.round()
        assert found.placed == []
        assert str(WIDE) in found.errors[0]
        project.write({"mask.png": png(sky())})
        assert watch.round().placed == ["night.png"]


def test_a_lock_that_is_broken_is_told_of_and_put_right(project: Builder) -> None:
    write_one(project)
    with watching(project) as watch:
        watch.round()
        good = project.text("assets.lock")
        project.write({"assets.lock": "<<<<<<< ours\n" + good})
        assert not watch.round().built
        project.write({"assets.lock": good})
        assert watch.round().errors == []
