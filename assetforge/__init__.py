"""assetforge builds a repository's pictures from `assets.toml`, and never pays for one twice."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assetforge.project import Project, load

__all__ = ["Project", "__version__", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`load` and `Project`, imported when first asked for, so that a build with nothing to do loads nothing."""
    if name in ("Project", "load"):
        from assetforge import project

        return getattr(project, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
