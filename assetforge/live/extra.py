"""Whether what a server needs is installed, asked before anything is started; unaware of what it serves."""

import importlib.util

from assetforge.errors import UsageError

NEEDED = ("starlette", "uvicorn")


def require_extra(command: str) -> None:
    """Raises UsageError where a package that the command needs for `--serve` is not installed."""
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            hint = 'pip install "assetforge-build[serve]"'
            raise UsageError(f"`{command} --serve` needs {name}, which is not installed", hint=hint)
