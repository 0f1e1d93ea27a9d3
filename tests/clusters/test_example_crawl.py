"""The shipped model groups the project's own crawl: a family of six, and another report."""

from __future__ import annotations

from pathlib import Path

import pytest

from detector.clusters import Group, group

CRAWL = Path(__file__).parents[2] / "data" / "example_crawl"


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    return group((path.stem, path.read_text("utf-8")) for path in sorted(CRAWL.iterdir()))


def test_the_family_is_one_group_and_the_other_report_stands_alone(groups: list[Group]) -> None:
    assert [len(one) for one in groups] == [6, 1]
    assert groups[0].original.id == "original"
    assert (groups[1].original.id, groups[1].original.role) == ("other_report", "alone")


def test_machines_are_flagged_and_people_are_not(groups: list[Group]) -> None:
    copies = {copy.id: copy for copy in groups[0].copies}
    assert {name for name, copy in copies.items() if copy.flagged} == {"spun", "translated"}
    assert copies["cut"].relation == "verbatim"
    assert copies["repost"].relation == "edited"  # It has another headline, and a line more.
    assert copies["spun"].substitutes
    assert all((copy.coverage or 0) > 0.9 for copy in copies.values())
    assert {copy.copied_from for copy in copies.values()} == {None}
