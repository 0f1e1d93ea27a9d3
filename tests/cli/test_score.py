"""``detector score``, by a detector that answers from the text: what goes in, out and wrong."""

import csv
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fake_detector import replace_detector

from detector import __version__
from detector.cli import main
from detector.columns import COMPARED_COLUMNS, JUDGED_COLUMNS
from detector.errors import BundleError
from detector.results import Comparison, Verdict

MACHINE = "A machine rewrote this report about the harbour."
PERSON = "Somebody wrote this report about the harbour."
FOREIGN = "Der Hafen bleibt am Montag geschlossen."


class FakeDetector:
    """Answers "translated" where a text speaks of a machine, and remembers what it was asked."""

    asked: list[str]
    model: object
    bundle = None

    @classmethod
    def load(cls, path: object = None) -> "FakeDetector":
        if path == "broken":
            raise BundleError("broken: truncated or altered; fetch the model again")
        self = cls()
        self.asked, self.model = [], path
        loaded.append(self)
        return self

    def score(
        self, text: str, *, false_positive_rate: float = 0.01, artifacts: str = "few"
    ) -> Verdict:
        self.asked.append(text)
        rate = false_positive_rate
        threshold = {0.05: 0.6, 0.01: 0.9, 0.001: None}[rate]
        if text.startswith("Der"):
            return Verdict(None, None, {}, False, threshold, rate, "not English: German")
        probability = 0.875 if "machine" in text else 0.125
        short = "too short: 1 word, 60 needed" if " " not in text else None
        return Verdict(
            probability,
            "translated" if probability > 0.5 else "original",
            {"original": 1 - probability, "translated": probability, "spun": 0.0},
            threshold is not None and probability >= threshold and short is None,
            threshold,
            rate,
            short,
            words=len(text.split()),
            language="en",
            signature=f"detector:{__version__}|model:fake@0|threshold:{threshold}@fpr{rate}",
        )


loaded: list[FakeDetector] = []


@pytest.fixture(autouse=True)
def remembering_detector(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    replace_detector(monkeypatch, FakeDetector)
    yield
    loaded.clear()


def run(*arguments: object, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def rows(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def parse_rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


# --------------------------------------------------------------------------------------
# Text in, text out
# --------------------------------------------------------------------------------------


def test_a_text_file_gets_a_readable_verdict(tmp_path: Path) -> None:
    article = write(tmp_path, "article.txt", MACHINE)
    result = run("score", article)
    assert result.exit_code == 0
    assert result.stdout == (
        f"not flagged · translated · 0.875 · flagged from 0.900 on · {article}\n"
    )
    assert result.stderr == ""


def test_standard_input_is_scored() -> None:
    result = run("score", "-", stdin=PERSON)
    assert result.exit_code == 0
    assert result.stdout == "not flagged · original · 0.125 · -\n"


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("0.05", "flagged     · "),
        ("0.01", "not flagged · translated · 0.875 · flagged from 0.900 on"),
        (".05", "flagged     · "),
        ("5%", "flagged     · "),
        ("1 %", "not flagged · "),
        ("0.001", "not flagged · translated · 0.875 · a.txt"),
    ],
)
def test_the_false_positive_rate_is_the_callers(tmp_path: Path, rate: str, expected: str) -> None:
    result = run("score", write(tmp_path, "a.txt", MACHINE), "--fpr", rate)
    assert result.stdout.replace(str(tmp_path / "a.txt"), "a.txt").startswith(expected)


def test_a_second_model_is_asked_about_likely_texts_alone(tmp_path: Path) -> None:
    lines = write(tmp_path, "articles.jsonl", rows({"text": MACHINE}, {"text": PERSON}))
    result = run("score", lines, "--model", "quick", "--second-model", "slow")
    assert [row["probability"] for row in parse_rows(result.stdout)] == [0.875, 0.125]
    assert [(loader.model, loader.asked) for loader in loaded] == [
        ("quick", [MACHINE, PERSON]),
        ("slow", [MACHINE]),
    ]
    output, summary = tmp_path / "scored.jsonl", tmp_path / "summary.json"
    run(
        "score", lines, "--model", "quick", "--second-model", "slow",
        "--output", output, "--summary", summary,
    )  # fmt: skip
    assert "|model:quick+slow|" in summary.read_text()
    other = run("score", lines, "--model", "quick", "--output", output, "--resume")
    assert other.exit_code == 2


def test_a_second_model_that_cannot_be_loaded_is_an_error(tmp_path: Path) -> None:
    result = run("score", write(tmp_path, "a.txt", MACHINE), "--second-model", "broken")
    assert result.exit_code == 2
    assert "broken: truncated or altered" in result.stderr


def test_files_that_fail_are_named_and_the_rest_is_scored(tmp_path: Path) -> None:
    good, empty = write(tmp_path, "good.txt", PERSON), write(tmp_path, "empty.txt", "")
    foreign = write(tmp_path, "foreign.txt", FOREIGN)
    result = run("score", good, empty, "missing.txt", foreign, good)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"not flagged · original · 0.125 · {good}",
        f"not judged  · empty: no text · {empty}",
        "not judged  · no such file · missing.txt",
        f"not judged  · not English: German · {foreign}",
        f"not flagged · original · 0.125 · {good}",
    ]
    assert result.stderr.splitlines() == [
        f"error: {empty}: empty: no text",
        "error: missing.txt: no such file",
        f"error: {foreign}: not English: German",
        "3 of 5 inputs could not be scored",
    ]


