"""Tables: Markdown that a cell cannot break, and columns that stay under each other."""

from __future__ import annotations

import pytest

from detector.presentation.tables import align_columns, fit_cells, format_table, measure_width


def test_a_markdown_table() -> None:
    assert format_table(["outlet", "n"], [["a|b", "1"]]) == (
        "| outlet | n |\n| --- | --- |\n| a/b | 1 |"
    )


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert list(align_columns([["name", "n", ""], ["港口", "1,000", "moved"], ["a", "2", ""]])) == [
        "name  n",
        "港口  1,000  moved",
        "a     2",
    ]


@pytest.mark.parametrize(
    ("cells", "widths", "to_the_right", "fitted"),
    [
        (["a", "b"], [3, 2], (), ["a  ", "b "]),
        (["a", "b"], [3, 2], (0,), ["  a", "b "]),
        (["abcdef", "港口港口"], [4, 6], (), ["abc…", "港口… "]),
        (["e\u0301a", "abc"], [2, 3], (), ["e\u0301a", "abc"]),
    ],
)
def test_cells_are_cut_or_filled_to_their_width(
    cells: list[str], widths: list[int], to_the_right: tuple[int, ...], fitted: list[str]
) -> None:
    assert fit_cells(cells, widths, to_the_right) == fitted
    assert [measure_width(cell) for cell in fitted] == widths


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("港口", 4), ("e\u0301", 1), ("😀", 2)])
def test_wide_letters_and_marks_are_measured(text: str, width: int) -> None:
    assert measure_width(text) == width
