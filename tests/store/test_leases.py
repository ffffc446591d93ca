"""One builder for a key among machines: by generations, each made once, dead only when somebody saw it unchanged."""

import secrets
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assetforge.remotes import read_place
from assetforge.store.leases import BEAT_SECONDS, DEAD_SECONDS, LOOK_SECONDS, Held, Leases
from assetforge.store.remote import Remote, RemoteTrouble, open_remote
from assetforge.store.signs import SIGN_LIMIT, Sign, decode_sign, encode_sign, name_of
from tests.object_store import ObjectStore, object_store

KEY, OTHER, THIRD = "a" * 64, "b" * 64, "c" * 64
# How long something may take on a busy machine that never takes long.
PATIENCE = 30.0
# So many signs of life are given at once.
AT_ONCE = 8


@dataclass
class Clock:
    """A monotonic clock that is turned by hand."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def running() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def objects(running: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store with nothing in it, behind a proxy that passes everything on."""
    for name, value in running.environ.items():
        monkeypatch.setenv(name, value)
    running.folder = secrets.token_hex(4)
    running.requests.clear()
    yield running
    running.answer, running.delay, running.strip = pass_on, 0.0, ()


def pass_on(method: str, path: str) -> int | None:
    return None


@pytest.fixture(params=["folder", "s3"])
def remote(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    if request.param == "folder":
        return open_remote(read_place(str(tmp_path / "remote"), "/"))
    return over_the_wire(request.getfixturevalue("objects"))


def over_the_wire(objects: ObjectStore) -> Remote:
    return open_remote(read_place(objects.url, "/"))


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

    def must_hold(self, *keys: str) -> Held:
        held = self.hold(*keys)
        assert held is not None
        return held


@pytest.fixture
def machines(remote: Remote) -> Iterator[tuple[Machine, Machine, Machine]]:
    with machines_on(remote) as made:
        yield made


@contextmanager
def machines_on(remote: Remote) -> Iterator[tuple[Machine, Machine, Machine]]:
    made = (Machine(remote, "one", 5.0), Machine(remote, "two", 1e6), Machine(remote, "three", 77.0))
    yield made
    for machine in made:
        machine.leases.close()


def said(remote: Remote, key: str, generation: int = 1) -> Sign:
    """What a lease says now."""
    data = remote.get(name_of(key, generation), SIGN_LIMIT)
    assert data is not None
    return decode_sign(data)


def many(count: int) -> list[str]:
    return [f"{number:064x}" for number in range(count)]


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Work in a thread of its own, which has ended at the end."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join(PATIENCE)
        assert not thread.is_alive()


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


def test_signs_of_life_are_given_to_many_at_once(objects: ObjectStore) -> None:
    together = threading.Barrier(AT_ONCE)
    with machines_on(over_the_wire(objects)) as (one, _, _):
        one.must_hold(*many(2 * AT_ONCE))

        def answer(method: str, path: str) -> None:
            together.wait(PATIENCE)  # nobody is answered before so many have asked

        objects.answer = answer
        one.leases.beat()
        objects.answer = pass_on
        assert {said(over_the_wire(objects), key).beat for key in many(2 * AT_ONCE)} == {1}
        assert one.lost == []


def test_a_lease_gets_signs_of_life_while_others_of_its_call_are_still_made(objects: ObjectStore) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(method: str, path: str) -> None:
        if method == "PUT" and OTHER in path:
            asked.set()
            go_on.wait(PATIENCE)

    remote = over_the_wire(objects)
    with machines_on(remote) as (one, _, _):
        objects.answer = answer
        with beside(lambda: one.must_hold(KEY, OTHER)):
            assert asked.wait(PATIENCE)
            one.leases.beat()
            assert said(remote, KEY).beat == 1
            go_on.set()


def test_no_sign_of_life_comes_after_the_word_that_the_owner_is_done(objects: ObjectStore) -> None:
    puts, begun, second = [], threading.Event(), threading.Event()

    def answer(method: str, path: str) -> None:
        if method == "PUT":
            puts.append(path)
            (begun if len(puts) == 1 else second).set()
            if len(puts) == 1:
                second.wait(0.3)  # the sign of life is late: would the word overtake it?

    remote = over_the_wire(objects)
    with machines_on(remote) as (one, _, _):
        held = one.must_hold(KEY)
        objects.answer = answer
        with beside(one.leases.beat):
            assert begun.wait(PATIENCE)
            one.leases.release(held.leases)
        one.leases.beat()
        assert (said(remote, KEY).done, said(remote, KEY).beat, len(puts)) == (True, 1, 2)


def test_a_round_of_signs_leaves_out_who_is_done_meanwhile(objects: ObjectStore) -> None:
    remote, keys = over_the_wire(objects), many(2 * AT_ONCE)
    begun, go_on = threading.Barrier(AT_ONCE + 1), threading.Event()

    def answer(method: str, path: str) -> None:
        if not go_on.is_set() and any(key in path for key in keys[:AT_ONCE]):
            begun.wait(PATIENCE)
            go_on.wait(PATIENCE)

    with machines_on(remote) as (one, _, _):
        held = one.must_hold(*keys)
        objects.answer = answer
        with beside(one.leases.beat):
            begun.wait(PATIENCE)
            one.leases.release(held.leases[AT_ONCE:])
            go_on.set()
        told = [said(remote, key) for key in keys]
        assert [(sign.done, sign.beat) for sign in told] == [(False, 1)] * AT_ONCE + [(True, 0)] * AT_ONCE


def test_who_waits_for_one_of_many_keys_makes_no_lease(
    machines: tuple[Machine, Machine, Machine], remote: Remote
) -> None:
    one, two, _ = machines
    held = one.must_hold(OTHER)
    for _ in range(10):
        assert two.hold(KEY, OTHER, THIRD) is None
        two.wait(LOOK_SECONDS)
    assert list(remote.names("leases/")) == [name_of(OTHER, 1)]
    one.leases.release(held.leases)
    assert [lease.generation for lease in two.must_hold(KEY, OTHER, THIRD).leases] == [1, 2, 1]


def test_two_dead_leases_are_seen_to_die_at_once(machines: tuple[Machine, Machine, Machine]) -> None:
    one, two, _ = machines
    one.must_hold(KEY, OTHER)
    assert two.hold(KEY, OTHER) is None
    two.wait(DEAD_SECONDS)
    assert set(two.must_hold(KEY, OTHER).taken_over) == {KEY, OTHER}


def test_after_a_refusal_the_remote_is_left_alone_for_a_while(objects: ObjectStore) -> None:
    with machines_on(over_the_wire(objects)) as (one, two, _):
        one.must_hold(OTHER)
        assert two.hold(KEY, OTHER) is None
        objects.requests.clear()
        for _ in range(4):
            assert two.hold(KEY, OTHER) is None
            two.wait(LOOK_SECONDS / 4)
        assert objects.requests == []
        assert two.hold(KEY, OTHER) is None
        assert sorted(request.method for request in objects.requests) == ["GET", "HEAD"]


@contextmanager
def overtaken(objects: ObjectStore, key: str, faster: Callable[[], object]) -> Iterator[None]:
    """Somebody is faster between a look at a key and the lease on it."""
    waiting = [key]

    def answer(method: str, path: str) -> None:
        if method == "PUT" and waiting and waiting[0] in path:
            waiting.clear()
            faster()

    objects.answer = answer
    yield
    objects.answer = pass_on
    assert not waiting


def test_who_is_overtaken_holds_nothing_and_goes_on_from_where_he_was(objects: ObjectStore) -> None:
    remote = over_the_wire(objects)
    with machines_on(remote) as (one, two, three):
        with overtaken(objects, OTHER, lambda: one.must_hold(OTHER)):
            assert two.hold(KEY, OTHER) is None
        assert (said(remote, KEY).done, said(remote, OTHER).owner) == (True, "one")
        objects.requests.clear()
        two.leases.beat()
        assert objects.requests == []
        assert two.hold(KEY, OTHER) is None
        assert objects.requests == []
        assert [lease.generation for lease in three.must_hold(KEY).leases] == [2]
        objects.requests.clear()
        assert two.hold(KEY) is None
        assert not any("list-type" in request.path for request in objects.requests)
        assert len(objects.requests) == 2


def test_a_dead_machines_call_is_told_also_by_who_was_overtaken_at_first(objects: ObjectStore) -> None:
    with machines_on(over_the_wire(objects)) as (one, two, three):
        one.hold(KEY, price=0.25)
        assert two.hold(KEY, OTHER) is None
        two.wait(DEAD_SECONDS)
        faster: list[Held] = []
        with overtaken(objects, OTHER, lambda: faster.append(three.must_hold(OTHER))):
            assert two.hold(KEY, OTHER) is None
        three.leases.release(faster[0].leases)
        two.wait(LOOK_SECONDS)
        assert two.must_hold(KEY, OTHER).taken_over == {KEY: 0.25}


def test_who_comes_new_begins_with_the_last_generation_though_the_first_are_gone(
    machines: tuple[Machine, Machine, Machine], remote: Remote
) -> None:
    one, two, three = machines
    for _ in range(4):
        one.leases.release(one.must_hold(KEY).leases)
    held = one.must_hold(KEY)
    remote.write(f"leases/{KEY}/a note", b"of somebody else")
    remote.delete([name_of(KEY, generation) for generation in (1, 2, 4)])
    assert two.hold(KEY) is None
    one.leases.release(held.leases)
    assert [lease.generation for lease in three.must_hold(KEY).leases] == [6]


def test_a_first_look_is_as_quick_for_the_hundredth_generation(objects: ObjectStore) -> None:
    remote = over_the_wire(objects)
    remote.write(name_of(KEY, 100), encode_sign(Sign("another", "n", 0, done=True, price=None)))
    with machines_on(remote) as (one, _, _):
        objects.requests.clear()
        one.must_hold(KEY)
        assert [request.method for request in objects.requests[:3]] == ["GET", "GET", "PUT"]


def test_time_that_an_answer_took_is_not_counted_as_silence(objects: ObjectStore) -> None:
    with machines_on(over_the_wire(objects)) as (one, two, _):
        one.must_hold(KEY)
        assert two.hold(KEY) is None

        def answer(method: str, path: str) -> None:
            two.wait(20)

        two.wait(DEAD_SECONDS - 10)
        objects.answer = answer
        assert two.hold(KEY) is None


def test_words_that_can_not_be_written_keep_no_others_back(objects: ObjectStore) -> None:
    remote, keys = over_the_wire(objects), many(3 * AT_ONCE)
    refused, others = keys[:AT_ONCE], keys[AT_ONCE:]
    with machines_on(remote) as (one, _, _):
        held = one.must_hold(*keys)
        objects.answer = lambda method, path: 403 if any(key in path for key in refused) else None
        with pytest.raises(RemoteTrouble):
            one.leases.release(held.leases)
        objects.answer = pass_on
        assert {said(remote, key).done for key in refused} == {False}
        assert {said(remote, key).done for key in others} == {True}
        objects.requests.clear()
        one.leases.beat()
        assert objects.requests == []


def test_who_fails_while_he_takes_leases_gives_back_what_he_has(objects: ObjectStore) -> None:
    remote = over_the_wire(objects)
    with machines_on(remote) as (one, _, _):
        objects.answer = lambda method, path: 403 if OTHER in path and method == "PUT" else None
        with pytest.raises(RemoteTrouble):
            one.hold(KEY, OTHER)
        assert said(remote, KEY).done
        objects.requests.clear()
        one.leases.beat()
        assert objects.requests == []


def test_the_first_sign_of_life_that_fails_is_told_and_is_the_last(objects: ObjectStore) -> None:
    with machines_on(over_the_wire(objects)) as (one, _, _):
        one.must_hold(*many(5 * AT_ONCE))
        objects.requests.clear()
        objects.answer = lambda method, path: 403
        one.leases.beat()
        assert 1 <= len(objects.requests) <= AT_ONCE
        assert [str(error) for error in one.lost] == ["the credentials are not let in"]
        objects.answer = pass_on
        objects.requests.clear()
        one.leases.beat()
        with pytest.raises(RemoteTrouble, match="the credentials are not let in"):
            one.hold(KEY)
        assert objects.requests == []
        assert len(one.lost) == 1


def test_the_end_of_a_build_waits_for_no_round_of_signs_and_not_long_for_one(objects: ObjectStore) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def answer(method: str, path: str) -> None:
        asked.set()
        go_on.wait(PATIENCE)

    with machines_on(over_the_wire(objects)) as (one, _, _):
        one.must_hold(*many(5 * AT_ONCE))
        objects.requests.clear()
        objects.answer = answer
        with beside(one.leases.beat):
            assert asked.wait(PATIENCE)
            one.leases.close()  # it returns, though nobody was answered
            assert objects.requests == []
            go_on.set()
        assert 1 <= len(objects.requests) <= AT_ONCE
        assert one.lost == []
        assert one.hold(KEY) is None


def test_a_server_that_writes_over_what_is_there_holds_no_leases(objects: ObjectStore) -> None:
    remote = over_the_wire(objects)
    objects.strip = ("if-none-match",)
    with machines_on(remote) as (one, _, _):
        with pytest.raises(RemoteTrouble, match="it writes over what is there") as told:
            one.hold(KEY, OTHER)
        assert told.value.kind == "unsupported"
        assert said(remote, KEY).done
        assert remote.get(name_of(OTHER, 1), SIGN_LIMIT) is None


def test_a_server_is_tried_once_for_whether_it_writes_over_what_is_there(objects: ObjectStore) -> None:
    with machines_on(over_the_wire(objects)) as (one, _, _):
        one.must_hold(KEY, OTHER)
        one.must_hold(THIRD)
        assert [request.status for request in objects.requests if request.method == "PUT"] == [200, 412, 200, 200]


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
