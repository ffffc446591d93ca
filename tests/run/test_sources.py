"""Laws of source files: they are read where they are, and only what is written is kept."""

from tests.builder import Builder
from tests.crafted_pictures import saved
from tests.ops.ops_pictures import drawn

MANIFEST = '[asset.a]\nsource = "a.png"\noutput = { path = "a.webp", width = 8 }\n'


def test_a_source_is_not_copied_into_the_store(project: Builder) -> None:
    data = saved(drawn(40, 30), "PNG")
    assert project.write({"assets.toml": MANIFEST, "a.png": data}).call("build").code == 0
    stored = [path.read_bytes() for path in (project.home / "store").rglob("*") if path.is_file()]
    assert (project.root / "a.webp").read_bytes() in stored
    assert data not in stored


def test_an_output_that_is_its_source_is_safe_in_the_store(project: Builder) -> None:
    """The source may go, or change; the output stands for it then."""
    data = saved(drawn(40, 30), "PNG")
    manifest = '[asset.a]\nsource = "a.png"\noutput = "b.png"\n'
    assert project.write({"assets.toml": manifest, "a.png": data}).call("build").code == 0
    stored = [path.read_bytes() for path in (project.home / "store").rglob("*") if path.is_file()]
    assert (project.root / "b.png").read_bytes() == data
    assert data in stored
