"""Figures: their style, how they are saved, and the drift plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from detector.errors import DetectorError
from detector.io.atomic_files import replace_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


#: Colours that people with any colour vision tell apart (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, PURPLE, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"

GREY = "#777777"

_STYLE: dict[str, Any] = {
    "axes.edgecolor": "#444444",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelsize": 11,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "figure.dpi": 150,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that all machines draw the same
    "font.size": 10,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "savefig.bbox": "tight",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    # What SVG's internal names are made from; without it they are drawn at random.
    "svg.hashsalt": "mt-artifact-detector",
}


def check_matplotlib() -> None:
    """Fail before the work rather than after it.

    Raises:
        DetectorError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise DetectorError(
            "plots need matplotlib: pip install 'mt-artifact-detector[plots]'"
        ) from error


@contextmanager
def open_drawing(width: float, height: float) -> Iterator[Figure]:
    """A figure of so many inches in this project's style."""
    check_matplotlib()
    from matplotlib import style
    from matplotlib.figure import Figure

    # Reset: the user's own matplotlibrc must not change what comes out.
    with style.context(_STYLE, after_reset=True):
        yield Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Figure, path: Path) -> Path:
    """Write one picture, whole or not at all; the ending of `path` says as what.

    Raises:
        DetectorError: it cannot be written.
    """
    # No dates or versions, which would make the same picture another file.
    metadata = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_whole(path) as stream:
            figure.savefig(
                stream, format=path.suffix[1:], metadata=metadata.get(path.suffix.lower())
            )
    except (OSError, ValueError) as error:
        raise DetectorError(f"{path}: cannot be written: {error}") from error
    return path


def save_png_and_svg(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write one picture in both formats; see `save_figure`."""
    return [save_figure(figure, folder / f"{name}{suffix}") for suffix in (".png", ".svg")]


def format_share(share: float) -> str:
    """A share in per cent with two digits, as labels have room for."""
    return f"{float(f'{100 * share:.2g}'):g} %"


#: A picture of more columns than this is a wall of small ones.
_MOST_COLUMNS = 6


def plot_drift(result: Mapping[str, Any], path: Path) -> Path:
    """Two streams of scored articles: how each column is spread, and which shares differ.

    Args:
        result: of `detector.monitoring.drift.compare_streams`.
        path: a .png or .svg file.

    Raises:
        DetectorError: matplotlib is missing, or the file cannot be written.
    """
    found = result["distributions"]
    # What moved most comes first; where there is not room for all, that is what must be seen.
    names = sorted(found, key=lambda name: (name != "probability", -found[name]["psi"]))
    shown = names[:_MOST_COLUMNS]
    rows = -(-len(shown) // 2)
    shares = result["shares"]
    heights = [*[2.4] * rows, 0.9 + 0.26 * len(shares)]
    with open_drawing(9, sum(heights) + 0.9) as figure:
        grid = figure.add_gridspec(rows + 1, 2, height_ratios=heights)
        for number, name in enumerate(shown):
            axes = figure.add_subplot(grid[number // 2, number % 2])
            _draw_distribution(axes, name, found[name], with_legend=number == 0)
        _draw_differences(figure.add_subplot(grid[rows, :]), shares)
        counts = [f"{result[side]['rows']:,}" for side in ("baseline", "current")]
        state = "has moved" if result["moved"] else "has not moved in a way that matters"
        title = f"The stream {state} ({counts[0]} rows before, {counts[1]} now)"
        if not result["comparable"]:
            title += "\nNot scored alike: the scores cannot be compared"
        if left_out := len(names) - len(shown):
            title += f"\n({left_out} columns that moved less are not shown)"
        figure.suptitle(title, x=0.01, ha="left", fontsize=13)
        return save_figure(figure, path)


def _draw_distribution(axes: Axes, name: str, row: Mapping[str, Any], with_legend: bool) -> None:
    histogram = row["histogram"]
    axes.stairs(
        100 * np.array(histogram["baseline"]), histogram["edges"], fill=True, color=BLUE, alpha=0.3,
        label="baseline",
    )  # fmt: skip
    axes.stairs(
        100 * np.array(histogram["current"]), histogram["edges"], color=ORANGE, linewidth=1.8,
        label="current",
    )  # fmt: skip
    state = "moved, " if row["moved"] else ""
    axes.set_title(f"{name}: {state}PSI {row['psi']:.2f}, D {row['ks']:.2f}", fontsize=10)
    axes.set(xlabel=name, ylabel="% of rows")
    if with_legend:
        axes.legend(loc="best", fontsize=9)


def _draw_differences(axes: Axes, shares: Mapping[str, Mapping[str, Any]]) -> None:
    for place, row in enumerate(reversed(list(shares.values()))):
        middle, low, high = (100 * row[name] for name in ("difference", "low", "high"))
        axes.errorbar(
            [middle], [place], xerr=[[max(0.0, middle - low)], [max(0.0, high - middle)]],
            marker="o", capsize=3, linestyle="none", color=ORANGE if row["moved"] else GREY,
            markerfacecolor=ORANGE if row["moved"] else "white",
        )  # fmt: skip
    axes.axvline(0, color=BLACK, linewidth=1, linestyle="--")
    names = [
        f"{name} ({format_share(row['baseline'])} → {format_share(row['current'])})"
        for name, row in reversed(list(shares.items()))
    ]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("difference in percentage points, with 95 % interval (filled: moved)")
