"""Spans on a page: laid over the text as they should be, and told apart."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_pages import KINDS, TEXT, VERDICT, Page, compare, judge, make_article

from detector.presentation.html import BatchReport, ReportRow, write_comparison_report
from detector.presentation.html.spans import Palette, Span, make_mark, mark_up
from detector.results import SUBSTITUTION_KINDS


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(alphabet=st.sampled_from("ab <>&\"'😀é\u0301א\n"), max_size=30),
    ends=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6),
)
def test_crossing_spans_nest_and_cover_what_they_should(
    text: str, ends: list[tuple[int, int]]
) -> None:
    size = len(text)
    places = [(min(a, b, size), min(max(a, b), size)) for a, b in ends]
    palette = Palette()
    spans = [make_mark(f"{i}", place, "tense", 1.0, palette) for i, place in enumerate(places)]
    page = Page(f"<div class=whole>{mark_up(text, spans)}</div>")
    assert page.text("whole") == text
    for i, (start, end) in enumerate(places):
        assert page.text(f"{i}") == text[start:end]
        assert sum(a.get("id") == f"a{i}" for a in page.having("tabindex")) == 1


def test_a_gap_stands_within_its_sentence_and_before_the_mark_that_begins_there() -> None:
    palette = Palette()
    gap, mark = (
        make_mark(key, place, "added", 1.0, palette)
        for key, place in (("g", (0, 0)), ("m", (0, 2)))
    )
    sentence = Span(0, 5, "span", {"data-n": "s"}, {})
    names = [
        attributes.get("data-n")
        for tag, attributes in Page(str(mark_up("It is.", [mark, gap, sentence]))).elements
    ]
    assert names == ["s", "g", "m"]
    assert "</mark><mark" in mark_up("It is.", [mark, gap, sentence])


def test_spans_of_another_text_are_an_error() -> None:
    with pytest.raises(ValueError, match="give the text that was judged"):
        mark_up("short", [Span(0, 6, "mark", {}, {})])
    with pytest.raises(ValueError, match="give the text that was judged"):
        make_article("short")
    bare = replace(compare(), alignment=(), original_verdict=judge("Short."))
    with pytest.raises(ValueError, match="give the original that was compared"):
        write_comparison_report(io.StringIO(), TEXT, "Short.", bare)
    report = BatchReport()
    with pytest.raises(ValueError, match="give the text that was judged"):
        report.add(ReportRow("a", VERDICT, "short"))
    assert len(report) == 0


@pytest.mark.parametrize("kinds", [KINDS, SUBSTITUTION_KINDS, (*KINDS, "a kind of tomorrow")])
def test_kinds_of_a_page_differ_by_more_than_colour(kinds: tuple[str, ...]) -> None:
    palette = Palette()
    slots = [palette.find_slot(kind) for kind in kinds]
    assert len(set(slots)) == len(kinds)
    style = Page(make_article()).raw["style"][0]
    rules = dict(re.findall(r"^\.k(\d) \{ --k: var\(--k\d\);([^}]*)\}", style, re.MULTILINE))
    assert len({rules[str(slot)].strip() for slot in slots}) == len(kinds)


def test_more_kinds_than_slots_still_work() -> None:
    palette = Palette()
    assert {palette.find_slot(f"kind {i}") for i in range(30)} == set(range(10))
    assert palette.find_slot("kind 3") == palette.find_slot("kind 3")


def luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_colours_reach_wcag_aa_in_light_and_dark() -> None:
    style = Page(make_article()).raw["style"][0]
    schemes = re.findall(r":root \{([^}]*)\}", style)
    assert len(schemes) == 3, "light, dark, print"
    strengths = [float(x) for x in re.findall(r"--strength: ([.\d]+)", style)] + [0.4]
    for scheme in schemes:
        colours = {
            name: tuple(int(c) / 255 for c in value.split())
            for name, value in re.findall(r"--(\w+): ([\d ]+);", scheme)
        }
        for ground in (colours["bg"], colours["card"]):
            for name in ("fg", "soft", "link", "flag"):
                assert contrast(colours[name], ground) >= 4.5, name
            for name in ("machine", "person", *(f"k{i}" for i in range(10))):
                assert contrast(colours[name], ground) >= 3, name
            for slot in range(10):
                for share in strengths:
                    tint = tuple(
                        share * k + (1 - share) * g
                        for k, g in zip(colours[f"k{slot}"], ground, strict=True)
                    )
                    assert contrast(colours["fg"], tint) >= 4.5, (slot, share)
        assert contrast(colours["bg"], colours["fg"]) >= 4.5, "tooltip"
