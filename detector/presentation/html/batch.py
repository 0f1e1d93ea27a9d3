"""Many articles as one page: counts, a histogram, and a table whose rows can be opened."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from markupsafe import Markup

from detector.presentation.html.article import IN_A_ROW, make_article_view
from detector.presentation.html.batch_rows import (
    HELD,
    Cells,
    OriginalCounts,
    ReportRow,
    Strength,
    StrongestFirst,
    make_cells,
    name_label,
)
from detector.presentation.html.comparison import make_pair_view
from detector.presentation.html.histogram import lay_out_histogram
from detector.presentation.html.page import SIZE_LIMIT, write_page
from detector.presentation.html.rendering import render
from detector.presentation.html.sources import Source
from detector.presentation.html.spans import Palette, check_offsets
from detector.presentation.wording import clip, format_percent, format_probability
from detector.results import LABELS, RELATIONS, Comparison

ROW_LIMIT = 10_000
"""Articles that a batch's table lists at most."""

_VALUE_LIMIT = 20
"""Different labels, reasons or models that a batch counts one by one."""

_ROW_SHARE = 0.75
"""Of a page's bytes, for the table's rows before any text."""

_FRAME_BYTES = 200_000
"""Kept back for everything else: style, script, header, histogram, notes."""

_BINS = 20

_ORIGINAL_LIMIT = 300
"""Originals whose copies are counted one by one."""


