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
        ("pad", {"width": 10, "height": 10, "color": 255}),
        ("flatten", {"color": "#fff8"}),
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
