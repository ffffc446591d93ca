"""Laws of colours in CSS: names and hexadecimal digits are what they are to Pillow, and nothing else is a colour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageColor

from assetforge.ops.css import css_color
from assetforge.ops.css_names import NAMED


def test_names_are_those_that_pillow_knows() -> None:
    assert NAMED.keys() == ImageColor.colormap.keys()
    assert {name: css_color(name) for name in NAMED} == {name: (*ImageColor.getrgb(name), 255) for name in NAMED}


@given(st.text("0123456789abcdefABCDEF", max_size=9))
def test_digits_are_read_as_pillow_reads_them(digits: str) -> None:
    try:
        wanted = (*ImageColor.getrgb(f"#{digits}"), 255)[:4]
    except ValueError:
        with pytest.raises(ValueError, match=f"^#{digits}$"):
            css_color(f"#{digits}")
    else:
        assert css_color(f"#{digits}") == wanted


@pytest.mark.parametrize("text", ["", "#", "reddish", "00ff00", "#0f0 0", "#\uff10\uff10ff00", "hsv(0)"])
def test_what_is_no_colour(text: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - told in the user's words by who asks
        css_color(text)
    assert raised.value.args == (text,)
