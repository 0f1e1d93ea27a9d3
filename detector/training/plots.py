"""Figures as pictures: ROC, reliability, scores by group, accuracy by length, speed.

Each picture is written as PNG and as SVG. The same figures give the same SVG, byte for byte.
Needs matplotlib, the extra ``plots``; it is imported when something is drawn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.errors import DetectorError
from detector.training.metrics import (
    FEWEST_ARTICLES,
    LENGTH_BANDS,
    measure_auroc,
    measure_reliability,
    measure_share,
    name_length,
    rank_score,
    trace_roc,
)
from detector.verdict import ORIGINAL, SPUN, TRANSLATED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Flags = npt.NDArray[np.bool_]

#: Colours that people with any colour vision tell apart (Okabe and Ito 2008).
BLUE, ORANGE, GREEN, PURPLE, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"
GREY = "#777777"
_COLOURS = {ORIGINAL: BLUE, TRANSLATED: ORANGE, SPUN: GREEN}
# Never by colour alone: each label has its own mark and dashes too.
_MARKS = {ORIGINAL: "o", TRANSLATED: "s", SPUN: "^"}
_DASHES = {TRANSLATED: "-", SPUN: (0, (5, 2))}
_RATE_MARKS = ("v", "o", "D", "P", "X")
#: More groups than this no picture holds; the largest are shown.
MOST_GROUPS = 24

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
def _drawing(width: float, height: float) -> Iterator[Figure]:
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
        with tempfile.TemporaryDirectory(prefix=".plot-", dir=path.parent) as work:
            fresh = Path(work) / path.name
            figure.savefig(
                fresh, format=path.suffix[1:], metadata=metadata.get(path.suffix.lower())
            )
            fresh.replace(path)
    except (OSError, ValueError) as error:
        raise DetectorError(f"{path}: cannot be written: {error}") from error
    return path


def _save_both(figure: Figure, folder: Path, name: str) -> list[Path]:
    return [save_figure(figure, folder / f"{name}{suffix}") for suffix in (".png", ".svg")]


# --------------------------------------------------------------------------------------
# What a model does
# --------------------------------------------------------------------------------------


def plot_evaluation(
    scored: pd.DataFrame,
    flagged_at: Mapping[float, Flags],
    folder: Path,
    grouping: str = "outlet",
    rate: float = 0.01,
) -> list[Path]:
    """All pictures of one model on scored documents.

    Args:
        scored: as `detector.training.metrics` takes it, ``words`` included.
        flagged_at: promised false-positive rate → which rows of `scored` are flagged at it.
        folder: where they go; it is made.
        grouping: the column whose groups `plot_scores` sets apart.
        rate: the one at which accuracy by length is shown.

    Returns:
        The files written: roc, reliability, scores and accuracy_by_length, each as PNG and SVG,
        less what the documents do not allow (a ROC without human documents, say).

    Raises:
        DetectorError: matplotlib is missing, or a file cannot be written.
    """
    judged = scored["probability"].notna().to_numpy()
    scored = scored[judged].reset_index(drop=True)
    flagged_at = {rate: mask[judged] for rate, mask in flagged_at.items()}
    human = (scored["label"] == ORIGINAL).to_numpy()
    paths: list[Path] = []
    if human.any() and not human.all():
        paths += plot_roc(scored, flagged_at, folder)
        paths += plot_reliability(scored, folder)
    if len(scored):
        paths += plot_scores(scored, folder, grouping)
        if rate in flagged_at:
            paths += plot_lengths(scored, flagged_at[rate], folder, rate)
    return paths


def plot_roc(scored: pd.DataFrame, flagged_at: Mapping[float, Flags], folder: Path) -> list[Path]:
    """ROC of each kind of machine text against all human documents, with the operating points.

    Once as a whole, and once with a logarithmic scale for the few false positives that matter.
    """
    with _drawing(10, 4.8) as figure:
        whole, low = figure.subplots(1, 2, sharey=True)
        humans = int((scored["label"] == ORIGINAL).sum())
        least = 0.5 / humans
        for axes in (whole, low):
            _draw_roc_curves(axes, scored, least if axes is low else 0.0)
            _draw_operating_points(axes, scored, flagged_at, least if axes is low else 0.0)
            axes.set_xlabel(f"false positives ({humans:,} human documents)")
        whole.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=":")
        whole.set(title="ROC", ylabel="true positives (machine documents)")
        whole.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
        low.set(
            title="few false positives enlarged (left edge: none)", xscale="log", xlim=(least, 1)
        )
        for axis in (whole.xaxis, whole.yaxis, low.xaxis):
            axis.set_major_formatter(lambda share, _: _percent(share))
        handles, labels = whole.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        return _save_both(figure, folder, "roc")


def _draw_roc_curves(axes: Axes, scored: pd.DataFrame, least: float) -> None:
    rank = rank_score(scored)
    for label, rows in _iterate_contrasts(scored):
        positive = (scored["label"] == label).to_numpy()[rows]
        auroc = measure_auroc(positive, rank[rows], np.ones((1, len(rows))))[0]
        false, true = trace_roc(positive, rank[rows])
        axes.step(
            np.maximum(false, least),
            true,
            where="post",
            color=_COLOURS[label],
            linestyle=_DASHES[label],
            linewidth=1.6,
            label=f"{label}, {int(positive.sum()):,} documents: AUROC {auroc:.3f}",
        )


def _draw_operating_points(
    axes: Axes, scored: pd.DataFrame, flagged_at: Mapping[float, Flags], least: float
) -> None:
    human = (scored["label"] == ORIGINAL).to_numpy()
    for mark, (rate, flagged) in zip(_RATE_MARKS, sorted(flagged_at.items()), strict=False):
        false = float(flagged[human].mean())
        shape: dict[str, Any] = {
            "marker": mark,
            "markersize": 7,
            "linestyle": "none",
            "markeredgecolor": BLACK,
        }
        for label, rows in _iterate_contrasts(scored):
            found = flagged[rows[~human[rows]]].mean()
            axes.plot(
                [max(false, least)], [found], markerfacecolor=_COLOURS[label], clip_on=False,
                zorder=5, **shape,
            )  # fmt: skip
        promise = f"threshold for {_percent(rate)} false positives: {_percent(false)} here"
        axes.plot([], [], markerfacecolor="white", label=promise, **shape)


def _iterate_contrasts(scored: pd.DataFrame) -> Iterator[tuple[str, npt.NDArray[np.int64]]]:
    """Each machine label that there is, with the rows of it and of all human documents."""
    labels = scored["label"].to_numpy()
    for label in (TRANSLATED, SPUN):
        if (labels == label).any():
            yield label, np.flatnonzero((labels == label) | (labels == ORIGINAL))


def plot_reliability(scored: pd.DataFrame, folder: Path) -> list[Path]:
    """How often a stated probability came true, and how many documents it was stated of."""
    positive = (scored["label"] != ORIGINAL).to_numpy()
    probabilities = scored["probability"].to_numpy(dtype=np.float64)
    bins = measure_reliability(positive, probabilities, scored["article_id"].to_numpy())
    enough = bins["documents"] >= FEWEST_ARTICLES
    with _drawing(5.4, 6.8) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        upper.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":", label="as stated")
        _draw_reliability(upper, bins[enough])
        few = bins[~enough]
        if len(few):
            upper.plot(
                few["stated"], few["came_true"], color=PURPLE, marker="o", markerfacecolor="white",
                linestyle="none", label=f"fewer than {FEWEST_ARTICLES} documents",
            )  # fmt: skip
        upper.set(ylabel="share that a machine wrote", ylim=(-0.03, 1.03))
        upper.set_title("Reliability, both classes counting alike")
        figure.legend(*upper.get_legend_handles_labels(), loc="outside lower center")
        _draw_histogram(lower, scored, np.linspace(0, 1, 21))
        lower.set(xlabel="stated probability of a machine", ylabel="documents", xlim=(-0.02, 1.02))
        return _save_both(figure, folder, "reliability")


def _draw_reliability(axes: Axes, bins: pd.DataFrame) -> None:
    spread = [bins["came_true"] - bins["low"], bins["high"] - bins["came_true"]]
    axes.errorbar(
        bins["stated"], bins["came_true"], yerr=np.clip(spread, 0, None), color=PURPLE, marker="o",
        capsize=3, label="measured, with 95 % interval by article",
    )  # fmt: skip


def _draw_histogram(axes: Axes, scored: pd.DataFrame, edges: npt.NDArray[Any]) -> None:
    bottom = np.zeros(len(edges) - 1)
    hatches = {ORIGINAL: "", TRANSLATED: "///", SPUN: "..."}
    for label in (ORIGINAL, TRANSLATED, SPUN):
        counts, _ = np.histogram(scored["probability"][scored["label"] == label], edges)
        if counts.any():
            axes.bar(
                edges[:-1],
                counts,
                np.diff(edges),
                bottom,
                align="edge",
                color=_COLOURS[label],
                hatch=hatches[label],
                edgecolor="white",
                linewidth=0.5,
                label=label,
            )
            bottom += counts
    axes.legend(loc="upper center", ncols=3, fontsize=9)


def plot_scores(scored: pd.DataFrame, folder: Path, grouping: str = "outlet") -> list[Path]:
    """How scores spread in each group, people's and machines' apart, against the threshold."""
    groups, left_out = _choose_groups(scored, grouping)
    rank = rank_score(scored)
    with _drawing(8, 2 + 0.34 * len(groups)) as figure:
        axes = figure.subplots()
        for place, (_, label, rows) in enumerate(reversed(groups)):
            _draw_box(axes, rank[rows], place, label)
        names = [f"{name} ({len(rows):,})" for name, _, rows in reversed(groups)]
        axes.set_yticks(range(len(groups)), names)
        axes.set_ylim(-0.7, len(groups) - 0.3)
        axes.grid(axis="y", visible=False)
        axes.axvline(0, color=BLACK, linewidth=1.2, linestyle="--", label="threshold")
        unit = "on people's scale," if "score" in scored.columns else "log-odds"
        axes.set_xlabel(f"score: {unit} above the threshold\nfor a document of that length")
        title = "Scores: median, middle half, middle 90 % and the documents beyond"
        if left_out:
            title += f"\n({left_out} smaller groups are not shown)"
        axes.set_title(title)
        _name_labels(figure, axes, [label for _, label, _ in groups])
        return _save_both(figure, folder, "scores")


def _choose_groups(
    scored: pd.DataFrame, grouping: str
) -> tuple[list[tuple[str, str, npt.NDArray[np.int64]]], int]:
    """(name, label, rows) of the largest groups, by label then name; and how many are left out."""
    names = scored[grouping] if grouping in scored.columns else pd.Series("", scored.index)
    systems = scored["system"] if "system" in scored.columns else pd.Series("", scored.index)
    spinner = systems.where(scored["label"] == SPUN, "")
    frame = pd.DataFrame(
        {
            "label": pd.Categorical(scored["label"], [ORIGINAL, TRANSLATED, SPUN]),
            "name": names.fillna("").astype(str).where(spinner.fillna("") == "", spinner),
        }
    )
    found = [
        (" ".join(filter(None, [name.replace("_", " "), str(label)])), str(label), rows.to_numpy())
        for (label, name), rows in frame.groupby(["label", "name"], observed=True).groups.items()
    ]
    largest = sorted(found, key=lambda group: -len(group[2]))[:MOST_GROUPS]
    return [group for group in found if group[0] in {g[0] for g in largest}], len(found) - len(
        largest
    )


def _draw_box(axes: Axes, values: npt.NDArray[np.float64], place: int, label: str) -> None:
    colour = _COLOURS[label]
    axes.boxplot(
        values,
        positions=[place],
        orientation="horizontal",
        whis=(5, 95),
        widths=0.62,
        patch_artist=True,
        manage_ticks=False,
        boxprops={"facecolor": colour, "alpha": 0.35, "edgecolor": colour},
        medianprops={"color": BLACK, "linewidth": 1.6},
        whiskerprops={"color": colour},
        capprops={"color": colour},
        flierprops={
            "marker": _MARKS[label], "markersize": 3, "markerfacecolor": colour,
            "markeredgecolor": "none", "alpha": 0.6,
        },
    )  # fmt: skip


def _name_labels(figure: Figure, axes: Axes, labels: Sequence[str]) -> None:
    """A legend of the labels that are shown, beside what the axes name already."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=_COLOURS[label], marker=_MARKS[label], linestyle="none", label=label)
        for label in dict.fromkeys(labels)
    ]
    named, _ = axes.get_legend_handles_labels()
    figure.legend(handles=[*handles, *named], loc="outside lower center", ncols=4)


