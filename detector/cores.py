"""How many processor cores this process may use."""

from __future__ import annotations

import os


def count_cores() -> int:
    """Cores that this process may use: those it is bound to, where the system tells, at least 1."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
