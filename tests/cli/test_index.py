"""``detector index``: what its verbs print, refuse and exit with."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli.index import index
from detector.references.database import DATABASE
from detector.references.index import ReferenceIndex

FERRY = """\
The ferry to the northern islands will stop running in October because its hull has rusted through.
Islanders were told at a crowded meeting in the school that a replacement is at least a year away.
A fishing boat will carry the post and the milk until then.
"""
FERRY_SPUN = FERRY.replace("stop running", "cease operating").replace("crowded", "packed")
BAKERY = """\
The oldest bakery in the market square has been sold to two sisters who learnt the trade there.
They intend to keep the wood oven, the striped awning and the recipe for rye bread.
"""


def run(*arguments: object, stdin: str = "") -> Result:
    return CliRunner().invoke(index, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "originals.jsonl"
    records = [{"id": "ferry", "text": FERRY}, {"id": 12, "text": BAKERY}]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


@pytest.fixture
def folder(tmp_path: Path, rows: Path) -> Path:
    assert run("build", tmp_path / "index", rows).exit_code == 0
    return tmp_path / "index"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    path = tmp_path / "copy.txt"
    path.write_text(FERRY_SPUN)
    return path


def test_build_says_what_it_holds(tmp_path: Path, rows: Path) -> None:
    result = run("build", tmp_path / "index", rows)
    assert result.exit_code == 0
    assert result.stdout == f"2 added; {tmp_path / 'index'} holds 2\n"
    assert len(ReferenceIndex.open(tmp_path / "index")) == 2


def test_build_takes_field_names(tmp_path: Path) -> None:
    result = run(
        "build", tmp_path / "index", "-", "--text-field", "body", "--id-field", "url",
        stdin=json.dumps({"url": "news/1", "body": FERRY}),
    )  # fmt: skip
    assert result.exit_code == 0
    assert ReferenceIndex.open(tmp_path / "index").text("news/1") == FERRY


def test_build_reads_what_score_reads(tmp_path: Path) -> None:
    table = tmp_path / "articles"
    table.write_text('url;body\nu;"A storm closed the harbour for a week, and nobody minded."\n')
    call = ["build", tmp_path / "index", table, "--id-column", "url", "--text-column", "body"]
    result = run(*call, "--input-format", "csv")
    assert (result.exit_code, result.stdout.split(";")[0]) == (0, "1 added")


def test_a_file_may_have_a_name_that_is_not_utf8(tmp_path: Path) -> None:
    source = tmp_path / os.fsdecode(b"caf\xe9.txt")
    source.write_text(FERRY)
    assert run("build", tmp_path / "index", source).exit_code == 0
    found = json.loads(run("find", tmp_path / "index", source, "--format", "json").stdout)
    (candidate,) = found["candidates"]
    assert candidate["id"] == str(source)
    assert candidate["place"] == f"{tmp_path}/caf\\udce9.txt"


def test_a_wrong_column_is_a_wrong_call(tmp_path: Path, folder: Path) -> None:
    table = tmp_path / "articles.csv"
    table.write_text("url,body\nu,A storm closed the harbour for a week.\n")
    for call in (["build", tmp_path / "new"], ["add", folder], ["find", folder]):
        result = run(*call, table, "--text-column", "bodi")
        assert result.exit_code == 2
        assert "no column 'bodi' (columns: 'url', 'body'; did you mean 'body'?)" in result.stderr
    assert not (tmp_path / "new").exists()


def test_messages_may_be_json_lines(tmp_path: Path, folder: Path, copy: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    result = run("find", folder, copy, empty, "--log-format", "json")
    assert result.exit_code == 1
    fault, end = map(json.loads, result.stderr.splitlines())
    assert (fault["source"], fault["reason"]) == (str(empty), "empty: no text")
    assert (end["message"], end["failed"]) == ("1 of 2 inputs could not be looked for", 1)


def test_build_on_an_index_points_to_add(folder: Path, rows: Path) -> None:
    result = run("build", folder, rows)
    assert result.exit_code == 2
    assert "holds an index already: add to it with 'detector index add'" in result.stderr


def test_build_on_a_file_says_which_argument_is_the_folder(rows: Path, copy: Path) -> None:
    result = run("build", rows, copy)
    assert result.exit_code == 2
    assert f"{rows}: a file where the folder of a new index is meant" in result.stderr
    assert rows.is_file()


def test_the_list_of_verbs_cuts_no_summary_off() -> None:
    shown = run("--help").stdout
    lines = shown[shown.index("Commands:") :].splitlines()[1:]
    assert [line.split()[0] for line in lines] == ["add", "build", "find", "info"]
    assert not [line for line in lines if line.endswith("...") and not line.endswith("FILE...")]
    assert all(line.endswith((".", "FILE...")) for line in lines)


def test_build_leaves_other_folders_alone(tmp_path: Path, rows: Path) -> None:
    result = run("build", tmp_path, rows)
    assert result.exit_code == 2
    assert "not empty" in result.stderr
    assert {path.name for path in tmp_path.iterdir()} == {rows.name}


def test_add_tells_new_replaced_and_unchanged_apart(tmp_path: Path, folder: Path) -> None:
    more = tmp_path / "more.jsonl"
    records = [
        {"id": "ferry", "text": FERRY},
        {"id": 12, "text": f"{BAKERY} It opens on Monday."},
        {"id": "new", "text": FERRY_SPUN},
    ]
    more.write_text("".join(json.dumps(record) + "\n" for record in records))
    result = run("add", folder, more)
    assert result.exit_code == 0
    assert result.stdout == f"1 added, 1 replaced, 1 unchanged; {folder} holds 3\n"


def test_bad_rows_are_named_and_the_others_added(tmp_path: Path, folder: Path) -> None:
    more = tmp_path / "more.jsonl"
    more.write_text(
        '{"id": 1, "text": "One more story about the ferry."}\n{"id": 2}\n{"text": "!?"}\n'
    )
    result = run("add", folder, more, tmp_path / "missing.txt")
    assert result.exit_code == 1
    assert result.stdout == f"1 added; {folder} holds 3\n"
    assert result.stderr.splitlines() == [
        f"error: {more}, row 2: no field 'text': the row holds nothing else",
        f"error: {more}, row 3: empty: no words to find it by",
        f"error: {tmp_path / 'missing.txt'}: no such file",
        "3 of 4 inputs could not be added",
    ]


def test_a_guessed_encoding_is_noted(tmp_path: Path, folder: Path) -> None:
    page = tmp_path / "page.txt"
    page.write_bytes("The café by the pier has closed for good.".encode("cp1252"))
    result = run("add", folder, page)
    assert result.exit_code == 0
    assert "read as Windows-1252" in result.stderr


def test_find_prints_candidates_for_people(folder: Path, copy: Path, rows: Path) -> None:
    result = run("find", folder, copy)
    assert result.exit_code == 0
    name, candidate = result.stdout.splitlines()
    assert name == f"{copy}:"
    score, identity, *place = candidate.split()
    assert 0.5 < float(score) < 1
    assert identity == "ferry"
    assert " ".join(place) == f"({rows}, row 1)"


def test_find_prints_json_lines(folder: Path, copy: Path, rows: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked.jsonl"
    texts = [BAKERY, "The choir from the coast sang three new songs on Sunday."]
    asked.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in enumerate(texts)))
    result = run("find", folder, asked, "--format", "json", "-k", 1)
    assert result.exit_code == 0
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"id": 0, "candidates": [{"id": 12, "score": 1.0, "place": f"{rows}, row 2"}]},
        {"id": 1, "candidates": []},
    ]
    assert "1: no original found" in run("find", folder, asked).stdout


def test_find_goes_on_after_a_bad_input(folder: Path, copy: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    result = run("find", folder, empty, copy)
    assert result.exit_code == 1
    assert f"error: {empty}: empty: no text" in result.stderr
    assert "1 of 2 inputs could not be looked for" in result.stderr
    assert "ferry" in result.stdout
    answers = run("find", folder, empty, copy, "--format", "json").stdout.splitlines()
    assert json.loads(answers[0])["error"] == f"{empty}: empty: no text"
    assert json.loads(answers[1])["candidates"][0]["id"] == "ferry"


def test_find_prints_nothing_that_steers_a_terminal_or_forges_a_line(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    texts = {"a\x1b[2J\nforged: no original found": FERRY, "b\x1b[31m\nforged": FERRY_SPUN}
    texts |= {"c\x1b[31m\nforged": ""}
    rows = [{"id": name, "text": text} for name, text in texts.items()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    odd = tmp_path / "odd\x1b[31m.jsonl"
    path.rename(odd)
    run("build", tmp_path / "index", odd)
    lines = run("find", tmp_path / "index", odd).stdout.splitlines()
    assert len(lines) == 7  # two inputs, each with two candidates, and one that failed
    assert not any("\x1b" in line or line.startswith("forged") for line in lines)


def test_find_writes_a_file_whole_or_not_at_all(folder: Path, copy: Path, tmp_path: Path) -> None:
    target = tmp_path / "found.txt"
    assert run("find", folder, copy, "--output", target).exit_code == 0
    assert "ferry" in target.read_text()
    assert run("find", folder, copy, "--output", tmp_path / "no" / "found.txt").exit_code == 2


def test_what_find_writes_is_told_by_the_files_name(
    folder: Path, copy: Path, tmp_path: Path
) -> None:
    target = tmp_path / "found.jsonl"
    assert run("find", folder, copy, "--output", target).exit_code == 0
    assert json.loads(target.read_text())["id"] == str(copy)
    table = run("find", folder, copy, "--output", tmp_path / "found.csv")
    assert table.exit_code == 2
    assert "nothing is written as .csv here: end the name in .txt, .jsonl" in table.stderr


def test_info(folder: Path) -> None:
    assert "documents: 2\n" in run("info", folder).stdout
    figures = json.loads(run("info", folder, "--format", "json").stdout)
    assert figures["documents"] == 2
    assert figures["bytes"] == sum(path.stat().st_size for path in folder.glob("*.sqlite"))


@pytest.mark.parametrize("verb", ["add", "find", "info"])
def test_a_folder_that_is_no_index(verb: str, tmp_path: Path, copy: Path) -> None:
    files = () if verb == "info" else (copy,)
    result = run(verb, tmp_path / "nowhere", *files)
    assert result.exit_code == 2
    assert "no such folder: build an index there first" in result.stderr


def test_a_damaged_index_ends_the_call(folder: Path, copy: Path) -> None:
    (folder / DATABASE).write_text("{")
    result = run("find", folder, copy)
    assert result.exit_code == 2
    assert "cut short: build it anew" in result.stderr


def test_a_wrong_call(folder: Path, copy: Path) -> None:
    assert run("find", folder).exit_code == 2
    assert run("find", folder, copy, "-k", 0).exit_code == 2
    assert run("add", folder).exit_code == 2