def plot_lengths(
    scored: pd.DataFrame, flagged: Flags, folder: Path, rate: float = 0.01
) -> list[Path]:
    """Share flagged by length, of each label, with 95 % intervals by article."""
    lengths = np.array(name_length(scored["words"].fillna(0)), dtype=object)
    bands = name_length([low for low, _ in LENGTH_BANDS])
    with _drawing(7.5, 4.6) as figure:
        axes = figure.subplots()
        labels = [label for label in _COLOURS if (scored["label"] == label).any()]
        for number, label in enumerate(labels):
            _draw_shares(axes, scored, flagged, lengths, label, 0.16 * (number - 1))
        axes.axhline(
            rate, color=GREY, linestyle=":", linewidth=1.2, label=f"promised: {_percent(rate)}"
        )
        axes.set_xticks(range(len(bands)), [name.replace(" words", " words\n") for name in bands])
        axes.grid(axis="x", visible=False)
        axes.set(ylim=(-0.03, 1.1), xlim=(-0.5, len(bands) - 0.5))
        axes.set(xlabel="length of the document", ylabel="share flagged")
        axes.set_title(f"Flagged at the threshold for {_percent(rate)} false positives, by length")
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=4,
            title="numbers: documents; hollow: too few to say",
        )  # fmt: skip
        return _save_both(figure, folder, "accuracy_by_length")


