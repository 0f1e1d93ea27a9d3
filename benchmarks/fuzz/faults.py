"""What goes wrong with articles and with the files that hold them, drawn at random."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import strategies as st

EXAMPLES = Path(__file__).parents[2] / "data" / "example_articles"
PERSON, TRANSLATED, SPUN = (
    (EXAMPLES / f"{name}.txt").read_text(encoding="utf-8")
    for name in ("original", "translated", "spun")
)

#: What stands in texts of the web that should not: each has broken a reader or a sentence splitter.
TOKENS = (
    *(" ", "\n", "\n\n", "\t", "\r", "\r\n", "\u2028", "\u00a0", "\u3000", "\x00", "\x1f", "\x85"),
    *('"', '""', '\\"', "'", "“", "”", "«", ",", ";", "|", '",', ',"', '"\n', '\n"', "\\", "\\n"),
    *(
        "{",
        "}",
        "[",
        "]",
        "null",
        '{"text": "',
        '"}',
        "sep=;\n",
        "# ",
        "7,",
        "8,x\n",
        "WARC/1.0\r\n",
    ),
    *("\u200b", "\u00ad", "\ufeff", "\u034f", "\u202e", "\u0301", "\U000e0041", "\ufffd", "\x93"),
    *(
        "<br>",
        "<p>",
        "</p>",
        "<sup>3</sup>",
        "<script>",
        "-->",
        "&amp;",
        "&#8217;",
        "&nbsp;",
        "</s>",
    ),
    *(
        "•",
        " – ",
        "¹",
        "†",
        "[12]",
        "😂",
        "%20",
        "=20",
        "=\n",
        "â€™",
        "Ã©",
        "а",
        "о",
        "ο",
        "字",
        "Ω",
    ),
    *(
        "1,200",
        "2024",
        "€ 5",
        "#tag",
        "@user",
        "https://example.com/a?b=c",
        "e.g.",
        "U.S.",
        "...",
        "Dr",
    ),
    *("Der Stadtrat hat am Montag beschlossen, das Schwimmbad zu schließen.", "x" * 300, "a " * 60),
)

_BYTES = (
    b"\x00",
    b"\xff",
    b"\xfe",
    b"\x80",
    b"\xc3",
    b"\xe2\x80",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
)


@st.composite
def spoil_text(draw: st.DrawFn, text: str, most: int = 8) -> str:
    """The text with up to so many faults: something put in, left out, doubled or changed."""
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 60)))
        match draw(st.sampled_from(["insert", "insert", "insert everywhere", "drop", "double"])):
            case "insert":
                text = text[:start] + draw(st.sampled_from(TOKENS)) + text[start:]
            case "insert everywhere":
                mark, at = (
                    draw(st.sampled_from(TOKENS)),
                    draw(st.sampled_from([" ", ".", "e", "\n"])),
                )
                text = text.replace(at, at + mark, draw(st.integers(1, 20)))
            case "drop":
                text = text[:start] + text[end:]
            case "double":
                text = text[:end] + text[start:]
    return text


@st.composite
def spoil_bytes(draw: st.DrawFn, content: bytes, most: int = 6) -> bytes:
    """The bytes with up to so many faults."""
    for _ in range(draw(st.integers(0, most))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 80)))
        match draw(st.sampled_from(["insert", "token", "drop", "double", "flip", "cut"])):
            case "insert":
                content = content[:start] + draw(st.sampled_from(_BYTES)) + content[start:]
            case "token":
                token = draw(st.sampled_from(TOKENS)).encode()
                content = content[:start] + token + content[start:]
            case "drop":
                content = content[:start] + content[end:]
            case "double":
                content = content[:end] + content[start:]
            case "flip":
                byte = bytes([draw(st.integers(0, 255))])
                content = content[:start] + byte + content[start + 1 :]
            case "cut":
                content = content[:end] if draw(st.booleans()) else content[start:]
    return content


# --------------------------------------------------------------------------------------
# Files
# --------------------------------------------------------------------------------------

Rows = Sequence[tuple[str, str, str]]
COLUMNS = ("id", "text", "outlet")


def write_csv(rows: Rows, delimiter: str = ",") -> bytes:
    """A table as the csv module writes it."""
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=delimiter).writerows([COLUMNS, *rows])
    return content.getvalue().encode()


def _write_backslashes(rows: Rows) -> bytes:
    content = io.StringIO(newline="")
    dialect = {"doublequote": False, "escapechar": "\\", "quoting": csv.QUOTE_ALL}
    csv.writer(content, **dialect).writerows([COLUMNS, *rows])  # type: ignore[arg-type]
    return content.getvalue().encode()


def _write_lines(rows: Rows) -> bytes:
    return "".join(json.dumps(dict(zip(COLUMNS, r, strict=True))) + "\n" for r in rows).encode()


def _write_array(rows: Rows) -> bytes:
    return json.dumps([dict(zip(COLUMNS, r, strict=True)) for r in rows], indent=1).encode()


def _write_page(rows: Rows) -> bytes:
    parts = "".join(f"<p>{part}</p>\n" for part in rows[0][1].split("\n\n"))
    return (
        f"<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8><title>{rows[0][0]}</title>"
        "</head>"
        f"<body><nav><a href=/>Home</a></nav><article>{parts}</article></body></html>"
    ).encode()


def _write_warc(rows: Rows) -> bytes:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=False)
    for row in rows:
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.0")
        writer.write_record(
            writer.create_warc_record(
                "https://example.com/a", "response", io.BytesIO(_write_page([row])),
                http_headers=headers,
                warc_headers_dict={
                    "WARC-Record-ID": f"<urn:uuid:{row[0]}>",
                    "WARC-Date": "2026-01-01T00:00:00Z",
                },
            )
        )  # fmt: skip
    return stream.getvalue()


def _write_arc(rows: Rows) -> bytes:
    page = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + _write_page(rows)
    body = b"1 0 Example\nURL IP-address Archive-date Content-type Archive-length\n\n"
    start = f"filedesc://a.arc 0.0.0.0 20260101000000 text/plain {len(body)}\n".encode()
    head = f"https://example.com/a 192.0.2.1 20260101000000 text/html {len(page)}\n".encode()
    return start + body + head + page + b"\n"


def _write_parquet(rows: Rows) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table(dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))), stream)
    return stream.getvalue()


WRITERS: dict[str, Callable[[Rows], bytes]] = {
    ".csv": write_csv,
    ".CSV": _write_backslashes,
    ".tsv": lambda rows: write_csv(rows, "\t"),
    ".jsonl": _write_lines,
    ".json": _write_array,
    ".html": _write_page,
    ".warc": _write_warc,
    ".arc": _write_arc,
    ".parquet": _write_parquet,
    ".txt": lambda rows: rows[0][1].encode(),
}

_PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress}


@st.composite
def draw_file(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file's ending and content: some articles in some format, spoilt before or after packing."""
    ending = draw(st.sampled_from(sorted(WRITERS)))
    cuts = draw(st.lists(st.integers(40, 600), min_size=1, max_size=3))
    rows = [(str(n), draw(spoil_text(PERSON[:cut], 3)), "x") for n, cut in enumerate(cuts)]
    clean = [tuple(cell.encode(errors="replace").decode() for cell in row) for row in rows]
    content = draw(spoil_bytes(WRITERS[ending](clean)))  # type: ignore[arg-type]
    packing = draw(st.sampled_from(sorted(_PACKERS)))
    packed = _PACKERS[packing](content)
    if packing and draw(st.booleans()):
        packed = draw(spoil_bytes(packed, 3))
    # Under another name its content has to tell what it is.
    shown = draw(st.sampled_from([ending, ending, ending, ".txt", ""]))
    return shown.lower() + packing, packed