def test_a_guessed_encoding_is_noted_and_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "old.txt"
    path.write_bytes(f"{PERSON} The café closed.".encode("cp1252"))
    result = run("score", path)
    assert result.exit_code == 0
    assert result.stderr == f"note: {path}: byte 53 is not UTF-8: read as Windows-1252\n"


# --------------------------------------------------------------------------------------
# JSON lines
# --------------------------------------------------------------------------------------


def test_each_row_gets_a_row_in_order_with_its_own_fields(tmp_path: Path) -> None:
    source = write(
        tmp_path,
        "in.jsonl",
        rows({"id": 1, "text": MACHINE, "outlet": "x"}, {"text": PERSON, "id": "b", "n": [1]}),
    )
    result = run("score", source, "--fpr", "0.05")
    assert result.exit_code == 0
    first, second = parse_rows(result.stdout)
    assert list(first) == ["id", *JUDGED_COLUMNS, "outlet"]
    assert (first["id"], first["probability"], first["label"]) == (1, 0.875, "translated")
    assert (first["flagged"], first["reason"], first["outlet"]) == (True, None, "x")
    assert first["signature"].endswith("threshold:0.6@fpr0.05")
    assert (second["id"], second["flagged"], second["n"]) == ("b", False, [1])


def test_bad_rows_keep_their_place_and_are_counted(tmp_path: Path) -> None:
    good = {"id": "good", "text": PERSON, "k": 1}
    source = write(
        tmp_path,
        "in.jsonl",
        rows(good) + '{"id": 2\n\n' + rows({"id": 4, "k": 2}, {"id": 5, "text": FOREIGN}, good),
    )
    result = run("score", source)
    assert result.exit_code == 1
    out = parse_rows(result.stdout)
    assert [row["id"] for row in out] == ["good", f"{source}:2", f"{source}:3", 4, 5, "good"]
    assert [row["reason"] for row in out] == [
        None,
        "malformed JSON: Expecting ',' delimiter at column 9",
        "blank line: no JSON object",
        "no field 'text': the row holds 'k'",
        "not English: German",
        None,
    ]
    assert out[3]["error"] == f"{source}, row 4: no field 'text': the row holds 'k'"
    assert [("error" in row, row["flagged"]) for row in out] == [
        (bad, False) for bad in (False, True, True, True, True, False)
    ]
    assert out[3]["k"] == 2
    assert result.stderr.splitlines()[-1] == "4 of 6 inputs could not be scored"


def test_too_short_is_a_verdict_with_a_reason_and_no_failure(tmp_path: Path) -> None:
    result = run("score", write(tmp_path, "in.jsonl", rows({"id": 1, "text": "machine"})))
    assert result.exit_code == 0
    (row,) = parse_rows(result.stdout)
    assert (row["reason"], row["flagged"]) == ("too short: 1 word, 60 needed", False)
    assert row["probability"] == 0.875


