"""Every picture that the gallery's page of a real project names is shown, in whatever way the browser has to get it:
the file itself, or a copy where the file is too large, of another format, or no file at all.
"""

import io
from random import Random

from PIL import Image

from assetforge.gallery.wanted import MOST_BYTES
from tests.browser.site import Window
from tests.builder import Builder

MANIFEST = """\
[defaults]
provider = "draft"

[asset.hero]
prompt = "A lighthouse at dawn"
size = "1024x640"
n = 2
outputs = ["hero.png", { path = "hero-{{ width }}.webp", width = [320, 640] }]
steps = [{ op = "resize", width = 400 }, { op = "crop", aspect = "1:1" }]

[asset.night]
source = "@hero"
output = "night.png"
steps = [{ op = "edit", prompt = "Make it night" }, { op = "grayscale" }]

[asset.icon]
source = "art/logo.png"
output = "icon.icns"

[asset.photo]
source = "art/photo.png"
output = "photo.png"
"""
# Everything that can be looked at on the card of each asset; gives the addresses of all pictures that were seen.
LOOK = """
    const seen = new Set();
    const proven = async () => {
        for (const image of document.querySelectorAll("img")) {
            if (!image.checkVisibility()) continue;
            if (!image.src) throw new Error("a picture has no address: " + image.outerHTML);
            image.loading = "eager";
            await image.decode();
            if (!image.naturalWidth) throw new Error("nothing is in " + image.src);
            seen.add(new URL(image.src).pathname.split("/").at(-1));
        }
    };
    await proven();
    for (const name of [...document.querySelectorAll(".card")].map(card => card.dataset.name)) {
        location.hash = "asset=" + name;
        await new Promise(resolve => setTimeout(resolve));
        const keys = [...document.querySelectorAll("dialog [data-key]:enabled")].map(one => one.dataset.key);
        for (const key of keys.filter(key => /^(stage|file|candidate|result)/.test(key))) {
            document.querySelector(`dialog [data-key="${key}"]`)?.click();
            if (!document.querySelector("dialog .viewer img")) throw new Error(`${name} ${key} has no picture`);
            await proven();
        }
    }
    return [...seen];
"""


def png(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "png", compress_level=0)
    return out.getvalue()


def test_every_picture_of_a_built_project_is_shown(project: Builder, window: Window) -> None:
    photo = png(Image.frombytes("RGB", (1400, 1000), Random(1).randbytes(1400 * 1000 * 3)))
    assert len(photo) > MOST_BYTES
    logo = png(Image.new("RGBA", (128, 128), "#7a9e7e"))
    project.write({"assets.toml": MANIFEST, "art/photo.png": photo, "art/logo.png": logo})
    for command in ("build", "gallery"):
        told = project.call(command)
        assert told.code == 0, told.out + told.err
    window.open((project.root / "assetforge-gallery" / "index.html").as_uri())
    seen = window.ask(LOOK)
    assert {path.name for path in (project.root / "assetforge-gallery" / "pictures").iterdir()} == set(seen)
    assert any(name.endswith("-large.webp") for name in seen)
    assert window.console() == []
