"""More machine versions of a user's own originals: spun, or sent round through another language.

Every row that is made says in ``system`` what made it, starting with `PREFIX`, and stays on the
side of the split where its original is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from detector.errors import DetectorError
from detector.results import ORIGINAL, SPUN, TRANSLATED
from detector.training.corpora.splits import hash_fraction
from detector.training.fitting.encoder.loading_errors import describe_loading_error
from detector.training.generation.apertium import ApertiumError, ApertiumRoundTrip
from detector.training.generation.inflection import MissingPackageError
from detector.training.generation.round_trips import rewrite_sentences
from detector.training.generation.spinner import AUGMENTATION_SPIN_RATES
from detector.training.generation.synonym_lists import AIKSAURUS, WORDNET, SynonymLists

PREFIX = "augmented: "

#: Everything that is installed.
ALL = "all"

#: Filled with ``source`` and ``target``, two-letter codes of languages.
TRANSLATOR_PATTERN = "Helsinki-NLP/opus-mt-{source}-{target}"

_ENGLISH = "en"

_SENTENCES_AT_ONCE = 16

_LONGEST_SENTENCE = 256

#: Kinds of models for many languages, which translate as they are told in codes of their own
#: (M2M100 and NLLB, mBART, PLBART, SeamlessM4T).
_MANY_LANGUAGES = frozenset(
    {"m2m_100", "mbart", "nllb-moe", "plbart", "seamless_m4t", "seamless_m4t_v2"}
)


class AugmentationError(DetectorError):
    """What was asked to make rows is not here, or failed; the message says what to install."""


@dataclass(frozen=True)
class Maker:
    """Something that makes a machine's version of an article.

    Attributes:
        name: what the rows' ``system`` says.
        label: ``spun`` or ``translated``.
        pivot: the language in between, if there is one.
        rewrite: takes articles and their ids, gives their versions.
    """

    name: str
    label: str
    pivot: str
    rewrite: Callable[[Sequence[str], Sequence[str]], list[str]]


def augment_documents(
    documents: pd.DataFrame, makers: Sequence[Maker]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Documents and the versions that `makers` give of the originals among them.

    Args:
        documents: as `make_documents` returns them.
        makers: see `list_makers`.

    Returns:
        The documents, the new ones last, and how many each maker added. A version that is the
        same as its original is left out.
    """
    originals = documents[documents["label"] == ORIGINAL].drop_duplicates("article_id")
    parts, counts = [documents], {}
    for maker in makers:
        texts = originals["text"].tolist()
        versions = maker.rewrite(texts, originals["article_id"].tolist())
        made = originals.assign(
            text=versions, label=maker.label, system=PREFIX + maker.name, pivot=maker.pivot
        )
        changed = made[[a.split() != b.split() for a, b in zip(texts, versions, strict=True)]]
        parts.append(changed)
        counts[maker.name] = len(changed)
    return pd.concat(parts, ignore_index=True), counts


def list_makers(
    names: Sequence[str],
    seed: int,
    round_trips: Sequence[str] = (),
    translators: Sequence[str] = (),
) -> tuple[list[Maker], list[str]]:
    """The makers of the names asked for.

    Args:
        names: of `METHODS`, or `ALL`: every one whose data is installed.
        seed: of the spinners.
        round_trips: languages to send articles through, as two-letter codes; each counts once.
        translators: model folders or hub names: one with ``{source}`` and ``{target}`` in it, or
            two, from English and back. `TRANSLATOR_PATTERN` unless given.

    Returns:
        The makers, and what was left out (under `ALL`), since it is not installed or fails.

    Raises:
        AugmentationError: one that was named is not installed, not known or fails, or two
            translators were given for several languages.
    """
    if unknown := sorted(set(names) - {*METHODS, ALL}):
        raise AugmentationError(f"no way to augment is called {unknown[0]!r}: {', '.join(METHODS)}")
    pivots = list(dict.fromkeys(round_trips))
    if len(translators) == 2 and len(pivots) > 1:
        raise AugmentationError(
            f"two translators go through one language, not through {', '.join(pivots)}; give "
            "--round-trip once, or --translator once with {source} and {target} in it"
        )
    makers, missing = [], []
    for name in METHODS if ALL in names else dict.fromkeys(names):
        try:
            makers.append(METHODS[name](seed))
        except (MissingPackageError, ApertiumError) as error:
            if ALL not in names:
                raise AugmentationError(str(error)) from error
            missing.append(f"{name}: {error}")
    makers += [_make_translator(pivot, translators) for pivot in pivots]
    return makers, missing


def _make_spinner(name: str, list_name: str, seed: int) -> Maker:
    lists = SynonymLists()
    # A missing file shows only when a word is looked up.
    lists.open(list_name).candidates("house", "noun")
    spinners = [lists.make_spinner([list_name], rate, seed) for rate in AUGMENTATION_SPIN_RATES]

    def rewrite(texts: Sequence[str], articles: Sequence[str]) -> list[str]:
        drawn = [int(hash_fraction(f"{a}{name}{seed}") * len(spinners)) for a in articles]
        return [spinners[i].spin(text).text for i, text in zip(drawn, texts, strict=True)]

    return Maker(name, SPUN, "", rewrite)


