"""The simulated Images API in a thread, for tests: with a key of its own, pictures drawn quickly, and scripts.

Every image it draws is another one, so that buying twice never goes unseen.

    with ImagesServer() as server:
        server.script(status=429, headers={"retry-after-ms": "1"})
        ...
        assert [call.status for call in server.calls] == [429, 200]
"""

import io
from collections.abc import Mapping
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

from PIL import Image, ImageDraw

from assetforge.simulate.app import ImagesApi, Setup
from assetforge.simulate.call import Call
from assetforge.simulate.drawing import Drawing, Pieces, Wanted
from assetforge.simulate.faults import FAULTS, Fault
from assetforge.simulate.limits import Limits
from assetforge.simulate.server import Threaded

KEY = "sk-test-2f6c1e7ad94b"
KEY_ENV = "OPENAI_API_KEY"
Script = Fault


def quickly(wanted: Wanted) -> Pieces:
    """`draw` for what is wanted; transparent where that is."""
    quality = 100 if wanted.compression is None else wanted.compression
    mode = "RGBA" if wanted.call.fields.get("background") == "transparent" else "RGB"
    return (draw(wanted.serial, wanted.size, wanted.format, quality, mode=mode),)


class ImagesServer:
    """The server, on a free port of this machine, in a thread of its own; see `ImagesApi` for what it remembers.

    `requests` and `images` are limits for a minute.
    """

    def __init__(
        self,
        *,
        key: str = KEY,
        latency: float = 0.0,
        draw: Drawing = quickly,
        requests: int | None = None,
        images: int | None = None,
    ) -> None:
        limits = Limits(requests, images)
        self._api = ImagesApi(Setup(key=key, latency=latency, draw=draw, limits=limits, serial=0, mark={}))
        self._running = Threaded(self._api)

    def __enter__(self) -> Self:
        self._running.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    @property
    def key(self) -> str:
        return self._api.setup.key

    @key.setter
    def key(self, key: str) -> None:
        self._api.setup.key = key

    @property
    def latency(self) -> float:
        """Seconds before each answer."""
        return self._api.setup.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._api.setup.latency = seconds

    @property
    def calls(self) -> list[Call]:
        """Every request for pictures, in the order of arrival."""
        return self._api.calls

    @property
    def fetched(self) -> list[Mapping[str, str]]:
        """The headers of each request for a picture's URL."""
        return self._api.fetched

    @property
    def together(self) -> int:
        """The most calls that were under way at once."""
        return self._api.together

    @property
    def total_cost(self) -> float:
        """What all calls would have cost, in US dollars."""
        return self._api.total_cost

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._running.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/v1"

    @property
    def environ(self) -> dict[str, str]:
        """What makes the provider named `openai` speak to this server, and to nothing else."""
        return {KEY_ENV: self.key, "OPENAI_BASE_URL": self.url}

    @property
    def paid(self) -> list[Call]:
        """The calls that drew pictures, delivered or not."""
        return [call for call in self.calls if call.images]

    def script(self, *, times: int = 1, fault: str = "", **what: Any) -> None:
        """Queues what the next call gets, or the next whose prompt holds `match`: a fault by its name, or one made
        of `Fault`'s fields, or both."""
        made = replace(FAULTS[fault], **what) if fault else Fault(**what)
        self._api.setup.script.add(made, times)


def draw(serial: int, size: str, form: str, quality: int, *, mode: str = "RGB") -> bytes:
    """A picture that no other serial number gives: a ground of its own colour, two shapes and the number."""
    width, _, height = size.partition("x")
    wide, high = int(width), int(height)
    colour = serial * 0x9E3779 % (1 << 24)  # odd, so that no two serials meet
    ground = (colour >> 16, colour >> 8 & 255, colour & 255)
    with Image.new(mode, (wide, high), (*ground, 0)[: len(mode)]) as picture:
        pen = ImageDraw.Draw(picture)
        pen.ellipse((wide // 8, high // 8, wide // 2, high // 2), fill=(255 - ground[0], 40, ground[2]))
        pen.rectangle((wide // 2, high // 2, wide * 7 // 8, high * 7 // 8), fill=(ground[1], 255 - ground[0], 90))
        pen.text((wide // 2, high // 4), f"#{serial}", fill="white", font_size=max(12, high // 12))
        spooled = io.BytesIO()
        options: dict[str, Any] = {"compress_level": 1} if form == "png" else {"quality": max(1, quality)}
        picture.save(spooled, form, **options)
    return spooled.getvalue()
