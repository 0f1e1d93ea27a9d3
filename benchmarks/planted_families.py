"""A crawl with families of copies planted in it, so that it is known what is to be found.

The crowd is people's articles, each once; where they do not suffice, articles put together of
sentences of different ones, with other names and numbers. Families are 2 to 6 texts that stem from
one article: reposts, cut copies, people's edits, spun versions, round trips, rewritings by language
models, copies of copies. Machine versions of real systems come from the training corpora, and of
these only articles that nothing was tuned on are planted; spinners take words of lists that nothing
was tuned on either. Some families stand there without their original. Traps are articles that
people rewrote or translated by hand, and what the crowd reports of the same events.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path

import numpy as np
import pandas as pd

from detector.text.sentences import split_sentences
from detector.training.corpora.broad.holdouts import (
    HELD_OUT,
    split_document,
    split_human_articles,
)
from detector.training.corpora.comparison_pairs import load_retranslations
from detector.training.corpora.documents import HELD_OUT_SPINNERS, join_sentences
from detector.training.corpora.splits import split_by_article
from detector.training.generation.editing import Editor, cut
from detector.training.generation.synonym_lists import SynonymLists

ORIGINAL, ALONE = "original", "alone"
REPOST, CUT, EDIT, TRIP = "repost", "cut", "people's edit", "round trip"
MODEL_TRIP, MODEL_REWRITING = "language model's round trip", "language model's rewriting"
BY_HAND, TRANSLATED_BY_HAND = "rewritten by hand", "translated by hand"
SPUN_RATES = (0.1, 0.2, 0.5)
SPUN = {f"spun, {rate:.0%} of words": rate for rate in SPUN_RATES}
MACHINE_KINDS = frozenset({TRIP, MODEL_TRIP, MODEL_REWRITING, *SPUN})
CRAWL_COLUMNS = ("id", "text", "family", "kind", "copied_kind", "made_by_machine", "true_original")

_SIZES = (2, 3, 4, 5, 6)
_WITHOUT_ORIGINAL = 0.1
_OF_A_COPY = 0.15
_READY_VERSION = 0.6
_FEWEST_WORDS, _MOST_WORDS = 100, 2500
_FEWEST_WORDS_OF_A_COPY = 70
#: More than that share of the shorter text's 8-grams are not one quotation that both have.
_SHARED_RUNS = 0.15
_RUN = 8
_SENTENCES = (10, 40)


@dataclass(frozen=True)
class Seed:
    """An article to plant, with versions of it that machines or people have made."""

    text: str
    versions: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Planted:
    """A text of a family: what was done, and what kind of text it was done to."""

    text: str
    kind: str
    made_by_machine: bool
    copied_kind: str = ORIGINAL


def make_crawl(
    corpora: Path,
    documents: int,
    families: int,
    seed: int,
    spared: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """A crawl of so many documents with so many families: `CRAWL_COLUMNS`, in a random order.

    Texts that are spared are not in it, nor what repeats them: those of the families of a crawl
    that something was tuned on.
    """
    rng = random.Random(seed)
    people = load_people(corpora)
    rewritten = load_rewritten(corpora, people)
    ready = load_ready_seeds(corpora, rng) + rewritten
    traps, pool = load_traps(corpora), people[~people["rewritten"]]
    ready, traps, pool = leave_out_repeated(ready, traps, pool, spared)
    rng.shuffle(ready)
    rng.shuffle(traps)
    held_out = pool[pool["held_out"]].sample(frac=1.0, random_state=seed)
    count = min(len(ready), families // 2)
    kept = min(len(traps), max(2, families // 20))
    own = held_out.head(families - count - kept)
    seeds = ready[:count] + [Seed(text) for text in own["text"]]
    planted = [plant_family(one, Copier(rng)) for one in seeds]
    planted += [plant_trap(one) for one in traps[:kept]]
    rows = list(list_rows(planted))
    alone = pool.drop(own.index)["text"].sample(frac=1.0, random_state=seed).tolist()
    rows += draw_crowd(alone, documents - len(rows), rng)
    return name_documents(rows[:documents], rng)


def leave_out_repeated(
    ready: list[Seed], traps: list[Seed], people: pd.DataFrame, spared: frozenset[str]
) -> tuple[list[Seed], list[Seed], pd.DataFrame]:
    """Articles that repeat neither one before them, as two corpora may, nor a text to be spared."""
    seeds = ready + traps
    texts = [*sorted(spared), *(one.text for one in seeds), *people["text"]]
    repeated = find_repeated(texts, fixed=len(spared))
    kept = [number not in repeated for number in range(len(spared), len(texts))]
    return (
        list(compress(ready, kept)),
        list(compress(traps, kept[len(ready) :])),
        people[kept[len(seeds) :]],
    )


def list_rows(families: list[list[Planted]]) -> Iterator[dict[str, object]]:
    for number, members in enumerate(families):
        for one in members:
            yield vars(one) | {"family": number}


def draw_crowd(people: list[str], count: int, rng: random.Random) -> list[dict[str, object]]:
    texts = people[:count]
    texts += recombine(people, count - len(texts), rng)
    return [{"text": text, "family": None, "kind": ALONE, "copied_kind": None,
             "made_by_machine": False} for text in texts]  # fmt: skip


def name_documents(rows: list[dict[str, object]], rng: random.Random) -> pd.DataFrame:
    """Rows in a random order, with ids, and the id of each family's original."""
    rng.shuffle(rows)
    frame = pd.DataFrame(rows)
    frame["id"] = [f"page-{number:06d}" for number in range(len(frame))]
    frame["family"] = frame["family"].astype("Int64")
    originals = frame[frame["kind"] == ORIGINAL].set_index("family")["id"]
    frame["true_original"] = frame["family"].map(originals)
    return frame[list(CRAWL_COLUMNS)]


