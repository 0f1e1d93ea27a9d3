"""Whole documents made from a user's rows, as the classifier judges them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from detector.results import ORIGINAL
from detector.training.corpora.validation import KINDS

#: The outlet of articles that come without one.
UNNAMED_OUTLET = "unnamed outlet"

UNNAMED_SYSTEM = "unnamed system"

_FROM_ROW = ("article_id", "outlet", "held_out", "file", "row")


def make_documents(pairs: pd.DataFrame) -> pd.DataFrame:
    """Whole documents of validated pairs: each article once as its original, once per version.

    Rows of one text, kind, pivot and system are its sentences or paragraphs, in order. A text of
    kind ``edited`` is a human document of its own.

    Args:
        pairs: as `detector.training.corpora.validation.validate_pairs` returns them.

    Returns:
        One row per document: ``text``, ``label``, ``group`` (its outlet), ``article_id``,
        ``pivot``, ``system``, ``rate``, ``split``, ``held_out``, ``by_translator``, ``weight``,
        and ``file`` and ``row`` of its first row.
    """
    documents = pd.concat([_join_originals(pairs), _join_versions(pairs)], ignore_index=True)
    spun_by = documents["system"].where(documents["system"] != "", UNNAMED_SYSTEM)
    machine = documents["label"] != ORIGINAL
    outlet = documents["outlet"].where(documents["outlet"] != "", UNNAMED_OUTLET)
    return documents.drop(columns=["outlet", "document"]).assign(
        group=outlet,
        system=spun_by.where(machine, ""),
        pivot=documents["pivot"].where(machine, ""),
        rate=0.0,
        split=np.where(documents["held_out"], "test", "dev"),
        by_translator=False,
    )


def _join_originals(pairs: pd.DataFrame) -> pd.DataFrame:
    given = pairs[pairs["original"].str.strip() != ""]
    first = given.drop_duplicates(["document", "original"])
    joined = _join(first, "original", ["document"]).drop_duplicates(["article_id", "text"])
    return joined.assign(label=ORIGINAL, pivot="", system="")


def _join_versions(pairs: pd.DataFrame) -> pd.DataFrame:
    given = pairs[pairs["text"].str.strip() != ""]
    keys = ["document", "kind", "pivot", "system"]
    # The same original again, with nothing else to tell them apart, is another version of it.
    version = given.groupby([*keys, "original"], sort=False).cumcount()
    unpaired = given["original"].str.strip() == ""
    versions = given.assign(version=version.where(~unpaired, 0))
    joined = _join(versions, "text", [*keys, "version"])
    return joined.assign(label=joined["kind"].map(KINDS)).drop(columns=["kind", "version"])


def _join(rows: pd.DataFrame, side: str, keys: list[str]) -> pd.DataFrame:
    """One row per group of `keys`: the texts of `side`, one a line; the rest from its first row."""
    grouped = rows.groupby(keys, sort=False)
    aggregated: Mapping[str, Any] = {
        name: (name, "first") for name in _FROM_ROW if name not in keys
    }
    return grouped.agg(
        text=(side, "\n".join), weight=("weight", "mean"), **aggregated
    ).reset_index()
