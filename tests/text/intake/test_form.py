"""What has no article's form is told, and is never flagged; what has it is left alone."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from detector import Detector
from detector.features.extractor import find_judged
from detector.text.document import Document
from detector.text.intake.form import Deviation, find_deviation
from detector.text.language import ENGLISH

DATA = Path(__file__).parents[3] / "data"
COMMON = frozenset({"the", "a", "we", "it", "they", "this", "in", "of", "there", "he", "she"})
CODE = (
    "def find_ferry(name: str) -> int | None:\n    if name in _FERRIES:\n"
    "        return _FERRIES[name]\n    for key, value in _OLD.items():\n"
    "        print(f'{key}={value}', file=sys.stderr)\n    return None\n\n"
)
TABLE = "North 14 82 19.5 Harbour 12 77 18.2 Mill 9 31 4.4 Lane 31 14 2 Quay 8 19 44 3\n\n"
ACCENTS = str.maketrans("aeiou", "äéîòû")
LIST = "Red paint, two litres\nNails and screws, 40 mm\nHammer, saw, spirit level\nSand paper\n\n"


def list_articles() -> list[str]:
    with (DATA / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        originals = dict.fromkeys(row["original"] for row in csv.DictReader(stream))
    return [*originals, (DATA / "example_articles/original.txt").read_text(encoding="utf-8")]


ARTICLES = list_articles()


def find(text: str) -> Deviation | None:
    document = Document.make(text, COMMON, ENGLISH)
    return find_deviation(
        [(document.sentences[i], document.masked_sentences[i]) for i in find_judged(document)]
    )


def drop_marks(text: str) -> str:
    return re.sub(r"[^\w\s'-]", "", text)


DEVIATIONS = {
    "small letters": (str.lower, "capital"),
    "small letters but names": (
        lambda text: re.sub(r"(?:(?<=[.!?\"] )|(?<=\n)|^)\"?\w", lambda m: m[0].lower(), text),
        "",
    ),
    "capitals": (str.upper, "capital letters"),
    "titles": (str.title, "capital"),
    "no marks": (drop_marks, ""),
    "speech recognition": (lambda text: drop_marks(text).lower().replace("\n", " "), ""),
    "no commas": (lambda text: text.replace(",", ""), "commas"),
    "commas after words": (lambda text: re.sub(r"(\w+ \w+ \w+ \w+) ", r"\1, ", text), "commas"),
    "accents": (lambda text: text.translate(ACCENTS), "letters"),
    "code": (lambda text: CODE * 8, ""),
    "table": (lambda text: TABLE * 8 + text[:80], ""),
    "list": (lambda text: "".join(f"{n} {LIST}" for n in range(12)), ""),
}


@pytest.mark.parametrize("name", DEVIATIONS)
@pytest.mark.parametrize("article", ARTICLES[:4] + ARTICLES[-1:])
def test_what_is_no_articles_form_is_told(name: str, article: str) -> None:
    change, word = DEVIATIONS[name]
    found = find(change(article))
    assert found is not None
    assert word in found.explanation
    if name != "list":
        assert found.is_article == (name not in ("code", "table"))


NO_ARTICLES = {
    "error page": "Sorry, this page could not be found on our site. The page you asked for may "
    "have been moved or deleted. Please check the address for spelling, or use the search box. "
    "You can also go back to the home page, or contact our support team. The bakery has new hours "
    "this week, and the ferry runs again.",
    "captcha": "Please verify that you are human before you go on. Our systems have found unusual "
    "traffic from your network this morning. Enable JavaScript and cookies in your browser. If the "
    "check fails, wait a minute and try again later. Your IP and the reference number stand below.",
    "wall": "To read the whole story, log in to your account. You have reached the number of free "
    "articles for this month. Subscribe to continue reading of the harbour. Already a subscriber? "
    "Contact our support team if your password was lost, or check your subscription.",
    "front page": "Ferry to stop for six weeks\n\nThe only car ferry to the island will be taken "
    "out of service on Monday after ...\n\nBakery is saved\n\nResidents were told on Tuesday that "
    "the old bakery at the corner will not ...\n\nNew coach for the club\n\nThe club has found a "
    "coach who once played for the other side of ...\n\nRain ahead\n\nThe weekend will be wet ...",
}


@pytest.mark.parametrize("name", NO_ARTICLES)
def test_what_is_no_article_is_told(name: str) -> None:
    found = find(NO_ARTICLES[name])
    assert found is not None
    assert not found.is_article


def test_the_code_of_a_reason_tells_whether_it_is_an_article(tiny_detector: Detector) -> None:
    page = "\n\n".join(NO_ARTICLES[name] for name in ("error page", "captcha", "wall"))
    verdict = tiny_detector.score(page, false_positive_rate=0.05)
    assert verdict.reason_code == "not an article"
    assert not verdict.flagged


@pytest.mark.parametrize("article", ARTICLES)
def test_articles_have_an_articles_form(article: str) -> None:
    assert find(article) is None


def test_nothing_has_no_form() -> None:
    assert find_deviation([]) is None


def test_a_sentence_counts_once(tiny_detector: Detector, machine_article: str) -> None:
    once = tiny_detector.score(machine_article)
    twice = tiny_detector.score(machine_article + "\n\n" + machine_article)
    assert twice.probability == once.probability
    assert twice.words == once.words
    (note,) = twice.notes
    assert note.startswith("repeated sentences: ")
    line = "The council said on Monday that it will pay for the repairs to the sea wall. "
    assert (tiny_detector.score(line * 40).reason or "").startswith("too short")


def test_out_of_form_is_never_flagged(tiny_detector: Detector, machine_article: str) -> None:
    assert tiny_detector.score(machine_article, false_positive_rate=0.05).flagged
    verdict = tiny_detector.score(machine_article.lower(), false_positive_rate=0.05)
    assert not verdict.flagged
    assert verdict.probability is not None
    assert verdict.reason_code == "unlike what thresholds were measured on"
