"""Small copies: small pictures stay as they are, large ones keep their shape, and what nobody asks for goes."""

import os
import time
from io import BytesIO
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from assetforge.model import Size
from assetforge.ops.decode import open_picture
from assetforge.ops.preview import BETWEEN, LARGE, THUMB, Preview, preview, preview_size
from assetforge.store.previews import Previews, unused

DAY = 86_400
DIGEST = "ab" * 32
SIDES = st.integers(1, 20_000)


@given(SIDES, SIDES, st.sampled_from([THUMB, LARGE, BETWEEN]))
def test_a_copy_has_the_pictures_shape_and_is_never_larger(width: int, height: int, kind: Preview) -> None:
    small = preview_size(Size(width, height), kind)
    if max(width, height) <= kind.longest:
        assert small == (width, height)
    else:
        assert max(small) == kind.longest
        factor = kind.longest / max(width, height)
        assert abs(small.width - width * factor) <= 1
        assert abs(small.height - height * factor) <= 1


def test_pixel_art_is_kept_to_the_pixel() -> None:
    noise = Image.effect_noise((64, 48), 80)
    art = Image.merge("RGBA", (noise, noise.rotate(180), noise, noise.point(lambda value: 255 * (value > 99))))
    assert open_picture(preview(art, THUMB), "").tobytes() == art.tobytes()


def test_the_same_pixels_give_the_same_bytes() -> None:
    image = Image.effect_noise((900, 700), 60).convert("RGB")
    data = preview(image, THUMB)
    assert data == preview(image.copy(), THUMB)
    with Image.open(BytesIO(data)) as copy:
        assert (copy.format, copy.size) == ("WEBP", (480, 373))


def test_a_copy_is_found_until_it_is_long_unused(tmp_path: Path) -> None:
    previews = Previews(tmp_path / "previews")
    assert previews.find(DIGEST, "thumb1") is None
    kept = previews.keep(DIGEST, "thumb1", b"webp")
    assert previews.find(DIGEST, "thumb1") == kept
    proven = kept.proven_ns - 90 * DAY * 10**9
    os.utime(kept.path, ns=(proven, proven))
    assert [one.path for one in unused(tmp_path, time.time() - 30 * DAY)] == [kept.path]
    found = previews.find(DIGEST, "thumb1")
    assert found is not None
    assert found.proven_ns == proven  # asking for it proves nothing
    assert list(unused(tmp_path, time.time() - 30 * DAY)) == []


def test_a_copy_that_is_empty_is_none(tmp_path: Path) -> None:
    previews = Previews(tmp_path / "previews")
    previews.keep(DIGEST, "thumb1", b"")
    assert previews.find(DIGEST, "thumb1") is None


def test_what_changed_after_it_was_proven_is_not_proven(tmp_path: Path) -> None:
    blob = tmp_path / "blob"
    blob.write_bytes(b"bytes")
    previews = Previews(tmp_path / "previews")
    kept = previews.keep(DIGEST, "thumb1", b"webp")
    later = time.time_ns() + DAY * 10**9
    os.utime(kept.path, ns=(later, later))
    found = previews.find(DIGEST, "thumb1")
    assert found is not None
    assert found.proves(blob)
    os.utime(blob, ns=(later, later))
    assert not found.proves(blob)
    previews.doubt(found)
    doubted = previews.find(DIGEST, "thumb1")
    assert doubted is not None
    os.utime(blob, (DAY, DAY))
    assert not doubted.proves(blob)
