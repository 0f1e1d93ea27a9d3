"""One article as a page: its text with the spans, and what each sentence adds."""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from markupsafe import Markup

from detector.presentation.html.page import BAR_LIMIT, SPAN_LIMIT, TEXT_LIMIT, write_page
from detector.presentation.html.sources import Source, describe_source
from detector.presentation.html.spans import (
    KindCount,
    Palette,
    Span,
    check_offsets,
    clean_language,
    make_mark,
    mark_up,
)
from detector.presentation.wording import round_parts
from detector.results import Artifact, SentenceScore, Verdict

_SENTENCE_LIMIT = 400

_TALL = 4.0
"""Log-odds of a sentence whose bar is as tall as the strip."""


@dataclass(frozen=True)
class ViewLimits:
    """How much of an article there is room for: alone on a page, or in a row of a batch's table."""

    text: int
    spans: int
    bars: int
    sentences: int
    parts: int
    heading: str


ON_A_PAGE = ViewLimits(TEXT_LIMIT, SPAN_LIMIT, BAR_LIMIT, _SENTENCE_LIMIT, parts=6, heading="h2")

IN_A_ROW = ViewLimits(text=20_000, spans=200, bars=300, sentences=0, parts=3, heading="h3")


@dataclass(frozen=True)
class Bar:
    """A sentence in the strip: where its bar leads, and its place in a picture 10 by 80."""

    key: str
    number: int
    sentence: SentenceScore
    target: str
    direction: str
    top: float
    height: float


@dataclass(frozen=True)
class ArticleView:
    """What ``article_view.html`` shows: the text with its spans, and a bar for each sentence."""

    heading: str
    left_out: tuple[str, ...]
    kinds: list[KindCount]
    text: Markup
    language: str | None
    artifacts: Mapping[str, Artifact]
    bars: list[Bar]
    most_parts: int


@dataclass(frozen=True)
class SentenceRow:
    """A sentence in the table, with its log-odds as a bar in a picture 100 wide."""

    index: int
    sentence: SentenceScore
    log_odds: float
    direction: str
    left: float
    width: float


def write_article_report(
    target: str | os.PathLike[str] | TextIO,
    text: str,
    verdict: Verdict,
    *,
    title: str | None = None,
    url: str | None = None,
    source: Source | None = None,
    model_card: Mapping[str, Any] | None = None,
) -> None:
    """Write one article's page: the text with its spans, what each sentence adds, how to read it.

    Args:
        target: a file, which is put in place when all of it is written, or a text stream.
        text: the article as it was scored.
        verdict: what the detector said of it.
        title: its name or headline.
        url: where it came from; linked if it leads to the web.
        source: title, outlet, date and file; unless given, title and url, or else its headline.
        model_card: `Manifest.to_dict()` of the model, for its measured false positives.

    Raises:
        ValueError: the verdict's spans lie outside the text: it is another one's.
        OSError: the file cannot be written.
    """
    palette = Palette()
    source = source or describe_source("", {"title": title, "url": url}, text, verdict)
    write_page(
        target,
        "article.html",
        title=source.title or "Article",
        source=source,
        verdict=verdict,
        view=make_article_view(text, verdict, "", palette, ON_A_PAGE),
        artifacts=_find_strongest(verdict.artifacts),
        palette=palette,
        sentences=list(_make_sentence_rows(verdict.sentences)),
        signatures=[verdict.signature],
        rates=[verdict.false_positive_rate],
        model_card=model_card,
    )