def test_fields_named_like_ours_come_back_under_another_name(tmp_path: Path) -> None:
    given = {"text": PERSON, "id": 1, "label": "mine", "input_label": "too", "url": "u"}
    source = write(tmp_path, "in.jsonl", rows(given))
    (row,) = parse_rows(run("score", source).stdout)
    assert row["label"] == "original"
    assert (row["input_input_label"], row["input_label"]) == ("mine", "too")
    (row,) = parse_rows(run("score", source, "--id-field", "url").stdout)
    assert (row["id"], row["input_id"]) == ("u", 1)


def test_the_text_may_stand_in_another_field(tmp_path: Path) -> None:
    source = write(tmp_path, "in.jsonl", rows({"id": 1, "body": MACHINE, "text": "short"}))
    (row,) = parse_rows(run("score", source, "--text-field", "body").stdout)
    assert (row["probability"], row["text"]) == (0.875, "short")


def test_rows_on_standard_input_are_answered_with_rows() -> None:
    result = run("score", "-", stdin=rows({"id": 1, "text": PERSON}))
    assert [row["id"] for row in parse_rows(result.stdout)] == [1]


def test_a_file_of_no_rows_is_named(tmp_path: Path) -> None:
    result = run("score", write(tmp_path, "in.jsonl", ""))
    assert result.exit_code == 1
    assert "empty" in result.output


def test_text_files_become_rows_when_asked(tmp_path: Path) -> None:
    article = write(tmp_path, "article.txt", MACHINE)
    (row,) = parse_rows(run("score", article, "--format", "json").stdout)
    assert (row["id"], row["probability"]) == (str(article), 0.875)


def test_foreign_letters_and_broken_ones_make_valid_rows(tmp_path: Path) -> None:
    source = write(tmp_path, "in.jsonl", '{"id": "é\\ud83d", "text": "' + PERSON + '"}\n')
    result = run("score", source)
    assert '"é\\ud83d"' in result.stdout
    assert parse_rows(result.stdout)[0]["id"] == "é\ud83d"


def test_a_file_may_have_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    sources = [write(tmp_path, name, PERSON), write(tmp_path, f"empty-{name}", "")]
    target = tmp_path / "out.jsonl"
    assert run("score", *sources, "--output", target).exit_code == 1
    assert target.exists()
    assert json.loads(target.read_text())["id"] == str(tmp_path / name)
    (bad,) = (tmp_path / "out.jsonl.quarantine.jsonl").read_text().splitlines()
    assert json.loads(bad)["source"] == str(tmp_path / f"empty-{name}")


def test_long_inputs_keep_their_order_and_the_same_text_is_scored_once(tmp_path: Path) -> None:
    source = write(
        tmp_path,
        "in.jsonl",
        "".join(rows({"id": n, "text": PERSON} if n % 50 else {"id": n}) for n in range(150)),
    )
    result = run("score", source)
    assert [row["id"] for row in parse_rows(result.stdout)] == list(range(150))
    assert loaded[0].asked == [PERSON]


# --------------------------------------------------------------------------------------
# CSV and output files
# --------------------------------------------------------------------------------------


def test_csv_has_the_fixed_columns(tmp_path: Path) -> None:
    source = write(tmp_path, "in.jsonl", rows({"id": 'a,"b"', "text": MACHINE, "k": 1}, {"id": 2}))
    result = run("score", source, "--format", "csv")
    assert result.exit_code == 1
    first, second = csv.DictReader(io.StringIO(result.stdout))
    assert list(first) == ["id", *JUDGED_COLUMNS, "error"]
    assert (first["id"], first["probability"], first["flagged"]) == ('a,"b"', "0.875", "False")
    assert (second["id"], second["probability"], second["flagged"]) == ("2", "", "False")
    assert second["error"].endswith("row 2: no field 'text': the row holds nothing else")


