"""What callers give as documents is a pair, or is refused by its place."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from detector.text.intake.arguments import check_pair


class Page(NamedTuple):
    """A row as pandas' itertuples yields it."""

    url: str
    text: str


@pytest.mark.parametrize(
    "pair", [("a", "text"), ["a", "text"], Page("a", "text"), np.array(["a", "text"], object)]
)
def test_a_pair_is_a_pair_however_it_is_held(pair: Any) -> None:
    assert check_pair(pair, 0) == ("a", "text")


@pytest.mark.parametrize("item", ["ab", "a text", b"ab", {"id": 1, "text": 2}, ("a",), 5, None])
def test_what_is_no_pair_is_named(item: Any) -> None:
    kind = type(item).__name__
    with pytest.raises(TypeError, match=f"document 3 is {kind}; give pairs of id and text"):
        check_pair(item, 3)
