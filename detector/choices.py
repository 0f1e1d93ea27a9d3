"""What callers may choose: false-positive rates with a guarantee, which spans, how many workers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Literal, get_args

VERDICT_RATES = (0.05, 0.01, 0.001)
"""Shares of human articles that may be flagged by mistake."""

COMPARISON_RATES = (0.05, 0.01, 0.005, 0.001)
"""Shares of pairs that no machine made of one another that may be flagged by mistake. The shipped
model guarantees none at 0.001, and says so; a batch may be judged at that rate all the same."""

DEFAULT_FALSE_POSITIVE_RATE = 0.01

_ROUNDING = 1e-6  # float32 holds no more digits

#: Comparisons make fewer mistakes than verdicts on one text, so fewer are accepted.
DEFAULT_COMPARISON_RATE = 0.005

ArtifactSetting = Literal["few", "many", "all", "none"]

ARTIFACT_SETTINGS: tuple[ArtifactSetting, ...] = get_args(ArtifactSetting)


def check_rate(name: str, rate: object, known: Sequence[float] = VERDICT_RATES) -> float:
    """Refuse a rate that no threshold was fitted for: nothing is interpolated between two.

    Args:
        name: what the caller calls the rate.
        rate: what was given.
        known: the rates that exist.

    Returns:
        The rate that was meant, freed of rounding.

    Raises:
        TypeError: it is no number.
        ValueError: it is none of those that exist; the message names them.
    """
    *most, last = (f"{one:g}" for one in known)
    rates = f"{', '.join(most)} or {last}"
    if isinstance(rate, bool) or not isinstance(rate, Real):
        raise TypeError(f"{name} is {type(rate).__name__} ({rate!r:.40}); give {rates}")
    for one in known:
        if math.isclose(one, float(rate), rel_tol=_ROUNDING):
            return one
    raise ValueError(
        f"{name} must be {rates}, not {rate}: only for these are thresholds guaranteed, "
        "and between them nothing is"
    )


def check_count(name: str, count: object) -> int:
    """Refuse what is no number of threads, workers and the like.

    Args:
        name: what the caller calls it.
        count: what was given.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is below 1.
    """
    if isinstance(count, bool) or not isinstance(count, Integral):
        raise TypeError(f"{name} is {type(count).__name__} ({count!r:.40}); give a whole number")
    if count < 1:
        raise ValueError(f"{name} must be at least 1, not {count}")
    return int(count)


def check_artifacts(setting: object) -> None:
    """Refuse what is none of `ARTIFACT_SETTINGS`.

    Raises:
        ValueError: it is none; the message names them.
    """
    if setting not in ARTIFACT_SETTINGS:
        known = ", ".join(map(repr, ARTIFACT_SETTINGS))
        raise ValueError(f"artifacts must be one of {known}, not {setting!r}")
