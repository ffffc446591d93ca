"""What a provider refused to draw, so that it is not asked again for nothing; unaware of why.

One line a refusal, in a file that only grows; of one request the last line counts.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from assetforge import atomic
from assetforge.store import documents
from assetforge.store.documents import is_digest, is_text
from assetforge.store.folders import make_folder

VERSION = 1


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that was found unfit: its action key, how strictly it was to be judged, by which provider (its kind
    and origin: a name means another one in another project), the provider's words, and the ISO date."""

    key: str
    moderation: str
    provider: str
    words: str
    date: str


def judge_of(kind: str, origin: str) -> str:
    """Who refused, as refusals have it: a provider's kind and the origin it is asked at."""
    return f"{kind} {origin}"


class Refusals:
    """The refusals of one store, read when they are first asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str, str], Refusal] | None = None

    def find(self, key: str, *, moderation: str, provider: str) -> Refusal | None:
        """The last refusal of a request. Raises UsageError where a newer release wrote it."""
        if self._known is None:
            self._known = self._read()
        return self._known.get((key, moderation, provider))

    def add(self, refusal: Refusal) -> None:
        """Remembers a refusal. Raises OSError."""
        line = documents.encode(VERSION, {each.name: getattr(refusal, each.name) for each in fields(refusal)})
        make_folder(self._path.parent)
        atomic.append(str(self._path), line)
        if self._known is not None:
            self._known[refusal.key, refusal.moderation, refusal.provider] = refusal

    def _read(self) -> dict[tuple[str, str, str], Refusal]:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}
        told = [documents.decode(line, version=VERSION, what=f"a line of `{self._path}`") for line in lines]
        sound = [one for one in told if one is not None and _is_sound(one)]
        found = [Refusal(**{each.name: one[each.name] for each in fields(Refusal)}) for one in sound]
        return {(one.key, one.moderation, one.provider): one for one in found}


def _is_sound(told: dict[str, Any]) -> bool:
    return is_digest(told.get("key")) and all(is_text(told.get(each.name)) for each in fields(Refusal))
