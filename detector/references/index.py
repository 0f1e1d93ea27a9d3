"""An on-disk index of originals: which of a million articles is this text a copy of?

Texts are compared by the cosine of their TF-IDF vectors over words (crudely stemmed) and the
4-grams of characters inside words. That finds an original behind a translation and back, or behind
a synonym spinner; shingles of words, which most duplicate finders use, do not. The words' posting
lists choose a few candidates, whose vectors are then made from their stored texts and compared in
full. How common a feature is, is counted over the whole index.

On disk an index is a folder with an SQLite database, which holds the texts and the posting lists.
What is added comes into force in one transaction: whoever reads sees the index as it was before, or
as it is after.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detector.choices import check_count
from detector.io.readers import BadInput, Record
from detector.references.database import (
    CANNOT_ADD,
    FORMAT_VERSION,
    LOCK_TIMEOUT,
    ReferenceIndexError,
    check_length,
    check_presence,
    create_database,
    explain_faults,
    measure_bytes,
    open_reader,
    open_writer,
)
from detector.references.search import Candidate, Snapshot
from detector.references.stored_texts import (
    Id,
    RefusedError,
    decompress_text,
    encode_id,
    prepare_addition,
)
from detector.references.writing import Writer
from detector.text.intake.arguments import check_pair

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
    """How many documents an index holds, and its bytes on disk."""

    folder: str
    format_version: int
    documents: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


class ReferenceIndex:
    """An index of originals in a folder; see the module's text for how it works.

    Several processes may read while one adds: a reader sees additions from its next call on. A
    second writer waits for the first. Reading is safe from several threads.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place = folder
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, ...] = ()
        self._snapshot: Snapshot | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return ReferenceIndex.open, (self._place,)

    def __del__(self) -> None:
        self.close()

    @classmethod
    def create(cls, folder: str | os.PathLike[str]) -> ReferenceIndex:
        """An empty index in a folder that is new, or holds nothing.

        Raises:
            ReferenceIndexError: something lies there already, or it cannot be written.
        """
        create_database(Path(folder))
        return cls.open(folder)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> ReferenceIndex:
        """An index that was made before.

        Raises:
            ReferenceIndexError: the folder is missing, no index, one of another version, or
                damaged; the message says which, and what to do.
        """
        index = cls(Path(folder))
        check_presence(index.folder)
        with index._reading():
            # Until here messages name the folder as it was given; from here on it is found
            # wherever the process goes.
            index._place = index.folder.absolute()
            return index

    def close(self) -> None:
        """Let go of the file; the next call opens it again."""
        connection, self._connection = self._connection, None
        # A connection of the process that this one was forked from is that one's to close.
        if connection is not None and self._opened[0] == os.getpid():
            connection.close()

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
            TypeError: a document is no pair; likewise.
        """
        self._check_presence()
        with open_writer(self._place, timeout) as connection:
            with explain_faults(self.folder):
                writer = Writer(connection)
            for position, source in enumerate(documents):
                refused = self._add_one(writer, source, position)
                if refused is not None:
                    writer.counts["refused"] += 1
                    if report is not None:
                        report(refused)
            with explain_faults(self.folder, CANNOT_ADD):
                writer.finish()
        return Additions(**writer.counts)

    def _add_one(
        self, writer: Writer, source: Record | BadInput | tuple[Id, str], position: int
    ) -> BadInput | None:
        """Add one document; what cannot be added comes back with the reason."""
        if isinstance(source, BadInput):
            return source
        if isinstance(source, Record):
            identity, text, place = source.id, source.text, source.place
            origin, row = source.source, source.row
        else:
            identity, text = check_pair(source, position)
            place, origin, row = "", f"id {identity!r}", None
        try:
            addition = prepare_addition(identity, text, place)
            with explain_faults(self.folder, CANNOT_ADD):
                writer.add(addition)
        except RefusedError as reason:
            return BadInput(identity, origin, row, str(reason))
        return None

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
            TypeError: the text is no string, or `k` no whole number.
            ValueError: `k` is below 1.
        """
        k = check_count("k", k)
        if not isinstance(text, str):
            raise TypeError(f"text is {type(text).__name__}; give a string")
        if not text.strip():
            raise ReferenceIndexError("empty text: give the words to look for")
        with self._reading() as connection:
            return self._refresh(connection).find(connection, text, k, minimum)

    def text(self, identity: Id) -> str:
        """The stored text of an id.

        Raises:
            ReferenceIndexError: there is no such id.
        """
        unknown = ReferenceIndexError(f"{self.folder}: holds no document with the id {identity!r}")
        try:
            encoded = encode_id(identity)
        except RefusedError as error:
            raise unknown from error
        with self._reading() as connection:
            row = connection.execute(
                "SELECT text FROM documents WHERE id = ?", (encoded,)
            ).fetchone()
            if row is not None:
                return decompress_text(row[0])
        raise unknown

    def __len__(self) -> int:
        """How many documents can be found."""
        return self.info().documents

    def info(self) -> IndexInfo:
        """Counts and sizes of the index as it is now."""
        with self._reading() as connection:
            (documents,) = connection.execute("SELECT documents FROM state").fetchone()
            size = measure_bytes(self._place)
        return IndexInfo(str(self.folder), FORMAT_VERSION, documents, size)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees the index as it is now, for as long as the context lasts."""
        with self._lock:
            connection = self._connect()
            with explain_faults(self.folder):
                connection.execute("BEGIN")
                try:
                    check_length(self._place, connection)
                    yield connection
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        """This process's connection to the file that lies there now."""
        found = (os.getpid(), *self._check_presence())
        if self._connection is None or found != self._opened:
            self.close()
            self._snapshot = None
            self._connection, self._opened = open_reader(self._place), found
        return self._connection

    def _refresh(self, connection: sqlite3.Connection) -> Snapshot:
        """The index as the connection sees it; what is counted is read again where it changed."""
        (changes,) = connection.execute("SELECT changes FROM state").fetchone()
        if self._snapshot is None or self._snapshot.changes != changes:
            self._snapshot = Snapshot(connection)
        return self._snapshot

    def _check_presence(self) -> tuple[int, ...]:
        try:
            return check_presence(self._place)
        except ReferenceIndexError as error:
            raise ReferenceIndexError(
                f"{self.folder}: the index was deleted or moved while it was in use"
            ) from error
