"""What a text is in its group: who stands before its original by date."""

from __future__ import annotations

import pytest
from test_descent import DAY, link

from detector.clusters.links import Link
from detector.clusters.settling import Evidence, settle

HOUR = 3600.0


@pytest.mark.parametrize(
    ("original", "copy", "predates"),
    [
        (9 * DAY + 10 * HOUR, 9 * DAY, False),  # the copy has no time of day
        (9 * DAY, 8 * DAY, True),
        (9 * DAY, 10 * DAY, False),
        (None, 8 * DAY, False),
        (9 * DAY, None, False),
    ],
)
def test_a_copy_stands_before_its_original_if_a_day_lies_between(
    original: float | None, copy: float | None, predates: bool
) -> None:
    def compare(one: int, other: int) -> Link:
        return link(one, other, 0.999 if one > other else 0.001)

    dates = {0: original, 1: copy}
    found = settle([(1, 0)], Evidence(compare, compare, lambda number: "a text", dates.get))
    assert (found[1].original, found[1].predates) == (0, predates)
