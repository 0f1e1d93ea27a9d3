"""A progress bar for a batch."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.cli.score_call import ScoreCall

if TYPE_CHECKING:
    from detector.batch.journal import Journal


class _Bar:
    """Documents a second and time left, on a terminal."""

    def __init__(self, call: ScoreCall, done: int) -> None:
        self._bar: Any = None
        if call.quiet or not sys.stderr.isatty():
            return
        from tqdm import tqdm

        self._bar = tqdm(
            total=_count_inputs(call.files, call.input_format),
            initial=done,
            unit=" documents",
            unit_scale=False,
            dynamic_ncols=True,
            smoothing=0.05,
            file=sys.stderr,
        )

    def __enter__(self) -> Callable[[], object]:
        return (lambda: None) if self._bar is None else self._bar.update

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def show_progress(call: ScoreCall, journal: Journal) -> _Bar:
    return _Bar(call, journal.inputs)


def _count_inputs(files: Sequence[str], input_format: str | None) -> int | None:
    """How many inputs there are, where that can be told without reading them all."""
    counts = [None if input_format else _count_rows(Path(name)) for name in files]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _count_rows(path: Path) -> int | None:
    suffix = path.suffix.lower()
    if not path.is_file():
        return None
    if suffix in (".txt", ".htm", ".html"):
        return 1
    if suffix in (".jsonl", ".ndjson"):
        with path.open("rb") as stream:
            return sum(piece.count(b"\n") for piece in iter(lambda: stream.read(1 << 20), b""))
    if suffix == ".parquet":
        # What is wrong with the file, or missing to read it, the reader will say.
        with suppress(ImportError, OSError, ValueError):
            from pyarrow.parquet import read_metadata

            return int(read_metadata(path).num_rows)
    return None
