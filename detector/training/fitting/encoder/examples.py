"""What an encoder is tuned on: sentences cut into its tokens, with what is asked of each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from detector.io.atomic_files import replace_whole
from detector.model.classes import SENTENCE_CLASSES
from detector.training.corpora.labelled_pairs import OWN, UNLABELLED, LabelledPair
from detector.training.fitting.encoder.settings import TuningConfig
from detector.training.fitting.encoder.tuned_encoder import HUMAN_TRANSLATION, NATIVE

_PAIRS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Side:
    """One sentence: token ids, whether each is a machine's own word, and its weight in the loss."""

    ids: Sequence[int]
    labels: Sequence[float]
    weights: Sequence[float]


@dataclass(frozen=True, slots=True)
class Example:
    """A human sentence with its class, and a machine's version of it with its own, if there is one.

    Classes are indices of `detector.model.classes.SENTENCE_CLASSES`.
    """

    original: Side
    original_label: int
    text: Side | None = None
    label: int = -1

    @property
    def sides(self) -> int:
        """Two for a pair, one for an unpaired sentence."""
        return 1 if self.text is None else 2

    @property
    def length(self) -> int:
        """Tokens of the longer side."""
        return max(len(self.original.ids), 0 if self.text is None else len(self.text.ids))


class Unpaired(NamedTuple):
    """A human sentence without a machine's version.

    Attributes:
        words: of the masked sentence.
        label: its class, by name.
    """

    words: tuple[str, ...]
    label: str


def prepare_examples(
    pairs: Iterable[LabelledPair],
    tokenizer: Any,
    config: TuningConfig,
    unpaired: Iterable[Unpaired] = (),
) -> Iterator[Example]:
    """Cut labelled pairs, then unpaired sentences into the encoder's tokens."""
    remaining = iter(pairs)
    while part := list(islice(remaining, _PAIRS_AT_ONCE)):
        yield from _prepare_pairs(part, tokenizer, config)
    alone = iter(unpaired)
    while some := list(islice(alone, _PAIRS_AT_ONCE)):
        encoded = _encode([list(item.words) for item in some], tokenizer, config)
        for item, ids in zip(some, encoded["input_ids"], strict=True):
            nothing = [0.0] * len(ids)
            yield Example(Side(ids, nothing, nothing), SENTENCE_CLASSES.index(item.label))


def _encode(words: list[list[str]], tokenizer: Any, config: TuningConfig) -> Any:
    return tokenizer(
        words, is_split_into_words=True, truncation=True, max_length=config.maximum_tokens
    )


def _prepare_pairs(
    pairs: Sequence[LabelledPair], tokenizer: Any, config: TuningConfig
) -> Iterator[Example]:
    masked = [list(side.words) for pair in pairs for side in (pair.original, pair.text)]
    encoded = _encode(masked, tokenizer, config)
    for i, pair in enumerate(pairs):
        sides = []
        for j, words in ((2 * i, pair.original_words), (2 * i + 1, pair.text_words)):
            of_tokens = [UNLABELLED if w is None else words[w] for w in encoded.word_ids(j)]
            labels = [float(j % 2 == 1 and word == OWN) for word in of_tokens]
            weights = [_weigh(word, config) for word in of_tokens]
            sides.append(Side(encoded["input_ids"][j], labels, weights))
        origin = HUMAN_TRANSLATION if pair.is_translation else NATIVE
        yield Example(sides[0], origin, sides[1], SENTENCE_CLASSES.index(pair.kind))


def _weigh(word: int, config: TuningConfig) -> float:
    if word == UNLABELLED:
        return 0.0
    return 1.0 if word == OWN else config.shared_word_weight


def draw_versions(examples: Sequence[Example], rng: random.Random) -> list[Example]:
    """One machine version of each original sentence, drawn at random, and all unpaired sentences.

    A large encoder knows originals by heart that come several times.
    """
    versions: dict[tuple[int, ...], list[Example]] = {}
    for at, example in enumerate(examples):
        # No sentence's ids are one negative number.
        key = (-1 - at,) if example.text is None else tuple(example.original.ids)
        versions.setdefault(key, []).append(example)
    return [rng.choice(of_original) for of_original in versions.values()]


