"""How pages name articles: by title, outlet and date, the file small; copies by their original."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from sample_pages import (
    CARD,
    ORIGINAL,
    TEXT,
    VERDICT,
    Page,
    compare,
    judge,
    make_article,
    make_batch,
)

from detector.presentation.html import (
    ReportRow,
    Source,
    describe_source,
    write_article_report,
    write_comparison_report,
)

HASH = "0123456789abcdef" * 4


def head(verdict: Any) -> Any:
    """The verdict, its first sentence a headline."""
    first, *others = verdict.sentences
    return replace(verdict, sentences=(replace(first, kind="headline"), *others))


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        (
            {"headline": " Ferry\nback ", "site": "Coast", "published": "2026-03-02"},
            Source("Ferry back", "Coast", "2026-03-02", name=HASH),
        ),
        ({"title": "", "outlet": 7, "url": "javascript:1"}, Source(HASH)),
        ({"url": "https://news.example/a"}, Source(HASH, url="https://news.example/a")),
        ({"title": "x" * 500}, Source("x" * 159 + "…", name=HASH)),
    ],
)
def test_an_article_is_named_by_what_came_with_it(fields: dict[str, Any], source: Source) -> None:
    assert describe_source(HASH, fields) == source


def test_else_by_its_headline() -> None:
    headline = "The ferry drives again from Monday."
    assert describe_source("a.txt", {}, TEXT, head(VERDICT)) == Source(headline, name="a.txt")
    assert describe_source("a.txt", {}, TEXT, VERDICT) == Source("a.txt")


def test_a_row_names_title_outlet_and_date_before_the_file() -> None:
    fields = {"title": "Ferry back", "outlet": "Coast", "date": "2026-03-02"}
    row = Page(make_batch([ReportRow(HASH, VERDICT, TEXT, fields=fields)])).text("tbody")
    places = [row.index(said) for said in ("Ferry back", "Coast", "2026-03-02", HASH)]
    assert places == sorted(places)


def test_a_page_is_called_by_its_title() -> None:
    assert Page(make_article(verdict=head(VERDICT))).text("h1").startswith("The ferry drives")
    assert Page(make_article()).text("h1") == "Article"
    stream = io.StringIO()
    source = Source("Ferry back", "Coast", "2026-03-02", "https://news.example/a", "a.txt")
    write_article_report(stream, TEXT, VERDICT, source=source)
    page = Page(stream.getvalue())
    assert page.text("h1") == "Ferry back"
    assert page.text("byline").startswith("Coast · 2026-03-02 · https://news.example/a")
    assert "a.txt" in page.text("small")


def test_both_sides_of_a_comparison_are_named() -> None:
    stream = io.StringIO()
    sources = (Source("Ferry back", "Coast"), Source("Ferry returns", "Times", name="b.txt"))
    write_comparison_report(stream, TEXT, ORIGINAL, compare(), sources=sources)
    page = Page(stream.getvalue())
    assert page.text("h1") == "Ferry back"
    for said in ("Copy", "Ferry back", "Coast", "Original", "Ferry returns", "Times", "b.txt"):
        assert said in page.text("pane-head")


def test_copies_are_grouped_by_their_original_and_stand_beside_it() -> None:
    pair = replace(compare(), original_verdict=head(judge(ORIGINAL, probability=0.03)))
    rows = [
        ReportRow(f"copy {i}", VERDICT, TEXT, comparison=pair, original=ORIGINAL, original_id="o")
        for i in range(2)
    ]
    alone = replace(pair, relation="independent")
    rows += [
        ReportRow("other", VERDICT, TEXT, comparison=alone, original=ORIGINAL),
        ReportRow("third", VERDICT, TEXT, comparison=pair, original=ORIGINAL + "x"),
    ]
    markup = make_batch(rows, model_card=CARD)
    page = Page(markup)
    assert "The ferry runs again from Monday." in page.text("originals")
    assert [a["data-g"] for a in page.having("data-g") if a.get("class") == "choose"] == ["1", "2"]
    assert markup.count('<tr data-g="1">') == 2
    assert markup.count('<tr data-g="2">') == 1
    assert "machine-rewritten" in page.text("articles")
    assert page.text("pane").count(ORIGINAL) == 3
    ids = [attributes["id"] for attributes in page.having("id")]
    assert len(ids) == len(set(ids))
    links = {a["data-link"] for a in page.having("data-link")}
    assert {"0-l0", "1-l1", "3-l0"} <= links


def test_a_batch_without_originals_has_no_table_of_them() -> None:
    assert "Originals and their copies" not in make_batch([ReportRow("a", VERDICT, TEXT)])


def test_flags_that_are_right_are_worked_out_where_the_card_tells() -> None:
    documents = {"news round trip": {"tpr": {"value": 0.2}}}
    figures = {**CARD["figures"], "documents": documents}
    page = Page(make_article(model_card=CARD | {"figures": figures}))
    assert "How many flags are right" in page.text("section")
    assert "news round trip20 %" in page.text("tbody")
    assert "How many flags are right" not in make_article(model_card=CARD)


def test_pairs_flagged_by_mistake_are_told() -> None:
    threshold = {"false_positive_rate": 0.01, "other_pairs": 900, "flagged": 4, "upper_bound": 0.01}
    short = {"false_positive_rate": 0.01, "other_pairs": 100, "flagged": 2, "upper_bound": 0.02}
    figures = {"comparison": {"thresholds": [threshold, short]}}
    stream = io.StringIO()
    card = {"figures": figures}
    write_comparison_report(stream, TEXT, ORIGINAL, compare(), model_card=card)
    page = Page(stream.getvalue()).text("section")
    assert "2 %" in page
    assert "6 of 1,000 pairs" in page
