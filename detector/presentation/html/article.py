"""One article as a page: its text with the spans, and each sentence's evidence."""

from __future__ import annotations

import heapq
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from detector.presentation.html.blocks import (
    make_badge,
    make_facts,
    make_note,
    make_shares,
    make_table,
)
from detector.presentation.html.markup import NOTHING, Html, element, isolate, join, link
from detector.presentation.html.page import (
    BAR_LIMIT,
    SPAN_LIMIT,
    TEXT_LIMIT,
    make_footer,
    make_guide,
    make_page,
    write_page,
)
from detector.presentation.html.spans import (
    Palette,
    Span,
    check_offsets,
    clean_language,
    make_mark,
    make_tip,
    make_tips,
    mark_up,
)
from detector.presentation.wording import (
    clip,
    explain_verdict,
    format_log_odds,
    format_percent,
    format_threshold,
    pick_parts,
    round_parts,
)
from detector.results import SPUN, TRANSLATED, Artifact, SentenceScore, Verdict

_SENTENCE_LIMIT = 400

_TALL = 4.0
"""Log-odds of a sentence whose bar is as tall as the strip."""


@dataclass(frozen=True)
class _Limits:
    """How much of an article a page has room for."""

    text: int
    spans: int
    bars: int
    sentences: int
    parts: int
    heading: str


_ARTICLE = _Limits(TEXT_LIMIT, SPAN_LIMIT, BAR_LIMIT, _SENTENCE_LIMIT, parts=6, heading="h2")

IN_BATCH = _Limits(text=20_000, spans=200, bars=300, sentences=0, parts=3, heading="h3")


def write_article_report(
    target: str | os.PathLike[str] | TextIO,
    text: str,
    verdict: Verdict,
    *,
    title: str | None = None,
    url: str | None = None,
    model_card: Mapping[str, Any] | None = None,
) -> None:
    """Write one article's page: the text with its spans, each sentence's evidence, how to read it.

    Args:
        target: a file, which is put in place when all of it is written, or a text stream.
        text: the article as it was scored.
        verdict: what the detector said of it.
        title: its name or headline.
        url: where it came from; linked if it leads to the web.
        model_card: `Manifest.to_dict()` of the model, for its measured false positives.

    Raises:
        ValueError: the verdict's spans lie outside the text: it is another one's.
        OSError: the file cannot be written.
    """
    palette = Palette()
    view = make_article_view(text, verdict, "", palette, _ARTICLE)
    main = join(
        [
            view.body,
            _make_artifact_table(verdict.artifacts, palette),
            view.strip,
            _make_sentence_table(verdict.sentences),
            make_guide(model_card, [verdict.false_positive_rate]),
        ]
    )
    shown = title or "Article"
    source = element("p", link(url, url), class_="soft") if url else None
    header = element(
        "header",
        element("h1", isolate(shown)),
        source,
        _make_summary(verdict),
    )
    write_page(target, make_page("article", shown, header, main, make_footer(verdict.signature)))


@dataclass(frozen=True)
class _View:
    """An article on the page: its text with the spans, and the strip of its sentences."""

    body: Html
    strip: Html


def _make_summary(verdict: Verdict) -> Html:
    return join(
        [
            element("p", make_badge(verdict)),
            element("p", explain_verdict(verdict), class_="why", dir="auto"),
            make_shares(verdict.class_probabilities, machine=(TRANSLATED, SPUN)),
            make_facts(
                {
                    "threshold": format_threshold(verdict),
                    "false positives accepted": format_percent(verdict.false_positive_rate),
                    "words": f"{verdict.words:,}",
                    "sentences": f"{len(verdict.sentences):,}",
                    "language": verdict.language or "unknown",
                }
            ),
        ]
    )


def make_article_view(
    text: str, verdict: Verdict, prefix: str, palette: Palette, limits: _Limits
) -> _View:
    """The text with its spans, legend and strip; ids and keys start with the prefix."""
    check_offsets(text, [*verdict.sentences, *verdict.artifacts])
    shown = text[: limits.text]
    artifacts = _pick_artifacts(verdict.artifacts, limits.spans, len(shown))
    bars = [s for s in verdict.sentences[: limits.bars] if s.start < len(shown)]
    spans = [
        Span(s.start, min(s.end, len(shown)), "span", {"class_": "u"}, {"id": f"u{prefix}s{i}"})
        for i, s in enumerate(bars)
    ]
    spans += [
        make_mark(f"{prefix}{i}", (a.start, min(a.end, len(shown))), a.kind, a.score, palette)
        for i, a in artifacts.items()
    ]
    left_out = tuple(_name_omissions(text, verdict, limits, len(artifacts), len(bars)))
    body = join(
        [
            make_note(left_out),
            element(limits.heading, "The text"),
            palette.make_legend(a.kind for a in artifacts.values()) if artifacts else NOTHING,
            element(
                "div",
                mark_up(shown, spans),
                class_="text",
                dir="auto",
                lang=clean_language(verdict.language),
            ),
            make_tips(
                [
                    *(_explain_artifact(f"{prefix}{i}", a) for i, a in artifacts.items()),
                    *(_explain_bar(prefix, i, s, limits) for i, s in enumerate(bars)),
                ]
            ),
        ]
    )
    strip = _make_strip(bars, prefix, limits) if bars else NOTHING
    return _View(body, strip)


def _pick_artifacts(artifacts: Sequence[Artifact], limit: int, length: int) -> dict[int, Artifact]:
    """The strongest artifacts within the text that is shown, by their place in the verdict."""
    within = [(i, artifact) for i, artifact in enumerate(artifacts) if artifact.start < length]
    strongest = heapq.nlargest(limit, within, key=lambda item: item[1].score)
    return dict(sorted(strongest))


