"""Verdicts on a terminal: coloured where it can, never where it can't, and never steered."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from detector.presentation.tables import measure_width
from detector.presentation.terminal import (
    clean,
    format_comparison,
    format_line,
    format_refusal,
    format_verdict,
    wants_colour,
)
from detector.results import Artifact, Comparison, SentenceScore, Substitution, Verdict

TEXT = (
    "The mayor must take the bull by the tail.\n\nNobody has the haven since ten years dredged.\n"
)
ORIGINAL = (
    "The mayor must take the bull by the horns.\n\nNobody has dredged the harbour in ten years.\n"
)
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def mark(
    text: str, phrase: str, kind: str, score: float, suggestion: str | None = None
) -> Artifact:
    start = text.index(phrase)
    return Artifact(start, start + len(phrase), phrase, kind, score, suggestion)


def judge(text: str, *artifacts: Artifact, flagged: bool = True) -> Verdict:
    return Verdict(
        probability=0.97,
        label="translated",
        class_probabilities={"original": 0.03, "translated": 0.95, "spun": 0.02},
        flagged=flagged,
        threshold=0.9,
        false_positive_rate=0.01,
        sentences=(SentenceScore(text.strip(), 0, len(text), contributions={"style": 1.5}),),
        artifacts=artifacts,
        words=len(text.split()),
        language="en",
        signature="detector:1|model:example",
    )


VERDICT = judge(
    TEXT,
    mark(TEXT, "take the bull by the tail", "literal idiom", 3.1, "take the bull by the horns"),
    mark(TEXT, "haven", "unidiomatic word choice", 0.8, "harbour"),
    mark(TEXT, "since ten years", "tense", 1.4),
)


def compare() -> Comparison:
    def put(text: str, before: str, kind: str, score: float) -> Substitution:
        start, old = TEXT.index(text), ORIGINAL.index(before)
        return Substitution(
            start, start + len(text), text, old, old + len(before), before, kind, score, score / 3
        )

    dropped = Substitution(3, 3, "", 3, 4, " ", "dropped", 0.1)
    return Comparison(
        relation="machine-rewritten",
        class_probabilities={"machine-rewritten": 0.9, "edited": 0.1},
        probability=0.9,
        flagged=True,
        threshold=0.8,
        false_positive_rate=0.01,
        coverage=1.0,
        original_coverage=0.75,
        alignment=(),
        substitutions=(
            dropped,
            put("tail", "horns", "wrong sense", 2.5),
            put("haven", "harbour", "synonym", 0.7),
        ),
        features={},
        verdict=VERDICT,
        original_verdict=judge(ORIGINAL, flagged=False),
    )


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


# --------------------------------------------------------------------------------------
# Colour or not
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "environment", "stream", "coloured"),
    [
        ("auto", {}, _Terminal(), True),
        ("auto", {}, io.StringIO(), False),
        ("auto", {"NO_COLOR": "1"}, _Terminal(), False),
        ("auto", {"NO_COLOR": ""}, _Terminal(), True),
        ("auto", {"TERM": "dumb"}, _Terminal(), False),
        ("always", {"NO_COLOR": "1"}, io.StringIO(), True),
        ("never", {}, _Terminal(), False),
    ],
)
def test_colour_where_the_terminal_can(
    choice: str,
    environment: dict[str, str],
    stream: io.StringIO,
    coloured: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(stream, choice) is coloured


def test_unknown_choice_is_an_error() -> None:
    with pytest.raises(ValueError, match="auto, always or never"):
        wants_colour(io.StringIO(), "sometimes")


def test_without_colour_there_is_no_escape_and_spans_stand_in_brackets() -> None:
    for output in (
        format_verdict(TEXT, VERDICT, colour=False, width=80),
        format_comparison(TEXT, ORIGINAL, compare(), colour=False, width=80),
    ):
        assert "\x1b" not in output
    assert "must [[take the bull by the tail]]." in format_verdict(
        TEXT, VERDICT, colour=False, width=80
    )


@pytest.mark.parametrize("width", [40, 43, 51, 80])
def test_with_colour_only_colour_is_added(width: int) -> None:
    coloured = format_verdict(TEXT, VERDICT, colour=True, width=width)
    assert "\x1b[1;4;" in coloured
    plain = format_verdict(TEXT, VERDICT, colour=False, width=width)
    assert ESCAPE.sub("", coloured) == plain.replace("[[", "").replace("]]", "")


def test_an_article_in_a_line() -> None:
    line = format_line(VERDICT, "a\nb\x1b[2J.txt", colour=False)
    assert line == (
        "flagged     · translated · 0.970 · 1 of 1 sentence read so; “take the bull by the tail” "
        "(people write “take the bull by the horns”) · a b\ufffd[2J.txt"
    )
    assert ESCAPE.sub("", format_line(VERDICT, "a\nb\x1b[2J.txt", colour=True)) == line
    short = replace(VERDICT, flagged=False, reason="too short: 12 words, 60 needed")
    line = format_line(short, "a.txt", colour=False)
    assert line == "not flagged · too short: 12 words, 60 needed · a.txt"
    refused = format_refusal("binary,\nnot text", "a.txt", colour=False)
    assert refused == "not judged  · binary, not text · a.txt"
    assert format_line(compare(), "a", colour=False).startswith("flagged     · machine-rewritten")


@pytest.mark.parametrize("width", [40, 57, 120])
def test_colours_end_with_their_line_and_lines_fit(width: int) -> None:
    lines = format_verdict(TEXT, VERDICT, colour=True, width=width).splitlines()
    for line in lines:
        assert measure_width(ESCAPE.sub("", line)) <= width
        codes = ESCAPE.findall(line)
        assert codes[1::2] == ["\x1b[0m"] * (len(codes) // 2)
        assert len(codes) % 2 == 0


def test_of_overlapping_spans_the_strongest_is_seen() -> None:
    outer = mark(TEXT, "take the bull by the tail", "literal idiom", 1.0)
    inner = mark(TEXT, "bull", "tortured phrase", 3.0)
    line = format_verdict(TEXT, judge(TEXT, outer, inner), colour=True, width=80).splitlines()[0]
    pieces = re.findall(r"\x1b\[([0-9;]+)m([^\x1b]*)\x1b\[0m", line)
    assert [piece for _, piece in pieces] == ["take the ", "bull", " by the tail"]
    styles = [style for style, _ in pieces]
    assert styles[0] == styles[2] != styles[1]
    assert ESCAPE.sub("", line) == TEXT.splitlines()[0]
    plain = format_verdict(TEXT, judge(TEXT, outer, inner), colour=False, width=80)
    assert "[[take the bull by the tail]]" in plain


# --------------------------------------------------------------------------------------
# What is said
# --------------------------------------------------------------------------------------


def test_table_names_the_strongest_first() -> None:
    output = format_verdict(TEXT, VERDICT, colour=False, width=100)
    table = output[output.index("3 spans:") :].splitlines()
    assert [line.split()[0] for line in table[2:5]] == ["+3.10", "+1.40", "+0.80"]
    assert "take the bull by the horns" in table[2]
    assert output.endswith("detector:1|model:example")


def test_outcome_is_said() -> None:
    assert "\nflagged · translated · 0.970\n" in format_verdict(
        TEXT, VERDICT, colour=False, width=80
    )
    short = replace(VERDICT, flagged=False, reason="too short: 12 words, 60 needed")
    assert "Not flagged (too short" in format_verdict(TEXT, short, colour=False, width=80)
    refused = Verdict(None, None, {}, False, None, 0.01, reason="empty: there is no text")
    assert format_verdict("", refused, colour=False, width=80) == (
        "\nnot judged\nNot judged (empty: there is no text)."
    )


def test_comparison_names_both_sides() -> None:
    output = format_comparison(TEXT, ORIGINAL, compare(), colour=False, width=100)
    assert "flagged · machine-rewritten · 0.900" in output
    assert "Of the original, the copy has 75 %." in output
    rows = [line.split() for line in output.split("3 substitutions:\n")[1].splitlines()[:4]]
    assert rows == [
        ["times", "kind", "original", "copy"],
        ["1", "wrong", "sense", "horns", "tail"],
        ["1", "synonym", "harbour", "haven"],
        ["1", "dropped", "–"],
    ]
    assert "[[tail]]" in output
    assert "[[]]" not in output


def test_a_comparison_names_the_same_exchange_once_and_spelling_not_at_all() -> None:
    pair = compare()
    horns, haven = pair.substitutions[1:]
    spelt = replace(haven, kind="spelling", text="harbor", strength=0.0)
    again = replace(pair, substitutions=(horns, haven, replace(haven, text="Haven"), spelt))
    output = format_comparison(TEXT, ORIGINAL, again, colour=False, width=100)
    table = output.split("3 substitutions, the strongest 2:\n")[1]
    assert [line.split()[0] for line in table.splitlines()[1:3]] == ["1", "2"]
    assert "harbor" not in table.replace("harbour", "")
    assert "1 change is of spelling alone" in " ".join(output.split())


def test_another_text_is_an_error() -> None:
    with pytest.raises(ValueError, match="give the text that was judged"):
        format_verdict("Short.", VERDICT, colour=False, width=80)
    with pytest.raises(ValueError, match="give the text that was judged"):
        format_comparison(TEXT, "Short.", compare(), colour=False, width=80)


# --------------------------------------------------------------------------------------
# What a text must not do to a terminal
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "before \x1b]0;owned\x07 after",
        "before \x9b31m after",
        "before \x00\x08\x08 after",
        "before \u202eesrever\u202c after",
        "before \ud83d after",
        "before\r\nafter",
        "before\rafter",
        "before\u2028after",
    ],
)
@pytest.mark.parametrize("colour", [True, False])
def test_nothing_steers_the_terminal(text: str, colour: bool) -> None:
    verdict = judge(text, mark(text, "after", "collocation\x1b[2J", 1.0, "\x1b[2Jthen"))
    output = ESCAPE.sub("", format_verdict(text, verdict, colour=colour, width=80))
    assert not re.search(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", output
    )
    assert output.encode()
    assert "after" in output.replace("[[", "").splitlines()[1 if "\n" in clean(text) else 0]


def test_clean_keeps_every_offset() -> None:
    text = "a\r\nb\x00c\ud83dd\te"
    assert len(clean(text)) == len(text)
    assert clean(text) == "a \nb\ufffdc\ufffdd e"


def test_wide_text_wraps_within_the_width() -> None:
    text = "港口" * 60 + " https://news.example/" + "a" * 90 + " end"
    lines = format_verdict(text, judge(text), colour=False, width=40).splitlines()
    assert max(map(measure_width, lines)) <= 40
    assert "".join(lines).replace(" ", "").startswith(text.replace(" ", ""))
