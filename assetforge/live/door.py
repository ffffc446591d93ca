"""Who may come in: pages of this server, in a browser that was shown the URL with the token; nobody else's pages.

Unaware of what is served. The threats are other sites that the same browser shows, which can send requests here and
can have their own name resolve to this machine, and other users of this machine, who can connect to the port.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs

BYTES = 32
HTTP = 80
HEADER = "x-assetforge"
# Fetch Metadata Request Headers: who began a request, and what for. Browsers set them; pages can't.
_OWN = frozenset({"none", "same-origin"})


@dataclass(frozen=True, slots=True)
class Knock:
    """A request as far as the door looks at it. `headers` has all values of each name, in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str | None:
        """The value of a header that was sent once."""
        values = self.headers.get(name, ())
        return values[0] if len(values) == 1 else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Who is not let in, and what he is told."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Welcome:
    """Somebody with the token, who is given `cookie`. A browser sends it only along with requests that begin here,
    so that one which followed a link of another site must begin `anew` from a page of this one."""

    cookie: str
    anew: bool


Verdict = Refusal | Welcome | Literal["admitted"]

FOREIGN = Refusal(403, "this server answers only under the address that it was started with")
ELSEWHERE = Refusal(403, "this came from a page of another site")
METHOD = Refusal(405, "only GET and POST are answered")
UNKNOWN = Refusal(403, "open the URL that assetforge printed in the terminal: it lets this browser in")
NO_HEADER = Refusal(403, "writes need the header `X-Assetforge: 1`")


class Door:
    """The door of one server, with secrets that are new at each start."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._token = secrets.token_urlsafe(BYTES)
        self._session = secrets.token_urlsafe(BYTES)
        # Browsers leave out the port that is http's own.
        end = "" if port == HTTP else f":{port}"
        self._hosts = frozenset(f"{name}{end}" for name in ("127.0.0.1", "localhost"))

    @property
    def origin(self) -> str:
        """Where the server is, for anybody to know."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The URL that lets a browser in: for the user's eyes only."""
        return f"{self.origin}/?token={self._token}"

    def judge(self, knock: Knock) -> Verdict:
        """Whether a request may come in."""
        host, origins = knock.one("host"), knock.headers.get("origin", ())
        if host not in self._hosts:
            return FOREIGN
        if any(origin != f"http://{host}" for origin in origins):
            return ELSEWHERE
        token = _token(knock)
        if token is not None:
            return self._exchange(token, knock)
        if not (_began_here(knock) or _opens_page(knock)):
            return ELSEWHERE
        if knock.method not in ("GET", "POST"):
            return METHOD
        if not any(_same(value, self._session) for value in _cookies(knock, self._cookie_name)):
            return UNKNOWN
        return self._judge_write(knock) if knock.method == "POST" else "admitted"

    def _exchange(self, token: str, knock: Knock) -> Verdict:
        if not _same(token, self._token):
            return UNKNOWN
        cookie = f"{self._cookie_name}={self._session}; HttpOnly; SameSite=Strict; Path=/"
        return Welcome(cookie, anew=not _began_here(knock))

    def _judge_write(self, knock: Knock) -> Verdict:
        if knock.one("origin") is None:
            return ELSEWHERE
        return "admitted" if knock.one(HEADER) == "1" else NO_HEADER

    @property
    def _cookie_name(self) -> str:
        """With the port, since all ports of a host share their cookies."""
        return f"assetforge-{self._port}"


def knock_of(method: str, path: str, query: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Knock:
    """A request as ASGI has it."""
    read: dict[str, tuple[str, ...]] = {}
    for name, value in headers:
        key = name.decode("latin-1").lower()
        read[key] = (*read.get(key, ()), value.decode("latin-1"))
    return Knock(method, path, query.decode("latin-1"), read)


def _token(knock: Knock) -> str | None:
    """The token of the URL that lets in."""
    if knock.method != "GET" or knock.path != "/":
        return None
    tokens = parse_qs(knock.query, keep_blank_values=True, max_num_fields=None).get("token")
    return None if tokens is None else "&".join(tokens)


def _began_here(knock: Knock) -> bool:
    return all(value in _OWN for value in knock.headers.get("sec-fetch-site", ()))


def _opens_page(knock: Knock) -> bool:
    """Whether a link somewhere opens the page in a tab of its own, which shows nothing to whoever has the link."""
    opened = knock.one("sec-fetch-dest") == "document" and knock.one("sec-fetch-mode") == "navigate"
    return opened and (knock.method, knock.path) == ("GET", "/")


def _cookies(knock: Knock, name: str) -> list[str]:
    """All cookies of a name: others on this host may have set some too."""
    pairs = (pair.partition("=") for line in knock.headers.get("cookie", ()) for pair in line.split(";"))
    return [value.strip() for key, _, value in pairs if key.strip() == name]


def _same(told: str, secret: str) -> bool:
    return hmac.compare_digest(told.encode("utf-8", "replace"), secret.encode("ascii"))
