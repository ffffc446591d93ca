"""Builds that are to go wrong: random manifests, what a server does to calls, and limits; unaware of the laws."""

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from assetforge.simulate.call import Call, Document
from assetforge.simulate.drawing import Pieces, Wanted
from assetforge.simulate.faults import FAULTS, KINDS, Fault
from assetforge.simulate.script import Script
from tests.promises.site import AGAIN

SIZE = "1024x640"
FLAT, FLAT_PRICE = "gpt-image-2-c", 0.01
# Nobody is there, and nobody is asked: links into other private networks are not followed.
NOWHERE = "http://10.1.2.3/gone.png"


def flat(wanted: Wanted) -> Pieces:
    """A picture of one colour that no other serial number has; quick to draw and to read."""
    width, _, height = wanted.size.partition("x")
    colour = wanted.serial * 0x9E3779 % (1 << 24)
    spooled = io.BytesIO()
    ground = (colour >> 16, colour >> 8 & 255, colour & 255)
    Image.new("RGB", (int(width), int(height)), ground).save(spooled, wanted.format)
    return (spooled.getvalue(),)


# --- what a server does ---


def last(change: Callable[[Document], Document]) -> Callable[[Document], Document]:
    """The answer with its last picture changed."""
    return lambda body: body | {"data": [*body["data"][:-1], *map(change, body["data"][-1:])]}


def cut(body: Document) -> bytes:
    """An answer that ends within its last picture."""
    return json.dumps({"data": body["data"]}).encode()[:-40]


def told(code: str) -> bytes:
    """An error of a gateway that says 200 to everything."""
    return json.dumps({"error": {"message": "upstream says no", "type": None, "code": code}}).encode()


Scripted = tuple[str, str, int]
GARBAGE = base64.b64encode(b"<html>no picture</html>").decode()
MORE = (
    Fault("cut_late", reshape=cut),
    Fault("last_is_garbage", reshape=last(lambda _: {"b64_json": GARBAGE})),
    Fault("last_is_cut", reshape=last(lambda item: {"b64_json": item["b64_json"][:400]})),
    Fault("last_link_is_dead", reshape=last(lambda _: {"url": NOWHERE})),
    Fault("links_are_dead", reshape=lambda body: body | {"data": [{"url": NOWHERE} for _ in body["data"]]}),
    Fault("garbage_without_usage", reshape=lambda body: {"data": [{"b64_json": GARBAGE} for _ in body["data"]]}),
    Fault("error_beside", reshape=lambda body: body | {"error": {"message": "odd", "code": "odd"}}),
    Fault("busy_under_200", "passing", body=told("slow_down")),
    Fault("refused_under_200", "refused", body=told("moderation_blocked")),
)
QUICKLY = {name: AGAIN for name, fault in FAULTS.items() if fault.kind == "passing"}
# Nobody waits long: what a server names as its wait is short, and a dead link is one whose time is over.
EVERY = {
    fault.name: replace(
        fault,
        headers={**fault.headers, **QUICKLY.get(fault.name, {})},
        latency=fault.latency / 200,
        fetched=fault.fetched[-1:],
    )
    for fault in (*FAULTS.values(), *(replace(fault, headers=AGAIN) for fault in MORE))
}


def is_surely_free(call: Call) -> bool:
    """Whether nobody could bill a call, by what it was answered with."""
    fault = EVERY.get(call.fault)
    return fault is not None and fault.name != "server_error" and fault.kind in ("passing", "refused", "stop")


def arrived(call: Call) -> tuple[str, ...]:
    """The digests of the pictures that were sent whole, at least."""
    drawn = len(call.images)
    if call.fault.startswith("last_") or call.fault == "cut_late":
        return call.images[:-1]
    if call.fault in ("truncated", "drop_within"):
        return call.images[: (drawn - 1) // 2]
    broken = ("broken_base64", "not_an_image", "dead_link", "links_are_dead", "garbage_without_usage", "empty_data")
    fault = EVERY.get(call.fault)
    never = fault is not None and (fault.fails or fault.drop != "" or fault.name in broken)
    return () if never else call.images


@st.composite
def faults(draw: st.DrawFn) -> Scripted:
    """A fault by its name, for so many calls with a word in their prompts; what passes may come too often."""
    kinds = [kind for kind in KINDS for _ in range(1 if kind == "stop" else 2)]
    kind = draw(st.sampled_from(kinds))
    names = [name for name, fault in EVERY.items() if fault.kind == kind]
    name = draw(st.sampled_from([*names, *["fewer_images"] * (3 if kind == "odd" else 0)]))
    match = draw(st.sampled_from(["", "", "", "boat", "night", "axe"]))
    return name, match, draw(st.sampled_from([1, 1, 2, 3, 7] if kind == "passing" else [1, 1, 2]))


# --- what is built ---


@dataclass(frozen=True)
class Attempt:
    """One build. `limit` and `month` are in prices of a picture, and what is added to that many."""

    faults: tuple[Scripted, ...] = ()
    limit: tuple[int, float] | None = None
    month: tuple[int, float] | None = None
    table: dict[str, int] = field(default_factory=dict)
    options: dict[str, bool] = field(default_factory=dict)

    @property
    def script(self) -> Script:
        """What the server is to do."""
        return Script([(replace(EVERY[name], match=match), times) for name, match, times in self.faults])


limits = st.none() | st.tuples(st.integers(0, 8), st.sampled_from([-1e-7, 0.0, 1e-7, 0.002]))
attempts = st.builds(
    Attempt,
    st.lists(faults(), max_size=8).map(tuple),
    limits,
    st.none() | limits,
    st.fixed_dictionaries(
        {
            "concurrency": st.sampled_from([1, 2, 3, 8]),
            "max_n_per_request": st.sampled_from([1, 1, 2, 3, 4]),
            "retry_maybe_billed": st.integers(0, 1),
        }
    ),
    st.fixed_dictionaries({"fail_fast": st.sampled_from([False, False, True])}),
)
histories = st.lists(attempts, min_size=1, max_size=3)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    """Up to six assets; prompts are few, so that some ask for the same picture."""
    assets: dict[str, Any] = {}
    for name in "abcdef"[: draw(st.integers(1, 6))]:
        kind = draw(st.sampled_from(["generation", "generation", "edit", "flat", "matrix"]))
        asset: dict[str, Any] = {"output": {"path": f"{name}.png", "width": 16}}
        if kind == "edit" and assets:
            asset["source"] = "@" + draw(
                st.sampled_from([other for other in assets if "matrix" not in assets[other]])
            )
        else:
            n = draw(st.integers(1, 4))
            asset |= {"prompt": draw(st.sampled_from(["A boat", "An axe"])), "size": SIZE, "n": n}
            asset["pick"] = draw(st.integers(1, n))
        if kind == "flat":
            asset["model"] = FLAT
        if kind == "matrix" and assets:
            asset["matrix"] = {"lang": ["de", "en"]}
            asset["output"]["path"] = name + "-{{ lang }}.png"
        if "source" in asset or draw(st.booleans()):
            edit = {"op": "edit", "prompt": draw(st.sampled_from(["Make it night", "Let it rain"]))}
            asset["steps"] = [edit | {"n": draw(st.integers(1, 2))}]
        assets[name] = asset
    return {"defaults": {"quality": "low"}, "asset": assets}
