"""An index of originals on search engines instead of posting lists of our own.

    python benchmarks/reference_engines.py tantivy|fts5 FOLDER [--sizes 10000 100000] [--corpora …]

Each engine holds the same words of each article, names candidates by its own BM25 and leaves the
comparison of their texts to the index's own cosine, so that only the engine differs. How common a
word is lies in an array beside it, outside its transactions. `tantivy` needs the package of that
name (0.27 was measured). Options and output as in `references.py`.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from references import measure_index

from detector.references.index import Additions
from detector.references.search import Candidate, Snapshot
from detector.references.stored_texts import compress_text, decompress_text
from detector.references.vectors import BUCKETS, count_leading_words, list_features, make_vector

QUERY_WORDS = 128
COMPARED = 8
FREQUENCIES = "frequencies.npy"


class Cosine(Snapshot):
    """The comparison of the index, with frequencies from an array."""

    def __init__(self, folder: Path) -> None:
        path = folder / FREQUENCIES
        self._frequencies: npt.NDArray[np.uint32] = (
            np.load(path) if path.exists() else np.zeros(BUCKETS, np.uint32)
        )

    def count(self, features: npt.NDArray[np.uint32], change: int) -> None:
        self._frequencies[features] += np.uint32(change % (1 << 32))

    def save(self, folder: Path) -> None:
        np.save(folder / FREQUENCIES, self._frequencies)

    def choose_words(self, text: str) -> list[tuple[str, float]]:
        """The words that a query asks for, with their weights."""
        query = make_vector(text)
        words = count_leading_words(query.features)
        features = query.features[:words]
        weights = query.weights[:words] * self.weigh(features)
        order = np.argsort(-weights, kind="stable")[:QUERY_WORDS]
        return [(f"{features[i]:x}", float(weights[i])) for i in order]

    def rank(self, text: str, texts: list[tuple[str, str]], k: int) -> list[Candidate]:
        query = make_vector(text)
        found = [Candidate(name, self._compare(query, other), "", other) for name, other in texts]
        return sorted(found, key=lambda candidate: -candidate.score)[:k]


def spell_words(features: Any) -> str:
    return " ".join(f"{feature:x}" for feature in features[: count_leading_words(features)])


class Tantivy:
    """The index on tantivy."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self.tantivy, self.folder, self.cosine = tantivy, folder, Cosine(folder)
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("words", tokenizer_name="whitespace", index_option="basic")
        builder.add_bytes_field("text", stored=True)
        self.index = tantivy.Index(builder.build(), path=str(folder))
        self.cosine.documents = self.index.searcher().num_docs

    @classmethod
    def create(cls, folder: Path) -> Tantivy:
        folder.mkdir()
        return cls(folder)

    open = classmethod(lambda cls, folder: cls(folder))

    def add(self, documents: Iterable[tuple[str, str]]) -> Additions:
        writer = self.index.writer(heap_size=128 * 1024 * 1024, num_threads=1)
        searcher = self.index.searcher()
        added = replaced = 0
        for identity, text in documents:
            known = self.tantivy.Query.term_query(self.index.schema, "id", identity)
            for _, address in searcher.search(known, 1).hits:
                stored = decompress_text(bytes(searcher.doc(address)["text"][0]))
                self.cosine.count(list_features(stored), -1)
                writer.delete_documents("id", identity)
                replaced, added = replaced + 1, added - 1
            features = list_features(text)
            self.cosine.count(features, 1)
            content = compress_text(text)
            writer.add_document(
                self.tantivy.Document(id=identity, words=spell_words(features), text=content)
            )
            added += 1
        writer.commit()
        writer.wait_merging_threads()
        self.cosine.save(self.folder)
        self.index.reload()
        self.cosine.documents = self.index.searcher().num_docs
        return Additions(added, replaced)

    def find(self, text: str, k: int, minimum: float) -> list[Candidate]:
        query, schema, searcher = self.tantivy.Query, self.index.schema, self.index.searcher()
        asked = [
            (
                self.tantivy.Occur.Should,
                query.boost_query(query.term_query(schema, "words", word, "basic"), weight),
            )
            for word, weight in self.cosine.choose_words(text)
        ]
        hits = searcher.search(query.boolean_query(asked), COMPARED, count=False).hits
        found = [searcher.doc(address) for _, address in hits]
        texts = [(one["id"][0], decompress_text(bytes(one["text"][0]))) for one in found]
        return self.cosine.rank(text, texts, k)


class Fts5:
    """The index on SQLite's full-text search."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.cosine = folder, Cosine(folder)
        self.connection = sqlite3.connect(folder / "fts5.sqlite")
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute(
            "CREATE TABLE IF NOT EXISTS documents (number INTEGER PRIMARY KEY, id UNIQUE, text)"
        )
        self.connection.execute(
            "CREATE VIRTUAL TABLE IF NOT EXISTS lists USING fts5(words, content='', detail=none)"
        )
        self._count_documents()

    @classmethod
    def create(cls, folder: Path) -> Fts5:
        folder.mkdir()
        return cls(folder)

    open = classmethod(lambda cls, folder: cls(folder))

    def add(self, documents: Iterable[tuple[str, str]]) -> Additions:
        added = replaced = 0
        with self.connection as connection:
            for identity, text in documents:
                known = connection.execute(
                    "SELECT number, text FROM documents WHERE id = ?", (identity,)
                ).fetchone()
                if known:
                    self._remove(*known)
                features = list_features(text)
                self.cosine.count(features, 1)
                cursor = connection.execute(
                    "INSERT INTO documents (id, text) VALUES (?, ?)",
                    (identity, compress_text(text)),
                )
                row = cursor.lastrowid, spell_words(features)
                connection.execute("INSERT INTO lists (rowid, words) VALUES (?, ?)", row)
                added, replaced = added + (not known), replaced + bool(known)
        self.cosine.save(self.folder)
        self._count_documents()
        return Additions(added, replaced)

    def _count_documents(self) -> None:
        (count,) = self.connection.execute("SELECT count(*) FROM documents").fetchone()
        self.cosine.documents = count

    def _remove(self, number: int, content: bytes) -> None:
        features = list_features(decompress_text(content))
        self.cosine.count(features, -1)
        self.connection.execute("DELETE FROM documents WHERE number = ?", (number,))
        self.connection.execute(
            "INSERT INTO lists (lists, rowid, words) VALUES ('delete', ?, ?)",
            (number, spell_words(features)),
        )

    def find(self, text: str, k: int, minimum: float) -> list[Candidate]:
        asked = " OR ".join(f'"{word}"' for word, _ in self.cosine.choose_words(text))
        rows = self.connection.execute(
            "SELECT documents.id, documents.text FROM (SELECT rowid FROM lists WHERE lists MATCH ?"
            " ORDER BY rank LIMIT ?) AS found JOIN documents ON documents.number = found.rowid",
            (asked, COMPARED),
        )
        texts = [(name, decompress_text(content)) for name, content in rows.fetchall()]
        return self.cosine.rank(text, texts, k)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=["tantivy", "fts5"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--corpora", type=Path)
    arguments = parser.parse_args()
    engine = {"tantivy": Tantivy, "fts5": Fts5}[arguments.engine]
    for one in measure_index(engine, arguments.folder, arguments.sizes, arguments.corpora):
        print(json.dumps(one, indent=1), flush=True)


if __name__ == "__main__":
    main()