def test_output_goes_to_the_file_and_nothing_is_printed(tmp_path: Path) -> None:
    source = write(tmp_path, "in.jsonl", rows({"id": "é", "text": PERSON}))
    target = write(tmp_path, "out.jsonl", "older")
    result = run("score", source, "--output", target, "--overwrite")
    assert (result.exit_code, result.stdout) == (0, "")
    assert parse_rows(target.read_text(encoding="utf-8"))[0]["id"] == "é"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_run_that_breaks_leaves_the_older_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(FakeDetector, "score", fail)
    target = write(tmp_path, "out.jsonl", "older")
    source = write(tmp_path, "a.txt", PERSON)
    result = run("score", source, "--output", target, "--overwrite")
    assert isinstance(result.exception, MemoryError)
    assert target.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "out.jsonl"]


def test_an_output_that_exists_is_kept_unless_told_otherwise(tmp_path: Path) -> None:
    source = write(tmp_path, "in.jsonl", rows({"id": 1, "text": PERSON}))
    target = write(tmp_path, "out.jsonl", "older")
    result = run("score", source, "--output", target)
    assert result.exit_code == 2
    assert f"{target}: exists: name another file, or replace it with --overwrite" in result.stderr
    assert target.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_what_cannot_be_scored_goes_to_the_quarantine_and_nowhere_else(tmp_path: Path) -> None:
    given = rows(
        {"id": 1, "text": MACHINE, "k": 1},
        {"id": 2, "k": 2},
        {"id": 3, "text": FOREIGN, "k": 3},
        {"id": 4, "text": PERSON, "label": "mine"},
    )
    source, target = write(tmp_path, "in.jsonl", given), tmp_path / "out.jsonl"
    result = run("score", source, "--output", target, "--fpr", "0.05")
    assert (result.exit_code, result.stdout) == (1, "")
    out = parse_rows(target.read_text())
    assert [row["id"] for row in out] == [1, 4]
    assert list(out[0]) == ["id", *JUDGED_COLUMNS, "k"]
    assert (out[0]["k"], out[0]["flagged"], out[1]["input_label"]) == (1, True, "mine")
    assert parse_rows((tmp_path / "out.jsonl.quarantine.jsonl").read_text()) == [
        {
            "id": 2,
            "source": str(source),
            "row": 2,
            "reason": "no field 'text': the row holds 'k'",
            "language": None,
            "fields": {"k": 2},
        },
        {
            "id": 3,
            "source": str(source),
            "row": 3,
            "reason": "not English: German",
            "language": None,
            "fields": {"k": 3},
        },
    ]


def test_the_quarantine_may_be_named_and_is_then_always_written(tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "out.jsonl", tmp_path / "bad.jsonl"
    good = write(tmp_path, "good.jsonl", rows({"id": 1, "text": PERSON}))
    call = ["score", good, "--output", target, "--quarantine", elsewhere]
    assert run(*call).exit_code == 0
    assert elsewhere.read_text() == ""
    bad = write(tmp_path, "bad_input.jsonl", rows({"id": 1}))
    result = run("score", bad, good, "--quarantine", elsewhere, "--overwrite")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"1 of 2 inputs could not be scored and are in {elsewhere}:",
        f"  {bad}, row 1: no field 'text': the row holds nothing else",
    ]
    assert [row["source"] for row in parse_rows(elsewhere.read_text())] == [str(bad)]
    assert len(parse_rows(result.stdout)) == 1


def test_a_run_into_a_file_is_summed_up(tmp_path: Path) -> None:
    given = [{"text": MACHINE}, {"text": PERSON}, {"text": PERSON}, {"text": "one"}, {}, {"x": 1}]
    source = write(tmp_path, "in.jsonl", rows(*given))
    summary = tmp_path / "summary.json"
    call = ["score", source, "--output", tmp_path / "out.jsonl", "--fpr", "0.05"]
    result = run(*call, "--summary", summary)
    figures = json.loads(summary.read_text())
    assert {name: figures[name] for name in ("inputs", "scored", "failed", "duplicates")} == {
        "inputs": 6,
        "scored": 4,
        "failed": 2,
        "duplicates": 1,
    }
    assert figures["labels"] == {"original": 3, "translated": 1}
    assert (figures["flagged"], figures["flagged_share"]) == (1, 0.25)
    assert figures["flagged_share_interval"] == pytest.approx([0.0456, 0.6994], abs=1e-4)
    assert figures["failures"] == {"no field 'text'": 2}
    assert figures["withheld"] == {"too short": 1}
    assert figures["signature"] == f"detector:{__version__}|model:None|fpr0.05"
    lines = result.stderr.splitlines()
    assert lines[0] == "6 inputs, 4 scored, 2 could not be: no field 'text' 2"
    assert "1 flagged: 25.00 % of those scored, 95 % interval 4.56–69.94 %" in lines[3]
    quiet = run(*call, "--overwrite", "--quiet").stderr
    assert quiet.startswith("2 of 6 inputs could not be scored and are in ")


