"""`[cache] originals`: bought pictures kept in the repository, flat, one file a digest, for machines that share no
store. Unaware of what is bought.
"""

import os
from collections.abc import Callable, Iterable

from assetforge import atomic
from assetforge.errors import Problem, Where
from assetforge.model import Media
from assetforge.paths import PathError, Root


def keep_originals(
    root: Root, folder: str, pictures: Iterable[Media], read: Callable[[str], bytes | None], where: Where
) -> list[Problem]:
    """Writes every picture that is not there yet as `<digest>.<format>`; what can't be written is told, not raised:
    the picture is safe in the store."""
    problems = []
    for media in pictures:
        try:
            path = root.clean(f"{media.digest}.{media.format}", folder)
            if os.path.lexists(root.writable(path)):
                continue
            data = read(media.digest)
            if data is None:
                continue
            with root.open_parent(path) as parent:
                atomic.write_in(parent, os.path.basename(path), data)
        except (PathError, OSError) as error:
            problems.append(Problem(f"an original can't be kept in `{folder}`: {error}", where))
            break
    return problems
