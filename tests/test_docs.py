"""docs/manifest.md and README.md say what there is: every key, no other, and TOML that loads."""

import inspect
import re
import shutil
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from assetforge.entry import Entry
from assetforge.manifest import schema
from assetforge.ops.table import OPS, PUBLIC
from assetforge.project import load
from assetforge.providers.spec import PriceTable, ProviderTable
from tests.pages import Block, blocks

ROOT = Path(__file__).parent.parent
MANUAL = ROOT / "docs" / "manifest.md"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

# What some tables share is described once, in the table of that name.
SHARED = {
    "AssetEntry": schema.RequestTable,
    "DefaultsTable": schema.RequestTable,
    "EditTable": schema.RequestTable,
}
# Described as a part of another: the keys of the asset's and of the output's own tables.
INNER = {"AssetTable", "OutputSettings"}


STEPS = {
    block.mark.removeprefix("step: "): block
    for block in blocks(ROOT / "docs" / "steps.md")
    if block.mark.startswith("step: ")
}
TOML = [
    block
    for page in PAGES
    for block in blocks(page)
    if block.language == "toml" and block not in STEPS.values() and page.name != "plugins.md"
]


def documented() -> dict[str, list[str]]:
    """The keys in the first column of each table that a comment `keys: NAME` announces."""
    tables: dict[str, list[str]] = {}
    for name, table in re.findall(r"<!-- keys: ([\w ]+) -->\n((?:\|.*\n)+)", MANUAL.read_text("utf-8")):
        rows = table.splitlines()[2:]
        tables[name] = [key for row in rows for key in re.findall(r"`(\w+)`", row.split("|")[1])]
    return tables


def real() -> dict[str, set[str]]:
    """The same from the code."""
    models = {
        name: model
        for name, model in inspect.getmembers(schema, inspect.isclass)
        if issubclass(model, Entry) and model.__module__ == schema.__name__ and name not in INNER
    }
    models |= {"ProviderTable": ProviderTable, "PriceTable": PriceTable}
    keys = {name: set(model.model_fields) for name, model in models.items()}
    keys |= {name: keys[name] - set(shared.model_fields) for name, shared in SHARED.items()}
    return keys | {f"step {name}": set(OPS[name].params.model_fields) for name in PUBLIC}


def test_every_key_is_in_the_manual_and_the_manual_has_no_other() -> None:
    expected = {name: sorted(keys) for name, keys in real().items()}
    assert {name: sorted(keys) for name, keys in documented().items()} == expected


def test_every_link_leads_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)]+)\)", text):
            path, _, anchor = target.partition("#")
            if path.startswith("https:"):
                continue
            other = (page.parent / path).resolve() if path else page
            assert other.exists(), f"{page.name} links to {target}"
            if anchor:
                titles = re.findall(r"^#+ (.+)$", other.read_text("utf-8"), flags=re.MULTILINE)
                assert anchor in {slug(title) for title in titles}, f"{page.name} links to {target}"


def slug(title: str) -> str:
    """A heading's anchor, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the blocks name."""
    monkeypatch.setenv("ASSETFORGE_CACHE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("ASSETFORGE_CONFIG_DIR", str(tmp_path / "config"))
    root = tmp_path / "project"
    shutil.copytree(ROOT / "examples" / "website" / "art", root / "art")
    for name in ("reference.png", "photo.jpg"):
        Image.new("RGB", (1200, 800), "teal").save(root / "art" / name)
    (root / "data").mkdir()
    rows = ["id,name,category", "sword,Sword,weapon", "ghost,Ghost,junk", "scroll,Scroll,quest"]
    (root / "data" / "items.csv").write_text("\n".join(rows) + "\n", "utf-8")
    return root


def test_the_page_of_steps_shows_each_as_its_example_makes_it() -> None:
    manifest = (ROOT / "examples" / "steps" / "assets.toml").read_text("utf-8")
    page = (ROOT / "docs" / "steps.md").read_text("utf-8")
    assets = tomllib.loads(manifest)["asset"]
    assert set(STEPS) == {*PUBLIC, "edit"}
    for name, block in STEPS.items():
        assert block.text.strip() in manifest, name
        found = re.search(rf"\| `(.+)` \| after `{name}` \|\n.*\n\| (.+) \| .*steps/pictures/{name}\.\w+\) \|", page)
        assert found, name
        source = assets[name]["source"]
        assert found[1] == (source if isinstance(source, str) else source[0]), name
        assert shown_before(name, found[1]) in found[2], name
    for path in re.findall(r'src="([^"]+)"', page):
        assert (ROOT / "docs" / path).exists(), path


def shown_before(name: str, source: str) -> str:
    """What is seen of a step's source: the picture that the example makes of it, or a file of its own."""
    if name == "atlas":
        return "art/gem.png"
    return "pictures/harbour.webp" if source == "art/harbour.png" else f"{source.replace('@', 'pictures/')}"


def test_there_are_blocks() -> None:
    assert len(TOML) > 10


def whole(block: Block) -> str:
    """What the file holds once the block is in it: a continued one follows those before it."""
    if not block.mark.endswith(", continued"):
        return block.text
    name = block.mark.removesuffix(", continued")
    parts = [other.text for other in blocks(block.page) if other.mark.startswith(name) and other.line <= block.line]
    return "\n".join(parts)


@pytest.mark.parametrize("block", TOML, ids=str)
def test_toml_resolves(block: Block, project: Path) -> None:
    """Every block is a manifest that can be planned, without a mistake or a warning, also about a file's size."""
    for other in blocks(block.page):
        if other.mark.startswith("file: "):
            path = project / other.mark.removeprefix("file: ")
            path.parent.mkdir(exist_ok=True)
            path.write_text(other.text, "utf-8")
    (project / "assets.toml").write_text(whole(block), "utf-8")
    opened = load(project)
    plan = opened.plan()
    assert (plan.problems, plan.remarks) == ((), ())
    assert opened.graph().warnings == ()


def test_the_pictures_of_the_page_are_those_that_are_taken_of_it() -> None:
    from tests.browser import screenshots

    taken = set(re.findall(r'^    yield "(\w+)"$', inspect.getsource(screenshots.play), re.MULTILINE))
    shown = set(re.findall(r"\(pictures/looking/(\w+)\.webp\)", (ROOT / "docs" / "looking.md").read_text("utf-8")))
    assert shown == taken == {path.stem for path in screenshots.FOLDER.iterdir()}
