"""Read Markdown and quoted mail that were given as text, every offset kept.

Programs that turn pages into text for language models write Markdown: links with their addresses,
asterisks around what is stressed, a number sign before headings. Mail puts ">" before each line of
what it answers. None of it is a word of the article.
"""

from __future__ import annotations

import re

from detector.text.normalization import Normalized, compose, replace_spans

_ADDRESS = r"(?:https?:|www\.|mailto:|[/#]|\.{1,2}/)[^\s()]*(?:\([^\s()]*\)[^\s()]*)*"

_TITLE = r"""(?:\s+(?:"[^"\n]*"|'[^'\n]*'))?"""

# What stands in the brackets of a link may hold brackets of its own, but no line's end.
_LABEL = r"\[(?P<{name}>[^\[\]\n]{{0,400}}(?:\[[^\[\]\n]{{0,100}}\][^\[\]\n]{{0,400}})?)\]"

_MARKS = re.compile(
    rf"""
      (?P<quoted>^(?:[ \t]{{0,3}}>)+[ ]?)
    | (?P<heading>^[ ]{{0,3}}\#{{1,6}}[ \t]+(?=\S))
    | (?P<rule>^[ ]{{0,3}}(?:(?:-[ ]?){{3,}}|(?:\*[ ]?){{3,}}|(?:_[ ]?){{3,}}|={{3,}})[ \t]*$)
    | (?P<definition>^[ ]{{0,3}}\[[^\]\n]{{1,80}}\]:[ \t]+<?{_ADDRESS}>?{_TITLE}[ \t]*$)
    | (?P<image>!{_LABEL.format(name="alternative")}\({_ADDRESS}{_TITLE}\))
    | (?P<link>{_LABEL.format(name="label")}\(<?{_ADDRESS}>?{_TITLE}\))
    | (?P<strong>(?<![\w*])\*\*(?=[^\s*])(?P<bold>[^*\n]{{1,400}})(?<=\S)\*\*(?![\w*]))
    | (?P<stressed>(?<![\w*])\*(?=[^\s*])(?P<italic>[^*\n]{{1,400}})(?<=\S)\*(?![\w*]))
    | (?P<lined>(?<!\w)(?P<line>_{{1,2}})(?=[^\s_])(?P<text>[^_\n]{{1,400}})(?<=\S)(?P=line)(?!\w))
    """,
    re.VERBOSE | re.MULTILINE,
)  # fmt: skip

#: What of a mark is words.
_WORDS = {"link": "label", "strong": "bold", "stressed": "italic", "lined": "text"}

# Quick to search, and in hardly any text: without it there is no mark.
_SIGNS = re.compile(r"[*_#]|\]\(|\]:|^[ \t]{0,3}(?:>|===|-[ ]?-[ ]?-)", re.MULTILINE)

#: Fewer quoted lines are a text's own signs.
_FEWEST_QUOTED = 2

#: Stress may lie within a link, and a link within stress.
_DEPTH = 3


def read_markdown(text: str) -> tuple[Normalized, int]:
    """A text without the marks of Markdown and of quoted mail, and how many there were."""
    plain, count = replace_spans(text, ()), 0
    for _ in range(_DEPTH):
        marks = list(_MARKS.finditer(plain.text)) if _SIGNS.search(plain.text) else []
        if sum(mark.lastgroup == "quoted" for mark in marks) < _FEWEST_QUOTED:
            marks = [mark for mark in marks if mark.lastgroup != "quoted"]
        if not marks:
            break
        count += len(marks)
        pieces = [piece for mark in marks for piece in _take_away(mark)]
        plain = compose(plain, replace_spans(plain.text, pieces))
    return plain, count


def _take_away(mark: re.Match[str]) -> list[tuple[int, int, str]]:
    """What goes of a mark: all that is not among its words."""
    words = _WORDS.get(mark.lastgroup or "")
    if words is None:
        return [(*mark.span(), "")]
    return [(mark.start(), mark.start(words), ""), (mark.end(words), mark.end(), "")]
