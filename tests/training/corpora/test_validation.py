"""What is wrong with pairs is found, named by row, and left out or refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from detector.training.corpora.findings import ValidationReport
from detector.training.corpora.pairs_files import COLUMNS, PairsError
from detector.training.corpora.user_documents import make_documents
from detector.training.corpora.validation import (
    check_numbers,
    find_contradicted,
    note_contradicted,
    validate_documents,
    validate_pairs,
)

MakePairs = Callable[..., pd.DataFrame]


def as_read(frame: pd.DataFrame, file: str = "pairs.csv") -> pd.DataFrame:
    """A frame as `read_pairs` gives it."""
    missing = {name: "" for name in COLUMNS if name not in frame.columns}
    frame = frame.assign(**missing)[[*COLUMNS]].astype(str)
    return frame.assign(file=file, row=range(2, len(frame) + 2))


def validate(**columns: list[str]) -> tuple[pd.DataFrame, ValidationReport]:
    return validate_pairs(as_read(pd.DataFrame(columns)))


def list_problems(report: ValidationReport) -> list[tuple[str, int, bool]]:
    return [(f.problem, f.rows, f.fatal) for f in report.findings]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"original": ["A."], "text": ["B."], "kind": ["sponn"]}, "row 2: kind is none of"),
        ({"original": ["A."], "text": ["B."], "split": ["tset"]}, "row 2: split is none of"),
        ({"original": ["A.", " "], "text": ["B.", ""]}, "row 3: original and text are empty"),
        ({"original": ["A."], "text": [""], "kind": ["spun"]}, "row 2: text is empty but kind"),
        ({"original": [""], "text": ["B."]}, "row 2: a text without an original and without"),
        ({"original": ["A."], "text": ["B."], "weight": ["-1"]}, "row 2: weight is no number"),
        ({"original": ["A."], "text": ["B."], "weight": ["much"]}, "row 2: weight is no number"),
        ({"original": ["A."], "text": ["B."], "weight": ["nan"]}, "row 2: weight is no number"),
        ({"original": ["A."], "text": ["B."], "weight": ["1e-12"]}, r"no number from 0\.000001 to"),
        ({"original": ["A."], "text": ["B."], "weight": ["1e12"]}, "to 1,000,000; mend it"),
        (
            {"original": ["A."], "text": ["\u200b"], "kind": ["spun"]},
            "row 2: text is empty but kind",
        ),
        ({"original": ["A.", "B.", "C."], "text": ["X."] * 3}, "text is the same in every row"),
        ({"original": ["A."] * 3, "text": ["X."] * 3}, "original is the same in every row"),
    ],
)
def test_what_cannot_be_understood_is_fatal(columns: dict[str, list[str]], message: str) -> None:
    _, report = validate(**columns)
    with pytest.raises(PairsError, match=message):
        report.stop_if_fatal()


def test_kinds_and_splits_are_read_kindly() -> None:
    rows, report = validate(
        original=["A one.", "B two."], text=["A uno.", "B dos."], kind=[" Spun ", ""],
        split=["TEST", "train"],
    )  # fmt: skip
    assert not report.findings
    assert rows["kind"].tolist() == ["spun", "translated"]
    assert rows["held_out"].tolist() == [True, False]


def test_identical_and_repeated_pairs_are_left_out() -> None:
    rows, report = validate(
        original=["A one.", "B “two”.", "C three.", "C three."],
        text=["A uno.", 'B "two".', "C tres.", "C tres."],
    )
    assert rows["row"].tolist() == [2, 4]
    assert list_problems(report) == [
        ("original and text are the same", 1, False),
        ("the same row again", 1, False),
    ]
    assert "row 3" in str(report.findings[0])


def test_notices_of_the_site_are_left_out() -> None:
    rows, report = validate(
        original=[f"Article {n}." for n in range(4)], text=["Enable it."] * 3 + ["Articulo 3."]
    )
    assert rows["row"].tolist() == [5]
    assert "different originals" in report.findings[0].problem


def test_swapped_columns_are_told_as_such() -> None:
    versions = [f"{version} {n}." for n in range(3) for version in ("Uno", "Dos", "Tres")]
    originals = [f"Article {n}." for n in range(3) for _ in range(3)]
    _, report = validate(original=versions, text=originals)
    (problem,) = list_problems(report)
    assert problem[1:] == (9, True)
    with pytest.raises(PairsError, match=r"seem to be swapped: each text .* exchange the two"):
        report.stop_if_fatal()
    _, report = validate(original=originals, text=versions)
    assert not report.findings


def test_a_text_under_two_labels_is_left_out() -> None:
    # row 4 is row 2 with original and text swapped
    rows, report = validate(
        original=["A one.", "B two.", "A uno."], text=["A uno.", "B dos.", "A one."]
    )
    assert rows["row"].tolist() == [3]
    assert "people's text in another row" in report.findings[0].problem
    assert report.findings[0].rows == 2


def test_human_rows_and_edited_ones_are_peoples() -> None:
    rows, report = validate(
        original=["A one.", "B two.", ""], text=["", "B two, too.", "C dos."],
        kind=["", "edited", "spun"], outlet=["gazette", "gazette", "blog"],
    )  # fmt: skip
    assert not report.findings
    documents = make_documents(rows)
    assert documents.groupby("label")["text"].apply(sorted).to_dict() == {
        "original": ["A one.", "B two, too.", "B two."],
        "spun": ["C dos."],
    }
    edited = documents[documents["text"] == "B two, too."].iloc[0]
    assert (edited["system"], edited["group"]) == ("", "gazette")


def test_a_text_of_invisible_characters_is_none() -> None:
    rows, report = validate(
        original=["A one.", "B two.", "\ufeff"],
        text=["\u200b", "B.", "C dos."],
        kind=["", "", "spun"],
    )
    assert not report.findings
    documents = make_documents(rows)
    assert documents["label"].tolist() == ["original", "original", "translated", "spun"]
    assert documents["text"].tolist() == ["A one.", "B two.", "B.", "C dos."]


# --------------------------------------------------------------------------------------
# Articles whose rows are sentences
# --------------------------------------------------------------------------------------


def cut_into_sentences(pairs: pd.DataFrame) -> pd.DataFrame:
    """A row for each sentence, then one that all articles have, and one that is left as it is."""
    rows = []
    for pair in pairs.itertuples():
        sides = (str(text).split(". ") for text in (pair.original, pair.text))
        rows += [(original, text, pair.article_id) for original, text in zip(*sides, strict=True)]
        rows.append(("He declined to comment.", "He refused the comment.", pair.article_id))
        rows.append(("Nobody came.", "Nobody came.", pair.article_id))
    return pd.DataFrame(rows, columns=["original", "text", "article_id"])


def test_articles_may_share_a_sentence(make_pairs: MakePairs) -> None:
    frame = cut_into_sentences(make_pairs(12))
    rows, report = validate_pairs(as_read(frame))
    assert not report.findings
    assert len(rows) == len(frame)
    assert rows["article_id"].nunique() == 12
    documents = make_documents(rows)
    assert documents["label"].value_counts().to_dict() == {"original": 12, "translated": 12}


def test_unchanged_sentences_stay_in_their_texts(make_pairs: MakePairs) -> None:
    frame = cut_into_sentences(make_pairs(4))
    documents = make_documents(validate_pairs(as_read(frame))[0])
    lines = documents["text"].str.split("\n")
    assert set(lines.map(len)) == {14}
    copies = lines[documents["label"] == "translated"]
    assert all(copy[-2:] == ["He refused the comment.", "Nobody came."] for copy in copies)


def test_a_text_whose_every_sentence_is_unchanged_is_left_out(make_pairs: MakePairs) -> None:
    frame = cut_into_sentences(make_pairs(4))
    frame["text"] = frame["text"].where(frame["article_id"] != "a1", frame["original"])
    rows, report = validate_pairs(as_read(frame))
    assert list_problems(report) == [("original and text are the same", 14, False)]
    assert set(frame["article_id"].iloc[rows["row"] - 2]) == {"a0", "a2", "a3"}


def test_sentences_beside_several_originals_are_no_notices(make_pairs: MakePairs) -> None:
    frame = cut_into_sentences(make_pairs(6))
    common = frame["original"] == "He declined to comment."
    frame.loc[common, "original"] = [f"He did not comment, {n} times." for n in range(6)]
    rows, report = validate_pairs(as_read(frame))
    assert not report.findings
    assert len(rows) == len(frame)


def test_the_same_text_in_another_file_is_repeated(make_pairs: MakePairs) -> None:
    frame = cut_into_sentences(make_pairs(4))
    both = pd.concat([as_read(frame), as_read(frame, "b.csv")], ignore_index=True)
    rows, report = validate_pairs(both)
    assert set(rows["file"]) == {"pairs.csv"}
    assert list_problems(report) == [("the same row again", len(frame), False)]


def test_sentences_and_the_whole_are_one_article(make_pairs: MakePairs) -> None:
    frame = cut_into_sentences(make_pairs(4))
    whole = frame.groupby("article_id", as_index=False)[["original", "text"]].agg(" ".join)
    whole = whole.drop(columns="article_id").assign(system="another")
    files = as_read(frame), as_read(whole, "b.csv")
    rows, _ = validate_pairs(pd.concat(files, ignore_index=True))
    assert set(rows["file"]) == {"pairs.csv", "b.csv"}
    assert rows["article_id"].nunique() == 4


def test_exchanged_columns_are_told_where_articles_are_named() -> None:
    versions = [f"{version} {n}." for n in range(3) for version in ("Uno", "Dos", "Tres")]
    originals = [f"Article {n}." for n in range(3) for _ in range(3)]
    ids = [f"a{n}" for n in range(3) for _ in range(3)]
    _, report = validate(original=versions, text=originals, article_id=ids)
    with pytest.raises(PairsError, match="seem to be swapped"):
        report.stop_if_fatal()


# --------------------------------------------------------------------------------------
# Articles
# --------------------------------------------------------------------------------------


def test_same_original_is_one_article_whatever_its_id(make_pairs: MakePairs) -> None:
    frame = make_pairs(3)
    again = frame.assign(article_id=["x", "y", "z"], text=frame["text"] + " More.", kind="spun")
    rows, _ = validate_pairs(
        pd.concat([as_read(frame), as_read(again, "b.csv")], ignore_index=True)
    )
    ids = rows["article_id"].tolist()
    assert len(set(ids)) == 3
    assert ids[:3] == ids[3:]


def test_near_duplicates_are_one_article(make_pairs: MakePairs) -> None:
    frame = make_pairs(4)
    frame.loc[3, "original"] = frame["original"][0].replace("council", "mayor", 1) + " The end."
    rows, _ = validate_pairs(as_read(frame))
    ids = rows["article_id"].tolist()
    assert ids[3] == ids[0]
    assert len(set(ids)) == 3


def test_ids_depend_on_the_text_alone(make_pairs: MakePairs) -> None:
    frame = make_pairs(5)
    ids = validate_pairs(as_read(frame))[0]["article_id"].tolist()
    turned = validate_pairs(as_read(frame[::-1].assign(article_id=""), "other.csv"))[0]
    assert turned["article_id"].tolist() == ids[::-1]


def test_an_article_on_both_sides_is_fatal(make_pairs: MakePairs) -> None:
    frame = make_pairs(4).assign(split=["train", "test", "train", "test"])
    frame.loc[3, "original"] = frame["original"][2]
    _, report = validate_pairs(as_read(frame))
    with pytest.raises(PairsError, match=r"row 4, 5.*both sides of the split"):
        report.stop_if_fatal()


# --------------------------------------------------------------------------------------
# Documents
# --------------------------------------------------------------------------------------


def documents_of(frame: pd.DataFrame) -> pd.DataFrame:
    return make_documents(validate_pairs(as_read(frame))[0])


def test_foreign_documents_are_left_out(make_pairs: MakePairs) -> None:
    frame = make_pairs(4)
    frame.loc[1, "text"] = (
        "Der Stadtrat hat am Montag beschlossen, das Schwimmbad zu schließen, und viele Bürger "
        "sind darüber verärgert, weil sie davon erst aus der Zeitung erfahren haben."
    )
    report = ValidationReport()
    kept = validate_documents(documents_of(frame), report)
    assert len(kept) == 7
    assert list_problems(report) == [("not English (it looks like: de)", 1, False)]
    assert "row 3" in report.findings[0].where


def test_mostly_foreign_pairs_are_refused() -> None:
    german = "Der Stadtrat hat am Montag beschlossen, das alte Schwimmbad zu schließen, Nummer "
    report = ValidationReport()
    validate_documents(
        documents_of(
            pd.DataFrame(
                {
                    "original": [f"{german}{n}." for n in range(5)],
                    "text": [f"{german}{n}, sagt man." for n in range(5)],
                }
            )
        ),
        report,
    )
    with pytest.raises(PairsError, match="this detector reads English only"):
        report.stop_if_fatal()


def test_endless_texts_are_left_out(make_pairs: MakePairs) -> None:
    frame = make_pairs(3)
    frame.loc[0, "text"] = frame["text"][0] * 300
    report = ValidationReport()
    assert len(validate_documents(documents_of(frame), report)) == 5
    assert report.findings[0].problem == "longer than 200,000 characters"


def warn_of_typography(frame: pd.DataFrame) -> list[str]:
    report = ValidationReport()
    validate_documents(documents_of(frame), report)
    return [f.problem for f in report.findings if f.problem.startswith("typography")]


def test_a_label_in_the_typography_is_told(make_pairs: MakePairs) -> None:
    frame = make_pairs(40)
    told = frame.assign(original=frame["original"].str.replace("the council", "“the” council"))
    problems = warn_of_typography(told)
    assert len(problems) == 1
    assert "curly quotation marks" in problems[0]


def test_even_typography_is_not_told(make_pairs: MakePairs) -> None:
    assert warn_of_typography(make_pairs(40)) == []


def list_articles(count: int, machines: Sequence[str] = ()) -> pd.DataFrame:
    """So many articles of an outlet, each with a version under every label of `machines`."""
    labels = ["original", *machines]
    return pd.DataFrame(
        {
            "label": [label for label in labels for _ in range(count)],
            "article_id": [str(n) for n in range(count)] * len(labels),
            "group": "gazette",
            "held_out": False,
        }
    )


@pytest.mark.parametrize(
    ("humans", "human_only", "fatal"),
    [(7, False, True), (8, False, False), (58, True, True), (59, True, False)],
)
def test_too_few_articles(humans: int, human_only: bool, fatal: bool) -> None:
    documents = list_articles(humans, [] if human_only else ["spun"])
    report = ValidationReport()
    check_numbers(documents, report, human_only)
    assert any(f.fatal for f in report.findings) == fatal
    assert any(
        "too few to guarantee it a false-positive rate of 1 %" in str(f) for f in report.findings
    )


def test_edited_versions_are_no_articles_of_their_own() -> None:
    ids = [str(n // 6) for n in range(60)]
    documents = list_articles(60).assign(article_id=ids)
    report = ValidationReport()
    check_numbers(documents, report, human_only=True)
    assert [f.problem.split(" human")[0] for f in report.findings] == ["10", "10"]
    assert report.findings[0].fatal


def test_enough_articles_need_no_warning() -> None:
    report = ValidationReport()
    check_numbers(list_articles(299), report, human_only=True)
    assert not report.findings


def number_problems(documents: pd.DataFrame, human_only: bool = False) -> list[tuple[str, bool]]:
    """What `check_numbers` finds beside outlets without a guarantee of their own."""
    report = ValidationReport()
    check_numbers(documents, report, human_only)
    return [(str(f), f.fatal) for f in report.findings if "to guarantee it" not in f.problem]


def test_people_alone_are_nothing_to_tell_a_machine_by() -> None:
    [(finding, is_fatal)] = number_problems(list_articles(60))
    assert is_fatal
    assert finding.startswith("error: no text of a machine's is there to learn from; give some, or")
    assert "--augment" in finding
    assert "--depth thresholds" in finding
    assert number_problems(list_articles(60), human_only=True) == []


def test_a_machine_that_is_held_out_is_not_learnt_from() -> None:
    documents = list_articles(20, ["spun"])
    documents["held_out"] = documents["label"] == "spun"
    assert ["no text of a machine's" in f for f, _ in number_problems(documents)] == [True]


def test_a_machine_without_people_beside_it_is_told() -> None:
    documents = list_articles(60, ["translated"])
    alone = documents[documents["label"] == "translated"]
    [(finding, is_fatal)] = number_problems(alone)
    assert not is_fatal
    assert finding.startswith("warning: no human text is beside those of the machine; give their")
    assert number_problems(documents) == []


@pytest.mark.parametrize(("held_out", "is_told"), [(0, False), (1, True), (9, True), (10, False)])
@pytest.mark.parametrize("human_only", [False, True])
def test_too_few_articles_to_measure_with_are_told(
    held_out: int, is_told: bool, human_only: bool
) -> None:
    documents = list_articles(80, ["spun"])
    documents["held_out"] = documents["article_id"].astype(int) < held_out
    findings = number_problems(documents, human_only)
    assert len(findings) == is_told
    for finding, is_fatal in findings:
        assert not is_fatal
        assert finding == (
            f"warning: {held_out} held-out articles are too few to measure with, and are not "
            "learnt from; give at least 10, or leave their split empty"
        )


# --------------------------------------------------------------------------------------
# Labels that are wrong
# --------------------------------------------------------------------------------------


def draw_scored(pairs: int, swapped: list[int]) -> tuple[pd.DataFrame, Any]:
    rng = np.random.default_rng(5)
    human, machine = rng.normal(0, 0.7, pairs), rng.normal(2.5, 0.7, pairs)
    for n in swapped:
        human[n], machine[n] = machine[n], human[n]
    frame = pd.DataFrame(
        {
            "label": ["original"] * pairs + ["spun"] * pairs,
            "article_id": [str(n) for n in range(pairs)] * 2,
            "system": [""] * pairs + ["a test's spinner"] * pairs,
            "file": "pairs.csv",
            "row": [n + 2 for n in range(pairs)] * 2,
        }
    )
    return frame, np.concatenate([human, machine])


def test_swapped_labels_are_listed() -> None:
    swapped = [3, 17, 44, 60, 99]
    doubtful = find_contradicted(*draw_scored(100, swapped))
    assert sorted(doubtful["row"]) == [n + 2 for n in swapped]
    report = ValidationReport()
    note_contradicted(doubtful, report)
    assert report.findings[0].rows == 5
    assert all(f"row {n + 2}" in report.findings[0].where for n in swapped)
    assert not report.findings[0].fatal


def test_versions_of_our_own_making_are_not_laid_on_the_users_rows() -> None:
    frame, scores = draw_scored(100, [3, 17])
    ours = (frame["label"] == "spun") & (frame["row"] == 3 + 2)
    frame.loc[ours, "system"] = "augmented: wordnet"
    assert find_contradicted(frame, scores)["row"].tolist() == [17 + 2]


def test_right_labels_are_not_doubted() -> None:
    report = ValidationReport()
    note_contradicted(find_contradicted(*draw_scored(100, [])), report)
    assert not report.findings