def _name_omissions(
    text: str, verdict: Verdict, limits: _Limits, spans: int, bars: int
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
            f"the evidence of {judged - limits.sentences:,} sentences in the table: it names the "
            f"{limits.sentences:,} that weigh most"
        )


def _explain_artifact(key: str, artifact: Artifact) -> Html:
    human = (
        join([". People write ", element("b", isolate(clip(artifact.suggestion))), "."])
        if artifact.suggestion
        else None
    )
    return make_tip(
        key, element("b", artifact.kind), f", log-odds {format_log_odds(artifact.score)}", human
    )


def _make_strip(bars: Sequence[SentenceScore], prefix: str, limits: _Limits) -> Html:
    """One bar a sentence, as tall as its log-odds, with its evidence on hover and focus."""
    table = limits.sentences > 0
    items = (element("li", _make_strip_bar(prefix, i, s, table)) for i, s in enumerate(bars))
    return join(
        [
            element(limits.heading, "Sentence by sentence"),
            element(
                "p",
                "A bar up speaks for a machine, a bar down for a person, a thin line is a sentence "
                "without a say (captions, links, fragments). Each names its evidence.",
                class_="soft",
            ),
            element("ol", *items, class_="strip"),
        ]
    )


def _make_strip_bar(prefix: str, i: int, sentence: SentenceScore, table: bool) -> Html:
    key = f"{prefix}s{i}"
    return element(
        "a",
        element("svg", _make_strip_rect(sentence), viewBox="0 0 10 80", preserveAspectRatio="none"),
        href=f"#r{i}" if table and sentence.contributions else f"#u{key}",
        data_n=key,
        aria_label=f"Sentence {i + 1}",
        aria_describedby=f"t{key}",
    )


def _make_strip_rect(sentence: SentenceScore) -> Html:
    value = sentence.log_odds
    if not sentence.contributions or not math.isfinite(value):
        return element("rect", class_="mute", y=39, width=10, height=2)
    height = max(2.0, 40 * min(1.0, abs(value) / _TALL))
    top = 40 - height if value > 0 else 40
    return element(
        "rect",
        class_="up" if value > 0 else "down",
        y=f"{top:.0f}",
        width=10,
        height=f"{height:.0f}",
    )


def _explain_bar(prefix: str, i: int, sentence: SentenceScore, limits: _Limits) -> Html:
    name = f"Sentence {i + 1}: "
    if not sentence.contributions:
        return make_tip(f"{prefix}s{i}", f"{name}no say ({sentence.kind})")
    return make_tip(f"{prefix}s{i}", element("b", name), _make_parts(sentence, limits.parts))


def _make_parts(sentence: SentenceScore, count: int) -> Html:
    """A sentence's log-odds as the sum of its named parts; what is shown adds up as shown."""
    parts = round_parts(pick_parts(sentence.contributions, count))
    total = sum(parts.values())
    return join(
        [
            element("b", format_log_odds(total)),
            " = ",
            ", ".join(f"{name} {format_log_odds(value)}" for name, value in parts.items()),
        ]
    )


def _make_sentence_table(sentences: Sequence[SentenceScore]) -> Html:
    judged = [(i, s) for i, s in enumerate(sentences) if s.contributions]
    strongest = heapq.nlargest(_SENTENCE_LIMIT, judged, key=lambda item: abs(item[1].log_odds))
    rows = (_make_sentence_row(i, sentence) for i, sentence in sorted(strongest, key=_place))
    return make_table(
        "Each sentence, its log-odds of not being a person's English, and what they are made of",
        [("sentence", "n"), ("log-odds", "n"), ("", None), ("evidence", None)],
        rows,
        "sentences",
    )


def _place(item: tuple[int, Any]) -> int:
    return item[0]


def _make_sentence_row(i: int, sentence: SentenceScore) -> Html:
    value = sentence.log_odds
    return element(
        "tr",
        element("td", element("a", f"{i + 1}", href=f"#us{i}"), class_="n"),
        element("td", format_log_odds(round_parts({"": value})[""]), class_="n"),
        element("td", _make_balance(value)),
        element(
            "td",
            isolate(clip(sentence.text, 160)),
            element("small", _make_parts(sentence, _ARTICLE.parts), class_="parts"),
        ),
        id=f"r{i}",
    )


def _make_balance(value: float) -> Html:
    """A bar to the right for a machine, to the left for a person."""
    width = 50 * min(1.0, abs(value) / _TALL) if math.isfinite(value) else 0.0
    return element(
        "svg",
        element("rect", class_="zero", x=49.5, width=1, height=10),
        element(
            "rect",
            class_="up" if value > 0 else "down",
            x=f"{50 if value > 0 else 50 - width:.1f}",
            y=2,
            width=f"{width:.1f}",
            height=6,
        ),
        viewBox="0 0 100 10",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _make_artifact_table(artifacts: Sequence[Artifact], palette: Palette) -> Html:
    strongest = heapq.nlargest(SPAN_LIMIT, enumerate(artifacts), key=lambda item: item[1].score)
    rows = [
        element(
            "tr",
            element("td", element("a", isolate(clip(a.text)), href=f"#a{i}")),
            element("td", isolate(clip(a.suggestion)) if a.suggestion else "–"),
            element("td", palette.name(a.kind)),
            element("td", format_log_odds(a.score), class_="n"),
        )
        for i, a in strongest
    ]
    if not rows:
        return NOTHING
    table = make_table(
        "The strongest first",
        [("in the text", ""), ("people write", ""), ("kind", ""), ("log-odds", "n")],
        rows,
    )
    return join([element("h2", "Traces of a machine"), table])
