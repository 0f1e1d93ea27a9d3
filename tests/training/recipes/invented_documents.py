"""Document corpora in the shapes that the broad mix reads, of text that nobody wrote."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from invented_corpora import translate, write_corpora, write_sentences

REGISTERS = {"news and opinion": 8, "press release": 1, "blogs and news pages": 2}
LOOPS = ("Llama, 2 rounds", "Llama, 4 rounds", "Llama, 8 rounds")


def write_document_corpora(folder: Path) -> Path:
    """All the files that the broad mix reads."""
    write_corpora(folder)
    frames = {
        "roundtrip_documents": _make_round_trips(),
        "translated_documents": _make_translated(),
        "paraphrased_documents": _make_paraphrased(),
        "language_model_articles": _make_rewritten(),
        "human_articles": _make_human(),
        "edited_articles": _make_edited(),
    }
    for name, frame in frames.items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def make_document(name: str, system: str, sentences: int = 6) -> tuple[str, str]:
    """A document and a machine's version of it."""
    original = write_sentences(name, sentences)
    return " ".join(original), " ".join(translate(s, "de", system) for s in original)


def make_translations(name: str) -> tuple[str, str]:
    """A professional's and a machine's translation of a document that is in no corpus."""
    own, made = make_document(name, "google")
    return own.replace("The ", "Those ").replace(" the ", " a "), made


def simplify(text: str) -> str:
    """A text as a teacher tells it to learners: in short sentences."""
    return text.replace(", ", ". It was so: ").replace(" of the ", " in a ")


def simplify_much(text: str) -> str:
    """The same for beginners."""
    return simplify(text).replace("The ", "A ")


def _make_round_trips() -> pd.DataFrame:
    ids = {
        "asap_essays": [f"asap-p{prompt}-{n}" for prompt in (1, 2, 3) for n in range(8)],
        "lafand_news": [f"{language}-{n}" for language in ("lug", "hau") for n in range(8)],
        "detectrl": [f"abstract-{n}" for n in range(30)],
        "broken_telephone": [f"news{n}" for n in range(10)] + [f"book-{c}0" for c in "abcdefghij"],
        "ted_talks": [f"talk-{n}" for n in range(15)],
    }
    rows = []
    for corpus, articles in ids.items():
        systems = LOOPS if corpus == "broken_telephone" else ("google", "opus")
        for number, article in enumerate(articles):
            for system in systems:
                unknown = 0.05 if corpus == "asap_essays" and number % 4 == 3 else 0.01
                domain = "arXiv abstract" if corpus == "detectrl" else "news"
                sides = make_document(f"{corpus} {article}", system)
                rows.append((corpus, article, domain, "roundtrip", "de", system, unknown, *sides))
    columns = "corpus article_id domain kind pivot system unknown_words original text".split()
    return pd.DataFrame(rows, columns=columns)


def _make_translated() -> pd.DataFrame:
    rows = [
        (f"wmt-{n}", "news", "cs", system, *make_translations(f"translated {n}"))
        for n in range(20)
        for system in ("wmt21 Online-A", "wmt21 Online-G", "GPT-4-1106 (ALMA repo)")
    ]
    return pd.DataFrame(rows, columns="article_id domain language system human text".split())


def _make_paraphrased() -> pd.DataFrame:
    rows = [
        (
            "DetectRL",
            f"abstract-{n}",
            "arXiv abstract",
            system,
            *make_document(f"detectrl abstract-{n}", "opus"),
        )
        for n in range(30)
        for system in ("DIPPER-11B", "LLM polish (Claude-instant)")
    ]
    return pd.DataFrame(rows, columns="corpus article_id domain system original text".split())


def _make_rewritten() -> pd.DataFrame:
    rows = [
        (
            "web",
            f"news and opinion {n}",
            "outlet 0",
            kind,
            "de",
            "model of 2026",
            *make_document(f"news and opinion {n}", "opus"),
        )
        for n in range(0, 40, 4)
        for kind in ("roundtrip", "reworded")
    ]
    columns = "corpus article_id outlet kind pivot system original text".split()
    return pd.DataFrame(rows, columns=columns)


def _make_human() -> pd.DataFrame:
    rows = [
        (
            "web",
            register,
            f"{register} {n % outlets}",
            f"{register} {n}",
            "",
            "A title",
            make_document(f"{register} {n}", "opus", 9)[0],
        )
        for register, outlets in REGISTERS.items()
        for n in range(40)
    ]
    rows += [("web", "news and opinion", "The Pioneer", "p1", "", "A title", "A text.")]
    columns = "corpus register outlet article_id date title text".split()
    return pd.DataFrame(rows, columns=columns)


def _make_edited() -> pd.DataFrame:
    rows = [
        (
            f"River {n}-{level.lower()}",
            f"human-edited level={level}-Txt",
            "a paper",
            retell(make_document(f"river {n}", "opus", 9)[0]),
        )
        for n in range(12)
        for level, retell in (("Adv", str), ("Int", simplify), ("Ele", simplify_much))
    ]
    rows.append(("River 1-ele", "human-edited level=Ele-Txt DAMAGED", "a paper", "A text."))
    return pd.DataFrame(rows, columns="article_id level outlet text".split())
