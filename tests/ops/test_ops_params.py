"""Laws of parameters: wrong ones are refused at once, and one meaning has one form in a key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from assetforge.entry import RENDERED
from assetforge.ops.spec import MAX_SIDE, normalised
from assetforge.ops.table import OPS
from tests.ops.ops_params import PARAMS


@pytest.mark.parametrize("name", sorted(OPS))
@given(data=st.data())
def test_parameters_survive_their_normal_form(name: str, data: st.DataObject) -> None:
    params = OPS[name].params.model_validate(data.draw(PARAMS[name]))
    required = {field for field, info in OPS[name].params.model_fields.items() if info.is_required()}
    normal = normalised(params)
    assert required <= set(normal)
    assert OPS[name].params.model_validate(dict(normal)) == params


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("resize", {}),
        ("resize", {"width": 0}),
        ("resize", {"width": True}),
        ("resize", {"width": 10.0}),
        ("resize", {"width": "ten"}),
        ("resize", {"width": MAX_SIDE + 1}),
        ("resize", {"width": 10, "upscale": 1}),
        ("resize", {"width": 10, "fit": "stretch"}),
        ("resize", {"width": 10, "position": [0.5, 1.5]}),
        ("resize", {"width": 10, "position": [0.5, float("nan")]}),
        ("resize", {"width": 10, "position": "centre"}),
        ("resize", {"width": 10, "hight": 10}),
        ("crop", {}),
        ("crop", {"x": 0, "y": 0, "width": 10}),
        ("crop", {"x": 0, "y": 0, "width": 0, "height": 10}),
        ("crop", {"x": 0, "y": 0, "width": float("inf"), "height": 10}),
        ("crop", {"x": 0, "y": 0, "width": 10**400, "height": 10}),
        ("crop", {"x": 0, "y": 0, "width": 10, "height": 10, "aspect": "1:1"}),
        ("crop", {"aspect": "0:1"}),
        ("crop", {"aspect": "16/9"}),
        ("pad", {"width": 10}),
        ("pad", {"width": 10, "height": 10, "color": "reddish"}),
        ("pad", {"width": 10, "height": 10, "color": "rgb(300, 0, 0)"}),
        ("pad", {"width": 10, "height": 10, "color": "rgba(0, 0, 0, 128)"}),
        ("pad", {"width": 10, "height": 10, "color": "rgb(1, 2)"}),
        ("pad", {"width": 10, "height": 10, "color": "rgb(1 2 3 /)"}),
        ("pad", {"width": 10, "height": 10, "color": "hsl(1, 2%, 101%)"}),
        ("pad", {"width": 10, "height": 10, "color": 255}),
        ("flatten", {"color": "#fff8"}),
        ("trim", {"tolerance": 255}),
        ("trim", {"margin": -1}),
        ("cutout", {"color": "none"}),
        ("cutout", {"color": 3}),
        ("cutout", {"color": "#0f08"}),
        ("cutout", {"feather": 0.5}),
        ("rotate", {}),
        ("rotate", {"degrees": 361}),
        ("rotate", {"degrees": float("nan")}),
        ("flip", {"direction": "both"}),
        ("round", {}),
        ("round", {"radius": -1}),
        ("border", {"color": "red"}),
        ("border", {"width": 1.5}),
        ("shadow", {"offset": 4}),
        ("shadow", {"blur": -1}),
        ("grayscale", {"amount": 1}),
        ("tint", {"amount": 0.5}),
        ("tint", {"color": "#f008"}),
        ("tint", {"color": "red", "amount": 1.1}),
        ("adjust", {"contrast": -1}),
        ("adjust", {"hue": 30}),
        ("blur", {}),
        ("blur", {"radius": True}),
        ("sharpen", {"radius": -0.1}),
        ("quantize", {}),
        ("quantize", {"colors": 1}),
        ("quantize", {"colors": 257}),
        ("quantize", {"colors": 8, "dither": "floyd"}),
        ("pixelate", {"size": 0}),
        ("pixelate", {"size": 2000}),
        ("overlay", {}),
        ("overlay", {"image": "@logo", "scale": 0}),
        ("overlay", {"image": "@logo", "offset": [1]}),
        ("overlay", {"image": "@logo", "offset": [1.5, 2]}),
        ("overlay", {"image": "@logo", "opacity": 2}),
    ],
)
def test_wrong_parameters_are_refused(name: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OPS[name].params.model_validate(params)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"color": "white"}, {"color": "#FFF"}),
        ({"color": " rgb(15, 118, 110)"}, {"color": "#0F766Eff"}),
        ({"position": [0.5, 0.5]}, {}),
        ({"position": [1, 0]}, {"position": "top-right"}),
        ({"color": "transparent"}, {}),
        ({"color": "rgba(15, 118, 110, 0.5)"}, {"color": "#0f766e80"}),
        ({"color": "rgb(15 118 110 / 50%)"}, {"color": "#0f766e80"}),
        ({"color": "RGBA(0,0,0,1)"}, {"color": "black"}),
        ({"color": "hsl(175 77% 26%)"}, {"color": "hsla(175deg, 77%, 26%, 100%)"}),
        ({"color": "hsl(-120, 100%, 50%)"}, {"color": "blue"}),
    ],
)
def test_two_spellings_of_one_value_are_one_in_a_key(one: dict[str, Any], other: dict[str, Any]) -> None:
    both = [OPS["pad"].params.model_validate({"width": 9, "height": 9, **params}) for params in (one, other)]
    assert normalised(both[0]) == normalised(both[1])


def test_a_template_may_stand_for_any_parameter_until_it_is_rendered() -> None:
    marks = "{{ ad.width }}"
    for name in sorted(OPS):
        model = OPS[name].params
        written = {field: marks for field in model.model_fields if name != "crop" or field != "aspect"}
        if not name.startswith("_"):
            model.model_validate(written)
    rendered = OPS["resize"].params.model_validate({"width": "300", "upscale": "true"}, context=RENDERED)
    assert normalised(rendered) == {"width": 300, "upscale": True}
