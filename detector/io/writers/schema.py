"""The types that columns of results have in Parquet."""

from __future__ import annotations

from collections.abc import Mapping

from detector.columns import CLUSTER_COLUMNS, name_columns

_KINDS = {bool: "bool", float: "double", int: "int64", str: "string"}

RESULT_SCHEMA: Mapping[str, str] = {
    **{
        name: _KINDS[kind]
        for name, kind in {**name_columns(comparing=True), **CLUSTER_COLUMNS}.items()
    },
    "error": "string",
}
"""Types in Parquet of the columns that a result may have, all of them nullable.

Other columns, ids among them, are truth values, whole numbers (int64) or doubles where all their
values are; all else is a string, in which what is no text stands as JSON. Types are plain, so that
pandas, DuckDB and Spark agree.
"""
