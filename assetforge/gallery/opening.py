"""The project as a gallery opens it: whatever is wrong with the store, what is in the repository can be looked at."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from assetforge.errors import Problem, UsageError
from assetforge.events import Listener, Warned
from assetforge.project import NO_STORE, Project
from assetforge.run.drafts import Drafts
from assetforge.store.records import Records
from assetforge.workspace import Workspace, open_workspace

PROBE = "gallery"


@contextmanager
def opened(project: Project, listen: Listener) -> Iterator[Workspace]:
    """A project's workspace, of which nothing is written. A store that can't be looked into is none, and damaged
    records are told of and left out. Raises UsageError for a lock that can't be read, ManifestError."""
    settings, nowhere = project.settings, Path(project.root.path, NO_STORE)
    if not os.path.isdir(settings.cache_dir) or not os.access(settings.cache_dir, os.R_OK | os.X_OK):
        settings = replace(settings, cache_dir=nowhere)
    given = (project.root, project.manifest, settings, project.environ, project.variables)
    with open_workspace(*given, listen) as space:
        try:
            space.shelf.records.recall(PROBE)
        except UsageError as error:
            for problem in error.problems:
                listen(Warned(Problem(problem.message, problem.where, problem.hint)))
            records = Records(nowhere)
            shelf = replace(space.shelf, records=records)
            space = replace(space, shelf=shelf, drafts=Drafts(records, space.shelf.blobs))  # noqa: PLW2901
        yield space
