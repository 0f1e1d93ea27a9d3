"""Many articles as one page: counts, a histogram, and a table whose rows can be opened."""

from __future__ import annotations

import heapq
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from detector.presentation.html.article import IN_BATCH, make_article_view
from detector.presentation.html.blocks import make_facts, make_heading, make_note
from detector.presentation.html.markup import (
    NOTHING,
    Html,
    element,
    isolate,
    join,
    leads_to_the_web,
    link,
)
from detector.presentation.html.page import (
    SIZE_LIMIT,
    make_footer,
    make_guide,
    make_page,
    write_page,
)
from detector.presentation.html.spans import Palette, check_offsets
from detector.presentation.wording import clip, explain_verdict, format_percent, format_probability
from detector.results import LABELS, Verdict

ROW_LIMIT = 10_000
"""Articles that a batch's table lists at most."""

_ID_LIMIT = 160

_VALUE_LIMIT = 20
"""Different labels, reasons or models that a batch counts one by one."""

_ROW_SHARE = 0.75
"""Of a page's bytes, for the table's rows before any text."""

_FRAME_BYTES = 200_000
"""Kept back for everything else: style, script, header, histogram, notes."""

_BINS = 20


@dataclass(frozen=True)
class ReportRow:
    """One scored article, or an input that could not be scored.

    Attributes:
        id: the article's id or file name.
        verdict: what the detector said; None where the input could not be read.
        text: the article, without which its row cannot be opened.
        reason: why there is no verdict.
        url: where it came from; linked if it leads to the web.
    """

    id: str
    verdict: Verdict | None
    text: str = ""
    reason: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class _Strength:
    """What is kept first when there is no room for all: the flagged, then the most probable."""

    flagged: bool
    probability: float
    age: int


@dataclass(frozen=True, slots=True)
class _Cells:
    """What a row of the table says."""

    id: str
    url: str | None
    probability: float | None
    label: str
    flagged: bool
    words: int
    spans: int
    remark: str
    has_text: bool


