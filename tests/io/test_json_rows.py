"""JSON lines, arrays and pretty-printed objects: each row a record, or one bad input."""

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.io.readers import (
    DOCUMENT_LIMIT,
    ROW_LIMIT_BYTES,
    BadInput,
    FieldNames,
    Record,
    read_records,
)

TEXT = "The council met on Tuesday. It closed the café.\n"


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read_one(source: str) -> Record | BadInput:
    (item,) = read_records([source])
    return item


def read_standard_input(content: bytes) -> list[Record | BadInput]:
    return list(read_records(["-"], standard_input=io.BytesIO(content)))


def rows(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


# --------------------------------------------------------------------------------------
# JSON lines
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json", "a.data", "a"])
def test_each_row_is_a_document_with_its_fields(tmp_path: Path, name: str) -> None:
    source = write(
        tmp_path, name, rows({"id": 7, "text": TEXT, "outlet": "x"}, {"text": TEXT, "id": None})
    )
    assert list(read_records([source])) == [
        Record(7, TEXT, source, 1, {"outlet": "x"}),
        Record(f"{source}:2", TEXT, source, 2),
    ]


def test_field_names_can_be_chosen(tmp_path: Path) -> None:
    source = write(tmp_path, "a.jsonl", rows({"id": 1, "url": "u", "body": TEXT, "text": None}))
    (item,) = read_records([source], FieldNames(text="body", id="url"))
    assert item == Record("u", TEXT, source, 1, {"id": 1, "text": None})


def test_a_row_without_the_field_of_ids_gets_a_note(tmp_path: Path) -> None:
    source = write(
        tmp_path, "a.jsonl", rows({"url": "u", "text": TEXT}, {"ulr": "u", "text": TEXT})
    )
    named, unnamed = read_records([source], FieldNames(id="url"))
    assert named == Record("u", TEXT, source, 1)
    note = "the row's place is its id, for it has no field 'url'"
    assert unnamed == Record(f"{source}:2", TEXT, source, 2, {"ulr": "u"}, note)
    # Nobody asked for the usual one.
    assert [getattr(item, "note", "") for item in read_records([source])] == [None, None]


DEEP = '{"a": [' * 50 + "1" + "]}" * 50  # 100 levels


@pytest.mark.parametrize("around", ["{}\n", "{} {}\n", "[{}]"])
def test_a_row_is_refused_that_is_nested_too_deeply_to_be_written(
    tmp_path: Path, around: str
) -> None:
    row = '{"text": "x", "meta": %s}'
    good = around.replace("{}", row % DEEP.replace("[1]", "1"))
    items = list(read_records([write(tmp_path, "a.json", good)]))
    assert {type(item) for item in items} == {Record}
    for deep in (DEEP, DEEP.replace("1", "[" * 300 + "]" * 300)):
        item = read_one(write(tmp_path, "a.json", around.replace("{}", row % deep, 1)))
        assert isinstance(item, BadInput)
        assert item.reason == "malformed JSON: nested more than 100 levels deep"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "blank line: no JSON object"),
        ("   ", "blank line: no JSON object"),
        ('{"text": "half', "malformed JSON: Unterminated string starting at column 10"),
        ("[1, 2]", "a JSON list where an object is meant"),
        ("true", "a JSON truth value where an object is meant"),
        ("null", "a JSON null where an object is meant"),
        ('{"id": 3, "body": "x", "url": 1}', "no field 'text': the row holds 'body', 'url'"),
        ('{"id": 3}', "no field 'text': the row holds nothing else"),
        ('{"id": 3, "text": null}', "field 'text' holds a null, not text"),
        ('{"id": 3, "text": 3.5}', "field 'text' holds a number, not text"),
        ('{"id": 3, "text": ["x"]}', "field 'text' holds a list, not text"),
        ('{"id": 3, "text": " \\n"}', "empty: no text"),
        ('{"id": 3, "text": "\\u0001\\u0002\\u0003"}', "binary, not text"),
        ("[" * 100_000, "malformed JSON"),
        ('{"id": ' + "1" * 5000 + "}", "malformed JSON: Exceeds the limit"),
        ('{"text": "' + "x" * (DOCUMENT_LIMIT + 1) + '"}', "too long for an article"),
        ('{"text": "' + "é" * (DOCUMENT_LIMIT // 2 + 1) + '"}', "too long for an article"),
        (
            '{"text": "' + "x" * ROW_LIMIT_BYTES + '"}',
            "too long for a row: more than 16,777,216 bytes",
        ),
    ],
    ids=range(18),
)
def test_a_bad_row_is_named_and_the_next_is_read(tmp_path: Path, line: str, reason: str) -> None:
    source = write(tmp_path, "a.jsonl", f"{rows({'text': TEXT})}{line}\n{rows({'text': TEXT})}")
    first, bad, last = read_records([source])
    assert isinstance(first, Record)
    assert isinstance(last, Record)
    assert last.row == 3
    assert isinstance(bad, BadInput)
    assert bad.reason.startswith(reason)
    assert bad.place == f"{source}, row 2"


