"""``detector score`` as people see it: a line an article, more on request, alike with colours."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import main
from detector.features.columns import FEATURE_COLUMNS

ROOT = Path(__file__).parents[2]
ARTICLES = ROOT / "data" / "example_articles"
SPUN, ORIGINAL = ARTICLES / "spun.txt", ARTICLES / "original.txt"
ESCAPE = re.compile(r"\x1b\[[\d;]*m")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def run_in_terminal(*arguments: object) -> str:
    """What a terminal shows, standard output and standard error together."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", "from detector.cli import main; main()", *map(str, arguments)],
        env={**os.environ, "COLUMNS": "100", "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
        stdin=theirs, stdout=theirs, stderr=theirs,
    ):  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 65536):
                shown += part
        except OSError:  # Linux says so when the other end is closed
            pass
    os.close(ours)
    return ESCAPE.sub("", shown.decode().replace("\r\n", "\n"))


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "page.txt"
    path.write_text("Der Stadtrat hat beschlossen, das Schwimmbad zu schließen. Viele klagen.")
    return path


def test_each_article_is_a_line_verdict_first_and_file_last(foreign: Path) -> None:
    result = run("score", SPUN, ORIGINAL, foreign)
    flagged, other, refused = result.stdout.splitlines()
    assert re.fullmatch(
        r"flagged     · spun · 0\.\d{3} · \d+ of \d+ sentences read so; “[^”]+”( \(.+\))? · "
        + re.escape(str(SPUN)),
        flagged,
    )
    assert other.startswith("not flagged · original · ")
    assert other.endswith(f"sentences lean towards a machine's · {ORIGINAL}")
    assert refused == f"not judged  · not English: the text looks like 'de' · {foreign}"


def test_on_a_terminal_a_page_that_is_not_judged_takes_one_line(foreign: Path) -> None:
    shown = run_in_terminal("score", foreign, foreign.parent / "missing.txt")
    assert shown.splitlines() == [
        f"not judged  · not English: the text looks like 'de' · {foreign}",
        f"not judged  · no such file · {foreign.parent / 'missing.txt'}",
        "2 of 2 inputs could not be scored",
    ]


@pytest.mark.parametrize("show", ["line", "spans", "text"])
def test_colours_change_no_word_and_no_line(
    show: str, foreign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    calls = ["score", SPUN, foreign, ORIGINAL, "--show", show, "--color"]
    coloured, plain = (run(*calls, choice).stdout for choice in ("always", "never"))
    assert "\x1b[" in coloured
    assert "\x1b[" not in plain
    assert ESCAPE.sub("", coloured) == plain.replace("[[", "").replace("]]", "")


def test_the_text_and_its_spans_come_on_request() -> None:
    line, spans, text = (
        run("score", SPUN, "--show", show).stdout for show in ("line", "spans", "text")
    )
    assert line.count("\n") == 1
    head = f"flagged · spun · {line.split(' · ')[2]} · {SPUN}\n\n"
    assert spans.startswith(f"{head}Flagged: ")
    unmarked = text.replace("[[", "").replace("]]", "")
    assert unmarked.startswith(f"{head}Island ferry to stop running")
    assert "people write\n" in spans
    assert "The cracks, the longest of which" not in spans
    assert "The cracks, the longest of which" in text
    assert not [column for column in FEATURE_COLUMNS if column in spans + text]


def test_rows_are_shown_as_text_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text(json.dumps({"id": 7, "text": SPUN.read_text(encoding="utf-8")}) + "\n")
    assert run("score", path, "--show", "line").stdout.endswith(" · 7\n")
    result = run("score", path, "--show", "text", "--format", "json")
    assert result.exit_code == 2
    assert "--show says how much is printed as text" in result.stderr


def test_a_copy_beside_its_original_is_a_line_too(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    texts = {"text": SPUN.read_text(encoding="utf-8"), "was": ORIGINAL.read_text(encoding="utf-8")}
    path.write_text(json.dumps({"id": "copy", **texts}) + "\n")
    call = ["score", path, "--reference-column", "was", "--show"]
    line = run(*call, "line").stdout
    assert line.startswith("flagged     · machine-rewritten · 0.9")
    assert line.endswith(" (synonym) · copy\n") or "substitutions" in line
    shown = run(*call, "text").stdout
    probability = line.split(" · ")[2]
    assert shown.startswith(f"flagged · machine-rewritten · {probability} · copy\n\nIsland ferry")
    assert "Of the original, the copy has 100 %." in shown


@pytest.mark.parametrize(
    ("name", "content", "way_out"),
    [
        ("a.pdf", b"%PDF-1.4\n1 0 obj\n", "pdftotext"),
        ("without_ending", b"%PDF-1.7\n\x00\x01", "pdftotext"),
        ("a.docx", b"PK\x03\x04word/document.xml", "pandoc"),
        ("a.xlsx", b"PK\x03\x04xl/workbook.xml", "save the sheet as CSV"),
        ("a.rtf", b"{\\rtf1\\ansi The ferry.}", "save as plain text"),
        ("old", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save as plain text"),
    ],
)
def test_files_that_hold_no_plain_text_are_named_with_the_way_out(
    tmp_path: Path, name: str, content: bytes, way_out: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = run("score", path, ORIGINAL)
    assert result.exit_code == 1
    assert re.search(
        rf"not judged  · .*not read: .*{way_out}.* · {re.escape(str(path))}", result.stdout
    )
    assert "not flagged · original" in result.stdout, "the rest is scored"


@pytest.mark.parametrize("verb", ["score", "compare"])
def test_an_address_is_a_wrong_call_that_says_how_to_save_the_page(verb: str) -> None:
    result = run(verb, "https://news.example/ferry", ORIGINAL)
    assert result.exit_code == 2
    assert "curl -o page.html 'https://news.example/ferry'" in result.stderr
    assert result.stdout == ""


def test_a_report_of_copies_groups_them_by_their_original(tmp_path: Path) -> None:
    path, report = tmp_path / "in.jsonl", tmp_path / "report.html"
    was = ORIGINAL.read_text(encoding="utf-8")
    row = {"title": "Ferry laid up", "outlet": "Coast Weekly", "date": "2026-03-02", "was": was}
    spun, other = SPUN.read_text(encoding="utf-8"), (ARTICLES / "translated.txt").read_text()
    rows = [row | {"id": "f" * 64, "text": spun}, row | {"id": "e" * 64, "text": other}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("score", path, "--reference-column", "was", "--report", report)
    assert result.exit_code == 0, result.output
    page = report.read_text(encoding="utf-8")
    assert "Originals and their copies" in page
    assert page.count('class="choose"') == 1
    assert page.count('<tr data-g="1">') == 2
    assert page.count("Side by side") == 2
    assert "Coast Weekly" in page


def test_a_single_report_is_called_by_its_title(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    assert run("score", SPUN, "--report", report).exit_code == 0
    page = report.read_text(encoding="utf-8")
    assert "<title>Island ferry to stop running for six weeks" in page
    assert f"<small><bdi>{SPUN}</bdi></small>" in page
    assert "How many flags are right" in page
    assert not [column for column in FEATURE_COLUMNS if column in page]
