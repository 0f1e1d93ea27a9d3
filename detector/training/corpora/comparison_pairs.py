"""Pairs of copy and original with their relation, made of the training corpora.

What a comparison must not be fooled by stands among them: human edits, human translations of the
same article, cut copies, articles on the same event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from detector.results import (
    EDITED,
    INDEPENDENT,
    MACHINE_REWRITTEN,
    ORIGINAL,
    RETOLD,
    TRANSLATED,
    VERBATIM,
)
from detector.text.sentences import split_sentences
from detector.text.words import tokenize
from detector.training.corpora.broad.document_pairs import (
    TRANSLATIONS,
    choose_other_registers,
    choose_translations,
    pair_documents,
)
from detector.training.corpora.broad.labelled_documents import load_labelled_documents
from detector.training.corpora.documents import (
    HELD_OUT_SPINNERS,
    TRANSLATED_NEWS,
    load_news_documents,
    spin_documents,
    subsample_documents,
)
from detector.training.corpora.splits import draw_rows, hash_fraction
from detector.training.generation.apertium import ApertiumRoundTrip
from detector.training.generation.editing import Editor
from detector.training.generation.round_trips import rewrite_sentences
from detector.training.generation.spinner import COMPARISON_SPIN_RATES
from detector.training.generation.synonym_lists import SynonymLists

PAIR_FRAME_COLUMNS = (
    "copy", "original", "relation", "group", "article_id", "original_article_id", "pivot", "system",
    "rate", "split", "held_out",
)  # fmt: skip

#: What spun copies are called, but those of professionals' translations.
SPUN_COPIES = "spun"

#: Corpora of sentences, whose articles have a split; those of other outlets get one here.
_PARALLEL = ("roundtrip_news", "roundtrip_flores", TRANSLATED_NEWS)

_MINIMUM_CHARACTERS = 600

# More alike than that are two editions of one article, which nobody would call independent.
_SAME_ARTICLE = 0.6

_SAME_EVENT = 0.12

#: Spun copies of professionals' translations, beside those of other articles.
_SHARE_OF_TRANSLATIONS = 0.1

#: What professionals' translations are sent round through: one language to fit, another to measure.
COMPARISON_PIVOTS = {"dev": "spa", "test": "cat"}

#: A shorter sentence may stand in two articles by chance.
_LEAST_SHARED_WORDS = 6

_RETRANSLATIONS = {
    "newstest2020": ("dev", "Human-A.0", "Human-B.0"),
    "newstest2021": ("test", "ref.A", "ref.B"),
}

_CURLY = str.maketrans({"'": "’"})


def load_pairs(
    folder: Path,
    spun_by: Mapping[str, Sequence[str]],
    seed: int,
    most: int,
    lists: SynonymLists,
    *,
    permissive: bool = False,
) -> pd.DataFrame:
    """Pairs of copy and original, of documents that the encoder was not tuned on.

    One side of the retranslations of "dev" is an exception: it stood beside experts' marks.

    Args:
        folder: where the training corpora lie.
        spun_by: system → lists of synonyms that it takes words from, for the spun copies of the
            split "dev"; those of "test" are spun by `HELD_OUT_SPINNERS`.
        seed: of all that is drawn.
        most: documents of a kind, at most.
        lists: where the lists lie.
        permissive: without corpora of restricted licences.

    Returns:
        `PAIR_FRAME_COLUMNS`: `split` is "dev" or "test", by article; `held_out` marks pivots,
        systems and lists of synonyms that nothing was fitted on; `original_article_id` differs
        from `article_id` where the original is another article.
    """
    documents = load_news_documents(folder)
    originals = documents[documents["label"] == ORIGINAL].copy()
    outlets = ~originals["group"].isin(_PARALLEL)
    originals.loc[outlets, "split"] = [
        "test" if hash_fraction(f"pair {a}") < 0.5 else "dev"
        for a in originals.loc[outlets, "article_id"]
    ]
    originals = originals[originals["text"].str.len() >= _MINIMUM_CHARACTERS]
    originals = originals[originals["group"] != TRANSLATED_NEWS]
    human = subsample_documents(originals, most, seed)
    machine = [
        _machine_pairs(documents, originals, seed, most),
        *_spun_pairs(human, spun_by, seed, most, lists),
    ]
    labelled = load_labelled_documents(folder, permissive)
    others = choose_other_registers(labelled, seed, most)
    translations = choose_translations(labelled, seed, most)
    few = max(1, round(most * _SHARE_OF_TRANSLATIONS))
    parts = [
        *machine,
        _verbatim_pairs(human, seed),
        _edited_pairs(human, seed),
        load_retranslations(folder),
        *pair_documents(labelled, seed, most),
        _verbatim_pairs(others, seed),
        _edited_pairs(others, seed),
        *_spun_pairs(translations, spun_by, seed, few, lists, TRANSLATIONS),
        *_round_trips_of_translations(translations, lists, seed),
        _verbatim_pairs(translations, seed),
        _edited_pairs(translations, seed),
        _independent_pairs(human, pd.concat(machine, ignore_index=True), most, seed),
    ]
    pairs = pd.concat(parts, ignore_index=True)
    ids = pairs["original_article_id"].fillna(pairs["article_id"])
    return pairs.assign(original_article_id=ids)[list(PAIR_FRAME_COLUMNS)]


def _machine_pairs(
    documents: pd.DataFrame, originals: pd.DataFrame, seed: int, most: int
) -> pd.DataFrame:
    """Round trips beside their originals: whole, cut, or edited by a human on top."""
    machine = documents[
        (documents["label"] == TRANSLATED) & (documents["group"] != TRANSLATED_NEWS)
    ]
    machine = subsample_documents(machine, 2 * most, seed)
    # A block of FLORES may straddle two splits, so the split is part of an article's name.
    trips = machine.rename(columns={"text": "copy"}).merge(
        originals[["group", "article_id", "split", "text"]].rename(columns={"text": "original"}),
        on=["group", "article_id", "split"],
    )
    return _vary(trips, seed).assign(relation=MACHINE_REWRITTEN)


def _spun_pairs(
    human: pd.DataFrame,
    spun_by: Mapping[str, Sequence[str]],
    seed: int,
    most: int,
    lists: SynonymLists,
    group: str = SPUN_COPIES,
) -> list[pd.DataFrame]:
    """Spun copies beside their originals: whole, cut, or edited by a human on top."""
    parts = []
    for split, chosen in (("dev", spun_by), ("test", HELD_OUT_SPINNERS)):
        some = human[human["split"] == split].reset_index(drop=True)
        spun = spin_documents(some, chosen, COMPARISON_SPIN_RATES, seed, lists)
        spun = spun.rename(columns={"text": "copy"})
        texts = some.set_index(["group", "article_id"])["text"]
        keys = list(zip(spun["group"], spun["article_id"], strict=True))
        spun = spun.assign(
            original=[texts[key] for key in keys], held_out=split == "test", group=group
        )
        spun = spun[spun["copy"] != spun["original"]]
        varied = _vary(draw_rows(spun, ["system", "split"], most, seed), seed)
        parts.append(varied.assign(relation=MACHINE_REWRITTEN))
    return parts


def _round_trips_of_translations(
    translations: pd.DataFrame, lists: SynonymLists, seed: int
) -> list[pd.DataFrame]:
    """Professionals' translations sent round, so that a translated original clears no copy."""
    parts = []
    for split, pivot in COMPARISON_PIVOTS.items():
        engine = ApertiumRoundTrip(pivot, lists.apertium)
        some = translations[translations["split"] == split]
        trips = some.rename(columns={"text": "original"}).assign(
            copy=rewrite_sentences(list(some["text"]), engine.translate),
            pivot=pivot, system=engine.name, held_out=split == "test",
        )  # fmt: skip
        parts.append(_vary(trips, seed).assign(relation=MACHINE_REWRITTEN))
    return parts


