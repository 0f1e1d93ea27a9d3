"""British spelling becomes American, and what only looks British stays."""

import pytest

from detector.text.spelling import americanize


@pytest.mark.parametrize(
    ("british", "american"),
    [
        ("colour", "color"),
        ("Neighbourhood", "Neighborhood"),
        ("organisations", "organizations"),
        ("analysed", "analyzed"),
        ("kilometres", "kilometers"),
        ("travelling", "traveling"),
        ("defence", "defense"),
        ("licences", "licenses"),
        ("programme", "program"),
        ("four", "four"),
        ("promise", "promise"),
        ("council", "council"),
        ("hour", "hour"),
        ("socialism", "socialism"),
    ],
)
def test_americanize(british: str, american: str) -> None:
    assert americanize(british) == american
