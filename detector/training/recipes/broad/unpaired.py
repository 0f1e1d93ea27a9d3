"""Human sentences of the broad mix: those without a machine's version, and those to be spun."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pandas as pd

from detector.training.corpora.broad.holdouts import TRAIN
from detector.training.corpora.broad.sentence_pairs import (
    FEWEST_WORDS,
    SentencePair,
    are_cased_alike,
    has_unknown_words,
    list_whole_sentences,
)
from detector.training.generation.synonym_lists import SynonymLists
from detector.training.recipes.broad.settings import BroadMix
from detector.training.recipes.broad.sources import Sources
from detector.training.recipes.pairs import list_sentences, spin_sentences

_TRANSLATORS, _ABSTRACTS = "professional translators", "abstracts"

_SPUN_OF_ONE_ARTICLE = 4


class UnpairedSentence(NamedTuple):
    """A human sentence without a machine's version; it takes part in the class loss alone.

    Attributes:
        register: what it is of.
        article_id: the article.
        text: the sentence, normalised.
        label: ``"native"`` or ``"human_translation"``.
    """

    register: str
    article_id: str
    text: str
    label: str = "native"


def draw_unpaired(sources: Sources, mix: BroadMix, rng: random.Random) -> list[UnpairedSentence]:
    """As many sentences of each register as the mix wants, or as there are."""
    train = sources.articles[sources.articles["split"] == TRAIN]
    pools = {
        str(register): _draw_of_articles(group, sources, mix, rng)
        for register, group in train.groupby("register", sort=True)
        if mix.count_human_sentences(str(register))
    }
    pools[_ABSTRACTS] = _draw_abstracts(sources, mix, rng)
    pools[_TRANSLATORS] = _draw_translations(sources, mix, rng)
    drawn: list[UnpairedSentence] = []
    for register, pool in pools.items():
        drawn += rng.sample(pool, min(len(pool), mix.count_human_sentences(register)))
    return drawn


def _draw_of_articles(
    group: pd.DataFrame, sources: Sources, mix: BroadMix, rng: random.Random
) -> list[UnpairedSentence]:
    """Sentences of a register's articles, until there are some more than wanted."""
    drawn: list[UnpairedSentence] = []
    for row in group.sample(frac=1.0, random_state=rng.randrange(2**31)).itertuples():
        if len(drawn) >= 1.05 * mix.count_human_sentences(str(row.register)):
            break
        texts = _draw_sentences(str(row.text), mix.sentences_per_article, sources.banned, rng)
        drawn += [UnpairedSentence(str(row.register), str(row.key), text) for text in texts]
    return drawn


def _draw_sentences(text: str, most: int, banned: frozenset[str], rng: random.Random) -> list[str]:
    found = [sentence for sentence in list_whole_sentences(text) if sentence not in banned]
    return rng.sample(found, min(len(found), most))


def _draw_abstracts(sources: Sources, mix: BroadMix, rng: random.Random) -> list[UnpairedSentence]:
    """Sentences of abstracts that kept their capitals and whose words are not glued together."""
    names = ("detectrl", "paraphrased_documents")
    frames = [sources.documents[name] for name in names if name in sources.documents]
    if not frames:
        return []
    frame = pd.concat(frames, ignore_index=True)
    frame = frame[frame["domain"].str.contains("abstract") & (frame["split"] == TRAIN)]
    return [
        UnpairedSentence(_ABSTRACTS, str(row.article_id), text)
        for row in frame.drop_duplicates("article_id").itertuples()
        if are_cased_alike(str(row.original), str(row.text))
        for text in _draw_sentences(
            str(row.original), mix.sentences_per_article, sources.banned, rng
        )
        if not has_unknown_words(text, sources.known_words)
    ]


def _draw_translations(
    sources: Sources, mix: BroadMix, rng: random.Random
) -> list[UnpairedSentence]:
    """Sentences of professional translators, of the news tests and of whole documents."""
    label = "human_translation"
    frame = sources.sentences["translated_news"]
    frame = frame[frame["split"] == TRAIN].drop_duplicates("original")
    drawn = [
        UnpairedSentence(_TRANSLATORS, str(article), str(text), label)
        for article, text in zip(frame["article_id"], frame["original"], strict=True)
        if text not in sources.banned and text.count(" ") + 1 >= FEWEST_WORDS
    ]
    frame = sources.documents["translated_documents"]
    frame = frame[frame["split"] == TRAIN].drop_duplicates("article_id")
    for row in frame.itertuples():
        most = mix.sentences_per_article
        for text in _draw_sentences(str(row.original), most, sources.banned, rng):
            drawn.append(UnpairedSentence(_TRANSLATORS, str(row.article_id), text, label))
    return drawn


def spin_pairs(sources: Sources, lists: SynonymLists, most: int, seed: int) -> list[SentencePair]:
    """Human sentences spun: two thirds of the corpora of sentences, one third of articles."""
    rng = random.Random(seed)
    of_sentences = list(dict.fromkeys(_iterate_to_spin(sources, rng)))
    to_spin = rng.sample(of_sentences, min(len(of_sentences), most * 2 // 3))
    train = sources.articles[sources.articles["split"] == TRAIN]
    for row in train.sample(frac=1.0, random_state=rng.randrange(2**31)).itertuples():
        if len(to_spin) >= 1.1 * most:  # some come back unchanged
            break
        texts = _draw_sentences(str(row.text), _SPUN_OF_ONE_ARTICLE, sources.banned, rng)
        to_spin += [(str(row.key), text, False) for text in texts]
    return list(_spin(to_spin, lists, seed))[:most]


def _iterate_to_spin(sources: Sources, rng: random.Random) -> Iterator[tuple[str, str, bool]]:
    """Article, sentence, and whether it is a translation."""
    for corpus, frame in sources.sentences.items():
        if corpus != "error_spans_zh_en":
            train = frame[frame["split"] == TRAIN].drop_duplicates("original")
            for article, text in zip(train["article_id"], train["original"], strict=True):
                if text not in sources.banned:
                    yield str(article), str(text), corpus == "translated_news"
    human = sources.human_news
    human = human[human["split"] == TRAIN].sample(frac=0.5, random_state=rng.randrange(2**31))
    for row in human.itertuples():
        for text in list_sentences([str(row.text)]):
            if text not in sources.banned:
                yield str(row.article_id), text, False


def _spin(
    to_spin: Iterable[tuple[str, str, bool]], lists: SynonymLists, seed: int
) -> Iterator[SentencePair]:
    rows = list(to_spin)
    spun = spin_sentences([text for _, text, _ in rows], lists, seed)
    for (article, own, is_translation), made in zip(rows, spun, strict=True):
        if made != own:
            yield SentencePair("spinners", article, "spinner", own, made, "spun", is_translation)
