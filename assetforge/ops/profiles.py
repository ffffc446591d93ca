"""From a picture's colour profile to sRGB; unaware of files, and of what is done with the picture."""

from __future__ import annotations

from io import BytesIO

from assetforge.ops.pillow import Image, ImageChops, ImageCms

# How many steps of 255 a profile may move a colour and still be sRGB by one of its many names and roundings.
# Such a picture is left alone, so that another release of the colour library can't change its pixels.
SAME = 2

# The bands that a profile is for, of each mode that a picture may have.
MODES = {"RGB ": ("RGB", "RGBA"), "CMYK": ("CMYK",), "GRAY": ("L", "LA")}
# No device needs more to be told; of what is larger somebody made it so.
MAX_BYTES = 16 << 20


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An RGB, RGBA, L, LA or CMYK picture in sRGB: as it is where little is to be done or the profile can't be used,
    changed where it is where it was RGB or RGBA, else a new one in RGB or RGBA."""
    transform = _transform(image.mode, profile)
    if transform is None:
        return image
    if image.mode in ("RGB", "RGBA"):
        return image if _changes_little(transform) else transform.apply_in_place(image)
    if image.mode != "LA":
        return transform.apply(image)
    grey, alpha = image.split()
    result = transform.apply(grey)
    result.putalpha(alpha)
    return result


def _transform(mode: str, profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """From a picture's colours to sRGB; None where the profile is no profile, or one of other colours."""
    if len(profile) > MAX_BYTES:
        return None
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if mode not in MODES.get(source.profile.xcolor_space, ()):
            return None
        return ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            "L" if mode == "LA" else mode,
            "RGBA" if mode == "RGBA" else "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_little(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = range(0, 256, 17)
    lattice = bytes(part for red in steps for green in steps for blue in steps for part in (red, green, blue))
    colours = Image.frombytes("RGB", (256, 16), lattice).convert(transform.input_mode)
    moved = ImageChops.difference(colours, transform.apply(colours))
    return max(moved.tobytes()) <= SAME
