"""The one file of an index, an SQLite database: its tables, and how a process opens it.

Its transactions make an addition whole or undone, its write-ahead log lets readers see the state
before a writer commits, and its locks keep a second writer out. Pages are read, never mapped into
memory: a file that is cut short under a reader is an error, where a mapped one ends the process.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from detector.errors import DetectorError

DATABASE = "originals.sqlite"

LOG = f"{DATABASE}-wal"

_OWN_FILES = {DATABASE, LOG, f"{DATABASE}-shm", f"{DATABASE}-journal"}

FORMAT_VERSION = 2

#: How many features' counts stand in one row.
COUNTED_TOGETHER = 1024

#: The first format's one file that had a fixed name.
_MANIFEST_OF_FORMAT_1 = "manifest.json"

# "mtar", by which a database of another program is told from an index.
_APPLICATION_ID = 0x6D746172

_PAGE_BYTES = 8192

_READER_CACHE_KIB = 8 * 1024

_WRITER_CACHE_KIB = 64 * 1024

CANNOT_READ, CANNOT_ADD = "cannot be read", "cannot add"

LOCK_TIMEOUT = 60.0
"""Seconds that a writer waits for another one by default."""

# `postings`: key = block << 22 | word, numbers of documents in their block as 16-bit integers in
# rising order. Ordered by block first, so that a build appends and rewrites nothing.
# `scales`: one by the root of how many words each document of a block has, 32-bit floats.
# `counts`: in how many documents each feature stands, 1,024 features a row, 32-bit integers,
# compressed, since most are zero.
_TABLES = """
CREATE TABLE documents (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, digest BLOB, place TEXT, text BLOB);
CREATE TABLE postings (key INTEGER PRIMARY KEY, documents BLOB);
CREATE TABLE scales (block INTEGER PRIMARY KEY, scales BLOB);
CREATE TABLE counts (chunk INTEGER PRIMARY KEY, counts BLOB);
CREATE TABLE state (changes INTEGER, documents INTEGER, next_number INTEGER);
INSERT INTO state VALUES (0, 0, 0);
"""


class ReferenceIndexError(DetectorError):
    """An index of originals cannot be found, trusted, read or written."""


class DamagedError(Exception):
    """What an index holds contradicts itself; becomes a `ReferenceIndexError`."""


def create_database(folder: Path) -> None:
    """Make an empty index in a folder that is new, or holds nothing.

    Raises:
        ReferenceIndexError: something lies there already, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_emptiness(folder)
    except OSError as error:
        raise ReferenceIndexError(
            f"{folder}: cannot be written: {error.strerror or error}"
        ) from error
    with explain_faults(folder), _close_after(_connect(folder, "rwc")) as connection:
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if _read_format(connection) != (0, 0):  # another process was quicker
            raise ReferenceIndexError(_explain_presence(folder))
        for statement in _TABLES.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        connection.execute("COMMIT")


def _check_emptiness(folder: Path) -> None:
    held = {path.name for path in folder.iterdir()}
    if _MANIFEST_OF_FORMAT_1 in held:
        raise ReferenceIndexError(_explain_format(folder, 1))
    if held - _OWN_FILES:
        raise ReferenceIndexError(f"{folder}: not empty: name a new or an empty folder")
    if DATABASE in held:
        # What a process that was killed while it made an index left behind may be filled.
        with explain_faults(folder), _close_after(_connect(folder, "rw")) as connection:
            if _read_format(connection) != (0, 0):
                raise ReferenceIndexError(_explain_presence(folder))


def open_reader(folder: Path) -> sqlite3.Connection:
    """A connection that reads.

    Raises:
        ReferenceIndexError: there is no index, or none that this package reads.
    """
    check_presence(folder)
    mode = "rw"  # SQLite's readers keep their places in a file beside the database
    if not _is_writable(folder):
        mode = "ro" if _measure(folder / LOG) else "ro&immutable=1"
    with explain_faults(folder):
        connection = _connect(folder, mode)
        connection.execute("PRAGMA query_only = ON")
        connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}")
        _check_format(folder, connection)
        return connection


