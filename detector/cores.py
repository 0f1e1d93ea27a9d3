"""How many processor cores this process may use."""

from __future__ import annotations

import math
import os
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")

_OWN_GROUPS = Path("/proc/self/cgroup")


def count_cores() -> int:
    """Cores that this process may use, at least 1.

    Those it is bound to, where the system tells, and no more than the quota of processor time that
    its container has (cgroup version 1 or 2), rounded up.
    """
    bound = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    quota = read_quota()
    return bound if quota is None else max(1, min(bound, math.ceil(quota)))


def read_quota(groups: Path = _GROUPS, own: Path = _OWN_GROUPS) -> float | None:
    """Processors' worth of time that control groups leave this process; None where they set none.

    Args:
        groups: where the groups are mounted.
        own: the file that names those of this process.
    """
    try:
        lines = own.read_text().splitlines()
    except (OSError, ValueError):
        lines = []
    # A container often sees its own group as the root, whatever the file names.
    quotas = [_read_v2(groups), *map(_read_v1, _list_v1_roots(groups))]
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        relative = path.strip("/")
        if number == "0" and not controllers:
            quotas += map(_read_v2, _climb(groups, relative))
        elif "cpu" in controllers.split(","):
            for root in _list_v1_roots(groups):
                quotas += map(_read_v1, _climb(root, relative))
    return min((quota for quota in quotas if quota is not None), default=None)


def _list_v1_roots(groups: Path) -> list[Path]:
    return [groups / "cpu", groups / "cpu,cpuacct"]


def _climb(root: Path, relative: str) -> list[Path]:
    """A group and those that it lies in, each of which may set a quota."""
    steps = [step for step in relative.split("/") if step and step != ".."]
    return [root.joinpath(*steps[:depth]) for depth in range(1, len(steps) + 1)]


def _read_v2(group: Path) -> float | None:
    fields = _read_fields(group / "cpu.max")
    return _divide(*fields) if len(fields) == 2 else None


def _read_v1(group: Path) -> float | None:
    fields = [*_read_fields(group / "cpu.cfs_quota_us"), *_read_fields(group / "cpu.cfs_period_us")]
    return _divide(*fields) if len(fields) == 2 else None


def _read_fields(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except (OSError, ValueError):
        return []


def _divide(quota: str, period: str) -> float | None:
    """Quota by period, both in microseconds; "max" and -1 are no quota."""
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return share if share > 0 else None
