"""Forbids what no test may do: to speak to another machine, and to touch the user's own settings and store.

Python imports a module of this name at its start: with this folder on PYTHONPATH every process that a test starts is
sealed as well. An audit hook sees what any library does, and can't be taken away again.
"""

import ipaddress
import os
import sys
from typing import Any

FOLDERS = "SEALED_FOLDERS"
FILE_EVENTS = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.listdir", "os.scandir"})


class SealedError(RuntimeError):
    """A test did what no test may do."""


def is_here(host: object) -> bool:
    """Whether a host is this machine, told without asking anybody."""
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(str(name).partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def is_address(host: object) -> bool:
    """Whether a host needs no looking up."""
    try:
        ipaddress.ip_address(str(host))
    except ValueError:
        return False
    return True


def watch(event: str, args: tuple[Any, ...]) -> None:
    """The audit hook."""
    if event in ("socket.connect", "socket.sendto") and isinstance(args[1], tuple) and not is_here(args[1][0]):
        raise SealedError(f"a test would speak to {args[1][0]}")
    if event == "socket.getaddrinfo" and not is_here(args[0]) and not is_address(args[0]):
        raise SealedError(f"a test would look up {args[0]!r}")
    if event in FILE_EVENTS and isinstance(args[0], str | bytes | os.PathLike) and folders:
        path = os.path.abspath(os.fsdecode(args[0]))
        if path.startswith(folders):
            raise SealedError(f"a test would touch {path}")


folders = tuple(filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)))
if not getattr(sys, "_sealed", False):
    sys._sealed = True  # type: ignore[attr-defined] # imported under two names, the hook is added once
    sys.addaudithook(watch)
