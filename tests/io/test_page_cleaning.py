"""Pages made ready: words of sentences, tables that lay out a page, parts of other articles."""

from __future__ import annotations

import pytest
from lxml.html import document_fromstring

from detector.io.readers import page_parts
from detector.io.readers.main_text import extract_article

FERRY = [
    "The last wooden ferry on Lake Orrin made its final crossing on Saturday with forty people.",
    "Its captain, Maud Peller, has steered the boat since 1988 and did not sleep the night before.",
    "The county will replace it with a bus, which takes nine minutes more but runs in winter.",
    "A petition signed by many people reached the council in March and asked for a year of trial.",
    "The boat was built in 1931 by the Hallam brothers, whose yard stood where the cars are now.",
    "Her deckhand of nineteen years, Tom Ruddle, starts to drive the bus on Monday morning.",
]
OWLS = [
    "Barn owls have nested in the signal box at Crake Junction since trains stopped calling there.",
    "A retired signalman found three chicks behind the levers while he looked for his old lamp.",
    "Volunteers have since put up a notice and a length of blue rope around the whole building.",
    "A pigeon fancier in Station Road has asked who will compensate him for two missing tumblers.",
    "Blasting in the quarry two miles north began again in April after a pause of seven years.",
    "Schoolchildren were asked to name the chicks and they chose Lever, Brake and then Kevin.",
    "The officers replied that barn owls eat voles and that a sparrowhawk had been seen lately.",
    "He remains unpersuaded and has bought a net that covers the whole of his garden and more.",
]
MENU = '<nav><a href="/">Home</a> <a href="/news">News</a></nav>'
HEADING = "<h1>Last wooden ferry</h1>"


def build(body: str, head: str = "", title: str = "Last wooden ferry | The Courier") -> str:
    return f"<html><head><title>{title}</title>{head}</head><body>{body}</body></html>"


def paragraphs(sentences: list[str]) -> str:
    return "".join(f"<p>{sentence}</p>" for sentence in sentences)


def extract(page: str) -> str:
    text: str = extract_article(page, None)["text"]
    return text


def holds(text: str, sentences: list[str]) -> list[bool]:
    return [sentence in text for sentence in sentences]


# --------------------------------------------------------------------------------------
# Sentences
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        # The extractor would remove these elements with their words.
        ("on <time datetime='2026-05-16'>Saturday</time>, at noon.", "on Saturday, at noon."),
        ("the <button>hull</button> of the boat.", "the hull of the boat."),
        ("the <label>old</label> boat.", "the old boat."),
        ("pays <output>forty</output> pounds.", "pays forty pounds."),
        (
            "so <math><mi>x</mi><mo>=</mo><mn>5</mn><annotation>x=5</annotation></math> holds.",
            "so x=5 holds.",
        ),
        # It would leave these, which no one reads as part of the sentence.
        ("a <span hidden>secret </span>museum.", "a museum."),
        ("a <a href='/x'>map<span class='sr-only'> (new tab)</span></a> of it.", "a map of it."),
        ("the rot<span class='visually-hidden'> opens</span> spread.", "the rot spread."),
        ("the <b>jetty<span role='tooltip'>A pier.</span></b> fell.", "the jetty fell."),
        ("eleven ribs<sup><a href='#1'>[1]</a></sup> were bad.", "eleven ribs were bad."),
        ("took <del>seven</del> <ins>nine</ins> minutes.", "took nine minutes."),
        ("said <q>never <b>again</b></q> and left.", "said \u201cnever again\u201d and left."),
        ("said <q>\u201cnever\u201d</q> and left.", "said \u201cnever\u201d and left."),
        # These are left as they are.
        ("on the 16<sup>th</sup> of May.", "on the 16th of May."),
        ("to read it. <button>Share</button>", "to read it."),
    ],
)
def test_a_sentence_is_read_as_it_is_shown(written: str, read: str) -> None:
    start = "The county says that its oldest ferry boat"
    page = build(f"<article>{HEADING}<p>{start} {written}</p>{paragraphs(OWLS)}</article>")
    assert extract(page).splitlines()[1] == f"{start} {read}"


