"""Settings from outside the repository: the user's file, the trusted origins, the environment.

The order is default < user file < manifest < environment < flag; of limits of money the lowest wins. Nothing a
manifest says can widen what is set here: which origins may be spoken to, and with which key, is decided outside
the repository only.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assetforge import atomic
from assetforge.entry import problems_of
from assetforge.errors import UsageError, Where
from assetforge.remotes import is_loopback_url, is_remote_url, is_web_url, read_place

MAX_USD = "`ASSETFORGE_MAX_USD`"
CONFIG_FILE = "config.toml"
OPENAI = "https://api.openai.com"
TRUST_FILE = "trust.json"
# What may be the name of a variable; few keys look like one.
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class UserFile(BaseModel):
    """`config.toml` in the user's configuration folder."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    cache_dir: str | None = None
    confirm_usd: Dollars | None = None
    max_usd_per_build: Dollars | None = None
    max_usd_per_month: Dollars | None = None
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """An origin (scheme, host, port) that prompts may go to, and the variable of the key that may go with them; or a
    remote, a URL or a folder, that may be used where a manifest names it."""

    origin: str
    key_env: str | None

    @property
    def is_remote(self) -> bool:
        """Whether it is trust in a remote only: no prompt goes there."""
        return is_remote_url(self.origin)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user, not the manifest, decides. Money in US dollars, None where there is no limit. `max_usd_name`
    says where the lowest limit of a build stands. `remote` is the one that the environment names, `own_remote` the
    user's for manifests that name none."""

    cache_dir: Path
    config_dir: Path
    trusted: tuple[Trust, ...]
    confirm_usd: float | None
    max_usd: float | None
    openai_base_url: str | None
    max_usd_per_month: float | None = None
    max_usd_name: str = ""
    remote: str | None = None
    own_remote: str | None = None


def origin_of(url: str) -> str:
    """`https://host` or `https://host:port` of a URL, the port left out where it is the scheme's own.

    Raises UsageError for what is not an http(s) URL with a host, or carries a user name.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError(f"`{url}` is not a URL", hint="write it like https://relay.example/v1") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"`{url}` is not an http(s) URL", hint="write it like https://relay.example/v1")
    if parts.username is not None or parts.password is not None:
        raise UsageError("a URL may not carry a user name or a password", hint="name a key variable instead")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    standard = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in (None, standard) else f":{port}")


def trust_in(text: str, key_env: str | None) -> Trust:
    """What is trusted by a text and the variable of a key: with a key, or without a path, the origin of a URL of
    http(s); else the remote that it names, and that alone. Raises UsageError."""
    is_remote = is_remote_url(text)
    if is_web_url(text) and (key_env is not None or not is_remote):
        return Trust(origin_of(text), key_env)
    if not is_remote:
        hint = "write it like https://relay.example, s3://bucket/folder, or as an absolute folder"
        raise UsageError(f"`{text}` is neither an http(s) URL nor a remote", hint=hint)
    if key_env is not None:
        hint = "set the service's own variables, like AWS_ACCESS_KEY_ID"
        raise UsageError("a remote has no key here", hint=hint)
    return Trust(read_place(text, os.sep).url, None)


def is_loopback(origin: str) -> bool:
    """Whether an origin is this machine; only there may it be plain http."""
    return is_loopback_url(origin)


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Reads the user's file, the trusted origins and the environment. Raises UsageError."""
    config_dir = config_folder(environ)
    user = read_user_file(config_dir / CONFIG_FILE)
    return settle(environ, config_dir, user=user, trusted=read_trusted(config_dir))


def config_folder(environ: Mapping[str, str]) -> Path:
    """Where the user's own settings are."""
    return Path(environ.get("ASSETFORGE_CONFIG_DIR") or platformdirs.user_config_dir("assetforge"))


def settle(environ: Mapping[str, str], config_dir: Path, *, user: UserFile, trusted: tuple[Trust, ...]) -> Settings:
    """The settings, from what the user's files say and the environment. Raises UsageError for the second."""
    cache_dir = environ.get("ASSETFORGE_CACHE_DIR") or user.cache_dir or platformdirs.user_data_dir("assetforge")
    ceiling = read_dollars("ASSETFORGE_MAX_USD", environ)
    named = {MAX_USD: ceiling, f"`max_usd_per_build` of `{config_dir / CONFIG_FILE}`": user.max_usd_per_build}
    limits = {name: limit for name, limit in named.items() if limit is not None}
    lowest = min(limits, key=lambda name: limits[name], default="")
    return Settings(
        cache_dir=_store_folder(cache_dir),
        config_dir=config_dir,
        trusted=(*trusted, *trusted_by_environment(environ)),
        confirm_usd=user.confirm_usd,
        max_usd=limits.get(lowest),
        max_usd_name=lowest,
        openai_base_url=environ.get("OPENAI_BASE_URL") or None,
        max_usd_per_month=user.max_usd_per_month,
        remote=environ.get("ASSETFORGE_REMOTE", "").strip() or None,
        own_remote=user.remote,
    )


