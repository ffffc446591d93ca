"""Manifests that several tests of the command line begin with."""

import io

from PIL import Image

HERO = """\
[asset.hero]
prompt = "A lighthouse at dawn"
output = "hero.png"
"""
DRAFTS = '[defaults]\nprovider = "draft"\n\n'
EDITED = """\
[vars]
time = "night"

[asset.hero]
prompt = "A lighthouse at dawn"
tags = ["web"]

[asset.night]
source = "@hero"
alt = "The lighthouse at night"
outputs = ["night.png", { path = "night.webp", width = 320 }]
steps = [{ op = "edit", prompt = "Make it {{ time }}", images = ["art/logo.png"] }]
"""


def picture(color: str = "teal", size: tuple[int, int] = (64, 64)) -> bytes:
    """A PNG of one colour."""
    spooled = io.BytesIO()
    Image.new("RGB", size, color).save(spooled, "PNG")
    return spooled.getvalue()