def _draw_shares(
    axes: Axes,
    scored: pd.DataFrame,
    flagged: Flags,
    lengths: npt.NDArray[Any],
    label: str,
    shift: float,
) -> None:
    """One label's shares; a band with too few articles has a hollow mark and no interval."""
    articles = scored["article_id"].to_numpy()
    look: dict[str, Any] = {
        "color": _COLOURS[label],
        "marker": _MARKS[label],
        "markersize": 7,
        "linestyle": "none",
    }
    axes.plot([], [], label=label, **look)
    for place, band in enumerate(name_length([low for low, _ in LENGTH_BANDS])):
        rows = np.flatnonzero((lengths == band) & (scored["label"] == label).to_numpy())
        if not len(rows):
            continue
        of_band = flagged[rows]
        share = measure_share(of_band, articles[rows])
        middle = float(of_band.mean())
        low, high = (share.low, share.high) if share else (middle, middle)
        axes.errorbar(
            [place + shift],
            [middle],
            yerr=[[max(0.0, middle - low)], [max(0.0, high - middle)]],
            markerfacecolor=_COLOURS[label] if share else "white",
            capsize=3,
            **look,
        )
        axes.annotate(
            f"{len(rows):,}", (place + shift, high), (0, 5), textcoords="offset points",
            ha="center", fontsize=8, color=_COLOURS[label],
        )  # fmt: skip


