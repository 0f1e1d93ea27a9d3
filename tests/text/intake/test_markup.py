"""A text with the tags of HTML is read as its page shows it, and costs no offset."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector import Detector
from detector.text.document import Document
from detector.text.intake.markup.reading import read_markup
from detector.text.intake.plain_reading import read_plainly
from detector.text.normalization import normalize_text

EXAMPLES = Path(__file__).parents[3] / "data/example_articles"
ARTICLE = (EXAMPLES / "original.txt").read_text(encoding="utf-8").strip()
PARAGRAPHS = [line for line in ARTICLE.split("\n") if line]
MENU = "".join(f'<li><a href="/{n}">Section {n} of our paper</a></li>' for n in range(9))
IN_PARAGRAPHS = "".join(f"<p>{html.escape(line)}</p>" for line in PARAGRAPHS)


def make_page(article: str) -> str:
    return (
        "<!DOCTYPE html><html><head><title>Harbour opens</title><style>p > a {x: y}</style></head>"
        f"<body><nav><ul>{MENU}</ul></nav><!-- <p>never shown</p> --><main>{article}</main>"
        f"<script>if (a < b) document.write('<p>Not a word</p>');</script><ul>{MENU}</ul>"
        "<footer><p>Write to us at any time.</p></footer></body></html>"
    )


DRESSES = {
    "paragraphs": IN_PARAGRAPHS,
    "divisions": "".join(f'<div class="a > b">{html.escape(line)}</div>' for line in PARAGRAPHS),
    "line breaks": "<br/>".join(map(html.escape, PARAGRAPHS)),
    "list": f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in PARAGRAPHS)}</ul>",
    "capitals": IN_PARAGRAPHS.replace("<p>", "<P ALIGN=left>").replace("</p>", "</P>"),
    "never closed": "".join(f"<p>{html.escape(line)}\n" for line in PARAGRAPHS),
    "inline": re.sub(r"\b(the|and)\b", r'<em class="x">\1</em>', IN_PARAGRAPHS),
    "wrapped": re.sub(r" (\w+) (\w+) ", r" \1\n\2 ", IN_PARAGRAPHS),
    "aside": f'<aside class="content">{IN_PARAGRAPHS}</aside>',
    "page": make_page(IN_PARAGRAPHS),
    "escaped": html.escape(IN_PARAGRAPHS),
    "escaped twice": html.escape(html.escape(IN_PARAGRAPHS)),
}


@pytest.mark.parametrize("dress", DRESSES)
def test_an_article_with_tags_is_read_as_the_article(dress: str) -> None:
    text = DRESSES[dress]
    document = Document.make(text, ())
    plain = Document.make("\n\n".join(PARAGRAPHS), ())
    assert [s.text for s in document.sentences] == [s.text for s in plain.sentences]
    (note,) = [note for note in document.notes if not note.startswith("repeated")]
    assert note.startswith("HTML: ")
    for sentence in document.sentences:
        piece = read_plainly(re.sub(r"<[^<>]+>", "", text[sentence.start : sentence.end]))
        assert piece.text.text.split()[:1] == sentence.text.split()[:1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<p>It rained.<sup>3</sup> He left.</p>", "It rained. He left."),
        ("<p>It rained.<sup><a href='#n'>[3]</a></sup> He left.</p>", "It rained. He left."),
        ("<p>The 10<sup>th</sup> of May, 40 m<sup>2</sup>.</p>", "The 10th of May, 40 m2."),
        ("<p>A <b>bold</b> <i>man</i>.</p><p>He &amp; she.</p>", "A bold man.\n\nHe & she."),
        (
            "<p>One.</p><p><a href='/x'>Another article altogether</a></p><p>Two.</p>",
            "One.\n\nTwo.",
        ),
        ("<p><a href='/x'>The whole sentence is a link.</a></p>", "The whole sentence is a link."),
        ("<figure><img src=x><figcaption>A boat.</figcaption></figure><p>One.</p>", "One."),
        ("<td>North</td><td>South</td>", "North\nSouth"),
        # names with a prefix, of a site's own, and seldom seen ones
        (
            "<p>It rained.<o:p></o:p></p><p><o:p>&nbsp;</o:p></p><p>He left.</p>",
            "It rained.\n\nHe left.",
        ),
        (
            "<st1:place w:st='on'>Orrin</st1:place> is a <st1:City>town</st1:City>.",
            "Orrin is a town.",
        ),
        ("<html:p>One man.</html:p><html:p>Two men.</html:p>", "One man.\n\nTwo men."),
        (
            "<story-body><ps-paragraph>One man.</ps-paragraph><ps-paragraph>Two men.</ps-paragraph>"
            "</story-body>",
            "One man.\n\nTwo men.",
        ),
        (
            "<p>The <glossary-term id='1'>hull</glossary-term>s <nobr>leak</nobr>.</p>",
            "The hulls leak.",
        ),
        ("<p><data value=1>One</data> of <output>two</output>.</p>", "One of two."),
        ("<p><ruby>Oak<rp>(</rp><rt>ook</rt><rp>)</rp></ruby> for ribs.</p>", "Oak for ribs."),
        (
            "<hgroup><h1>Ferry</h1><p>One.</p></hgroup><table><col><tr><td>Two.</table>",
            "Ferry\n\nOne.\n\nTwo.",
        ),
        ("<p>First.</p><![if !supportLists]><p>Then.</p><![endif]>", "First.\n\nThen."),
        # what is not seen, amid a line
        (
            "<p>The <a href=x>bus<svg><title>link</title></svg></a>, he said.</p>",
            "The bus, he said.",
        ),
        ("<p>See the hull<script>if (a<b) x('<p>')</script> now.</p>", "See the hull now."),
        ("<p>The hull\n  <iframe src=x></iframe>\n  leaked.</p>", "The hull leaked."),
        (
            "<p>The <noscript><img src=x></noscript>hull <!-- c -->leaked<!-- -->.</p>",
            "The hull leaked.",
        ),
        ("<p>It takes <math><mn>9</mn></math> minutes.</p>", "It takes minutes."),
        ("<div>It rained.<script>x()</script>He left.</div>", "It rained.\n\nHe left."),
        ("<div>By Greta Olm\n<script>x()</script>\nIt rained.</div>", "By Greta Olm\n\nIt rained."),
        (
            "<p>The <button>hull</button> cost <label>a lot</label>, he said.</p>",
            "The hull cost a lot, he said.",
        ),
        (
            "<p>The hull leaked. <button>Share this</button></p><p>One.</p>",
            "The hull leaked.\n\nOne.",
        ),
        # what is not shown at all
        (
            "<p>The <span style='color:red; display: none'>x</span>hull <i hidden>y</i>leaked.</p>",
            "The hull leaked.",
        ),
        ("<p>The bus<span class='a sr-only'>, external</span> leaves.</p>", "The bus leaves."),
        ("<p>The <b title='a < b'>hull</b> leaks.</p>", "The hull leaks."),
        ("""<p>One.</p><div data-x='{"a":"<b>"}' class="a < b">Two.</div>""", "One.\n\nTwo."),
        (
            '<p>One.</p><p class="a>Two "words" and</p><p>more.</p>',
            'One.\n\nTwo "words" and\n\nmore.',
        ),
        # shortcodes
        (
            "<p>One.</p>[caption id='a' width='3']<img src=x /> A boat.[/caption]<p>Two.</p>",
            "One.\n\nTwo.",
        ),
        (
            "<p>One.</p>[gallery ids='1,2']<p>Two.</p>[embed]http://a.example/x[/embed]",
            "One.\n\nTwo.",
        ),
        ("<p>The [gallery owner] has [video] of it.</p>", "The [gallery owner] has [video] of it."),
        (
            "<p>He said a < b and c > d, <3 and List&lt;int&gt;.</p>",
            "He said a < b and c > d, <3 and List<int>.",
        ),
    ],
)
def test_what_a_page_shows_as_prose_is_read(text: str, shown: str) -> None:
    assert read_plainly(text).text.text.strip() == shown


@pytest.mark.parametrize(
    "text",
    [
        "For x < 3 and y > 4 the price <b falls, he said > and left.",
        "Write <p> before a paragraph, the handbook says.",
        "He wrote to <anna@coast.example> and <lars@coast.example> on Monday.",
        "It rained.<br>He left.",
        "Copy it with cp <old-name> <new-name>.<br>It rained.",
        "The <b> tag makes words bold, and List<int> or Map<String, List<data>> holds numbers.",
        "I <3 it where a < b and c > d, and <data> is closed by </data>, he said.",
        "<tom-k> hi all\n<anna-b> hello\n<col> <map> <output>",
        "[caption id=3]A boat.[/caption] It rained. [gallery ids='3']",
    ],
)
def test_what_is_no_markup_stays(text: str) -> None:
    reading = read_plainly(text)
    assert reading.notes == ()
    assert reading.text.text == normalize_text(text)


THREAD = "".join(
    f'<li class="comment"><p>Reader {n} would have kept the old harbour as it was.</p></li>'
    for n in range(60)
)
BOXES = {
    "comments": f'<div id="comments"><ol class="comment-list">{THREAD}</ol></div>',
    "comment section": f'<section class="x post__commentSection">{THREAD}</section>',
    "related": '<div class="related-posts"><p>The council put off its vote again.</p></div>',
    "newsletter": '<div class="newsletter-signup"><p>Get our letter every morning.</p></div>',
    "subscribe": '<div class="box Subscribe"><p>Get our letter every morning.</p></div>',
    "cookies": '<div id="cookie-banner"><p>We store cookies to see what you read.</p></div>',
    "not shown": '<div style="display:none"><p>Get our letter every morning.</p></div>',
    "spoken": '<p class="screen-reader-text">You have come to the end of the article.</p>',
}


@pytest.mark.parametrize("box", BOXES)
def test_what_stands_apart_on_a_page_is_left_out(box: str) -> None:
    plain = Document.make("\n\n".join(PARAGRAPHS), ())
    document = Document.make(make_page(IN_PARAGRAPHS + BOXES[box]), ())
    assert [s.text for s in document.sentences] == [s.text for s in plain.sentences]


@pytest.mark.parametrize(
    "opening",
    [
        *(f'<div class="{name}">' for name in ("commentary", "related-article-body", "comment")),
        *(
            f'<div class="{name}">'
            for name in ("newsletter-post", "subscriber-only", "no-comments")
        ),
        *('<article class="comments">', '<main id="newsletter">', '<div data-x="comments">'),
    ],
)
def test_what_may_be_the_article_stays(opening: str) -> None:
    kept = f"{opening}<p>The boat was sold on Monday to a museum.</p></{opening[1:].split()[0]}>"
    assert "to a museum" in read_markup(make_page(IN_PARAGRAPHS + kept))[0].text


@pytest.mark.parametrize(
    "opening",
    [
        '<div class="comments">',
        '<div class="newsletter">',
        '<div style="display:none">',
        "<div hidden>",
    ],
)
def test_what_holds_most_of_a_text_stays(opening: str) -> None:
    shown, _ = read_markup(f"<p>It rained on the coast.</p>{opening}{IN_PARAGRAPHS}</div>")
    assert all(html.escape(line) in shown.text for line in PARAGRAPHS)


@pytest.mark.parametrize("name", ["noscript", "template"])
def test_an_article_that_few_see_is_read(name: str) -> None:
    page = f'<html><body><div id="root"></div><{name}>{IN_PARAGRAPHS}</{name}></body></html>'
    plain = Document.make("\n\n".join(PARAGRAPHS), ())
    assert [s.text for s in Document.make(page, ()).sentences] == [s.text for s in plain.sentences]
    beside, _ = read_markup(f"{IN_PARAGRAPHS}<{name}><p>Switch on your scripts.</p></{name}>")
    assert "Switch on" not in beside.text


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<p ",
            "<a x=\"<a y='",
            "<p x=\"< \" y='< ' ",
            '<a title="<!--">',
            "<!--",
            "<a-b-c ",
            "<p = ",
        ),
        *(
            "<script>",
            "<p>a<svg></svg>",
            "<p>a <button>",
            "<sup>",
            "<span hidden>a",
            "[caption a=1]",
        ),
        *("[caption ][embed ]", "[vc_", "<![if", "<style><script>"),
    ],
)
def test_hostile_markup_is_read_in_the_end(piece: str) -> None:
    for end in ("", "</script></svg></button></sup></span>-->\"'>"):
        text = f"<p>a</p>{piece * (200_000 // len(piece))}{end}"
        shown, _ = read_markup(text)
        assert len(shown.starts) == len(shown.text)


PIECES = [
    *(
        "<o:p>",
        "</o:p>",
        "<x-y>",
        "</x-y>",
        "<svg>",
        "</svg>",
        "<span hidden>",
        "</span>",
        "<button>",
    ),
    *(
        "</button>",
        "<div class='comments'>",
        "</div>",
        "[caption]",
        "[/caption]",
        "<b title='a < b'>",
    ),
    *("<p>", "</p>", "<a href='x'>", "</a>", "<br", ">", "<!--", "-->", "<sup>", "</sup>", "<nav>"),
    *("</nav>", "<script>", "</script>", "&lt;p&gt;", "&amp;lt;br&amp;gt;", "One. ", "two", "\n"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_any_markup_keeps_its_offsets(text: str) -> None:
    shown, _ = read_markup(text)
    starts, ends = shown.starts.tolist(), shown.ends.tolist()
    assert len(starts) == len(ends) == len(shown.text)
    assert starts == sorted(starts)
    assert all(0 <= a < b <= len(text) for a, b in zip(starts, ends, strict=True))
    kept = [(c, text[a]) for c, a, b in zip(shown.text, starts, ends, strict=True) if b == a + 1]
    assert all(c == given or c in " \n" for c, given in kept)


@pytest.mark.parametrize("dress", ["paragraphs", "page", "escaped"])
def test_markup_changes_no_verdict(tiny_detector: Detector, dress: str) -> None:
    plain = tiny_detector.score("\n\n".join(PARAGRAPHS))
    dressed = tiny_detector.score(DRESSES[dress])
    assert dressed.probability == plain.probability
    assert dressed.words == plain.words
    assert [note.split(":")[0] for note in dressed.notes] == ["HTML"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (
            '<p style="backface-visibility: hidden">The gate opens.</p><p>It shuts at ten.</p>',
            "The gate opens. It shuts at ten.",
        ),
        (
            "<style>p {}</style><noscript>Turn JavaScript on.</noscript>The gate opens at nine.",
            "The gate opens at nine.",
        ),
        (
            "<p>The gate opens at nine.</p><a href=/>Home</a> <a href=/s>Sport</a>",
            "The gate opens at nine.",
        ),
        (
            "<p>It opens on the 10<sup><abbr>th</abbr></sup> of May.</p><p>It shuts in June.</p>",
            "It opens on the 10th of May. It shuts in June.",
        ),
        (
            "<P>It opens by bus<SUP><A HREF=#1>3</A></SUP> and boat.</P><P>It shuts in June.</P>",
            "It opens by bus and boat. It shuts in June.",
        ),
        ("<div class=entry><div>The gate opens at nine", "The gate opens at nine"),
        ("To write, send <title> <address> to us.", "To write, send <title> <address> to us."),
    ],
)
def test_styles_ends_and_notes_are_read_as_a_browser_does(text: str, plain: str) -> None:
    assert " ".join(read_markup(text)[0].text.split()) == plain