def test_rows_may_bring_their_own_original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def compare(
        self: FakeDetector, text: str, reference: str, *, false_positive_rate: float, **_: object
    ) -> Comparison:
        assert false_positive_rate == 0.005
        verdict = self.score(text)
        same = text == reference
        relation = "verbatim" if same else "machine-rewritten"
        return Comparison(
            relation, {relation: 1.0}, float(not same), not same, 0.5, 0.005, 0.75, 0.5, (), (),
            {}, verdict, verdict,
        )  # fmt: skip

    monkeypatch.setattr(FakeDetector, "compare", compare, raising=False)
    given = [{"text": PERSON, "was": PERSON}, {"text": PERSON, "was": MACHINE}, {"text": MACHINE}]
    source = write(tmp_path, "in.jsonl", rows(*({"was": None} | row for row in given)))
    first, second, third = parse_rows(run("score", source, "--reference-column", "was").stdout)
    assert list(first) == ["id", *JUDGED_COLUMNS, *COMPARED_COLUMNS]
    assert (first["relation"], first["flagged"], first["coverage"]) == ("verbatim", False, 0.75)
    assert (second["relation"], second["flagged"]) == ("machine-rewritten", True)
    assert (third["relation"], third["comparison_flagged"], third["coverage"]) == (None, None, None)


def test_a_column_of_originals_that_no_input_has_is_told(tmp_path: Path) -> None:
    text = write(tmp_path, "copy.txt", "some words")
    rows = write(tmp_path, "rows.jsonl", '{"text": "some words", "was": "  "}\n')
    for source, name in ((text, "original.txt"), (rows, "was")):
        result = run("score", source, "--reference-column", name)
        assert result.exit_code == 0
        assert result.stderr.startswith(f"note: --reference-column {name}: no input has an origin")
    rows.write_text('{"text": "some words", "was": "some words"}\n{"text": "more words"}\n')
    assert "note" not in run("score", text, rows, "--reference-column", "was").stderr


# --------------------------------------------------------------------------------------
# Wrong calls
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["score"], "Missing argument"),
        (["score", "-", "--fpr", "0.02"], "'0.02' is not one of"),
        (["score", "-", "--fpr", "2%"], "'2%' is not one of"),
        (["score", "-", "--fpr", "low"], "'low' is not one of"),
        (["score", "-", "--format", "xml"], "'xml' is not one of"),
        (["score", "-", "--output", "missing/out.jsonl"], "not a file in an existing folder"),
        (["score", "-", "--output", "."], "not a file in an existing folder"),
        (["score", "-", "--output", "out.docx"], "out.docx: no known format"),
        (["score", "-", "--quarantine", "missing/q.jsonl"], "not a file in an existing folder"),
        (["score", "-", "--resume"], "--resume speaks of an --output"),
        (["score", "-", "--output", "o.csv", "--format", "csv"], "told by its extension"),
        (["score", "-", "--overwrite"], "--overwrite speaks of a file to write"),
        (["score", "out.jsonl", "--output", "out.jsonl"], "lies among what is read"),
        (["score", "-", "--output", "o.json", "--summary", "o.json"], "a file of its own"),
        (["score", "-", "--workers", "0"], "0 is not in the range"),
        (["score", "-", "--input-format", "pdf"], "'pdf' is not one of"),
        (["score", "-", "--model", "broken"], "broken: truncated or altered"),
    ],
)
def test_wrong_calls_exit_with_2_and_say_why(arguments: list[str], message: str) -> None:
    result = run(*arguments, stdin=PERSON)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_the_model_is_the_callers(tmp_path: Path) -> None:
    article = write(tmp_path, "a.txt", PERSON)
    run("score", article)
    run("score", article, "--model", tmp_path)
    assert [detector.model for detector in loaded] == [None, str(tmp_path)]
