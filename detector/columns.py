"""The columns that tables of results have: in files, data frames and Spark the same.

docs/usage.md says what each means.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

COLUMNS_VERSION = 1
"""Of names, order, types and meanings; it rises with any change to them."""

JUDGED_COLUMNS: Mapping[str, type] = {
    "probability": float,
    "label": str,
    "probability_original": float,
    "probability_translated": float,
    "probability_spun": float,
    "flagged": bool,
    "threshold": float,
    "reason": str,
    "words": int,
    "language": str,
    "signature": str,
    "notes": str,
}
"""What is said of each document that was looked at, and of what type; null where unknown."""

COMPARED_COLUMNS: Mapping[str, type] = {
    "original_id": str,
    "original_score": float,
    "judged_by": str,
    "relation": str,
    "comparison_probability": float,
    "comparison_flagged": bool,
    "comparison_threshold": float,
    "comparison_reason": str,
    "comparison_signature": str,
    "coverage": float,
    "direction": float,
}
"""What is said besides where documents are compared with originals; null where there is none."""

BY_TEXT, BY_COMPARISON = ("text", "comparison")
"""What `flagged` and `reason` follow from, in the column `judged_by`: the text by itself, or its
comparison with the original that it stems from."""

CLUSTER_COLUMNS: Mapping[str, type] = {
    "group": int,
    "size": int,
    "role": str,
    "relation": str,
    "machine": float,
    "flagged": bool,
    "original_id": str,
    "coverage": float,
    "copied_from": str,
    "substitutes": str,
    "note": str,
    "reason": str,
    "signature": str,
}
"""What is said of each document of a crawl that was grouped; null where there is nothing to say."""


def name_columns(*, comparing: bool) -> dict[str, type]:
    """The columns of every table, in order, with their types.

    Args:
        comparing: documents are compared with originals.
    """
    return {**JUDGED_COLUMNS, **(COMPARED_COLUMNS if comparing else {})}


def rename_clashes(names: Collection[str], ours: Collection[str]) -> dict[str, str]:
    """What the columns that a table brought are called beside ours, in their order.

    One that is named like one of ours gets "input_" put before its name, as often as it takes to be
    named like no other.

    Args:
        names: of the table's own columns.
        ours: names that are taken.
    """
    taken = {*names, *ours}
    renamed: dict[str, str] = {}
    for name in names:
        free = name
        if name in ours:
            while free in taken:
                free = f"input_{free}"
            taken.add(free)
        renamed[name] = free
    return renamed
