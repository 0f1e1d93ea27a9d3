"""Corpora in the shapes that the recipe reads, of text that nobody wrote, and spinners' lists.

Sentences are put together from short lists of words; a machine's version has words exchanged by a
table of its own. So the classes can be told apart, and a whole recipe runs in seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tiny_lists import write_aiksaurus, write_dictd, write_wordnet

from detector.training.generation.synonym_lists import SynonymLists

_PEOPLE = (
    "fishermen farmers teachers nurses drivers bakers painters clerks sailors lawyers masons "
    "students judges singers tailors doctors miners porters cooks hunters"
).split()
_PLACES = (
    "harbour market school station chapel library bridge mill museum valley hospital theatre "
    "courtyard quarry orchard bakery prison tower garden airport"
).split()
_DEEDS = (
    "closed repaired painted sold opened visited cleaned measured bought guarded rented "
    "photographed searched decorated rebuilt insured"
).split()
_TIMES = (
    "on Monday", "before noon", "last spring", "after the storm", "this week", "in the rain",
    "at the end of the year", "during the strike", "late in the evening", "for the first time",
)  # fmt: skip
_ENDS = (
    "and nobody said a word about it", "while the council looked on",
    "because the money had come at last", "although few people had asked for it",
    "and the old men shook their heads", "so that the boats could leave again",
    "but the price was higher than expected", "which the mayor called a great success",
    "and the children ran home to tell their mothers", "as the weather had become cold",
)  # fmt: skip

#: What machines put: engines by the language in between, and what they all do.
_EVERY_ENGINE = {"storm": "tempest", "asked for": "requested", "looked on": "observed this"}
_ENGINES = {
    "de": {"harbour": "haven", "price": "cost", "closed": "shut", "word": "saying"},
    "fr": {"market": "marketplace", "old men": "aged men", "opened": "inaugurated"},
    "cs": {"school": "schooling", "money": "funds", "called": "named"},
    "es": {"council": "advice", "children": "infants", "sold": "alienated"},
    "zh": {"boats": "ships", "nobody": "no person", "cold": "frigid", "ran home": "went to house"},
}

_SYNSETS = {
    "noun": [
        ["harbour", "haven"], ["market", "mart"], ["money", "currency"], ["council", "assembly"],
        ["storm", "tempest"], ["boat", "vessel"], ["price", "cost"], ["child", "kid"],
        ["school", "academy"], ["bridge", "span"], ["library", "archive"], ["farmer", "grower"],
        ["teacher", "instructor"], ["doctor", "physician"], ["garden", "plot"], ["success", "hit"],
    ],
    "verb": [
        ["close", "shut"], ["repair", "mend"], ["sell", "vend"], ["open", "unseal"],
        ["visit", "frequent"], ["clean", "scour"], ["buy", "purchase"], ["ask", "query"],
        ["leave", "depart"], ["look", "glance"], ["rebuild", "reconstruct"], ["tell", "narrate"],
    ],
    "adj": [["old", "aged"], ["cold", "frigid"], ["great", "grand"], ["late", "tardy"]],
    "adv": [["home", "homeward"]],
}  # fmt: skip
_COUNTS = {f"{word[0]}%{1 + i}": 3 for i, pos in enumerate(_SYNSETS) for word in _SYNSETS[pos]}
_EXCEPTIONS = {"noun": "children child\n", "verb": "sold sell\nbought buy\nrebuilt rebuild\n"}


#: Stands for Apertium: gives the sentences back, a word of each exchanged.
_APERTIUM = f"""\
#!{sys.executable}
import sys
sys.stdout.write(sys.stdin.read().replace(" the ", " one ").replace("storm", "gale"))
"""


def write_synonym_lists(folder: Path) -> SynonymLists:
    """Every list of synonyms that the recipe asks for, and an engine that translates by rules."""
    lists = SynonymLists(
        *(folder / n for n in ("wordnet", "dictd", "aiksaurus")), str(folder / "ap")
    )
    for place in (lists.wordnet, lists.dictd, lists.aiksaurus):
        place.mkdir(parents=True)
    script = Path(lists.apertium)
    script.write_text(_APERTIUM)
    script.chmod(0o755)
    write_wordnet(lists.wordnet, _SYNSETS, _COUNTS, _EXCEPTIONS)
    synsets = [(pos, words) for pos in ("noun", "verb", "adj") for words in _SYNSETS[pos]]
    for number, pivot in enumerate(("deu", "fra", "hrv", "hun", "nld", "por", "spa")):
        # Each dictionary lacks some of the words, so that no two lists are the same.
        known = [pair for i, pair in enumerate(synsets) if i % 7 != number]
        there, back = [], []
        for i, (pos, (one, other)) in enumerate(known):
            foreign = _name_foreign(pivot, pos, i)
            tag = {"noun": "n", "verb": "v", "adj": "adj"}[pos]
            there.append((one, f"{one} /x/ <{tag}>\n{foreign} <{tag}>\n"))
            back.append((foreign.lower(), f"{foreign} /x/ <{tag}>\n{one}, {other} <{tag}>\n"))
        write_dictd(lists.dictd, f"freedict-eng-{pivot}", sorted(there))
        write_dictd(lists.dictd, f"freedict-{pivot}-eng", sorted(back))
    words = sorted({word for _, pair in synsets for word in pair})
    of_word: dict[str, list[int]] = {word: [] for word in words}
    for group, (_, pair) in enumerate(synsets):
        for word in pair:
            of_word[word].append(group)
    groups = [[words.index(w) for w in (*pair, *pair)] for _, pair in synsets]
    write_aiksaurus(lists.aiksaurus, list(of_word.items()), groups)
    return lists


def _name_foreign(pivot: str, pos: str, number: int) -> str:
    ending = {"deu": "en", "fra": "er", "hrv": "ti", "nld": "en", "por": "ar", "spa": "ar"}
    stem = f"{pivot}x{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{'qz'[number // 26]}"
    if pos == "verb":
        return stem + ending.get(pivot, "")
    return (stem + "us").capitalize() if pos == "noun" and pivot == "deu" else stem + "us"


def write_sentences(name: str, count: int) -> list[str]:
    """Sentences of an invented article, which keeps to words of its own; the same for each name."""
    rng = np.random.default_rng(list(name.encode()))
    people, places, deeds = (
        rng.choice(words, size, replace=False)
        for words, size in ((_PEOPLE, 3), (_PLACES, 4), (_DEEDS, 4))
    )
    return [
        f"The {rng.choice(people)} of the {rng.choice(places)} {rng.choice(deeds)} the "
        f"{rng.choice(places)} {rng.choice(_TIMES)}, {rng.choice(_ENDS)}."
        for _ in range(count)
    ]


def translate(sentence: str, pivot: str, system: str) -> str:
    """What an engine made of a sentence on its way through a language."""
    for word, other in (_EVERY_ENGINE | _ENGINES[pivot]).items():
        sentence = sentence.replace(word, other)
    head, _, tail = sentence.partition(", ")
    if system in ("google", "opus"):
        return f"{head}, and this {tail}"
    return f"{head} indeed, {tail}"


def write_corpora(folder: Path) -> Path:
    """All the files that the recipe reads."""
    folder.mkdir(parents=True, exist_ok=True)
    frames = {
        "roundtrip_news": _make_roundtrip_news(),
        "roundtrip_flores_dev": _make_roundtrip_flores(),
        "translated_news": _make_translated_news(),
        "human_news": _make_human_news(),
        "error_spans_zh_en": _make_error_spans(),
    }
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


_ROUND_TRIPS = (("de", "opus"), ("fr", "google"), ("de", "nllb"), ("es", "opus"))


def _make_roundtrip_news(articles: int = 24) -> pd.DataFrame:
    rows = [
        (f"wmt-{article}", position, pivot, system, original, translate(original, pivot, system))
        for article in range(articles)
        for position, original in enumerate(write_sentences(f"news {article}", 9))
        for pivot, system in _ROUND_TRIPS
    ]
    columns = ["article_id", "position", "pivot", "system", "original", "text"]
    return pd.DataFrame(rows, columns=columns)


def _make_roundtrip_flores() -> pd.DataFrame:
    """Blocks of neighbours in each split: positions up to 597, up to 797 and beyond."""
    rows = [
        (start + at, pivot, system, original, translate(original, pivot, system))
        for start in (0, 20, 600, 620, 640, 800, 820, 840)
        for at, original in enumerate(write_sentences(f"block {start}", 9))
        for pivot, system in _ROUND_TRIPS
    ]
    return pd.DataFrame(rows, columns=["position", "pivot", "system", "original", "text"])


def _make_translated_news() -> pd.DataFrame:
    rows = [
        (test_set, start + at, "cs", system, human, translate(human, "cs", system))
        for test_set in ("wmt09", "wmt10", "wmt16")
        for start in (0, 20, 40, 60)
        for at, human in enumerate(write_sentences(f"{test_set} {start}", 9))
        for system in ("google", "online-b")
    ]
    return pd.DataFrame(
        rows, columns=["test_set", "position", "language", "system", "human", "text"]
    )


def _make_human_news() -> pd.DataFrame:
    sizes = {"bbc-2004": 50, "reuters-1987": 40, "wikinews-2019": 30, "wmt20-en-sources": 15}
    rows = [
        (corpus, str(n), "2020-01-01", "A title", " ".join(write_sentences(f"{corpus} {n}", 9)))
        for corpus, size in sizes.items()
        for n in range(size)
    ]
    return pd.DataFrame(rows, columns=["corpus", "article_id", "date", "title", "text"])


def _make_error_spans(documents: int = 6) -> pd.DataFrame:
    rows = []
    for test_set, people in (
        ("newstest2020", "Human-A.0 Human-B.0"),
        ("newstest2021", "ref.A ref.B"),
    ):
        for doc in range(documents):
            for segment, original in enumerate(write_sentences(f"{test_set} {doc}", 9)):
                one, other = people.split()
                versions = {
                    one: (original, "No-error"),
                    other: (original.replace("The ", "Those ").replace("the ", "a "), "No-error"),
                    "Online-A.1": (_mark(translate(original, "zh", "online-a")), "Major"),
                    "Online-B.1": (_mark(translate(original, "zh", "google")), "Minor"),
                }
                rows += [
                    (
                        test_set,
                        system,
                        f"doc.{doc}",
                        segment,
                        "rater1",
                        marked,
                        "Accuracy",
                        severity,
                    )
                    for system, (marked, severity) in versions.items()
                ]
    columns = "test_set system doc segment rater marked_text category severity".split()
    return pd.DataFrame(rows, columns=columns)


def _mark(sentence: str) -> str:
    """The first word that an engine put, between the marks of an expert."""
    for word in (*_ENGINES["zh"].values(), *_EVERY_ENGINE.values()):
        if word in sentence:
            return sentence.replace(word, f"<v>{word}</v>", 1)
    return sentence
