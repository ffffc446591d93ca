"""Pictures with the busyness of photographs: soft light, shapes, texture and grain; the same ones on every machine.

python -m benchmarks.photographs FOLDER COUNT WIDTH HEIGHT
"""

import os
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image, ImageChops

Size = tuple[int, int]
# How many cells each layer has across, and how far it moves a colour.
LAYERS = ((3, 150), (12, 90), (60, 40), (400, 24))
GRAIN = 9
SCENES = 5


def noise(dice: random.Random, across: int, size: Size) -> Image.Image:
    """Random light of so many cells across."""
    down = max(1, round(across * size[1] / size[0]))
    cells = Image.frombytes("L", (across, down), dice.randbytes(across * down))
    return cells.resize(size, Image.Resampling.BICUBIC)


def channel(dice: random.Random, size: Size) -> Image.Image:
    """One channel: layers of light from coarse to fine, and grain."""
    light = Image.new("L", size, 128)
    for across, strength in (*LAYERS, (size[0], GRAIN)):
        scale = strength / 255
        layer = noise(dice, across, size).point([round(128 + (value - 128) * scale) for value in range(256)])
        light = ImageChops.add(light, layer, 1, -128)
    return light


def scene(number: int, size: Size) -> Image.Image:
    """A picture whose channels have most of their light in common."""
    dice = random.Random(f"scene {number}")
    light = channel(dice, size)
    return Image.merge("RGB", [Image.blend(light, channel(dice, size), 0.3) for _ in range(3)])


def write(folder: Path, count: int, size: Size) -> None:
    """So many PNGs, no two of them the same: a few scenes, each moved a little further every time."""
    scenes = [scene(number, size) for number in range(min(SCENES, count))]

    def one(number: int) -> None:
        moved = ImageChops.offset(scenes[number % SCENES], 37 * number, 61 * number)
        moved.save(folder / f"{number}.png", compress_level=4)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, range(count)))


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), (int(sys.argv[3]), int(sys.argv[4])))
