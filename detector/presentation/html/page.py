"""The page around a report: policy, style, script, and how to read it.

A Content-Security-Policy lets the page run no script and apply no style but its own, named by
their hashes, and load nothing.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, TextIO

from detector.presentation.html.blocks import make_table
from detector.presentation.html.markup import Html, element, escape, join
from detector.presentation.wording import clip, format_percent
from detector.version import __version__

SIZE_LIMIT = 5_000_000
"""Bytes that no page exceeds."""

# What a page shows at most, so that none of them exceeds `SIZE_LIMIT` (see test_report.py).
TEXT_LIMIT = 250_000

SPAN_LIMIT = 1_000

BAR_LIMIT = 1_500

_GUIDE = (
    "The probability is the calibrated probability that the text is not a person's English: that "
    "it was translated by machine, translated there and back, or spun with synonyms. A text is "
    "flagged where it reaches the threshold, which is set so that at most the accepted share of "
    "people's articles is flagged by mistake.",
    "Log-odds above 0 speak for a machine, below 0 for a person; what stands beside a sentence "
    "adds up to its log-odds. “Encoder” is the neural part, which reads meaning and context; “word "
    "sequences” compares with phrases that people and machines use; “style” counts forms. A span "
    "is coloured by kind, and the more strongly the more it tells; underlines differ too.",
    "A flag is a reason to look, no proof, and says nothing about who wrote the text. Short texts "
    "(under 60 words), quotations, and people's own translations are harder; other languages than "
    "English are not judged.",
)

_PAIR_GUIDE = (
    "Substitutions are what stands in the copy in place of what the original has. Hover over a "
    "sentence, tap it or reach it with the Tab key, and its counterpart is brought into view. "
    "Sentences in grey have none. “[…]” marks where something was left out.",
)


def make_guide(
    model_card: Mapping[str, Any] | None, rates: Sequence[float], comparison: bool = False
) -> Html:
    """How to read the page: what the numbers are, how often they are wrong, what they are not."""
    paragraphs = [*(_PAIR_GUIDE if comparison else ()), *_GUIDE]
    measured = _make_measured(model_card or {}, rates)
    return element(
        "section",
        element("h2", "How to read this"),
        *(element("p", paragraph) for paragraph in paragraphs),
        *measured,
    )


def _make_measured(model_card: Mapping[str, Any], rates: Sequence[float]) -> Iterator[Html]:
    """What was measured on people's articles, as far as the card tells."""
    for rate in rates:
        record = (model_card.get("thresholds") or {}).get(f"{rate:g}") or {}
        if "articles" in record and "flagged" in record and "upper_bound" in record:
            yield element(
                "p",
                f"At the accepted {format_percent(rate)}, {record['flagged']:,} of "
                f"{record['articles']:,} articles by people that the model was not fitted on were "
                "flagged by mistake "
                f"(at most {format_percent(record['upper_bound'])}, with 95 % confidence).",
            )
        yield _make_outlet_table(model_card, rate)


def _make_outlet_table(model_card: Mapping[str, Any], rate: float) -> Html:
    outlets = (model_card.get("figures") or {}).get("leave one outlet out") or ()
    share, bound = f"share at {rate:g}", f"bound at {rate:g}"
    rows = [
        element(
            "tr",
            element("td", str(outlet["outlet"])),
            element("td", f"{outlet['articles']:,}", class_="n"),
            element("td", format_percent(outlet[share]), class_="n"),
            element("td", format_percent(outlet[bound]), class_="n"),
        )
        for outlet in outlets
        if outlet.get(share) is not None and outlet.get(bound) is not None
    ]
    return make_table(
        f"People's texts flagged by mistake at {format_percent(rate)}, each source left out of "
        "training",
        [("source", ""), ("articles", "n"), ("flagged", "n"), ("at most (95 %)", "n")],
        rows,
    )


def make_footer(*signatures: str) -> Html:
    """What wrote the page, and the models that its figures come from."""
    return join(
        [
            element(
                "p", f"Written by detector {__version__}. ", "Made with: ", element("code", text)
            )
            for text in signatures
            if text
        ]
        or [element("p", f"Written by detector {__version__}.")]
    )


@cache
def _read_asset(name: str) -> str:
    return files("detector.presentation.html").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def make_page(kind: str, title: str, header: Html, main: Html, footer: Html) -> str:
    """The whole file: style and script are in it, and the policy names them by their hashes."""
    style, script = _read_asset("report.css"), _read_asset("report.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )
    return Template(_read_asset("page.html")).substitute(
        policy=policy,
        generator=escape(f"mt-artifact-detector {__version__}"),
        title=escape(clip(title, 120)),
        page=kind,
        style=style,
        script=script,
        header=header,
        main=main,
        footer=footer,
    )


def write_page(target: str | os.PathLike[str] | TextIO, page: str) -> None:
    """Write to a stream, or to a file that is put in place when all of it is written."""
    if not isinstance(target, str | os.PathLike):
        target.write(page)
        return
    path = Path(target)
    with tempfile.TemporaryDirectory(prefix=".detector-", dir=path.absolute().parent) as work:
        fresh = Path(work) / path.name
        with fresh.open("w", encoding="utf-8", newline="") as stream:
            stream.write(page)
        fresh.replace(path)
