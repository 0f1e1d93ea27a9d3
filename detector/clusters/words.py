"""The words of a text as numbers: what tells cheaply that two texts may stem from one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import LCSseq

from detector.references.vectors import WORD_BUCKETS, list_words
from detector.text.document import MAXIMUM_CHARACTERS

Words = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# As if so many texts with none of these words were in the crawl: in a small one, each word would
# otherwise seem common.
_PRIOR_TEXTS = 1000

_BLOCK_TEXTS = 2000

_MOST_OFTEN = 255

_WEIGHTS = 1.0 + np.log(np.maximum(np.arange(_MOST_OFTEN + 1), 1))


def encode_words(text: str) -> bytes:
    """The hashed words of a text in their order, those without meaning of their own left out."""
    return list_words(text[:MAXIMUM_CHARACTERS]).tobytes()


def count_each_word(sequence: Words) -> tuple[Words, npt.NDArray[np.uint8]]:
    """The words of a text, each once, in rising order, and how often each stands there."""
    own, counts = np.unique(sequence, return_counts=True)
    return own, np.minimum(counts, _MOST_OFTEN).astype(np.uint8)


def measure_rarity(frequencies: Integers, texts: int) -> Floats:
    """Inverse document frequency of each word, by the number of texts that it stands in."""
    rarity: Floats = np.log(np.maximum((texts + _PRIOR_TEXTS) / (frequencies + 1.0), 1.0))
    return rarity


def weigh_words(words: Words, counts: npt.NDArray[np.uint8], rarity: Floats) -> Floats:
    """How much each word of a text weighs: the oftener and the rarer, the more."""
    weights: Floats = _WEIGHTS[counts] * rarity[words]
    return weights


def measure_order(one: Words, other: Words, rarity: Floats) -> float:
    """How much of the shorter of two texts stands in the other in the same order, 0 to 1.

    The longest common subsequence of their words, as `encode_words` lists them, each word counted
    by its rarity. Reports of the same event share names and numbers, but hardly their order; a
    translation and back does. What strangers have in the same order are common words.
    """
    shorter, longer = (one, other) if len(one) <= len(other) else (other, one)
    weights = rarity[shorter]
    total = float(weights.sum())
    if total <= 0.0:
        return 0.0
    shared = 0.0
    for run in LCSseq.opcodes(shorter.tolist(), longer.tolist()):
        if run.tag == "equal":
            shared += float(weights[run.src_start : run.src_end].sum())
    return shared / total


class CrawlWords:
    """The words of all texts of a crawl, in files that are mapped into memory.

    Args:
        read: yields what `encode_words` made of each text, in order.
        folder: where the files are made.

    Attributes:
        frequencies: in how many texts each word stands.
        rarity: inverse document frequency of each word.
        lengths: of each text's TF-IDF vector.
    """

    def __init__(self, read: Callable[[], Iterator[bytes]], folder: Path) -> None:
        self.frequencies = np.zeros(WORD_BUCKETS, np.int64)
        self._ends, self._sequence_ends = _write_words(read(), folder, self.frequencies)
        self._words = _map_file(folder / "words", np.uint32)
        self._counts = _map_file(folder / "counts", np.uint8)
        self._sequences = _map_file(folder / "sequences", np.uint32)
        self.rarity = measure_rarity(self.frequencies, len(self))
        self.lengths = np.array([np.linalg.norm(self.weigh(n)) for n in range(len(self))])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def blocks(self) -> Iterator[range]:
        """The texts' numbers, some thousands at a time."""
        for start in range(0, len(self), _BLOCK_TEXTS):
            yield range(start, min(start + _BLOCK_TEXTS, len(self)))

    def get(self, number: int) -> Words:
        """The words of a text, each once, in rising order."""
        words: Words = self._words[self._ends[number] : self._ends[number + 1]]
        return words

    def list_block(self, block: range) -> tuple[Words, Integers]:
        """The words of all texts of a block, and the text of each."""
        ends = self._ends[block.start : block.stop + 1]
        texts = np.repeat(np.arange(block.start, block.stop), np.diff(ends))
        return np.asarray(self._words[ends[0] : ends[-1]]), texts

    def weigh(self, number: int) -> Floats:
        """How much each word of a text weighs: the oftener and the rarer, the more."""
        counts = self._counts[self._ends[number] : self._ends[number + 1]]
        return weigh_words(self.get(number), counts, self.rarity)

    def measure_order(self, one: int, other: int) -> float:
        """See the function of this name."""
        return measure_order(self._get_sequence(one), self._get_sequence(other), self.rarity)

    def _get_sequence(self, number: int) -> Words:
        ends = self._sequence_ends
        sequence: Words = self._sequences[ends[number] : ends[number + 1]]
        return sequence


def _write_words(
    texts: Iterator[bytes], folder: Path, frequencies: Integers
) -> tuple[Integers, Integers]:
    """Write the files, count frequencies, and tell where each text ends in them."""
    ends, sequence_ends = [0], [0]
    with (
        (folder / "words").open("wb") as words,
        (folder / "counts").open("wb") as counts,
        (folder / "sequences").open("wb") as sequences,
    ):
        for content in texts:
            sequence = np.frombuffer(content, np.uint32)
            own, often = count_each_word(sequence)
            frequencies[own] += 1
            words.write(own.tobytes())
            counts.write(often.tobytes())
            sequences.write(content)
            ends.append(ends[-1] + len(own))
            sequence_ends.append(sequence_ends[-1] + len(sequence))
    return np.array(ends), np.array(sequence_ends)


def _map_file(path: Path, dtype: type[np.generic]) -> npt.NDArray[Any]:
    if not path.stat().st_size:
        return np.empty(0, dtype)
    return np.memmap(path, dtype, "r")
