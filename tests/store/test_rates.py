"""Laws of the rates: no minute has more than its limit, across processes, and a free place is never withheld."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assetforge.digest import digest_bytes
from assetforge.errors import UsageError
from assetforge.store.claims import hold
from assetforge.store.rates import Rates

ROOT = Path(__file__).parents[2]
NAME = "https://api.openai.com OPENAI_API_KEY"
NOW = 1_790_000_000.0

# Each process asks again and again, with a clock that all share, and tells when it was let through.
TAKING = """
import sys, time
from pathlib import Path
from assetforge.store.rates import Rates

rates, end = Rates(Path(sys.argv[1])), time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    now = time.time()
    if rates.take("limit", requests=25, images=60, n=3, now=now) == 0.0:
        print(now, flush=True)
"""

steps = st.lists(
    st.tuples(st.sampled_from([0.0, 0.01, 0.1, 0.7, 3.0, 20.0, 59.9, 60.0, 61.0]), st.integers(1, 4)), max_size=60
)
limits = st.one_of(st.none(), st.integers(4, 9))


def content(folder: Path, name: str = NAME) -> Path:
    return folder / digest_bytes(name.encode())


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as found:
        yield Path(found)


@given(steps=steps, requests=limits, images=limits)
def test_no_minute_has_more_than_its_limit(
    steps: list[tuple[float, int]], requests: int | None, images: int | None
) -> None:
    now = NOW
    let_through: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as found:
        rates = Rates(Path(found))
        for pause, n in steps:
            now += pause
            if rates.take(NAME, requests=requests, images=images, n=n, now=now) == 0.0:
                let_through.append((now, n))
    for start, _ in let_through:
        minute = [n for at, n in let_through if start <= at < start + 60]
        assert requests is None or len(minute) <= requests
        assert images is None or sum(minute) <= images


@given(steps=steps, requests=st.integers(1, 9), images=st.integers(4, 9))
def test_who_waits_as_long_as_told_is_let_through_and_nobody_waits_with_places_free(
    steps: list[tuple[float, int]], requests: int, images: int
) -> None:
    now = NOW
    let_through: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as found:
        rates = Rates(Path(found))
        for pause, n in steps:
            now += pause
            wait = rates.take(NAME, requests=requests, images=images, n=n, now=now)
            if wait:
                # What was taken in the last minute, and the tenth of a second by which a place may come back late.
                minute = [drawn for at, drawn in let_through if at > now - 60.2]
                assert len(minute) >= requests or sum(minute) + n > images
                assert 0 < wait < 60.2
                now += wait
                assert rates.take(NAME, requests=requests, images=images, n=n, now=now) == 0.0
            let_through.append((now, n))


@given(behind=st.lists(st.floats(0, 50), max_size=40))
def test_a_process_that_was_held_up_after_looking_at_its_clock_passes_no_limit(behind: list[float]) -> None:
    with tempfile.TemporaryDirectory() as found:
        rates = Rates(Path(found))
        taken = [rates.take(NAME, requests=5, images=None, n=1, now=NOW - late) == 0.0 for late in behind]
    assert taken == [True] * min(5, len(behind)) + [False] * (len(behind) - 5)


def test_without_limits_nothing_is_kept(folder: Path) -> None:
    rates = Rates(folder / "rates")
    assert [rates.take(NAME, requests=None, images=None, n=10, now=NOW) for _ in range(3)] == [0.0] * 3
    assert not (folder / "rates").exists()


def test_limits_of_different_names_do_not_meet(folder: Path) -> None:
    rates = Rates(folder)
    assert rates.take("one", requests=1, images=None, n=1, now=NOW) == 0.0
    assert rates.take("other", requests=1, images=None, n=1, now=NOW) == 0.0
    assert rates.take("one", requests=1, images=None, n=1, now=NOW) > 59
    assert "one" not in "".join(path.read_text() for path in folder.iterdir())


def test_more_images_than_a_minute_may_have_go_alone(folder: Path) -> None:
    rates = Rates(folder)
    assert rates.take(NAME, requests=None, images=4, n=1, now=NOW) == 0.0
    wait = rates.take(NAME, requests=None, images=4, n=10, now=NOW)
    assert wait > 59
    assert rates.take(NAME, requests=None, images=4, n=10, now=NOW + wait) == 0.0
    assert rates.take(NAME, requests=None, images=4, n=1, now=NOW + wait) > 59


def test_a_limit_that_another_process_looks_at_is_asked_for_again_at_once(folder: Path) -> None:
    rates = Rates(folder)
    assert rates.take(NAME, requests=2, images=None, n=1, now=NOW) == 0.0
    claim = hold(content(folder).with_suffix(".lock"))
    assert claim is not None
    with claim:
        assert 0 < rates.take(NAME, requests=2, images=None, n=1, now=NOW) < 0.1
    assert rates.take(NAME, requests=2, images=None, n=1, now=NOW) == 0.0


@pytest.mark.parametrize(
    "spoilt",
    [b"", b"\0" * 50, b"{", b"[]", b'{"v":1}', b'{"v":1,"taken":{}}', b'{"v":1,"taken":[[1,2]]}',
     b'{"v":1,"taken":[["1",1,1]]}', b'{"v":1,"taken":[[-1,1,1]]}', b'{"v":1,"taken":[[1e400,1,1]]}', b" " * 100_000],
)  # fmt: skip
def test_what_cannot_be_read_counts_as_nothing(folder: Path, spoilt: bytes) -> None:
    content(folder).write_bytes(spoilt)
    rates = Rates(folder)
    assert rates.take(NAME, requests=1, images=1, n=1, now=NOW) == 0.0
    assert rates.take(NAME, requests=1, images=1, n=1, now=NOW) > 59


def test_what_a_newer_release_keeps_is_refused_in_words(folder: Path) -> None:
    content(folder).write_bytes(b'{"v":2,"taken":[]}')
    with pytest.raises(UsageError, match="newer assetforge"):
        Rates(folder).take(NAME, requests=1, images=None, n=1, now=NOW)


def test_a_clock_that_is_set_back_blocks_nobody(folder: Path) -> None:
    rates = Rates(folder)
    assert rates.take(NAME, requests=1, images=None, n=1, now=NOW) == 0.0
    assert rates.take(NAME, requests=1, images=None, n=1, now=NOW - 3600) == 0.0


def test_a_file_stays_small_however_high_the_limit(folder: Path) -> None:
    rates = Rates(folder)
    for tenth in range(1500):
        assert rates.take(NAME, requests=1_000_000, images=1_000_000, n=10, now=NOW + tenth / 10) == 0.0
    assert content(folder).stat().st_size < 20_000
    assert len(json.loads(content(folder).read_text())["taken"]) <= 601


@pytest.mark.slow
def test_processes_together_never_pass_a_limit(folder: Path) -> None:
    command = [sys.executable, "-c", TAKING, str(folder), "1.5"]
    children = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = [child.communicate(timeout=60)[0] for child in children]
    assert [child.returncode for child in children] == [0] * 4
    assert len("".join(told).split()) == 20
