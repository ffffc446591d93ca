"""Projects that are watched in tests, made of small pictures."""

import io

from PIL import Image

from tests.builder import Builder
from tests.cli.manifests import picture
from tests.ops.ops_fonts import boxes
from tests.promises.pictures import photo, png, sky

# One file of every kind that a build reads.
EVERYTHING = """
[project]
include = ["more/*.assets.toml"]

[data]
items = "data/items.csv"
shots = "shots/*.png"

[asset.night]
source = "art/photo.png"
steps = [
  { op = "edit", provider = "draft", prompt_file = "prompts/night.md", mask = "masks/sky.png", preserve = true },
  { op = "resize", width = 64 },
]
output = "night.png"

[asset.item]
matrix.item = "data.items"
source = "art/logo.png"
output = { path = "item-{{ item.id }}.webp", width = 8 }

[asset.shot]
matrix.shot = "data.shots"
source = "{{ shot.path }}"
output = { path = "shot-{{ shot.id }}.webp", width = 8 }

[asset.words]
source = "art/paper.png"
steps = [{ op = "resize", width = 200, height = 60, fit = "fill", upscale = true },
         { op = "text", text = "abc", font = "fonts/own.ttf", size = 30, box = [0, 0, 1, 1] }]
output = "words.png"

[asset.stamped]
source = "art/paper.png"
steps = [{ op = "overlay", image = "art/seal.png" }]
output = "stamped.png"

[emit.list]
template = "emit/list.j2"
output = "list.txt"
select = "shot*"
"""
INCLUDED = '[asset.one]\nsource = "art/logo.png"\noutput = { path = "one.webp", width = WIDTH }\n'
EMIT = "{% for one in outputs %}{{ one.path }}\n{% endfor %}"

# One picture made of another, in no time.
ONE = """
[asset.a]
source = "in/a.png"
output = { path = "a.png", width = 8 }
"""
# Two to buy, one of them an edit of what is bought first.
TWO = """
[asset.hero]
prompt = "A lighthouse"
size = "1024x640"
output = { path = "hero.png", width = 64 }

[asset.night]
source = "@hero"
steps = [{ op = "edit", prompt = "Make it night" }]
output = { path = "night.png", width = 64 }
"""
LOCAL = """
[asset.local]
source = "in/a.png"
output = { path = "local.png", width = 8 }
"""


def write_everything(project: Builder) -> Builder:
    """The project EVERYTHING."""
    return project.write(
        {
            "assets.toml": EVERYTHING,
            "more/one.assets.toml": INCLUDED.replace("WIDTH", "8"),
            "data/items.csv": "id\na\n",
            "prompts/night.md": "Make it night. {% include 'prompts/style.md' %}",
            "prompts/style.md": "Flat.",
            "art/photo.png": png(photo()),
            "art/logo.png": picture(),
            "art/paper.png": picture("white"),
            "art/seal.png": picture("red", (16, 16)),
            "shots/first.png": picture("red"),
            "masks/sky.png": png(sky()),
            "fonts/own.ttf": boxes(),
            "emit/list.j2": EMIT,
        }
    )


def write_one(project: Builder, manifest: str = ONE) -> Builder:
    """A manifest beside one source picture."""
    return project.write({"assets.toml": manifest, "in/a.png": picture()})


def colour(data: bytes) -> tuple[int, ...]:
    """The colour in the middle of a picture."""
    with Image.open(io.BytesIO(data)) as image:
        found = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(found, tuple)
    return found


def has_colour(project: Builder, path: str, wanted: str) -> bool:
    """Whether an output is there, and of this colour in its middle."""
    return (project.root / path).is_file() and colour((project.root / path).read_bytes()) == colour(picture(wanted))
