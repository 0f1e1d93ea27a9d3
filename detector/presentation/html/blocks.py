"""What all pages are made of: badges, facts, bars, tables, notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from detector.presentation.html.markup import NOTHING, Html, element, isolate, join
from detector.presentation.wording import format_probability
from detector.results import Comparison, Verdict


def make_badge(result: Verdict | Comparison) -> Html:
    """The outcome in a few words."""
    if result.probability is None:
        return element("span", "not judged", class_="badge")
    name = result.label if isinstance(result, Verdict) else result.relation
    state = "flagged" if result.flagged else "not flagged"
    return element(
        "span",
        f"{state} · {name} · {format_probability(result.probability)}",
        class_="badge flagged" if result.flagged else "badge",
    )


def make_facts(facts: Mapping[str, str]) -> Html:
    """Named figures in a row."""
    rows = (
        element("div", element("dt", name), element("dd", isolate(value)))
        for name, value in facts.items()
    )
    return element("dl", *rows, class_="facts")


def make_shares(shares: Mapping[str, float], machine: Sequence[str] = ()) -> Html:
    """Probabilities, each as a bar and a number."""
    cells = []
    for name, share in shares.items():
        style = "fill machine" if name in machine else "fill"
        cells += [
            element("span", name),
            _make_bar(share, style),
            element("span", format_probability(share), class_="number"),
        ]
    return element("div", *cells, class_="shares") if cells else NOTHING


def _make_bar(share: float, style: str) -> Html:
    return element(
        "svg",
        element("rect", class_="track", width=100, height=8),
        element("rect", class_=style, width=f"{100 * share:.1f}", height=8),
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def make_note(left_out: Sequence[str]) -> Html:
    """What the page had no room for, said where a reader begins."""
    if not left_out:
        return NOTHING
    return element(
        "p", "Left out to keep this page small: ", "; ".join(left_out), ".", class_="note"
    )


def make_table(
    caption: str,
    columns: Sequence[tuple[str, str | None]],
    rows: Iterable[Html],
    style: str = "",
) -> Html:
    """A table; columns are (name, class), sortable unless their class is None."""
    body = join(rows)
    if not body:
        return NOTHING
    head = (make_heading(name, style) for name, style in columns)
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", *head)),
            element("tbody", body),
            class_=f"sortable {style}".strip(),
        ),
        class_="scroll",
    )


def make_heading(name: str, style: str | None, **attributes: object) -> Html:
    """A column's name, which sorts the table unless its class is None."""
    if style is None:
        return element("td" if not name else "th", name)
    return element(
        "th",
        element("button", name, type="button"),
        scope="col",
        class_=style or None,
        aria_sort=attributes.pop("aria_sort", "none"),
        **attributes,
    )
