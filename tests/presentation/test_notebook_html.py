"""Results in a notebook: whole, in the notebook's own colours, and never run by what they show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sample_pages import HOSTILE, ORIGINAL, TEXT, VERDICT, Page, compare, make_hostile_verdict

from detector.results import Comparison, Verdict

REFUSED = Verdict(None, None, {}, False, None, 0.01, "empty: there is no text")


def make_pieces() -> list[str]:
    comparison = compare()
    return [
        VERDICT._repr_html_(),
        VERDICT.to_html(TEXT),
        REFUSED.to_html(""),
        comparison._repr_html_(),
        comparison.to_html(TEXT, ORIGINAL),
        make_hostile_verdict(HOSTILE * 3).to_html(HOSTILE * 3),
    ]


def test_pieces_are_whole_and_need_nothing_from_outside() -> None:
    for markup in make_pieces():
        page = Page(markup)
        tags = {tag for tag, _ in page.elements}
        assert tags <= {"div", "style", "p", "span", "bdi", "b", "small", "code", "mark", "table",
                        "caption", "thead", "tbody", "tr", "th", "td"}  # fmt: skip
        assert "url(" not in markup
        assert "@import" not in markup
        for _, attributes in page.elements:
            # Many outputs share a notebook's page, so that no id can be sure to be the only one.
            assert set(attributes) <= {"class", "title", "dir"}


def test_no_colour_hides_the_notebooks_own() -> None:
    style = "".join(Page(VERDICT._repr_html_()).raw["style"])
    for rule in style.split("}"):
        selector = rule.split("{")[0].split("*/")[-1].strip()
        assert not selector or selector.startswith(".mt-detector")
    assert "#" not in style
    assert "var(" not in style
    assert style.count("color: inherit") >= 2


def test_a_verdict_shows_outcome_reason_and_strongest_spans() -> None:
    page = Page(VERDICT._repr_html_())
    assert "".join(page.words["outcome"]) == "flagged · translated · 0.970"
    cells = "".join(page.words["td"])
    assert "take the bull by the tail" in cells
    assert cells.index("take the bull") < cells.index("on spare parts")
    assert "mark" not in page.words
    assert "threshold 0.900" in "".join(page.words["small"])


def test_with_its_text_the_spans_are_marked_with_their_reasons() -> None:
    page = Page(VERDICT.to_html(TEXT))
    assert "".join(page.words["text"]) == TEXT
    assert "take the bull by the tail" in "".join(page.words["mark"])
    reasons = [attributes["title"] or "" for attributes in page.having("title")]
    assert "literal idiom, log-odds +3.30; people write take the bull by the horns" in reasons


def test_a_comparison_shows_both_texts_side_by_side() -> None:
    comparison = compare()
    page = Page(comparison.to_html(TEXT, ORIGINAL))
    assert "".join(page.words["text"]) == TEXT + ORIGINAL
    marked = "".join(page.words["mark"])
    assert all(word in marked for word in ("drives", "runs", "tail", "horns", "ferry"))
    assert "text" not in Page(comparison._repr_html_()).words


def test_another_text_is_refused() -> None:
    comparison: Comparison = compare()
    with pytest.raises(ValueError, match="lies outside a text of 5 characters"):
        VERDICT.to_html("short")
    with pytest.raises(ValueError, match="lies outside a text of 5 characters"):
        comparison.to_html(TEXT, "short")
    with pytest.raises(ValueError, match="about two texts: give both, or neither"):
        comparison.to_html(TEXT)


def test_what_had_no_room_is_said() -> None:
    many = replace(VERDICT, artifacts=VERDICT.artifacts * 500)
    assert "500 of 1,500 spans, the weakest" in many.to_html(TEXT)
    long = TEXT + "x" * 300_000
    markup = VERDICT.to_html(long)
    assert f"the text after its first 250,000 of {len(long):,} characters" in markup
    assert len(markup) < 300_000
