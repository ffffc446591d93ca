"""From a picture's colour profile to sRGB; unaware of files, and of what is done with the picture."""

from io import BytesIO

from PIL import Image, ImageChops, ImageCms

# How many steps of 255 a profile may move a colour and still be sRGB by one of its many names and roundings.
# Such a picture is left alone, so that another release of the colour library can't change its pixels.
SAME = 2

MODES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "L"}


def in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An RGB, CMYK or L picture in sRGB (mode RGB). A profile that can't be used is as good as none."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        if MODES.get(source.profile.xcolor_space) != image.mode:
            return image.convert("RGB")
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            image.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image.convert("RGB")
    if image.mode == "RGB" and _changes_little(transform):
        return image
    return transform.apply(image)


def _changes_little(transform: ImageCms.ImageCmsTransform) -> bool:
    steps = range(0, 256, 17)
    lattice = bytes(part for red in steps for green in steps for blue in steps for part in (red, green, blue))
    colours = Image.frombytes("RGB", (256, 16), lattice)
    moved = ImageChops.difference(colours, transform.apply(colours))
    return max(moved.tobytes()) <= SAME