@contextmanager
def open_writer(folder: Path, timeout: float) -> Iterator[sqlite3.Connection]:
    """A connection with a transaction that is committed at the end, or undone if anything fails.

    Args:
        folder: the index's.
        timeout: seconds to wait for another writer.

    Raises:
        ReferenceIndexError: another process is writing, or the disk is full.
    """
    check_presence(folder)
    with explain_faults(folder, CANNOT_ADD):
        connection = _connect(folder, "rw", timeout)
    with _close_after(connection):
        with explain_faults(folder, CANNOT_ADD):
            connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE_KIB}")
            connection.execute("PRAGMA secure_delete = OFF")
            _check_format(folder, connection)
            connection.execute("BEGIN IMMEDIATE")
            check_length(folder, connection)
        try:
            yield connection
            with explain_faults(folder, CANNOT_ADD):
                connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        with suppress(sqlite3.OperationalError):
            # What was committed is safe in the log; that it cannot be moved now harms nothing.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _connect(folder: Path, mode: str, timeout: float = LOCK_TIMEOUT) -> sqlite3.Connection:
    address = f"{(folder / DATABASE).absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(
        address, timeout, uri=True, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA mmap_size = 0")
    return connection


@contextmanager
def _close_after(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    finally:
        connection.close()


def _read_format(connection: sqlite3.Connection) -> tuple[int, int]:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return application, version


def _check_format(folder: Path, connection: sqlite3.Connection) -> None:
    application, version = _read_format(connection)
    if application != _APPLICATION_ID:
        raise ReferenceIndexError(
            f"{folder}: not an index of originals, or one that was cut short: build it anew"
        )
    if version != FORMAT_VERSION:
        raise ReferenceIndexError(_explain_format(folder, version))


def check_presence(folder: Path) -> tuple[int, ...]:
    """What tells the file of an index from one that took its place: device and inode.

    Where the folder cannot be written, a connection does not notice that another process changed
    the file; then what tells changes apart belongs to it too.

    Raises:
        ReferenceIndexError: there is none, with the reason.
    """
    try:
        found = (folder / DATABASE).stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ReferenceIndexError(_explain_absence(folder)) from error
    except OSError as error:
        raise ReferenceIndexError(f"{folder}: cannot be read: {error.strerror}") from error
    stamp = (found.st_dev, found.st_ino)
    return stamp if _is_writable(folder) else (*stamp, found.st_mtime_ns, _measure(folder / LOG))


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def check_length(folder: Path, connection: sqlite3.Connection) -> None:
    """Refuse a file that ends before its last page; SQLite would read what is missing as zeros.

    The caller has a transaction open. While there is a log, pages may stand in it alone.
    """
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if _measure(folder / LOG):
        return
    meant, found = pages * _PAGE_BYTES, _measure(folder / DATABASE)
    if found < meant:
        raise ReferenceIndexError(
            f"{folder / DATABASE}: damaged or half written, {found:,} bytes where {meant:,} are "
            "meant: build the index anew"
        )


def measure_bytes(folder: Path) -> int:
    """Bytes on disk."""
    return sum(_measure(folder / name) for name in (DATABASE, LOG))


def _measure(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _explain_presence(folder: Path) -> str:
    return f"{folder}: holds an index already: open it, and add"


def _explain_absence(folder: Path) -> str:
    """Why there is no index in a folder, and what to do."""
    if not folder.exists():
        return f"{folder}: no such folder: build an index there first"
    if not folder.is_dir():
        return f"{folder}: a file where the folder of an index is meant"
    if (folder / _MANIFEST_OF_FORMAT_1).exists():
        return _explain_format(folder, 1)
    return f"{folder}: not an index of originals (it holds no {DATABASE})"


def _explain_format(folder: Path, version: int) -> str:
    return (
        f"{folder}: an index of format {version}, where this package reads format "
        f"{FORMAT_VERSION}: build it anew in another folder, or use the package that wrote it"
    )


@contextmanager
def explain_faults(folder: Path, what: str = CANNOT_READ) -> Iterator[None]:
    """Turn the database's errors, and what impossible bytes lead to, into an error that says so."""
    try:
        yield
    except sqlite3.Error as error:
        raise ReferenceIndexError(f"{folder}: {_explain_fault(error, what)}") from error
    except (zlib.error, ValueError, IndexError, TypeError, DamagedError) as error:
        raise ReferenceIndexError(f"{folder}: {_explain_damage(error)}") from error


def _explain_fault(error: sqlite3.Error, what: str) -> str:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "another process is writing to this index: try again when it is done"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
        return _explain_damage(error)
    undone = "; the index is as it was before" if what == CANNOT_ADD else ""
    return f"{what} ({error}){undone}"


def _explain_damage(error: Exception) -> str:
    return f"the index is damaged ({error}): build it anew"