# --------------------------------------------------------------------------------------
# Models against each other
# --------------------------------------------------------------------------------------


def plot_tradeoff(points: Sequence[Mapping[str, Any]], folder: Path) -> list[Path]:
    """Accuracy against speed, a named point per model; those that none beats in both are joined.

    Args:
        points: each with ``name``, ``documents_per_second`` and ``auroc``, and where known
            ``auroc_low`` and ``auroc_high``.
        folder: where tradeoff.png and tradeoff.svg go; it is made.

    Raises:
        ValueError: there are no points.
        DetectorError: matplotlib is missing, or a file cannot be written.
    """
    if not points:
        raise ValueError("no points to draw: give at least one model")
    with _drawing(7, 4.8) as figure:
        axes = figure.subplots()
        ordered = sorted(points, key=lambda point: -float(point["documents_per_second"]))
        front: list[Mapping[str, Any]] = []
        for point in ordered:
            if not front or point["auroc"] > front[-1]["auroc"]:
                front.append(point)
        axes.plot(
            [p["documents_per_second"] for p in front], [p["auroc"] for p in front],
            color=GREY, linestyle="--", linewidth=1, zorder=1,
        )  # fmt: skip
        for point in ordered:
            _draw_point(axes, point, point in front)
        axes.margins(0.18, 0.15)
        axes.set(xlabel="documents per second", ylabel="AUROC")
        axes.set_title("Accuracy against speed (joined: none is better in both)")
        return _save_both(figure, folder, "tradeoff")


def _draw_point(axes: Axes, point: Mapping[str, Any], best: bool) -> None:
    x, y = float(point["documents_per_second"]), float(point["auroc"])
    low, high = float(point.get("auroc_low", y)), float(point.get("auroc_high", y))
    axes.errorbar(
        [x], [y], yerr=[[y - low], [high - y]] if high > low else None, capsize=3, markersize=8,
        color=BLUE if best else GREY, marker="o" if best else "s", linestyle="none",
    )  # fmt: skip
    axes.annotate(str(point["name"]), (x, y), (8, 6), textcoords="offset points", fontsize=10)


def _percent(share: float) -> str:
    return f"{float(f'{100 * share:.2g}'):g} %"


# --------------------------------------------------------------------------------------
# A stream of scored articles
# --------------------------------------------------------------------------------------

#: A picture of more columns than this is a wall of small ones.
_MOST_COLUMNS = 6


def plot_drift(result: Mapping[str, Any], path: Path) -> Path:
    """Two streams of scored articles: how each column is spread, and which shares differ.

    Args:
        result: of `detector.drift.compare_streams`.
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
    with _drawing(9, sum(heights) + 0.9) as figure:
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
        f"{name} ({_percent(row['baseline'])} → {_percent(row['current'])})"
        for name, row in reversed(list(shares.items()))
    ]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.7, len(names) - 0.3)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("difference in percentage points, with 95 % interval (filled: moved)")
