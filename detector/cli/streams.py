"""Standard streams that are closed, or that lead to a full disk: one line, and exit code 2."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from detector.cli.options import CannotRunError


class _ClosedStream(io.RawIOBase):
    """Stands for a closed stream, and says so to whoever uses it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._problem = f"standard {name} is closed"

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise CannotRunError(self._problem)

    def write(self, data: Any) -> int:
        raise CannotRunError(self._problem)


@contextmanager
def guard_streams() -> Iterator[None]:
    """Have a stream that cannot be used end the command with one line and exit code 2.

    A verb that needs no standard stream runs without them.
    """
    _replace_closed()
    try:
        try:
            yield
        finally:
            _flush(sys.stdout)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        fault = CannotRunError(_describe(error))
        with suppress(OSError):
            fault.show()
        _silence()
        sys.exit(fault.exit_code)
    except click.ClickException as fault:
        # Standard output was closed, which shows where it is flushed.
        with suppress(OSError):
            fault.show()
        sys.exit(fault.exit_code)


def _replace_closed() -> None:
    # A file that is opened must not take a closed stream's number: what a library prints, or a
    # worker, would end up in it.
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(_ClosedStream("input")))
    if sys.stdout is None:
        raw: Any = _ClosedStream("output")
        sys.stdout = io.TextIOWrapper(raw, write_through=True)


def _flush(stream: Any) -> None:
    # Left to the interpreter's end, a fault is a traceback there and exit code 120.
    if not stream.closed:
        stream.flush()


def _describe(error: OSError) -> str:
    problem = error.strerror or str(error)
    return f"{error.filename}: {problem}" if error.filename else f"cannot write: {problem}"


def _silence() -> None:
    """Have what is still to be written go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
            continue
        with suppress(OSError, ValueError, AttributeError):
            os.dup2(nowhere, stream.fileno())