def test_a_bad_row_keeps_its_id_and_fields(tmp_path: Path) -> None:
    item = read_one(write(tmp_path, "a.jsonl", rows({"id": "x9", "outlet": "y"})))
    assert isinstance(item, BadInput)
    assert (item.id, item.fields) == ("x9", {"outlet": "y"})


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marked_rows_are_read(tmp_path: Path, encoding: str) -> None:
    odd = "One\u2028line\x85only, café. " * 10
    content = "".join(json.dumps({"text": odd}, ensure_ascii=False) + "\r\n" for _ in range(3))
    for name in ("a.jsonl", "a.data"):
        items = list(read_records([write(tmp_path, name, content.encode(encoding))]))
        assert [getattr(item, "text", item) for item in items] == [odd] * 3


def test_files_that_were_joined_keep_their_marks(tmp_path: Path) -> None:
    one = (json.dumps({"text": TEXT}) + "\n").encode("utf-8-sig")
    items = list(read_records([write(tmp_path, "a.jsonl", one + one)]))
    assert [getattr(item, "text", item) for item in items] == [TEXT] * 2


def test_only_the_row_in_another_encoding_gets_a_note(tmp_path: Path) -> None:
    lines = [json.dumps({"text": TEXT}, ensure_ascii=False).encode(e) for e in ("utf-8", "cp1252")]
    good, guessed = read_records([write(tmp_path, "a.jsonl", b"\n".join(lines))])
    assert isinstance(good, Record)
    assert isinstance(guessed, Record)
    assert good.text == guessed.text == TEXT
    assert (good.note, bool(guessed.note)) == (None, True)


@pytest.mark.parametrize("joint", [",\n", "", " ", ",", " , ", "\n"])
@pytest.mark.parametrize("end", ["", "\n", ",\n", "\n\n"])
def test_objects_may_follow_one_another_in_any_way(tmp_path: Path, joint: str, end: str) -> None:
    objects = [json.dumps({"id": n, "text": TEXT}) for n in range(4)]
    items = list(read_records([write(tmp_path, "a.jsonl", joint.join(objects) + end)]))
    assert [(item.id, getattr(item, "text", None)) for item in items] == [
        (n, TEXT) for n in range(4)
    ]


@pytest.mark.parametrize("rest", ["x", "3", ', {"text"', "[]", "}"])
def test_a_line_with_anything_behind_its_object_is_one_fault(tmp_path: Path, rest: str) -> None:
    item = read_one(write(tmp_path, "a.jsonl", json.dumps({"text": TEXT}) + rest))
    assert isinstance(item, BadInput)
    assert item.reason.startswith("malformed JSON: Extra data at column ")


def test_blank_lines_at_the_end_are_no_rows(tmp_path: Path) -> None:
    source = write(tmp_path, "a.jsonl", f"{rows({'text': TEXT})}\n{rows({'text': TEXT})}\n \n")
    assert [type(item) for item in read_records([source])] == [Record, BadInput, Record]


def test_numbers_that_json_lacks_become_null(tmp_path: Path) -> None:
    source = write(tmp_path, "a.jsonl", '{"text": "x", "a": NaN, "b": -Infinity, "c": 1e999}\n')
    item = read_one(source)
    assert isinstance(item, Record)
    assert item.fields == {"a": None, "b": None, "c": None}