class BatchReport:
    """A page about many articles, collected one by one in bounded memory.

    Counts and the histogram cover every article; the table lists the strongest `row_limit`, and
    of those the strongest can be opened, as far as `size_limit` has room for their text. What was
    left out is said on the page.

    >>> report = BatchReport(title="Tuesday's crawl", model_card=bundle.manifest.to_dict())
    >>> for document, verdict in scored:
    ...     report.add(ReportRow(document.id, verdict, document.text))
    >>> report.write("report.html")

    Args:
        title: what the articles are.
        model_card: `Manifest.to_dict()` of the model, for its measured false positives.
        size_limit: bytes that the page never exceeds; half a megabyte at least.
        row_limit: rows that its table never exceeds.
    """

    def __init__(
        self,
        *,
        title: str | None = None,
        model_card: Mapping[str, Any] | None = None,
        size_limit: int = SIZE_LIMIT,
        row_limit: int = ROW_LIMIT,
    ) -> None:
        if size_limit < 500_000:
            raise ValueError(f"size_limit must be at least 500,000 bytes, not {size_limit:,}")
        if row_limit < 1:
            raise ValueError(f"row_limit must be at least 1, not {row_limit}")
        self.title = title
        self.model_card = model_card
        self.size_limit = size_limit
        self._rows = StrongestFirst(row_limit)
        self._views = StrongestFirst(size_limit - _FRAME_BYTES)
        self._palette = Palette()
        self._count = 0
        self._flagged = 0
        self._bins = [[0, 0] for _ in range(_BINS)]
        self._labels: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._originals = OriginalCounts(_ORIGINAL_LIMIT)
        self._rates: Counter[float] = Counter()
        self._pair_rates: Counter[float] = Counter()
        self._thresholds: tuple[float, float] | None = None

    def __len__(self) -> int:
        return self._count

    def add(self, row: ReportRow) -> None:
        """Count an article, and keep it if it is among the strongest.

        Raises:
            ValueError: the verdict's spans lie outside the text: it is another one's.
        """
        verdict, result = row.verdict, row.result
        probability = result.probability if result else None
        strength = Strength(
            result.flagged if result else False,
            -1.0 if probability is None else probability,
            -self._count,
        )
        if verdict is not None and row.text:
            check_offsets(row.text, [*verdict.sentences, *verdict.artifacts])
        self._tally(row)
        group = self._originals.add(row)
        if self._rows.takes(strength):
            self._rows.add(strength, 1, make_cells(row, group))
        if verdict is not None and row.text and self._views.takes(strength):
            view = self._make_view(row)
            self._views.add(strength, len(view.encode()), view)
        self._count += 1

    def write(self, target: str | os.PathLike[str] | TextIO) -> None:
        """Write the page; more articles may be added, and it be written again.

        Args:
            target: a file, which is put in place when all of it is written, or a text stream.

        Raises:
            OSError: the file cannot be written.
        """
        rows, left_out = self._make_rows()
        write_page(
            target,
            "batch.html",
            title=self.title or "Scored articles",
            summary=self._explain(),
            figures=self._name_facts(),
            left_out=left_out,
            histogram=lay_out_histogram(self._bins, self._thresholds),
            thresholds=self._say_thresholds(),
            labels=sorted(self._labels),
            originals=self._originals.most_copied_first(),
            rows=rows,
            signatures=self._models,
            rates=sorted(self._rates),
            pair_rates=sorted(self._pair_rates),
            model_card=self.model_card,
        )

    def _tally(self, row: ReportRow) -> None:
        result = row.result
        if result is None or result.probability is None:
            reason = (result.reason if result else row.reason) or "unknown"
            _count_value(self._reasons, reason.split(":", 1)[0])
            _count_value(self._labels, "not judged")
        else:
            _count_value(self._labels, name_label(result))
            self._flagged += result.flagged
            place = min(_BINS - 1, int(result.probability * _BINS))
            self._bins[place][result.flagged] += 1
        if result is None:
            return
        _count_value(self._models, _name_model(result.signature))
        rates = self._pair_rates if isinstance(result, Comparison) else self._rates
        if len(rates) < _VALUE_LIMIT or result.false_positive_rate in rates:
            rates[result.false_positive_rate] += 1
        if result.threshold is not None:
            low, high = self._thresholds or (result.threshold, result.threshold)
            self._thresholds = min(low, result.threshold), max(high, result.threshold)

    def _make_view(self, row: ReportRow) -> Markup:
        """What a row shows once it is opened: the article, or it and its original side by side."""
        prefix, result = f"{self._count}-", row.result
        if isinstance(result, Comparison) and row.original is not None:
            texts = (row.text, row.original)
            sources = (row.source, Source(title=clip(row.original_name)))
            pair = make_pair_view(texts, result, sources, prefix, self._palette, IN_A_ROW)
            return render("batch_pair.html", view=pair, comparison=result)
        assert row.verdict is not None  # a row without one has no view
        view = make_article_view(row.text, row.verdict, prefix, self._palette, IN_A_ROW)
        return render("batch_view.html", view=view, verdict=row.verdict)

    def _make_rows(self) -> tuple[list[Markup], list[str]]:
        """The rows of the strongest articles, and what the table leaves out."""
        room = self.size_limit - _FRAME_BYTES
        listed = self._list_rows(int(_ROW_SHARE * room))
        room -= sum(len(row.encode()) for *_, row in listed)
        views = self._pick_views([(age, cells) for _, age, cells, _ in listed], room)
        listed.sort(key=lambda entry: (-entry[0], entry[1]))
        rows = [views.get(age, row) for _, age, _, row in listed]
        with_text = sum(cells.has_text for _, _, cells, _ in listed)
        omissions = self._name_omissions(len(listed), with_text, len(views))
        return rows, list(omissions)

    def _list_rows(self, room: int) -> list[tuple[float, int, Cells, Markup]]:
        """Probability, age, cells and markup of the strongest rows that there is room for."""
        listed: list[tuple[float, int, Cells, Markup]] = []
        for strength, _, cells in self._rows.strongest_first():
            row = render("batch_row.html", cells=cells, view=None)
            room -= len(row.encode())
            if room < 0 and listed:
                break
            listed.append((strength.probability, -strength.age, cells, row))
        return listed

    def _pick_views(self, listed: Sequence[tuple[int, Cells]], room: int) -> dict[int, Markup]:
        """Rows that can be opened, by age: the strongest, up to the first without room."""
        views = {-strength.age: view for strength, _, view in self._views.items}
        picked: dict[int, Markup] = {}
        for age, cells in listed:
            if not cells.has_text:
                continue
            if age not in views:
                break
            whole = render("batch_row.html", cells=cells, view=views[age], key=f"d{age}")
            room -= len(whole.encode())
            if room < 0:
                break
            picked[age] = whole
        return picked

    def _name_omissions(self, listed: int, with_text: int, opened: int) -> Iterator[str]:
        if listed < self._count:
            yield (
                f"{self._count - listed:,} of {self._count:,} articles in the table, which lists "
                "the flagged and the most probable (all are in the counts and in the histogram)"
            )
        if opened < with_text:
            yield (
                f"the text of {with_text - opened:,} of the {listed:,} listed articles (the "
                f"{opened:,} strongest can be opened)"
            )

    def _explain(self) -> str:
        judged = self._count - self._labels["not judged"]
        articles = f"{judged:,} article{'' if judged == 1 else 's'}"
        if not judged:
            return "No article could be judged."
        share = format_percent(self._flagged / judged)
        said = f"{self._flagged:,} of {articles} flagged ({share})."
        if len(self._rates) != 1 or self._pair_rates:
            return said
        rate = next(iter(self._rates))
        if self._thresholds is None:
            return f"{said} The model has no threshold at {format_percent(rate)}."
        expected = rate * judged
        count = f"{expected:,.0f}" if expected >= 1 else "1"
        mistaken = f"up to about {count} would be flagged by mistake"
        return f"{said} Had people written all of them, {mistaken}."

    def _name_facts(self) -> dict[str, str]:
        facts = {"articles": f"{self._count:,}", "flagged": f"{self._flagged:,}"}
        kinds = (*LABELS, *RELATIONS, HELD)
        facts |= {name: f"{self._labels[name]:,}" for name in kinds if self._labels[name]}
        if refused := self._labels["not judged"]:
            reasons = (f"{reason} {count:,}" for reason, count in self._reasons.most_common())
            facts["not judged"] = f"{refused:,} ({', '.join(reasons)})"
        facts["threshold"] = self._say_thresholds()
        rates = " and ".join(map(format_percent, sorted({*self._rates, *self._pair_rates})))
        facts["false positives accepted"] = rates or "–"
        return facts

    def _say_thresholds(self) -> str:
        if self._thresholds is None:
            return "none"
        low, high = map(format_probability, self._thresholds)
        by = "length" if not self._pair_rates else "length, and with an original or without"
        return low if low == high else f"{low} to {high}, by {by}"


def _count_value(counter: Counter[str], value: str) -> None:
    """Count a value that others made up: of endlessly many, most are just others."""
    value = clip(value)
    counter[value if value in counter or len(counter) < _VALUE_LIMIT else "others"] += 1


def _name_model(signature: str) -> str:
    """A signature less its threshold, which may depend on the length of the article."""
    return "|".join(part for part in signature.split("|") if not part.startswith("threshold:"))
