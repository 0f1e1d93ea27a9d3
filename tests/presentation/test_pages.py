"""Pages: whole, readable, and never run by what they show."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from sample_pages import (
    CARD,
    HOSTILE,
    ORIGINAL,
    TEXT,
    VERDICT,
    Page,
    compare,
    judge,
    make_all,
    make_article,
    make_batch,
    make_comparison,
    make_hostile_verdict,
    mark,
)

from detector.presentation.html import ReportRow, write_article_report, write_comparison_report
from detector.presentation.html.rendering import leads_to_the_web, render
from detector.presentation.wording import pick_parts
from detector.results import Substitution, Verdict


def test_pages_are_whole_and_need_nothing_from_outside() -> None:
    for markup in make_all():
        page = Page(markup)
        assert markup.startswith("<!DOCTYPE html>")
        assert {tag for tag, _ in page.elements} & {
            "link",
            "img",
            "iframe",
            "object",
            "base",
        } == set()
        for attributes in [attributes for _, attributes in page.elements]:
            assert "src" not in attributes
            assert "style" not in attributes
            assert not [name for name in attributes if name.startswith("on")]
        for attributes in page.having("href"):
            assert re.match(r"#|https://news\.example/", attributes["href"] or "")
        assert "url(" not in markup
        assert "@import" not in markup


def test_policy_names_the_only_script_and_style() -> None:
    for markup in make_all():
        page = Page(markup)
        policy = next(
            attributes["content"] or ""
            for attributes in page.having("http-equiv")
            if attributes["http-equiv"] == "Content-Security-Policy"
        )
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        for name in ("script", "style"):
            (content,) = page.raw[name]
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert f"{name}-src 'sha256-{digest}'" in policy


def test_ids_are_unique_and_references_are_met() -> None:
    for markup in make_all():
        page = Page(markup)
        ids = [attributes["id"] for attributes in page.having("id")]
        assert len(ids) == len(set(ids))
        for name in ("aria-describedby", "aria-controls"):
            assert {attributes[name] for attributes in page.having(name)} <= set(ids)
        anchors = {(attributes["href"] or "") for attributes in page.having("href")}
        assert {anchor[1:] for anchor in anchors if anchor.startswith("#")} <= set(ids)


def test_text_is_shown_code_point_for_code_point() -> None:
    text = '😀😀 The e\u0301lan of 👩‍👩‍👧 families, شكرا, continues "so" & <so>.\n\n\tEnd.'
    phrase = "👩‍👩‍👧 families"
    page = Page(make_article(text, judge(text, mark(text, phrase, "collocation", 1.0))))
    assert page.text("text") == text
    assert page.text("0") == phrase


def test_what_html_cannot_hold_is_replaced_one_for_one() -> None:
    text = "Nul \x00, half \ud83d, escape \x1b[0m, and the traces after them."
    page = Page(make_article(text, judge(text, mark(text, "traces", "tense", 1.0))))
    assert page.text("text") == re.sub("[\x00\ud83d\x1b]", "\ufffd", text)
    assert page.text("0") == "traces"


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="verdict"):
        render("batch_view.html", view=None)


def test_no_template_lets_markup_through() -> None:
    templates = files("detector.presentation.html").joinpath("templates")
    for template in templates.iterdir():
        assert not re.search(r"\|\s*safe|autoescape", template.read_text(encoding="utf-8"))


def check_harmless(markup: str, allowed: set[str]) -> None:
    page = Page(markup)
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert {tag for tag, _ in page.elements} <= allowed
    names = {name for _, attributes in page.elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "src"]
    for attributes in page.having("href"):
        assert not (attributes["href"] or "").lower().lstrip().startswith("javascript:")
    assert markup.encode()
    assert "\x00" not in markup


def test_hostile_text_stays_text() -> None:
    tags = [{tag for tag, _ in Page(markup).elements} for markup in make_all()]
    verdict = make_hostile_verdict(HOSTILE)
    script = "javascript:document.title='owned'"
    check_harmless(make_article(HOSTILE, verdict, title=HOSTILE, url=script), tags[0])
    copy = replace(
        compare(),
        alignment=(),
        substitutions=(Substitution(0, 9, HOSTILE, 0, 9, HOSTILE, "synonym", 1.0),),
        features={HOSTILE: 1.0},
        signature=HOSTILE,
        verdict=verdict,
        original_verdict=verdict,
    )
    stream = io.StringIO()
    write_comparison_report(
        stream, HOSTILE, HOSTILE, copy, title=HOSTILE, url=script, original_url=HOSTILE
    )
    check_harmless(stream.getvalue(), tags[1])
    rows = [
        ReportRow(HOSTILE, verdict, HOSTILE, url=script),
        ReportRow(script, None, reason=HOSTILE, url="\tjavascript:alert(1)"),
    ]
    check_harmless(make_batch(rows, title=HOSTILE), tags[2])


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://news.example/a?b=c&d=e#f", True),
        ("http://münchen.example/", True),
        ("HTTPS://NEWS.EXAMPLE/", True),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        (" https://news.example/", False),
        ("https:news.example", False),
        ("https://[half", False),
        ("//news.example/", False),
        ("data:text/html,<script>", False),
        ("https:\\\\news.example", False),
        ("article-17", False),
    ],
)
def test_only_web_addresses_are_linked(url: str, leads: bool) -> None:
    assert leads_to_the_web(url) is leads


def test_parts_beside_a_sentence_add_up_as_shown() -> None:
    contributions = {
        "encoder_translated": 0.815,
        "encoder_spun": 0.335,
        "tomorrows_measure": -0.204,
        "words_mean": 0.004,
        "constant": -0.003,
    }
    parts = pick_parts(contributions, 2)
    assert list(parts) == ["encoder: translated", "encoder: spun", "3 others"]
    sentence = replace(VERDICT.sentences[0], contributions=contributions)
    page = Page(make_article(TEXT, replace(VERDICT, sentences=(sentence,))))
    total, *addends = (
        float(x.replace("−", "-")) for x in re.findall(r"[+−]\d+\.\d\d", page.text("parts"))
    )
    assert total == pytest.approx(sum(addends))
    assert "tomorrows measure" in page.text("parts")


def test_measured_false_positives_are_told() -> None:
    markup = make_article(model_card=CARD)
    assert "20 of 4,000 articles by people" in Page(markup).text("section")
    assert "0.74 %" in markup
    assert "&lt;b&gt;daily&lt;/b&gt;" in markup
    assert "How to read this" in make_article()


def test_comparison_links_sentences_and_marks_both_sides() -> None:
    page = Page(make_comparison())
    links = [attributes["data-link"] for attributes in page.having("data-link")]
    assert sorted(set(links), key=str) == ["l0", "l1"]
    assert links.count("l0") == 2
    assert page.text("2") == "tailhorns"
    assert "stems from one sentence of the original, similarity 0.60, moved" in page.text("main")
    assert page.text("pane") == TEXT + ORIGINAL


def test_unjudged_inputs_have_a_page_too() -> None:
    refused = Verdict(None, None, {}, False, None, 0.01, reason="empty: there is no text")
    assert "Not judged (empty: there is no text)." in make_article("", refused)
    assert "No article could be judged." in make_batch([ReportRow("a", None, reason="binary")])
    assert "No article could be judged." in make_batch([])
    pair = replace(compare(), relation=None, probability=None, flagged=False, reason="too short: x")
    assert "Not judged (too short: x)." in make_comparison(pair)


def test_file_is_put_in_place_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("before", encoding="utf-8")
    with pytest.raises(ValueError, match="give the text"):
        write_article_report(target, "short", VERDICT)
    assert target.read_text(encoding="utf-8") == "before"
    write_article_report(target, TEXT, VERDICT)
    assert target.read_text(encoding="utf-8") == make_article()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