def test_half_a_surrogate_pair_is_replaced(tmp_path: Path) -> None:
    item = read_one(write(tmp_path, "a.jsonl", '{"text": "broken \\ud83d emoji"}'))
    assert isinstance(item, Record)
    assert item.text == "broken \ufffd emoji"


def test_a_row_may_bring_its_original(tmp_path: Path) -> None:
    given: list[Any] = ["Older text.", None, " ", 3, "\x01\x02"]
    lines = rows(*({"text": TEXT, "source": value} for value in given), {"text": TEXT})
    items = list(read_records([write(tmp_path, "a.jsonl", lines)], FieldNames(reference="source")))
    assert [getattr(item, "reference", None) for item in items] == ["Older text.", *[None] * 5]
    assert [getattr(item, "reason", None) for item in items] == [
        None,
        None,
        None,
        "field 'source' holds a number, not text",
        "field 'source': binary, not text (full of control characters)",
        "no field 'source': the row holds nothing else",
    ]
    assert all("source" not in item.fields for item in items)


@settings(derandomize=True, deadline=None, max_examples=100)
@given(
    st.lists(
        st.one_of(
            st.text(min_size=1, max_size=20).map(lambda text: json.dumps({"text": text})),
            st.sampled_from(["", "[1", "{", '{"text": ', "null", '{"id": 1}', '"', "]"]),
        ),
        max_size=8,
    )
)
def test_each_line_is_one_document_or_one_bad_input(lines: list[str]) -> None:
    content = rows({"text": TEXT}) + "".join(line + "\n" for line in lines)
    # Blank lines at the end are no rows.
    while lines and not lines[-1]:
        lines = lines[:-1]
    items = read_standard_input(content.encode())
    assert [item.row for item in items] == list(range(1, len(lines) + 2))
    for line, item in zip(lines, items[1:], strict=True):
        if isinstance(item, Record):
            assert json.loads(line) == {"text": item.text} or "\\u" in line


# --------------------------------------------------------------------------------------
# Pretty-printed JSON
# --------------------------------------------------------------------------------------


ARTICLES: list[dict[str, Any]] = [
    {"id": 1, "text": TEXT, "tags": [{"a": 1}, {}], "n": float("nan")},
    {"id": 2, "text": 'Brackets ]}{[ and "quotes", \\ too.'},
    {"id": 3, "body": "x"},
    {"id": 4, "text": TEXT},
]


@pytest.mark.parametrize("indent", [None, 0, 1, 4, "\t"])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a"])
def test_an_array_of_objects_is_read_object_by_object(
    tmp_path: Path, name: str, indent: int | str | None
) -> None:
    source = write(tmp_path, name, "\n " + json.dumps(ARTICLES, indent=indent))
    items = list(read_records([source]))
    assert [(item.id, item.row) for item in items] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert [getattr(item, "text", None) for item in items] == [a.get("text") for a in ARTICLES]
    assert items[0].fields == {"tags": [{"a": 1}, {}], "n": None}
    assert isinstance(items[2], BadInput)
    assert items[2].reason == "no field 'text': the row holds 'body'"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_marked_array_is_read(tmp_path: Path, encoding: str) -> None:
    content = json.dumps(ARTICLES, indent=1, ensure_ascii=False).encode(encoding)
    items = list(read_records([write(tmp_path, "a.json", content)]))
    assert [getattr(item, "text", None) for item in items] == [a.get("text") for a in ARTICLES]


def test_pretty_printed_objects_are_read_one_after_the_other(tmp_path: Path) -> None:
    for text in (
        json.dumps(ARTICLES[0], indent=2),
        "\n".join(json.dumps(article, indent=2) for article in ARTICLES),
    ):
        items = list(read_records([write(tmp_path, "a.json", text)]))
        assert [item.id for item in items] == [1, 2, 3, 4][: len(items)]
        assert [item.row for item in items] == list(range(1, len(items) + 1))


