"""The page as one HTML file with its style and script in it, allowed by their digests and by nothing else.

Unaware of what the data mean, and of where the page will be: the same file opens from disk and from a server.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_FOLDER = Path(__file__).with_name("page")
_GALLERY_STYLE = ("style.css", "detail.css", "live.css")
_GALLERY_SCRIPT = ("parts.js", "pictures.js", "view.js", "offers.js", "card.js", "grid.js", "bar.js", "facts.js",
                   "detail.js", "live.js", "gallery.js")  # fmt: skip
_DIFF_STYLE = ("style.css", "detail.css", "diff.css")
_DIFF_SCRIPT = ("parts.js", "pictures.js", "diff.js")


class Rendered(NamedTuple):
    """A page. `policy` is its Content-Security-Policy, for the header of who serves it; `html` says it too, but for
    what only a header may say."""

    html: str
    policy: str


def render(page: Mapping[str, Any]) -> Rendered:
    """The gallery of a page's data (`cards.page_object`). With `live` it may ask its own server."""
    asks = "'none'" if page["live"] is None else "'self'"
    return _rendered(page, "gallery.html.j2", asks, _Parts(_GALLERY_STYLE, _GALLERY_SCRIPT, "startGallery"))


def render_diff(page: Mapping[str, Any]) -> Rendered:
    """The page of what changed between two revisions."""
    return _rendered(page, "diff.html.j2", "'none'", _Parts(_DIFF_STYLE, _DIFF_SCRIPT, "startDiff"))


class _Parts(NamedTuple):
    """What a page is made of: files in their order, and the function that draws it."""

    style: tuple[str, ...]
    script: tuple[str, ...]
    start: str


def _rendered(page: Mapping[str, Any], template: str, asks: str, parts: _Parts) -> Rendered:
    style = _joined(parts.style)
    script = f'"use strict";\n(() => {{\n{_joined(parts.script)}{parts.start}();\n}})();\n'
    policy = _policy(style, script, asks)
    html = (
        _templates()
        .get_template(template)
        .render(
            title=page["title"],
            of=page.get("of", ""),
            policy=policy,
            style=style,
            script=script,
            data=_embedded(page),
        )
    )
    # A `<meta>` may not say who may frame the page; browsers complain when it does.
    return Rendered(html, f"{policy}; frame-ancestors 'none'")


def _policy(style: str, script: str, asks: str) -> str:
    """Nothing but the page's own style and script, and pictures beside it; no text is ever taken for markup."""
    rules = {
        "default-src": "'none'",
        "img-src": "'self' data:",
        "style-src": _allowed(style),
        "script-src": _allowed(script),
        "connect-src": asks,
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _allowed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _embedded(page: Mapping[str, Any]) -> str:
    """JSON that no HTML parser finds an end of: ASCII only, and without what markup begins or ends with."""
    told = json.dumps(page, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return told.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _joined(names: Iterable[str]) -> str:
    return "".join((_FOLDER / name).read_text("utf-8") for name in names)


@cache
def _templates() -> Environment:
    return Environment(loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined)
