"""Check a user's labelled pairs before anything is learnt from them.

Each check gives findings that name files and rows and say what to do. Fatal ones stop the
training before anything is written; rows that others name are left out, or only counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from detector.language import UNKNOWN, guess_language
from detector.text import normalize_text, tokenize
from detector.training.pairs import hash_fraction
from detector.training.pairs_files import PairsError, name_rows
from detector.verdict import ORIGINAL, SPUN, TRANSLATED

#: What a row's ``kind`` makes its text: an edited text is people's English too.
KINDS = {"translated": TRANSLATED, "roundtrip": TRANSLATED, "spun": SPUN, "edited": ORIGINAL}
HELD_OUT_SPLITS = frozenset({"test", "held-out", "heldout"})
SPLITS = frozenset({"", "train", "dev", "validation"}) | HELD_OUT_SPLITS
#: Fewer articles than this cannot be learnt from and judged on others.
FEWEST_ARTICLES = 8
#: The least human articles by which a false-positive rate can be promised: nothing flagged among
#: so many bounds it with 95 % confidence (Clopper and Pearson 1934).
ARTICLES_NEEDED = {0.05: 59, 0.01: 299, 0.001: 2995}
#: What of a text is read, as when scoring.
LONGEST_TEXT = 200_000
_ENGLISH = "en"
#: A text this short says too little to tell its language by.
_FEWEST_CHARACTERS_OF_LANGUAGE = 60
_MOST_FOREIGN = 0.5
#: The same text beside so many different originals is a notice ("enable JavaScript"), no copy.
_ORIGINALS_OF_A_NOTICE = 3
_FEWEST_ROWS_TO_BE_CONSTANT = 3


class Finding(NamedTuple):
    """One thing that is wrong with the pairs.

    Attributes:
        problem: what is wrong, in words.
        advice: what was done about it, or should be.
        rows: how many rows or documents it touches.
        where: the first of them.
        fatal: whether training stops.
    """

    problem: str
    advice: str
    rows: int
    where: str
    fatal: bool = False

    def __str__(self) -> str:
        rows = f"{self.rows:,} rows ({self.where})" if self.rows > 1 else self.where
        place = f"{rows}: " if rows else ""
        return f"{'error' if self.fatal else 'warning'}: {place}{self.problem}; {self.advice}"


@dataclass
class ValidationReport:
    """What was found, and how much is left to train on.

    Attributes:
        findings: in the order of the checks.
        counts: rows, articles, documents by label.
        rows_of_files: file → its rows.
    """

    findings: list[Finding] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    rows_of_files: dict[str, int] = field(default_factory=dict)

    def add(
        self, rows: pd.DataFrame | None, problem: str, advice: str, fatal: bool = False
    ) -> None:
        """Note a finding about `rows`, if there are any, or about the whole where it is None."""
        if rows is None:
            self.findings.append(Finding(problem, advice, 0, "", fatal))
        elif len(rows):
            self.findings.append(Finding(problem, advice, len(rows), name_rows(rows), fatal))

    def stop_if_fatal(self) -> None:
        """Raise what is fatal.

        Raises:
            PairsError: with every fatal finding, one a line.
        """
        if fatal := [finding for finding in self.findings if finding.fatal]:
            raise PairsError("\n".join(str(finding).removeprefix("error: ") for finding in fatal))

    def to_dict(self) -> dict[str, Any]:
        """For JSON; ``where`` names rows by number, never their text."""
        return {"counts": self.counts, "findings": [f._asdict() for f in self.findings]}

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self.counts.items())
        return "\n".join([counts, *map(str, self.findings)])


# --------------------------------------------------------------------------------------
# Rows
# --------------------------------------------------------------------------------------


def validate_pairs(frame: pd.DataFrame) -> tuple[pd.DataFrame, ValidationReport]:
    """Check rows as `read_pairs` gives them.

    Returns:
        The rows that are kept, with ``kind`` filled in, ``weight`` as a number, ``held_out``,
        ``document`` (which rows are of one text) and an ``article_id`` that depends on the
        article's text alone; and the report, which may hold fatal findings (see
        `ValidationReport.stop_if_fatal`).
    """
    rows = {str(file): int(count) for file, count in frame["file"].value_counts().items()}
    report = ValidationReport(counts={"rows": len(frame)}, rows_of_files=rows)
    frame = frame.copy()
    for column in ("original", "text"):
        # Normalised for comparing alone: what is learnt from is the text as it came.
        plain = {raw: " ".join(normalize_text(raw).split()) for raw in frame[column].unique()}
        frame[f"_{column}"] = frame[column].map(plain)
    _check_fields(frame, report)
    if any(finding.fatal for finding in report.findings):
        return frame, report
    frame["kind"] = frame["kind"].where((frame["kind"] != "") | (frame["_text"] == ""), TRANSLATED)
    frame["weight"] = frame["weight"].replace("", "1").astype(float)
    frame["held_out"] = frame["split"].isin(HELD_OUT_SPLITS)
    frame = _drop_bad_pairs(frame, report)
    frame["document"], frame["article_id"] = identify_articles(frame)
    _check_sides(frame, report)
    return frame.drop(columns=["_original", "_text"]), report


def _check_fields(frame: pd.DataFrame, report: ValidationReport) -> None:
    """What a row says of itself: every fault here is fatal, since the row cannot be understood."""
    frame["kind"] = frame["kind"].str.strip().str.lower()
    frame["split"] = frame["split"].str.strip().str.lower()
    without_original, without_text = frame["_original"] == "", frame["_text"] == ""
    unknown = ~frame["kind"].isin([*KINDS, ""])
    add = report.add
    add(frame[unknown], f"kind is none of {', '.join(KINDS)}", "mend it", fatal=True)
    add(
        frame[~frame["split"].isin(SPLITS)],
        f"split is none of {', '.join(sorted(SPLITS - {''}))}",
        "mend it, or leave it empty",
        fatal=True,
    )
    add(
        frame[without_original & without_text],
        "original and text are empty",
        "mend or remove",
        fatal=True,
    )
    add(
        frame[~without_original & without_text & ~frame["kind"].isin(["", *_HUMAN_KINDS])],
        "text is empty but kind says that there is a machine's",
        "give the text, or empty kind if this is human text only",
        fatal=True,
    )
    add(
        frame[without_original & ~without_text & (frame["kind"] == "")],
        "a text without an original and without a kind",
        f"say what it is: {', '.join(KINDS)}",
        fatal=True,
    )
    _check_weights(frame, report)
    _check_constant(frame, report)


_HUMAN_KINDS = tuple(kind for kind, label in KINDS.items() if label == ORIGINAL)


def _check_weights(frame: pd.DataFrame, report: ValidationReport) -> None:
    weights = pd.to_numeric(frame["weight"].replace("", "1"), errors="coerce")
    bad = ~(weights > 0) | np.isinf(weights)
    report.add(frame[bad], "weight is no number above 0", "mend it", fatal=True)


def _check_constant(frame: pd.DataFrame, report: ValidationReport) -> None:
    for column in ("original", "text"):
        filled = frame[frame[f"_{column}"] != ""]
        others = filled["_text" if column == "original" else "_original"].nunique()
        if (
            len(filled) >= _FEWEST_ROWS_TO_BE_CONSTANT
            and filled[f"_{column}"].nunique() == 1
            and (column == "text" or others <= 1)
        ):
            report.add(
                filled,
                f"{column} is the same in every row",
                "the column was filled wrongly; export it again",
                fatal=True,
            )


def _drop_bad_pairs(frame: pd.DataFrame, report: ValidationReport) -> pd.DataFrame:
    """Leave out rows that teach nothing or the wrong thing, each kind of them with a warning."""
    machine = (frame["_text"] != "") & ~frame["kind"].isin(_HUMAN_KINDS)
    paired = machine & (frame["_original"] != "")
    same = paired & (frame["_original"] == frame["_text"])
    report.add(frame[same], "original and text are the same", "left out: nothing was rewritten")
    keys = ["_original", "_text", "kind", "pivot", "system"]
    repeated = frame.duplicated(keys) & ~same
    report.add(frame[repeated], "the same row again", "left out")
    notice = paired & frame["_text"].isin(_find_notices(frame[paired]))
    report.add(
        frame[notice & ~same & ~repeated],
        f"one text stands beside {_ORIGINALS_OF_A_NOTICE} or more different originals",
        "left out: a notice of the site, no copy",
    )
    people = set(frame["_original"]) | set(frame.loc[~machine, "_text"])
    both = machine & frame["_text"].isin(people - {""}) & ~same & ~repeated & ~notice
    report.add(
        frame[both],
        "the machine's text is people's text in another row",
        "left out: one of the two labels is wrong; see whether original and text were swapped",
    )
    return frame[~(same | repeated | notice | both)].reset_index(drop=True)


def _find_notices(paired: pd.DataFrame) -> set[str]:
    originals = paired.groupby("_text")["_original"].nunique()
    return set(originals.index[originals >= _ORIGINALS_OF_A_NOTICE])


# --------------------------------------------------------------------------------------
# Articles
# --------------------------------------------------------------------------------------

_SKETCH = 24
_SHINGLE = 5
_FEWEST_WORDS_TO_SKETCH = 12


def identify_articles(frame: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which rows make up one text, and an id for each row's article.

    Rows are of one text by the ``article_id`` that their file gives, or by their original. Texts
    that are (nearly) the same are one article. Its id is made of the text, so that the same
    article brought again in another file is known to be the same.
    """
    text = frame["_original"].where(frame["_original"] != "", frame["_text"])
    given = frame["file"] + "\0" + frame["article_id"]
    own = pd.Series(np.where(frame["article_id"] != "", given, "\0" + text), index=frame.index)
    codes, _ = pd.factorize(own)
    groups = _Groups(int(codes.max()) + 1 if len(codes) else 0)
    for one, other in _find_near_duplicates(text, codes):
        groups.join(one, other)
    roots = pd.Series([groups.find(int(code)) for code in codes], index=frame.index)
    first = text.groupby(roots).transform("min")
    ids = {t: f"pairs/{crc32(t.encode()):08x}{_tail(t)}" for t in first.unique()}
    return pd.Series(codes, index=frame.index), first.map(ids)


