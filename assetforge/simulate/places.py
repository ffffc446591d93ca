"""Which path means what, for which key: OpenAI's own, and Azure's two. Unaware of bodies."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from assetforge.simulate.call import Endpoint, Refused

_AZURE = re.compile(r"/openai/deployments/[^/]+/images/(generations|edits)\Z")
_PLAIN = re.compile(r"(/openai)?/v1/images/(generations|edits)\Z")
_MODELS = re.compile(r"(/openai)?/v1/models(?:/([^/]+))?\Z")
# The first release of Azure's API that edits pictures.
FIRST_EDITS = "2025-04-01"
# A deployment's name says nothing of its model.
DEPLOYED = "gpt-image-2"
HERE = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, slots=True)
class Place:
    """What a path means. `model` is drawn where a request names none; `azure` asks for the key in a header of its
    own."""

    endpoint: Endpoint
    azure: bool = False
    model: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The models, or one of them."""

    azure: bool
    model: str


def place_of(method: str, path: str, query: Mapping[str, str]) -> Place | Listing:
    """What is asked for. Raises Refused where nothing is."""
    listing = _MODELS.match(path)
    if listing is not None and method == "GET":
        return Listing(listing[1] is not None, listing[2] or "")
    plain, azure = _PLAIN.match(path), _AZURE.match(path)
    if plain is None and azure is None:
        raise Refused(404, None, f"Invalid URL ({method} {path})")
    if method != "POST":
        raise Refused(405, "method_not_supported", f"Not allowed to {method} on {path}.")
    if azure is None:
        assert plain is not None
        return Place("edits" if plain[2] == "edits" else "generations", plain[1] is not None)
    version = query.get("api-version", "")
    if not version or (azure[1] == "edits" and version < FIRST_EDITS):
        raise Refused(404, "404", "Resource not found")
    return Place("edits" if azure[1] == "edits" else "generations", azure=True, model=DEPLOYED)


def check_key(headers: Mapping[str, str], key: str, *, azure: bool) -> None:
    """Raises Refused where the key is missing, not the server's, or in the other kind's header."""
    given = headers.get("api-key", "") if azure else headers.get("authorization", "")
    if azure and given != key:
        told = "Access denied due to invalid subscription key or wrong API endpoint."
        raise Refused(401, "401", told)
    if not azure and not given.startswith("Bearer "):
        raise Refused(401, None, "You didn't provide an API key.")
    if not azure and given != f"Bearer {key}":
        raise Refused(401, "invalid_api_key", f"Incorrect API key provided: {given[7:]}.")


def check_host(headers: Mapping[str, str]) -> None:
    """Raises Refused for a request under another host's name: a page of the web that had its name point here."""
    if headers.get("host", "").partition(":")[0] not in HERE:
        raise Refused(421, None, "Misdirected request.")
