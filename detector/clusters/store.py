"""A crawl on disk, with all that was found out about it so far: what makes a run resumable.

One SQLite file. What was finished is committed, so that a run that ends anyhow, by a kill say, goes
on from there when the same file is opened again; whatever was under way is done anew, with the
same result.
"""

from __future__ import annotations

import json
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from detector.clusters.links import Link
from detector.clusters.words import encode_words
from detector.errors import DetectorError
from detector.io.dates import is_blank_date, read_date
from detector.io.file_states import describe_file
from detector.io.readers import BadInput, Record
from detector.text.document import find_other_language

_FORMAT = 3

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE sources (name TEXT PRIMARY KEY, state TEXT) WITHOUT ROWID;
CREATE TABLE texts (number INTEGER PRIMARY KEY, digest BLOB UNIQUE, content BLOB, words BLOB,
    language TEXT);
CREATE TABLE items (place INTEGER PRIMARY KEY, id TEXT, source TEXT, row INTEGER, fields TEXT,
    note TEXT, reference TEXT, reason TEXT, number INTEGER, date REAL);
CREATE INDEX items_of_texts ON items (number);
CREATE TABLE pairs (one INTEGER, other INTEGER, PRIMARY KEY (one, other)) WITHOUT ROWID;
CREATE TABLE links (copy INTEGER, original INTEGER, said TEXT,
    PRIMARY KEY (copy, original)) WITHOUT ROWID;
CREATE TABLE standings (number INTEGER PRIMARY KEY, said TEXT);
CREATE TABLE settled (first INTEGER PRIMARY KEY);
"""

_START_ANEW = "start anew with --overwrite"

_COMMIT_SECONDS = 1.0

_HELD_PAGES = -65_536  # KiB


class ClusterError(DetectorError):
    """Grouping cannot begin or go on: its place is taken, damaged, full, or another run's."""


