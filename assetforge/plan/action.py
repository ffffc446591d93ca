"""Actions: what a step or a rendition is made of, listed by one walk that keys hash and explanations compare.

Paid inputs count by decoded pixels, locally made ones by recipe, so that neither an optimised file nor another
version of a library ever buys again; renditions count by bytes and by the versions of operations.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from assetforge.digest import digest_document
from assetforge.graph.requests import LOSSY_COMPRESSION
from assetforge.graph.sizes import planned_size
from assetforge.graph.wiring import BRIDGE
from assetforge.model import Action, Call, Ingredients, Link, Local, Media, Paid, Picture, Rendition, Size, Source
from assetforge.ops.spec import normalised
from assetforge.ops.table import OPS, is_font
from assetforge.plan.marks import mark_ingredients
from assetforge.providers.models import rules_of

Pixels = Callable[[Media], str]

# Operations whose result is their first input's very picture whenever it has that picture's size.
SHAPING = frozenset({"_fit", "_cut_back", "_at_least", "resize", "crop", "pad"})
LOSSY = frozenset({"jpeg", "webp"})
# What the identity of bytes begins with; that of a local step is a digest alone.
LEAF = "bytes:"


def leaf(
    media: Media,
    *,
    models: tuple[str, ...] = (),
    draft: bool = False,
    source: Source | None = None,
    action: Action | None = None,
) -> Picture:
    """A picture that exists: a provider's bytes for the candidate `action`, or those of the file `source`."""
    return Picture(f"{LEAF}{media.digest}", media.size, media, models=models, draft=draft, step=source, action=action)


def parts_of(picture: Picture) -> Iterator[Picture]:
    """A picture and all that it is made of, each once."""
    seen: set[str] = set()
    waiting = [picture]
    while waiting:
        part = waiting.pop()
        if part.made not in seen:
            seen.add(part.made)
            waiting += part.inputs
            yield part


def sent_with(call: Call) -> tuple[Picture, ...]:
    """The pictures that a call goes out with, its mask too."""
    return call.pictures if call.mask is None else (*call.pictures, call.mask)


def bind_local(step: Local, inputs: Sequence[Picture], asked: Size | None) -> Picture:
    """A local step with its inputs; the input itself where the step turns out to change nothing. `asked` is the
    size that the paid step before was asked for, which a `_cut_back` undoes."""
    if step.op == BRIDGE:
        return inputs[0]
    params = step.params
    if params is None and asked is not None:
        params = OPS[step.op].params.model_validate({"width": asked.width, "height": asked.height})
    return apply(step.op, params, inputs, step)


def apply(op: str, params: Any, inputs: Sequence[Picture], step: Local | None = None) -> Picture:
    """An operation on pictures, as a picture not yet made; `step` asks for it."""
    first = inputs[0]
    size = _size(op, params, [picture.size for picture in inputs])
    if op in SHAPING and size is not None and size == first.size:
        return first
    made = digest_document("local", local_ingredients(op, params, inputs))
    models = tuple(dict.fromkeys(model for picture in inputs for model in picture.models))
    draft = any(picture.draft for picture in inputs)
    return Picture(made, size, None, op, params, tuple(inputs), models, draft, step)


def local_ingredients(op: str, params: Any, inputs: Sequence[Picture]) -> Ingredients:
    """Everything that can change what a local step makes."""
    return (
        ("op", f"{OPS[op].keyed}@{OPS[op].version}"),
        ("params", _keyed_params(op, params)),
        ("inputs", [picture.made for picture in inputs]),
    )


def recipe(picture: Picture, pixels: Pixels, known: dict[str, Any]) -> Any:
    """A picture's identity in paid keys: its pixels, or the operations on the pixels it starts from. `known`
    remembers what was worked out before."""
    waiting = [picture]
    while waiting:
        current = waiting[-1]
        missing = [part for part in current.inputs if part.made not in known]
        if current.made in known or not missing:
            waiting.pop()
            if current.made not in known:
                known[current.made] = _recipe(current, pixels, known)
        else:
            waiting += missing
    return known[picture.made]


def _recipe(picture: Picture, pixels: Pixels, known: dict[str, Any]) -> Any:
    if picture.media is not None:
        return ["font", picture.media.digest] if is_font(picture) else ["pixels", pixels(picture.media)]
    body = (
        ("op", OPS[picture.op].keyed),
        ("params", _keyed_params(picture.op, picture.params)),
        ("inputs", [known[part.made] for part in picture.inputs]),
    )
    return ["recipe", digest_document("recipe", body)]


def expected_size(step: Local, sizes: Sequence[Size | None]) -> Size | None:
    """The size a local step will give, from those of its inputs; None where it can't be told yet. Raises OpFailed
    where these show that it can't be made."""
    if step.op == BRIDGE:
        return sizes[0]
    if step.op == "_cut_back":
        return sizes[1]
    return _size(step.op, step.params, sizes)


def _size(op: str, params: Any, sizes: Sequence[Size | None]) -> Size | None:
    known = [size for size in sizes if size is not None]
    return OPS[op].size(params, known) if len(known) == len(sizes) else OPS[op].fixed(params)