def make_article_view(
    text: str, verdict: Verdict, prefix: str, palette: Palette, limits: ViewLimits
) -> ArticleView:
    """The text with its spans, legend and strip; ids and keys start with the prefix.

    Raises:
        ValueError: the verdict's spans lie outside the text: it is another one's.
    """
    check_offsets(text, [*verdict.sentences, *verdict.artifacts])
    shown = text[: limits.text]
    artifacts = _pick_artifacts(verdict.artifacts, limits.spans, len(shown))
    sentences = [s for s in verdict.sentences[: limits.bars] if s.start < len(shown)]
    bars = [
        _make_bar(f"{prefix}s{i}", i, sentence, in_table=limits.sentences > 0)
        for i, sentence in enumerate(sentences)
    ]
    spans = [
        Span(s.start, min(s.end, len(shown)), "span", {"class": "u"}, {"id": f"u{prefix}s{i}"})
        for i, s in enumerate(sentences)
    ]
    spans += [
        make_mark(f"{prefix}{i}", (a.start, min(a.end, len(shown))), a.kind, a.score, palette)
        for i, a in artifacts.items()
    ]
    return ArticleView(
        heading=limits.heading,
        left_out=tuple(_name_omissions(text, verdict, limits, len(artifacts), len(bars))),
        kinds=palette.count_kinds(a.kind for a in artifacts.values()),
        text=mark_up(shown, spans),
        language=clean_language(verdict.language),
        artifacts={f"{prefix}{i}": artifact for i, artifact in artifacts.items()},
        bars=bars,
        most_parts=limits.parts,
    )


def _pick_artifacts(artifacts: Sequence[Artifact], limit: int, length: int) -> dict[int, Artifact]:
    """The strongest artifacts within the text that is shown, by their place in the verdict."""
    within = [(i, artifact) for i, artifact in enumerate(artifacts) if artifact.start < length]
    strongest = heapq.nlargest(limit, within, key=lambda item: item[1].score)
    return dict(sorted(strongest))


def _find_strongest(artifacts: Sequence[Artifact]) -> list[tuple[int, Artifact]]:
    return heapq.nlargest(SPAN_LIMIT, enumerate(artifacts), key=lambda item: item[1].score)


def _name_omissions(
    text: str, verdict: Verdict, limits: ViewLimits, spans: int, bars: int
) -> Iterator[str]:
    if len(text) > limits.text:
        yield f"the text after its first {limits.text:,} of {len(text):,} characters"
    if spans < len(verdict.artifacts):
        yield f"{len(verdict.artifacts) - spans:,} of {len(verdict.artifacts):,} spans"
    if bars < len(verdict.sentences):
        yield f"the bars of {len(verdict.sentences) - bars:,} sentences"
    judged = sum(bool(sentence.contributions) for sentence in verdict.sentences)
    if 0 < limits.sentences < judged:
        yield (
            f"the contributions of {judged - limits.sentences:,} sentences: the table names the "
            f"{limits.sentences:,} that weigh most"
        )


def _make_bar(key: str, i: int, sentence: SentenceScore, *, in_table: bool) -> Bar:
    target = f"r{i}" if in_table and sentence.contributions else f"u{key}"
    value = sentence.log_odds
    if not sentence.contributions or not math.isfinite(value):
        return Bar(key, i + 1, sentence, target, "mute", top=39, height=2)
    height = max(2.0, 40 * min(1.0, abs(value) / _TALL))
    top = 40 - height if value > 0 else 40
    return Bar(key, i + 1, sentence, target, _name_direction(value), top, height)


def _name_direction(value: float) -> str:
    return "up" if value > 0 else "down"


def _make_sentence_rows(sentences: Sequence[SentenceScore]) -> Iterator[SentenceRow]:
    """The sentences that weigh most, in the text's order; their bars lead right for a machine."""
    judged = [(i, s) for i, s in enumerate(sentences) if s.contributions]
    strongest = heapq.nlargest(_SENTENCE_LIMIT, judged, key=lambda item: abs(item[1].log_odds))
    for i, sentence in sorted(strongest, key=lambda item: item[0]):
        value = sentence.log_odds
        width = 50 * min(1.0, abs(value) / _TALL) if math.isfinite(value) else 0.0
        left = 50 if value > 0 else 50 - width
        rounded = round_parts({"": value})[""]
        yield SentenceRow(i, sentence, rounded, _name_direction(value), left, width)
