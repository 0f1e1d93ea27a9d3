"""Verdicts and comparisons in a notebook: a piece of HTML with its own style, and no script.

A notebook has colours of its own, light or dark, and many outputs on one page: so colours here are
translucent, and nothing has an id.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from markupsafe import Markup

from detector.presentation.html.page import SPAN_LIMIT, TEXT_LIMIT, read_asset
from detector.presentation.html.rendering import render
from detector.presentation.html.spans import Span, check_offsets, mark_up
from detector.presentation.wording import format_log_odds, measure_shade
from detector.results import Artifact, Comparison, Substitution, Verdict

_ROWS = 10
"""The strongest spans that the table names."""


_STRONG = 1.0
"""Log-odds from which a span is coloured more strongly."""


def render_result(result: Verdict | Comparison, *texts: str | None) -> str:
    """What a notebook shows of a result: outcome, why, the strongest spans; then the texts.

    Args:
        result: a verdict or a comparison.
        texts: the article of a verdict; the copy and the original of a comparison.

    Raises:
        ValueError: of two texts only one is given, or spans lie outside a text: it is another one.
    """
    given = [text for text in texts if text is not None]
    if isinstance(result, Verdict):
        return _render_verdict(result, given)
    if len(given) == 1:
        raise ValueError("a comparison is about two texts: give both, or neither")
    return _render_comparison(result, given)


def _render_verdict(verdict: Verdict, texts: Sequence[str]) -> str:
    for text in texts:
        check_offsets(text, [*verdict.sentences, *verdict.artifacts])
    marked = _find_strongest(verdict.artifacts, SPAN_LIMIT)
    spans = [_mark(item.start, item.end, item.score, _explain_artifact(item)) for item in marked]
    return _render(
        "notebook_verdict.html",
        verdict=verdict,
        artifacts=_find_strongest(verdict.artifacts, _ROWS),
        panes=[("The text", _mark_up(text, spans)) for text in texts],
        left_out=_name_omissions(texts, len(verdict.artifacts)),
    )


def _render_comparison(comparison: Comparison, texts: Sequence[str]) -> str:
    panes = []
    if texts:
        copy, original = texts
        check_offsets(copy, comparison.verdict.sentences)
        check_offsets(original, comparison.original_verdict.sentences)
        marked = sorted(comparison.substitutions, key=lambda item: -item.strength)[:SPAN_LIMIT]
        ours, theirs = [], []
        for item in marked:
            reason, shade = _explain_substitution(item), measure_shade(item)
            ours.append(_mark(item.start, item.end, shade, reason))
            theirs.append(_mark(item.original_start, item.original_end, shade, reason))
        panes = [("The copy", _mark_up(copy, ours)), ("The original", _mark_up(original, theirs))]
    return _render(
        "notebook_comparison.html",
        comparison=comparison,
        substitutions=comparison.list_strongest(_ROWS),
        panes=panes,
        left_out=_name_omissions(texts, len(comparison.substitutions)),
    )


def _render(template: str, **values: object) -> str:
    return str(render(template, style=Markup(read_asset("notebook.css")), **values))


def _find_strongest(items: Sequence[Artifact], count: int) -> list[Artifact]:
    return heapq.nlargest(count, items, key=lambda item: item.score)


def _mark(start: int, end: int, score: float, reason: str) -> Span:
    style = "strong" if score >= _STRONG else "weak"
    style += " gap" if start == end else ""
    return Span(start, end, "mark", {"class": style, "title": reason}, {})


def _mark_up(text: str, spans: Iterable[Span]) -> Markup:
    shown = text[:TEXT_LIMIT]
    within = [span for span in spans if span.end <= len(shown) or len(shown) == len(text)]
    return mark_up(shown, within)


def _explain_artifact(item: Artifact) -> str:
    human = f"; people write {item.suggestion}" if item.suggestion else ""
    return f"{item.kind}, log-odds {format_log_odds(item.score)}{human}"


def _explain_substitution(item: Substitution) -> str:
    was, became = item.original_text or "nothing", item.text or "nothing"
    return f"{item.kind}: {became} in place of {was}"


def _name_omissions(texts: Sequence[str], spans: int) -> list[str]:
    left_out = [
        f"the text after its first {TEXT_LIMIT:,} of {len(text):,} characters"
        for text in texts
        if len(text) > TEXT_LIMIT
    ]
    if texts and spans > SPAN_LIMIT:
        left_out.append(f"{spans - SPAN_LIMIT:,} of {spans:,} spans, the weakest")
    return left_out