def requested_size(step: Paid, sizes: Sequence[Size | None]) -> Size | None:
    """The size to ask for; of an edit that keeps the geometry, planned from its input's."""
    if step.request_size is not None:
        return step.request_size
    size = sizes[0]
    return None if size is None else planned_size(size, rules_of(step.settings.kind, step.settings.model))


def bind_paid(
    step: Paid,
    size: Size,
    pictures: Sequence[Picture],
    mask: Picture | None,
    *,
    pixels: Pixels,
    known: dict[str, Any],
) -> tuple[Call, tuple[Action, ...]]:
    """A paid step with its inputs: what to ask for, and one action for each candidate."""
    sent = _sent(step, size, pictures, mask)
    call = Call(step.operation, step.settings, step.prompt, size, *sent, ground=step.ground)
    inputs = [recipe(picture, pixels, known) for picture in pictures]
    fixed = paid_ingredients(step, size, inputs, _mask(step, mask, pixels, known))
    if pictures and call.pictures[0] is not pictures[0]:
        fixed = (*fixed, ("sent", "extended"))
    actions = []
    for candidate in range(1, step.n + 1):
        ingredients = (*fixed, ("candidate", candidate))
        actions.append(Action(digest_document("paid", ingredients), step.id, candidate, ingredients))
    return call, tuple(actions)


def _sent(
    step: Paid, size: Size, pictures: Sequence[Picture], mask: Picture | None
) -> tuple[tuple[Picture, ...], Picture | None]:
    """The pictures as they are sent: an edit that keeps the geometry gets its input extended to a legal size."""
    if not pictures:
        return (), None
    first = pictures[0]
    if mask is not None:
        mask = apply("_as_mask", OPS["_as_mask"].params(), (mask,))
    elif step.mask is not None and not isinstance(step.mask, Link):
        mask = apply("_draw_mask", OPS["_draw_mask"].params.model_validate({"shapes": step.mask}), (first,))
    if step.size is not None or first.size == size:
        return tuple(pictures), mask
    target = {"width": size.width, "height": size.height}
    extend = OPS["_extend"].params
    sent = apply("_extend", extend.model_validate(target), (first,))
    if mask is not None:
        mask = apply("_extend", extend.model_validate({**target, "filter": "nearest"}), (mask,))
    return (sent, *pictures[1:]), mask


def paid_ingredients(step: Paid, size: Size, inputs: list[Any], mask: Any) -> Ingredients:
    """Everything that can change what is bought, but the candidate's number. A setting added later enters only
    where it differs from its default; these defaults are frozen for ever."""
    settings = step.settings
    listed: list[tuple[str, Any]] = [
        ("operation", step.operation),
        ("provider", settings.kind),
        ("model", settings.model),
        ("prompt", step.prompt),
        ("size", str(size)),
        ("quality", settings.quality),
        ("background", settings.background),
        ("format", settings.format),
        ("revision", step.revision),
        ("inputs", inputs),
        ("mask", mask),
    ]
    if settings.format in LOSSY:
        listed.append(("compression", LOSSY_COMPRESSION if settings.compression is None else settings.compression))
    if settings.kind == "draft" and step.ground:
        listed.append(("ground", step.ground))
    return tuple(listed)


def bind_rendition(step: Rendition, final: Picture) -> tuple[Picture, Action]:
    """An output's picture with its own scaling, and its action. In the same format and untouched, a file is its
    source's very bytes. What its file says beside the pixels is an ingredient where it says something, and so are
    checks: a new one looks at a current file too."""
    picture = final if step.scale is None else apply("resize", step.scale, (final,))
    ingredients: Ingredients = (("picture", picture.made), ("encoding", "copy"))
    if not is_copy(step, picture):
        encoding = {name: value for name, value in normalised(step.encoding).items() if name != "metadata"}
        ingredients = (("picture", picture.made), ("encoding", encoding), *mark_ingredients(step, picture))
    if step.checks is not None:
        ingredients = (*ingredients, ("checks", normalised(step.checks)))
    return picture, Action(digest_document("rendition", ingredients), step.id, 0, ingredients)


def is_copy(step: Rendition, picture: Picture) -> bool:
    """Whether an output is its source's bytes, untouched: not where they are too many, other sizes of an icon are
    asked for, or what they say beside the pixels has to go."""
    media, asked = picture.media, step.encoding
    if media is None or media.format != asked.format or asked.metadata == "strip" or asked.sizes is not None:
        return False
    return asked.max_bytes is None or media.bytes <= asked.max_bytes


def _keyed_params(op: str, params: Any) -> dict[str, Any]:
    """Parameters as keys have them: without defaults, and without the names of files, which count by content."""
    files = (*OPS[op].images, *OPS[op].fonts)
    return {name: value for name, value in normalised(params).items() if name not in files}


def _mask(step: Paid, mask: Picture | None, pixels: Pixels, known: dict[str, Any]) -> Any:
    if mask is not None:
        return recipe(mask, pixels, known)
    shapes = () if step.mask is None or isinstance(step.mask, Link) else step.mask
    return ["shapes", [[shape.kind, list(shape.points)] for shape in shapes]] if shapes else None