class _Heap:
    """The strongest of many, as much as a budget holds; what fell out is only counted."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.spent = 0
        self.floor: _Strength | None = None
        self.items: list[tuple[_Strength, int, Any]] = []

    def takes(self, strength: _Strength) -> bool:
        """Whether nothing stronger had to go already."""
        return self.floor is None or strength > self.floor

    def add(self, strength: _Strength, cost: int, item: Any) -> None:
        """Keep an item, and let the weakest go while the budget is exceeded."""
        heapq.heappush(self.items, (strength, cost, item))
        self.spent += cost
        while self.spent > self.budget:
            self.floor, cost, _ = heapq.heappop(self.items)
            self.spent -= cost

    def __len__(self) -> int:
        return len(self.items)

    def strongest_first(self) -> list[tuple[_Strength, int, Any]]:
        """All that was kept."""
        return sorted(self.items, key=lambda entry: entry[0], reverse=True)


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
        self._rows = _Heap(row_limit)
        self._views = _Heap(size_limit - _FRAME_BYTES)
        self._palette = Palette()
        self._count = 0
        self._flagged = 0
        self._bins = [[0, 0] for _ in range(_BINS)]
        self._labels: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._models: Counter[str] = Counter()
        self._rates: Counter[float] = Counter()
        self._thresholds: tuple[float, float] | None = None

    def __len__(self) -> int:
        return self._count

    def add(self, row: ReportRow) -> None:
        """Count an article, and keep it if it is among the strongest.

        Raises:
            ValueError: the verdict's spans lie outside the text: it is another one's.
        """
        verdict = row.verdict
        probability = verdict.probability if verdict else None
        strength = _Strength(
            verdict.flagged if verdict else False,
            -1.0 if probability is None else probability,
            -self._count,
        )
        if verdict is not None and row.text:
            check_offsets(row.text, [*verdict.sentences, *verdict.artifacts])
        self._tally(row)
        if self._rows.takes(strength):
            self._rows.add(strength, 1, _make_cells(row))
        if verdict is not None and row.text and self._views.takes(strength):
            view = self._make_view(row.text, verdict, f"{self._count}-")
            self._views.add(strength, len(view.encode()), view)
        self._count += 1

    def write(self, target: str | os.PathLike[str] | TextIO) -> None:
        """Write the page; more articles may be added, and it be written again.

        Args:
            target: a file, which is put in place when all of it is written, or a text stream.

        Raises:
            OSError: the file cannot be written.
        """
        table, omissions = self._make_articles()
        main = join(
            [
                make_note(omissions),
                self._make_histogram(),
                element("h2", "Articles"),
                _make_filters(self._labels),
                table,
                make_guide(self.model_card, sorted(self._rates)),
            ]
        )
        title = self.title or "Scored articles"
        header = element(
            "header",
            element("h1", isolate(title)),
            element("p", self._explain(), class_="why"),
            make_facts(self._name_facts()),
        )
        write_page(target, make_page("batch", title, header, main, make_footer(*self._models)))

    def _tally(self, row: ReportRow) -> None:
        verdict = row.verdict
        if verdict is None or verdict.probability is None:
            reason = (verdict.reason if verdict else row.reason) or "unknown"
            _count_value(self._reasons, reason.split(":", 1)[0])
            _count_value(self._labels, "not judged")
        else:
            _count_value(self._labels, verdict.label or "unknown")
            self._flagged += verdict.flagged
            place = min(_BINS - 1, int(verdict.probability * _BINS))
            self._bins[place][verdict.flagged] += 1
        if verdict is None:
            return
        _count_value(self._models, _name_model(verdict.signature))
        if len(self._rates) < _VALUE_LIMIT or verdict.false_positive_rate in self._rates:
            self._rates[verdict.false_positive_rate] += 1
        if verdict.threshold is not None:
            low, high = self._thresholds or (verdict.threshold, verdict.threshold)
            self._thresholds = min(low, verdict.threshold), max(high, verdict.threshold)

    def _make_view(self, text: str, verdict: Verdict, prefix: str) -> Html:
        view = make_article_view(text, verdict, prefix, self._palette, IN_BATCH)
        return join([element("p", explain_verdict(verdict), dir="auto"), view.body, view.strip])

    def _make_articles(self) -> tuple[Html, tuple[str, ...]]:
        """The table of the strongest articles, and what it leaves out."""
        room = self.size_limit - _FRAME_BYTES
        listed = self._list_rows(int(_ROW_SHARE * room))
        room -= sum(len(row.encode()) for *_, row in listed)
        views = self._pick_views([(age, cells) for _, age, cells, _ in listed], room)
        listed.sort(key=lambda entry: (-entry[0], entry[1]))
        rows = (views.get(age, row) for _, age, _, row in listed)
        with_text = sum(cells.has_text for _, _, cells, _ in listed)
        omissions = self._name_omissions(len(listed), with_text, len(views))
        return _make_article_table(rows), tuple(omissions)

    def _list_rows(self, room: int) -> list[tuple[float, int, _Cells, Html]]:
        """Probability, age, cells and markup of the strongest rows that there is room for."""
        listed: list[tuple[float, int, _Cells, Html]] = []
        for strength, _, cells in self._rows.strongest_first():
            row = _make_row(cells)
            room -= len(row.encode())
            if room < 0 and listed:
                break
            listed.append((strength.probability, -strength.age, cells, row))
        return listed

    def _pick_views(self, listed: Sequence[tuple[int, _Cells]], room: int) -> dict[int, Html]:
        """Rows that can be opened, by age: the strongest, up to the first without room."""
        views = {-strength.age: view for strength, _, view in self._views.items}
        picked: dict[int, Html] = {}
        for age, cells in listed:
            if not cells.has_text:
                continue
            if age not in views:
                break
            detail = element("tr", element("td", views[age], colspan=6), class_="d", id=f"d{age}")
            whole = join([_make_row(cells, controls=f"d{age}"), detail])
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
        if len(self._rates) != 1:
            return said
        rate = next(iter(self._rates))
        if self._thresholds is None:
            return f"{said} The model promises no threshold at {format_percent(rate)}."
        expected = rate * judged
        count = f"{expected:,.0f}" if expected >= 1 else "1"
        mistaken = f"up to about {count} would be flagged by mistake"
        return f"{said} Had people written all of them, {mistaken}."

    def _name_facts(self) -> dict[str, str]:
        facts = {"articles": f"{self._count:,}", "flagged": f"{self._flagged:,}"}
        facts |= {name: f"{self._labels[name]:,}" for name in LABELS if self._labels[name]}
        if refused := self._labels["not judged"]:
            reasons = (f"{reason} {count:,}" for reason, count in self._reasons.most_common())
            facts["not judged"] = f"{refused:,} ({', '.join(reasons)})"
        facts["threshold"] = self._say_thresholds()
        rates = " and ".join(map(format_percent, sorted(self._rates)))
        facts["false positives accepted"] = rates or "–"
        return facts

    def _say_thresholds(self) -> str:
        if self._thresholds is None:
            return "none"
        low, high = map(format_probability, self._thresholds)
        return low if low == high else f"{low} to {high}, by length"

    def _make_histogram(self) -> Html:
        if not any(map(sum, self._bins)):
            return NOTHING
        return join(
            [
                element("h2", "Probabilities"),
                _draw_histogram(self._bins, self._thresholds),
                element(
                    "p",
                    element("span", "flagged", class_="key hit"),
                    element("span", "not flagged", class_="key rest"),
                    element("span", f"┆ threshold {self._say_thresholds()}"),
                    class_="soft",
                ),
            ]
        )


def _count_value(counter: Counter[str], value: str) -> None:
    """Count a value that others made up: of endlessly many, most are just others."""
    value = clip(value)
    counter[value if value in counter or len(counter) < _VALUE_LIMIT else "others"] += 1


def _name_model(signature: str) -> str:
    """A signature less its threshold, which may depend on the length of the article."""
    return "|".join(part for part in signature.split("|") if not part.startswith("threshold:"))


def _make_cells(row: ReportRow) -> _Cells:
    verdict = row.verdict
    url = row.url if row.url and len(row.url) <= 2 * _ID_LIMIT else None
    return _Cells(
        id=clip(row.id, _ID_LIMIT),
        url=url,
        probability=verdict.probability if verdict else None,
        label=(verdict.label if verdict else None) or "not judged",
        flagged=verdict.flagged if verdict else False,
        words=verdict.words if verdict else 0,
        spans=len(verdict.artifacts) if verdict else 0,
        remark=_make_remark(verdict, row.reason),
        has_text=verdict is not None and bool(row.text),
    )


def _make_remark(verdict: Verdict | None, reason: str | None) -> str:
    """What stands in small letters under an article's name."""
    if verdict is None or verdict.reason:
        return clip((verdict.reason if verdict else reason) or "", 120)
    if not verdict.artifacts:
        return ""
    strongest = max(verdict.artifacts, key=lambda artifact: artifact.score)
    return f"“{clip(strongest.text)}” ({clip(strongest.kind)})"


