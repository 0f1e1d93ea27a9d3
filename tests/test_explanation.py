"""Evidence has a name that a reader understands."""

from __future__ import annotations

import pytest

from detector.features.columns import FEATURE_COLUMNS
from detector.presentation.wording import name_feature


@pytest.mark.parametrize("column", [*FEATURE_COLUMNS, "constant"])
def test_every_column_of_evidence_has_a_plain_name(column: str) -> None:
    name = name_feature(column)
    assert "_" not in name
    assert name != column.replace("_", " ")


def test_unknown_evidence_is_called_what_it_is() -> None:
    assert name_feature("a_column_of_tomorrow") == "a column of tomorrow"
