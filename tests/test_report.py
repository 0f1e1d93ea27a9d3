"""Reports: whole, small, readable, and never run by what they show."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.presentation.html import (
    SIZE_LIMIT,
    BatchReport,
    ReportRow,
    write_article_report,
    write_comparison_report,
)
from detector.presentation.html.markup import leads_to_the_web
from detector.presentation.html.spans import Palette, Span, make_mark, mark_up
from detector.presentation.wording import (
    explain_comparison,
    explain_verdict,
    format_percent,
    pick_parts,
    round_parts,
)
from detector.results import (
    SUBSTITUTION_KINDS,
    Artifact,
    Comparison,
    SentenceLink,
    SentenceScore,
    Substitution,
    Verdict,
)

TEXT = """\
The ferry drives again from Monday. The captain has three weeks long on spare parts waited.
"Who wants to go over, must take the bull by the tail," said he. The passengers were glad.
"""
ORIGINAL = """\
The ferry runs again from Monday. The captain waited three weeks for spare parts.
"If you want to cross, take the bull by the horns," he said. Nobody thanked him.
"""
KINDS = (
    "unidiomatic word choice", "collocation", "literal idiom", "article or preposition", "tense",
    "word order", "tortured phrase", "untranslated word", "name form",
)  # fmt: skip
HOSTILE = (
    "</script><script>document.title='owned'</script> <!-- --> &lt;b&gt; &amp;amp; "
    "<img src=x onerror=\"document.title='owned'\"> ' \" ` ]]> \x00 \ud83d \u2028 \u202e "
    "😀 مرحبا e\u0301"
)
CARD: dict[str, Any] = {
    "thresholds": {"0.01": {"articles": 4000, "flagged": 20, "upper_bound": 0.0074}},
    "figures": {
        "leave one outlet out": [
            {
                "outlet": "<b>daily</b>",
                "articles": 80,
                "share at 0.01": 0.0125,
                "bound at 0.01": 0.06,
            }
        ]
    },
}


def cut(text: str) -> tuple[SentenceScore, ...]:
    """Sentences with evidence that adds up to +1.1; every third has no say."""
    contributions = {
        "encoder_translated": 0.8149,
        "words_top": 0.3,
        "style_spun": -0.0149,
        "constant": 0.0,
    }
    return tuple(
        SentenceScore(
            m.group(), m.start(), m.end(), contributions=contributions if i % 3 < 2 else {}
        )
        for i, m in enumerate(re.finditer(r"[^\s.][^.]*\.?", text))
    )


def mark(
    text: str, phrase: str, kind: str, score: float, suggestion: str | None = None
) -> Artifact:
    start = text.index(phrase)
    return Artifact(start, start + len(phrase), phrase, kind, score, suggestion)


def judge(text: str, *artifacts: Artifact, probability: float = 0.97) -> Verdict:
    return Verdict(
        probability=probability,
        label="translated" if probability > 0.5 else "original",
        class_probabilities={
            "original": 1 - probability, "translated": probability * 0.9, "spun": probability * 0.1
        },
        flagged=probability >= 0.9,
        threshold=0.9,
        false_positive_rate=0.01,
        sentences=cut(text),
        artifacts=artifacts,
        words=len(text.split()),
        language="en",
        signature="detector:1|model:example|threshold:0.9@fpr0.01",
    )  # fmt: skip


VERDICT = judge(
    TEXT,
    mark(TEXT, "three weeks long on spare parts waited", "word order", 2.6, "waited three weeks"),
    mark(TEXT, "on spare parts", "article or preposition", 1.2, "for spare parts"),
    mark(TEXT, "take the bull by the tail", "literal idiom", 3.3, "take the bull by the horns"),
)


def put(text: str, before: str, kind: str, score: float) -> Substitution:
    start, old = TEXT.index(text), ORIGINAL.index(before)
    return Substitution(start, start + len(text), text, old, old + len(before), before, kind, score)


def compare() -> Comparison:
    dropped = Substitution(3, 3, "", 3, 9, " ferry", "dropped", 0.1)
    return Comparison(
        relation="machine-rewritten",
        class_probabilities={"edited": 0.04, "machine-rewritten": 0.96},
        probability=0.96,
        flagged=True,
        threshold=0.9,
        false_positive_rate=0.01,
        coverage=0.8,
        original_coverage=0.75,
        alignment=(
            SentenceLink("one-to-one", (0,), (0,), 0.9),
            SentenceLink("one-to-one", (1,), (1,), 0.6, moved=True),
            SentenceLink("added", (3,), (), 0.0),
            SentenceLink("dropped", (), (3,), 0.0),
        ),
        substitutions=(
            dropped,
            put("drives", "runs", "synonym", 1.4),
            put("tail", "horns", "wrong sense", 2.9),
        ),
        contributions={"similarity": 0.7},
        verdict=VERDICT,
        original_verdict=judge(ORIGINAL, probability=0.03),
        signature="detector:1|model:example|threshold:0.9@fpr0.01",
    )


# --------------------------------------------------------------------------------------
# What a browser makes of a page
# --------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The elements of a page, checked for nesting, and its text."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: dict[str, list[str]] = {}
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._stack: list[tuple[str, dict[str, str | None]]] = []
        self.feed(markup)
        self.close()
        assert not self._stack, "elements left open"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"{tag} has an attribute twice"
        self.elements.append((tag, attributes))
        if tag not in ("meta", "input", "br"):
            self._stack.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._stack.pop()
        assert opened == tag, f"{opened} closed by {tag}"

    def handle_data(self, data: str) -> None:
        if self._stack and self._stack[-1][0] in self.raw:
            self.raw[self._stack[-1][0]].append(data)
            return
        for tag, attributes in self._stack:
            for name in {tag, *(attributes.get("class") or "").split(), attributes.get("data-n")}:
                if name:
                    self.words.setdefault(name, []).append(data)

    def text(self, name: str) -> str:
        """The text within a tag, class or key."""
        return "".join(self.words.get(name, []))

    def having(self, attribute: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.elements if attribute in attributes]


def make_article(text: str = TEXT, verdict: Verdict = VERDICT, **named: Any) -> str:
    stream = io.StringIO()
    write_article_report(stream, text, verdict, **named)
    return stream.getvalue()


def make_comparison(comparison: Comparison | None = None, **named: Any) -> str:
    stream = io.StringIO()
    write_comparison_report(stream, TEXT, ORIGINAL, comparison or compare(), **named)
    return stream.getvalue()


def make_batch(rows: list[ReportRow], **named: Any) -> str:
    report = BatchReport(**named)
    for row in rows:
        report.add(row)
    stream = io.StringIO()
    report.write(stream)
    return stream.getvalue()


def make_all() -> list[str]:
    return [
        make_article(title="Ferry", url="https://news.example/ferry", model_card=CARD),
        make_comparison(title="Ferry", model_card=CARD),
        make_batch([ReportRow("ferry", VERDICT, TEXT)], title="Ferries", model_card=CARD),
    ]


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


# --------------------------------------------------------------------------------------
# Text that wants to be more
# --------------------------------------------------------------------------------------


def make_hostile_verdict(text: str) -> Verdict:
    sentence = SentenceScore(text, 0, len(text), HOSTILE, {HOSTILE: 1.0, "style_spun": 0.5})
    artifact = Artifact(0, len(text), text, HOSTILE, 2.0, HOSTILE)
    return replace(
        judge(text, artifact),
        sentences=(sentence, replace(sentence, contributions={})),
        signature=HOSTILE,
        language='en" onfocus="x',
    )


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
        contributions={HOSTILE: 1.0},
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
    page = Page("<div class=whole>" + mark_up(text, spans) + "</div>")
    assert page.text("whole") == text
    for i, (start, end) in enumerate(places):
        assert page.text(f"{i}") == text[start:end]
        assert sum(a.get("id") == f"a{i}" for a in page.having("tabindex")) == 1


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


# --------------------------------------------------------------------------------------
# Kinds
# --------------------------------------------------------------------------------------


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


# --------------------------------------------------------------------------------------
# What is said
# --------------------------------------------------------------------------------------


def test_why_in_one_sentence() -> None:
    assert explain_verdict(VERDICT) == (
        "Flagged: all 3 sentences read like machine translation; the strongest trace is “take the "
        "bull by the tail” (literal idiom; people write “take the bull by the horns”)."
    )
    short = replace(judge(TEXT), flagged=False, reason="too short: 30 words, 60 needed")
    assert explain_verdict(short) == (
        "Not flagged (too short: 30 words, 60 needed): all 3 sentences read like machine "
        "translation; no single phrase stands out."
    )
    human = SentenceScore("x", 0, 1, contributions={"a": -1.0})
    machine = replace(human, contributions={"a": 1.0})
    for sentences, said in [
        ((human, human), "none of the 2 sentences reads like a machine's English"),
        ((human, machine, human), "1 of the 3 sentences reads like"),
        ((human, machine, machine), "most of the 3 sentences (2) read like"),
        ((machine,), "the only sentence reads like"),
        ((), "no sentence could be weighed"),
    ]:
        verdict = replace(judge(TEXT, probability=0.2), sentences=sentences)
        assert said in explain_verdict(verdict)
    refused = Verdict(None, None, {}, False, None, 0.01, reason="empty: there is no text")
    assert explain_verdict(refused) == "Not judged (empty: there is no text)."
    assert explain_comparison(compare()) == (
        "Flagged: the copy is the original rewritten by a machine; 80 % of its words stand in "
        "sentences that stem from it; of 3 substitutions the most telling is “tail” in place of "
        "“horns” (wrong sense)."
    )


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (0.00064, "0.064 %"), (0.01, "1 %"), (0.061, "6.1 %"), (0.0999, "10 %"),
     (0.5, "50 %"), (0.994, "99.4 %"), (0.9999, "99.9 %"), (1, "100 %")],
)  # fmt: skip
def test_shares_are_said_with_digits_that_mean_something(share: float, said: str) -> None:
    assert format_percent(share) == said


@settings(deadline=None)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=15))
def test_rounded_parts_add_up(values: list[float]) -> None:
    parts = {str(i): value for i, value in enumerate(values)}
    rounded = round_parts(parts)
    assert sum(rounded.values()) == pytest.approx(round(sum(values), 2), abs=0.0051)
    for name, value in parts.items():
        assert rounded[name] == pytest.approx(value, abs=0.0101)


def test_parts_beside_a_sentence_add_up_as_shown() -> None:
    contributions = {"encoder_translated": 0.815, "encoder_spun": 0.335, "tomorrows_measure": -0.204,
                "words_mean": 0.004, "constant": -0.003}  # fmt: skip
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


# --------------------------------------------------------------------------------------
# Batches, sizes and files
# --------------------------------------------------------------------------------------


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


def test_file_is_put_in_place_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("before", encoding="utf-8")
    with pytest.raises(ValueError, match="give the text"):
        write_article_report(target, "short", VERDICT)
    assert target.read_text(encoding="utf-8") == "before"
    write_article_report(target, TEXT, VERDICT)
    assert target.read_text(encoding="utf-8") == make_article()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_limits_that_make_no_sense_are_errors() -> None:
    with pytest.raises(ValueError, match="at least 500,000"):
        BatchReport(size_limit=1000)
    with pytest.raises(ValueError, match="row_limit"):
        BatchReport(row_limit=0)


# --------------------------------------------------------------------------------------
# In a browser
# --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    selenium = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("chromium and chromedriver are not installed")
    options = selenium.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--window-size=1280,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = selenium.ChromeService(executable_path=driver)
    running = selenium.Chrome(options=options, service=service)
    yield running
    running.quit()


def visit(browser: Any, tmp_path: Path, markup: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(markup, encoding="utf-8")
    browser.get_log("browser")
    browser.get(path.as_uri())


def wait_for(browser: Any, script: str, expected: object) -> None:
    """Ask the page again and again; at last fail with what it said."""
    for _ in range(100):
        if (answer := browser.execute_script(f"return {script}")) == expected:
            return
        time.sleep(0.1)
    assert answer == expected


SHOWN = "[...document.querySelectorAll('.articles tr.on:not(.d) bdi:first-child')]"
NAMES = f"{SHOWN}.map((name) => name.closest('td').querySelector('bdi').textContent)"
TIP = "document.getElementById('tip').hidden ? null : document.getElementById('tip').textContent"


def press(browser: Any, *keys: str) -> None:
    from selenium.webdriver import ActionChains

    ActionChains(browser).send_keys(*keys).perform()


def test_table_filters_sorts_and_opens(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    rows = [
        ReportRow(f"row {i}", judge(TEXT, probability=p), TEXT)
        for i, p in enumerate((0.2, 0.95, 0.6))
    ]
    rows += [ReportRow("row 3 broken", None, reason="binary")]
    visit(browser, tmp_path, make_batch(rows))
    names = f"[...new Set({NAMES})]"
    wait_for(browser, names, ["row 1", "row 2", "row 0", "row 3 broken"])
    browser.find_element(By.ID, "flagged").click()
    wait_for(browser, names, ["row 1"])
    browser.find_element(By.ID, "clear").click()
    wait_for(browser, f"{names}.length", 4)
    browser.find_element(By.ID, "most").send_keys("0.7")
    wait_for(browser, names, ["row 2", "row 0"])
    browser.find_element(By.ID, "clear").click()
    browser.find_element(By.ID, "q").send_keys("BROKEN")
    wait_for(browser, names, ["row 3 broken"])
    assert "1 of 4 articles" in browser.find_element(By.ID, "count").text
    browser.find_element(By.ID, "clear").click()
    wait_for(browser, f"{names}.length", 4)
    heading = browser.find_element(By.CSS_SELECTOR, "th[data-c=probability]")
    browser.execute_script("arguments[0].focus()", heading.find_element(By.TAG_NAME, "button"))
    press(browser, Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "ascending"
    wait_for(browser, names, ["row 0", "row 2", "row 1", "row 3 broken"])
    button = browser.find_element(By.CSS_SELECTOR, "tr.on .open")
    browser.execute_script("arguments[0].focus()", button)
    press(browser, Keys.ENTER)
    assert button.get_attribute("aria-expanded") == "true"
    wait_for(browser, "document.querySelector('tr.d.on .text').textContent", TEXT)
    assert not browser.get_log("browser")


def test_reasons_show_on_hover_and_on_focus(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    visit(browser, tmp_path, make_article(title="😀 emoji first: UTF-16 counts two"))
    span = browser.find_element(By.CSS_SELECTOR, "mark.k2")
    ActionChains(browser).move_to_element(span).perform()
    reason = "literal idiom, log-odds +3.30. People write take the bull by the horns."
    wait_for(browser, TIP, reason)
    press(browser, Keys.ESCAPE)
    wait_for(browser, TIP, None)
    browser.execute_script("document.querySelector('#a1').focus()")
    both = browser.execute_script(f"return {TIP}")
    assert "article or preposition" in both
    assert "word order" in both, "overlapping spans name both reasons"
    browser.execute_script("document.activeElement.blur()")
    wait_for(browser, TIP, None)
    browser.find_element(By.CSS_SELECTOR, ".legend button").click()
    wait_for(browser, "document.body.className.includes('off')", True)
    assert not browser.get_log("browser")


def test_counterparts_light_up(browser: Any, tmp_path: Path) -> None:
    visit(browser, tmp_path, make_comparison())
    browser.execute_script("document.querySelector('.pane [data-link=l1]').focus()")
    lit = "[...document.querySelectorAll('.pane:last-child .u.lit')].length"
    wait_for(browser, lit, 2)
    assert not browser.get_log("browser")


def test_hostile_pages_run_nothing(browser: Any, tmp_path: Path) -> None:
    verdict = make_hostile_verdict(HOSTILE)
    for markup in (
        make_article(HOSTILE, verdict, title="safe", url="javascript:document.title='owned'"),
        make_batch([ReportRow(HOSTILE, verdict, HOSTILE)], title="safe"),
    ):
        visit(browser, tmp_path, markup)
        browser.execute_script("document.querySelector('mark').focus()")
        assert browser.title == "safe"
        assert (
            json.loads(browser.execute_script("return JSON.stringify(document.scripts.length)"))
            == 1
        )
        assert not browser.get_log("browser")


def test_pages_fit_a_phone(browser: Any, tmp_path: Path) -> None:
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for markup in make_all():
            visit(browser, tmp_path, markup)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
