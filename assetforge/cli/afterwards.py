"""`--exec`: a command after each build that changed something; without a shell, and without keys."""

import asyncio
import os
import shlex
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from assetforge.errors import UsageError

LAST_SECONDS = 5.0
# A key that is shorter stands in other texts by chance.
LEAST_KEY = 8
# What a manifest calls a key's variable, and no command can do without.
KEPT = frozenset({"PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "TMPDIR", "LANG", "TERM", "TZ"})


def read_command(text: str) -> tuple[str, ...]:
    """A command's words, as a shell would part them. Raises UsageError."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"--exec: `{text}` can't be read: {str(error).lower()}") from None
    if not words:
        raise UsageError("--exec needs a command", hint='write it like --exec "npm run reload"')
    return words


def without_keys(environ: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """An environment in which no variable of these names is, nor one that has the value of such a one in it."""
    keys = {environ[name] for name in {*names} - KEPT if environ.get(name)}
    return {
        name: value for name, value in environ.items() if name in KEPT or not any(_has(value, key) for key in keys)
    }


def _has(value: str, key: str) -> bool:
    return key in value if len(key) >= LEAST_KEY else key == value


class Afterwards:
    """Runs a command, never twice at once: when it is wanted again meanwhile it runs once more after that."""

    def __init__(self, words: tuple[str, ...], folder: str, say: Callable[[str], None]) -> None:
        self._words = words
        self._folder = folder
        self._environ: Mapping[str, str] = {}
        self._say = say
        self._is_wanted = False
        self._task: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    def run(self, environ: Mapping[str, str]) -> None:
        """Something changed. `environ` is the command's environment."""
        self._environ = environ
        self._is_wanted = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Ends what still runs, and what that has started."""
        self._is_wanted = False
        process, task = self._process, self._task
        if process is not None and process.returncode is None:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), LAST_SECONDS)
            self._signal(signal.SIGKILL)
        if task is not None:
            await asyncio.wait([task])

    def kill(self) -> None:
        """Ends it at once, for a process that ends at once itself."""
        if self._process is not None and self._process.returncode is None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    async def _run(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            try:
                self._process = await asyncio.create_subprocess_exec(
                    *self._words, cwd=self._folder, env=self._environ, stdin=asyncio.subprocess.DEVNULL,
                    process_group=0,
                )  # fmt: skip
            except OSError as error:
                self._say(f"`{self._words[0]}` can't be run: {(error.strerror or str(error)).lower()}")
                return
            code = await self._process.wait()
            if code > 0:
                self._say(f"`{shlex.join(self._words)}` ended with {code}")