def make_batches(
    examples: Sequence[Example], config: TuningConfig, rng: random.Random
) -> list[list[int]]:
    """Batches of examples of about one length, within the token budget, in random order."""
    order = sorted(range(len(examples)), key=lambda i: (examples[i].length, rng.random()))
    batches: list[list[int]] = []
    batch: list[int] = []
    sides = 0
    for i in order:
        more = examples[i].sides
        if batch and (sides + more) * examples[i].length > config.tokens_per_batch:
            batches.append(batch)
            batch, sides = [], 0
        batch.append(i)
        sides += more
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def collate(examples: Sequence[Example], device: torch.device) -> dict[str, torch.Tensor]:
    """Tensors of a batch: human sides of the pairs, their machine sides, unpaired sentences.

    ``pairs`` is how many pairs there are.
    """
    paired = [(e.original, e.text) for e in examples if e.text is not None]
    alone = [e for e in examples if e.text is None]
    sides = [s for s, _ in paired] + [t for _, t in paired] + [e.original for e in alone]
    width = max(len(s.ids) for s in sides)

    def pad(rows: Iterator[Sequence[float]], dtype: torch.dtype) -> torch.Tensor:
        padded = [list(row) + [0] * (width - len(row)) for row in rows]
        return torch.tensor(padded, dtype=dtype, device=device)

    of_pairs = [e for e in examples if e.text is not None]
    labels = [e.original_label for e in of_pairs] + [e.label for e in of_pairs]
    return {
        "ids": pad((s.ids for s in sides), torch.long),
        "mask": pad(([1] * len(s.ids) for s in sides), torch.long),
        "token_labels": pad((s.labels for s in sides), torch.float32),
        "token_weights": pad((s.weights for s in sides), torch.float32),
        "labels": torch.tensor(labels + [e.original_label for e in alone], device=device),
        "pairs": torch.tensor(len(paired)),
    }


def save_examples(path: Path, examples: Iterable[Example], key: str) -> None:
    """Write examples compactly, whole or not at all.

    Args:
        path: an ``.npz`` file.
        examples: of `prepare_examples`.
        key: what they were made of, see `load_examples`.
    """
    columns: dict[str, list[npt.NDArray[Any]]] = {"ids": [], "labels": [], "weights": []}
    heads = []
    for example in examples:
        heads.append((example.original_label, example.label))
        sides = [example.original] if example.text is None else [example.original, example.text]
        for side in sides:
            columns["ids"].append(np.asarray(side.ids, dtype=np.int32))
            columns["labels"].append(np.asarray(side.labels, dtype=np.float16))
            columns["weights"].append(np.asarray(side.weights, dtype=np.float32))
    lengths = np.array([len(ids) for ids in columns["ids"]])
    arrays: dict[str, Any] = {name: np.concatenate(some) for name, some in columns.items()}
    arrays |= {"heads": np.array(heads), "lengths": lengths, "key": np.array(key)}
    with replace_whole(path) as stream:
        np.savez_compressed(stream, **arrays)


def load_examples(path: Path, key: str) -> list[Example] | None:
    """What `save_examples` wrote; None if it is not there or was made of something else."""
    if not path.is_file():
        return None
    with np.load(path) as stored:
        if str(stored["key"]) != key:
            return None
        bounds = np.cumsum(stored["lengths"])[:-1]
        parts = [np.split(stored[name], bounds) for name in ("ids", "labels", "weights")]
        heads = stored["heads"].tolist()
    sides = (Side(*columns) for columns in zip(*parts, strict=True))
    return [
        Example(next(sides), origin)
        if label < 0
        else Example(next(sides), origin, next(sides), label)
        for origin, label in heads
    ]
