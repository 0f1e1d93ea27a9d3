"""A copy and its original as a page, side by side."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from markupsafe import Markup

from detector.presentation.html.page import BAR_LIMIT, SPAN_LIMIT, TEXT_LIMIT, write_page
from detector.presentation.html.spans import (
    Palette,
    Span,
    check_offsets,
    clean_language,
    make_mark,
    mark_up,
)
from detector.results import Comparison, SentenceLink, SentenceScore, Substitution


@dataclass(frozen=True)
class Pane:
    """One of the two texts, with its linked sentences and the substitutions."""

    name: str
    url: str | None
    text: Markup
    language: str | None


def write_comparison_report(
    target: str | os.PathLike[str] | TextIO,
    copy: str,
    original: str,
    comparison: Comparison,
    *,
    title: str | None = None,
    url: str | None = None,
    original_url: str | None = None,
    model_card: Mapping[str, Any] | None = None,
) -> None:
    """Write a comparison's page: both texts side by side, matched sentences, substitutions.

    Args:
        target: a file, which is put in place when all of it is written, or a text stream.
        copy: the copy as it was compared.
        original: the original as it was compared.
        comparison: what the detector said of the two.
        title: the copy's name or headline.
        url: where the copy came from; linked if it leads to the web.
        original_url: likewise for the original.
        model_card: `Manifest.to_dict()` of the model, for its measured false positives.

    Raises:
        ValueError: spans lie outside the texts: the comparison is of other ones.
        OSError: the file cannot be written.
    """
    palette = Palette()
    substitutions = _pick_substitutions(comparison.substitutions)
    write_page(
        target,
        "comparison.html",
        title=title or "A copy and its original",
        comparison=comparison,
        left_out=list(_name_omissions(copy, original, comparison)),
        kinds=palette.count_kinds(item.kind for item in substitutions.values()),
        panes=[
            _make_pane("Copy", url, copy, comparison, substitutions, palette),
            _make_pane("Original", original_url, original, comparison, substitutions, palette),
        ],
        links=comparison.alignment[:BAR_LIMIT],
        substitutions=substitutions,
        palette=palette,
        signatures=[comparison.signature],
        rates=[comparison.false_positive_rate],
        model_card=model_card,
    )


def _name_omissions(copy: str, original: str, comparison: Comparison) -> Iterator[str]:
    for name, text in (("copy", copy), ("original", original)):
        if len(text) > TEXT_LIMIT:
            yield f"the {name} after its first {TEXT_LIMIT:,} of {len(text):,} characters"
    if (count := len(comparison.substitutions)) > SPAN_LIMIT:
        yield f"{count - SPAN_LIMIT:,} of {count:,} substitutions, the weakest"
    if (count := len(comparison.alignment)) > BAR_LIMIT:
        yield f"the links of {count - BAR_LIMIT:,} of {count:,} sentences"


def _pick_substitutions(items: Sequence[Substitution]) -> dict[int, Substitution]:
    """The strongest, by their place in the comparison."""
    strongest = heapq.nlargest(SPAN_LIMIT, enumerate(items), key=lambda item: item[1].score)
    return dict(sorted(strongest))


def _make_pane(
    name: str,
    url: str | None,
    text: str,
    comparison: Comparison,
    substitutions: Mapping[int, Substitution],
    palette: Palette,
) -> Pane:
    is_copy = name == "Copy"
    verdict = comparison.verdict if is_copy else comparison.original_verdict
    check_offsets(text, verdict.sentences)
    shown = text[:TEXT_LIMIT]
    side = "c" if is_copy else "o"
    spans = list(_link_sentences(verdict.sentences, comparison.alignment, is_copy, len(shown)))
    for i, item in substitutions.items():
        start, end = _find_side(item, is_copy)
        if end > len(text):
            raise ValueError(
                f"span {start}:{end} lies outside a text of {len(text):,} characters: "
                f"give the {name.lower()} that was compared"
            )
        if start < len(shown) or start == end == len(shown):
            place = (start, min(end, len(shown)))
            spans.append(make_mark(f"{i}", place, item.kind, item.score, palette, side))
    return Pane(name, url, mark_up(shown, spans), clean_language(verdict.language))


def _find_side(item: Substitution, is_copy: bool) -> tuple[int, int]:
    return (item.start, item.end) if is_copy else (item.original_start, item.original_end)


def _link_sentences(
    sentences: Sequence[SentenceScore],
    alignment: Sequence[SentenceLink],
    is_copy: bool,
    length: int,
) -> Iterator[Span]:
    """Each sentence as a span that knows its link, and by it its counterpart."""
    for n, link in enumerate(alignment[:BAR_LIMIT]):
        lone = not (link.sentences and link.original_sentences)
        for i in link.sentences if is_copy else link.original_sentences:
            if not 0 <= i < len(sentences):
                raise ValueError(f"the alignment names sentence {i} of {len(sentences)}")
            sentence = sentences[i]
            if sentence.start < length:
                yield Span(
                    sentence.start,
                    min(sentence.end, length),
                    "span",
                    {
                        "class": "u lone" if lone else "u",
                        "data-link": None if lone else f"l{n}",
                        "data-n": f"l{n}",
                    },
                    {"tabindex": 0, "aria-describedby": f"tl{n}"},
                )
