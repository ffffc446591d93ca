"""`assetforge simulate`: an Images API on this machine, to rehearse a pipeline without spending."""

import math
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assetforge.cli import options as shared
from assetforge.cli.options import Run, pass_run
from assetforge.errors import UsageError

if TYPE_CHECKING:
    from assetforge.simulate.app import ImagesApi, Setup
    from assetforge.simulate.call import Call
    from assetforge.simulate.drawing import Drawing
    from assetforge.simulate.log import LogFile
    from assetforge.simulate.script import Script

# What the extra brings, by the names they are imported by.
EXTRA = frozenset({"starlette", "uvicorn", "python_multipart"})
KEY_ENV = "OPENAI_API_KEY"
# Between the pictures of two seeds.
NUMBERS = 1_000
# What a header can carry.
KEY = re.compile(r"[!-~]+")
COPY = "git worktree add --detach ../rehearsal"


class Within(click.ParamType):  # type: ignore[type-arg] # generic only in later releases
    """A number of a range, whole where `read` is int."""

    name = "N"

    def __init__(self, read: type[int] | type[float], low: int, high: int) -> None:
        self._read, self._low, self._high = read, low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            number = self._read(str(value))
        except ValueError:
            number = math.nan
        if not self._low <= number <= self._high:
            whole = "whole number" if self._read is int else "number"
            self.fail(f"`{value}` is not a {whole} from {self._low:,} to {self._high:,}", param, ctx)
        return number


