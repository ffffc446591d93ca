"""One project opened on this machine: its store, state and lock, and the look-ups over them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assetforge.config import Settings
from assetforge.digest import digest_bytes
from assetforge.errors import Problem
from assetforge.events import Listener, Warned
from assetforge.graph.requests import provider_tables
from assetforge.manifest.load import Manifest
from assetforge.outputs.kept import Rest
from assetforge.outputs.lock import Lock, read_lock
from assetforge.outputs.names import NamesKept
from assetforge.outputs.rows import Rows
from assetforge.outputs.state import NAME as STATE
from assetforge.outputs.state import State, StateFile, project_folder
from assetforge.paths import Root
from assetforge.plan.price import Prices
from assetforge.providers.access import find_access
from assetforge.run.bytes import Bytes
from assetforge.run.drafts import Drafts
from assetforge.run.shelf import Shelf, now
from assetforge.store.blobs import Blobs
from assetforge.store.claims import Claims
from assetforge.store.layout import REHEARSAL
from assetforge.store.ledger import FILE, Ledger
from assetforge.store.month import Month
from assetforge.store.rates import Rates
from assetforge.store.records import Records
from assetforge.store.refusals import Refusals
from assetforge.world import World


@dataclass(slots=True)
class Remembered:
    """What a process knows of a project since it opened it the last time. It saves time, and decides nothing that
    costs money. `lock` is the digest of the lock's text as it was read or written last, "" where somebody else wrote
    it meanwhile. `silent` has remotes that did not answer, and when, in seconds of a clock that never goes back."""

    rows: Rows = field(default_factory=Rows)
    lock: str = ""
    silent: dict[str, float] = field(default_factory=dict)
    _states: dict[Path, StateFile] = field(default_factory=dict)

    def state(self, folder: Path) -> StateFile:
        """The state's file in a project's folder."""
        return self._states.setdefault(folder, StateFile(folder / STATE))


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything a build stands on. `data` is the user's data folder, `state.folder` the project's part of it, `rest`
    what is not looked at, `remembered` what this process knows from before."""

    root: Root
    manifest: Manifest
    settings: Settings
    environ: Mapping[str, str]
    variables: Mapping[str, str]
    data: Path
    shelf: Shelf
    claims: Claims
    refusals: Refusals
    rates: Rates
    state: State
    lock: Lock
    content: Bytes
    drafts: Drafts
    remembered: Remembered
    rest: Rest | None = None

    @property
    def lock_path(self) -> str:
        return os.path.join(self.root.path, lock_name(self.manifest.file))

    @property
    def inflight(self) -> Path:
        return self.data / "inflight"

    @property
    def project_id(self) -> str:
        return self.state.folder.name

    @property
    def title(self) -> str:
        """What people call the project."""
        return self.manifest.table.project.name or os.path.basename(self.root.path)

    def month(self, limit: float) -> Month:
        """The limit of a calendar month in US dollars, kept by all who share the store."""
        return Month(self.shelf.ledger, self.inflight, self.data / "month.lock", limit, now)

    @property
    def origins(self) -> dict[str, str]:
        """Where each provider is asked from here, by its name."""
        tables, _ = provider_tables(self.manifest)
        return {name: find_access(name, table, self.settings, self.environ).origin for name, table in tables.items()}

    @property
    def prices(self) -> Prices:
        """What calls cost, as these providers are asked from here."""
        tables, _ = provider_tables(self.manifest)
        return Prices.of(tables, self.origins)

    def world(self, *, trusting: bool = True, reencode: bool = False, retry_refused: bool = False) -> World:
        """Look-ups for one walk."""
        return World(
            root=self.root, state=self.state, lock=self.lock, records=self.shelf.records, content=self.content,
            drafts=self.drafts, names=NamesKept(self.state.folder), refusals=None if retry_refused else self.refusals,
            trusting=trusting, reencode=reencode, origins=self.origins,
        )  # fmt: skip


def lock_name(manifest: str) -> str:
    """`assets.lock` beside `assets.toml`."""
    return manifest.rpartition(".")[0] + ".lock"


@contextmanager
def open_workspace(
    root: Root,
    manifest: Manifest,
    settings: Settings,
    environ: Mapping[str, str],
    variables: Mapping[str, str],
    listen: Listener,
    remembered: Remembered | None = None,
) -> Iterator[Workspace]:
    """Opens what exists and makes nothing. Raises UsageError for a lock or a store that can't be read."""

    def dropped(digest: str) -> None:
        told = f"a damaged picture was dropped from the store: {digest[:12]}"
        listen(Warned(Problem(told, None, "it is fetched or made again where it is needed")))

    data = settings.cache_dir
    records = Records(data / "records")
    blobs = Blobs(data / "blobs", dropped)
    known, folder = remembered or Remembered(), project_folder(data, root.path, manifest.file)
    state = State(folder, root, known.state(folder))
    lock = read_lock(os.path.join(root.path, lock_name(manifest.file)), parse=known.rows.parse)
    known.lock = digest_bytes(lock.text.encode())
    files = _files_by_digest(lock, state)
    found = Bytes(blobs, root, files, manifest.table.cache.originals, seen=state.seen)
    shelf = Shelf(blobs, records, Ledger(data / FILE), rehearsal=(data / REHEARSAL).exists())
    try:
        yield Workspace(
            root=root,
            manifest=manifest,
            settings=settings,
            environ=environ,
            variables=variables,
            data=data,
            shelf=shelf,
            claims=Claims(data / "claims"),
            refusals=Refusals(data / "refusals.jsonl"),
            rates=Rates(data / "rates"),
            state=state,
            lock=lock,
            content=found,
            drafts=Drafts(records, blobs),
            remembered=known,
        )
    finally:
        records.close()


def _files_by_digest(lock: Lock, state: State) -> dict[str, tuple[str, ...]]:
    """Files of the project that are said to have a digest: what was built, by the lock and what was written here."""
    found: dict[str, list[str]] = {}
    for path, digests in lock.digests().items():
        for digest in digests:
            found.setdefault(digest, []).append(path)
    for path, written in state.written.items():
        found.setdefault(written.digest, []).append(path)
    return {digest: tuple(dict.fromkeys(paths)) for digest, paths in found.items()}
