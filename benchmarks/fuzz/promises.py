"""What is promised of every file, every text and every pair, whatever is in it."""

from __future__ import annotations

import io
import json
import math
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from faults import (
    PERSON,
    SPUN,
    TRANSLATED,
    draw_broken_table,
    draw_file,
    spoil_text,
)
from hypothesis import strategies as st

from detector import Detector
from detector.io.readers import BadInput, HtmlLimits, Record, read_records
from detector.io.tables import iterate_whole_rows
from detector.io.writers import open_writer
from detector.presentation.html import write_article_report, write_comparison_report
from detector.presentation.terminal import format_comparison, format_verdict
from detector.results import Comparison, Verdict
from detector.text.document import Document

#: On a machine that does much else, a page that takes too long is no finding.
UNHURRIED = HtmlLimits(seconds=600)


@cache
def load_detector() -> Detector:
    """The shipped model, on one thread."""
    return Detector.load(threads=1)


def check_reading(file: tuple[str, bytes]) -> None:
    """No bytes make a reader fail; what is said of them is the same twice, and can be written."""
    ending, content = file
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_bytes(content)
        items, again = (list(read_records([str(path)], html_limits=UNHURRIED)) for _ in range(2))
    assert items == again, "read twice, a file is not the same"
    assert items, "nothing is said of a file"
    for item in items:
        assert json.dumps([item.id, item.fields], allow_nan=False)
        if isinstance(item, BadInput):
            assert item.reason.strip(), "a fault without a reason"
            assert "Error" not in item.reason.split(":")[0], item.reason
        else:
            assert item.text.strip(), "a text of blanks"
            assert item.text.encode(), "half a character in a text"


def check_broken_row(table: tuple[str, list[tuple[str, str]], int, str]) -> None:
    """A broken row is one fault: none of its lines becomes a row, and no row before it is lost."""
    content, good, line, breaks = table
    items = list(
        read_records(["-"], standard_input=io.BytesIO(content.encode()), input_format="csv")
    )
    read = [(item.id, item.text, item.row) for item in items if isinstance(item, Record)]
    invented = [row for row in read if row[:2] not in good and row[2] != line]
    assert not invented, f"{breaks}: a line of a broken row became a row: {invented}"
    faults = [item for item in items if isinstance(item, BadInput)]
    assert len(faults) <= 1, f"{breaks}: {len(faults)} faults for one row: {faults}"
    missing = [row for row in good if row not in [r[:2] for r in read]]
    assert not missing, f"{breaks}: {len(missing)} good rows are lost"


def check_document(text: str) -> None:
    """Every sentence lies in the caller's text, in order, and masking keeps to it."""
    document = Document.make(text, frozenset({"the", "a", "of"}), "en")
    before = 0
    for sentence in document.sentences:
        assert sentence.text, "a sentence of no characters"
        ((start, end),) = document.place(
            document.sentences.index(sentence), [(0, len(sentence.text))]
        )
        assert 0 <= start < end <= len(text), "a sentence outside the text"
        assert sentence.normalized_start >= before, "sentences out of order"
        before = sentence.normalized_start
    for note in document.notes:
        assert note.split(":")[0].strip(), "a note without a code"


def _check_verdict(text: str, verdict: Verdict) -> None:
    assert Verdict.from_json(verdict.to_json()) == verdict, "JSON changes a verdict"
    if verdict.probability is None:
        assert verdict.reason, "not judged, and no reason"
        assert not verdict.flagged
    else:
        assert math.isfinite(verdict.probability)
    if verdict.flagged:
        assert verdict.reason is None, "flagged in spite of a reason"
        assert verdict.probability is not None
        assert verdict.threshold is not None
        assert verdict.probability >= verdict.threshold
    for artifact in verdict.artifacts:
        assert text[artifact.start : artifact.end] == artifact.text, "a span beside its words"
    for sentence in verdict.sentences:
        assert 0 <= sentence.start <= sentence.end <= len(text), "a sentence outside the text"
    assert str(verdict)
    assert format_verdict(text, verdict, colour=True, width=80)


def check_verdict(text: str) -> None:
    """A verdict keeps its own promises, whatever the text, and can be shown."""
    verdict = load_detector().score(text, artifacts="all")
    _check_verdict(text, verdict)
    write_article_report(io.StringIO(), text, verdict)


def check_accusation(text: str) -> None:
    """A person's article is not flagged for faults that a scraper or an editor leaves in it."""
    verdict = load_detector().score(text)
    assert not verdict.flagged, f"a person accused at {verdict.probability:.3f}: {verdict.notes}"


def check_pair(texts: tuple[str, str]) -> None:
    """A comparison keeps its own promises, whatever the two texts, and can be shown."""
    comparison = load_detector().compare(*texts)
    assert Comparison.from_json(comparison.to_json()) == comparison, "JSON changes a comparison"
    assert comparison.relation is not None or comparison.reason
    if comparison.flagged:
        assert comparison.reason is None, "flagged in spite of a reason"
    for change in comparison.substitutions:
        _check_change(texts, change)
    _check_verdict(texts[0], comparison.verdict)
    assert format_comparison(*texts, comparison, colour=True, width=80)
    write_comparison_report(io.StringIO(), *texts, comparison)


def _check_change(texts: tuple[str, str], change: Any) -> None:
    spans = (
        (texts[0], change.start, change.end),
        (texts[1], change.original_start, change.original_end),
    )
    for text, start, end in spans:
        if start is not None:
            assert 0 <= start <= end <= len(text), "a substitution outside its text"


def check_copy(text: str) -> None:
    """A text beside itself is no machine's rewriting of itself."""
    comparison = load_detector().compare(text, text)
    assert not comparison.flagged, f"a copy of itself is flagged: {comparison.relation}"


def check_writing(rows: list[dict[str, Any]]) -> None:
    """Rows of any values come back from every format, numbers as numbers where types are kept."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with tempfile.TemporaryDirectory() as folder:
        for ending in (".jsonl", ".csv", ".tsv", ".parquet"):
            path = Path(folder) / f"a{ending}"
            with open_writer(path, columns) as writer:
                for row in rows:
                    writer.write(row)
            back = [row.fields for row in iterate_whole_rows(path)]
            assert len(back) == len(rows), f"{ending}: {len(back)} of {len(rows)} rows"
            if ending == ".jsonl":
                assert back == rows, "JSON lines change a row"


_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    st.lists(st.integers(-5, 5), max_size=3),
)  # fmt: skip
_NAMES = ("id", "text", "words", "probability", "x", "X", "flagged")
_ARTICLES = st.sampled_from([PERSON, TRANSLATED, SPUN])

#: What is checked, what of, and how many examples a round has.
TARGETS: dict[str, tuple[Callable[..., None], st.SearchStrategy[Any], int]] = {
    "reading": (check_reading, draw_file(), 40),
    "broken-row": (check_broken_row, draw_broken_table(), 600),
    "document": (check_document, spoil_text(PERSON[:900]) | st.text(max_size=200), 400),
    "verdict": (check_verdict, _ARTICLES.flatmap(spoil_text), 30),
    "accusation": (check_accusation, spoil_text(PERSON, 12), 40),
    "pair": (check_pair, st.tuples(_ARTICLES.flatmap(spoil_text), spoil_text(PERSON)), 20),
    "copy": (check_copy, spoil_text(PERSON), 20),
    "writing": (
        check_writing,
        st.lists(
            st.dictionaries(st.sampled_from(_NAMES), _VALUES, min_size=1), min_size=1, max_size=5
        ),
        60,
    ),
}