# --------------------------------------------------------------------------------------
# Families
# --------------------------------------------------------------------------------------


class Copier:
    """Makes copies of a text, one way of copying or another."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.editor = Editor(rng.randrange(2**32))
        self.lists = SynonymLists()
        self.ways: dict[str, Callable[[str], str]] = {
            REPOST: self.repost, CUT: self.cut, EDIT: lambda text: self.editor.edit(text)[0],
        } | {name: self._make_spin(rate) for name, rate in SPUN.items()}  # fmt: skip

    def repost(self, text: str) -> str:
        """Word for word, with other paragraphs, other quotation marks, or a notice below."""
        draw = self.rng.random()
        if draw < 0.2:
            return re.sub(r"\s*\n\s*", "\n\n", text)
        if draw < 0.4:
            return re.sub(r'"([^"]*)"', r"“\1”", text).replace("'", "’")
        return text + "\n\nAll rights reserved. Sign up for our newsletter." * (draw < 0.6)

    def cut(self, text: str) -> str:
        sentences = [one.text for one in split_sentences(text)]
        return "\n".join(cut(sentences, self.rng))

    def _make_spin(self, rate: float) -> Callable[[str], str]:
        def spin(text: str) -> str:
            names = self.rng.choice(sorted(HELD_OUT_SPINNERS.values()))
            seed = self.rng.randrange(40)  # a spinner remembers what it looked up
            return self.lists.make_spinner(names, rate, seed).spin(text).text

        return spin


def plant_family(seed: Seed, copier: Copier) -> list[Planted]:
    """A family of 2 to 6, the original first, if it is there at all."""
    rng = copier.rng
    size = rng.choice(_SIZES)
    members = [Planted(seed.text, ORIGINAL, False)]
    without = rng.random() < _WITHOUT_ORIGINAL
    versions = list(seed.versions)
    rng.shuffle(versions)
    while len(members) < size + without:
        if versions and (len(members) == 1 or rng.random() < _READY_VERSION):
            kind, text = versions.pop()
            made = Planted(text, kind, kind in MACHINE_KINDS)
        else:
            chain = len(members) > 1 and rng.random() < _OF_A_COPY
            made = copy_member(rng.choice(members[1:]) if chain else members[0], copier)
        if len(made.text.split()) >= _FEWEST_WORDS_OF_A_COPY:
            members.append(made)
    return members[1:] if without else members


def plant_trap(seed: Seed) -> list[Planted]:
    """People's versions of one article; of two translations of it neither is the original."""
    by_hand = [Planted(text, kind, False) for kind, text in seed.versions]
    first = TRANSLATED_BY_HAND if by_hand[0].kind == TRANSLATED_BY_HAND else ORIGINAL
    return [Planted(seed.text, first, False), *by_hand]


