"""A histogram of probabilities: where each bar, line and label stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LEFT, _TOP, _WIDTH, _HEIGHT = 10, 24, 600, 130

_FLOOR = _TOP + _HEIGHT

_MARGIN = 24
"""Below the bars, for the labels of the axis."""

_LOWEST = 1.5
"""A bar of few articles among many must still be seen."""


@dataclass(frozen=True)
class Bar:
    """A rectangle of the picture, and its style: "hit" (flagged) or "rest"."""

    style: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Label:
    """A text of the picture, around its middle."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Band:
    """Where the threshold lies for some length of article or other."""

    x: float
    width: float


@dataclass(frozen=True)
class Histogram:
    """What ``histogram.html`` draws, in a picture of so many units."""

    width: int
    height: int
    left: int
    right: int
    floor: int
    band: Band | None
    limits: list[float]
    bars: list[Bar]
    labels: list[Label]


def lay_out_histogram(
    bins: Sequence[Sequence[int]], threshold: tuple[float, float] | None
) -> Histogram | None:
    """Place the bars of the bins, or nothing where all of them are empty.

    Args:
        bins: articles that were not flagged and that were, for equal steps of probability.
        threshold: the lowest and the highest that an article was held against.
    """
    if not any(map(sum, bins)):
        return None
    low, high = (_LEFT + _WIDTH * share for share in threshold or (0.0, 0.0))
    return Histogram(
        width=_WIDTH + 2 * _LEFT,
        height=_FLOOR + _MARGIN,
        left=_LEFT,
        right=_LEFT + _WIDTH,
        floor=_FLOOR,
        band=Band(low, high - low) if threshold else None,
        limits=list(dict.fromkeys((low, high))) if threshold else [],
        bars=[bar for i in range(len(bins)) for bar in _stack_bars(bins, i)],
        labels=[*_label_bars(bins), *_label_axis()],
    )


def _stack_bars(bins: Sequence[Sequence[int]], i: int) -> Iterator[Bar]:
    """The bars of one bin, the flagged articles upon the others."""
    step = _WIDTH / len(bins)
    base: float = _FLOOR
    for count, style in zip(bins[i], ("rest", "hit"), strict=True):
        if count:
            height = _measure_bar(bins, count)
            base -= height
            yield Bar(style, _LEFT + i * step + 1, base, step - 2, height)


def _measure_bar(bins: Sequence[Sequence[int]], count: int) -> float:
    return max(_LOWEST, _HEIGHT * count / max(map(sum, bins)) * 0.95)


def _label_bars(bins: Sequence[Sequence[int]]) -> Iterator[Label]:
    step = _WIDTH / len(bins)
    for i, counts in enumerate(bins):
        if total := sum(counts):
            tall = sum(_measure_bar(bins, count) for count in counts if count)
            yield Label(_LEFT + i * step + step / 2, _FLOOR - tall - 4, _shorten_count(total))


def _label_axis() -> Iterator[Label]:
    for share in (0, 0.25, 0.5, 0.75, 1):
        yield Label(_LEFT + _WIDTH * share, _FLOOR + 16, f"{share:g}")


def _shorten_count(count: int) -> str:
    """A count in four characters or so, to stand on a narrow bar."""
    if count < 1_000:
        return f"{count}"
    return f"{count / 1e3:.3g}k" if count < 999_500 else f"{count / 1e6:.3g}M"
