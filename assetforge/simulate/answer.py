"""An answer on its way out: its body is made while it is sent, so that no picture is held twice. Unaware of calls."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assetforge.simulate.call import Document
from assetforge.simulate.drawing import Pieces

# Tells whoever builds that the picture is none to keep.
SIMULATED = {"x-assetforge-simulated": "1"}
STEP = 3 << 18
# Stands for a picture until the body is sent; no prompt is in an answer, so nothing else is like it.
_HOLE = "\0picture {}\0"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body."""

    status: int
    body: "bytes | Streamed"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def raw_headers(self, mark: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
        """As ASGI sends them, with those that every answer of a server has."""
        every = {"content-type": self.content_type, "content-length": str(len(self.body)), **mark, **self.headers}
        return [(name.lower().encode(), value.encode()) for name, value in every.items()]

    def pieces(self) -> Iterator[bytes]:
        """The body, in pieces."""
        if isinstance(self.body, bytes):
            yield self.body
        else:
            yield from self.body.pieces()


class Streamed:
    """A JSON body with pictures in it, known by its length before it is made."""

    def __init__(self, texts: Sequence[bytes], pictures: Sequence[Pieces]) -> None:
        self._texts, self._pictures = texts, pictures

    def __len__(self) -> int:
        return sum(map(len, self._texts)) + sum(_length(picture) for picture in self._pictures)

    def pieces(self) -> Iterator[bytes]:
        for at, text in enumerate(self._texts):
            yield text
            if at < len(self._pictures):
                yield from in_base64(self._pictures[at])


def json_answer(status: int, body: Document, headers: Mapping[str, str] | None = None) -> Answer:
    """A small object."""
    return Answer(status, json.dumps(body).encode(), headers=headers or {})


def hole(at: int) -> str:
    """What stands in a document for its picture number `at`, from 0."""
    return _HOLE.format(at)


def filled(document: Document, pictures: Sequence[Pieces]) -> Streamed:
    """A document whose holes are filled while it is sent, in order."""
    rest, texts = json.dumps(document), []
    for at in range(len(pictures)):
        before, _, rest = rest.partition(json.dumps(hole(at))[1:-1])
        texts.append(before.encode())
    return Streamed((*texts, rest.encode()), pictures)


def text_of(picture: Pieces) -> str:
    """A whole picture in base64."""
    return b"".join(in_base64(picture)).decode("ascii")


def in_base64(picture: Pieces) -> Iterator[bytes]:
    """A picture in base64, in pieces."""
    rest = b""
    for piece in picture:
        at = min(-len(rest) % 3, len(piece)) if rest else 0
        rest += piece[:at]
        if len(rest) == 3:
            yield base64.b64encode(rest)
            rest = b""
        if rest:
            continue
        view = memoryview(piece)
        end = at + (len(piece) - at) // 3 * 3
        for start in range(at, end, STEP):
            yield base64.b64encode(view[start : min(start + STEP, end)])
        rest = bytes(view[end:])
    if rest:
        yield base64.b64encode(rest)


def _length(picture: Pieces) -> int:
    return -(-sum(map(len, picture)) // 3) * 4
