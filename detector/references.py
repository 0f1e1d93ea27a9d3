"""An on-disk index of originals: which of a million articles is this text a copy of?

Texts are compared by the cosine of their TF-IDF vectors over words (crudely stemmed) and the
4-grams of characters inside words. That finds an original behind a translation and back, or behind
a synonym spinner; shingles of words, which most duplicate finders use, do not. The words' posting
lists choose a few candidates, whose vectors are then made from their stored texts and compared in
full. How common a feature is, is counted over the whole index.

On disk an index is a folder of *segments*, files that are never changed once written, and a
manifest that names the ones that count. A writer adds segments, merges small ones into larger ones
and then puts a new manifest in place of the old in one step: whoever reads sees the index as it was
before, or as it is after. Readers map the segments into memory and hold no lock.
"""

from __future__ import annotations

import hashlib
import html
import json
import math
import mmap
import os
import re
import unicodedata
import uuid
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from detector.errors import DetectorError
from detector.readers import BadInput, Document

FORMAT = "mt-artifact-detector-references"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"

MINIMUM_SCORE = 0.35
"""Candidates below this cosine are not reported.

The more articles an index holds, the lower copies score: among a million, the lowest half per cent
of 300 spun articles at .37 and of 490 round trips at .44. Without its original among 100,000
articles, 99 % of round trips of other articles stay below .36, while reports of the same event
(5 % of Wikinews's) reach .5: which of them a text stems from is for a comparison to tell.
"""

LOCK_TIMEOUT = 60.0
"""Seconds that a writer waits for another one by default."""

_LOCK = "write.lock"
_NEW_MANIFEST = "manifest.json.new"
_OWN_FILE = re.compile(r"(?:segment|deleted)-[0-9a-f]{32}\.bin")
_MANIFEST_LIMIT = 64 * 1024 * 1024

# Features are hashed: words into one range of numbers, character n-grams into the next.
_WORD_BUCKETS = 1 << 22
_GRAM_BUCKETS = 1 << 18
_BUCKETS = _WORD_BUCKETS + _GRAM_BUCKETS
_NO_FEATURE = np.uint32(0xFFFFFFFF)
_GRAM = 4
_CACHED_WORDS = 1 << 17
# As if so many documents with none of these words were in the index: in a small one, each word
# would otherwise seem common, and the same pair of texts would score otherwise in a large one.
_PRIOR_DOCUMENTS = 1000

# A query reads the posting lists of its most telling words, until either is reached.
_QUERY_WORDS = 128
_QUERY_POSTINGS = 2_000_000
# So many candidates are compared in full, or some more than are asked for. The posting lists alone
# put 1,511 of 1,516 originals first among 8,869 articles, and the other 5 second.
_COMPARED = 8
_COMPARED_BEYOND = 3

# A new segment is written when either is reached; together they bound a writer's memory.
_SEGMENT_DOCUMENTS = 50_000
_SEGMENT_BYTES = 96 * 1024 * 1024
# Segments of about one size are merged when there are so many of them.
_MERGED_SEGMENTS = 8
_MERGED_POSTINGS = 4_000_000
_COPY_BYTES = 16 * 1024 * 1024
_ALIGNMENT = 8
_OPEN_ATTEMPTS = 10

Id = str | int | float
Array = npt.NDArray[Any]


class ReferenceIndexError(DetectorError):
    """An index of originals cannot be found, trusted, read or written."""


@dataclass(frozen=True)
class Candidate:
    """A stored document that a text may be a copy of.

    Attributes:
        id: the id it was added with.
        score: cosine of the two texts' vectors, 0 (nothing in common) to 1 (the same words).
        place: file and row it was read from; "" if it was added by hand.
        text: the stored original.
    """

    id: Id
    score: float
    place: str
    text: str


@dataclass(frozen=True)
class Additions:
    """What became of the documents of one `ReferenceIndex.add`.

    Attributes:
        added: documents whose id was new.
        replaced: documents whose id stood for another text, which they replace.
        unchanged: documents that were in the index already, with this id and text.
        refused: inputs that hold nothing to add; each was reported with its reason.
    """

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    refused: int = 0


@dataclass(frozen=True)
class IndexInfo:
    """What an index holds: documents, those deleted but not yet gone, segments, bytes on disk."""

    folder: str
    format_version: int
    documents: int
    deleted: int
    segments: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


# --------------------------------------------------------------------------------------
# Texts as vectors
# --------------------------------------------------------------------------------------

_LONGEST_WORD = 40
# Bytes outside ASCII belong to words; the marks among them are blanked beforehand.
_TO_BLANKS = bytes(b if b > 127 or chr(b).isalnum() else 32 for b in range(256))
# Accents, once they are taken apart from their letters, and characters that nobody sees.
_ACCENTS = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff]+")
_MARKS = re.compile(r"[^\w\x00-\x7f]+")
# In every article, so they tell none apart; their posting lists would be a third of an index.
_STOP_WORDS = frozenset(
    b"""
    about after all also an and any are as at be been being but by can could did do does for from
    had has have he her him his how if in into is it its may more most my no not of on one or our
    out over re said say says she should so some such than that the their them then there these
    they this those to two up us ve was we were what when which who will with would you your
    """.split()
)


@lru_cache(maxsize=_CACHED_WORDS)
def _hash_word(word: bytes) -> npt.NDArray[np.uint32]:
    """Features of a word: its stem's and those of its n-grams; a stop word or letter has none."""
    if word in _STOP_WORDS or len(word) < 2:
        return np.empty(0, np.uint32)
    padded = b" %b " % word
    grams = [padded[i : i + _GRAM] for i in range(len(padded) - _GRAM + 1)]
    hashes = [_WORD_BUCKETS + zlib.crc32(gram) % _GRAM_BUCKETS for gram in grams]
    return np.array([zlib.crc32(_stem(word)) % _WORD_BUCKETS, *hashes], dtype=np.uint32)


