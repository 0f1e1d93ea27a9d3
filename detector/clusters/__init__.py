"""Texts of a crawl that stem from one another, in groups, with the original among them."""

from __future__ import annotations

from detector.clusters.grouping import Group, Member, group

__all__ = ["Group", "Member", "group"]
