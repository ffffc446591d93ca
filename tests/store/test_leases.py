"""One builder for a key among machines: by generations, each made once, dead only when somebody saw it unchanged."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.remotes import read_place
from assetforge.store.leases import BEAT_SECONDS, DEAD_SECONDS, LOOK_SECONDS, Held, Leases
from assetforge.store.remote import Remote, RemoteTrouble, open_remote
from tests.object_store import object_store

KEY, OTHER = "a" * 64, "b" * 64


@dataclass
class Clock:
    """A monotonic clock that is turned by hand."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["folder", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    if request.param == "folder":
        yield open_remote(read_place(str(tmp_path / "remote"), "/"))
        return
    with object_store() as store:
        for name, value in store.environ.items():
            monkeypatch.setenv(name, value)
        yield open_remote(read_place(store.url, "/"))


class Machine:
    """A machine with a store, and a clock of its own that says nothing of others'."""

    def __init__(self, remote: Remote, name: str, start: float) -> None:
        self.clock = Clock(start)
        self.lost: list[RemoteTrouble] = []
        self.leases = Leases(remote, name, clock=self.clock, lost=self.lost.append)

    def hold(self, *keys: str, price: float | None = 0.05) -> Held | None:
        return self.leases.hold(keys, price)

    def wait(self, seconds: float) -> None:
        self.clock.now += seconds


@pytest.fixture
def machines(remote: Remote) -> Iterator[tuple[Machine, Machine, Machine]]:
    made = (Machine(remote, "one", 5.0), Machine(remote, "two", 1e6), Machine(remote, "three", 77.0))
    yield made
    for machine in made:
        machine.leases.close()


def test_one_holds_a_key_and_others_wait_until_it_is_done(machines: tuple[Machine, Machine, Machine]) -> None:
    one, two, _ = machines
    held = one.hold(KEY)
    assert held is not None
    assert two.hold(KEY) is None
    assert two.hold(OTHER) is not None
    one.leases.release(held.leases)
    two.wait(LOOK_SECONDS)
    again = two.hold(KEY)
    assert again is not None
    assert again.taken_over == {}
    assert [lease.generation for lease in again.leases] == [2]


def test_all_keys_or_none(machines: tuple[Machine, Machine, Machine]) -> None:
    one, two, three = machines
    assert one.hold(OTHER) is not None
    assert two.hold(KEY, OTHER) is None
    assert three.hold(KEY) is not None


def test_a_lease_is_dead_when_it_was_seen_unchanged_for_ninety_seconds_and_not_before(
    machines: tuple[Machine, Machine, Machine],
) -> None:
    one, two, _ = machines
    one.hold(KEY, price=0.25)
    two.wait(10_000)  # nobody looked meanwhile: the time before the first look says nothing
    assert two.hold(KEY) is None
    two.wait(DEAD_SECONDS - 1)
    assert two.hold(KEY) is None
    two.wait(1)
    held = two.hold(KEY)
    assert held is not None
    assert held.taken_over == {KEY: 0.25}


def test_a_sign_of_life_begins_the_ninety_seconds_anew(
    machines: tuple[Machine, Machine, Machine], remote: Remote
) -> None:
    one, two, _ = machines
    held = one.hold(KEY)
    assert held is not None
    for _ in range(10):
        assert two.hold(KEY) is None
        two.wait(DEAD_SECONDS - BEAT_SECONDS)
        one.leases.beat()
    assert two.hold(KEY) is None
    two.wait(DEAD_SECONDS)
    assert two.hold(KEY) is not None


def test_of_two_who_find_a_dead_lease_one_takes_it_over(machines: tuple[Machine, Machine, Machine]) -> None:
    one, two, three = machines
    one.hold(KEY)
    assert (two.hold(KEY), three.hold(KEY)) == (None, None)
    two.wait(DEAD_SECONDS)
    three.wait(DEAD_SECONDS)
    assert [two.hold(KEY) is None, three.hold(KEY) is None] == [False, True]
    three.wait(DEAD_SECONDS - 1)
    assert three.hold(KEY) is None


def test_the_same_store_goes_on_at_once_and_books_nothing(remote: Remote) -> None:
    killed, restarted = Machine(remote, "one", 0.0), Machine(remote, "one", 0.0)
    killed.hold(KEY)
    held = restarted.hold(KEY)
    assert held is not None
    assert held.taken_over == {}
    killed.leases.close()
    restarted.leases.close()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"v":1,"owner":1}', b"\xff", b"x" * 10_000])
def test_a_lease_that_says_nothing_sound_is_somebodys_until_it_is_dead(remote: Remote, content: bytes) -> None:
    remote.write(f"leases/{KEY}/000001", content)
    machine = Machine(remote, "one", 0.0)
    assert machine.hold(KEY) is None
    machine.wait(DEAD_SECONDS)
    assert machine.hold(KEY) is not None
    machine.leases.close()


moves = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["hold", "release", "wait a little", "beat", "die"])), max_size=40
)


@settings(max_examples=60)
@given(moves=moves)
def test_no_two_living_machines_that_give_signs_of_life_ever_hold_one_key(moves: list[tuple[int, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        remote = open_remote(read_place(folder, "/"))
        machines = [Machine(remote, str(number), 1_000.0 * number) for number in range(3)]
        holding: dict[int, Held] = {}
        lives = set(range(3))
        for number, move in moves:
            if number not in lives:
                continue
            machine = machines[number]
            if move == "hold" and number not in holding:
                held = machine.hold(KEY)
                if held is not None:
                    holding[number] = held
            elif move == "release" and number in holding:
                machine.leases.release(holding.pop(number).leases)
            elif move == "beat":
                machine.leases.beat()
            elif move == "die":
                lives.discard(number)
                holding.pop(number, None)
            else:
                # Time passes for all alike, and who lives gives his sign meanwhile.
                for each in machines:
                    each.wait(BEAT_SECONDS)
                for living in lives:
                    machines[living].leases.beat()
            assert len(holding) <= 1
        for machine in machines:
            machine.leases.close()
