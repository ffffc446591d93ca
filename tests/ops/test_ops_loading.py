"""Steps and Pillow are loaded when they are used: the table knows where each is, and threads may all be the first."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from assetforge import ops
from assetforge.ops.table import BUILT_IN, MODULES
from tests.builder import ROOT

ALL_AT_ONCE = """
import sys, threading
from assetforge.ops.pillow import Image
assert "PIL" not in sys.modules
found, start = [], threading.Barrier(16)
def ask():
    start.wait()
    found.append(Image.new("RGB", (1, 1)).convert("L").size)
threads = [threading.Thread(target=ask) for _ in range(16)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert found == [(1, 1)] * 16, found
"""


def test_every_module_of_steps_is_in_the_table() -> None:
    written = {
        path.stem for path in Path(next(iter(ops.__path__))).glob("*.py") if "\nOPS = (" in path.read_text("utf-8")
    }
    assert written == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_the_table_names_what_a_module_brings(module: str) -> None:
    brought = import_module(f"assetforge.ops.{module}").OPS
    assert tuple(op.name for op in brought) == MODULES[module]
    assert all(BUILT_IN[op.name] is op for op in brought)


def test_threads_may_ask_for_pillow_at_once() -> None:
    subprocess.run([sys.executable, "-c", ALL_AT_ONCE], cwd=ROOT, check=True, timeout=60)
