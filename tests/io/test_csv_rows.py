"""CSV and TSV: each row a record, or one bad input that swallows no other."""

from __future__ import annotations

import csv
import gzip
import io
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.io.faults import Fault
from detector.io.readers import ROW_LIMIT_BYTES, BadInput, FieldNames, Record, read_records

TEXT = "The council met on Tuesday. It closed the café."
NAMES = FieldNames()


def read_csv(
    content: str | bytes, name: str = "csv", names: FieldNames = NAMES
) -> list[Record | BadInput]:
    stream = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    return list(read_records(["-"], names, stream, input_format=name))


def outline(items: list[Record | BadInput]) -> list[Any]:
    """Texts, and the rows of what is bad."""
    return [item.text if isinstance(item, Record) else item.row for item in items]


def reasons(items: list[Record | BadInput]) -> list[str]:
    return [item.reason for item in items if isinstance(item, BadInput)]


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("name", "delimiter"), [("a.csv", ","), ("a.tsv", "\t"), ("a.CSV", ";")])
def test_each_row_is_a_document_with_its_columns(
    tmp_path: Path, mark: str, newline: str, name: str, delimiter: str
) -> None:
    lines = [["id", " text ", "outlet"], ["7", TEXT, "x"], ["", f'"{TEXT}\n{TEXT}"', '""']]
    path = tmp_path / name
    path.write_bytes((mark + newline.join(map(delimiter.join, lines))).encode())
    assert list(read_records([str(path)])) == [
        Record("7", TEXT, str(path), 2, {"outlet": "x"}),
        Record(f"{path}:3", f"{TEXT}\n{TEXT}", str(path), 3, {"outlet": ""}),
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_marked_tables_are_read(encoding: str) -> None:
    assert outline(read_csv(f"id,text\n1,{TEXT}\n".encode(encoding))) == [TEXT]


def test_columns_can_be_chosen() -> None:
    names = FieldNames("body", "url", "source")
    (item,) = read_csv("url,body,source,text\nu,one,two,three\n", names=names)
    assert item == Record("u", "one", "-", 2, {"text": "three"}, reference="two")


@pytest.mark.parametrize(
    ("header", "names", "reason"),
    [
        ("id,body", NAMES, "no column 'text' (columns: 'id', 'body'): give --text-column"),
        (
            "id,text",
            FieldNames(reference="source"),
            "no column 'source' (columns: 'id', 'text'): give --reference-column",
        ),
        ('id,"te"xt', NAMES, "no header that names the columns: malformed CSV: a stray quote"),
    ],
)
def test_a_table_without_its_columns_is_one_bad_input(
    header: str, names: FieldNames, reason: str
) -> None:
    (item,) = read_csv(f"{header}\n1,x\n2,y\n", names=names)
    assert isinstance(item, BadInput)
    assert item.reason.startswith(reason)
    assert (item.id, item.row) == ("-", None)


def test_columns_of_the_same_name_or_none_are_told_apart() -> None:
    (item,) = read_csv(",text,x,x,x_2\n0,t,1,2,3\n")
    assert item.fields == {"column_1": "0", "x": "1", "x_2": "2", "x_2_2": "3"}


def test_a_table_of_no_rows_is_named() -> None:
    assert reasons(read_csv("id,text\n")) == ["empty: no rows"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("", "blank line: no cells"),
        ("7", "1 cell where the header names 2"),
        ("7,a,b", "3 cells where the header names 2"),
        ('7,"a\nb",c', "3 cells where the header names 2 (lines 3 to 4)"),
        ("7,", "empty: no text"),
        ('7," \n "', "empty: no text"),
        ('7,"a" b', "malformed CSV: a stray quote, or one that is never closed"),
        ("7,a\0b", "binary, not text (holds a zero byte)"),
        ("7,\x01\x02\x03", "binary, not text (full of control characters)"),
        ("7," + "x" * ROW_LIMIT_BYTES, "too long for a row: more than 16,777,216 bytes"),
        ("7," + "x" * 2_000_000, "too long for an article: more than 1,048,576 bytes of text"),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_bad_row_is_named_and_the_next_is_read(row: str, reason: str, newline: str) -> None:
    first, bad, last = read_csv(f"id,text\n1,one\n{row}\n3,three\n".replace("\n", newline))
    assert (getattr(first, "text", None), getattr(last, "text", None)) == ("one", "three")
    assert isinstance(bad, BadInput)
    assert bad.reason == reason
    assert bad.place == "standard input, row 3"


@pytest.mark.parametrize(
    ("row", "identity", "fields", "fault"),
    [
        ("7,only two", "7", {}, Fault.TOO_FEW_CELLS),
        ("7,a text,coast", "7", {"outlet": "coast"}, Fault.TOO_FEW_CELLS),
        (",a text", "-:2", {}, Fault.TOO_FEW_CELLS),
        ("7,a text,coast,12,x", "-:2", {}, Fault.TOO_MANY_CELLS),
        ('7,"a text" x,coast,12', "-:2", {}, Fault.MALFORMED),
        ("", "-:2", {}, Fault.BLANK),
    ],
)
def test_a_bad_row_has_its_fault_and_what_is_known_of_it(
    row: str, identity: str, fields: dict[str, str], fault: Fault
) -> None:
    bad, good = read_csv(f"id,text,outlet,page\n{row}\n8,a text,coast,12\n")
    assert isinstance(bad, BadInput)
    assert (bad.id, bad.fields, bad.fault) == (identity, fields, fault)
    assert isinstance(good, Record)


def test_a_row_in_another_encoding_gets_a_note_and_one_in_none_is_bad() -> None:
    rows = [b"id,text", f"1,{TEXT}".encode("cp1252"), b"2,\x81\x8d", f"3,{TEXT}".encode()]
    guessed, bad, good = read_csv(b"\n".join(rows))
    assert isinstance(guessed, Record)
    assert (guessed.text, guessed.note) == (TEXT, "byte 47 is not UTF-8: read as Windows-1252")
    assert reasons([bad]) == ["not text in a known encoding: byte 2 is not UTF-8"]
    assert outline([good]) == [TEXT]


def test_an_unclosed_quote_swallows_no_other_row() -> None:
    content = 'id,text\n1,one\n2,"two\n3,three\n4,"four, and more"\n5,five\n'
    items = read_csv(content)
    assert outline(items) == ["one", 3, "three", "four, and more", "five"]
    assert reasons(items) == [
        "malformed CSV: a stray quote, or one that is never closed, seen on line 5"
    ]
    notes = [item.note for item in items if isinstance(item, Record)]
    assert notes == [None, *["may be a piece of the broken row 3"] * 2, None]


def test_a_quote_that_another_row_happens_to_close_swallows_none_between() -> None:
    items = read_csv('id,text\n1,one,"\n2,two\n3,three\n4,"\n5,five\n')
    assert outline(items) == [2, "two", "three", 5, "five"]
    assert reasons(items)[0] == "3 cells where the header names 2 (lines 2 to 5)"


def test_a_quote_left_open_to_the_end_swallows_no_other_row() -> None:
    items = read_csv('id,text\n1,one\n2,"two\n3,three\n4,four\n')
    assert outline(items) == ["one", 3, "three", "four"]
    assert reasons(items) == ["malformed CSV: a quote that is never closed"]


def test_a_quote_left_open_over_more_than_a_row_may_hold_swallows_no_other_row() -> None:
    filling = "".join(f"{n},{'x' * 1_000_000}\n" for n in range(20))
    items = read_csv(f'id,text\n1,"one\n{filling}2,two\n')
    assert outline(items[:1]) == [2]
    assert reasons(items) == ["too long for a row: more than 16,777,216 bytes"]
    assert len(items) == 22
    assert outline(items[-1:]) == ["two"]


def test_the_lines_of_a_broken_row_are_no_rows() -> None:
    items = read_csv('id,text\n1,"one\ntwo, with a comma\nthree "stray" here"\n4,four\n')
    assert outline(items) == [2, "four"]


ARTICLE = (
    "The ferry is out of service.\n\nHowever, a smaller boat will come.\n"
    "41,200 people live there, and 3, he said, would leave.\n\nNo,it will not."
)
BROKEN = [
    f'7,"{ARTICLE}",x',
    f'7,"{ARTICLE}"x',
    f'7,"He said "no".\n{ARTICLE}"',
    f'7,"{ARTICLE}\n"Never", she said. "Not here,"\n{ARTICLE}"',
    f'7,"He said "no" and "never" again.\n{ARTICLE}',
    f'7,"It is 12" long, he said "no".\n{ARTICLE}"',
    f"7,{ARTICLE}",
    f'7,"A list:\n1,one\n2,two\n\n{ARTICLE}" x',
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
@pytest.mark.parametrize(
    "name", ["{}", "real-{}", "4f{}a-b2", "https://example.com/{}", "2024-05-{}"]
)
def test_no_line_of_a_broken_article_is_a_row(broken: str, name: str) -> None:
    before, after = (f'{name.format(n)},"{ARTICLE}"' for n in (6, 8))
    items = read_csv("\n".join(["id,text", before, name.format(7) + broken[1:], after, after]))
    assert outline(items) == [ARTICLE, 8, ARTICLE, ARTICLE]


LISTS = "Results:\n1,one\n2,two\n3,three\n\nhttps://example.com/9,see there\nYes,no\n\nThe end."


@pytest.mark.parametrize("names", [(5, 6, 7, 8), ("a-ferry", "the-old-quay", "a-storm", "a-b-c")])
@pytest.mark.parametrize(
    "broken",
    [f'"{LISTS}" x', f'"{LISTS}",x', f'"The "Maid" sank.\n{LISTS}"', f'"{LISTS}'],
    ids=["behind the quote", "a cell too many", "not doubled", "never closed"],
)
def test_a_list_in_a_broken_article_is_no_rows(broken: str, names: tuple[object, ...]) -> None:
    texts = (f'"{LISTS}"', broken, "Sold out", f'"{LISTS}"')
    rows = [f"{name},{text}" for name, text in zip(names, texts, strict=True)]
    items = read_csv("\n".join(["id,text", *rows]))
    assert outline(items) == [LISTS, 11, "Sold out", LISTS]


def test_a_broken_row_says_how_far_it_goes() -> None:
    good = f'"{LISTS}"'
    items = read_csv(f'id,text\n1,{good}\n2,"No" way.\nHowever, it went.\n3,{good}\n')
    assert outline(items) == [LISTS, 11, LISTS]
    assert reasons(items)[0].endswith("what stands down to line 12 is taken for the rest of it")


def test_rows_with_ids_of_another_kind_are_found_behind_a_broken_one() -> None:
    good = f'"{LISTS}"'
    others = "".join(f"page {n} of May,{good}\n" for n in range(4))
    items = read_csv(f'id,text\n1,{good}\n2,"No" way.\nHowever, it went.\n{others}')
    assert outline(items) == [LISTS, 11, *[LISTS] * 4]


def test_two_broken_rows_in_succession_are_two() -> None:
    good, bad = f'"{LISTS}"', f'"The "Maid" sank.\n{LISTS}"'
    items = read_csv(f"id,text\n1,{good}\n2,{bad}\n3,{bad}\n4,{good}\n")
    assert outline(items) == [LISTS, 11, 21, LISTS]


QUOTING = 'It was "never" a shed, she said: "No.", and "yes"\nHowever, he "left"'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_quotes_may_be_escaped_with_backslashes(delimiter: str) -> None:
    cells = [QUOTING, 'The end: "no"', "plain, text", '"Start" of it']
    escaped = ['"' + cell.replace('"', '\\"') + '"' for cell in cells]
    lines = [f"{n}{delimiter}{cell}{delimiter}x" for n, cell in enumerate(escaped)]
    content = "\n".join([delimiter.join(["id", "text", "outlet"]), *lines])
    items = read_csv(content, "tsv" if delimiter == "\t" else "csv")
    assert outline(items) == cells
    assert not any(item.note for item in items if isinstance(item, Record))


def test_a_backslash_is_one_where_quotes_are_doubled() -> None:
    items = read_csv('id,text\n1,"in C:\\new\\"\n2,"""no"" he said in C:\\"\n')
    assert outline(items) == ["in C:\\new\\", '"no" he said in C:\\']


@pytest.mark.parametrize(
    ("above", "delimiter"),
    [
        ("sep=;\n", ";"),
        ("sep=;\r\n", ";"),
        ("SEP=,\n", ","),
        ("sep=|\n", "|"),
        ("# exported 2024-05-01\n", ","),
        ("# exported, by hand; today\n# twice\n", ";"),
        ("Articles of May\n\n", ","),
    ],
)
def test_what_stands_above_a_header_is_passed_over(above: str, delimiter: str) -> None:
    (item,) = read_csv(above + f"id;text\n7;{TEXT}\n".replace(";", delimiter))
    assert (getattr(item, "id", None), getattr(item, "text", None)) == ("7", TEXT)
    assert item.row == above.count("\n") + 2


@pytest.mark.parametrize("end", ["\n", "\n\n", "\r\n\r\n"])
def test_blank_lines_at_the_end_are_no_rows(end: str) -> None:
    assert outline(read_csv(f"id,text\n1,one\n\n2,two\n{end}")) == ["one", 3, "two"]


def test_tab_separated_text_may_hold_quotes_that_quote_nothing() -> None:
    items = read_csv('id\ttext\n1\t"No," he said.\n2\t"quoted\nover lines"\n3\tthree\n', "tsv")
    assert outline(items) == ['"No," he said.', "quoted\nover lines", "three"]
    assert [getattr(item, "note", "") for item in items] == [
        "quotes taken as they stand",
        None,
        None,
    ]


def test_a_cut_archive_keeps_the_rows_before_the_break(tmp_path: Path) -> None:
    rows = [f'{n},"text {n}, {hash(n) * 7919 % 10**9}"' for n in range(20_000)]
    content = gzip.compress("\n".join(["id,text", *rows]).encode())
    path = tmp_path / "a.csv.gz"
    path.write_bytes(content[: len(content) // 2])
    *good, bad = read_records([str(path)])
    assert isinstance(bad, BadInput)
    assert bad.reason == "gzip archive cut off: what stood behind the break is lost"
    kept = [item.text for item in good if isinstance(item, Record)]
    assert kept == [row.split(",", 1)[1].strip('"') for row in rows[: len(kept)]]
    # The row that the break goes through may be one more.
    assert 5_000 < len(kept) >= len(good) - 1


CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=15)
PLAIN = st.text("abc .", min_size=1, max_size=8).filter(str.strip)


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_the_csv_module_writes_is_one_item_a_row(
    rows: list[tuple[str, str, str]], quoting: Any, newline: str
) -> None:
    content = io.StringIO(newline="")
    # This end of line has the module quote both its halves.
    writer = csv.writer(content, quoting=quoting, lineterminator="\r\n")
    writer.writerows([("id", "text", "more"), *rows])
    given = content.getvalue()
    if not any("\r" in cell or "\n" in cell for row in rows for cell in row):
        given = given.replace("\r\n", newline)
    items = read_csv(given)
    assert len(items) == len(rows)
    for row, item in zip(rows, items, strict=True):
        if isinstance(item, Record):
            expected = (row[0] or item.id, row[1], {"more": row[2]})
            assert (item.id, item.text, item.fields) == expected
        else:
            assert item.reason.startswith(("empty", "binary"))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(PLAIN, st.sampled_from(["", ',"x', ',"x" y', ",,,,"])), min_size=1, max_size=8
    ),
)
def test_no_broken_row_costs_a_good_one(rows: list[tuple[str, str]]) -> None:
    lines = [f"{n},{text},{broken or 'end'}" for n, (text, broken) in enumerate(rows)]
    items = read_csv("\n".join(["id,text,more", *lines]))
    good = [(str(n), text) for n, (text, broken) in enumerate(rows) if not broken]
    read = [(item.id, item.text) for item in items if isinstance(item, Record)]
    assert read == good
    assert len(items) == len(rows)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.sampled_from([b"", b"id,text\n", b'text\n"', b"\xff\xfe"]))
def test_no_bytes_make_the_reader_fail(content: bytes, start: bytes) -> None:
    for name in ("csv", "tsv"):
        for item in read_csv(start + content, name):
            assert isinstance(item, Record) or item.reason


def test_a_huge_table_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    row = f'1,"{"word " * 20_000}"\n'
    with path.open("w") as stream:
        stream.write("id,text\n")
        stream.writelines([row] * 500)
    tracemalloc.start()
    count = sum(isinstance(item, Record) for item in read_records([str(path)]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 500
    assert peak < 4 * 1024 * 1024
