"""The finished parts of a long run, in a folder beside its output: what makes it resumable.

Whatever ends a run, be it a kill, what was finished stays: a part is a file of rows under a
temporary name, then renamed, then entered in the journal, in this order. A run that is resumed
reads its inputs again from the start, checks that they are those of the journal, and scores what
comes after them; a part that no line of the journal speaks of is written anew.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from detector.batch.chunks import Outcome, weigh_input
from detector.batch.summary import Tally
from detector.errors import DetectorError
from detector.io.atomic_files import flush_to_disk, replace_whole_text
from detector.io.file_states import describe_file
from detector.io.readers import BadInput, Record
from detector.io.writers import concatenate, open_writer
from detector.io.writers.compression import split_suffix

# A part ends at any of these: what a kill costs at most, and what is held in memory.
_PART_INPUTS = 1000

_PART_SECONDS = 30.0

_PART_CHARACTERS = 1 << 25

_HEADER, _JOURNAL, _LOCK = "run.json", "journal.jsonl", "lock"

_FORMAT = 1


class RunError(DetectorError):
    """A run cannot begin or go on: its output is taken, or it is another run's."""


class WriteError(DetectorError):
    """The output cannot be written, the disk is full say; what was finished stays."""


@dataclass(frozen=True)
class _Part:
    """A line of the journal.

    Attributes:
        inputs: how many inputs it is about.
        digest: what tells these inputs from others.
        columns: of its rows, in order.
        rows: how many of the inputs are rows of the output.
        quarantined: how many are not.
        tally: of all parts up to this one.
    """

    inputs: int
    digest: str
    columns: list[str]
    rows: int
    quarantined: int
    tally: dict[str, Any]


def name_folder(target: Path) -> Path:
    """Where the parts of a run to this output lie."""
    return target.with_name(target.name + ".parts")


