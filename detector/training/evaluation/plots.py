"""Figures as pictures: ROC, reliability, scores by outlet, accuracy by length.

Each picture is written as PNG and as SVG. The same figures give the same SVG, byte for byte.
Needs matplotlib, the extra ``plots``; it is imported when something is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.choices import DEFAULT_FALSE_POSITIVE_RATE
from detector.presentation.plots import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    format_share,
    open_drawing,
    save_png_and_svg,
)
from detector.results import ORIGINAL, SPUN, TRANSLATED
from detector.training.evaluation.calibration import measure_reliability
from detector.training.evaluation.metrics import LENGTH_BANDS, name_length, rank_score
from detector.training.evaluation.statistics import (
    FEWEST_ARTICLES,
    measure_auroc,
    measure_share,
    trace_roc,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


Flags = npt.NDArray[np.bool_]

_COLOURS = {ORIGINAL: BLUE, TRANSLATED: ORANGE, SPUN: GREEN}

# Never by colour alone: each label has its own mark and dashes too.
_MARKS = {ORIGINAL: "o", TRANSLATED: "s", SPUN: "^"}

_DASHES = {TRANSLATED: "-", SPUN: (0, (5, 2))}

_RATE_MARKS = ("v", "o", "D", "P", "X")

#: More groups than this no picture holds; the largest are shown.
MOST_GROUPS = 24


def plot_evaluation(
    scored: pd.DataFrame,
    flagged_at: Mapping[float, Flags],
    folder: Path,
    rate: float = DEFAULT_FALSE_POSITIVE_RATE,
) -> list[Path]:
    """All pictures of one model on scored documents.

    Args:
        scored: as `detector.training.evaluation.metrics` takes it, ``words`` included.
        flagged_at: guaranteed false-positive rate → which rows of `scored` are flagged at it.
        folder: where they go; it is made.
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
        paths += plot_scores(scored, folder)
        if rate in flagged_at:
            paths += plot_lengths(scored, flagged_at[rate], folder, rate)
    return paths


def plot_roc(scored: pd.DataFrame, flagged_at: Mapping[float, Flags], folder: Path) -> list[Path]:
    """ROC of each kind of machine text against all human documents, with the operating points.

    Once as a whole, and once with a logarithmic scale for the few false positives that matter.
    """
    with open_drawing(10, 4.8) as figure:
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
            axis.set_major_formatter(lambda share, _: format_share(share))
        handles, labels = whole.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)
        return save_png_and_svg(figure, folder, "roc")


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
        guarantee = (
            f"threshold for {format_share(rate)} false positives: {format_share(false)} here"
        )
        axes.plot([], [], markerfacecolor="white", label=guarantee, **shape)


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
    with open_drawing(5.4, 6.8) as figure:
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
        return save_png_and_svg(figure, folder, "reliability")


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


def plot_scores(scored: pd.DataFrame, folder: Path) -> list[Path]:
    """How scores spread in each outlet, humans' and machines' apart, against the threshold."""
    groups, left_out = _choose_groups(scored)
    rank = rank_score(scored)
    with open_drawing(8, 2 + 0.34 * len(groups)) as figure:
        axes = figure.subplots()
        for place, (_, label, rows) in enumerate(reversed(groups)):
            _draw_box(axes, rank[rows], place, label)
        names = [f"{name} ({len(rows):,})" for name, _, rows in reversed(groups)]
        axes.set_yticks(range(len(groups)), names)
        axes.set_ylim(-0.7, len(groups) - 0.3)
        axes.grid(axis="y", visible=False)
        axes.axvline(0, color=BLACK, linewidth=1.2, linestyle="--", label="threshold")
        axes.set_xlabel("score: log-odds above the threshold\nfor a document of that length")
        title = "Scores: median, middle half, middle 90 % and the documents beyond"
        if left_out:
            title += f"\n({left_out} smaller groups are not shown)"
        axes.set_title(title)
        _name_labels(figure, axes, [label for _, label, _ in groups])
        return save_png_and_svg(figure, folder, "scores")


def _choose_groups(
    scored: pd.DataFrame,
) -> tuple[list[tuple[str, str, npt.NDArray[np.int64]]], int]:
    """(name, label, rows) of the largest groups, by label then name; and how many are left out."""
    names = scored["outlet"] if "outlet" in scored.columns else pd.Series("", scored.index)
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


def plot_lengths(scored: pd.DataFrame, flagged: Flags, folder: Path, rate: float) -> list[Path]:
    """Share flagged by length, of each label, with 95 % intervals by article."""
    lengths = np.array(name_length(scored["words"].fillna(0)), dtype=object)
    bands = name_length([low for low, _ in LENGTH_BANDS])
    with open_drawing(7.5, 4.6) as figure:
        axes = figure.subplots()
        labels = [label for label in _COLOURS if (scored["label"] == label).any()]
        for number, label in enumerate(labels):
            _draw_shares(axes, scored, flagged, lengths, label, 0.16 * (number - 1))
        axes.axhline(
            rate,
            color=GREY,
            linestyle=":",
            linewidth=1.2,
            label=f"guaranteed: {format_share(rate)}",
        )
        axes.set_xticks(range(len(bands)), [name.replace(" words", " words\n") for name in bands])
        axes.grid(axis="x", visible=False)
        axes.set(ylim=(-0.03, 1.1), xlim=(-0.5, len(bands) - 0.5))
        axes.set(xlabel="length of the document", ylabel="share flagged")
        axes.set_title(
            f"Flagged at the threshold for {format_share(rate)} false positives, by length"
        )
        figure.legend(
            *axes.get_legend_handles_labels(), loc="outside lower center", ncols=4,
            title="numbers: documents; hollow: too few to say",
        )  # fmt: skip
        return save_png_and_svg(figure, folder, "accuracy_by_length")


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