@pytest.mark.parametrize(
    ("hidden", "is_read"),
    [
        ("<p hidden>{}</p>", False),
        ("<div hidden=''><p>{}</p></div>", False),
        ("<section class='visually-hidden'><p>{}</p></section>", False),
        ("<div hidden='until-found'><p>{}</p></div>", True),
        ("<div hidden id='S:1'><p>{}</p></div>", True),
        # The rest of an article, for who reads on.
        ("<div hidden><p>{}</p><p>Read by few.</p></div>", True),
    ],
)
def test_a_block_that_is_hidden_is_not_read(hidden: str, is_read: bool) -> None:
    page = f"<article>{HEADING}{paragraphs(FERRY)}{hidden.format(' '.join(OWLS[:3]))}</article>"
    text = extract(build(page))
    assert all(holds(text, FERRY))
    assert holds(text, OWLS[:3]) == [is_read] * 3


def test_an_article_that_is_shown_later_is_read() -> None:
    page = f"<main>{MENU}<div hidden>{HEADING}{paragraphs(FERRY)}</div></main>"
    assert all(holds(extract(build(page)), FERRY))


@pytest.mark.parametrize("hidden", ["<span hidden>{}</span>", "<span class='sr-only'>{}</span>"])
def test_most_of_a_text_is_not_taken_for_a_hidden_part_of_it(hidden: str) -> None:
    page = f"<article>{HEADING}<p>{FERRY[0]} {hidden.format(' '.join(FERRY[1:]))}</p></article>"
    assert all(holds(extract(build(page)), FERRY))


def test_the_date_of_a_time_in_a_sentence_is_kept() -> None:
    said = f"<p>On <time datetime='2026-05-16'>Saturday</time>, it ended. {OWLS[0]}</p>"
    article = extract_article(build(f"<article>{said}{paragraphs(FERRY)}</article>"), None)
    assert article["text"].startswith("On Saturday, it ended.")
    assert article["date"] == "2026-05-16"


@pytest.mark.parametrize("start", ["{}", "<h1>Ferry</h1>{}", "<h1>Ferry</h1><hr>{}", "<b>{}</b> x"])
def test_bare_text_before_paragraphs_is_kept(start: str) -> None:
    bare = FERRY[0].replace("ferry", "<i>ferry</i>")
    if start.startswith("<b>"):
        start, bare = "{}", bare.replace("The last", "<b>The last</b>")
    text = extract(build(start.format(bare) + paragraphs(FERRY[1:])))
    assert [line for line in text.splitlines() if line != "Ferry"] == FERRY


# --------------------------------------------------------------------------------------
# Tables
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        "<table><tr><td><a href='/'>Home</a></td><td>{paragraphs}</td></tr></table>",
        "<table><tr><td><a href='/'>Home</a></td><td>{lines}</td></tr></table>",
        "<table role='presentation'>{rows}</table>",
        "<table><tr><td>Home</td><td><table><tr><td>{paragraphs}</td></tr></table></td></tr></table>",
        "<table><tr><td>Home</td><td>{tables}</td></tr></table>",
        "<table><tr><td>{bare}</td></tr></table>",
    ],
)
def test_a_table_that_lays_out_a_page_is_none(table: str) -> None:
    body = table.format(
        paragraphs=paragraphs(FERRY),
        lines="<br><br>".join(FERRY),
        rows="".join(f"<tr><td>{sentence}</td></tr>" for sentence in FERRY),
        tables="".join(f"<table><tr><td>{sentence}</td></tr></table>" for sentence in FERRY),
        bare=FERRY[0] + paragraphs(FERRY[1:]),
    )
    lines = extract(build(body)).splitlines()
    assert [line for line in lines if line not in ("Home", "")] == FERRY