def _make_apertium(pivot: str, seed: int) -> Maker:
    engine = ApertiumRoundTrip(pivot)
    engine.translate(["The house is old."])

    def rewrite(texts: Sequence[str], articles: Sequence[str]) -> list[str]:
        return rewrite_sentences(texts, engine.translate)

    return Maker(engine.name, TRANSLATED, {"spa": "es", "cat": "ca"}[pivot], rewrite)


METHODS: Mapping[str, Callable[[int], Maker]] = {
    "thesaurus": partial(_make_spinner, "thesaurus", AIKSAURUS),
    "wordnet": partial(_make_spinner, "wordnet", WORDNET),
    **{
        f"dictionary-{pivot}": partial(_make_spinner, f"dictionary-{pivot}", f"freedict-{pivot}")
        for pivot in ("deu", "fra", "spa")
    },
    **{f"apertium-{pivot}": partial(_make_apertium, pivot) for pivot in ("spa", "cat")},
}


def _make_translator(pivot: str, translators: Sequence[str]) -> Maker:
    forth, back = name_translators(pivot, translators)
    trip = NeuralRoundTrip(forth, back)

    def rewrite(texts: Sequence[str], articles: Sequence[str]) -> list[str]:
        return rewrite_sentences(texts, trip.translate)

    return Maker(f"{forth} and back", TRANSLATED, pivot, rewrite)


def name_translators(pivot: str, translators: Sequence[str]) -> tuple[str, str]:
    """The models from English into `pivot` and back.

    Raises:
        AugmentationError: neither a pattern nor two names were given.
    """
    given = list(translators) or [TRANSLATOR_PATTERN]
    if len(given) == 2:
        return given[0], given[1]
    if len(given) == 1 and "{source}" in given[0] and "{target}" in given[0]:
        pattern = given[0]
        # No str.format: a path may hold braces of its own.
        there, home = (
            pattern.replace("{source}", source).replace("{target}", target)
            for source, target in ((_ENGLISH, pivot), (pivot, _ENGLISH))
        )
        return there, home
    raise AugmentationError(
        "a round trip takes two translators, from English and back; give --translator twice, or "
        f"once with {{source}} and {{target}} in it, such as {TRANSLATOR_PATTERN}"
    )


class NeuralRoundTrip:
    """English → another language → English through two translation models of transformers.

    Args:
        forth: folder or hub name of the model from English (MarianMT: Junczys-Dowmunt et al. 2018).
        back: of the model into English.

    Raises:
        AugmentationError: transformers or a model cannot be loaded, or a model is for many
            languages.
    """

    def __init__(self, forth: str, back: str) -> None:
        self._steps = [_load_translator(name) for name in (forth, back)]

    def translate(self, sentences: list[str]) -> list[str]:
        """Send sentences round, in order; nothing is drawn at random."""
        for tokenizer, model in self._steps:
            sentences = [
                text
                for at in range(0, len(sentences), _SENTENCES_AT_ONCE)
                for text in _translate_batch(
                    sentences[at : at + _SENTENCES_AT_ONCE], tokenizer, model
                )
            ]
        return sentences


def _load_translator(name: str) -> tuple[Any, Any]:
    try:
        from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer
    except ImportError as error:
        raise AugmentationError(
            "translators need transformers: pip install 'mt-artifact-detector[train]'"
        ) from error
    try:
        kind = AutoConfig.from_pretrained(name).model_type
        if kind in _MANY_LANGUAGES:
            raise AugmentationError(
                f"translator {name}: of the kind {kind}, for many languages, it would have to be "
                "told which; give two models that have one language each way, such as "
                f"{TRANSLATOR_PATTERN}"
            )
        return (
            AutoTokenizer.from_pretrained(name),
            AutoModelForSeq2SeqLM.from_pretrained(name).eval(),
        )
    except ImportError as error:
        raise AugmentationError(
            f"translator {name}: its tokenizer needs another package: pip install sentencepiece "
            f"({error})"
        ) from error
    except (OSError, ValueError) as error:
        raise AugmentationError(
            f"translator {name}: cannot be loaded: {describe_loading_error(name, error)}; give the "
            "folder of a translation model, or a name where a hub can be reached"
        ) from error


def _translate_batch(sentences: list[str], tokenizer: Any, model: Any) -> list[str]:
    import torch

    # One place is the decoder's start. T5 has no places, only distances.
    places = getattr(model.config, "max_position_embeddings", _LONGEST_SENTENCE + 1)
    longest = min(_LONGEST_SENTENCE, places - 1)
    encoded = tokenizer(
        sentences, return_tensors="pt", padding=True, truncation=True, max_length=longest
    )
    encoded.pop("token_type_ids", None)
    with torch.no_grad():
        generated = model.generate(**encoded, num_beams=1, do_sample=False, max_new_tokens=longest)
    texts = tokenizer.batch_decode(generated, skip_special_tokens=True)
    return [" ".join(text.split()) for text in texts]
