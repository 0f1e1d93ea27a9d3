"""Sentence and token embeddings from a sentence-transformers model folder, run by ONNX Runtime.

Scoring imports neither torch nor transformers: the folder's ``tokenizer.json`` is read by
tokenizers, its ``onnx/`` model by ONNX Runtime. `sentence_transformers.SentenceTransformer`
opens the same folder and gives the same embeddings.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from detector.choices import check_count
from detector.cores import count_cores
from detector.errors import BundleError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


Floats = npt.NDArray[np.float32]

#: Sought in this order below the model folder.
_ONNX_FILES = ("onnx/model_quantized.onnx", "onnx/model.onnx")

#: Metadata of a model whose int8 products cannot saturate, see `_may_saturate`.
NO_SATURATION = "no_saturation"

_MAXIMUM_TOKENS = 96

_METADATA_BYTES = 1024

# Small batches stay in the processor's cache: 256 tokens ran twice as fast as 3,072 (measured).
_TOKENS_PER_BATCH = 256


@dataclass(frozen=True, slots=True)
class EncodedSentences:
    """The encodings of n sentences.

    Attributes:
        embeddings: (n, width), the mean of each sentence's token embeddings.
        word_scores: for each sentence, one value per word: the token head's log-odds, the highest
            of the word's pieces; NaN for words beyond the encoder's length.
        word_embeddings: for each sentence (words, width), the mean of each word's pieces in its
            place; 0 for words beyond the encoder's length.
    """

    embeddings: Floats
    word_scores: list[Floats]
    word_embeddings: list[Floats]


#: The words of a sentence, and the token head.
_Key = tuple[tuple[str, ...], bytes, float]

#: A sentence's embedding, the scores of its words, and their embeddings.
_Encoding = tuple[Floats, Floats, Floats]


class SentenceEncoder:
    """A sentence-transformers folder ready to encode words.

    It may be pickled, copied and used in a forked child: the threads are started in each process
    when it first encodes, and a pickle holds no more than the folder's name.

    Args:
        folder: holds ``tokenizer.json`` and ``onnx/model_quantized.onnx`` or ``onnx/model.onnx``,
            whose output ``last_hidden_state`` is (sentences, tokens, width).
        threads: batches encoded at a time; as many as cores unless told.
        memory: encodings of so many sentences are kept, for those that come again. For models that
            this package exports: in others a sentence's figures depend on its document.

    Raises:
        BundleError: a file is missing or cannot be read.
        TypeError, ValueError: `threads` is no whole number, or it is below 1.
    """

    def __init__(
        self, folder: str | os.PathLike[str], threads: int | None = None, memory: int = 0
    ) -> None:
        self.folder = Path(folder)
        self.threads = None if threads is None else check_count("threads", threads)
        self.memory = memory
        self._known: OrderedDict[_Key, _Encoding] = OrderedDict()
        # Either takes some 40 ms, and ONNX Runtime leaves Python to others meanwhile.
        with ThreadPoolExecutor(1) as pool:
            session = pool.submit(_load_session, self.folder)
            self._tokenizer = _load_tokenizer(self.folder)
        # With one thread inside, a session has none that a forked child would miss.
        self._session = session.result()
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._pool: ThreadPoolExecutor | None = None
        self._process = 0  # that the pool's threads run in

    def __reduce__(self) -> tuple[Any, ...]:
        return SentenceEncoder, (self.folder, self.threads, self.memory)

    @property
    def width(self) -> int:
        """Dimensions of an embedding."""
        return int(self._session.get_outputs()[0].shape[-1])

    def embed(self, sentences: Sequence[str]) -> Floats:
        """Embeddings (n, width) of plain sentences, as `SentenceTransformer.encode` gives them."""
        head = np.zeros((self.width, 1), dtype=np.float32)
        return self.encode([s.split() for s in sentences], head, 0.0).embeddings

    def encode(
        self, sentences: Sequence[Sequence[str]], token_weights: Floats, token_bias: float
    ) -> EncodedSentences:
        """Encode the sentences of one document, given as words, batched by length.

        Models that this package exports scale each token by itself, so that a sentence's figures
        do not depend on what is encoded with it. In a model that ONNX Runtime quantised, they do a
        little: give one document at a time, and they depend on that document alone.

        Args:
            sentences: the words of each sentence (`detector.text.masking.MaskedSentence.words`).
            token_weights: (width, 1), the token head.
            token_bias: its bias.
        """
        if not self.memory:
            return self._encode(sentences, token_weights, token_bias)
        head = token_weights.tobytes(), token_bias
        keys = [(tuple(words), *head) for words in sentences]
        new = [key for key in dict.fromkeys(keys) if key not in self._known]
        encoded = self._encode([words for words, *_ in new], token_weights, token_bias)
        parts = encoded.embeddings, encoded.word_scores, encoded.word_embeddings
        self._known.update(zip(new, zip(*parts, strict=True), strict=True))
        found = [self._known[key] for key in keys]
        while len(self._known) > self.memory:
            self._known.popitem(last=False)
        embeddings = np.reshape([f[0] for f in found], (len(found), self.width))
        return EncodedSentences(
            embeddings.astype(np.float32), [f[1] for f in found], [f[2] for f in found]
        )

    def _encode(
        self, sentences: Sequence[Sequence[str]], token_weights: Floats, token_bias: float
    ) -> EncodedSentences:
        embeddings = np.zeros((len(sentences), self.width), dtype=np.float32)
        word_scores: list[Floats] = [np.empty(0, dtype=np.float32)] * len(sentences)
        word_embeddings = [np.empty((0, self.width), dtype=np.float32)] * len(sentences)
        encodings = self._tokenizer.encode_batch(
            [list(words) or [""] for words in sentences], is_pretokenized=True
        )

        def encode_batch(rows: list[int]) -> None:
            width = len(encodings[rows[-1]].ids)
            ids = np.zeros((len(rows), width), dtype=np.int64)
            mask = np.zeros((len(rows), width), dtype=np.int64)
            for i, row in enumerate(rows):
                tokens = encodings[row].ids
                ids[i, : len(tokens)] = tokens
                mask[i, : len(tokens)] = 1
            hidden = self._run(ids, mask)
            weights = mask[:, :, None].astype(np.float32)
            embeddings[rows] = (hidden * weights).sum(1) / weights.sum(1)
            scores = (hidden @ token_weights)[:, :, 0] + token_bias
            joined = _join_pieces(
                scores,
                hidden,
                [encodings[row].word_ids for row in rows],
                [len(sentences[row]) for row in rows],
            )
            for row, (highest, mean) in zip(rows, joined, strict=True):
                word_scores[row], word_embeddings[row] = highest, mean

        # Batches side by side, a thread each: small ones gain nothing from threads within.
        batches = _batch_by_length([len(e.ids) for e in encodings])
        list(self._open_pool().map(encode_batch, batches))
        return EncodedSentences(embeddings, word_scores, word_embeddings)

    def _open_pool(self) -> ThreadPoolExecutor:
        """This process's threads: those of the parent do not live on in a forked child."""
        pool = self._pool
        if pool is None or self._process != os.getpid():
            pool = ThreadPoolExecutor(self.threads or count_cores())
            self._pool, self._process = pool, os.getpid()
        return pool

    def _run(self, ids: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> Floats:
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        outputs = self._session.run(
            ["last_hidden_state"], {k: v for k, v in feed.items() if k in self._inputs}
        )
        return np.asarray(outputs[0], dtype=np.float32)


def _batch_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows in batches of about one length, at most `_TOKENS_PER_BATCH` padded tokens each."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > _TOKENS_PER_BATCH:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _join_pieces(
    scores: Floats,
    hidden: Floats,
    word_ids: Sequence[Sequence[int | None]],
    sizes: Sequence[int],
) -> list[tuple[Floats, Floats]]:
    """Each word's highest score and mean state, of its pieces, which stand side by side.

    Args:
        scores: (sentences, tokens).
        hidden: (sentences, tokens, width).
        word_ids: of each sentence's tokens, as many as it has.
        sizes: words of each sentence.
    """
    ends = np.cumsum(sizes)
    # Number of the word of each token, counted through the batch; -1 for what is of no word.
    numbers = np.full(scores.shape, -1, dtype=np.int64)
    for row, (ids, size, end) in enumerate(zip(word_ids, sizes, ends, strict=True)):
        known = np.array(ids, dtype=np.float64)  # None becomes not a number
        inside = known < size
        numbers[row, : len(ids)][inside] = known[inside].astype(np.int64) + end - size
    places = np.flatnonzero(numbers >= 0)
    highest = np.full(ends[-1], np.nan, dtype=np.float32)
    mean = np.zeros((ends[-1], hidden.shape[-1]), dtype=np.float32)
    if len(places):
        states = hidden.reshape(-1, hidden.shape[-1])
        words = numbers.ravel()[places]
        starts = np.flatnonzero(np.diff(words, prepend=-1))
        highest[words[starts]] = np.maximum.reduceat(scores.ravel()[places], starts)
        pieces = np.diff(starts, append=len(places))
        mean[words[starts]] = states[places[starts]]
        if (several := np.flatnonzero(pieces > 1)).size:
            counts = pieces[several]
            rows = np.repeat(pieces > 1, pieces)
            sums = np.add.reduceat(states[places[rows]], np.cumsum(counts) - counts)
            mean[words[starts[several]]] = sums / counts[:, None]
    return list(zip(np.split(highest, ends[:-1]), np.split(mean, ends[:-1]), strict=True))


