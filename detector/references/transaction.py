"""Add to an index and remove from it: all or nothing, one writer at a time."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from detector.io.atomic_files import flush_folder, flush_to_disk
from detector.references.manifest import (
    NEW_MANIFEST,
    Manifest,
    ReferenceIndexError,
    read_manifest,
    write_manifest,
)
from detector.references.merging import choose_merge, merge_segments
from detector.references.search import Snapshot
from detector.references.segment_writing import Builder
from detector.references.segments import Array, Segment
from detector.references.stored_texts import Addition, RefusedError
from detector.references.vectors import list_features

LOCK_TIMEOUT = 60.0
"""Seconds that a writer waits for another one by default."""

LOCK = "write.lock"

_OWN_FILE = re.compile(r"(?:segment|deleted)-[0-9a-f]{32}\.bin")


class Transaction:
    """One writer's changes, which come into force together at `commit`, or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        before = Snapshot.open(folder)
        self._base = before.manifest
        self._segments = list(before.segments)
        self._remove_leftovers(self._base)
        self._deleted: dict[str, set[int]] = {}
        self._builder = Builder()
        self._created: set[str] = set()
        self.counts: Counter[str] = Counter()

    def add(self, item: Addition) -> None:
        """Take a document in."""
        stored = self._builder.find_digest(item.encoded_id)
        place = None if stored is not None else self._find_stored(item)
        if place is not None:
            stored = int(place[0]["digests"][place[1]])
        if stored == item.digest:
            self.counts["unchanged"] += 1
            return
        features = list_features(item.text)
        if not len(features):
            raise RefusedError("empty: no words to find it by")
        if place is not None:
            self._deleted.setdefault(place[0].entry.name, set()).add(place[1])
        self.counts["added" if stored is None else "replaced"] += 1
        self._builder.add(item, features)
        if self._builder.is_full:
            self._flush()

    def _find_stored(self, item: Addition) -> tuple[Segment, int] | None:
        """Where the document with an id lies, unless it is deleted."""
        for segment in self._segments:
            for document in segment.find_id(item.encoded_id, item.id_hash):
                if not self._is_deleted(segment, document):
                    return segment, document
        return None

    def _is_deleted(self, segment: Segment, document: int) -> bool:
        if document in self._deleted.get(segment.entry.name, ()):
            return True
        return contains_key(segment.deleted, document)

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
        self._segments.append(Segment(self._folder, entry))
        self._builder = Builder()
        self._apply_deletions()
        while chosen := choose_merge(self._segments):
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
                flush_to_disk(stream)
            entry = replace(segment.entry, deleted=len(deleted), deleted_name=path.name)
            self._segments[number] = segment.with_entry(self._folder, entry)

    def _merge(self, chosen: Sequence[Segment]) -> None:
        kept = [segment for segment in self._segments if segment not in chosen]
        if any(len(segment.deleted) < segment.entry.documents for segment in chosen):
            entry = merge_segments(chosen, self._new_file("segment"))
            kept.append(Segment(self._folder, entry))
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
        manifest = Manifest(entries, self._base.generation + 1)
        flush_folder(self._folder)
        write_manifest(self._folder, manifest)
        self._remove_leftovers(manifest)

    def roll_back(self) -> None:
        """Delete the files of changes that did not come into force.

        The manifest on the disk has the last word: it may have been put in place just before
        something failed. Where it cannot be read, nothing is deleted.
        """
        with suppress(OSError, ReferenceIndexError):
            (self._folder / NEW_MANIFEST).unlink(missing_ok=True)
            self._remove_leftovers(read_manifest(self._folder))

    def _remove_leftovers(self, manifest: Manifest) -> None:
        """Delete segments that no manifest names: merged ones, and those of a killed writer."""
        live = manifest.names
        for path in self._folder.iterdir():
            if _OWN_FILE.fullmatch(path.name) and path.name not in live:
                with suppress(OSError):  # where a reader's map keeps a file, the next write tries
                    path.unlink()


def contains_key(ordered: Array, value: int) -> bool:
    """Whether a number is in an array in rising order."""
    at = int(np.searchsorted(ordered, ordered.dtype.type(value)))
    return at < len(ordered) and int(ordered[at]) == value


@contextmanager
def lock_index(folder: Path, timeout: float) -> Iterator[None]:
    """Keep other writers out; the system frees the lock of a process that dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
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
