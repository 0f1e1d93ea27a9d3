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

import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector.io.readers import BadInput, Record
from detector.references.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    NEW_MANIFEST,
    Manifest,
    ReferenceIndexError,
    explain_absence,
    write_manifest,
)
from detector.references.search import Candidate, Snapshot
from detector.references.stored_texts import (
    Id,
    RefusedError,
    encode_id,
    prepare_addition,
)
from detector.references.transaction import (
    LOCK,
    LOCK_TIMEOUT,
    Transaction,
    contains_key,
    lock_index,
)
from detector.text.hashing import hash_widely

MINIMUM_SCORE = 0.35
"""Candidates below this cosine are not reported.

The more articles an index holds, the lower copies score: among a million, the lowest half per cent
of 300 spun articles at .37 and of 490 round trips at .44. Without its original among 100,000
articles, 99 % of round trips of other articles stay below .36, while reports of the same event
(5 % of Wikinews's) reach .5: which of them a text stems from is for a comparison to tell.
"""


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


class ReferenceIndex:
    """An index of originals in a folder; see the module's text for how it works.

    Several processes may read while one adds: a reader sees additions from its next call on. A
    second writer waits for the first. Reading is safe from several threads.
    """

    def __init__(self, folder: Path, snapshot: Snapshot, stamp: tuple[int, ...]) -> None:
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
            with lock_index(folder, LOCK_TIMEOUT):
                _check_emptiness(folder)  # another process may have been quicker
                write_manifest(folder, Manifest())
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
            return cls(folder, Snapshot.open(folder), stamp)

    def add(
        self,
        documents: Iterable[Record | BadInput | tuple[Id, str]],
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
        with lock_index(self.folder, timeout), self._writing() as transaction:
            for source in documents:
                refused = _add_one(transaction, source)
                if refused is not None:
                    transaction.counts["refused"] += 1
                    if report is not None:
                        report(refused)
        self._refresh()
        return Additions(**transaction.counts)

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        try:
            with _explain_damage(self.folder):
                transaction = Transaction(self.folder)
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
        with suppress(RefusedError):
            encoded = encode_id(identity)
            hashed = hash_widely(encoded.encode())
            with _explain_damage(self.folder):
                for segment in snapshot.segments:
                    for document in segment.find_id(encoded, hashed):
                        if not contains_key(segment.deleted, document):
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

    def _refresh(self) -> Snapshot:
        """The index as it is now; a look at the manifest's time stamp tells whether it changed."""
        stamp = self._check_presence()
        if stamp != self._stamp:
            with _explain_damage(self.folder):
                self._snapshot = Snapshot.open(self.folder, self._snapshot)
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
    held = {path.name for path in folder.iterdir()} - {LOCK, NEW_MANIFEST}
    if MANIFEST in held:
        raise ReferenceIndexError(f"{folder}: holds an index already: open it, and add")
    if held:
        raise ReferenceIndexError(f"{folder}: not empty: name a new or an empty folder")


def _add_one(
    transaction: Transaction, source: Record | BadInput | tuple[Id, str]
) -> BadInput | None:
    """Add one document; what cannot be added comes back with the reason."""
    if isinstance(source, BadInput):
        return source
    if isinstance(source, Record):
        identity, text, place = source.id, source.text, source.place
        origin, row = source.source, source.row
    else:
        identity, text = source
        place, origin, row = "", f"id {identity!r}", None
    try:
        transaction.add(prepare_addition(identity, text, place))
    except RefusedError as reason:
        return BadInput(identity, origin, row, str(reason))
    return None


def _stamp_manifest(folder: Path) -> tuple[int, ...]:
    """What changes whenever the manifest is replaced."""
    try:
        found = (folder / MANIFEST).stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReferenceIndexError(explain_absence(folder)) from error
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
