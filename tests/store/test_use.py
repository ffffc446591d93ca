"""Many may use a store together; who removes something is alone; both end with their process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from assetforge.errors import UsageError
from assetforge.store.use import FILE, alone, in_use

ROOT = Path(__file__).parents[2]


@contextmanager
def elsewhere(folder: Path, how: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that uses a store till it is ended."""
    code = (
        "import sys; from pathlib import Path; from assetforge.store.use import *\n"
        f"with {how}(Path(sys.argv[1])):\n    print('in', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == "in\n"
        yield child
        child.kill()


def test_builds_use_a_store_together(tmp_path: Path) -> None:
    with elsewhere(tmp_path, "in_use"), in_use(tmp_path), in_use(tmp_path):
        pass


def test_nobody_is_alone_while_a_build_is_at_work(tmp_path: Path) -> None:
    with elsewhere(tmp_path, "in_use") as child:
        with pytest.raises(UsageError, match="a build is at work"), alone(tmp_path):
            pass
        child.kill()
        child.wait()
        with alone(tmp_path), pytest.raises(UsageError), alone(tmp_path):
            pass


@pytest.mark.parametrize("end", [lambda child: child.kill(), lambda child: child.stdin.close()])
def test_a_build_waits_for_who_is_alone_and_goes_on_when_that_ends(
    tmp_path: Path, end: "Callable[[subprocess.Popen[str]], None]"
) -> None:
    began = Event()

    def build() -> None:
        with in_use(tmp_path):
            began.set()

    with elsewhere(tmp_path, "alone") as child:
        waiting = Thread(target=build)
        waiting.start()
        assert not began.wait(0.2)
        end(child)
        assert began.wait(20)
        waiting.join()


def test_a_store_is_made_where_there_is_none(tmp_path: Path) -> None:
    with in_use(tmp_path / "new" / "store"):
        assert [path.name for path in (tmp_path / "new" / "store").iterdir()] == [FILE]


def test_what_can_t_be_written_to_is_used_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with in_use(tmp_path / "store"):
        pass