def _make_row(cells: _Cells, controls: str | None = None) -> Html:
    """A row of the table; it can be opened if it controls another."""
    name = (
        element(
            "button",
            isolate(cells.id),
            type="button",
            class_="open",
            aria_expanded="false",
            aria_controls=controls,
        )
        if controls
        else isolate(cells.id)
    )
    where = link(cells.url, "source") if cells.url and leads_to_the_web(cells.url) else None
    return element(
        "tr",
        element(
            "td",
            name,
            " " if where else None,
            where,
            element("small", isolate(cells.remark)) if cells.remark else None,
        ),
        element("td", format_probability(cells.probability), class_="n"),
        element("td", cells.label),
        element("td", "flagged" if cells.flagged else "", class_="flag" if cells.flagged else None),
        element("td", f"{cells.words}", class_="n wide"),
        element("td", f"{cells.spans}", class_="n wide"),
    )


def _make_article_table(rows: Iterable[Html]) -> Html:
    headings = [
        make_heading("article", "", data_c="id"),
        make_heading("probability", "n", data_c="probability", aria_sort="descending"),
        make_heading("label", "", data_c="label"),
        make_heading("flagged", "", data_c="flagged"),
        make_heading("words", "n wide"),
        make_heading("spans", "n wide"),
    ]
    return join(
        [
            element(
                "table",
                element("caption", "", id="count", role="status", aria_live="polite"),
                element("thead", element("tr", *headings)),
                element("tbody", *rows),
                class_="sortable articles",
            ),
            element(
                "p",
                element("button", "Show more", type="button", id="more"),
                class_="needs-js more",
            ),
        ]
    )


