"""HTML: the main text of a page, extracted in another process that may be killed."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detector.io.encodings import decode, find_mark
from detector.io.faults import ROW_LIMIT_BYTES, UnreadableError, explain_missing
from detector.io.readers.html_worker import OUT_OF_MEMORY, receive, send
from detector.io.readers.records import BadInput, FieldNames, Record, check_text

PAGE_TOO_LONG = f"too long for a page: more than {ROW_LIMIT_BYTES:,} bytes"

_EXTRACTOR = "detector.io.readers.main_text:extract_article"

# What a library loses by and by is given back with its process.
_PAGES_A_PROCESS = 1_000

# Starting takes half a second of work; a laden machine may be slow.
_START_SECONDS = 120

# A page that waits for its turn keeps the process busy while a text is being scored.
_PAGES_AHEAD = 2

_OPENS_PAGE = re.compile(
    r"\s*(<\?xml[^>]{0,200}>\s*)?(<!--.{0,1000}?-->\s*)?<(!doctype\s+html|html)\b"
)

_DECLARATION = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]{0,500}?(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.I
)

_DECLARED_WITHIN = 4096

# Names of encodings for pages; Python knows others that are none, or that take for ever.
_PAGE_ENCODING = re.compile(
    r"(utf|iso|latin|windows|cp|us-?ascii|ascii|koi8|mac|gb|big5|euc|shift|sjis|ks|hz|tis|x-)", re.I
)

# Their bytes may pass for UTF-8.
_SEVEN_BIT = re.compile(r"(iso2022|hz|utf[-_]?(7|16|32))", re.I)

_WIDE = re.compile(r"utf[-_]?(16|32)", re.I)


@dataclass(frozen=True)
class HtmlLimits:
    """How much a page may cost before it is given up.

    Attributes:
        seconds: longest time that a page may take.
        memory: most memory that an extracting process may address, in bytes; heeded on Linux.
        processes: how many extract side by side.
    """

    seconds: float = 20.0
    memory: int = 1024**3
    processes: int = 1

    def __post_init__(self) -> None:
        if self.seconds <= 0 or self.memory <= 0 or self.processes < 1:
            raise ValueError("limits of HTML must be above 0, and processes at least 1")


@dataclass(frozen=True)
class Page:
    """A page on its way to becoming a record; most attributes are `Record`'s.

    Attributes:
        content: HTML.
        url: where it came from, if that is known.
        names: which field, if any, is the id.
        fields: what is known of the page beside what the page says itself.
    """

    content: str
    source: str
    names: FieldNames
    id: str
    row: int | None = None
    url: str | None = None
    note: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def opens_page(start: str) -> bool:
    """Whether the first characters are those of an HTML page."""
    return bool(_OPENS_PAGE.match(start.lower()))


def read_page(stream: io.BufferedReader, source: str, names: FieldNames) -> Iterator[Page]:
    """A file that is a page.

    Args:
        stream: what to read.
        source: its name, which is the page's id unless `names` chooses another.
        names: which field, such as "url", is the id.

    Raises:
        UnreadableError: the page is too long, or in no known encoding.
    """
    content = stream.read(ROW_LIMIT_BYTES + 1)
    if len(content) > ROW_LIMIT_BYTES:
        raise UnreadableError(PAGE_TOO_LONG)
    page, note = decode_page(content)
    yield Page(page, source, names, source, note=note)


def decode_page(content: bytes, declared: str | None = None) -> tuple[str, str | None]:
    """The page, and a note where its encoding had to be guessed.

    Bytes that are UTF-8 throughout are taken for it whatever the page declares: that is no
    accident, and declarations are often false.

    Args:
        content: the page.
        declared: the encoding that came with it; what the page declares itself counts less.
    """
    if (mark := find_mark(content)) is not None:
        return decode(content, mark)
    if declared is None and (found := _DECLARATION.search(content[:_DECLARED_WITHIN])):
        declared = found[1].decode("ascii", errors="replace")
        if _WIDE.match(declared):
            declared = "utf-8"  # as browsers do: what was found byte by byte is no wider
    encoding = _find_encoding(declared)
    for candidate in (encoding, "utf-8") if _is_seven_bit(encoding) else ("utf-8", encoding):
        try:
            return content.decode(candidate or "cp1252"), None
        except UnicodeDecodeError:
            continue
    try:
        return decode(content)
    except UnreadableError:
        known = encoding or "utf-8"
        return content.decode(known, errors="replace"), f"not all of it is {known.upper()}"


def _is_seven_bit(encoding: str | None) -> bool:
    return bool(encoding and _SEVEN_BIT.match(encoding))


def _find_encoding(declared: str | None) -> str | None:
    if declared is None or not _PAGE_ENCODING.match(declared):
        return None
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        return None
    # As browsers do: who declares Latin-1 or ASCII means Windows-1252.
    return "cp1252" if name in ("iso8859-1", "ascii") else name


def extract_pages(
    items: Iterator[Record | BadInput | Page], limits: HtmlLimits
) -> Iterator[Record | BadInput]:
    """The items in their order, each page replaced by what it holds.

    A few pages are extracted ahead of the one that is asked for; where there are no pages,
    nothing is read ahead and no process started.
    """
    pool = _Pool(limits)
    waiting: deque[Future[Record | BadInput]] = deque()
    try:
        for item in items:
            if isinstance(item, Page):
                waiting.append(pool.submit(item))
            elif waiting:
                waiting.append(_finish(item))
            else:
                yield item
            while waiting and (len(waiting) > limits.processes * _PAGES_AHEAD):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.close()


def _finish(item: Record | BadInput) -> Future[Record | BadInput]:
    future: Future[Record | BadInput] = Future()
    future.set_result(item)
    return future


class _Pool:
    """Extracting processes, each with a thread that waits for it."""

    def __init__(self, limits: HtmlLimits) -> None:
        self._limits = limits
        self._threads: ThreadPoolExecutor | None = None
        self._idle: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._processes: list[_Process] = []

    def submit(self, page: Page) -> Future[Record | BadInput]:
        if self._threads is None:
            count = self._limits.processes
            self._threads = ThreadPoolExecutor(count, thread_name_prefix="html")
            self._processes = [_Process(self._limits) for _ in range(count)]
            for process in self._processes:
                self._idle.put(process)
        return self._threads.submit(self._extract, page)

    def _extract(self, page: Page) -> Record | BadInput:
        process = self._idle.get()
        try:
            return _make_record(page, process.extract(page))
        except UnreadableError as reason:
            return BadInput(page.id, page.source, page.row, str(reason), page.fields, reason.fault)
        finally:
            self._idle.put(process)

    def close(self) -> None:
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            for process in self._processes:
                process.end()
            self._threads.shutdown(wait=True)
            for process in self._processes:
                process.stop()


def _make_record(page: Page, answer: dict[str, Any]) -> Record | BadInput:
    names = ("title", "date", "url", "outlet", "author")
    fields = {name: answer.get(name) for name in names} | page.fields
    fields["url"] = fields["url"] or page.url
    identity = fields.pop(page.names.id, None) or page.id
    text = answer["text"]
    try:
        if not text.strip():
            raise UnreadableError(answer.get("reason") or "no main text found in the page")
        note = "; ".join(filter(None, (page.note, answer.get("note")))) or None
        return Record(identity, check_text(text), page.source, page.row, fields, note)
    except UnreadableError as reason:
        return BadInput(identity, page.source, page.row, str(reason), fields)


class _Process:
    """One extracting process, started when it is needed and again after it had to be killed."""

    def __init__(self, limits: HtmlLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._pages = 0
        self._closed = False
        self._hopeless: UnreadableError | None = None

    def extract(self, page: Page) -> dict[str, Any]:
        """What the page holds; UnreadableError where that cannot be found out."""
        if self._hopeless is not None:
            # Raised as it is, it would grow by where it was raised from, page by page.
            raise self._hopeless.with_traceback(None)
        process = self._process or self._start()
        answer = self._ask(process, {"page": page.content, "url": page.url}, self._limits.seconds)
        self._pages += 1
        error = answer.get("error")
        if self._pages >= _PAGES_A_PROCESS or error == OUT_OF_MEMORY:
            self.stop()
        if error == OUT_OF_MEMORY:
            raise UnreadableError(f"HTML needed more than {self._limits.memory:,} bytes of memory")
        if error is not None:
            raise UnreadableError(f"HTML that cannot be read: {error}")
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise UnreadableError("reading was ended")
        arguments = [_EXTRACTOR, str(self._limits.memory), str(self._limits.seconds)]
        # The process finds what this one finds.
        path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
        self._pages = 0
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "detector.io.readers.html_worker", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            # Ctrl-C is for the one who reads, who then ends this process.
            start_new_session=True,
        )
        answer = self._ask(self._process, None, _START_SECONDS)
        if "error" in answer:
            self._hopeless = explain_missing("HTML pages", f"trafilatura ({answer['error']})")
            raise self._hopeless
        return self._process

    def _ask(
        self, process: subprocess.Popen[bytes], request: dict[str, Any] | None, seconds: float
    ) -> dict[str, Any]:
        """Send a request, if there is one, and wait for an answer, but not for ever."""
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, kill)
        timer.start()
        try:
            if request is not None:
                send(process.stdin, request)
            answer = receive(process.stdout)
        except OSError:
            # The pipe broke: the process is gone.
            answer = None
        finally:
            timer.cancel()
        if answer is not None and not late.is_set():
            return answer
        status = self.stop()
        if late.is_set():
            raise UnreadableError(f"HTML took longer than {seconds:g} s")
        raise UnreadableError(f"HTML that cannot be read: its process ended with {status}")

    def stop(self) -> str:
        """End the process; how it ended, in a word."""
        process, self._process = self._process, None
        if process is None:
            return "nothing"
        process.kill()
        for pipe in (process.stdin, process.stdout):
            # What could not be sent is of no use any more.
            with contextlib.suppress(OSError):
                pipe and pipe.close()
        status = process.wait()
        return signal.Signals(-status).name if status < 0 else str(status)

    def end(self) -> None:
        """Kill the process while another thread waits for it, and let it start no other."""
        self._closed = True
        if (process := self._process) is not None:
            process.kill()
