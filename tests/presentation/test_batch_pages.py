"""A page about many articles: it counts all, and stays small."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from sample_pages import CARD, TEXT, VERDICT, Page, compare, judge, make_article, make_batch

from detector.presentation.html import SIZE_LIMIT, BatchReport, ReportRow
from detector.results import Artifact


def test_batch_counts_everything_and_lists_the_strongest() -> None:
    rows = [ReportRow(f"number {i:02}", judge(TEXT, probability=i / 50), TEXT) for i in range(50)]
    rows.append(ReportRow("broken", None, reason="binary, not text: page.pdf"))
    page = Page(make_batch(rows, row_limit=10))
    table = page.text("tbody")
    assert "number 49" in table
    assert "number 40" in table
    assert "number 39" not in table
    assert "5 of 50 articles flagged (10 %)" in page.text("why")
    assert "1 (binary, not text 1)" in page.text("facts")
    assert "41 of 51 articles in the table" in page.text("note")
    counts = re.findall(r'class="(?:rest|hit)"', make_batch(rows, row_limit=10))
    assert len(counts) == 20, "each bin holds articles, none both kinds"


def test_what_cannot_be_flagged_is_called_no_machines() -> None:
    reason = "too short: 9 words in whole sentences, 60 needed"
    held = replace(judge(TEXT), flagged=False, reason=reason)
    assert held.label == "translated"
    rewritten = replace(compare(), flagged=False, reason="too short: 9 words in one of the texts")
    person = replace(held, label="original", probability=0.2)
    rows = [
        ReportRow("held", held, TEXT),
        ReportRow("person", person, TEXT),
        ReportRow("pair", rewritten.verdict, TEXT, comparison=rewritten),
    ]
    markup = make_batch(rows)
    page = Page(markup)
    assert markup.count("<td>cannot be flagged</td>") == 2
    assert "<td>translated</td>" not in markup
    assert "<td>machine-rewritten</td>" not in markup
    assert "cannot be flagged2" in page.text("facts")
    assert "original1" in page.text("facts")


def test_ten_thousand_articles_fit() -> None:
    base = judge(TEXT * 2, *VERDICT.artifacts)
    report = BatchReport(model_card=CARD)
    for i in range(10_000):
        probability = (i * 7919 % 10_000) / 10_000
        verdict = replace(base, probability=probability, flagged=probability >= 0.9)
        report.add(ReportRow(f"https://news.example/2026/{i}/ferry", verdict, TEXT * 2))
    stream = io.StringIO()
    report.write(stream)
    markup = stream.getvalue()
    assert len(markup.encode()) < SIZE_LIMIT
    opened = markup.count('class="open"')
    assert 50 < opened < 10_000
    assert markup.count("news.example/2026/") == 10_000
    assert f"the {opened:,} strongest can be opened" in markup
    shown = [float(p) for p in re.findall(r'<td class="n">(0\.\d+)</td>', markup)]
    assert shown == sorted(shown, reverse=True)


def test_limit_holds_whatever_the_articles_are() -> None:
    text = '&"<é港' * 5000
    verdict = judge(text, *[Artifact(i, i + 9, "&", "x" * 99, 1.0, '"' * 999) for i in range(999)])
    rows = [ReportRow('"' * 500, verdict, text, url="https://e/" + "'" * 290) for _ in range(700)]
    markup = make_batch(rows, size_limit=700_000)
    assert len(markup.encode()) < 700_000
    assert re.search(r"\d+ of 700 articles in the table", markup)
    long = "Whatever & so on. " * 40_000
    artifacts = [
        Artifact(i * 9, i * 9 + 30, "&" * 60, f"kind {i}", i, "'" * 60) for i in range(5000)
    ]
    markup = make_article(long, judge(long, *artifacts))
    assert len(markup.encode()) < SIZE_LIMIT
    assert "the text after its first 250,000 of 720,000 characters" in markup
    assert "4,000 of 5,000 spans" in markup


def test_limits_that_make_no_sense_are_errors() -> None:
    with pytest.raises(ValueError, match="at least 500,000"):
        BatchReport(size_limit=1000)
    with pytest.raises(ValueError, match="row_limit"):
        BatchReport(row_limit=0)