@pytest.mark.parametrize(
    "row",
    [
        "<tr><td>Orrin</td><td>1931</td><td>oak</td></tr>",
        "<tr><td><p>Orrin</p></td><td><p>1931</p></td><td><p>oak</p></td></tr>",
        f"<tr><th>Orrin</th><td>1931</td><td>{' '.join(FERRY)}</td></tr>",
    ],
)
def test_a_table_of_data_stays_one(row: str) -> None:
    text = extract(build(f"<article>{paragraphs(OWLS)}<table>{row * 3}</table></article>"))
    assert "| Orrin | 1931 | " in text


# --------------------------------------------------------------------------------------
# Other articles
# --------------------------------------------------------------------------------------

CARDS = [
    "<{0} class='card'><h3><a href='/s/{1}'>Headline number {1}</a></h3><p>{2}</p></{0}>",
    "<{0} class='card'><a href='/s/{1}'><h3>Headline number {1}</h3></a><p>{2}</p></{0}>",
    "<{0} class='card'><a href='/s/{1}'>Headline of number {1}</a><p>{2}</p></{0}>",
]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("tag", ["div", "article", "li"])
def test_teasers_do_not_stand_for_a_short_article(tag: str, card: str) -> None:
    cards = "".join(card.format(tag, number, text) for number, text in enumerate(OWLS))
    story = f"{MENU}<main><div class='story'>{HEADING}{paragraphs(FERRY[:2])}</div></main>"
    text = extract(build(f"{story}<div class='more'>{cards}</div>"))
    assert all(holds(text, FERRY[:2]))
    assert not any(holds(text, OWLS))


@pytest.mark.parametrize("card", CARDS)
def test_a_page_of_teasers_holds_no_article(card: str) -> None:
    cards = "".join(card.format("div", number, text) for number, text in enumerate(OWLS))
    text = extract(build(f"{MENU}<main><h1>Local news</h1>{cards}</main>", title="Local news"))
    assert not any(holds(text, OWLS))


def test_an_error_page_is_told_whatever_it_points_to() -> None:
    cards = "".join(CARDS[0].format("div", number, text * 4) for number, text in enumerate(OWLS))
    error = "<main><h1>Oops!</h1><p>The page that you looked for could not be found.</p></main>"
    page = build(f"{MENU}{error}<div class='more'>{cards}</div>", title="Page not found | Courier")
    assert extract_article(page, None)["reason"].startswith("not an article: the page is titled")


ITEM = "<h2><a href='{2}'>{0}. The Old Bell</a></h2><p>{1}</p>"


@pytest.mark.parametrize(
    ("around", "item", "head", "target"),
    [
        ("<article>{}</article>", f"<div class='item'>{ITEM}</div>", "", "https://x.example/1"),
        (
            "<div class='entry-content'>{}</div>",
            f"<div class='item'>{ITEM}</div>",
            "",
            "https://x.example/1",
        ),
        (
            "<main>{}</main>",
            f"<div class='item'>{ITEM}</div>",
            '<meta property="og:type" content="article">',
            "https://x.example/1",
        ),
        (
            f"<main><p>{' '.join(OWLS)}</p>{{}}</main>",
            f"<div class='item'>{ITEM}</div>",
            "",
            "https://x.example/1",
        ),
        ("<main>{}</main>", f"<section class='part'>{ITEM}</section>", "", "#part"),
        ("<article><ol>{}</ol></article>", f"<li class='event'>{ITEM}</li>", "", "#event"),
    ],
)
def test_items_of_an_article_stay(around: str, item: str, head: str, target: str) -> None:
    items = "".join(item.format(number, text, target) for number, text in enumerate(FERRY))
    text = extract(build(MENU + around.format(HEADING + items), head))
    assert all(holds(text, FERRY))


def test_a_list_with_links_in_its_sentences_stays() -> None:
    items = "".join(f"<li>{text} See <a href='/x'>all of this report</a>.</li>" for text in FERRY)
    text = extract(build(f"{MENU}<main>{HEADING}<ul>{items}</ul></main>"))
    assert all(holds(text, FERRY))


