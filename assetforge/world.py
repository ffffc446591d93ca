"""What the plan asks of the world: files, lock, store; remembered for the length of one run."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from assetforge.digest import digest_bytes
from assetforge.errors import Problem
from assetforge.model import Action, Call, Ingredients, Media, Paid, Record, Rendition, Source
from assetforge.ops.decode import measure, open_picture, read_header
from assetforge.ops.fontfile import MAX_BYTES, FontFile, check_font, read_font
from assetforge.ops.masks import mask_flaw
from assetforge.ops.spec import OpFailed
from assetforge.outputs.lock import Lock
from assetforge.outputs.names import NamesKept
from assetforge.outputs.state import State
from assetforge.paths import PathError, Root
from assetforge.plan.ancestry import Part, fact_name, read_fact
from assetforge.plan.lost import NOT_PULLED, PULL
from assetforge.plan.rebuild import FileEvidence, PaidEvidence, picture_in
from assetforge.run.bytes import Bytes, BytesGone
from assetforge.run.drafts import Drafts
from assetforge.store.documents import is_digest
from assetforge.store.records import Records
from assetforge.store.refusals import Refusals, judge_of


@dataclass(slots=True)
class World:
    """The look-ups of one build. `trusting` believes that a file whose times and inode did not change has the
    bytes it had; `reencode` treats every rendition as not made. `refusals` is what providers found unfit, None where
    they are to be asked again. `forgotten` are paid keys
    that are to be bought again, `remarks` what the user should be told of, `measured`
    facts of source files that the store should remember. `unpulled` are source files of which only a Git LFS pointer
    is here: their paths, by digest."""

    root: Root
    state: State
    lock: Lock
    records: Records
    content: Bytes
    drafts: Drafts
    names: NamesKept
    refusals: Refusals | None = None
    trusting: bool = True
    reencode: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    remote: dict[str, Record] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    measured: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    remarks: list[Problem] = field(default_factory=list)
    unpulled: dict[str, str] = field(default_factory=dict)
    _media: dict[str, Media] = field(default_factory=dict)
    _paths: dict[str, str] = field(default_factory=dict)
    _pixels: dict[str, str] = field(default_factory=dict)
    _parts: dict[str, Part | None] = field(default_factory=dict)
    _fonts: dict[str, FontFile] = field(default_factory=dict)

    def look_ahead(self, steps: Iterable[Source]) -> None:
        """The walk is going to ask for these source files."""
        if self.trusting:
            self.state.look_ahead({step.path for step in steps})

    def source(self, step: Source) -> Media | Problem:
        """A source file's digest and header; its pixels only when a paid key needs them. A font is proven to be one,
        and has no size."""
        if step.id in self._media:
            return self._media[step.id]
        try:
            digest = self.state.digest(step.path, trusting=self.trusting)
            is_pointer = self.state.is_pointer(step.path)
            media = self._media_of(step, digest, is_pointer=is_pointer)
        except (PathError, OpFailed, OSError) as error:
            return Problem(str(getattr(error, "message", error)), step.where, getattr(error, "hint", None))
        self._media[step.id] = media
        if is_pointer:
            self.unpulled[digest] = step.path
        else:
            self._paths[digest] = step.path
            self.content.found(digest, step.path)
        return media

    def _media_of(self, step: Source, digest: str, *, is_pointer: bool) -> Media:
        """What is known of a source file: remembered; of what was not pulled by the lock; else read. Raises
        PathError, OpFailed, OSError."""
        name = f"{'media' if step.holds == 'picture' else 'font'}:{digest}"
        known = self.records.recall(name) if digest else None
        if known is None and is_pointer:
            return self._media_of_pointer(step, digest)
        if known is None:
            known = self.measured[name] = self._facts(step)
        shown = digest if step.holds == "font" else ""
        width, height, form = int(known["width"]), int(known["height"]), str(known["format"])
        return Media(digest, shown, width, height, form, int(known["bytes"]))

    def _media_of_pointer(self, step: Source, digest: str) -> Media:
        """A file that was not pulled: what is in it is asked for when it is needed. Raises OpFailed."""
        self.root.readable(step.path, text=False)
        if step.holds == "font":
            return Media(digest, digest, 0, 0, "font", 0)
        known = self.lock.sources.get(digest)
        if known is None:
            raise OpFailed(f"`{step.path}` {NOT_PULLED}", hint=PULL)
        return known

    def _facts(self, step: Source) -> Mapping[str, Any]:
        """What a source file's bytes tell. Raises PathError, OpFailed, OSError."""
        with open(self.root.readable(step.path, text=False), "rb") as file:
            if step.holds == "font":
                data = file.read(MAX_BYTES + 1)
                check_font(data, step.path)
                return {"width": 0, "height": 0, "format": "font", "bytes": len(data)}
            form, size = read_header(file, step.path)
            return {"width": size.width, "height": size.height, "format": form, "bytes": file.seek(0, 2)}

    def pixels(self, media: Media) -> str:
        """The digest of a picture's decoded pixels: from the lock, else remembered, else decoded now."""
        if media.pixels:
            return media.pixels
        known = self._pixels.get(media.digest) or self.lock.pixels.get(media.digest)
        if known is None:
            told = self.records.recall(f"pixels:{media.digest}")
            known = str(told["pixels"]) if told else self._decoded(media)
            self.measured[f"pixels:{media.digest}"] = {"pixels": known}
        self._pixels[media.digest] = known
        return known

    def sources(self) -> dict[str, str]:
        """The digests of the source files that were looked at."""
        return {name.partition(":")[2]: media.digest for name, media in self._media.items()}

    def mask_flaw(self, media: Media) -> str | None:
        """What is wrong with a file as a mask; decoded once, and remembered."""
        known = self.records.recall(f"mask:{media.digest}") or self.measured.get(f"mask:{media.digest}")
        if known is None and not self.has_bytes(media.digest):
            return None  # what needs it stops for that
        if known is None:
            try:
                known = {"flaw": mask_flaw(open_picture(self._bytes_of(media), "the mask"))}
            except (OpFailed, BytesGone) as error:
                return str(error)
            self.measured[f"mask:{media.digest}"] = known
        return str(known["flaw"]) if known["flaw"] else None

    def font(self, media: Media) -> FontFile:
        """A font file that was looked at, read. Raises OpFailed."""
        if media.digest not in self._fonts:
            path = self._paths[media.digest]
            try:
                self._fonts[media.digest] = read_font(self._bytes_of(media), path)
            except OSError as error:
                raise OpFailed(f"`{path}` can't be read: {(error.strerror or str(error)).lower()}") from None
        return self._fonts[media.digest]

    def pixels_used(self) -> Mapping[str, str]:
        """The pixel digests of source files that entered keys, by byte digest."""
        return self._pixels

    def paid(self, step: Paid, action: Action) -> PaidEvidence:
        """What lock and store have under a paid key."""
        pinned = self._pinned_paid(step, action.key)
        if action.key in self.forgotten and not (pinned is not None and pinned.by == "by hand"):
            return PaidEvidence(before=pinned, before_ingredients=self._ingredients(pinned))
        stored = self.records.get(action.key)
        if pinned is not None:
            if stored is not None and stored.media.digest != pinned.media.digest and not pinned.by:
                told = f"lock and store have different pictures for `{step.id}`: the lock's is used"
                self.remarks.append(Problem(told, step.where))
            return PaidEvidence(pinned=pinned)
        if action.key in self.remote:
            return PaidEvidence(remote=self.remote[action.key])
        if stored is not None and self.content.has(stored.media.digest):
            return PaidEvidence(stored=stored)
        before = self.lock.candidate(step.instance, step.name, action.candidate)
        return PaidEvidence(
            before=before, before_ingredients=self._ingredients(before), refused=self._refused(step, action.key)
        )

    def _refused(self, step: Paid, key: str) -> str:
        settings = step.settings
        if self.refusals is None:
            return ""
        judge = judge_of(settings.kind, self.origins.get(settings.provider, ""))
        found = self.refusals.find(key, moderation=settings.moderation, provider=judge)
        return "" if found is None else f"`{settings.provider}` refused this on {found.date}: {found.words}"

    def _pinned_paid(self, step: Paid, key: str) -> Record | None:
        """What the lock pins; where its lines disagree, the first whose picture is here."""
        found = self.lock.paid(step.instance, step.name, key)
        if len(found) < 2 or found[0].by:  # what somebody chose is no accident
            return found[0] if found else None
        return next((record for record in found if self.content.has(record.media.digest)), found[0])

    def rendition(self, step: Rendition, action: Action) -> FileEvidence:
        """What lock, state, disk and store have of an output."""
        if self.reencode:
            return FileEvidence()
        present = self.state.digest(step.path, trusting=self.trusting)
        pinned = self._pinned(step, action, present)
        if pinned is None or pinned.key != action.key:
            before = self._ingredients(pinned)
            names = self.names.find(step.path, picture_in(before)) if before else {}
            return FileEvidence(pinned, present, self._stored(action.key), before, names)
        if present not in ("", pinned.media.digest) and self._shows_the_same(step.path, pinned):
            present = pinned.media.digest
        if present == pinned.media.digest:  # as almost always: nobody has to ask the store
            return FileEvidence(pinned, present)
        known = pinned if self.content.has(pinned.media.digest) else None
        return FileEvidence(pinned, present, known or self._stored(action.key))

    def _stored(self, key: str) -> Record | None:
        """What the store has under a key, bytes and all."""
        found = self.records.get(key)
        return found if found is not None and self.content.has(found.media.digest) else None

    def draft(self, call: Call, candidate: int) -> Record | None:
        """A placeholder drawn before."""
        return self.drafts.find(call, candidate)

    def has_bytes(self, digest: str) -> bool:
        """Whether a picture's bytes are anywhere here: source files are, by being there."""
        return digest in self._paths or digest in self.elsewhere or self.content.has(digest)

    def pointer(self, digest: str) -> str:
        """The path of a Git LFS pointer to these bytes, "" where none is here."""
        return self.unpulled.get(digest) or self.content.pointer(digest)

    def _pinned(self, step: Rendition, action: Action, present: str) -> Record | None:
        """The lock's word on an output; where it has none for this key, what we know to have written there. Where it
        has none at all, as of a profile's, that tells what was there before too."""
        locked = self.lock.output(step.instance, step.path, key=action.key)
        written = self.state.written.get(step.path)
        if written is None or written.digest != present or (locked is not None and locked.key == action.key):
            return locked
        if written.key != action.key and (locked is not None or written.draft):
            return locked
        known = self.records.get(written.key)
        return known if known is not None and known.media.digest == present else locked

    def part(self, made: str) -> Part | None:
        """What a picture was made of, where the store remembers it."""
        if made not in self._parts:
            self._parts[made] = read_fact(self.records.recall(fact_name(made)))
        return self._parts[made]

    def bought(self, key: str) -> Ingredients:
        """What was asked for under a paid key, where the store remembers it."""
        known = self.records.get(key) if is_digest(key) else None
        return known.ingredients if known is not None else ()

    def _ingredients(self, record: Record | None) -> Ingredients:
        return self.bought(record.key) if record is not None else ()

    def _decoded(self, media: Media) -> str:
        data = self._bytes_of(media)
        return measure(data, media.digest[:12]).pixels

    def _bytes_of(self, media: Media) -> bytes:
        path = self._paths.get(media.digest)
        if path is not None:
            with open(os.path.join(self.root.path, path), "rb") as file:
                data = file.read()
            if digest_bytes(data) != media.digest:
                raise OpFailed(f"`{path}` changed while it was read")
            return data
        if media.digest in self.unpulled and not self.content.has(media.digest):
            raise OpFailed(f"`{self.unpulled[media.digest]}` {NOT_PULLED}", hint=PULL)
        return self.content.read(media)

    def _shows_the_same(self, path: str, pinned: Record) -> bool:
        try:
            with open(self.root.readable(path, text=False), "rb") as file:
                return measure(file.read(), path).pixels == pinned.media.pixels
        except (OpFailed, PathError, OSError):
            return False
