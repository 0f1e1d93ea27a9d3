"""Write a file, or a folder of files, whole or not at all.

Whoever looks there finds the old one, the new one or none, never a part of one, also after a power
cut: what is new is brought to the disk under another name before it takes its place.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TextIO

#: Of a name, in what stands beside it: with four bytes a letter, both still make a name.
_KEPT = 40


def _cut(name: str) -> str:
    return name[:_KEPT]


@contextmanager
def replace_whole(path: Path) -> Iterator[IO[bytes]]:
    """A stream to a new file, which takes the path's place if the context ends without an error.

    Args:
        path: the file; where it is a link, what it points to is replaced.

    Raises:
        OSError: it cannot be written, of a full disk say, or `path` is something other than a file.
            The old file is untouched.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise OSError(errno.EINVAL, "not a file that could be replaced", str(path))
    fresh = target.with_name(f".{_cut(target.name)}.{secrets.token_hex(4)}.fresh")
    try:
        with fresh.open("xb") as stream:
            yield stream
            flush_to_disk(stream)
        fresh.replace(target)
        _flush_path(target.parent)
    except BaseException as error:
        with suppress(OSError):
            fresh.unlink()
        # The body may have met a fault of another file.
        ours = (None, str(fresh))
        if isinstance(error, OSError) and error.errno is not None and error.filename in ours:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


@contextmanager
def replace_whole_text(path: Path, *, errors: str = "strict") -> Iterator[TextIO]:
    """A text stream to a new file in UTF-8, which takes the path's place as `replace_whole` says.

    Args:
        path: the file.
        errors: what becomes of half a character, as `open` has it.

    Raises:
        OSError: see `replace_whole`.
    """
    with replace_whole(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", errors=errors, newline="")
        yield text
        text.flush()
        text.detach()


@contextmanager
def replace_folder_whole(path: Path) -> Iterator[Path]:
    """A new folder that takes the path's place if the context ends without an error.

    Args:
        path: the folder; an old one there goes with all that it holds, once the new one is full.

    Raises:
        OSError: it cannot be written or replaced. The old folder is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    workplace = Path(tempfile.mkdtemp(prefix=f".{_cut(path.name)}-", dir=path.parent))
    try:
        fresh, aside = workplace / "fresh", workplace / "replaced"
        fresh.mkdir()
        yield fresh
        for item in fresh.rglob("*"):
            if item.is_file() or item.is_dir():
                _flush_path(item)
        _flush_path(fresh)
        if path.exists():
            path.rename(aside)
        try:
            fresh.rename(path)
        except OSError:
            if aside.exists():
                aside.rename(path)
            raise
        _flush_path(path.parent)
    finally:
        shutil.rmtree(workplace)


def flush_to_disk(stream: IO[bytes] | TextIO) -> None:
    """Have what was written reach the disk before anything that relies on it is."""
    stream.flush()
    os.fsync(stream.fileno())


def _flush_path(path: Path) -> None:
    """Have a file, or the names in a folder, reach the disk; Windows opens no folders."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
