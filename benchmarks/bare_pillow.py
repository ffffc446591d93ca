"""The same renditions by Pillow and nothing else: what no tool that is made of Pillow can beat.

python -m benchmarks.bare_pillow JOB.json
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any

from PIL import Image

# What assetforge does where nothing is asked for (ops/encode.py).
OPTIONS: dict[str, dict[str, Any]] = {
    "webp": {"quality": 80, "method": 4},
    "avif": {"quality": 60, "speed": 8, "max_threads": 1},
    "jpg": {"quality": 82, "subsampling": "4:2:0", "progressive": True, "optimize": True},
}
PLUGINS = {"jpg": "JPEG"}


def main(path: str) -> None:
    """Makes what the job says, with as many threads as it says."""
    job = json.loads(Path(path).read_text())
    decoded: dict[str, Image.Image] = {}
    locks = {source: Lock() for source in {one["source"] for one in job["renditions"]}}
    left = {source: sum(one["source"] == source for one in job["renditions"]) for source in locks}

    def make(one: dict[str, Any]) -> None:
        source = one["source"]
        with locks[source]:
            if source not in decoded:
                with Image.open(source) as opened:
                    opened.load()
                    decoded[source] = opened
            image = decoded[source]
            left[source] -= 1
            if not left[source]:
                del decoded[source]
        height = round(image.height * one["width"] / image.width)
        if one["width"] != image.width:
            image = image.resize((one["width"], height), Image.Resampling.LANCZOS, reducing_gap=2)
        image.save(one["output"], PLUGINS.get(one["format"], one["format"].upper()), **OPTIONS[one["format"]])

    with ThreadPoolExecutor(job["threads"]) as pool:
        list(pool.map(make, job["renditions"]))


if __name__ == "__main__":
    main(sys.argv[1])
