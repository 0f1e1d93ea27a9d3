"""The types that columns of results have in Parquet."""

from __future__ import annotations

from collections.abc import Mapping

RESULT_SCHEMA: Mapping[str, str] = {
    "id": "string",
    "probability": "double",
    "label": "string",
    "probability_original": "double",
    "probability_translated": "double",
    "probability_spun": "double",
    "flagged": "bool",
    "threshold": "double",
    "false_positive_rate": "double",
    "reason": "string",
    "error": "string",
    "words": "int32",
    "language": "string",
    "signature": "string",
    "notes": "string",
    "original_id": "string",
    "original_score": "double",
    "original_probability": "double",
    "relation": "string",
    "comparison_probability": "double",
    "comparison_flagged": "bool",
    "coverage": "double",
}
"""Types in Parquet of the columns that a result may have, all of them nullable.

Other columns are truth values or doubles where all their values are; all else is a string, in
which what is no text stands as JSON. Types are plain, so that pandas, DuckDB and Spark agree.
"""
