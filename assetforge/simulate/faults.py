"""Everything that can go wrong with a call, by name: each row of the vendor's table of errors, and what servers in
the field send besides. Unaware of connections, and of which call gets which.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from assetforge.simulate.call import Document

# `passing`: surely not billed, and worth another try. `maybe-billed`: nobody can tell from outside. `refused`: this
# request, for good. `stop`: money or rights are gone. `odd`: pictures come and are billed, but not as asked.
Kind = Literal["passing", "maybe-billed", "refused", "stop", "odd"]
KINDS: tuple[Kind, ...] = ("passing", "maybe-billed", "refused", "stop", "odd")
BY_DEFAULT: tuple[Kind, ...] = ("passing", "maybe-billed")
ANOTHER = "another"
# What becomes of a request for a picture by its link: 404, cut off half-way, or 403 as of a link whose time is over.
Fetched = Literal["whole", "missing", "cut", "expired"]


@dataclass(frozen=True)
class Fault:
    """What a call is answered with instead of, or besides, what is right.

    A status other than 200 without a `body` gets the error envelope of `code`, `type`, `message` and `more`. `drop`:
    "before" the work is done, "after" it (billed, never heard of), "within" the body's second half. `worked`: the
    pictures were drawn and billed before the failure. `size` and `format` draw something else than was asked
    (`another`: any other format), `images` another number and `fewer` so many less; `links` answers with URLs,
    and `fetched` is how each of them is answered, time after time and the last for good; `reshape` gets the right
    answer and gives what is sent; `latency` is seconds. It is for a call whose prompt holds `match`.
    """

    name: str = "scripted"
    kind: Kind = "odd"
    match: str = ""
    status: int = 200
    code: str | None = None
    type: str | None = None
    message: str = "scripted"
    more: Mapping[str, object] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: Literal["", "before", "after", "within"] = ""
    worked: bool = False
    latency: float = 0.0
    size: str = ""
    format: str = ""
    images: int | None = None
    fewer: int = 0
    links: bool = False
    fetched: Sequence[Fetched] = ()
    reshape: Callable[[Document], Document | bytes] | None = None

    @property
    def fails(self) -> bool:
        """Whether something else than the pictures is answered."""
        return self.status != 200 or self.body is not None

    @property
    def sent(self) -> bytes:
        """The body of a failure."""
        if self.body is not None:
            return self.body
        kind = self.type or ("server_error" if self.status >= 500 else "invalid_request_error")
        error = {"message": self.message, "type": kind, "param": None, "code": self.code}
        return json.dumps({"error": error | dict(self.more)}).encode()


NONE = Fault("")


def _cut(body: Document) -> bytes:
    whole = json.dumps(body).encode()
    return whole[: len(whole) // 2]


def _each(change: Callable[[str], str]) -> Callable[[Document], Document]:
    """The answer with every picture's text changed."""

    def reshape(body: Document) -> Document:
        data = [item | {"b64_json": change(item["b64_json"])} for item in body["data"] if "b64_json" in item]
        return body | {"data": data}

    return reshape


def _broken(text: str) -> str:
    return f"{text[: len(text) // 2]}*!{text[len(text) // 2 :]}"


def _without_usage(body: Document) -> Document:
    return {name: value for name, value in body.items() if name != "usage"}


def _no_tokens(body: Document) -> Document:
    parts = {"text_tokens": 0, "image_tokens": 0}
    return body | {"usage": {"total_tokens": 0, "input_tokens": 0, "output_tokens": 0, "input_tokens_details": parts}}


def _page(title: str) -> bytes:
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>".encode()


def _web(name: str, status: int, title: str, *, worked: bool = False) -> Fault:
    """A page of a proxy on the way."""
    page, kind = _page(title), "text/html"
    return Fault(name, "maybe-billed", status=status, body=page, content_type=kind, worked=worked)


def _quota(code: str, message: str) -> Fault:
    return Fault(code, "stop", status=429, code=code, type="insufficient_quota", message=message)


def _wrong(code: str, message: str, *, type: str = "invalid_request_error") -> Fault:  # noqa: A002 - the API's word
    return Fault(code, "refused", status=400, code=code, type=type, message=message)


_BUSY = {"retry-after": "1", "retry-after-ms": "1000"}
_USER = "image_generation_user_error"
_SAFETY = "Your request was rejected by the safety system. safety_violations=[violence]."
_MODERATED = replace(
    _wrong("moderation_blocked", _SAFETY, type=_USER),
    more={"moderation_details": {"moderation_stage": "input", "categories": ["violence"]}},
)
_SPENT = "You exceeded your current quota, please check your plan and billing details."

