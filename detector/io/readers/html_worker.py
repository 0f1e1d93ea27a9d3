"""The process that extracts main texts, killed from outside where a page is too much for it.

Started by `detector.io.readers.html` as ``python -m detector.io.readers.html_worker MODULE:FUNCTION
MEMORY SECONDS``; speaks length-prefixed JSON over standard input and output.
"""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import IO, Any

LENGTH_BYTES = 4

OUT_OF_MEMORY = "out of memory"

# The parent kills a process that is late; should the parent be gone, its own alarm does.
_GRACE = 5

Extract = Callable[[str, str | None], dict[str, Any]]


def send(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Write a message."""
    content = json.dumps(message).encode()
    stream.write(len(content).to_bytes(LENGTH_BYTES, "big") + content)
    stream.flush()


def receive(stream: IO[bytes]) -> dict[str, Any] | None:
    """Read a message; None where the other side is gone."""
    length = stream.read(LENGTH_BYTES)
    if len(length) < LENGTH_BYTES:
        return None
    content = stream.read(int.from_bytes(length, "big"))
    if len(content) < int.from_bytes(length, "big"):
        return None
    message: dict[str, Any] = json.loads(content)
    return message


def main(extractor: str, memory: int, seconds: float) -> None:
    """Answer pages until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    # What a library prints must not stand between the answers.
    sys.stdout = sys.stderr
    _limit_memory(memory)
    try:
        module, _, name = extractor.partition(":")
        extract: Extract = getattr(import_module(module), name)
    except ImportError as error:
        send(answers, {"error": str(error)})
        return
    send(answers, {})
    while (page := receive(requests)) is not None:
        _set_alarm(seconds)
        answer = _answer(extract, page)
        _set_alarm(None)
        send(answers, answer)
        if answer.get("error") == OUT_OF_MEMORY:
            return


def _answer(extract: Extract, page: dict[str, Any]) -> dict[str, Any]:
    try:
        return extract(page["page"], page["url"])
    except MemoryError:
        return {"error": OUT_OF_MEMORY}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _limit_memory(memory: int) -> None:
    """Have the system refuse more; Windows has no such limit, macOS does not heed it."""
    try:
        import resource
    except ImportError:
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY or memory < most:
        resource.setrlimit(resource.RLIMIT_AS, (memory, most))


def _set_alarm(seconds: float | None) -> None:
    if hasattr(signal, "alarm"):
        signal.alarm(0 if seconds is None else math.ceil(seconds) + _GRACE)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
