"""Verdicts and comparisons to show, the pages of them, and what a browser makes of a page."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from detector.presentation.html import (
    BatchReport,
    ReportRow,
    write_article_report,
    write_comparison_report,
)
from detector.results import (
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
        "leave one register out": [
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
    return Substitution(
        start, start + len(text), text, old, old + len(before), before, kind, score, score / 3
    )


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
        features={"similarity": 0.7, "changed sentences": 0.5},
        verdict=VERDICT,
        original_verdict=judge(ORIGINAL, probability=0.03),
        signature="detector:1|model:example|threshold:0.9@fpr0.01",
    )


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


def make_hostile_verdict(text: str) -> Verdict:
    sentence = SentenceScore(text, 0, len(text), HOSTILE, {HOSTILE: 1.0, "style_spun": 0.5})
    artifact = Artifact(0, len(text), text, HOSTILE, 2.0, HOSTILE)
    return replace(
        judge(text, artifact),
        sentences=(sentence, replace(sentence, contributions={})),
        signature=HOSTILE,
        language='en" onfocus="x',
    )