class Journal:
    """A run's finished parts, and the one that is growing.

    Use `begin`, then as a context: left without parts, the folder is removed; left with some, it
    stays until `finish`.

    Attributes:
        target: the output.
        quarantine: where inputs without a figure go.
        tally: counts of what the finished parts hold.
    """

    def __init__(self, target: Path, quarantine: Path, lock: IO[str]) -> None:
        self.target = target
        self.quarantine = quarantine
        self.tally = Tally()
        self._folder = name_folder(target)
        self._lock = lock
        self._parts: list[_Part] = []
        self._growing = _Growing()
        self._settled = True
        self._clock = time.monotonic()

    @classmethod
    def begin(
        cls,
        target: Path,
        quarantine: Path,
        identity: Mapping[str, Any],
        *,
        resume: bool = False,
        overwrite: bool = False,
    ) -> Journal:
        """Start a run, or go on with one that was broken off.

        Args:
            target: the output; its suffix names the format, as `open_writer` has it.
            quarantine: a file of JSON lines.
            identity: all that the rows depend on besides the inputs, ready for JSON: a run is
                resumed only under the same.
            resume: go on with the run that lies there, if one does.
            overwrite: an output that exists, and a broken-off run that is not resumed, may go.

        Raises:
            RunError: the output exists, a broken-off run lies there, it is another than this one,
                or is being written to.
            FormatError: the output's name announces no format, or a library for it is missing.
            WriteError: nothing can be written there.
        """
        folder = name_folder(target)
        begun = (folder / _HEADER).is_file()
        if begun and not resume and not overwrite:
            raise RunError(
                f"{folder}: holds a run that was broken off: go on with --resume, or start anew "
                "with --overwrite"
            )
        if not (begun and resume):
            _check_free([target, quarantine], overwrite)
        with _explain(target):
            self = cls(target, quarantine, _take_lock(folder))
        try:
            if begun and resume:
                self._take_up(identity, overwrite)
            else:
                with _explain(target):
                    self._start(identity, overwrite)
        except BaseException:
            if not (begun and resume):
                shutil.rmtree(folder, ignore_errors=True)
            self._lock.close()
            raise
        return self

    def _start(self, identity: Mapping[str, Any], overwrite: bool) -> None:
        (self._folder / _HEADER).unlink(missing_ok=True)
        for path in self._folder.iterdir():
            if path.name != _LOCK:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        # A missing library, or a disk that takes nothing, is better known before than after hours.
        with open_writer(self._name_part(0), []):
            pass
        self._name_part(0).unlink()
        header = {"format": _FORMAT, "overwrite": overwrite, "identity": dict(identity)}
        _write_whole(self._folder / _HEADER, [json.dumps(header, indent=1)])

    def _take_up(self, identity: Mapping[str, Any], overwrite: bool) -> None:
        header = json.loads((self._folder / _HEADER).read_text(encoding="utf-8"))
        _check_identity(self._folder, header, json.loads(json.dumps(identity)))
        self._parts = _read_journal(self._folder / _JOURNAL)
        if self._parts:
            self.tally = Tally.from_dict(self._parts[-1].tally)
        # Once parts are joined, what lies there may be this run's own output.
        may_replace = overwrite or header["overwrite"] or self.complete
        _check_free([self.target, self.quarantine], may_replace)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._parts:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._lock.close()

    @property
    def inputs(self) -> int:
        """How many inputs the finished parts are about."""
        return sum(part.inputs for part in self._parts)

    @property
    def complete(self) -> bool:
        """Whether no input is left, and only `finish` was not done with."""
        return self._joining.exists()

    def pass_over(self, items: Iterator[Record | BadInput]) -> None:
        """Read past the inputs of the finished parts.

        Raises:
            RunError: they are not the inputs that the parts are about.
        """
        done = 0
        for part in self._parts:
            digest = _InputsDigest()
            for item in islice(items, part.inputs):
                digest.add(item)
            if (digest.inputs, digest.to_hex()) != (part.inputs, part.digest):
                raise RunError(
                    f"{self._folder}: the inputs have changed since: "
                    f"{done + 1:,} to {done + part.inputs:,} are not those that were scored; "
                    "start anew with --overwrite"
                )
            done += part.inputs

    def add(
        self,
        outcome: Outcome,
        row: Mapping[str, Any] | None,
        quarantined: Mapping[str, Any] | None,
    ) -> None:
        """Take what became of the next input: a row of the output, or one of the quarantine."""
        self._settled = False
        self.tally.add(outcome)
        self._growing.add(outcome.source, row, quarantined)
        self._settled = True
        if self._growing.full:
            self.seal()

    def seal(self) -> None:
        """End the growing part: from now on its inputs are not scored again.

        May be called when an interrupt has broken off anything else here: it then does nothing,
        if it cannot be known how far that went.

        Raises:
            WriteError: it cannot be written; the parts before it are untouched.
        """
        growing, number = self._growing, len(self._parts)
        if not (self._settled and growing.digest.inputs):
            return
        self._settled = False
        self._count_seconds()
        part = _Part(
            growing.digest.inputs,
            growing.digest.to_hex(),
            growing.columns,
            len(growing.rows),
            len(growing.quarantined),
            self.tally.to_dict(),
        )
        with _explain(self.target):
            self._write_part(number, growing, part)
        self._parts.append(part)
        self._growing = _Growing()
        self._settled = True

    def _write_part(self, number: int, growing: _Growing, part: _Part) -> None:
        if growing.rows:
            with open_writer(self._name_part(number), part.columns) as writer:
                for row in growing.rows:
                    writer.write(row)
        if growing.quarantined:
            _write_whole(self._name_quarantine(number), map(to_json_line, growing.quarantined))
        with (self._folder / _JOURNAL).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(part)) + "\n")
            flush_to_disk(stream)

    def finish(self, columns: Sequence[str], *, keep_empty: bool = False) -> None:
        """Join the parts into output and quarantine, each whole or not at all; end the run.

        Args:
            columns: those that come first; the others of the rows follow.
            keep_empty: the quarantine is written even with nothing in it.

        Raises:
            WriteError: one cannot be written; the parts stay, and the run can be resumed.
        """
        self.seal()
        with _explain(self.target):
            self._joining.touch()
            self._join_rows(columns)
        with _explain(self.quarantine):
            self._join_quarantine(keep_empty)
        with _explain(self.target):
            # First what makes it a run: half a folder must never pass for one without parts.
            (self._folder / _HEADER).unlink()
            shutil.rmtree(self._folder)
        self._parts = []
        self._count_seconds()

    def _join_rows(self, columns: Sequence[str]) -> None:
        names = list(dict.fromkeys([*columns, *(c for part in self._parts for c in part.columns)]))
        parts = [self._name_part(n) for n, part in enumerate(self._parts) if part.rows]
        if parts:
            concatenate(parts, self.target, names)
        else:
            with open_writer(self.target, names):
                pass

    def _join_quarantine(self, keep_empty: bool) -> None:
        parts = [self._name_quarantine(n) for n, part in enumerate(self._parts) if part.quarantined]
        if parts or keep_empty:
            _write_whole(self.quarantine, _read_lines(parts))
        else:
            self.quarantine.unlink(missing_ok=True)

    def _count_seconds(self) -> None:
        now = time.monotonic()
        self.tally.seconds += now - self._clock
        self._clock = now

    @property
    def _joining(self) -> Path:
        return self._folder / "complete"

    def _name_part(self, number: int) -> Path:
        return self._folder / f"part-{number:05d}{''.join(split_suffix(self.target))}"

    def _name_quarantine(self, number: int) -> Path:
        return self._folder / f"quarantine-{number:05d}.jsonl"


