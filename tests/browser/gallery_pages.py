"""Pages of the gallery for tests: cards made here, with real small pictures, in a folder as `gallery` writes it."""

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from assetforge.gallery.cards import Candidate, Card, File, Offer, Shown, Stage, State, page_object
from assetforge.gallery.page import Rendered, render, render_diff

STATES: tuple[State, ...] = ("fresh", "fresh", "draft", "stale", "fresh", "failed")
MARKUP = '<img src=x onerror="window.broken = 1"></script><script>window.broken = 1</script>&amp;<b>bold</b>'
PROMPT = "A sailing boat leaves a quiet harbour at dawn"
SHADES = ("#7a9e7e", "#c98b5e", "#5e7fc9", "#b05ec9", "#c9b45e", "#5ec0c9")
LIVE = {"can_spend": True, "limit": 2.0, "spent": 0.12, "watching": True, "buys": False}


@dataclass(frozen=True)
class Gallery:
    """A folder with a page in it, and what the page was made of."""

    folder: Path
    page: Mapping[str, Any]
    rendered: Rendered

    @property
    def url(self) -> str:
        return (self.folder / "index.html").as_uri()

    @property
    def names(self) -> list[str]:
        return [card["name"] for card in self.page["cards"]]


def picture(folder: Path, shade: str, size: tuple[int, int], *, hole: bool = False) -> Shown:
    """A picture of one colour, its upper half lighter; with a `hole` its middle is transparent. Its files
    have the names that the gallery gives."""
    image = Image.new("RGBA", size, shade)
    image.paste(Image.new("RGBA", (size[0], size[1] // 2), "#f4efe6"), (0, 0))
    if hole:
        image.paste((0, 0, 0, 0), (size[0] // 4, size[1] // 4, size[0] * 3 // 4, size[1] * 3 // 4))
    data, copy = io.BytesIO(), io.BytesIO()
    image.save(data, "png", compress_level=1)
    image.save(copy, "webp", lossless=True)
    digest = hashlib.sha256(data.getvalue()).hexdigest()
    (folder / "pictures").mkdir(exist_ok=True)
    thumb, full = f"pictures/{digest}-thumb.webp", f"pictures/{digest}.png"
    for name, made in ((thumb, copy), (full, data)):
        (folder / name).write_bytes(made.getvalue())
    return Shown(digest, *size, "png", len(data.getvalue()), thumb, full)


def between(folder: Path, shade: str, size: tuple[int, int]) -> Shown:
    """A picture between two steps, which is no file: there are copies of it only."""
    shown = picture(folder, shade, size)
    full = f"pictures/{shown.digest}-large.webp"
    (folder / full).write_bytes((folder / shown.thumb).read_bytes())
    return replace(shown, format="", bytes=0, full=full)


def gallery(
    folder: Path, cards: Sequence[Card], live: Mapping[str, Any] | None = None, part: str | None = None
) -> Gallery:
    """A page of these cards, written."""
    page = page_object("Northwind", cards, live, part=part)
    rendered = render(page)
    folder.joinpath("index.html").write_text(rendered.html, "utf-8")
    return Gallery(folder, page, rendered)


def card(folder: Path, number: int, **fields: Any) -> Card:
    """A card with a chain: a generation of three candidates, a crop, and an edit."""
    name, shade = fields.pop("name", f"asset-{number}"), SHADES[number % len(SHADES)]
    state: State = fields.pop("state", STATES[number % len(STATES)])
    wide, square = (96, 64), (48, 48)
    made = replace(picture(folder, shade, wide, hole=number % 3 == 0), draft=state == "draft")
    others = [picture(folder, other, wide) for other in ("#404040", "#909090")]
    cut, edited = between(folder, shade, square), picture(folder, "#203050", square)
    told = (" ", "A sailing boat"), ("-", "crosses"), ("+", "leaves"), (" ", "a quiet harbour at dawn")
    candidates = tuple(
        Candidate(index + 1, index == 1, "changed" if state == "stale" else "current", picture=one,
                  key=f"{name} {index}", digest=one.digest, cost=0.0415, price=0.0415 if state == "stale" else None,
                  date="2026-11-20", earlier=state == "stale")
        for index, one in enumerate((others[0], made, others[1]))
    )  # fmt: skip
    stages = (
        Stage(f"{name}:generate", "generate", "generate", (), "96x64", "current", (), (("quality", "high"),),
              "96x64", f"{PROMPT}, number {number}", () if state == "fresh" else told, None, made,
              state == "stale", candidates),
        Stage(f"{name}:crop", "crop", "crop", ("generate",), "48x48", "current", (), (("aspect", "1:1"),),
              before=made, after=cut),
        Stage(f"{name}:edit", "edit", "edit", ("crop",), "48x48", "current", (), (), None, "Make it night", (), cut,
              edited, False, (Candidate(1, True, "current", picture=edited, key=f"{name} edit", digest=edited.digest,
                                        cost=0.05),)),
    )  # fmt: skip
    files = (File(f"public/{name}.png", "current", picture=made), File(f"public/{name}-night.png", "current",
                                                                       picture=edited))  # fmt: skip
    reasons = {"fresh": (), "failed": ("the provider refused",)}.get(state, ("the prompt changed",))
    offers = () if state in ("fresh", "failed") else (
        Offer(f"{name}:generate", 1, "a" * 64, 0.0415, "96x64"),
        Offer(f"{name}:generate", 2, "b" * 64, 0.0415, "96x64"),
        Offer(f"{name}:edit", 1, "", 0.05, "48x48"))  # fmt: skip
    whole = Card(
        name, name, state, state, "assets.toml", 10 + number, {}, "A boat", ("home", f"tag-{number % 7}"), reasons,
        "change the prompt" if state == "failed" else None, made, files, stages, 0.1745, 0.0,
        0.133 if offers else 0.0, 0, offers,
    )  # fmt: skip
    return replace(whole, **fields)


def matrix(folder: Path, asset: str, first: int) -> Iterator[Card]:
    for number, (theme, lang) in enumerate((theme, lang) for theme in ("light", "dark") for lang in ("en", "de")):
        name = f"{asset}[theme={theme},lang={lang}]"
        yield card(folder, first + number, name=name, asset=asset, axes={"theme": theme, "lang": lang}, tags=("web",))


def thirty(folder: Path) -> list[Card]:
    """Cards of every state, a matrix, and what somebody may write into a manifest."""
    cards = [card(folder, number) for number in range(21)]
    cards[6:6] = matrix(folder, "banner", 30)
    return [
        *cards,
        card(folder, 41, name="n" * 180),
        card(folder, 42, name="السفينة-في-الميناء", alt="سفينة"),
        card(folder, 43, name="港の夜明け" * 6),
        card(folder, 44, name=MARKUP, alt=MARKUP, tags=(MARKUP,), reasons=(MARKUP,), hint=MARKUP, state="stale"),
        card(folder, 45, name="tagged", tags=tuple(f"tag-number-{number}" for number in range(40))),
    ]


def many(folder: Path, number: int) -> list[Card]:
    """Cards that differ in little but their names and their pictures' names."""
    few = [card(folder, index) for index in range(12)]
    data = (folder / picture(folder, SHADES[0], (96, 64)).thumb).read_bytes()
    made = []
    for index in range(number):
        like, thumb = few[index % 12], f"pictures/{index:064x}-thumb.webp"
        assert like.picture is not None
        folder.joinpath(thumb).write_bytes(data)
        name = f"many-{index}"
        made.append(replace(like, name=name, asset=name, picture=replace(like.picture, thumb=thumb)))
    return made


def difference(folder: Path, more: int = 0) -> Gallery:
    """A page of what changed: a picture changed, one came, one went, one whose pictures are nowhere; and `more`
    changes, each of two pictures of its own."""
    before, after = picture(folder, "#7a9e7e", (96, 64)), picture(folder, "#203050", (48, 48))
    old, new = asdict(before), asdict(after)
    sides = {"changed": (old, new), "added": (None, new), "removed": (old, None), "renamed": (None, None)}
    entries = [
        {"name": f"{how}-one", "path": f"public/{how}.png", "how": how, "before": one, "after": other,
         "reasons": [[["made from ", MARKUP], [", which changed", ""]]],
         "prompt_diff": [[" ", "A boat"], ["-", "at noon"], ["+", MARKUP]],
         "price": "price unknown" if how == "added" else "$0.0415"}
        for how, (one, other) in sides.items()
    ]  # fmt: skip
    files = [(folder / str(side["full"])).read_bytes() for side in (old, new)]
    for number in range(more):
        urls = [f"pictures/{2 * number + side:064x}.png" for side in (0, 1)]
        for url, data in zip(urls, files, strict=True):
            (folder / url).write_bytes(data)
        pair = {"before": old | {"full": urls[0]}, "after": new | {"full": urls[1]}}
        entries.append(entries[0] | pair | {"name": f"more-{number}"})
    page = {
        "schema": 1, "title": "Northwind: pictures changed since main", "from": "main", "to": "here",
        "entries": entries, "notes": [[["nothing is known of ", "`a`"]]],
        "summary": [["4 changed since ", "main"], ["; 3 pictures bought for $0.12 and what 1 more cost", ""]],
    }  # fmt: skip
    rendered = render_diff(page)
    folder.joinpath("index.html").write_text(rendered.html, "utf-8")
    return Gallery(folder, page | {"cards": []}, rendered)