def test_line_breaks_and_tabs_may_stand_in_strings_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    text = 'One line,\tanother.\n\n  "Never," she said.\nThe end.'
    raw = text.replace('"', '\\"')
    path.write_text(f'{{"id": 1, "text": "{raw}"}}\n{{"id": 2, "text": "two"}}\n')
    first, second = read_records([str(path)])
    assert isinstance(first, Record)
    assert (first.id, first.row, first.text) == (1, 1, text)
    assert first.note == "line breaks in a string taken as they stand"
    assert (second.id, second.row) == (2, 5)


def test_a_row_broken_over_lines_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1, "text": "He said "no\n\nand left,\n12\n{"id": 2, "text": "two"}\n')
    bad, good = read_records([str(path)])
    assert isinstance(bad, BadInput)
    assert (bad.row, good.id, good.row) == (1, 2, 5)


def test_a_string_that_is_never_closed_is_one_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"id": 1, "text": "He left\n\nand "came" back,\n12\n{"id": 2, "text": "two"}\n'
    )
    bad, good = read_records([str(path)])
    assert isinstance(bad, BadInput)
    assert bad.reason.endswith("what stands down to line 4 is taken for the rest of it")
    assert (bad.row, good.id, good.row) == (1, 2, 5)


def test_a_malformed_object_costs_no_other(tmp_path: Path) -> None:
    for indent, start, end in ((2, "[\n  ", "\n]"), (0, "", "")):
        objects = [json.dumps(a, indent=2).replace("\n", f"\n{' ' * indent}") for a in ARTICLES]
        objects[1] = objects[1].replace('"id": 2', '"id": 2 2')
        joint = f"{',' if start else ''}\n{' ' * indent}"
        source = write(tmp_path, "a.json", start + joint.join(objects) + end)
        first, bad, *rest = read_records([source])
        assert first.id == 1
        assert isinstance(bad, BadInput)
        assert bad.reason.startswith("malformed JSON: Expecting ',' delimiter on line ")
        assert [item.id for item in rest] == [3, 4]


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        ('[{"text": "x"}, {"text": "y"', ["malformed JSON: Expecting ',' delimiter on line 1"]),
        ('[{"text": "x"},', ["malformed JSON: the file ends before its array does"]),
        ('[{"text": "x"}] {"text"', ["malformed JSON: more text behind the end of the array"]),
        ('[{"text": "x"}, 3, null, []]', [f"a JSON {t} where" for t in ("number", "null", "list")]),
        ('[{"text": "x"}, {"a": tru}, {"text": "y"}]', ["malformed JSON: Expecting value on line"]),
        ('[{"text": "x"}, ' + '{"a":' * 100_000 + "]", ["malformed JSON"]),
    ],
    ids=range(6),
)
def test_a_broken_array_says_where(tmp_path: Path, content: str, reasons: list[str]) -> None:
    first, *rest = read_records([write(tmp_path, "a.json", content)])
    assert isinstance(first, Record)
    for item, reason in zip(rest, reasons, strict=True):
        assert isinstance(item, BadInput)
        assert item.reason.startswith(reason)


def test_only_the_object_in_another_encoding_gets_a_note(tmp_path: Path) -> None:
    parts = [json.dumps({"text": TEXT}, ensure_ascii=False).encode(e) for e in ("utf-8", "cp1252")]
    source = write(tmp_path, "a.json", b"[" + b",\n".join(parts) + b"]")
    items = [item for item in read_records([source]) if isinstance(item, Record)]
    assert [(item.text, bool(item.note)) for item in items] == [(TEXT, False), (TEXT, True)]


def test_an_array_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    article = json.dumps({"text": "word " * 20_000})
    path.write_text("[" + ",".join([article] * 600) + "]")
    tracemalloc.start()
    count = sum(isinstance(item, Record) for item in read_records([str(path)]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 600
    assert peak < 4 * 1024 * 1024


def test_an_object_too_long_for_a_row_is_refused(tmp_path: Path) -> None:
    long = json.dumps({"text": "x" * ROW_LIMIT_BYTES * 2})
    source = write(tmp_path, "a.json", f'[\n{{"text": "x"}},\n{long},\n{{"text": "y"}}\n]')
    first, bad, last = read_records([source])
    assert isinstance(bad, BadInput)
    assert bad.reason.startswith("too long for a row")
    assert (getattr(first, "text", None), getattr(last, "text", None)) == ("x", "y")
