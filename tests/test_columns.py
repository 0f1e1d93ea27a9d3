"""The columns of results: one table in the pages, and a version that rises with any change."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import Path

from detector.columns import COLUMNS_VERSION, COMPARED_COLUMNS, JUDGED_COLUMNS, name_columns

USAGE = Path(__file__).parents[1] / "docs" / "usage.md"

#: Of each version, what its columns are; a change of the columns is a new version here.
DIGESTS = {1: "5d34326b4e75e5aa"}


def test_a_change_of_the_columns_is_a_new_version() -> None:
    columns = [(name, kind.__name__) for name, kind in name_columns(comparing=True).items()]
    assert sha256(repr(columns).encode()).hexdigest()[:16] == DIGESTS[COLUMNS_VERSION]
    assert max(DIGESTS) == COLUMNS_VERSION


def test_usage_lists_all_columns_in_order_with_their_types() -> None:
    section = USAGE.read_text(encoding="utf-8").split("\n## Columns\n")[1].split("\n## ")[0]
    listed = dict(re.findall(r"^\| `(\w+)` \| (\w+) \| \S", section, re.MULTILINE))
    known = {**JUDGED_COLUMNS, **COMPARED_COLUMNS}
    assert list(listed.items()) == [(name, kind.__name__) for name, kind in known.items()]
    assert f"version {COLUMNS_VERSION} of them" in section