@dataclass
class _Growing:
    """What became of inputs since the last part was sealed."""

    rows: list[Mapping[str, Any]] = field(default_factory=list)
    quarantined: list[Mapping[str, Any]] = field(default_factory=list)
    digest: _InputsDigest = field(default_factory=lambda: _InputsDigest())
    characters: int = 0
    begun: float = field(default_factory=time.monotonic)

    @property
    def full(self) -> bool:
        return (
            self.digest.inputs >= _PART_INPUTS
            or self.characters >= _PART_CHARACTERS
            or time.monotonic() - self.begun >= _PART_SECONDS
        )

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def add(
        self,
        item: Record | BadInput,
        row: Mapping[str, Any] | None,
        quarantined: Mapping[str, Any] | None,
    ) -> None:
        self.digest.add(item)
        self.characters += weigh_input(item)
        if row is not None:
            self.rows.append(row)
        if quarantined is not None:
            self.quarantined.append(quarantined)


class _InputsDigest:
    """Tells inputs from others: by place and id, and size and time of their file.

    The text is not looked at where there is a file: what is drawn out of a page may differ from
    one time to the next (a page that took too long), and the run must go on nonetheless.
    """

    def __init__(self) -> None:
        self.inputs = 0
        self._digest = blake2b(digest_size=16)
        self._source: str | None = None
        self._is_file = False

    def add(self, item: Record | BadInput) -> None:
        self.inputs += 1
        known: list[Any] = [item.source, item.row, str(item.id)]
        if item.source != self._source:
            self._source = item.source
            state = describe_file(item.source)
            self._is_file = state is not None
            known.append(state)
        if not self._is_file and isinstance(item, Record):
            known.append(item.text)
        self._digest.update(json.dumps(known).encode())

    def to_hex(self) -> str:
        return self._digest.hexdigest()


def _check_free(paths: Iterable[Path], overwrite: bool) -> None:
    for path in paths:
        if path.exists() and not overwrite:
            raise RunError(f"{path}: exists: name another file, or replace it with --overwrite")


def _check_identity(folder: Path, header: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    if header.get("format") != _FORMAT:
        raise RunError(f"{folder}: a run of another version: start anew with --overwrite")
    before = header["identity"]
    changed = [
        f"{name} {json.dumps(before.get(name), ensure_ascii=False)}, "
        f"now {json.dumps(identity.get(name), ensure_ascii=False)}"
        for name in dict.fromkeys([*before, *identity])
        if before.get(name) != identity.get(name)
    ]
    if changed:
        raise RunError(
            f"{folder}: cannot be resumed, for it was begun with {'; '.join(changed)}: call as "
            "then, or start anew with --overwrite"
        )


def _take_lock(folder: Path) -> IO[str]:
    """Keep the folder for this process, until the file is closed or the process ends."""
    folder.mkdir(exist_ok=True)
    lock = (folder / _LOCK).open("w", encoding="utf-8")
    try:
        import fcntl

        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:  # Windows: two runs to one output are then the caller's to avoid
        pass
    except BlockingIOError as error:
        lock.close()
        raise RunError(f"{folder}: another run is writing there: wait until it ends") from error
    return lock


def _read_journal(path: Path) -> list[_Part]:
    """The parts that were finished; a last line that a kill cut short is taken away."""
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(path, len(whole))
    return [_Part(**json.loads(line)) for line in whole.splitlines()]


def _read_lines(paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        with path.open(encoding="utf-8", newline="\n") as stream:
            for line in stream:
                yield line.rstrip("\n")


def to_json_line(row: Mapping[str, Any]) -> str:
    """A row as a line of JSON, without its end, that can be written whatever the row holds."""
    # Dates and decimals, as Parquet has them, are worded; half a character becomes an escape.
    line = json.dumps(row, ensure_ascii=False, default=str)
    return line.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def _explain(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WriteError(f"{target}: cannot be written: {error.strerror or error}") from error


def _write_whole(path: Path, lines: Iterable[str]) -> None:
    with replace_whole_text(path) as stream:
        stream.writelines(line + "\n" for line in lines)