def _load_tokenizer(folder: Path):  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer

    path = folder / "tokenizer.json"
    if not path.is_file():
        raise BundleError(f"{path}: missing; the encoder needs its tokenizer")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing more particular
        raise BundleError(f"{path}: not a tokenizer: {error}") from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(_MAXIMUM_TOKENS)
    return tokenizer


def _load_session(folder: Path) -> InferenceSession:
    import onnxruntime

    path = next((folder / name for name in _ONNX_FILES if (folder / name).is_file()), None)
    if path is None:
        raise BundleError(f"{folder}: holds none of {', '.join(_ONNX_FILES)}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # A buffer for every sentence length ever seen would stay allocated: memory must stay flat.
    options.enable_mem_pattern = False
    if _may_saturate(path):
        options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # ONNX Runtime raises its own, unexported classes
        raise BundleError(f"{path}: not a model that ONNX Runtime can read: {error}") from error
    if "last_hidden_state" not in {node.name for node in session.get_outputs()}:
        raise BundleError(f"{path}: has no output last_hidden_state")
    return session


def _may_saturate(path: Path) -> bool:
    """Whether a model needs the slow product of 8 bits where the processor lacks VNNI instructions.

    There, sums of two products saturate at 16 bits, and embeddings are others (measured: cosine .87
    to the float model's), unless weights were chosen so that they cannot. Such a model says so in
    its metadata, which stand at the end of the file.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _METADATA_BYTES))
        return NO_SATURATION.encode() not in stream.read()
