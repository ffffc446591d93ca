"""What a provider calls a request, so that it can be claimed there; unaware of what an answer holds."""

from collections.abc import Mapping

# The headers that have the id, the vendor's own before those of gateways.
REQUEST_IDS = ("x-request-id", "x-api-request-id", "x-litellm-call-id", "cf-ray")


def request_id(headers: Mapping[str, object]) -> str:
    """The provider's own id of a request, from the headers of its answer, which have names in lower case; "" where
    none says it."""
    return next((str(headers[name]) for name in REQUEST_IDS if name in headers), "")
