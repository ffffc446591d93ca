"""assetforge builds a repository's pictures from `assets.toml`, and never pays for one twice."""

# Importing `typing` takes longer than finding out that a build has nothing to do.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from assetforge.project import Project, load

__all__ = ["Project", "__version__", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """`load` and `Project`, imported when first asked for, so that a build with nothing to do loads nothing."""
    if name in ("Project", "load"):
        from assetforge import project

        return getattr(project, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