def _make_filters(labels: Mapping[str, int]) -> Html:
    options = [element("option", "all", value="")]
    options += [element("option", name, value=name) for name in sorted(labels)]
    number = {"type": "number", "min": 0, "max": 1, "step": "any", "inputmode": "decimal"}
    return element(
        "div",
        element("label", "Search", element("input", type="search", id="q")),
        element("label", "Label", element("select", *options, id="label")),
        element("label", "Probability from", element("input", id="least", **number)),
        element("label", "to", element("input", id="most", **number)),
        element(
            "label",
            element("input", type="checkbox", id="flagged"),
            "flagged only",
            class_="check",
        ),
        element("button", "Clear", type="button", id="clear"),
        class_="filters needs-js",
        role="search",
    )


def _draw_histogram(bins: Sequence[Sequence[int]], threshold: tuple[float, float] | None) -> Html:
    """Articles by probability; each bar carries its count, since a few bars hold nearly all."""
    left, top, width, height = 10, 24, 600, 130
    step = width / len(bins)
    tallest = max(map(sum, bins))
    drawn: list[Html] = []
    if threshold is not None:
        low, high = (left + width * share for share in threshold)
        drawn.append(
            element(
                "rect",
                class_="band",
                x=f"{low:.1f}",
                y=6,
                width=f"{high - low:.1f}",
                height=height + top - 6,
            )
        )
        drawn += [
            element("line", class_="limit", x1=f"{x:.1f}", x2=f"{x:.1f}", y1=6, y2=top + height)
            for x in dict.fromkeys((low, high))
        ]
    for i, (rest, hit) in enumerate(bins):
        x = left + i * step
        base: float = top + height
        for count, style in ((rest, "rest"), (hit, "hit")):
            if count:
                tall = max(1.5, height * count / tallest * 0.95)
                base -= tall
                drawn.append(
                    element(
                        "rect",
                        class_=style,
                        x=f"{x + 1:.1f}",
                        y=f"{base:.1f}",
                        width=f"{step - 2:.1f}",
                        height=f"{tall:.1f}",
                    )
                )
        if rest + hit:
            drawn.append(_text(x + step / 2, base - 4, _short_count(rest + hit)))
    drawn.append(
        element("line", class_="base", x1=left, x2=left + width, y1=top + height, y2=top + height)
    )
    drawn += [
        _text(left + width * share, top + height + 16, f"{share:g}")
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    return element(
        "svg",
        element("title", "Histogram of the articles' probabilities, with the threshold"),
        *drawn,
        class_="histogram",
        viewBox=f"0 0 {width + 2 * left} {top + height + 24}",
        role="img",
    )


def _text(x: float, y: float, text: str) -> Html:
    return element("text", text, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor="middle")


def _short_count(count: int) -> str:
    """A count in four characters or so, to stand on a narrow bar."""
    if count < 1_000:
        return f"{count}"
    return f"{count / 1e3:.3g}k" if count < 999_500 else f"{count / 1e6:.3g}M"
