"""A project as a caller sees it: load it, then plan, build, check; the command line is a thin layer over this."""

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from assetforge.check import Checked, check
from assetforge.config import Settings, load_settings
from assetforge.digest import digest_bytes
from assetforge.errors import Disagreement, ManifestError, Problem, UsageError
from assetforge.events import Event, Listener, Warned
from assetforge.gate import Options
from assetforge.graph.select import select
from assetforge.manifest.load import Manifest, load_manifest
from assetforge.manifest.reading import Reading
from assetforge.manifest.source import Place, locate
from assetforge.model import Graph, Report
from assetforge.outputs.kept import Part, find_part
from assetforge.outputs.prune import find_prunable, paths_of
from assetforge.outputs.state import project_folder
from assetforge.outputs.whereabouts import keep_place
from assetforge.paths import PathError, Root
from assetforge.plan.forecast import Forecast
from assetforge.plan.walk import OnMiss
from assetforge.prospect import forecast_of, foreseen, places_of
from assetforge.run.stop import Stop
from assetforge.store.use import in_use
from assetforge.workspace import Remembered, Workspace, lock_name, open_workspace

MANIFEST_NAME = "assets.toml"
NO_STORE = ".assetforge-has-no-store-here"
DEFAULTS = Options()

__all__ = ["Options", "Project", "Stop", "find_manifest", "load"]


def nothing(event: Event) -> None:
    """A listener that does not listen."""


@dataclass(slots=True)
class Project:
    """A manifest on this machine. Reading the manifest is put off until something needs it, and done once. `today`
    is an ISO date, by which models that are shut down are told of; "" tells of none."""

    root: Root
    file: str
    settings: Settings
    environ: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    today: str = ""
    reading: Reading = field(init=False)
    _manifest: Manifest | None = field(init=False, default=None)
    _graphs: dict[str | None, Graph] = field(init=False, default_factory=dict)
    _remembered: Remembered = field(init=False, default_factory=Remembered)

    def __post_init__(self) -> None:
        self.reading = Reading(self.root)

    def anew(self) -> "Project":
        """The same project, of which nothing is read yet."""
        return Project(self.root, self.file, self.settings, self.environ, self.variables, self.today)

    def again(self) -> "Project":
        """The same, but for what this process knows of store and lock: for the thread that this one is used in."""
        other = self.anew()
        other._remembered = self._remembered
        return other

    @property
    def manifest(self) -> Manifest:
        """The manifest. Raises ManifestError where nothing can be made of it."""
        if self._manifest is None:
            self._manifest = load_manifest(self.reading, self.file)
        return self._manifest

    def graph(self, profile: str | None = None) -> Graph:
        """Every step, in order. Raises ManifestError with all mistakes."""
        if profile not in self._graphs:
            # A build of what changed reads the graph that the last one kept, and loads nothing that makes one.
            from assetforge.graph.resolve import resolve

            self._graphs[profile] = resolve(
                self.manifest, profile=profile, variables=self.variables, today=self.today
            )
        return self._graphs[profile]

    def knows_lock(self) -> bool:
        """Whether the lock's file is as this process has read or written it last."""
        try:
            with open(os.path.join(self.root.path, lock_name(self.file)), "rb") as file:
                return digest_bytes(file.read()) == self._remembered.lock
        except OSError:
            return self._remembered.lock == digest_bytes(b"")

    @property
    def resolved(self) -> Graph | None:
        """The graph of the manifest as it is, where something needed it and it could be made."""
        return self._graphs.get(None)

    def graphs(self) -> list[Graph]:
        """The graph, and those of profiles that write to a folder of their own: all that has files at once. Raises
        ManifestError."""
        profiles = self.manifest.table.profile.items()
        return [self.graph(), *(self.graph(name) for name, table in profiles if table.output_dir is not None)]

    def left_behind(self, space: Workspace, profile: str | None) -> tuple[str, ...]:
        """Unchanged files that were made here and that the manifest no longer has. Nothing is known of them while
        variables, or a profile, make it another manifest."""
        if self.variables or profile is not None:
            return ()
        known = (space.root, space.state, space.lock)
        if not find_prunable(*known, paths_of([self.graph()])).ours:
            return ()
        try:
            return find_prunable(*known, paths_of(self.graphs())).ours
        except ManifestError:  # of a profile that nobody asked for
            return ()

    def plan(self, options: Options = DEFAULTS, listen: Listener = nothing) -> Forecast:
        """What a build with these options would do; writes nothing and asks nobody."""
        graph = self.graph(options.profile)
        with self.workspace(listen) as space:
            world = space.world(
                trusting=not options.verify, reencode=options.reencode, retry_refused=options.retry_refused
            )
            return forecast_of(graph, world, places_of(space, graph, options.guard), options, space.prices)

    async def build(
        self,
        options: Options = DEFAULTS,
        listen: Listener = nothing,
        stop: Stop | None = None,
    ) -> Report:
        """Makes everything selected current. Raises AssetforgeError where nothing could be started."""
        # All that calls, draws and waits stands behind it: a plan needs none of that.
        from assetforge.build import build

        part = self._changed_part(options)
        if part is not None:
            with self.at_work(), self._workspace(part.manifest, listen) as space:
                if part.rest.has_still(space.root, lock_name(self.file)):
                    return await build(replace(space, rest=part.rest), part.graph, options, listen, stop or Stop())
        graph = self.graph(options.profile)
        with self.at_work(), self.workspace(listen) as space:
            report = await build(space, graph, options, listen, stop or Stop())
            return replace(report, left_behind=self.left_behind(space, options.profile))

    def _changed_part(self, options: Options) -> Part | None:
        """What can have changed since the last clean build of everything, where the files tell it."""
        # What can have changed is the same, whether what is missing would be bought then or only told.
        on_miss: OnMiss = "call" if options.on_miss == "fail" else options.on_miss
        asked = replace(options, on_miss=on_miss, max_cost=None, yes=False, fail_fast=False, jobs=None, consent=None)
        if self.variables or replace(asked, approval=DEFAULTS.approval) != DEFAULTS:
            return None
        return find_part(project_folder(self.settings.cache_dir, self.root.path, self.file), self.root, self.file)

    def check(self, *, files: bool = True, listen: Listener = nothing) -> list[Disagreement]:
        """What manifest, lock and files do not agree on; empty where they do. Without `files`, only manifest and
        lock. Touches neither the network nor what the store has made. Raises ManifestError."""
        return list(self.checked(files=files, listen=listen).disagreements)

    def checked(self, *, files: bool = True, listen: Listener = nothing) -> Checked:
        """The same, and what else a check finds."""
        graph, settings = self.graph(), self.settings
        if not os.path.isdir(settings.cache_dir) or not os.access(settings.cache_dir, os.R_OK | os.X_OK):
            # A store that can't be looked into is none: it is sought where there surely is nothing.
            settings = replace(settings, cache_dir=Path(self.root.path, NO_STORE))
        given = (self.root, self.manifest, settings, self.environ, self.variables)
        with open_workspace(*given, listen) as space:
            forecast = foreseen(graph, space.world(), Options(locked=True), select(graph, ()), space.prices)
            for remark in forecast.remarks:
                listen(Warned(remark))
            return check(space, forecast, files=files)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Nothing is removed from the store while the block runs, and the store knows where this project is: for
        whoever makes lock or state name what the store has. Raises AssetforgeError as `in_use`."""
        data = self.settings.cache_dir
        with in_use(data):
            self._keep_place(data)
            try:
                yield
            finally:
                self._keep_place(data)

    def _keep_place(self, data: Path) -> None:
        # Where it can't be written, whoever writes there next says so.
        with suppress(OSError):
            keep_place(data, self.root.path, self.file)

    def workspace(self, listen: Listener = nothing) -> AbstractContextManager[Workspace]:
        """The project's store, state and lock, open for as long as the block runs."""
        return self._workspace(self.manifest, listen)

    def _workspace(self, manifest: Manifest, listen: Listener) -> AbstractContextManager[Workspace]:
        given = (self.root, manifest, self.settings, self.environ, self.variables)
        return open_workspace(*given, listen, self._remembered)

    def place_of(self, problem: Problem) -> Place | None:
        """Line and column of a problem, for messages."""
        return None if problem.where is None else locate(problem.where, self._text)

    def _text(self, path: str) -> str | None:
        try:
            return self.reading.text(path)
        except PathError:
            return None