def _stem(word: bytes) -> bytes:
    """A word without the commonest endings: "reports", "reported", "reporting" become one."""
    for ending, shortest, instead in (
        (b"ies", 6, b"y"), (b"ing", 6, b""), (b"ed", 5, b""), (b"es", 5, b""), (b"s", 4, b""),
    ):  # fmt: skip
        if word.endswith(ending) and len(word) >= shortest and not word.endswith(b"ss"):
            return word[: -len(ending)] + instead
    return word


def _count_words(text: str) -> Counter[bytes]:
    """How often each word stands in a text, in small letters, without accents, as UTF-8."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _MARKS.sub(" ", _ACCENTS.sub("", unicodedata.normalize("NFKD", text)))
    counts = Counter(text.lower().encode().translate(_TO_BLANKS).split())
    if counts and max(map(len, counts)) > _LONGEST_WORD:
        # A text without blanks, or with an image in it: one such "word" must not cost more.
        return Counter(word[:_LONGEST_WORD] for word in counts.elements())
    return counts


def _list_features(text: str) -> npt.NDArray[np.uint32]:
    """The hashed features of a text, each once, in rising order: words, then n-grams."""
    hashes = list(map(_hash_word, _count_words(text)))
    features = np.sort(np.concatenate(hashes)) if hashes else np.empty(0, np.uint32)
    # quicker by far than numpy.unique, which hashes
    return features[np.flatnonzero(np.diff(features, prepend=_NO_FEATURE))]


class _Vector(NamedTuple):
    """Features of a text as `_list_features` has them, with the logarithm of their counts."""

    features: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float64]


def _make_vector(text: str) -> _Vector:
    counts = _count_words(text)
    if not counts:
        return _Vector(np.empty(0, np.uint32), np.empty(0))
    hashes = list(map(_hash_word, counts))
    repeats = np.repeat(
        np.fromiter(counts.values(), np.float64, len(counts)),
        np.fromiter(map(len, hashes), np.int64, len(counts)),
    )
    features, places = np.unique(np.concatenate(hashes), return_inverse=True)
    return _Vector(features, 1.0 + np.log(np.bincount(places, repeats)))


def _count_leading_words(features: npt.NDArray[np.uint32]) -> int:
    """How many of a text's features are words; these come first."""
    return int(np.searchsorted(features, np.uint32(_WORD_BUCKETS)))


# --------------------------------------------------------------------------------------
# Ids
# --------------------------------------------------------------------------------------


class _RefusedError(Exception):
    """Why a document cannot be added, on its way to becoming a `BadInput`."""


def _encode_id(identity: Any) -> str:
    """An id as JSON, so that 7 and "7" differ."""
    if isinstance(identity, np.generic):
        identity = identity.item()
    if not isinstance(identity, (str, int, float)):
        raise _RefusedError(f"the id is a {type(identity).__name__}, neither text nor a number")
    if identity != identity or identity in (math.inf, -math.inf):
        raise _RefusedError(f"the id {identity} is no number")
    return json.dumps(identity)


def _hash_bytes(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little")


def _encode_text(text: str) -> bytes:
    # Half a surrogate pair is no character, but what was added must come back.
    return text.encode("utf-8", "surrogatepass")


def _compress(text: str) -> bytes:
    return zlib.compress(_encode_text(text))


# --------------------------------------------------------------------------------------
# The manifest
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Entry:
    """What the manifest knows of a segment.

    Attributes:
        name: its file.
        bytes: size of the file.
        documents: how many it holds, the deleted ones included.
        arrays: name → type, offset in bytes and length of each array in the file.
        deleted: how many documents of it are deleted.
        deleted_name: the file that lists them; "" if there are none.
    """

    name: str
    bytes: int
    documents: int
    arrays: Mapping[str, tuple[str, int, int]]
    deleted: int = 0
    deleted_name: str = ""


@dataclass(frozen=True)
class _Manifest:
    entries: tuple[_Entry, ...] = ()
    generation: int = 0

    @property
    def names(self) -> set[str]:
        """All files that the manifest counts on."""
        names = {entry.name for entry in self.entries}
        return names | {entry.deleted_name for entry in self.entries if entry.deleted_name}

    def to_bytes(self) -> bytes:
        body = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "generation": self.generation,
            "segments": [asdict(entry) for entry in self.entries],
        }
        return json.dumps(body | {"checksum": _checksum(body)}).encode()


def _checksum(body: Mapping[str, Any]) -> str:
    plain = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


def _parse_manifest(content: bytes, path: Path) -> _Manifest:
    try:
        body = json.loads(content)
    except ValueError as error:
        raise ReferenceIndexError(
            f"{path}: damaged or half written ({error}): build the index anew"
        ) from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ReferenceIndexError(f"{path.parent}: not an index of originals")
    if (version := body.get("format_version")) != FORMAT_VERSION:
        raise ReferenceIndexError(
            f"{path.parent}: an index of format {version}, where this package reads format "
            f"{FORMAT_VERSION}: build it anew, or use the package that wrote it"
        )
    stated = body.pop("checksum", None)
    if stated != _checksum(body):
        raise ReferenceIndexError(
            f"{path}: altered or damaged, its checksum does not hold: build the index anew"
        )
    entries = tuple(
        _Entry(**{**entry, "arrays": {k: tuple(v) for k, v in entry["arrays"].items()}})
        for entry in body["segments"]
    )
    return _Manifest(entries, body["generation"])


