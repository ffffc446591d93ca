"""The command line as a process of its own, as a user meets it."""

import subprocess
import sys
from dataclasses import dataclass

from tests.promises.site import ROOT, Site

# Before the command line begins: no file may grow past a limit; and permissions count, also for root, who loses
# CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH (capabilities(7), prctl(2): PR_CAPBSET_DROP is 24).
LIMITED = "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))"
HUMBLE = "[ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) for capability in (1, 2) if os.getuid() == 0]"
FIRST = "import ctypes, os, resource, sys; {}; os.execv(sys.argv[2], sys.argv[2:])"


@dataclass(frozen=True)
class Told:
    """How a build ended, and what it said."""

    code: int
    text: str


def start(site: Site, *, limit: int = 0) -> "subprocess.Popen[str]":
    """The command line at work, as somebody for whom permissions count; no file may grow past `limit` bytes, where
    one is given."""
    first = FIRST.format(LIMITED if limit else HUMBLE)
    words = [sys.executable, "-c", first, str(limit), sys.executable, "-m", "assetforge", "build", "--yes"]
    environ = site.process_environ() | {"PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen(words, cwd=site.folder, env=environ, stdout=pipe, stderr=subprocess.STDOUT, text=True)


def end(child: "subprocess.Popen[str]") -> Told:
    """Waits for a build that ends in words."""
    text, _ = child.communicate(timeout=60)
    assert "Traceback" not in text, text
    assert "bug in assetforge" not in text, text
    return Told(child.returncode, text)


def build(site: Site, *, limit: int = 0) -> Told:
    return end(start(site, limit=limit))
