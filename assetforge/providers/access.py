"""Where a provider may be asked, and with which key; decided outside the repository, without the network.

Unaware of HTTP and of what is asked. A key is in nothing but `Access.key`, which no `repr` shows.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from assetforge.config import Settings, is_loopback, origin_of
from assetforge.errors import Problem, UsageError
from assetforge.providers.spec import ProviderTable

# So plain that no two readers of URLs can disagree about the host: no user, query, backslash or unicode.
_PLAIN_URL = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?(?:/[A-Za-z0-9._~%/-]*)?")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Access:
    """A base URL without a slash at its end, its origin, the key, and what is missing to use them.

    `key` is "" wherever `problem` is set: who lacks trust gets no key.
    """

    base_url: str
    origin: str
    key: str = field(repr=False)
    problem: Problem | None = None


def find_access(name: str, table: ProviderTable, settings: Settings, environ: Mapping[str, str]) -> Access:
    """What a provider's table may have. OPENAI_BASE_URL wins over the table of the one named `openai`."""
    base_url = (name == "openai" and settings.openai_base_url) or table.base_url
    base_url = base_url.rstrip("/")
    try:
        origin = origin_of(base_url)
    except UsageError as error:
        return Access(base_url, "", "", error.problems[0])
    problem = _find_distrust(base_url, origin, table.api_key_env, settings)
    if problem is not None:
        return Access(base_url, origin, "", problem)
    key = environ.get(table.api_key_env, "").strip()
    problem = _find_bad_key(key, table.api_key_env)
    return Access(base_url, origin, "" if problem else key, problem)


def endpoint(access: Access, path: str, query: Mapping[str, str]) -> str:
    """The URL of a path of the API. Raises UsageError where it isn't plainly one of the trusted origin."""
    url = access.base_url + path
    if not _PLAIN_URL.fullmatch(url):
        raise UsageError(f"`{url}` is not a plain URL", hint="write paths like /images/generations")
    if origin_of(url) != access.origin:
        raise UsageError(f"`{url}` leads away from `{access.origin}`", hint="write paths like /images/generations")
    return f"{url}?{urlencode(query)}" if query else url


def _find_distrust(base_url: str, origin: str, key_env: str, settings: Settings) -> Problem | None:
    if not _PLAIN_URL.fullmatch(base_url):
        return Problem(f"`{base_url}` is not a plain URL", hint="write it like https://relay.example/v1")
    if not origin.startswith("https:") and not is_loopback(origin):
        return Problem(f"`{origin}` is not https", hint="use https: a key may not travel in the clear")
    known = [trust.key_env for trust in settings.trusted if trust.origin == origin]
    command = f"run `assetforge trust {origin} --key {key_env}`"
    if not known:
        return Problem(f"`{origin}` is not trusted", hint=command)
    if key_env not in known:
        return Problem(f"`{origin}` is not trusted with `{key_env}`", hint=command)
    return None


def _find_bad_key(key: str, key_env: str) -> Problem | None:
    if not key:
        return Problem(
            f"`{key_env}` is not set", hint=f"set `{key_env}` to the provider's key, or build with --draft"
        )
    if not all("!" <= character <= "~" for character in key):
        return Problem(f"`{key_env}` holds characters that no key has", hint=f"set `{key_env}` again")
    return None


def addresses_of(host: str, port: int) -> tuple[str, ...]:
    """The IP addresses of a host. Blocks; raises OSError where there is none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))


def is_fetchable(addresses: Iterable[str], own: Iterable[str]) -> bool:
    """Whether all are public or the provider's own: an answer must not point into a private network."""
    ours = {_plain(address) for address in own}
    return all(_is_public(plain) or plain in ours for plain in map(_plain, addresses))


def address_in(host: str) -> tuple[str, ...]:
    """The address that a host is written as, if it is one; this machine's for `localhost`."""
    if host == "localhost":
        return ("127.0.0.1",)
    try:
        return (str(ipaddress.ip_address(host)),)
    except ValueError:
        return ()


def host_and_port(url: str) -> tuple[str, int]:
    """The host of an http(s) URL and its port. Raises UsageError."""
    parts = urlsplit(origin_of(url))
    return parts.hostname or "", parts.port or {"http": 80, "https": 443}[parts.scheme]


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    read = ipaddress.ip_address(address)
    return (isinstance(read, ipaddress.IPv6Address) and read.ipv4_mapped) or read


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    inner = _carried(address) if isinstance(address, ipaddress.IPv6Address) else ()
    return all(each.is_global and not each.is_multicast for each in (address, *inner))


def _carried(address: ipaddress.IPv6Address) -> tuple[ipaddress.IPv4Address, ...]:
    """The IPv4 addresses that a gateway would go on to: 6to4, Teredo, and NAT64 of RFC 6052."""
    found = [address.sixtofour, *(address.teredo or ())]
    if address in _NAT64:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(each for each in found if each is not None)