MINUTE = Within(int, 1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Asked:
    """The command's options."""

    port: int
    latency: float
    images_per_minute: int | None
    requests_per_minute: int | None
    fault: float | None
    fault_kinds: str | None
    script: str | None
    picture: str | None
    log: str | None
    seed: int | None
    key: str


@click.command("simulate", short_help="Rehearse: an Images API on this machine that costs nothing.")
@click.option("--port", type=Within(int, 0, 65_535), default=0, metavar="N", help="Any free one without it.")
@click.option(
    "--latency",
    type=Within(float, 0, 3_600),
    default=0.0,
    metavar="SECONDS",
    help="How long each call takes at least.",
)
@click.option("--images-per-minute", type=MINUTE, metavar="N", help="Answers 429 to what goes beyond.")
@click.option("--requests-per-minute", type=MINUTE, metavar="N", help="Likewise.")
@click.option(
    "--fault",
    type=Within(float, 0, 1),
    metavar="RATE",
    help="The share of calls that go wrong, from 0 to 1.",
)
@click.option(
    "--fault-kinds",
    metavar="KIND,...",
    help="How they do: the kinds passing, maybe-billed (these two without it), refused, stop and odd, or names of "
    "faults. A wrong name is answered with all.",
)
@click.option("--script", metavar="FILE", help='A JSON list of {"fault": NAME, "match": TEXT, "times": N}.')
@click.option("--picture", metavar="FILE", help="Answers with this PNG or JPEG, whatever was asked.")
@click.option("--log", metavar="FILE", help="Adds a JSON object a line and a call.")
@click.option(
    "--seed",
    type=Within(int, 0, 1_000_000),
    metavar="N",
    help="The same faults and numbers on the pictures each time.",
)
@click.option("--key", default="simulated", metavar="KEY", help="The key it asks for.", show_default=True)
@shared.common
@pass_run
def command(run: Run, /, **given: Any) -> int:
    """Answers as the Images API does, on this machine alone, until Ctrl-C: strict about what it takes, with pictures
    that are drafts with a number, and with what each call would have cost. Copy the lines it prints into another
    terminal, and build there."""
    try:
        from assetforge.simulate.app import ImagesApi
        from assetforge.simulate.server import listen
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA:
            raise
        hint = 'pip install "assetforge-build[simulate]"'
        raise UsageError(f"`simulate` needs {missing}, which is not installed", hint=hint) from None
    asked = Asked(**given)
    _check(asked)
    setup, log = _setup(run, asked), _open_log(run, asked.log)
    bound = listen(asked.port)
    api = ImagesApi(setup)
    with _scratch_store(run) as store:
        _greet(run, asked, f"http://127.0.0.1:{bound.getsockname()[1]}", store)
        _serve(run, api, bound, log)
    return 0


def _check(asked: Asked) -> None:
    if not KEY.fullmatch(asked.key):
        wrong = "can't be sent in a header" if asked.key else "is empty"
        raise UsageError(f"`--key` {wrong}", hint="write ASCII without spaces, or leave `--key` out for `simulated`")
    if asked.fault_kinds is not None and asked.fault is None:
        hint = "say which share of the calls goes wrong, like `--fault 0.2`"
        raise UsageError("`--fault-kinds` needs `--fault`", hint=hint)


@contextmanager
def _scratch_store(run: Run) -> Iterator[Path]:
    """The store of one rehearsal. No key tells who drew a picture, so it is one of its own."""
    from assetforge.simulate import scratch

    try:
        store = scratch.make()
    except OSError as error:
        raise UsageError(
            f"no folder can be made for the pictures: {(error.strerror or str(error)).lower()}"
        ) from None
    try:
        yield store
    finally:
        if not scratch.discard(store):
            run.console.tell(f"its store stays in {store}: remove it when the rehearsal is over")


def _serve(run: Run, api: "ImagesApi", bound: Any, log: "LogFile | None") -> None:
    from assetforge.simulate.log import line, summary
    from assetforge.simulate.server import serve

    def tell(call: "Call", row: dict[str, Any]) -> None:
        run.console.tell(line(call, api.total_cost, api.unpriced))
        if log is not None:
            log.add(row)

    api.setup.tell = tell
    try:
        serve(api, bound, lambda: None)
    finally:
        if log is not None:
            log.close()
    pictures = sum(len(call.images) for call in api.calls)
    run.console.tell(summary(len(api.calls), pictures, api.total_cost, api.unpriced))


def _setup(run: Run, asked: Asked) -> "Setup":
    from assetforge.simulate.app import Setup
    from assetforge.simulate.limits import Limits

    limits = Limits(asked.requests_per_minute, asked.images_per_minute)
    setup = Setup(key=asked.key, latency=asked.latency, limits=limits, script=_script(run, asked))
    if asked.seed is not None:
        setup.serial = asked.seed * NUMBERS
    if asked.picture is not None:
        setup.draw = _prepared(run, asked.picture)
    return setup


def _script(run: Run, asked: Asked) -> "Script":
    from assetforge.simulate.script import Script, choose, read_script

    names = [] if asked.fault_kinds is None else [name.strip() for name in asked.fault_kinds.split(",")]
    text = "[]" if asked.script is None else _read(run, asked.script).decode("utf-8", "replace")
    queued = read_script(text, asked.script or "")
    return Script(queued, rate=asked.fault or 0.0, chosen=choose(names), seed=asked.seed)


def _prepared(run: Run, file: str) -> "Drawing":
    from assetforge.simulate.drawing import prepared

    try:
        return prepared(_read(run, file))
    except ValueError as error:
        raise UsageError(f"`{file}` is {error}") from None


def _read(run: Run, file: str) -> bytes:
    try:
        return Path(run.start, file).read_bytes()
    except OSError as error:
        raise UsageError(f"`{file}` can't be read: {(error.strerror or str(error)).lower()}") from None


def _open_log(run: Run, file: str | None) -> "LogFile | None":
    from assetforge.simulate.log import LogFile

    try:
        return None if file is None else LogFile(Path(run.start, file))
    except OSError as error:
        raise UsageError(f"`{file}` can't be written: {(error.strerror or str(error)).lower()}") from None


def _greet(run: Run, asked: Asked, origin: str, store: Path) -> None:
    """The lines to copy."""
    environ = {"OPENAI_BASE_URL": f"{origin}/v1", KEY_ENV: asked.key, "ASSETFORGE_CACHE_DIR": str(store)}
    trust = f"assetforge trust {origin} --key {KEY_ENV}"
    if run.console.as_json:
        run.emit("simulate", {"origin": origin, "environ": environ, "trust": trust, "pid": os.getpid()})
        return
    for name, value in environ.items():
        run.console.print(f"export {name}={shlex.quote(value)}")
    run.console.tell("rehearse in a copy of the project: its lock pins what was bought, and would pin these pictures")
    run.console.tell(f"`{COPY}` makes one of what is committed")
    run.console.tell(f"for a provider of the manifest with this base_url, run `{trust}`")
    run.console.tell("Ctrl-C ends it")
