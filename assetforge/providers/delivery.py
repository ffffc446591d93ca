"""What a note's answer gives: its pictures as files, those it links to too, and what is wrong with the others.

Unaware of requests, of keys and prices.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assetforge.providers.answer import MAX_IMAGES, Answer, read_answer
from assetforge.providers.links import LinkFailed, Links
from assetforge.providers.receipt import request_id
from assetforge.providers.retry import classify, one_line
from assetforge.providers.spec import UNFETCHED, CallFailed, Delivery, Note
from assetforge.providers.veil import Veil
from assetforge.words import count

SIMULATED = "x-assetforge-simulated"

_CUT = "the answer was cut off"
_NO_JSON = "the answer is cut off, or is not JSON"
_PAGE = "the answer is an HTML page"
_PAGES = (b"<!doctype html", b"<html", b"<head", b"<body")
_AGAIN = "build again to ask once more"
# Builds after the one that asked that try to fetch what an answer links to: links don't live long. What the last of
# them can't fetch is given up; what came beside it never is.
LATER_BUILDS = 2
_FETCH = "build again soon: it is paid for, and only fetched then"


@dataclass(frozen=True, slots=True)
class _Pictures:
    """Files and faults by the place in the answer, from 1; no place has both. `later` is the fault of one that may
    be fetched another time, "" where there is none."""

    images: Mapping[int, Path]
    faults: Mapping[int, str]
    later: str = ""


async def deliver(note: Note, body: Path, links: Links, veil: Veil) -> Delivery:
    """The images of an answer, cut off or not, and what is wrong with the others. Raises CallFailed where it has
    none, or where a link may be followed another time; OSError."""
    answer = await asyncio.to_thread(read_answer, body, note.folder)
    found = await _pictures(answer, note.folder, links, veil)
    headers = note.facts.get("headers", {})
    delivery = Delivery(
        tuple(found.images[place] for place in sorted(found.images)),
        {veil.words(name): number for name, number in answer.usage.items()},
        request_id(headers),
        tuple(found.faults[place] for place in sorted(found.faults)),
        cut=not answer.whole,
        remarks=_remarks(answer, veil),
        simulated=headers.get(SIMULATED) == "1",
        digests=answer.digests,
    )
    fetches = note.facts.get("fetches", 0)
    if found.later and fetches < LATER_BUILDS - 1:
        raise CallFailed("maybe_billed", found.later, _FETCH, answer=delivery, reason=UNFETCHED)
    if not found.images:
        is_page = not answer.whole and await asyncio.to_thread(_is_page, body)
        raise _nothing(answer, delivery, veil, cut=_PAGE if is_page else _NO_JSON)
    return delivery


async def _pictures(answer: Answer, folder: Path, links: Links, veil: Veil) -> _Pictures:
    """The pictures in the answer, and those that it links to, all fetched at once: nobody knows how long they are
    there."""
    images = dict(answer.images)
    faults = {place: f"`image-{place}` of the answer is not base64" for place in answer.broken}
    later: list[str] = []
    urls = {place: url for place, url in answer.urls.items() if place not in images}

    async def fetch(place: int, url: str) -> None:
        try:
            await links.fetch(url, folder / f"image-{place}")
        except LinkFailed as error:
            told = veil.words(one_line(error)) or "no reason given"
            faults[place] = f"`image-{place}`, which the answer links to, could not be fetched: {told}"
            if error.passing:
                later.append(faults[place])
        else:
            images[place] = folder / f"image-{place}"
            faults.pop(place, None)

    await asyncio.gather(*(fetch(place, url) for place, url in urls.items()))
    return _Pictures(images, faults, min(later, default=""))


def _remarks(answer: Answer, veil: Veil) -> tuple[str, ...]:
    found = []
    if not answer.whole:
        found.append(_CUT)
    if answer.beyond:
        found.append(f"the answer holds {count(answer.beyond, 'image')} beyond the {MAX_IMAGES}th, left out here")
    if answer.error and "error" in answer.error:
        found.append(f"the answer tells an error too: {classify(200, answer.error, veil=veil.words).message}")
    return tuple(found)


def _is_page(body: Path) -> bool:
    """Whether a body begins as a page for people, as gateways and log-in portals answer."""
    with body.open("rb") as file:
        return file.read(512).removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGES)


def _nothing(answer: Answer, delivery: Delivery, veil: Veil, *, cut: str) -> CallFailed:
    """Why an answer gave no image; `cut` is said of one that is not whole. All but a known error may have been
    billed, and what has usage, or an image that can't be read, was."""
    paid = delivery if delivery.faults or delivery.usage else None
    if answer.error is not None and not delivery.faults:
        verdict = classify(200, answer.error, veil=veil.words)
        return CallFailed(
            verdict.category,
            verdict.message,
            verdict.hint,
            answer=paid,
            reason=verdict.reason,
            moderation=verdict.moderation,
        )
    if delivery.faults:
        told = "; ".join(delivery.faults)
    elif not answer.whole:
        told = cut
    else:
        told = "the answer holds no image"
    return CallFailed("maybe_billed", told, _AGAIN, answer=paid)