def _store_folder(text: str) -> Path:
    """Where the store is. Raises UsageError for a path that its database would take for another one, before anything
    is paid for."""
    folder = os.path.abspath(os.path.expanduser(text))
    if os.path.expandvars(folder) != folder:
        hint = "set ASSETFORGE_CACHE_DIR to another folder"
        raise UsageError(f"the store's folder `{folder}` holds the name of a variable", hint=hint)
    return Path(folder)


def read_user_file(path: Path) -> UserFile:
    """The user's own settings, or their defaults where there is no file. Raises UsageError."""
    raw: dict[str, object] = {}
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
        return UserFile.model_validate(raw)
    except FileNotFoundError:
        return UserFile()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    except ValidationError as error:
        problems = problems_of(error, raw, subject="your settings file", where=Where(str(path)), model=UserFile)
        told = UsageError(problems[0].message)
        told.problems = tuple(problems)
        raise told from None


def read_dollars(name: str, environ: Mapping[str, str]) -> float | None:
    """An amount of money from the environment. Raises UsageError rather than ignoring a limit it can't read."""
    text = environ.get(name, "").strip()
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise UsageError(f"{name} is `{text}`, which is not an amount of US dollars", hint="write it like 2.50")
    return amount


def read_trusted(config_dir: Path) -> tuple[Trust, ...]:
    """What `assetforge trust` has written."""
    path = config_dir / TRUST_FILE
    try:
        entries = json.loads(path.read_text("utf-8"))
        return tuple(Trust(str(origin), key or None) for origin, key in sorted(entries.items()))
    except FileNotFoundError:
        return ()
    except (ValueError, AttributeError):
        raise UsageError(f"{path} can't be read", hint="remove it, and run `assetforge trust` again") from None


def trusted_by_environment(environ: Mapping[str, str]) -> tuple[Trust, ...]:
    """Built in: OpenAI with its own key; then OPENAI_BASE_URL for that key, then ASSETFORGE_TRUST's list."""
    trusted = [Trust(OPENAI, "OPENAI_API_KEY")]
    if environ.get("OPENAI_BASE_URL"):
        trusted.append(Trust(origin_of(environ["OPENAI_BASE_URL"]), "OPENAI_API_KEY"))
    entries = filter(None, (part.strip() for part in environ.get("ASSETFORGE_TRUST", "").split(",")))
    return (*trusted, *(_trusted_by(entry) for entry in entries))


def _trusted_by(entry: str) -> Trust:
    """An entry of ASSETFORGE_TRUST. Raises UsageError, which doesn't repeat it: it may hold the key itself."""
    url, equals, key = entry.partition("=")
    with suppress(UsageError):
        if not equals or VARIABLE.fullmatch(key.strip()):
            return trust_in(url.strip(), key.strip() if equals else None)
    hint = "write it like `https://relay.example=RELAY_KEY`, with the name of the key's variable, or like s3://bucket"
    raise UsageError("an entry of ASSETFORGE_TRUST is neither an origin with a variable nor a remote", hint=hint)


def remove_trust(config_dir: Path, origin: str) -> bool:
    """Forgets an origin or a remote; False where `assetforge trust` has not written it. Raises UsageError and
    OSError."""
    entries = {known.origin: known.key_env for known in read_trusted(config_dir)}
    if origin not in entries:
        return False
    del entries[origin]
    _write_trusted(config_dir, entries)
    return True


def add_trust(config_dir: Path, trust: Trust) -> None:
    """Remembers an origin or a remote, replacing what was said of it before. Raises UsageError."""
    entries = {known.origin: known.key_env for known in read_trusted(config_dir)} | {trust.origin: trust.key_env}
    _write_trusted(config_dir, entries)


def _write_trusted(config_dir: Path, entries: Mapping[str, str | None]) -> None:
    config_dir.mkdir(parents=True, exist_ok=True)
    text = json.dumps(dict(sorted(entries.items())), indent=2) + "\n"
    atomic.write(str(config_dir / TRUST_FILE), text.encode(), durable=True, mode=0o600)
