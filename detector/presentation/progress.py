"""A progress bar for a batch: documents a second, and the time left where that can be told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def show_progress(
    files: Sequence[str], input_format: str | None, done: int
) -> Iterator[Callable[[], object]]:
    """A bar on standard error, where that is a terminal; calling what it gives counts an input.

    Args:
        files: what is read.
        input_format: what the files hold; None where their extensions tell.
        done: inputs that an earlier run has finished.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(
        total=None if input_format else _count_inputs(files),
        initial=done,
        unit=" documents",
        unit_scale=False,
        dynamic_ncols=True,
        smoothing=0.05,
        file=sys.stderr,
    ) as bar:
        yield bar.update


def _count_inputs(files: Sequence[str]) -> int | None:
    """How many inputs there are, where that can be told without reading them all."""
    total = 0
    for name in files:
        count = _count_rows(Path(name))
        if count is None:
            return None
        total += count
    return total


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