def copy_member(source: Planted, copier: Copier) -> Planted:
    kind = copier.rng.choice(list(copier.ways))
    text = copier.ways[kind](source.text)
    machine = source.made_by_machine or kind in MACHINE_KINDS
    return Planted(text, kind, machine, source.kind)


# --------------------------------------------------------------------------------------
# What is planted
# --------------------------------------------------------------------------------------


def load_people(corpora: Path) -> pd.DataFrame:
    """People's articles, those that share more than a quotation with another left out.

    Returns:
        ``article_id``, ``text``, ``held_out`` (nothing was tuned on it) and ``rewritten`` (a
        language model's version of it exists).
    """
    frame = pd.read_parquet(corpora / "human_articles.parquet")
    rewritten = frozenset(
        pd.read_parquet(corpora / "language_model_articles.parquet")["article_id"]
    )
    frame["rewritten"] = frame["article_id"].isin(rewritten)
    frame["held_out"] = split_human_articles(frame, rewritten) == HELD_OUT
    frame = frame.sort_values("rewritten", ascending=False, kind="stable").reset_index(drop=True)
    repeated = find_repeated(frame["text"].tolist())
    return frame.drop(index=sorted(repeated)).reset_index(drop=True)


def find_repeated(texts: list[str], fixed: int = 0) -> set[int]:
    """Texts that have more than `_SHARED_RUNS` of their runs of words from one before, or lend.

    What is found repeats none that is found itself. The first `fixed` are never found.
    """
    hashes, owners, sizes = [], [], []
    for number, text in enumerate(texts):
        words = re.findall(r"\w+", text.lower())
        runs = {hash(tuple(words[i : i + _RUN])) for i in range(len(words) - _RUN + 1)}
        hashes.append(np.fromiter(runs, np.int64, len(runs)))
        owners.append(np.full(len(runs), number))
        sizes.append(len(runs))
    every, owner = np.concatenate(hashes), np.concatenate(owners)
    order = np.argsort(every, kind="stable")
    bounds = np.flatnonzero(np.diff(every[order])) + 1
    shared: Counter[tuple[int, int]] = Counter()
    for holders in np.split(owner[order], bounds):
        if 1 < len(holders) <= 40:  # runs that many have are boilerplate
            ranked = sorted(holders.tolist())
            shared.update((a, b) for i, a in enumerate(ranked) for b in ranked[i + 1 :])
    dropped: set[int] = set()
    for (one, other), count in sorted(shared.items()):
        may_repeat = other >= fixed and one not in dropped
        if may_repeat and count > _SHARED_RUNS * min(sizes[one], sizes[other]):
            dropped.add(other)
    return dropped


def load_rewritten(corpora: Path, people: pd.DataFrame) -> list[Seed]:
    """People's articles with a language model's versions of them."""
    frame = pd.read_parquet(corpora / "language_model_articles.parquet")
    frame = frame[frame["article_id"].isin(people["article_id"])]
    kinds = frame["kind"].map({"roundtrip": MODEL_TRIP}).fillna(MODEL_REWRITING)
    frame = frame.assign(kind=kinds, corpus="language_model_articles")
    return gather_seeds(frame)


