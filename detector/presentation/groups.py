"""Groups of copies as lines for people: the original first, what was made of it below."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from detector.clusters.grouping import ALONE_ROLE, COPY_ROLE
from detector.presentation.terminal import name_on_a_line
from detector.presentation.wording import format_probability

_RELATION_WIDTH = len("machine-rewritten")


def format_groups(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Lines on the groups of a crawl, the largest first; texts that stand alone are counted.

    Args:
        rows: as `detector.clusters.rows.list_rows` gives them.
    """
    groups: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
    alone = 0
    for row in rows:
        if row["role"] == ALONE_ROLE:
            alone += 1
        else:
            groups[row["group"]].append(row)
    for members in sorted(groups.values(), key=lambda members: -len(members)):
        yield from _format_group(members)
        yield ""
    yield f"{alone:,} {'text stands' if alone == 1 else 'texts stand'} alone"


def _format_group(members: list[Mapping[str, Any]]) -> Iterator[str]:
    copies = [row for row in members if row["role"] == COPY_ROLE]
    original = next(row for row in members if row["role"] != COPY_ROLE)
    count = f"{len(copies):,} {'copy' if len(copies) == 1 else 'copies'}"
    yield f"{name_on_a_line(str(original['id']))}: {count}"
    for row in sorted(copies, key=lambda row: -(row["machine"] or 0.0)):
        relation = row["relation"] or "not compared"
        state = "flagged" if row["flagged"] else ""
        name = name_on_a_line(str(row["id"]))
        figure = format_probability(row["machine"])
        line = f"  {state:7}  {relation:{_RELATION_WIDTH}}  {figure:5}  {name}"
        yield f"{line} ({name_on_a_line(row['note'])})" if row["note"] else line