_REFUSED = (
    _wrong("invalid_value", "Invalid size.", type=_USER),
    _wrong("invalid_input_fidelity_model", "The model does not support 'input_fidelity'."),
    _wrong("unknown_parameter", "Unknown parameter: 'background'."),
    _wrong("invalid_type", "Invalid type for 'n': expected integer, but got string instead."),
    _wrong("duplicate_parameter", "Duplicate parameter: 'image'."),
    _wrong("invalid_image_file", "Invalid image file or mode for image 1."),
    _MODERATED,
    replace(
        _MODERATED,
        name="moderation_blocked_output",
        more={"moderation_details": {"moderation_stage": "output", "categories": ["violence"]}},
    ),
    _wrong("content_policy_violation", "Your request was rejected as a result of our safety system."),
    Fault("refused_451", "refused", status=451, code="content_refused", message="The content was refused."),
    Fault("detail", "refused", status=422, body=b'{"detail": [{"loc": ["body", "size"], "msg": "not taken"}]}'),
    Fault("error_as_text", "refused", status=400, body=b'{"error": "the prompt is not taken"}'),
    Fault(
        "redirect", "refused", status=307, body=b"", headers={"location": "http://127.0.0.1:9/v1/images/elsewhere"}
    ),
)
_STOP = (
    Fault("invalid_api_key", "stop", status=401, code="invalid_api_key", message="Incorrect API key provided."),
    Fault("organization_not_verified", "stop", status=403, message="Your organization must be verified to use it."),
    replace(_wrong("billing_hard_limit_reached", "Billing hard limit has been reached."), kind="stop"),
    _quota("insufficient_quota", _SPENT),
    _quota("credit_balance_exhausted", "Your credit balance is exhausted."),
    _quota("organization_spend_limit_exceeded", "The organization's spend limit was reached."),
    _quota("project_spend_limit_exceeded", "The project's spend limit was reached."),
    _quota("organization_usage_limit_exceeded", "The organization's usage limit was reached."),
    Fault("gateway_quota", "stop", status=429, code="429", type="throttling_error", message=_SPENT),
)
_PASSING = (
    Fault("rate_limit_exceeded", "passing", status=429, code="rate_limit_exceeded", type="requests",
          message="Rate limit reached on images per min. Please try again in 1s.", headers=_BUSY),
    Fault("slow_down", "passing", status=429, code="slow_down", message="Please slow down.", headers=_BUSY),
    Fault("server_error", "passing", status=500, message="The server had an error while processing your request."),
    Fault("overloaded", "passing", status=503, code="overloaded", message="The engine is currently overloaded."),
)  # fmt: skip
_MAYBE_BILLED = (
    Fault("request_timeout", "maybe-billed", status=408, message="The request timed out.", worked=True),
    Fault("conflict", "maybe-billed", status=409, message="The request could not get its lock."),
    Fault("server_error_text", "maybe-billed", status=500, body=b"Internal Server Error", content_type="text/plain"),
    _web("bad_gateway", 502, "502 Bad Gateway"),
    _web("gateway_timeout", 504, "504 Gateway Time-out", worked=True),
    _web("timeout_524", 524, "524: A timeout occurred", worked=True),
    Fault("drop_before", "maybe-billed", drop="before"),
    Fault("drop_after", "maybe-billed", drop="after"),
    Fault("drop_within", "maybe-billed", drop="within"),
    _web("html", 200, "Please wait", worked=True),
    Fault("truncated", "maybe-billed", reshape=_cut),
    Fault("empty_body", "maybe-billed", body=b"", worked=True),
    Fault("empty_data", "maybe-billed", body=b'{"created": 1790000000, "data": []}'),
    Fault("error_under_200", "maybe-billed",
          body=b'{"error": {"message": "upstream failed", "type": "upstream_error", "param": "", "code": null}}'),
)  # fmt: skip
_ODD = (
    Fault("not_an_image", reshape=_each(lambda _: "bm90IGEgcGljdHVyZSBhdCBhbGw=")),
    Fault("wrong_size", size="1254x1254"),
    Fault("wrong_format", format=ANOTHER),
    Fault("broken_base64", reshape=_each(_broken)),
    Fault("data_url", reshape=_each(lambda text: f"data:image/png;base64,{text}")),
    Fault("fewer_images", fewer=1),
    Fault("links", links=True),
    Fault("dead_link", links=True, fetched=("cut", "missing", "expired")),
    Fault("no_usage", reshape=_without_usage),
    Fault("zero_usage", reshape=_no_tokens),
    Fault("slow", latency=5),
)

FAULTS: Mapping[str, Fault] = {fault.name: fault for fault in (*_PASSING, *_MAYBE_BILLED, *_REFUSED, *_STOP, *_ODD)}