def _tail(text: str) -> str:
    return f"{int(hash_fraction(text) * 2**32):08x}"


class _Groups:
    """Which things belong together, transitively (union-find, Tarjan 1975)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def find(self, one: int) -> int:
        while self._parent[one] != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def join(self, one: int, other: int) -> None:
        self._parent[self.find(other)] = self.find(one)


def _find_near_duplicates(
    texts: pd.Series, codes: npt.NDArray[np.int64]
) -> Iterable[tuple[int, int]]:
    """Pairs of article codes whose texts are the same or share half of their sketches.

    A sketch is the smallest hashes of a text's runs of words (Broder 1997, "On the resemblance
    and containment of documents").
    """
    seen: dict[int, list[int]] = {}
    known: dict[str, int] = {}
    for text, code in zip(texts, codes, strict=True):
        if text in known:
            if known[text] != code:
                yield known[text], int(code)
            continue
        known[text] = int(code)
        sketch = _sketch(text)
        shared = Counter(other for value in sketch for other in seen.get(value, ()))
        for other, count in shared.items():
            if other != code and 2 * count > len(sketch):
                yield other, int(code)
        for value in sketch:
            holders = seen.setdefault(value, [])
            if code not in holders:
                holders.append(int(code))


def _sketch(text: str) -> list[int]:
    words = [word.lower() for word in tokenize(text)]
    if len(words) < _FEWEST_WORDS_TO_SKETCH:
        return []
    runs = zip(*(words[i:] for i in range(_SHINGLE)), strict=False)
    return sorted({crc32(" ".join(run).encode()) for run in runs})[:_SKETCH]


def _check_sides(frame: pd.DataFrame, report: ValidationReport) -> None:
    sides = frame.groupby("article_id")["held_out"].transform("nunique")
    report.add(
        frame[sides > 1],
        "the same article on both sides of the split",
        "give all rows of an article one split; figures would flatter the model",
        fatal=True,
    )


# --------------------------------------------------------------------------------------
# Documents
# --------------------------------------------------------------------------------------


def validate_documents(documents: pd.DataFrame, report: ValidationReport) -> pd.DataFrame:
    """Check whole documents (`make_documents`) and leave out those that cannot be judged."""
    languages = documents["text"].map(_guess)
    foreign = languages != _ENGLISH
    found = ", ".join(sorted(set(languages[foreign]) - {UNKNOWN})) or UNKNOWN
    mostly = len(documents) > 0 and bool(foreign.mean() > _MOST_FOREIGN)
    report.add(
        documents[foreign],
        f"not English (it looks like: {found})",
        "most of it is; this detector reads English only" if mostly else "left out",
        fatal=mostly,
    )
    long = documents["text"].str.len() > LONGEST_TEXT
    report.add(
        documents[long & ~foreign],
        f"longer than {LONGEST_TEXT:,} characters",
        "left out: no article is; see whether files were run together",
    )
    kept = documents[~foreign & ~long].reset_index(drop=True)
    _check_typography(kept, report)
    return kept


def _guess(text: str) -> str:
    language = guess_language(text)
    if language == UNKNOWN and len(text) < _FEWEST_CHARACTERS_OF_LANGUAGE:
        return _ENGLISH
    return language


def count_documents(documents: pd.DataFrame, report: ValidationReport) -> None:
    """Put into the report what there is to train on and to measure with."""
    held_out = documents["held_out"].astype(bool)
    report.counts["articles"] = documents["article_id"].nunique()
    for label in (ORIGINAL, TRANSLATED, SPUN):
        report.counts[f"{label} documents"] = int((documents["label"] == label).sum())
    report.counts["documents held out"] = int(held_out.sum())


def check_numbers(documents: pd.DataFrame, report: ValidationReport, human_only: bool) -> None:
    """Whether there are enough articles to learn from, and to promise a false-positive rate.

    Args:
        documents: what is left of the documents that are fitted on.
        report: takes the findings.
        human_only: whether nothing but thresholds is fitted.
    """
    human = documents[documents["label"] == ORIGINAL]
    articles = documents["article_id"].nunique()
    least = min(ARTICLES_NEEDED.values())
    if human_only and len(human) < least:
        report.add(
            None,
            f"{len(human)} human articles promise no false-positive rate",
            f"give at least {least} (5 %), better {ARTICLES_NEEDED[0.01]} (1 %)",
            fatal=True,
        )
    elif not human_only and articles < FEWEST_ARTICLES:
        report.add(
            None,
            f"{articles} articles are too few to learn from and hold some back",
            f"give at least {FEWEST_ARTICLES}",
            fatal=True,
        )
    for outlet, of_outlet in human.groupby("group"):
        if len(of_outlet) < ARTICLES_NEEDED[0.01]:
            report.add(
                None,
                f"{len(of_outlet)} human articles of {outlet!r} are too few to promise it a "
                "false-positive rate of 1 %",
                f"{ARTICLES_NEEDED[0.01]} are needed; until then it shares the promise to all",
            )


# --------------------------------------------------------------------------------------
# Typography
# --------------------------------------------------------------------------------------

_TRACES = {
    "curly quotation marks": r"[“”„‟‘’‚‛«»]",
    "straight quotation marks": r"[\"]",
    "straight apostrophes": r"\w'\w",
    "long dashes": r"[–—―]",
    "hyphens between blanks": r" -{1,2} ",
    "ellipsis characters": r"…",
    "unbroken or odd blanks": r"[\u00a0\u2000-\u200a\u202f\u3000]",
    "invisible characters": r"[\u00ad\u200b-\u200f\u2060\ufeff]",
    "HTML entities": r"&(?:#\d+|#x[0-9a-fA-F]+|[a-z]{2,8});",
    "blanks before punctuation": r" [.,;:!?](?:\s|$)",
    "double blanks": r"[^\s]  +[^\s]",
    "tabs": r"\t",
    "carriage returns": r"\r",
    "line breaks": r"\n",
    "blank lines": r"\n\s*\n",
    "blanks at the end": r"\s\Z",
}
_COMPILED_TRACES = {name: re.compile(pattern) for name, pattern in _TRACES.items()}
_TELLING_AUROC = 0.75
_FEWEST_TO_COMPARE = 20


def measure_typography(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """How often each trace stands in 1,000 characters of each text, as logarithms: (texts, traces).

    What is counted here is made alike by `detector.text.normalize` or left out of views, so no
    evidence rests on it.
    """
    counts = [
        [len(pattern.findall(text)) for pattern in _COMPILED_TRACES.values()] for text in texts
    ]
    lengths = np.array([[max(1, len(text))] for text in texts])
    shares = 1000.0 * np.array(counts, dtype=np.float64).reshape(len(texts), -1) / lengths
    return np.asarray(np.log1p(shares))


def _check_typography(documents: pd.DataFrame, report: ValidationReport) -> None:
    """Warn where typography alone tells people's texts from machines', articles left out."""
    machine = (documents["label"] != ORIGINAL).to_numpy()
    if min(machine.sum(), (~machine).sum()) < _FEWEST_TO_COMPARE:
        return
    columns = measure_typography(documents["text"].tolist())
    auroc = _predict_out_of_fold(columns, machine, documents["article_id"].to_numpy())
    if auroc < _TELLING_AUROC:
        return
    report.add(
        None,
        f"typography alone tells the classes apart (AUROC {auroc:.2f}; "
        f"{_name_trace(columns, machine)})",
        "it is made alike before anything is learnt, so the model does not read it, but the two "
        "sides came through different software: see whether they differ in more (cut, cleaned, "
        "other outlets)",
    )


def _predict_out_of_fold(
    columns: npt.NDArray[np.float64], machine: npt.NDArray[np.bool_], articles: npt.NDArray[Any]
) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    folds = min(5, len(set(articles)))
    if folds < 2:
        return 0.5
    model = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
    )
    predicted = cross_val_predict(
        model, columns, machine, groups=articles, cv=GroupKFold(folds), method="decision_function"
    )
    return float(roc_auc_score(machine, predicted))


def _name_trace(columns: npt.NDArray[np.float64], machine: npt.NDArray[np.bool_]) -> str:
    """The trace that differs most, with the share of texts on either side that have it."""
    human_share = (columns[~machine] > 0).mean(0)
    machine_share = (columns[machine] > 0).mean(0)
    most = int(np.argmax(np.abs(columns[machine].mean(0) - columns[~machine].mean(0))))
    return (
        f"most of all {list(_TRACES)[most]}: in {human_share[most]:.0%} of people's texts, "
        f"{machine_share[most]:.0%} of machines'"
    )


# --------------------------------------------------------------------------------------
# Labels that the model contradicts
# --------------------------------------------------------------------------------------

#: In human standard deviations: how far below its original a machine's version lies before its
#: label is doubted. Of rightly labelled pairs about one in a hundred does.
_DOUBTFUL_DIFFERENCE = -0.3
_MOST_LISTED = 10


def find_contradicted(documents: pd.DataFrame, scores: npt.NDArray[np.float64]) -> pd.DataFrame:
    """Machine documents that score far below their own original, out of fold, worst first.

    Where original and text were swapped in a row, or a label is wrong, the machine's "version"
    looks more human than the "original".

    Args:
        documents: of the user's; ``article_id``, ``label``, ``file`` and ``row``.
        scores: from models that did not see the article.

    Returns:
        The doubtful documents with ``difference``.
    """
    human = (documents["label"] == ORIGINAL).to_numpy()
    of_original = pd.Series(scores[human], documents["article_id"][human]).groupby(level=0).mean()
    difference = scores - documents["article_id"].map(of_original).to_numpy(dtype=np.float64)
    doubtful = documents.assign(difference=difference)[~human & (difference < _DOUBTFUL_DIFFERENCE)]
    return doubtful.sort_values("difference", kind="stable")


def note_contradicted(doubtful: pd.DataFrame, report: ValidationReport) -> None:
    """List the rows whose label the model contradicts most."""
    if doubtful.empty:
        return
    names = [
        f"{Path(str(row.file)).name} row {row.row}"
        for row in doubtful.head(_MOST_LISTED).itertuples()
    ]
    report.findings.append(
        Finding(
            "the machine's text looks more human than its original, out of fold",
            "look at them: original and text may have been swapped, or the label is wrong",
            len(doubtful),
            ", ".join(names) + (" …" if len(doubtful) > _MOST_LISTED else ""),
        )
    )
