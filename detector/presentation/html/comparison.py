"""A copy and its original as a page, side by side."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping, Sequence
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
    explain_comparison,
    explain_verdict,
    format_log_odds,
    format_percent,
    format_threshold,
    name_feature,
)
from detector.results import (
    MACHINE_REWRITTEN,
    Comparison,
    SentenceLink,
    SentenceScore,
    Substitution,
)

_LONE_KINDS = ("added", "dropped")

_LINK_SENTENCES = {
    "one-to-one": "stems from one sentence of the original",
    "split": "one sentence of the original became several",
    "merged": "several sentences of the original became one",
    "added": "not in the original",
    "dropped": "not in the copy",
}


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
    left_out = tuple(_name_pair_omissions(copy, original, comparison))
    substitutions = _pick_substitutions(comparison.substitutions)
    kinds = [item.kind for item in substitutions.values()]
    main = join(
        [
            make_note(left_out),
            element("h2", "Side by side"),
            palette.make_legend(kinds) if kinds else NOTHING,
            element(
                "div",
                _make_pane("Copy", url, copy, comparison, substitutions, palette),
                _make_pane("Original", original_url, original, comparison, substitutions, palette),
                class_="pair",
            ),
            make_tips(_explain_links(comparison.alignment)),
            make_tips(_explain_substitution(i, s) for i, s in substitutions.items()),
            _make_substitution_table(substitutions, palette),
            _make_measures(comparison.features),
            _make_alone(comparison),
            make_guide(model_card, [comparison.false_positive_rate], comparison=True),
        ]
    )
    shown = title or "A copy and its original"
    header = element("header", element("h1", isolate(shown)), _make_pair_summary(comparison))
    write_page(
        target, make_page("comparison", shown, header, main, make_footer(comparison.signature))
    )


def _name_pair_omissions(copy: str, original: str, comparison: Comparison) -> Iterator[str]:
    for name, text in (("copy", copy), ("original", original)):
        if len(text) > TEXT_LIMIT:
            yield f"the {name} after its first {TEXT_LIMIT:,} of {len(text):,} characters"
    if (count := len(comparison.substitutions)) > SPAN_LIMIT:
        yield f"{count - SPAN_LIMIT:,} of {count:,} substitutions, the weakest"
    if (count := len(comparison.alignment)) > BAR_LIMIT:
        yield f"the links of {count - BAR_LIMIT:,} of {count:,} sentences"


def _pick_substitutions(items: Sequence[Substitution]) -> dict[int, Substitution]:
    strongest = heapq.nlargest(SPAN_LIMIT, enumerate(items), key=lambda item: item[1].score)
    return dict(sorted(strongest))


def _make_pair_summary(comparison: Comparison) -> Html:
    return join(
        [
            element("p", make_badge(comparison)),
            element("p", explain_comparison(comparison), class_="why", dir="auto"),
            make_shares(comparison.class_probabilities, machine=(MACHINE_REWRITTEN,)),
            make_facts(
                {
                    "threshold": format_threshold(comparison),
                    "false positives accepted": format_percent(comparison.false_positive_rate),
                    "of the copy, from the original": format_percent(comparison.coverage),
                    "of the original, in the copy": format_percent(comparison.original_coverage),
                    "substitutions": f"{len(comparison.substitutions):,}",
                }
            ),
        ]
    )


def _make_pane(
    name: str,
    url: str | None,
    text: str,
    comparison: Comparison,
    substitutions: Mapping[int, Substitution],
    palette: Palette,
) -> Html:
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
    source = element("p", link(url, url), class_="soft") if url else None
    body = element(
        "div",
        mark_up(shown, spans),
        class_="text pane",
        dir="auto",
        lang=clean_language(verdict.language),
        tabindex=0,
        role="region",
        aria_label=name,
    )
    return element("section", element("h3", name), source, body)


def _find_side(item: Substitution, is_copy: bool) -> tuple[int, int]:
    return (item.start, item.end) if is_copy else (item.original_start, item.original_end)


def _link_sentences(
    sentences: Sequence[SentenceScore],
    alignment: Sequence[SentenceLink],
    is_copy: bool,
    length: int,
) -> Iterator[Span]:
    """Each sentence as a span that knows its link, and by it its counterpart."""
    for n, match in enumerate(alignment[:BAR_LIMIT]):
        lone = match.kind in _LONE_KINDS
        for i in match.sentences if is_copy else match.original_sentences:
            if not 0 <= i < len(sentences):
                raise ValueError(f"the alignment names sentence {i} of {len(sentences)}")
            sentence = sentences[i]
            if sentence.start < length:
                yield Span(
                    sentence.start,
                    min(sentence.end, length),
                    "span",
                    {
                        "class_": "u lone" if lone else "u",
                        "data_link": None if lone else f"l{n}",
                        "data_n": f"l{n}",
                    },
                    {"tabindex": 0, "aria_describedby": f"tl{n}"},
                )


def _explain_links(alignment: Sequence[SentenceLink]) -> Iterator[Html]:
    for n, match in enumerate(alignment[:BAR_LIMIT]):
        similar = "" if match.kind in _LONE_KINDS else f", similarity {match.similarity:.2f}"
        moved = ", moved to another place" if match.moved else ""
        yield make_tip(f"l{n}", f"{_LINK_SENTENCES[match.kind]}{similar}{moved}")


def _explain_substitution(i: int, item: Substitution) -> Html:
    return make_tip(
        f"{i}",
        element("b", item.kind),
        f", log-odds {format_log_odds(item.score)}: ",
        isolate(clip(item.text)) if item.text else "nothing",
        " in place of ",
        isolate(clip(item.original_text)) if item.original_text else "nothing",
    )


def _make_substitution_table(items: Mapping[int, Substitution], palette: Palette) -> Html:
    rows = [
        element(
            "tr",
            element("td", _link_place(f"#o{i}", item.original_text)),
            element("td", _link_place(f"#c{i}", item.text)),
            element("td", palette.name(item.kind)),
            element("td", format_log_odds(item.score), class_="n"),
        )
        for i, item in items.items()
    ]
    if not rows:
        return NOTHING
    table = make_table(
        "In the copy's order",
        [("original", ""), ("copy", ""), ("kind", ""), ("log-odds", "n")],
        rows,
    )
    return join([element("h2", "Substitutions"), table])


def _link_place(href: str, text: str) -> Html:
    return element("a", isolate(clip(text)) if text else "–", href=href)


def _make_measures(features: Mapping[str, float]) -> Html:
    rows = [
        element("tr", element("td", name_feature(name)), element("td", f"{value:.3g}", class_="n"))
        for name, value in features.items()
    ]
    if not rows:
        return NOTHING
    table = make_table("", [("measure", ""), ("value", "n")], rows)
    return join([element("h2", "What the relation was judged by"), table])


def _make_alone(comparison: Comparison) -> Html:
    """What each text says of itself, without the other."""
    pairs = (("The copy", comparison.verdict), ("The original", comparison.original_verdict))
    return join(
        [
            element("h2", "Each on its own"),
            *(
                element("p", f"{name}: ", make_badge(verdict), " ", explain_verdict(verdict))
                for name, verdict in pairs
            ),
        ]
    )
