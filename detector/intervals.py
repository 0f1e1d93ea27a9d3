"""The confidence interval of a share."""

from __future__ import annotations

import math
from statistics import NormalDist

CONFIDENCE = 0.95


def wilson_interval(count: int, total: int) -> tuple[float, float] | None:
    """95 % confidence interval of a share (Wilson 1927); None where nothing was counted.

    Args:
        count: how many had it.
        total: of how many.
    """
    if not total:
        return None
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    share, weight = count / total, 1 + z * z / total
    center = (share + z * z / (2 * total)) / weight
    spread = z / weight * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    # At the ends rounding would leave the range of shares.
    low = 0.0 if count == 0 else max(0.0, center - spread)
    high = 1.0 if count == total else min(1.0, center + spread)
    return low, high