def _read_manifest(folder: Path) -> _Manifest:
    path = folder / MANIFEST
    try:
        with path.open("rb") as stream:
            content = stream.read(_MANIFEST_LIMIT)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReferenceIndexError(_explain_absence(folder)) from error
    except OSError as error:
        raise ReferenceIndexError(f"{path}: cannot be read: {error.strerror}") from error
    return _parse_manifest(content, path)


def _explain_absence(folder: Path) -> str:
    if not folder.exists():
        return f"{folder}: no such folder: build an index there first"
    if not folder.is_dir():
        return f"{folder}: a file where the folder of an index is meant"
    return f"{folder}: not an index of originals (it holds no {MANIFEST})"


def _write_manifest(folder: Path, manifest: _Manifest) -> None:
    """Put a manifest in place of the old one, in one step that survives a power cut."""
    fresh = folder / _NEW_MANIFEST
    with fresh.open("wb") as stream:
        stream.write(manifest.to_bytes())
        _flush_to_disk(stream)
    fresh.replace(folder / MANIFEST)
    _flush_folder(folder)


def _flush_to_disk(stream: BinaryIO) -> None:
    stream.flush()
    os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --------------------------------------------------------------------------------------
# Segments
# --------------------------------------------------------------------------------------


class _Segment:
    """Some of an index's documents: one file, mapped into memory, and what is deleted of it.

    Arrays, for each document: `scales` (one by the root of its length), `text_ends` and
    `record_ends` in the bytes of `texts` (zlib) and `records` (JSON: id, place), `digests` of the
    text. `id_hashes`, in rising order, and `id_documents` find an id. `terms` are the words in
    rising order, whose documents lie in `postings` up to `term_ends`; `grams` and `gram_counts`
    tell in how many documents an n-gram stands.
    """

    def __init__(self, folder: Path, entry: _Entry) -> None:
        self.entry = entry
        self._path = folder / entry.name
        content = _map_file(self._path, entry.bytes)
        self.arrays: dict[str, Array] = {
            name: np.ndarray((length,), dtype, content, offset)
            for name, (dtype, offset, length) in entry.arrays.items()
        }
        self.deleted = _read_deleted(folder, entry)

    def with_entry(self, folder: Path, entry: _Entry) -> _Segment:
        """The same file with the deletions of another entry."""
        other = object.__new__(_Segment)
        other.entry, other._path, other.arrays = entry, self._path, self.arrays
        other.deleted = _read_deleted(folder, entry)
        return other

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def read_text(self, document: int) -> str:
        """The text of a document."""
        content = zlib.decompress(self._cut("text", document))
        return content.decode("utf-8", "surrogatepass")

    def read_record(self, document: int) -> tuple[Id, str]:
        """Id and place of a document."""
        identity, place = json.loads(self._cut("record", document))
        return identity, place

    def _cut(self, kind: str, document: int) -> bytes:
        ends = self.arrays[f"{kind}_ends"]
        start = int(ends[document - 1]) if document else 0
        return self.arrays[f"{kind}s"][start : int(ends[document])].tobytes()

    def find_id(self, encoded: str, hashed: int) -> Iterator[int]:
        """The documents that were added with an id; all but one of them are deleted, or all."""
        hashes = self.arrays["id_hashes"]
        at = int(np.searchsorted(hashes, np.uint64(hashed)))
        while at < len(hashes) and hashes[at] == hashed:
            document = int(self.arrays["id_documents"][at])
            if json.dumps(self.read_record(document)[0]) == encoded:
                yield document
            at += 1

    def locate_terms(
        self, features: npt.NDArray[np.uint32]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where the postings of each feature start and end; nowhere for an unknown one."""
        terms, ends = self.arrays["terms"], self.arrays["term_ends"]
        if not len(terms):
            return np.zeros(len(features), np.int64), np.zeros(len(features), np.int64)
        at = np.minimum(np.searchsorted(terms, features), len(terms) - 1)
        known = terms[at] == features
        starts = np.where(at > 0, ends[np.maximum(at - 1, 0)], 0)
        return np.where(known, starts, 0), np.where(known, ends[at], 0)


def _map_file(path: Path, size: int) -> mmap.mmap | bytes:
    with path.open("rb") as stream:
        found = os.fstat(stream.fileno()).st_size
        if found != size:
            raise ReferenceIndexError(
                f"{path}: damaged or half written, {found:,} bytes where {size:,} are meant: "
                "build the index anew"
            )
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if size else b""


def _read_deleted(folder: Path, entry: _Entry) -> npt.NDArray[np.uint32]:
    if not entry.deleted_name:
        return np.empty(0, np.uint32)
    content = _map_file(folder / entry.deleted_name, 4 * entry.deleted)
    return np.frombuffer(content, np.uint32)


class _SegmentWriter:
    """Writes a segment's arrays one after the other, each from pieces of any size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("xb")
        self._arrays: dict[str, tuple[str, int, int]] = {}

    def __enter__(self) -> _SegmentWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, name: str, dtype: type[np.generic], pieces: Iterable[Array | bytes]) -> None:
        """Write one array."""
        kind = np.dtype(dtype).newbyteorder("<")
        offset = self._stream.tell()
        for piece in pieces:
            values = piece if isinstance(piece, bytes) else np.ascontiguousarray(piece, kind).data
            self._stream.write(values)
        size = self._stream.tell() - offset
        self._stream.write(b"\0" * (-size % _ALIGNMENT))
        self._arrays[name] = (kind.str, offset, size // kind.itemsize)

    def finish(self, documents: int) -> _Entry:
        """Bring the file to the disk; its entry for the manifest."""
        _flush_to_disk(self._stream)
        return _Entry(self._path.name, self._stream.tell(), documents, self._arrays)


def _write_ids(writer: _SegmentWriter, hashes: npt.NDArray[np.uint64]) -> None:
    order = np.argsort(hashes, kind="stable")
    writer.write("id_hashes", np.uint64, [hashes[order]])
    writer.write("id_documents", np.uint32, [order])


def _write_postings(writer: _SegmentWriter, ranges: Iterable[npt.NDArray[np.uint64]]) -> None:
    """Write posting lists from keys (word in the upper half, document in the lower), sorted."""
    terms: list[Array] = []
    counts: list[Array] = []

    def take_documents() -> Iterator[Array]:
        for keys in ranges:
            words = (keys >> np.uint64(32)).astype(np.uint32)
            starts = np.flatnonzero(np.diff(words, prepend=_NO_FEATURE))
            terms.append(words[starts])
            counts.append(np.diff(starts, append=len(words)))
            yield keys.astype(np.uint32)

    writer.write("postings", np.uint32, take_documents())
    writer.write("terms", np.uint32, terms)
    writer.write("term_ends", np.int64, [np.cumsum(np.concatenate([[0], *counts]))[1:]])


def _write_grams(writer: _SegmentWriter, counts: npt.NDArray[np.uint32]) -> None:
    present = np.flatnonzero(counts)
    writer.write("grams", np.uint32, [present])
    writer.write("gram_counts", np.uint32, [counts[present]])


class _Builder:
    """Documents on their way into a new segment, held in memory."""

    def __init__(self) -> None:
        self.deleted: set[int] = set()
        self.bytes = 0
        self._documents: dict[str, int] = {}
        self._id_hashes: list[int] = []
        self._digests: list[int] = []
        self._words: list[npt.NDArray[np.uint32]] = []
        self._texts: list[bytes] = []
        self._records: list[bytes] = []
        self._gram_counts = np.zeros(_GRAM_BUCKETS, np.uint32)

    def __len__(self) -> int:
        return len(self._texts)

    @property
    def is_full(self) -> bool:
        """Whether it is time to write the segment."""
        return len(self) >= _SEGMENT_DOCUMENTS or self.bytes >= _SEGMENT_BYTES

    def add(self, item: _Addition, features: npt.NDArray[np.uint32]) -> None:
        """Take a document in; one with its id that was taken in before is deleted."""
        if item.encoded_id in self._documents:
            self.deleted.add(self._documents[item.encoded_id])
        self._documents[item.encoded_id] = len(self)
        words = _count_leading_words(features)
        self._words.append(features[:words].copy())
        self._gram_counts[features[words:] - _WORD_BUCKETS] += 1
        self._id_hashes.append(item.id_hash)
        self._digests.append(item.digest)
        self._records.append(f"[{item.encoded_id}, {json.dumps(item.place)}]".encode())
        self._texts.append(_compress(item.text))
        self.bytes += len(self._texts[-1]) + len(self._records[-1]) + 12 * words

    def find_digest(self, encoded_id: str) -> int | None:
        """The digest of the text with an id; None if there is none."""
        document = self._documents.get(encoded_id)
        return None if document is None else self._digests[document]

    def write(self, path: Path) -> _Entry:
        """Write the segment."""
        lengths = np.fromiter(map(len, self._words), np.uint32, len(self))
        keys = np.concatenate(self._words).astype(np.uint64) << np.uint64(32)
        keys |= np.repeat(np.arange(len(self), dtype=np.uint64), lengths)
        keys.sort()
        with _SegmentWriter(path) as writer:
            writer.write("scales", np.float32, [1.0 / np.sqrt(lengths)])
            writer.write("digests", np.uint64, [np.array(self._digests, np.uint64)])
            for kind, contents in (("text", self._texts), ("record", self._records)):
                writer.write(f"{kind}_ends", np.int64, [np.cumsum([len(c) for c in contents])])
                writer.write(f"{kind}s", np.uint8, contents)
            _write_ids(writer, np.array(self._id_hashes, np.uint64))
            _write_postings(writer, [keys])
            _write_grams(writer, self._gram_counts)
            return writer.finish(len(self))


# --------------------------------------------------------------------------------------
# Merging
# --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
    """A segment that is merged: which of its documents stay, and their numbers in the new one.

    `numbers` holds -1 for the deleted ones.
    """

    segment: _Segment
    kept: npt.NDArray[np.bool_]
    numbers: npt.NDArray[np.int64]

    def take(self, name: str) -> Array:
        """An array's values for the documents that stay."""
        return self.compress(self.segment[name])

    def compress(self, values: Array) -> Array:
        """Values of all documents, less those of the deleted ones."""
        return np.compress(self.kept, values)

    def sizes(self, kind: str) -> npt.NDArray[np.int64]:
        """Bytes of each document's text or record."""
        return np.diff(self.segment[f"{kind}_ends"], prepend=0)[self.kept]

    def copy_bytes(self, kind: str) -> Iterator[Array]:
        """The texts or records that stay, in pieces."""
        ends, content = self.segment[f"{kind}_ends"], self.segment[f"{kind}s"]
        edges = np.flatnonzero(np.diff(self.kept, prepend=False, append=False))
        for first, last in edges.reshape(-1, 2):
            start, stop = (int(ends[first - 1]) if first else 0), int(ends[last - 1])
            for at in range(start, stop, _COPY_BYTES):
                yield content[at : min(at + _COPY_BYTES, stop)]

    def select_keys(self, low: int, high: int) -> npt.NDArray[np.uint64]:
        """Keys of the postings of words from `low` up to `high`, with the new numbers."""
        terms, ends = self.segment["terms"], self.segment["term_ends"]
        first, last = np.searchsorted(terms, np.array([low, high], np.uint32)).tolist()
        start = int(ends[first - 1]) if first else 0
        stops = ends[first:last]
        counts = np.diff(stops, prepend=start)
        numbers = self.numbers[self.segment["postings"][start : start + int(counts.sum())]]
        keys: npt.NDArray[np.uint64] = np.repeat(
            terms[first:last].astype(np.uint64) << np.uint64(32), counts
        )
        stay = numbers >= 0
        return keys[stay] | numbers[stay].astype(np.uint64)


def _merge(segments: Sequence[_Segment], path: Path) -> _Entry:
    """Write one segment that holds the documents of several, less the deleted ones.

    Works through the posting lists by ranges of words, so that memory stays bounded.
    """
    parts: list[_Kept] = []
    documents = 0
    for segment in segments:
        kept = np.ones(segment.entry.documents, bool)
        kept[segment.deleted] = False
        numbers = np.where(kept, documents + np.cumsum(kept) - 1, -1)
        parts.append(_Kept(segment, kept, numbers))
        documents += int(kept.sum())
    with _SegmentWriter(path) as writer:
        writer.write("scales", np.float32, (part.take("scales") for part in parts))
        writer.write("digests", np.uint64, (part.take("digests") for part in parts))
        for kind in ("text", "record"):
            ends = np.cumsum(np.concatenate([part.sizes(kind) for part in parts]))
            writer.write(f"{kind}_ends", np.int64, [ends])
            writer.write(f"{kind}s", np.uint8, (p for part in parts for p in part.copy_bytes(kind)))
        _write_ids(writer, np.concatenate([_hashes_by_document(part) for part in parts]))
        _write_postings(writer, _merge_keys(parts))
        _write_grams(writer, sum((_count_grams(part) for part in parts), np.zeros(1, np.uint32)))
        return writer.finish(documents)


def _hashes_by_document(part: _Kept) -> npt.NDArray[np.uint64]:
    hashes = np.empty(len(part.kept), np.uint64)
    hashes[part.segment["id_documents"]] = part.segment["id_hashes"]
    return part.compress(hashes)


def _merge_keys(parts: Sequence[_Kept]) -> Iterator[npt.NDArray[np.uint64]]:
    postings = sum(len(part.segment["postings"]) for part in parts)
    ranges = max(1, math.ceil(postings / _MERGED_POSTINGS))
    bounds = np.linspace(0, _WORD_BUCKETS, ranges + 1).astype(np.int64).tolist()
    for low, high in pairwise(bounds):
        keys = np.concatenate([part.select_keys(low, high) for part in parts])
        keys.sort()
        yield keys


def _count_grams(part: _Kept) -> npt.NDArray[np.uint32]:
    """In how many of the documents that stay each n-gram stands."""
    counts = np.zeros(_GRAM_BUCKETS, np.uint32)
    counts[part.segment["grams"]] = part.segment["gram_counts"]
    for document in part.segment.deleted:
        features = _list_features(part.segment.read_text(int(document)))
        counts[features[_count_leading_words(features) :] - _WORD_BUCKETS] -= 1
    return counts


def _choose_merge(segments: Sequence[_Segment]) -> list[_Segment]:
    """The segments that should become one: enough of about one size, or one half deleted."""
    tiers: dict[int, list[_Segment]] = {}
    for segment in segments:
        documents = segment.entry.documents
        if 2 * len(segment.deleted) > documents:
            return [segment]
        tier = tiers.setdefault(int(math.log(documents, _MERGED_SEGMENTS)), [])
        tier.append(segment)
        if len(tier) == _MERGED_SEGMENTS:
            return tier
    return []


# --------------------------------------------------------------------------------------
# Searching
# --------------------------------------------------------------------------------------


class _Snapshot:
    """An index as one manifest describes it; it does not change."""

    def __init__(self, manifest: _Manifest, segments: Sequence[_Segment]) -> None:
        self.manifest = manifest
        self.segments = tuple(segments)
        self.documents = sum(segment.entry.documents for segment in segments)

    @cached_property
    def _frequencies(self) -> npt.NDArray[np.uint32]:
        """In how many documents each feature stands; a writer never asks."""
        frequencies = np.zeros(_BUCKETS, np.uint32)
        for segment in self.segments:
            sizes = np.diff(segment["term_ends"], prepend=0)
            frequencies[segment["terms"]] += sizes.astype(np.uint32)
            frequencies[_WORD_BUCKETS + segment["grams"]] += segment["gram_counts"]
        return frequencies

    @classmethod
    def open(cls, folder: Path, before: _Snapshot | None = None) -> _Snapshot:
        """The index as it is now; files that `before` has mapped are not mapped again.

        A writer may replace the manifest, and delete what it named, between our two looks.
        """
        manifest = _read_manifest(folder)
        for _ in range(_OPEN_ATTEMPTS):
            try:
                return cls(manifest, list(_open_segments(folder, manifest, before)))
            except FileNotFoundError as error:
                missed, manifest = manifest, _read_manifest(folder)
                if manifest == missed:
                    raise ReferenceIndexError(
                        f"{error.filename}: missing: the index is damaged, build it anew"
                    ) from error
            except OSError as error:
                raise ReferenceIndexError(
                    f"{error.filename}: cannot be read: {error.strerror}"
                ) from error
        raise ReferenceIndexError(f"{folder}: rewritten faster than it can be opened: try again")

    def weigh(self, features: npt.NDArray[np.uint32]) -> npt.NDArray[np.float64]:
        """Inverse document frequency of each feature, at least 0."""
        rarity = (self.documents + _PRIOR_DOCUMENTS) / (self._frequencies[features] + 1.0)
        return np.log(np.maximum(rarity, 1.0))

    def find(self, text: str, k: int, minimum: float) -> list[Candidate]:
        """The k documents nearest to a text."""
        query = _make_vector(text)
        chosen = self._choose_candidates(query, max(_COMPARED, k + _COMPARED_BEYOND))
        texts = [segment.read_text(document) for segment, document in chosen]
        scores = [self._compare(query, text) for text in texts]
        ranked = sorted(range(len(chosen)), key=lambda i: -scores[i])
        candidates = []
        for i in ranked[:k]:
            if scores[i] >= minimum:
                segment, document = chosen[i]
                identity, place = segment.read_record(document)
                candidates.append(Candidate(identity, scores[i], place, texts[i]))
        return candidates

    def _compare(self, query: _Vector, text: str) -> float:
        """Cosine of a text with the query."""
        other = _make_vector(text)
        shared, own, others = np.intersect1d(
            query.features, other.features, assume_unique=True, return_indices=True
        )
        product = query.weights[own] * other.weights[others] @ self.weigh(shared) ** 2
        lengths = self._measure(query) * self._measure(other)
        return min(1.0, float(product) / lengths) if lengths else 0.0

    def _measure(self, vector: _Vector) -> float:
        """Length of a vector once its features are weighed."""
        return float(np.linalg.norm(vector.weights * self.weigh(vector.features)))

    def _choose_candidates(self, query: _Vector, depth: int) -> list[tuple[_Segment, int]]:
        """The documents that share the most telling words with the query, best first."""
        words = _count_leading_words(query.features)
        features, counts = query.features[:words], query.weights[:words]
        rarity = self.weigh(features)
        order = np.argsort(-rarity * counts, kind="stable")[:_QUERY_WORDS]
        read = np.cumsum(self._frequencies[features[order]], dtype=np.int64)
        order = order[: max(1, int(np.searchsorted(read, _QUERY_POSTINGS)))]
        weights = counts[order] * rarity[order] ** 2
        found: list[tuple[float, int, int]] = []
        for number, segment in enumerate(self.segments):
            scores = _score_documents(segment, features[order], weights)
            best = _take_largest(scores, depth)
            found += [(float(scores[d]), number, int(d)) for d in best]
        found.sort(key=lambda item: (-item[0], item[1:]))
        return [(self.segments[number], document) for _, number, document in found[:depth]]


def _open_segments(
    folder: Path, manifest: _Manifest, before: _Snapshot | None
) -> Iterator[_Segment]:
    known = {s.entry.name: s for s in before.segments} if before else {}
    for entry in manifest.entries:
        held = known.get(entry.name)
        if held is None:
            yield _Segment(folder, entry)
        else:
            yield held if held.entry == entry else held.with_entry(folder, entry)


def _score_documents(
    segment: _Segment, features: npt.NDArray[np.uint32], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Summed weights of the words that each document shares, by the root of its length."""
    starts, ends = segment.locate_terms(features)
    postings = segment["postings"]
    lists = [postings[a:b] for a, b in zip(starts, ends, strict=True) if a < b]
    if not lists:
        return np.zeros(0)
    numbers, shares = np.concatenate(lists), np.repeat(weights, ends - starts)
    scores: Array = np.bincount(numbers, shares, segment.entry.documents) * segment["scales"]
    scores[segment.deleted] = 0.0
    return scores


def _take_largest(scores: npt.NDArray[np.float64], count: int) -> Array:
    """Places of the largest scores above zero, in no order."""
    if len(scores) > count:
        places = np.argpartition(scores, -count)[-count:]
        return places[scores[places] > 0]
    return np.flatnonzero(scores)


# --------------------------------------------------------------------------------------
# Writing
# --------------------------------------------------------------------------------------


class _Addition(NamedTuple):
    """A document that is to be added."""

    encoded_id: str
    id_hash: int
    digest: int
    text: str
    place: str


def _prepare(identity: Any, text: Any, place: str) -> _Addition:
    """A document as the index stores it."""
    encoded = _encode_id(identity)
    if not isinstance(text, str):
        raise _RefusedError(f"a {type(text).__name__} where text is meant")
    digest = _hash_bytes(_encode_text(text))
    return _Addition(encoded, _hash_bytes(encoded.encode()), digest, text, place)


class _Transaction:
    """One writer's changes, which come into force together at `commit`, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        before = _Snapshot.open(folder)
        self._base = before.manifest
        self._segments = list(before.segments)
        self._remove_leftovers(self._base)
        self._deleted: dict[str, set[int]] = {}
        self._builder = _Builder()
        self._created: set[str] = set()
        self.counts: Counter[str] = Counter()

    def add(self, item: _Addition) -> None:
        """Take a document in."""
        stored = self._builder.find_digest(item.encoded_id)
        place = None if stored is not None else self._find_stored(item)
        if place is not None:
            stored = int(place[0]["digests"][place[1]])
        if stored == item.digest:
            self.counts["unchanged"] += 1
            return
        features = _list_features(item.text)
        if not len(features):
            raise _RefusedError("empty: no words to find it by")
        if place is not None:
            self._deleted.setdefault(place[0].entry.name, set()).add(place[1])
        self.counts["added" if stored is None else "replaced"] += 1
        self._builder.add(item, features)
        if self._builder.is_full:
            self._flush()

    def _find_stored(self, item: _Addition) -> tuple[_Segment, int] | None:
        """Where the document with an id lies, unless it is deleted."""
        for segment in self._segments:
            for document in segment.find_id(item.encoded_id, item.id_hash):
                if not self._is_deleted(segment, document):
                    return segment, document
        return None

    def _is_deleted(self, segment: _Segment, document: int) -> bool:
        if document in self._deleted.get(segment.entry.name, ()):
            return True
        return _contains(segment.deleted, document)

    def _new_file(self, kind: str) -> Path:
        path = self._folder / f"{kind}-{uuid.uuid4().hex}.bin"
        self._created.add(path.name)
        return path

    def _flush(self) -> None:
        """Turn what is held in memory into a segment, and merge where there are too many."""
        if not len(self._builder):
            return
        entry = self._builder.write(self._new_file("segment"))
        self._deleted[entry.name] = self._builder.deleted
        self._segments.append(_Segment(self._folder, entry))
        self._builder = _Builder()
        self._apply_deletions()
        while chosen := _choose_merge(self._segments):
            self._merge(chosen)

    def _apply_deletions(self) -> None:
        """Write which documents of each segment are deleted, where that has changed."""
        for number, segment in enumerate(self._segments):
            fresh = self._deleted.pop(segment.entry.name, None)
            if not fresh:
                continue
            deleted = np.union1d(segment.deleted, np.array(sorted(fresh), np.uint32))
            path = self._new_file("deleted")
            with path.open("xb") as stream:
                stream.write(deleted.astype("<u4").tobytes())
                _flush_to_disk(stream)
            entry = replace(segment.entry, deleted=len(deleted), deleted_name=path.name)
            self._segments[number] = segment.with_entry(self._folder, entry)

    def _merge(self, chosen: Sequence[_Segment]) -> None:
        kept = [segment for segment in self._segments if segment not in chosen]
        if any(len(segment.deleted) < segment.entry.documents for segment in chosen):
            entry = _merge(chosen, self._new_file("segment"))
            kept.append(_Segment(self._folder, entry))
        self._segments = kept
        # What no manifest has named yet can go at once, so that a long build needs less disk.
        for segment in chosen:
            for name in {segment.entry.name, segment.entry.deleted_name} & self._created:
                self._created.discard(name)
                (self._folder / name).unlink(missing_ok=True)

    def commit(self) -> None:
        """Make all changes the index's state, and delete what it no longer needs."""
        self._flush()
        entries = tuple(segment.entry for segment in self._segments)
        if entries == self._base.entries:
            return
        manifest = _Manifest(entries, self._base.generation + 1)
        _flush_folder(self._folder)
        _write_manifest(self._folder, manifest)
        self._remove_leftovers(manifest)

    def roll_back(self) -> None:
        """Delete the files of changes that did not come into force.

        The manifest on the disk has the last word: it may have been put in place just before
        something failed. Where it cannot be read, nothing is deleted.
        """
        with suppress(OSError, ReferenceIndexError):
            (self._folder / _NEW_MANIFEST).unlink(missing_ok=True)
            self._remove_leftovers(_read_manifest(self._folder))

    def _remove_leftovers(self, manifest: _Manifest) -> None:
        """Delete segments that no manifest names: merged ones, and those of a killed writer."""
        live = manifest.names
        for path in self._folder.iterdir():
            if _OWN_FILE.fullmatch(path.name) and path.name not in live:
                with suppress(OSError):  # where a reader's map keeps a file, the next write tries
                    path.unlink()


def _contains(ordered: Array, value: int) -> bool:
    at = int(np.searchsorted(ordered, ordered.dtype.type(value)))
    return at < len(ordered) and int(ordered[at]) == value


@contextmanager
def _lock(folder: Path, timeout: float) -> Iterator[None]:
    """Keep other writers out; the system frees the lock of a process that dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=timeout)
    except Timeout as error:
        raise ReferenceIndexError(
            f"{folder}: another process is writing to this index: try again when it is done"
        ) from error
    except OSError as error:
        raise ReferenceIndexError(f"{folder}: cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


# --------------------------------------------------------------------------------------
# The index
# --------------------------------------------------------------------------------------


class ReferenceIndex:
    """An index of originals in a folder; see the module's text for how it works.

    Several processes may read while one adds: a reader sees additions from its next call on. A
    second writer waits for the first. Reading is safe from several threads.
    """

    def __init__(self, folder: Path, snapshot: _Snapshot, stamp: tuple[int, ...]) -> None:
        self.folder = folder
        self._snapshot = snapshot
        self._stamp = stamp

    def __reduce__(self) -> tuple[Any, ...]:
        return ReferenceIndex.open, (self.folder,)

    @classmethod
    def create(cls, folder: str | os.PathLike[str]) -> ReferenceIndex:
        """An empty index in a folder that is new, or holds nothing.

        Raises:
            ReferenceIndexError: something lies there already, or it cannot be written.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _check_emptiness(folder)
            with _lock(folder, LOCK_TIMEOUT):
                _check_emptiness(folder)  # another process may have been quicker
                _write_manifest(folder, _Manifest())
        except OSError as error:
            raise ReferenceIndexError(
                f"{folder}: cannot be written: {error.strerror or error}"
            ) from error
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> ReferenceIndex:
        """An index that was made before.

        Raises:
            ReferenceIndexError: the folder is missing, no index, one of another version, or
                damaged; the message says which, and what to do.
        """
        folder = Path(folder)
        stamp = _stamp_manifest(folder)
        with _explain_damage(folder):
            return cls(folder, _Snapshot.open(folder), stamp)

    def add(
        self,
        documents: Iterable[Document | BadInput | tuple[Id, str]],
        report: Callable[[BadInput], object] | None = None,
        timeout: float = LOCK_TIMEOUT,
    ) -> Additions:
        """Add documents, all of them or, if anything goes wrong, none.

        Documents are taken one at a time; memory stays bounded. An id that the index holds
        already, with the same text, changes nothing; with another text, the new one replaces the
        old.

        Args:
            documents: what a reader yields, or pairs of id and text. An id is text or a number.
            report: called with each input that cannot be added, readers' and our own; these are
                counted in any case.
            timeout: seconds to wait for another writer.

        Raises:
            ReferenceIndexError: another process is writing, the disk is full, or the index is
                damaged. The index is as it was before.
        """
        self._check_presence()
        with _lock(self.folder, timeout), self._writing() as transaction:
            for source in documents:
                refused = _add_one(transaction, source)
                if refused is not None:
                    transaction.counts["refused"] += 1
                    if report is not None:
                        report(refused)
        self._refresh()
        return Additions(**transaction.counts)

    @contextmanager
    def _writing(self) -> Iterator[_Transaction]:
        try:
            with _explain_damage(self.folder):
                transaction = _Transaction(self.folder)
        except OSError as error:
            raise self._explain_write_error(error) from error
        try:
            yield transaction
            transaction.commit()
        except OSError as error:
            transaction.roll_back()
            raise self._explain_write_error(error) from error
        except BaseException:
            transaction.roll_back()
            raise

    def _explain_write_error(self, error: OSError) -> ReferenceIndexError:
        what = error.strerror or str(error)
        return ReferenceIndexError(
            f"{self.folder}: cannot add ({what}); the index is as it was before"
        )

    def find(self, text: str, k: int = 5, minimum: float = MINIMUM_SCORE) -> list[Candidate]:
        """The documents that a text is most probably a copy of, best first.

        Args:
            text: the copy, of any length from some twenty words.
            k: how many candidates at most.
            minimum: the least score of a candidate.

        Returns:
            Up to `k` candidates; none where nothing in the index scores `minimum`.

        Raises:
            ReferenceIndexError: the text is empty, or the index is damaged or deleted.
            ValueError: k is less than 1.
        """
        if k < 1:
            raise ValueError(f"k is how many candidates to return, at least 1, not {k}")
        if not text.strip():
            raise ReferenceIndexError("empty text: give the words to look for")
        snapshot = self._refresh()
        with _explain_damage(self.folder):
            return snapshot.find(text, k, minimum)

    def text(self, identity: Id) -> str:
        """The stored text of an id.

        Raises:
            ReferenceIndexError: there is no such id.
        """
        snapshot = self._refresh()
        with suppress(_RefusedError):
            encoded = _encode_id(identity)
            hashed = _hash_bytes(encoded.encode())
            with _explain_damage(self.folder):
                for segment in snapshot.segments:
                    for document in segment.find_id(encoded, hashed):
                        if not _contains(segment.deleted, document):
                            return segment.read_text(document)
        raise ReferenceIndexError(f"{self.folder}: holds no document with the id {identity!r}")

    def __len__(self) -> int:
        """How many documents can be found."""
        return self.info().documents

    def info(self) -> IndexInfo:
        """Counts and sizes of the index as it is now."""
        entries = self._refresh().manifest.entries
        deleted = sum(entry.deleted for entry in entries)
        return IndexInfo(
            folder=str(self.folder),
            format_version=FORMAT_VERSION,
            documents=sum(entry.documents for entry in entries) - deleted,
            deleted=deleted,
            segments=len(entries),
            bytes=sum(entry.bytes + 4 * entry.deleted for entry in entries),
        )

    def _refresh(self) -> _Snapshot:
        """The index as it is now; a look at the manifest's time stamp tells whether it changed."""
        stamp = self._check_presence()
        if stamp != self._stamp:
            with _explain_damage(self.folder):
                self._snapshot = _Snapshot.open(self.folder, self._snapshot)
            self._stamp = stamp
        return self._snapshot

    def _check_presence(self) -> tuple[int, ...]:
        try:
            return _stamp_manifest(self.folder)
        except ReferenceIndexError as error:
            raise ReferenceIndexError(
                f"{self.folder}: the index was deleted or moved while it was in use"
            ) from error


def _check_emptiness(folder: Path) -> None:
    held = {path.name for path in folder.iterdir()} - {_LOCK, _NEW_MANIFEST}
    if MANIFEST in held:
        raise ReferenceIndexError(f"{folder}: holds an index already: open it, and add")
    if held:
        raise ReferenceIndexError(f"{folder}: not empty: name a new or an empty folder")


def _add_one(
    transaction: _Transaction, source: Document | BadInput | tuple[Id, str]
) -> BadInput | None:
    """Add one document; what cannot be added comes back with the reason."""
    if isinstance(source, BadInput):
        return source
    if isinstance(source, Document):
        identity, text, place = source.id, source.text, source.place
        origin, row = source.source, source.row
    else:
        identity, text = source
        place, origin, row = "", f"id {identity!r}", None
    try:
        transaction.add(_prepare(identity, text, place))
    except _RefusedError as reason:
        return BadInput(identity, origin, row, str(reason))
    return None


def _stamp_manifest(folder: Path) -> tuple[int, ...]:
    """What changes whenever the manifest is replaced."""
    try:
        found = (folder / MANIFEST).stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReferenceIndexError(_explain_absence(folder)) from error
    except OSError as error:
        raise ReferenceIndexError(f"{folder}: cannot be read: {error.strerror}") from error
    return found.st_ino, found.st_mtime_ns, found.st_size


@contextmanager
def _explain_damage(folder: Path) -> Iterator[None]:
    """Turn what impossible bytes lead to into an error that says so."""
    try:
        yield
    except (zlib.error, UnicodeDecodeError, ValueError, IndexError, KeyError, TypeError) as error:
        raise ReferenceIndexError(
            f"{folder}: the index is damaged ({error}): build it anew"
        ) from error
