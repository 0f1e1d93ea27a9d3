"""A copy and its original as a page, side by side."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from markupsafe import Markup

from detector.presentation.html.article import ON_A_PAGE, ViewLimits
from detector.presentation.html.page import write_page
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
from detector.presentation.wording import measure_shade
from detector.results import Comparison, SentenceLink, SentenceScore, Substitution


@dataclass(frozen=True)
class Pane:
    """One of the two texts, with its linked sentences and the substitutions."""

    name: str
    source: Source
    text: Markup
    language: str | None


@dataclass(frozen=True)
class PairView:
    """What ``pair_view.html`` shows: two texts side by side, and what each mark and link says."""

    heading: str
    left_out: tuple[str, ...]
    kinds: list[KindCount]
    panes: tuple[Pane, Pane]
    links: Mapping[str, SentenceLink]
    substitutions: Mapping[str, Substitution]


def write_comparison_report(
    target: str | os.PathLike[str] | TextIO,
    copy: str,
    original: str,
    comparison: Comparison,
    *,
    title: str | None = None,
    url: str | None = None,
    original_url: str | None = None,
    sources: tuple[Source, Source] | None = None,
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
        sources: how copy and original are named; by their headlines unless given.
        model_card: `Manifest.to_dict()` of the model, for its measured false positives.

    Raises:
        ValueError: spans lie outside the texts: the comparison is of other ones.
        OSError: the file cannot be written.
    """
    palette = Palette()
    texts = (copy, original)
    if sources is None:
        sources = (
            describe_source("", {"title": title, "url": url}, copy, comparison.verdict),
            describe_source("", {"url": original_url}, original, comparison.original_verdict),
        )
    view = make_pair_view(texts, comparison, sources, "", palette, ON_A_PAGE)
    write_page(
        target,
        "comparison.html",
        title=title or sources[0].title or "A copy and its original",
        comparison=comparison,
        view=view,
        substitutions=view.substitutions,
        palette=palette,
        signatures=[comparison.signature],
        rates=[comparison.verdict.false_positive_rate],
        pair_rates=[comparison.false_positive_rate],
        model_card=model_card,
    )


def make_pair_view(
    texts: tuple[str, str],
    comparison: Comparison,
    sources: tuple[Source, Source],
    prefix: str,
    palette: Palette,
    limits: ViewLimits,
) -> PairView:
    """Copy and original side by side; ids and keys start with the prefix.

    Raises:
        ValueError: spans lie outside the texts: the comparison is of other ones.
    """
    substitutions = _pick_substitutions(comparison.substitutions, limits.spans)
    panes = [
        _make_pane(is_copy, source, text, comparison, substitutions, prefix, palette, limits)
        for is_copy, source, text in zip((True, False), sources, texts, strict=True)
    ]
    return PairView(
        heading=limits.heading,
        left_out=tuple(_name_omissions(*texts, comparison, limits)),
        kinds=palette.count_kinds(item.kind for item in substitutions.values()),
        panes=(panes[0], panes[1]),
        links={f"{prefix}l{n}": k for n, k in enumerate(comparison.alignment[: limits.bars])},
        substitutions={f"{prefix}{i}": item for i, item in substitutions.items()},
    )


def _name_omissions(
    copy: str, original: str, comparison: Comparison, limits: ViewLimits
) -> Iterator[str]:
    for name, text in (("copy", copy), ("original", original)):
        if len(text) > limits.text:
            yield f"the {name} after its first {limits.text:,} of {len(text):,} characters"
    if (count := len(comparison.substitutions)) > limits.spans:
        yield f"{count - limits.spans:,} of {count:,} substitutions, the weakest"
    if (count := len(comparison.alignment)) > limits.bars:
        yield f"the links of {count - limits.bars:,} of {count:,} sentences"


def _pick_substitutions(items: Sequence[Substitution], limit: int) -> dict[int, Substitution]:
    """The strongest by their place in the comparison, the clearest first."""
    return dict(heapq.nlargest(limit, enumerate(items), key=lambda item: item[1].strength))


def _make_pane(
    is_copy: bool,
    source: Source,
    text: str,
    comparison: Comparison,
    substitutions: Mapping[int, Substitution],
    prefix: str,
    palette: Palette,
    limits: ViewLimits,
) -> Pane:
    name = "Copy" if is_copy else "Original"
    verdict = comparison.verdict if is_copy else comparison.original_verdict
    check_offsets(text, verdict.sentences)
    shown = text[: limits.text]
    links = comparison.alignment[: limits.bars]
    spans = list(_link_sentences(verdict.sentences, links, is_copy, len(shown), prefix))
    for i, item in substitutions.items():
        start, end = _find_side(item, is_copy)
        if end > len(text):
            raise ValueError(
                f"span {start}:{end} lies outside a text of {len(text):,} characters: "
                f"give the {name.lower()} that was compared"
            )
        if start < len(shown) or start == end == len(shown):
            place = (start, min(end, len(shown)))
            side, shade = "c" if is_copy else "o", measure_shade(item)
            spans.append(make_mark(f"{prefix}{i}", place, item.kind, shade, palette, side))
    return Pane(name, source, mark_up(shown, spans), clean_language(verdict.language))


def _find_side(item: Substitution, is_copy: bool) -> tuple[int, int]:
    return (item.start, item.end) if is_copy else (item.original_start, item.original_end)


def _link_sentences(
    sentences: Sequence[SentenceScore],
    alignment: Sequence[SentenceLink],
    is_copy: bool,
    length: int,
    prefix: str,
) -> Iterator[Span]:
    """Each sentence as a span that knows its link, and by it its counterpart."""
    for n, link in enumerate(alignment):
        lone = not (link.sentences and link.original_sentences)
        key = f"{prefix}l{n}"
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
                        "data-link": None if lone else key,
                        "data-n": key,
                    },
                    {"tabindex": 0, "aria-describedby": f"t{key}"},
                )