def load_ready_seeds(corpora: Path, rng: random.Random) -> list[Seed]:
    """Articles with round trips and rewritings of real systems; essays are a quarter at most."""
    trips = pd.read_parquet(corpora / "roundtrip_documents.parquet")
    trips = trips[~trips["system"].str.contains(r"[48] round trips")]
    trips = trips[~(trips["unknown_words"] > 0.02)]
    told = trips["corpus"] == "broken_telephone"
    trips["kind"] = np.where(told, MODEL_TRIP, TRIP)
    essays = trips["corpus"] == "asap_essays"
    paraphrased = pd.read_parquet(corpora / "paraphrased_documents.parquet")
    seeds = gather_seeds(trips[~essays])
    seeds += gather_seeds(paraphrased.assign(kind=MODEL_REWRITING))
    seeds += load_news_seeds(corpora)
    written = gather_seeds(trips[essays])
    return seeds + rng.sample(written, min(len(written), len(seeds) // 3))


def gather_seeds(frame: pd.DataFrame) -> list[Seed]:
    """A seed for each article that nothing was tuned on, with all its versions."""
    keys = frame["corpus"].astype(str), frame["article_id"].astype(str)
    held_out = [split_document(*key) == HELD_OUT for key in zip(*keys, strict=True)]
    frame = frame[held_out]
    frame = frame[[_is_article(text) for text in frame["original"]]]
    seeds = []
    for _, rows in frame.groupby(["corpus", "article_id"], sort=True):
        texts = dict.fromkeys(zip(rows["kind"], rows["text"], strict=True))
        seeds.append(Seed(rows["original"].iloc[0], list(texts)))
    return seeds


def load_news_seeds(corpora: Path) -> list[Seed]:
    """News articles that were translated by hand and back by several engines."""
    frame = pd.read_parquet(corpora / "roundtrip_news.parquet")
    frame = frame[[split_by_article(str(i)) == "test" for i in frame["article_id"]]]
    originals = join_sentences(frame, "original", ["article_id"])
    versions = join_sentences(frame, "text", ["article_id", "pivot", "system"])
    made = versions.groupby("article_id")["text"].agg(list)
    return [
        Seed(text, [(TRIP, version) for version in made[article]])
        for article, text in zip(originals["article_id"], originals["text"], strict=True)
        if _is_article(text)
    ]


def load_traps(corpora: Path) -> list[Seed]:
    """Articles that people rewrote for learners, and two people's translations of one article."""
    frame = pd.read_parquet(corpora / "edited_articles.parquet")
    frame = frame[~frame["level"].str.contains("DAMAGED")]
    name = frame["article_id"].str.rsplit("-", n=1).str[0]
    traps = []
    for _, rows in frame.assign(level=frame["level"].str.lower()).groupby(name):
        texts = dict(zip(rows["level"], rows["text"], strict=True))
        if "advanced" in texts and len(texts) > 1:
            original = texts.pop("advanced")
            traps.append(Seed(original, [(BY_HAND, text) for text in texts.values()]))
    pairs = load_retranslations(corpora).drop_duplicates("article_id")
    traps += [
        Seed(original, [(TRANSLATED_BY_HAND, other)])
        for original, other in zip(pairs["original"], pairs["copy"], strict=True)
        if _is_article(original)
    ]
    return traps


def _is_article(text: str) -> bool:
    return _FEWEST_WORDS <= len(text.split()) <= _MOST_WORDS


# --------------------------------------------------------------------------------------
# The crowd
# --------------------------------------------------------------------------------------

_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][a-z]{2,}")
_NUMBER = re.compile(r"\d+")


def recombine(texts: list[str], count: int, rng: random.Random) -> list[str]:
    """Articles of 10 to 40 sentences of as many others, with other names and numbers.

    Sentences are shuffled and dealt out, round after round: two articles of a round share none,
    and two of different rounds seldom more than one.
    """
    if count <= 0:
        return []
    sentences = [one.text for text in texts for one in split_sentences(text)]
    sentences = [one for one in sentences if 6 <= len(one.split()) <= 60]
    names = sorted({name for one in sentences for name in _NAME.findall(one)})
    rng.shuffle(sentences)
    made: list[str] = []
    while len(made) < count:
        rng.shuffle(sentences)
        start = 0
        while start < len(sentences) and len(made) < count:
            end = start + rng.randint(*_SENTENCES)
            made.append(rename(sentences[start:end], names, rng))
            start = end
    return made


def rename(sentences: list[str], names: list[str], rng: random.Random) -> str:
    """Sentences with other names, the same ones throughout, and other numbers."""
    table: dict[str, str] = {}

    def draw_name(match: re.Match[str]) -> str:
        return table.setdefault(match[0], rng.choice(names))

    def draw_number(match: re.Match[str]) -> str:
        return str(rng.randrange(10 ** (len(match[0]) - 1), 10 ** len(match[0])))

    lines = [_NUMBER.sub(draw_number, _NAME.sub(draw_name, one)) for one in sentences]
    return "\n".join(" ".join(lines[i : i + 3]) for i in range(0, len(lines), 3))