# --------------------------------------------------------------------------------------
# A broken row among good ones
# --------------------------------------------------------------------------------------

#: Lines that an article may hold and that look like rows, the ids of which are drawn below.
LOOKALIKES = (
    "However, a smaller boat will come.", "41,200 people live there", "3, he said, would leave.",
    "No,it will not.", '"Never," she said.', "7,000,000 were spent", "2024,2025 and later",
    "12, 13 and 14 May", "- one, two", "1,first of the list", "2,second of the list", "", "Yes,",
    "https://example.com/9,see there", "a-1,b", "9,\"quoted\"", "10,x,y", "\"11\",\"z\"", ",",
    "Yes,no,maybe",
)  # fmt: skip
IDS = (
    "{}", "0{}", "real-{}", "{}-a", "4f{}a-b2", "https://example.com/{}", "a{}", "2024-05-{}",
    "{word}-ferry", "the-{word}-sank",
)  # fmt: skip
_WORDS = ("island", "harbour", "quay", "storm", "landlady", "shepherd", "coast", "council", "boat")


@st.composite
def draw_articles(draw: st.DrawFn) -> str:
    """Some lines of prose, some that look like rows."""
    prose = [line for line in PERSON.split("\n") if line]
    lines = draw(st.lists(st.sampled_from([*LOOKALIKES, *prose]), min_size=2, max_size=9))
    return "Here it begins.\n" + "\n".join(lines) + "\nHere it ends."


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


BREAKS: dict[str, Callable[[str, str], str]] = {
    "a cell too many": lambda name, text: f"{name},{_quote(text)},x,y",
    "a comma at the end": lambda name, text: f"{name},{_quote(text)},x,",
    "a cell too few": lambda name, text: f"{name},{_quote(text)}",
    "text behind the quote": lambda name, text: f"{name},{_quote(text)} z,x",
    "a stray quote": lambda name, text: f'{name},"He said "no".\n{text.replace(chr(34), "")}",x',
    "a lone quote": lambda name, text: f'{name},"It is 12" long.\n{text.replace(chr(34), "")}",x',
    "quotes not doubled": lambda name, text: f'{name},"The "Maid" sank.\n{text}",x',
    "a quote never closed": lambda name, text: f'{name},"{text.replace(chr(34), "")},x',
    "no quotes": lambda name, text: f"{name},{text.replace(chr(34), '')},x",
}


@st.composite
def draw_broken_table(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]], int, str]:
    """A CSV file, its good rows (id and text), the line of its broken row, and how it is broken."""
    names = draw(st.sampled_from(IDS))
    count = draw(st.integers(2, 7))
    broken = draw(st.integers(1, count - 1))
    breaks = draw(st.sampled_from(sorted(BREAKS)))
    lines, good, at, line = ["id,text,outlet"], [], 2, 0
    for n in range(count):
        name, text = names.format(n + 11, word=_WORDS[n]), draw(draw_articles())
        if n != broken and n > 1 and draw(st.booleans()):
            text = draw(st.sampled_from(["Sold out", "It rained."]))
        if n == broken:
            row, line = BREAKS[breaks](name, text), at
        else:
            row = f"{name},{_quote(text) if chr(10) in text or draw(st.booleans()) else text},x"
            good.append((name, text))
        lines.append(row)
        at += row.count("\n") + 1
    return "\n".join(lines) + "\n", good, line, breaks
