"""``detector explain-rates``: how many flags are right, by measured rates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detector.cli import main
from detector.presentation.base_rates import (
    find_share_right,
    read_measured_rates,
    say_base_rate,
    say_right,
    work_out,
)

DESK = Path(__file__).parents[2] / "docs" / "desk.md"

CARD = {
    "thresholds": {"0.01": {"articles": 1000, "flagged": 10, "upper_bound": 0.02}},
    "figures": {
        "documents": {
            "news": {"tpr": {"value": 0.5}},
            "– a part": {"tpr": {"value": 0.4}},
            "few": {"tpr": None},
        }
    },
}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["explain-rates", *map(str, arguments)])


def test_shares_of_right_flags_are_bayes() -> None:
    assert find_share_right(0.01, 0.5, 0.01) == pytest.approx(0.005 / (0.005 + 0.0099))
    assert find_share_right(0.5, 0.0, 0.0) == 0
    assert find_share_right(1, 0.5, 0.01) == 1
    with pytest.raises(ValueError, match="found must lie between 0 and 1"):
        find_share_right(0.5, 1.5, 0.01)


def test_a_cards_rates_are_read_and_parts_are_left_out() -> None:
    rates = read_measured_rates(CARD, 0.01)
    assert rates is not None
    assert (rates.mistaken, rates.articles, rates.upper_bound) == (0.01, 1000, 0.02)
    assert rates.found == {"news": 0.5}
    assert read_measured_rates(CARD, 0.05) is None
    assert read_measured_rates({}, 0.01) is None


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0.5, "1 in 2"),
        (0.001, "1 in 1,000"),
        (0.37, "37 %"),
        (0.999, "99.9 %"),
        (0, "0"),
        (1, "1 in 1"),
    ],
)
def test_base_rates_are_said_as_people_say_them(rate: float, said: str) -> None:
    assert say_base_rate(rate) == said


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0"), (0.001, "under 1"), (0.164, "16"), (0.999, "99"), (1, "100")]
)
def test_never_all_and_never_none_of_some(share: float, said: str) -> None:
    assert say_right(share) == said


def test_the_shipped_models_rates_are_worked_out() -> None:
    result = run("--base-rate", "1/100", "--format", "json")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert 0 < figures["mistaken"] <= 0.01
    spun = next(row for row in figures["kinds"] if row["kind"].startswith("spun"))
    assert spun["right"] == {
        "0.01": pytest.approx(find_share_right(0.01, spun["found"], figures["mistaken"]))
    }
    table = run().stdout
    assert "1 in 2  1 in 10  1 in 100  1 in 1,000" in table
    assert "flagged by mistake at --fpr 0.01" in table
    assert "right, where this share of all articles is machine-made:\n" in table


def test_the_callers_own_rates_come_first() -> None:
    shown = run("--base-rate", "1%", "--found", "40%", "--mistaken", ".01").stdout
    assert re.search(r"as you measured it +40 % +29\n", shown)
    assert shown.startswith("Of people's articles 1 % are flagged by mistake, as you measured it.")
    assert run("--fpr", "5%", "--found", "0.5").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base-rate", "3"], "'3' is no share: give 0.01, 1% or 1/100"),
        (["--base-rate", "1/0"], "no share"),
        (["--fpr", "0.05"], "says nothing of what is found at 0.05: give --found"),
        (["--model", "missing"], "missing"),
    ],
)
def test_wrong_calls_say_why(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_the_desks_table_is_worked_out_rightly() -> None:
    rows = re.findall(r"^\| 1 in ([\d,]+) \| (.*) \|$", DESK.read_text(encoding="utf-8"), re.M)
    assert len(rows) == 4
    for many, cells in rows:
        base = 1 / int(many.replace(",", ""))
        human, trips, right_trips, spun, right_spun = (
            int(re.sub(r"\D", "", cell.split(" of ")[0])) for cell in cells.split("|")
        )
        assert human == round(10_000 * (1 - base) * 0.01)
        assert trips == pytest.approx(10_000 * base * 0.15, abs=0.5)
        assert spun == pytest.approx(10_000 * base * 0.95, abs=0.5)
        found = work_out({"trips": 0.15, "spun": 0.95}, 0.01, [base])
        assert [round(100 * row.right[base]) for row in found] == [right_trips, right_spun]