def _vary(machine: pd.DataFrame, seed: int) -> pd.DataFrame:
    """A third of the copies cut, a fifth edited by a human as well, the rest as they are."""
    rng = np.random.default_rng(seed)
    editor = Editor(seed)
    copies = []
    for text, draw in zip(machine["copy"], rng.random(len(machine)), strict=True):
        if draw < 0.2:
            copies.append(editor.edit(text)[0])
        elif draw < 0.5:
            copies.append(_cut(text, rng))
        else:
            copies.append(text)
    return machine.assign(copy=copies)


def _cut(text: str, rng: np.random.Generator) -> str:
    if rng.random() < 0.25:
        # Feeds and previews stop anywhere, in the middle of a word too.
        return text[: round(len(text) * rng.uniform(0.3, 0.95))]
    sentences = [s.text for s in split_sentences(text) if s.kind == "sentence"]
    if len(sentences) < 6:
        return text
    if rng.random() < 0.5:
        return "\n".join(sentences[: max(4, round(len(sentences) * rng.uniform(0.4, 0.9)))])
    kept = [s for s in sentences if rng.random() < 0.75]
    return "\n".join(kept if len(kept) > 3 else sentences)


def _verbatim_pairs(human: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Copies word for word: whole, cut, of another keyboard, with a notice below."""
    rng = np.random.default_rng(seed + 1)
    copies = []
    for text in human["text"]:
        copy = text if rng.random() < 0.3 else _cut(text, rng)
        if rng.random() < 0.4:
            copy = re.sub(r'"([^"]*)"', r"“\1”", copy).translate(_CURLY)
        if rng.random() < 0.3:
            copy = re.sub(r"\s*\n\s*", "\n\n", copy)
        if rng.random() < 0.2:
            copy += "\n\nAll rights reserved. Sign up for our newsletter."
        copies.append(copy)
    return _as_pairs(human, copies, VERBATIM)


def _edited_pairs(human: pd.DataFrame, seed: int) -> pd.DataFrame:
    editor = Editor(seed)
    copies = [editor.edit(text)[0] for text in human["text"]]
    pairs = _as_pairs(human, copies, EDITED)
    long_enough = pairs["copy"].str.len() >= _MINIMUM_CHARACTERS / 3
    return pairs[long_enough & (pairs["copy"] != pairs["original"])]


def _as_pairs(human: pd.DataFrame, copies: Sequence[str], relation: str) -> pd.DataFrame:
    return human.rename(columns={"text": "original"}).assign(
        copy=list(copies), relation=relation, held_out=False
    )


def load_retranslations(folder: Path) -> pd.DataFrame:
    """Two human translations of the same Chinese articles: as alike as a round trip is.

    Neither is the other's copy, and no machine had a hand in them: each tells the other anew.
    """
    frame = pd.read_parquet(folder / "error_spans_zh_en.parquet")
    rows = []
    for test_set, (split, one, other) in _RETRANSLATIONS.items():
        sides = []
        for system in (one, other):
            part = frame[(frame["test_set"] == test_set) & (frame["system"] == system)]
            part = part.drop_duplicates(["doc", "segment"]).sort_values(["doc", "segment"])
            plain = part["marked_text"].str.replace(r"</?v>", "", regex=True)
            sides.append(part.assign(text=plain).groupby("doc")["text"].agg("\n".join))
        for doc in sides[0].index.intersection(sides[1].index):
            for copy, original in ((sides[0][doc], sides[1][doc]), (sides[1][doc], sides[0][doc])):
                rows.append((copy, original, f"{test_set}-{doc}", split))
    pairs = pd.DataFrame(rows, columns=["copy", "original", "article_id", "split"])
    return pairs.assign(
        relation=RETOLD, group="retranslation", pivot="zh", system="", rate=0.0, held_out=False
    )


def _independent_pairs(
    human: pd.DataFrame, machine: pd.DataFrame, most: int, seed: int
) -> pd.DataFrame:
    """Texts, humans' and machines', beside the likest other article that shares no sentence."""
    human = human.reset_index(drop=True)
    copies = pd.concat(
        [
            human.rename(columns={"text": "copy"}),
            machine.sample(min(len(machine), 3 * most), random_state=seed),
        ],
        ignore_index=True,
    )
    nearest, similarity = _find_nearest(copies, human)
    fits = (similarity < _SAME_ARTICLE) & (nearest >= 0)
    # Unlike articles are told apart at a glance: most of the pairs are of one event or subject.
    rng = np.random.default_rng(seed)
    fits &= (similarity > _SAME_EVENT) | (rng.random(len(copies)) < 0.3)
    chosen = copies[fits].assign(
        original=human["text"].to_numpy()[nearest[fits]],
        original_article_id=human["article_id"].to_numpy()[nearest[fits]],
        relation=INDEPENDENT,
    )
    shuffled = chosen.groupby("split", group_keys=False).sample(frac=1.0, random_state=seed)
    return shuffled.groupby("split").head(3 * most)


def _find_nearest(copies: pd.DataFrame, human: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The likest article of another id in the same split, by TF-IDF, and how like it is.

    An article that has a sentence of the text, or of what a machine made it of, is passed over:
    part of the text does stem from there. Where no article is left, the index is -1.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english", min_df=2)
    originals = vectorizer.fit_transform(human["text"])
    nearest = np.full(len(copies), -1)
    best = np.zeros(len(copies))
    rows = vectorizer.transform(copies["copy"])
    ids, splits = human["article_id"].to_numpy(), human["split"].to_numpy()
    sentences = [_list_sentences(text) for text in human["text"]]
    of_text = dict(zip(human["text"], sentences, strict=True))
    sources = copies["original"].fillna(copies["copy"])
    of_copies = zip(copies["article_id"], copies["split"], sources, strict=True)
    for i, (article, split, source) in enumerate(of_copies):
        similarity = np.asarray((originals @ rows[i].T).todense()).ravel()
        # Two editions of one article: look past them, to the next article.
        excluded = (ids == article) | (splits != split) | (similarity >= _SAME_ARTICLE)
        own = of_text[source] if source in of_text else _list_sentences(source)
        for other in np.argsort(-np.where(excluded, 0.0, similarity), kind="stable"):
            if excluded[other] or similarity[other] <= 0.0:
                break
            if not own & sentences[other]:
                nearest[i], best[i] = other, similarity[other]
                break
    return nearest, best


def _list_sentences(text: str) -> set[str]:
    """The sentences of a text that nobody writes twice by chance, in small letters."""
    sentences = (tokenize(sentence.text.lower()) for sentence in split_sentences(text))
    return {" ".join(words) for words in sentences if len(words) >= _LEAST_SHARED_WORDS}
