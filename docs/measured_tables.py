"""Put what the model cards say into the tables of docs/measured.md.

    python docs/measured_tables.py

A row of the page takes the figures of the card's row of the same name, in a table with the same
heads. Tables of the default model have all rows of the card's, in the sections of other models some
may be left out. Prose around the tables is written by hand.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "measured.md"

#: Between these headings stand the tables that the commands of training write.
FIRST, LAST = "## Documents", "## The model before"

#: The heading of each section that is of another model than the default one.
SECTIONS = {"## The accurate model": "accurate"}


def fill_tables(page: str, cards: dict[str, str]) -> str:
    """The page with the figures of the cards.

    Args:
        page: of docs/measured.md.
        cards: text of each model's card, by the name of the model.

    Raises:
        ValueError: no table of the card has the rows of one of the page.
    """
    open_tables = {model: _find_tables(card) for model, card in cards.items()}
    lines: list[str] = []
    model: str | None = None
    for is_table, block in groupby(page.splitlines(), lambda line: line.startswith("|")):
        if not is_table:
            rest = list(block)
            for heading in (line for line in rest if line.startswith("## ")):
                if heading == LAST:
                    model = None
                elif heading == FIRST or model is not None:
                    model = SECTIONS.get(heading, "default")
            lines += rest
        elif model is None:
            lines += block
        else:
            lines += _fill(list(block), open_tables[model], whole=model == "default")
    return "\n".join(lines) + "\n"


def _find_tables(text: str) -> list[list[str]]:
    blocks = groupby(text.splitlines(), lambda line: line.startswith("|"))
    return [list(block) for is_table, block in blocks if is_table]


def _fill(table: list[str], of_card: list[list[str]], whole: bool) -> list[str]:
    """The rows of the card's first table that fits, which is taken out: the next is another's.

    Args:
        table: of the page.
        of_card: the card's tables that were not taken yet.
        whole: the page has all rows of the card's.
    """
    heads, names = table[0], [_name_row(row) for row in table]
    for candidate in of_card:
        rows = {_name_row(row): row for row in candidate}
        fits = rows.keys() == set(names) if whole else rows.keys() >= set(names)
        if candidate[0] == heads and fits:
            of_card.remove(candidate)
            return [rows[name] for name in names]
    raise ValueError(f"no table of the card has these heads and rows: {heads}, {names[2:]}")


def _name_row(row: str) -> str:
    return row.split("|")[1].strip()


def main() -> None:
    """Write the page."""
    names = ["default", *SECTIONS.values()]
    cards = {name: (ROOT / "models" / name / "model_card.md").read_text("utf-8") for name in names}
    PAGE.write_text(fill_tables(PAGE.read_text("utf-8"), cards), "utf-8")


if __name__ == "__main__":
    main()