@pytest.mark.parametrize(
    ("title", "length"),
    [("Owls | The Courier", len(OWLS)), ("Owls", 3), ("The Courier", len(OWLS))],
)
def test_an_article_that_follows_on_an_endless_page_is_dropped(title: str, length: int) -> None:
    own = f"<article><h1>Owls</h1>{paragraphs(OWLS[:length])}</article>"
    other = f"<article>{HEADING}{paragraphs(FERRY * 2)}</article>"
    text = extract(build(MENU + own + other, title=title))
    assert all(holds(text, OWLS[:length]))
    assert not any(holds(text, FERRY))


@pytest.mark.parametrize(
    "page",
    [
        # A teaser stands above the article.
        f"<article><h1>Owls</h1><p>{OWLS[0]}</p></article><article>{HEADING}{{}}</article>",
        # A live blog, and an article in parts: no titles of their own.
        f"{HEADING}<article><h3>Now</h3>{{}}</article><article><h3>Then</h3>{{}}</article>",
        f"<article>{HEADING}<p>{OWLS[0]}</p></article><article class='part'>{{}}</article>",
    ],
)
def test_articles_that_belong_to_the_page_stay(page: str) -> None:
    text = extract(build(f"{MENU}<main>{page.replace('{}', paragraphs(FERRY))}</main>"))
    assert all(holds(text, FERRY))


@pytest.mark.parametrize(
    "name",
    [
        "cookie-banner", "gdpr-modal", "qc-cmp2-container", "cmp-wrapper", "onetrust-banner-sdk",
        "CybotCookiebotDialog", "sp_message_container_1",
    ],
)  # fmt: skip
def test_what_asks_for_consent_is_dropped(name: str) -> None:
    asked = paragraphs([f"Our partner {name} measures content. {text}" for text in OWLS * 3])
    body = f"<div>{HEADING}{paragraphs(FERRY)}</div><div class='{name}'>{asked}</div>"
    text = extract(build(body))
    assert all(holds(text, FERRY))
    assert "Our partner" not in text


@pytest.mark.parametrize(
    ("said", "is_kept"), [("measures this with cookies.", False), ("has measured this.", True)]
)
def test_a_dialog_that_asks_for_consent_is_dropped(said: str, is_kept: bool) -> None:
    asked = paragraphs([f"Our partner {said} {text}" for text in OWLS * 3])
    text = extract(
        build(f"<div>{HEADING}{paragraphs(FERRY)}</div><div role='dialog'>{asked}</div>")
    )
    assert ("Our partner" in text) == is_kept


def test_an_article_on_consent_is_kept() -> None:
    body = f"<div class='cookie-banner'>{HEADING}{paragraphs(FERRY)}</div>"
    assert all(holds(extract(build(body)), FERRY))


@pytest.mark.parametrize("name", ["class='comment-piece'", "id='comment-piece'"])
def test_a_piece_of_comment_is_an_article(name: str) -> None:
    text = extract(build(f"{MENU}<main>{HEADING}<div {name}>{paragraphs(FERRY)}</div></main>"))
    assert all(holds(text, FERRY))


# --------------------------------------------------------------------------------------
# Articles in parts
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part",
    [
        "<div class='article-body'>{}</div>",
        "<div class='grid'><div class='story-content'>{}</div></div>",
        "<section itemprop='articleBody'>{}</section>",
    ],
)
def test_an_article_cut_in_two_is_read_whole(part: str) -> None:
    first, second = part.format(paragraphs(FERRY * 2)), part.format(paragraphs(OWLS * 2))
    text = extract(build(f"{MENU}<main>{HEADING}{first}<div class='ad'></div>{second}</main>"))
    assert text.splitlines()[-2 * len(FERRY + OWLS) :] == FERRY * 2 + OWLS * 2


@pytest.mark.parametrize("title", ["<h2>Owls</h2>", "<h1>Owls</h1>"])
def test_articles_below_one_another_are_not_joined(title: str) -> None:
    part = "<div class='post'>{}<div class='entry-content'>{}</div></div>"
    page = build(part.format(HEADING, paragraphs(FERRY)) + part.format(title, paragraphs(OWLS)))
    text = extract(page)
    assert all(holds(text, FERRY))
    assert f"{FERRY[-1]}\n{OWLS[0]}" not in text


