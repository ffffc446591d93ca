"""Builds in processes of their own: waited for, and killed."""

import subprocess
import time
from collections.abc import Callable

from tests.promises.site import PLANNED


def wait_for_plan(child: "subprocess.Popen[str]") -> None:
    """Returns when a build has looked at everything, and begins its work."""
    assert child.stdout is not None
    assert child.stdout.readline().strip() == PLANNED


def finish(child: "subprocess.Popen[str]", seconds: float = 30) -> str:
    """Waits for a build that ends well, and gives what it said."""
    said, wrong = child.communicate(timeout=seconds)
    assert child.returncode == 0, said + wrong
    return said


def kill(child: "subprocess.Popen[str]") -> None:
    """Ends a process as a loss of power would."""
    child.kill()
    child.communicate(timeout=10)


def wait_until(true: Callable[[], bool], seconds: float = 60) -> None:
    """Looks again and again, as often as the machine can."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.0005)
