"""What a command tells beside its answers, by the standard library's logging: words or JSON lines.

Everything goes to the logger ``detector`` and from there to standard error.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from detector.io.readers import BadInput, Record

if TYPE_CHECKING:
    from detector.clusters.store import CrawlStore

_LOGGER = logging.getLogger("detector")

_LEVELS = {"error": logging.ERROR, "note": logging.WARNING, "": logging.INFO}


class _Handler(logging.Handler):
    """Writes to whatever standard error is at the time, which click's runner replaces."""

    def emit(self, record: logging.LogRecord) -> None:
        # Half of a surrogate pair, which a text may hold, is no character that can be written.
        line = self.format(record).encode("utf-8", "backslashreplace").decode("utf-8")
        click.echo(line, err=True)


class _TextFormatter(logging.Formatter):
    """A line for people: what went wrong begins with ``error: `` and what was assumed with that."""

    def format(self, record: logging.LogRecord) -> str:
        kind = getattr(record, "kind", record.levelname.lower())
        return f"{kind}: {record.getMessage()}" if kind else record.getMessage()


class _JsonFormatter(logging.Formatter):
    """An object a line: time (UTC, ISO 8601), level, message, and the figures that belong to it."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        row = {
            "time": time,
            "level": record.levelname.lower(),
            "message": record.getMessage().strip(),
        }
        row |= getattr(record, "figures", {})
        return json.dumps(row, ensure_ascii=False, default=str)


_FORMATTERS = {"text": _TextFormatter, "json": _JsonFormatter}

_handler = _Handler()


def set_log_format(name: str) -> None:
    """Have the logger ``detector`` write to standard error.

    Args:
        name: "text", where only what a command tells is written, or "json", with its progress too.
    """
    _handler.setFormatter(_FORMATTERS[name]())
    _LOGGER.setLevel(logging.INFO)
    _handler.filters = [] if name == "json" else [_is_told]
    if _handler not in _LOGGER.handlers:
        _LOGGER.addHandler(_handler)
    _LOGGER.propagate = False


def _is_told(record: logging.LogRecord) -> bool:
    """Whether people want to read it: what a command tells, and warnings of the package."""
    return hasattr(record, "kind") or record.levelno >= logging.WARNING


def logs_json() -> bool:
    """Whether messages are JSON lines."""
    return isinstance(_handler.formatter, _JsonFormatter)


def tell(message: str, kind: str = "", **figures: Any) -> None:
    """Tell something on standard error.

    Args:
        message: in words.
        kind: "error", "note" or nothing; text begins with it, in JSON it is the level.
        figures: what JSON lines say of it besides, by name.
    """
    if not _LOGGER.handlers:
        set_log_format("text")
    _LOGGER.log(_LEVELS[kind], "%s", message, extra={"kind": kind, "figures": figures})


def tell_of_input(kind: str, item: Any, reason: str) -> None:
    """Tell what is odd about an input, an error or a note; `item` is its record or bad input."""
    tell(f"{item.place}: {reason}", kind, source=item.source, row=item.row, reason=reason)


def tell_notes(items: Iterable[Record | BadInput]) -> Iterator[Record | BadInput]:
    """Pass inputs on, and tell what the reader had to assume of one."""
    for item in items:
        if isinstance(item, Record) and item.note:
            tell_of_input("note", item, item.note)
        yield item


def tell_unread_dates(store: CrawlStore, column: str) -> None:
    """Tell how many dates did not count since they could not be read, if any.

    Args:
        store: of the texts that were grouped.
        column: with their dates.
    """
    from detector.presentation.terminal import name_on_a_line
    from detector.presentation.wording import clip

    unread = store.list_unread_dates(column)
    first = next(unread, None)
    if first is None:
        return
    count = 1 + sum(1 for _ in unread)
    dates = count + store.count_dates()
    tell(
        f"{count:,} of {dates:,} dates in {column!r} could not be read, "
        f"e.g. '{clip(name_on_a_line(str(first)))}': give ISO 8601",
        "note", column=column, unread=count, dates=dates,
    )  # fmt: skip


def _choose(context: click.Context, parameter: click.Parameter, value: str) -> None:
    set_log_format(value)


log_format_option = click.option(
    "--log-format",
    type=click.Choice(list(_FORMATTERS)),
    default="text",
    show_default=True,
    envvar="DETECTOR_LOG_FORMAT",
    is_eager=True,
    expose_value=False,
    callback=_choose,
    help="What is told on standard error: words, or JSON lines for programs.",
)