# --------------------------------------------------------------------------------------
# What a page says of itself
# --------------------------------------------------------------------------------------


def test_the_date_of_something_beside_the_article_is_not_its_own() -> None:
    beside = "<aside><time datetime='2019-01-01'>2019</time></aside>"
    own = f"<article>{HEADING}<time datetime='2026-05-16'>May</time>{paragraphs(FERRY)}</article>"
    assert extract_article(build(beside + own), None)["date"] == "2026-05-16"


def test_an_address_is_resolved_against_the_base() -> None:
    head = '<base href="https://courier.example/"><link rel="canonical" href="/news/ferry">'
    article = extract_article(build(f"<article>{paragraphs(FERRY)}</article>", head), None)
    assert article["url"] == "https://courier.example/news/ferry"


@pytest.mark.parametrize("address", ["/?p=881", "/index.php?id=881", "/#/story/17", "/#!story"])
def test_a_page_told_by_its_query_is_no_front_page(address: str) -> None:
    head = f'<link rel="canonical" href="https://courier.example{address}">'
    page = build(f"<article>{paragraphs(FERRY)}</article>", head, "Home | The Courier")
    assert all(holds(extract(page), FERRY))


ERROR = "It may have been moved or deleted. Please check the address or use the search box."


@pytest.mark.parametrize(
    ("said", "is_error"), [(paragraphs(FERRY), False), (paragraphs([ERROR, *FERRY]), True)]
)
def test_a_dated_page_is_an_error_page_if_it_says_so(said: str, is_error: bool) -> None:
    head = '<meta property="article:published_time" content="2024-03-05T10:00:00Z">'
    page = build(f"<article>{said}</article>", head, "Page not found | The Courier")
    assert ("reason" in extract_article(page, None)) is is_error


@pytest.mark.parametrize(
    ("right", "wrong"), [("<html>", "<html lang='en' />"), ("council", "coun\0cil\x01")]
)
def test_a_faulty_page_is_read(right: str, wrong: str) -> None:
    page = f"<html>\n<body>{paragraphs(FERRY)}</body></html>"
    assert right in page
    assert extract(page.replace(right, wrong)).splitlines() == FERRY


@pytest.mark.parametrize(
    ("head", "given", "url"),
    [
        ("", "http://[bad/x", "http://[bad/x"),
        ("<base href='http://[x/'><link rel='canonical' href='/1'>", None, None),
        ("<base href='http://a.example/'><link rel='canonical' href='//[x'>", None, None),
        (
            "<base href='http://a.example/'><link rel='canonical' href='1'>",
            None,
            "http://a.example/1",
        ),
    ],
)
def test_an_address_that_is_none_costs_no_article(
    head: str, given: str | None, url: str | None
) -> None:
    page = build(f"<article>{HEADING}{paragraphs(FERRY)}</article>", head)
    article = extract_article(page, given)
    assert all(holds(article["text"], FERRY))
    assert article["url"] == url


def test_a_section_that_is_headed_by_a_link_to_the_page_itself_is_no_teaser() -> None:
    sections = "".join(
        f'<section><h3><a href="/news/ferry?pinned={place}">At {place} o\'clock</a></h3>'
        f"<p>{' '.join(FERRY[place : place + 3])}</p></section>"
        for place in range(4)
    )
    page = build(f"<main><h1>Last wooden ferry: live</h1>{sections}</main>")
    text = extract_article(page, "http://courier.example/news/ferry")["text"]
    assert all(holds(text, FERRY))


def test_a_page_of_many_links_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    links = "<a href=/x>four words are here</a><br>" * 300
    tree = document_fromstring(build(f"<div>{links}</div>"))
    looked = []
    monkeypatch.setattr(page_parts, "_stands_alone", looked.append)
    page_parts.drop_cards(tree)
    assert not looked


def test_an_article_in_a_container_named_like_a_dialog_is_kept() -> None:
    page = build(f'<div class="privacy-container"><h2>Ferry</h2>{paragraphs(FERRY)}</div>')
    assert all(holds(extract(page), FERRY))
