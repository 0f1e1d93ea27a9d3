"""Strings made of what texts go wrong over, for properties that hold for every text."""

from hypothesis import settings
from hypothesis import strategies as st

# The characters that the patterns of detector.text.normalization know, and a few that they do not.
PIECES = [
    *" \t\u00a0\u3000\n\r\u2028.,;:!?%)](['\"“”‘’„«»`´′″-–—‐−…&;#/aéAbZ01ﬁ＆！．Ω№م字🎉",
    *("\u200b", "\u00ad", "\ufeff", "\x00", "\x1f", "\u0301", "\u0323", "\ud800"),
    *("&amp;", "&#39;", "amp;", "#38;", "&nbsp;", " ;", "&lt", "...", ". . .", "--"),
    *("Mr", "U.S.", "He ", "said ", "By ", "Photo: ", "(AP)", "comment"),
]
ANY_TEXT = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=16).map("".join), st.text(max_size=40)
)
check_often = settings(max_examples=400, deadline=None, derandomize=True)