class CrawlStore:
    """The texts of a crawl, each once, the rows that they came in, and what was found of them.

    Args:
        path: the file; made if it is missing.
        identity: all that the result depends on besides the inputs, ready for JSON.

    Raises:
        ClusterError: the file is another run's, or cannot be used.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        with self._explain():
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._execute("PRAGMA journal_mode = WAL")
            self._execute("PRAGMA synchronous = NORMAL")
            self._execute(f"PRAGMA cache_size = {_HELD_PAGES}")
        self._committed = time.monotonic()
        self._begin(json.loads(json.dumps({"format": _FORMAT, **identity})))

    @classmethod
    def open_whole(cls, path: Path) -> CrawlStore:
        """A store that a `Grouping` has run over, to be asked and not to be changed.

        Raises:
            ClusterError: there is none.
        """
        self = object.__new__(cls)
        self.path = path
        with self._explain():
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
            if not self.get_fact("settled"):
                raise ClusterError(f"{path}: was not grouped to the end")
        return self

    def _begin(self, identity: Any) -> None:
        if self._find("SELECT 1 FROM sqlite_master") is None:
            with self.change():
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._execute(statement)
                self.set_fact("identity", identity)
        known = self.get_fact("identity") or {}
        if known != identity:
            keys = {*known, *identity}
            changed = sorted(key for key in keys if known.get(key) != identity.get(key))
            raise ClusterError(
                f"{self.path}: was begun with another {', '.join(changed)}: resume with the same, "
                f"or {_START_ANEW}"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the file free."""
        self._connection.close()

    # ---- Rows and texts ----

    def read(self, items: Iterable[Record | BadInput], date_column: str | None = None) -> None:
        """Take in what readers yield; what is there already is only checked to be the same.

        Raises:
            ClusterError: the inputs have changed since the run began.
        """
        self._check_sources()  # tells of most changes before anything is read
        whole = self.get_fact("read")
        known = self._count("items")
        place = -1
        with self.change():
            for place, item in enumerate(items):
                if place < known:
                    self._check_item(place, item)
                elif whole:
                    raise self._refuse_inputs(f"there were {known:,}, and there are more")
                else:
                    self._add_item(place, item, date_column)
                    self.commit_now_and_then()
            if place + 1 < known:
                raise self._refuse_inputs(f"there were {known:,}, and there are {place + 1:,}")
            self.set_fact("read", True)

    def _add_item(self, place: int, item: Record | BadInput, date_column: str | None) -> None:
        # As JSON, since a file's name that is not UTF-8 makes text that the database does not take.
        source = json.dumps(item.source)
        state = json.dumps(describe_file(item.source))
        self._execute("INSERT OR IGNORE INTO sources VALUES (?, ?)", source, state)
        fields = json.dumps(item.fields, ensure_ascii=True, default=str)
        row = (place, json.dumps(item.id, default=str), source, item.row, fields)
        if isinstance(item, BadInput):
            rest: tuple[Any, ...] = (None, None, json.dumps(item.reason), None, None)
        else:
            date = read_date(item.fields.get(date_column)) if date_column else None
            note = json.dumps(item.note)
            rest = (note, item.reference, None, self._add_text(item.text), date)
        self._execute(f"INSERT INTO items VALUES ({', '.join('?' * 10)})", *row, *rest)

    def _add_text(self, text: str) -> int:
        known = self.find_text(text)
        if known is not None:
            return known
        number = self._count("texts")
        content = zlib.compress(_encode(text), 1)
        row = (number, make_digest(text), content, encode_words(text), find_other_language(text))
        self._execute("INSERT INTO texts VALUES (?, ?, ?, ?, ?)", *row)
        return number

    def _check_item(self, place: int, item: Record | BadInput) -> None:
        source, row, number = self._get(
            "SELECT source, row, number FROM items WHERE place = ?", place
        )
        same = (self._parse(source), row) == (item.source, item.row)
        # What is drawn out of a page may differ from one time to the next; the file tells.
        if same and describe_file(item.source) is None:
            text = item.text if isinstance(item, Record) else None
            same = text == (None if number is None else self.read_text(number))
        if not same:
            raise self._refuse_inputs(f"the one at place {place + 1:,} is another")

    def _check_sources(self) -> None:
        for name, state in self._list("SELECT name, state FROM sources ORDER BY name"):
            source = self._parse(name)
            if json.dumps(describe_file(source)) != state:
                raise self._refuse_inputs(f"{source} is another")

    def _refuse_inputs(self, what: str) -> ClusterError:
        return ClusterError(f"{self.path}: the inputs have changed since ({what}): {_START_ANEW}")

    def items(self) -> Iterator[Record | BadInput]:
        """What was read, as it was read, in its order."""
        rows = self._list(
            "SELECT id, source, row, fields, note, reference, reason, content FROM items "
            "LEFT JOIN texts USING (number) ORDER BY place"
        )
        for identity, source, row, fields, note, reference, reason, content in rows:
            known = self._parse(source), row
            held = self._parse(fields)
            if reason is not None:
                yield BadInput(self._parse(identity), *known, self._parse(reason), held)
            else:
                given = self._parse(note), reference
                yield Record(self._parse(identity), self._unpack(content), *known, held, *given)

    def rows(self) -> Iterator[tuple[Any, dict[str, Any]]]:
        """Id and fields of each row that holds a text, in their order."""
        for identity, fields in self._list(
            "SELECT id, fields FROM items WHERE number IS NOT NULL ORDER BY place"
        ):
            yield self._parse(identity), self._parse(fields)

    def list_fields(self) -> list[str]:
        """The names of the fields of all rows, in the order in which they first came."""
        names: dict[str, None] = {}
        for (fields,) in self._list(
            "SELECT fields FROM items WHERE number IS NOT NULL ORDER BY place"
        ):
            names |= dict.fromkeys(self._parse(fields))
        return list(names)

    def numbers(self) -> Iterator[tuple[int, int, float | None]]:
        """Place, number of the text and date of each row that holds a text, in their order."""
        yield from self._list(
            "SELECT place, number, date FROM items WHERE number IS NOT NULL ORDER BY place"
        )

    def get_row(self, place: int) -> tuple[Any, dict[str, Any]]:
        """Id and fields of a row."""
        found = self._get("SELECT id, fields FROM items WHERE place = ?", place)
        return self._parse(found[0]), self._parse(found[1])

    def get_id(self, place: int) -> Any:
        """The id of a row."""
        found = self._get("SELECT id FROM items WHERE place = ?", place)
        return self._parse(found[0])

    def bad_inputs(self) -> Iterator[BadInput]:
        """What could not be read."""
        for identity, source, row, fields, reason in self._list(
            "SELECT id, source, row, fields, reason FROM items WHERE reason IS NOT NULL "
            "ORDER BY place"
        ):
            known = self._parse(identity), self._parse(source), row
            yield BadInput(*known, self._parse(reason), self._parse(fields))

    def read_text(self, number: int) -> str:
        """A text."""
        found = self._get("SELECT content FROM texts WHERE number = ?", number)
        return self._unpack(found[0])

    def find_text(self, text: str) -> int | None:
        """The number of a text, if it is one of the crawl's."""
        digest = make_digest(text)
        found = self._find("SELECT number FROM texts WHERE digest = ?", digest)
        return int(found[0]) if found else None

    def find_other_language(self, number: int) -> str | None:
        """Code of the language that a text is in; None of English, and where there is no text."""
        found = self._get("SELECT language FROM texts WHERE number = ?", number)[0]
        return None if found is None else str(found)

    def find_first(self, number: int) -> int:
        """The place of the row in which a text came first, by date, then by place."""
        found = self._get(
            "SELECT place FROM items WHERE number = ? ORDER BY date IS NULL, date, place", number
        )
        return int(found[0])

    def words(self) -> Iterator[bytes]:
        """What `encode_words` made of each text, in the order of their numbers."""
        for (content,) in self._list("SELECT words FROM texts ORDER BY number"):
            yield content

    def blank_texts(self) -> Iterator[int]:
        """The numbers of texts that hold nothing."""
        for number, content in self._list(
            "SELECT number, content FROM texts WHERE length(words) = 0 ORDER BY number"
        ):
            if not self._unpack(content).strip():
                yield number

    def count_texts(self) -> int:
        """How many different texts there are."""
        return self._count("texts")

    def find_date(self, number: int) -> float | None:
        """The earliest date of a text, in seconds; None where no row brings one."""
        found = self._get("SELECT MIN(date) FROM items WHERE number = ?", number)
        return None if found[0] is None else float(found[0])

    def count_dates(self) -> int:
        """How many rows that hold a text bring a date that could be read."""
        return int(self._get("SELECT COUNT(date) FROM items WHERE number IS NOT NULL")[0])

    def list_unread_dates(self, date_column: str) -> Iterator[Any]:
        """What stands in a column of dates and could not be read as one, in the rows' order."""
        for (fields,) in self._list(
            "SELECT fields FROM items WHERE number IS NOT NULL AND date IS NULL ORDER BY place"
        ):
            value = self._parse(fields).get(date_column)
            if not is_blank_date(value):
                yield value

    # ---- What was found ----

    def add_pair(self, one: int, other: int) -> None:
        """Keep two texts that are to be compared."""
        pair = min(one, other), max(one, other)
        self._execute("INSERT OR IGNORE INTO pairs VALUES (?, ?)", *pair)

    def pairs(self) -> Iterator[tuple[int, int]]:
        """The texts that are to be compared."""
        yield from self._list("SELECT one, other FROM pairs ORDER BY one, other")

    def add_link(self, link: Link) -> None:
        """Keep what a comparison said."""
        said = link.to_json()
        self._execute(
            "INSERT OR REPLACE INTO links VALUES (?, ?, ?)", link.copy, link.original, said
        )

    def find_link(self, copy: int, original: int) -> Link | None:
        """What a comparison said, if the two were compared this way round."""
        found = self._find("SELECT said FROM links WHERE copy = ? AND original = ?", copy, original)
        try:
            return Link.from_json(found[0]) if found else None
        except (ValueError, TypeError, KeyError) as error:
            raise self._refuse_damage("a comparison cannot be read") from error

    def is_settled(self, first: int) -> bool:
        """Whether all is known of the texts that hang together with this one, their first."""
        found = self._find("SELECT 1 FROM settled WHERE first = ?", first)
        return found is not None

    def settle(self, first: int, standings: Mapping[int, Any]) -> None:
        """Keep what became of the texts that hang together."""
        for number, said in standings.items():
            self._execute(
                "INSERT OR REPLACE INTO standings VALUES (?, ?)", number, json.dumps(said)
            )
        self._execute("INSERT OR REPLACE INTO settled VALUES (?)", first)

    def find_standing(self, number: int) -> Any:
        """What became of a text; None of one that stands alone."""
        found = self._find("SELECT said FROM standings WHERE number = ?", number)
        return self._parse(found[0]) if found else None

    def standings(self) -> Iterator[tuple[int, Any]]:
        """What became of each text that does not stand alone."""
        for number, said in self._list("SELECT number, said FROM standings ORDER BY number"):
            yield number, self._parse(said)

    # ---- Facts and changes ----

    def get_fact(self, name: str) -> Any:
        """What was kept under a name; None where nothing was."""
        found = self._find("SELECT value FROM facts WHERE name = ?", name)
        return self._parse(found[0]) if found else None

    def set_fact(self, name: str, value: Any) -> None:
        """Keep something small."""
        self._execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, json.dumps(value))

    def keep_fact(self, name: str, value: Any) -> None:
        """Keep something small, at once."""
        with self.change():
            self.set_fact(name, value)

    @contextmanager
    def change(self) -> Iterator[None]:
        """Changes that last once the context ends, or `commit_now_and_then` was called."""
        with self._explain():
            self._execute("BEGIN")
            try:
                yield
            finally:
                # What was finished before an error or an interrupt is worth keeping. On a full disk
                # all is taken back already, and to commit nothing would hide the error.
                if self._connection.in_transaction:
                    self._execute("COMMIT")

    def commit_now_and_then(self) -> None:
        """Have the changes so far last, if some time has passed since the last were."""
        if time.monotonic() - self._committed >= _COMMIT_SECONDS:
            self._execute("COMMIT")
            self._execute("BEGIN")
            self._committed = time.monotonic()

    def _count(self, table: str) -> int:
        column = "place" if table == "items" else "number"
        return int(self._get(f"SELECT COALESCE(MAX({column}) + 1, 0) FROM {table}")[0])

    def _execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        with self._explain():
            return self._connection.execute(statement, values)

    def _find(self, statement: str, *values: Any) -> Any:
        """The first row, if there is one."""
        with self._explain():
            return self._connection.execute(statement, values).fetchone()

    def _get(self, statement: str, *values: Any) -> Any:
        """The first row of those that there must be."""
        found = self._find(statement, *values)
        if found is None:
            raise self._refuse_damage("a row is missing")
        return found

    def _list(self, statement: str, *values: Any) -> Iterator[Any]:
        """All rows."""
        with self._explain():
            # To delegate to the cursor would close it, after the database perhaps.
            for row in self._connection.execute(statement, values):  # noqa: UP028
                yield row

    def _parse(self, said: str) -> Any:
        try:
            return json.loads(said)
        except (ValueError, TypeError) as error:
            raise self._refuse_damage("a row cannot be read") from error

    def _unpack(self, content: bytes) -> str:
        try:
            return zlib.decompress(content).decode("utf-8", "surrogatepass")
        except (zlib.error, UnicodeDecodeError, TypeError) as error:
            raise self._refuse_damage("a text cannot be read") from error

    def _refuse_damage(self, what: str) -> ClusterError:
        return ClusterError(f"{self.path}: cannot be used: {what}: {_START_ANEW}")

    @contextmanager
    def _explain(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise ClusterError(
                    f"{self.path}: another run is writing there: wait until it ends"
                ) from error
            # A disk that is full or shut is an operational error, and so is a table that is gone.
            if isinstance(error, sqlite3.OperationalError) and "no such" not in str(error):
                raise ClusterError(f"{self.path}: cannot be used: {error}") from error
            raise self._refuse_damage(str(error)) from error


def make_digest(text: str) -> bytes:
    """What tells a text from others."""
    return blake2b(_encode(text), digest_size=16).digest()


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
