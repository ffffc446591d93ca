"""From a bound call to an order on the wire: pictures encoded as the API takes them."""

from collections.abc import Callable

from assetforge.model import Call, Media, Picture
from assetforge.ops.encode import plain_png
from assetforge.ops.evaluate import evaluate
from assetforge.ops.memo import Memo
from assetforge.providers.spec import Order, Upload

SENT_AS_IT_CAME = ("png", "jpeg")


def make_order(call: Call, candidates: tuple[int, ...], read: Callable[[Media], bytes], memo: Memo) -> Order:
    """The order for some candidates of a call. A PNG or JPEG is sent as it came, all else as PNG; beside a mask
    the first picture is a PNG too. Raises OpFailed."""
    settings = call.settings
    uploads = []
    for index, picture in enumerate(call.pictures):
        formats = ("png",) if index == 0 and call.mask is not None else SENT_AS_IT_CAME
        uploads.append(_upload(picture, f"image-{index + 1}", formats, read=read, memo=memo))
    mask = None if call.mask is None else _upload(call.mask, "mask", (), read=read, memo=memo)
    return Order(
        operation=call.operation, model=settings.model, prompt=call.prompt, size=call.size,
        quality=settings.quality, background=settings.background, format=settings.format,
        compression=settings.compression, moderation=settings.moderation, n=len(candidates),
        pictures=tuple(uploads), mask=mask, candidates=candidates, ground=call.ground,
    )  # fmt: skip


def _upload(
    picture: Picture, name: str, formats: tuple[str, ...], *, read: Callable[[Media], bytes], memo: Memo
) -> Upload:
    media = picture.media
    if media is not None and media.format in formats:
        return Upload(f"{name}.{'jpg' if media.format == 'jpeg' else media.format}", media.format, read(media))
    data = plain_png(evaluate(picture, read, memo=memo))
    return Upload(f"{name}.png", "png", data)
