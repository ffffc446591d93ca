"""Laws of the claims: one holder at a time, across processes, and never longer than its process lives."""

import subprocess
import sys
from pathlib import Path

import pytest

from assetforge.store.claims import Claims, hold

ROOT = Path(__file__).parents[2]
KEY, OTHER = "a" * 64, "b" * 64

CLAIMING = """
import sys
from pathlib import Path
from assetforge.store.claims import Claims

claim = Claims(Path(sys.argv[1])).try_claim(sys.argv[2])
print("none" if claim is None else "held", flush=True)
sys.stdin.readline()
"""

REMOVING = """
import os, sys, time
from pathlib import Path
from assetforge.store.claims import hold

folder, end = Path(sys.argv[1]), time.monotonic() + 1
while time.monotonic() < end:
    claim = hold(folder / "lock")
    if claim is not None:
        os.mkdir(folder / "inside")  # fails where another process is inside too
        os.rmdir(folder / "inside")
        os.unlink(folder / "lock")
        claim.release()
"""


def claiming(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CLAIMING, str(folder), KEY],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_two_claims_of_one_process_on_one_key_exclude_each_other(tmp_path: Path) -> None:
    claims = Claims(tmp_path / "claims")
    first = claims.try_claim(KEY)
    assert first is not None
    assert claims.try_claim(KEY) is None
    assert Claims(tmp_path / "claims").try_claim(KEY) is None
    other = claims.try_claim(OTHER)
    assert other is not None
    first.release()
    again = claims.try_claim(KEY)
    assert again is not None
    again.release()
    other.release()


def test_a_claim_ends_with_its_block_and_its_file_stays(tmp_path: Path) -> None:
    claims = Claims(tmp_path)
    claim = claims.try_claim(KEY)
    assert claim is not None
    with claim:
        assert claims.try_claim(KEY) is None
    claim.release()
    assert (tmp_path / KEY).exists()
    again = claims.try_claim(KEY)
    assert again is not None
    claim.release()
    assert claims.try_claim(KEY) is None, "a released claim must not let go of another one"
    again.release()


def test_a_claim_of_another_process_dies_with_it(tmp_path: Path) -> None:
    claims = Claims(tmp_path)
    with claiming(tmp_path) as child:
        assert first_line(child) == "held"
        assert claims.try_claim(KEY) is None
        child.kill()
        child.wait()
        claim = claims.try_claim(KEY)
        assert claim is not None
    with claim, claiming(tmp_path) as child:
        assert first_line(child) == "none"
        child.communicate("\n")


@pytest.mark.parametrize("key", ["", "../outside", "a" * 63, "A" * 64])
def test_only_action_keys_are_claimed(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="not an action key"):
        Claims(tmp_path / "claims").try_claim(key)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_was_removed_locks_nobody_out(tmp_path: Path) -> None:
    """The law behind removing a build's lock file: what counts is the file that has the name."""
    path = tmp_path / "lock"
    first = hold(path)
    assert first is not None
    path.unlink()
    second = hold(path)
    assert second is not None
    assert hold(path) is None
    first.release()
    assert hold(path) is None
    second.release()


@pytest.mark.slow
def test_processes_that_remove_the_file_they_locked_are_never_two_inside(tmp_path: Path) -> None:
    command = [sys.executable, "-c", REMOVING, str(tmp_path)]
    children = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [child.wait() for child in children] == [0, 0, 0]


def test_a_lock_file_is_never_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError, match="lock"):
        hold(tmp_path / "lock")
    assert not (tmp_path / "outside").exists()