def find_manifest(folder: str) -> str | None:
    """The nearest `assets.toml` of a folder and those above it."""
    current = os.path.abspath(folder)
    while True:
        path = os.path.join(current, MANIFEST_NAME)
        if os.path.isfile(path):
            return path
        above = os.path.dirname(current)
        if above == current:
            return None
        current = above


def load(
    path: str | os.PathLike[str] = ".",
    *,
    variables: Mapping[str, str] | None = None,
    settings: Settings | None = None,
) -> Project:
    """Opens the project whose manifest is `path`, or is in that folder or above it, with the user's settings where no
    others are given. Raises UsageError where there is none, or where the user's settings are wrong."""
    given = os.fspath(path)
    found = find_manifest(given) if os.path.isdir(given) else given if os.path.isfile(given) else None
    if found is None:
        where = f"`{given}` and no folder above it has" if os.path.isdir(given) else "there is"
        told = f"no {MANIFEST_NAME} found: {where}" if os.path.isdir(given) else f"there is no file `{given}`"
        raise UsageError(
            told.replace(": `.` and no folder above it has", " here or in a folder above"),
            hint="run `assetforge init` to make one",
        )
    folder, name = os.path.split(os.path.abspath(found))
    environ = dict(os.environ)
    today = date.today().isoformat()  # noqa: DTZ011 - the day where the user is
    return Project(Root(folder), name, settings or load_settings(environ), environ, variables or {}, today)
