#!/usr/bin/env python3
r"""Draw what a command prints in a coloured terminal as an SVG picture.

    COLUMNS=100 detector score data/example_articles/spun.txt --show text --color always \
        | python docs/terminal_picture.py 17 > docs/terminal.svg

The picture holds the first lines of standard input, as many as the argument says, as text.
"""

from __future__ import annotations

import html
import re
import sys
from collections.abc import Iterator, Sequence

_ESCAPE = re.compile(r"\033\[([\d;]*)m")
_STYLES = {"1": "bold", "4": "under", "31": "red", "33": "yellow", "35": "violet", "36": "cyan"}
_LINE, _MARGIN, _CHARACTER = 19, 14, 8.43

_HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
rect {{ fill: #16191d; }}
text {{ font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d6dade;
  white-space: pre; }}
.bold {{ font-weight: 700; }} .under {{ text-decoration: underline; }}
.red {{ fill: #ff8a7a; }} .yellow {{ fill: #f2c14e; }} .violet {{ fill: #d9a2ff; }}
.cyan {{ fill: #7ad7e0; }}
</style>
<rect width="{width}" height="{height}" rx="8"/>
"""


def draw(lines: Sequence[str]) -> str:
    """The picture of `lines`, which may hold escape sequences for bold, underline and colours."""
    columns = max(len(_ESCAPE.sub("", line)) for line in lines)
    width = round(columns * _CHARACTER + 2 * _MARGIN)
    height = _LINE * len(lines) + 2 * _MARGIN
    body = "".join(
        f'<text x="{_MARGIN}" y="{_MARGIN + _LINE * row + 14}" xml:space="preserve">'
        f"{''.join(_draw_line(line))}</text>\n"
        for row, line in enumerate(lines)
    )
    return _HEAD.format(width=width, height=height) + body + "</svg>\n"


def _draw_line(line: str) -> Iterator[str]:
    pieces = _ESCAPE.split(line)
    yield html.escape(pieces[0], quote=False)
    for codes, text in zip(pieces[1::2], pieces[2::2], strict=True):
        names = " ".join(_STYLES[code] for code in codes.split(";") if code in _STYLES)
        written = html.escape(text, quote=False)
        yield f'<tspan class="{names}">{written}</tspan>' if names and text else written


if __name__ == "__main__":
    sys.stdout.write(draw(sys.stdin.read().splitlines()[: int(sys.argv[1])]))
