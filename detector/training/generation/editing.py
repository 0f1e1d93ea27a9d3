"""What humans do to an article that they copy: cut, move, retell, restyle, reword in places.

The class "edited" of a comparison is trained and measured on these, so they must be real enough to
fool a measure that only counts what is different. A human changes a few sentences much and leaves
the rest; house style changes words everywhere; words that a human puts in are ones that fit there.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from detector.text.sentences import split_sentences
from detector.text.spelling import americanize
from detector.text.word_lists import read_words
from detector.training.generation.word_exchanges import exchange_words

Rule = Callable[[list[str], random.Random], list[str]]

_QUOTATION = re.compile(
    r'^"(?P<said>[^"]{20,}?)[,.]?"?,?"\s*(?P<who>[\w.\'-]+'
    r"(?:\s+[\w.'-]+){0,6}?)\s+(?P<verb>said|says|added|told [\w ]+?)\.?$"
)

_FIRST_PERSON = {
    "I": "he", "I'm": "he is", "I've": "he has", "my": "his", "me": "him", "we": "they",
    "we're": "they are", "we've": "they have", "our": "their", "us": "them", "We": "they",
    "Our": "their", "My": "his",
}  # fmt: skip

_BRITISH = {
    "organization": "organisation", "organizations": "organisations", "center": "centre",
    "centers": "centres", "labor": "labour", "color": "colour", "defense": "defence",
    "program": "programme", "programs": "programmes", "favor": "favour", "behavior": "behaviour",
    "neighbor": "neighbour", "neighbors": "neighbours", "neighboring": "neighbouring",
    "honor": "honour", "traveling": "travelling", "canceled": "cancelled", "gray": "grey",
    "recognize": "recognise", "recognized": "recognised", "criticized": "criticised",
    "organized": "organised", "toward": "towards", "theater": "theatre", "license": "licence",
    "realize": "realise", "analyze": "analyse", "harbor": "harbour", "rumors": "rumours",
}  # fmt: skip

_HOUSE_STYLES: tuple[dict[str, str], ...] = (
    {"U.S.": "US", "U.N.": "UN", "U.K.": "UK", "E.U.": "EU"},
    {"US": "U.S.", "UN": "U.N.", "UK": "U.K."},
    {"percent": "per cent"},
    {"per cent": "percent"},
    {"percent": "%", "per cent": "%"},
    {"Mr.": "", "Mrs.": "", "Ms.": ""},
    {"Mr": "", "Mrs": "", "Ms": ""},
    {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "nine": "9"},
    {"million": "m", "billion": "bn"},
    {"says": "said"},
    {f"{who} said": f"{who} says" for who in ("he", "she", "it", "spokesman", "spokeswoman")},
)

_CONTRACTIONS = {
    "it is": "it's", "is not": "isn't", "are not": "aren't", "did not": "didn't",
    "does not": "doesn't", "do not": "don't", "was not": "wasn't", "were not": "weren't",
    "will not": "won't", "would not": "wouldn't", "has not": "hasn't", "have not": "haven't",
    "cannot": "can't", "could not": "couldn't", "they are": "they're", "he is": "he's",
}  # fmt: skip

_EXPANSIONS = {short: long for long, short in _CONTRACTIONS.items()}

_OWN_SENTENCES = (
    "This is a developing story and will be updated.",
    "Our newsroom could not independently confirm the account.",
    "The report was first carried by another outlet.",
    "Readers have been asking what this means for them.",
    "We looked at what is known so far.",
    "Here is what you need to know.",
    "It was not immediately clear what would happen next.",
    "Calls to the office were not returned on the day.",
    "More on this in our evening edition.",
    "The background: the matter has been in the news for some time.",
)

_WORD = re.compile(r"[A-Za-z]+")

_RELATIVE = re.compile(r", (?:which|who|where|whose) [^,.;\"]{8,80}(?:,|(?=\.))")

_JOINABLE = re.compile(r"^(?:The|A|An|He|She|It|They|This|That|In|On|At|But|And) ")

_LINKS = ("and", "while", "as")

_ABBREVIATION = re.compile(r"(?:[A-Za-z]\.)+")

#: Written small unless they head a sentence; other words there may be names.
_SMALL_WORDS = frozenset(read_words("text/data/function_words.txt")["unspun"])


@dataclass
class Editor:
    """Edits articles as humans do: each by its own draw of rules, strong in few places.

    Args:
        seed: of the first article; every article draws anew from the same stream.
    """

    seed: int
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def edit(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The edited article, a sentence a line, and the names of the rules that were followed.

        A text without sentences, such as a table, comes back as it is.
        """
        rng = self._random
        sentences = [s.text for s in split_sentences(text) if s.kind == "sentence"]
        if not sentences:
            return text, ()
        chosen = rng.sample(list(_RULES), k=rng.randint(2, min(6, len(_RULES))))
        for name in chosen:
            sentences = _RULES[name](sentences, rng) or sentences
        return "\n".join(sentences), tuple(chosen)


def cut(sentences: list[str], rng: random.Random) -> list[str]:
    """Leave out the end, or paragraphs here and there."""
    if rng.random() < 0.5:
        return sentences[: max(3, round(len(sentences) * rng.uniform(0.3, 0.9)))]
    share = rng.uniform(0.1, 0.5)
    return [s for i, s in enumerate(sentences) if i == 0 or rng.random() >= share]


def move(sentences: list[str], rng: random.Random) -> list[str]:
    """Put sentences at other places."""
    moved = list(sentences)
    for _ in range(max(1, len(moved) // 8)):
        at, to = rng.randrange(len(moved)), rng.randrange(len(moved))
        moved.insert(to, moved.pop(at))
    return moved


def retell_quotations(sentences: list[str], rng: random.Random) -> list[str]:
    """``"We will win," Ms Orr said`` becomes ``Ms Orr said that they will win``."""
    return [_retell(s) if rng.random() < 0.7 else s for s in sentences]


def _retell(sentence: str) -> str:
    match = _QUOTATION.match(sentence)
    if match is None:
        return sentence
    first, *rest = match["said"].split(" ")
    if first not in _FIRST_PERSON and not _heads_small(first):
        return sentence
    words = [_FIRST_PERSON.get(word, word) for word in (first, *rest)]
    who = _raise_first(match["who"])
    return f"{who} {match['verb']} that {_lower_first(' '.join(words))}."


def _heads_small(text: str) -> bool:
    """Whether the first word of a sentence is written small elsewhere."""
    word, *rest = text.split(" ", 2)
    is_name = word in ("Will", "May") and rest and rest[0][:1].isupper()
    is_acronym = word[1:] != word[1:].lower()
    return word != "I" and not is_acronym and not is_name and word.lower() in _SMALL_WORDS


def _lower_first(text: str) -> str:
    """A sentence as it stands behind others' words."""
    return text[:1].lower() + text[1:] if _heads_small(text) else text


def _raise_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def respell(sentences: list[str], rng: random.Random) -> list[str]:
    """British spelling for American or the reverse, throughout."""
    if rng.random() < 0.5:
        return [_WORD.sub(lambda m: americanize(m[0]), s) for s in sentences]
    return [_WORD.sub(lambda m: _keep_case(m[0], _BRITISH), s) for s in sentences]


def restyle(sentences: list[str], rng: random.Random) -> list[str]:
    """House style: titles, numbers, abbreviations, verbs of saying, throughout."""
    styles = rng.sample(_HOUSE_STYLES, k=rng.randint(1, 3))
    return [_replace_phrases(s, {k: v for d in styles for k, v in d.items()}) for s in sentences]


def contract(sentences: list[str], rng: random.Random) -> list[str]:
    """Contractions made or undone, throughout."""
    table = _CONTRACTIONS if rng.random() < 0.6 else _EXPANSIONS
    return [_replace_phrases(s, table) for s in sentences]


def reword(sentences: list[str], rng: random.Random) -> list[str]:
    """Usual words for usual words, in some sentences or most."""
    share, rate = rng.uniform(0.1, 1.0), rng.uniform(0.3, 1.0)
    return [exchange_words(s, rng, rate) if rng.random() < share else s for s in sentences]


def shorten(sentences: list[str], rng: random.Random) -> list[str]:
    """Relative clauses left out."""
    return [_RELATIVE.sub("", s) if rng.random() < 0.6 else s for s in sentences]


def join_and_split(sentences: list[str], rng: random.Random) -> list[str]:
    """Neighbours joined with "and" or "while", long sentences cut at "and" or "but"."""
    edited: list[str] = []
    for sentence in sentences:
        joinable = _JOINABLE.match(sentence) and edited and len(edited[-1]) < 140
        if joinable and edited[-1].endswith(".") and rng.random() < 0.25:
            link = "" if sentence.startswith(("But ", "And ")) else f"{rng.choice(_LINKS)} "
            edited[-1] = f"{_drop_stop(edited[-1])}, {link}{_lower_first(sentence)}"
            continue
        cutting = re.search(r", (and|but) (?=(?:he|she|it|they|the|a) )", sentence)
        if cutting and rng.random() < 0.6:
            edited += [
                sentence[: cutting.start()] + ".", _raise_first(sentence[cutting.end() :])
            ]  # fmt: skip
        else:
            edited.append(sentence)
    return edited


def _drop_stop(sentence: str) -> str:
    """The sentence without its full stop, but where that is an abbreviation's, too."""
    is_abbreviation = _ABBREVIATION.fullmatch(sentence.rsplit(" ", 1)[-1])
    return sentence if is_abbreviation else sentence.rstrip(".")


def add_own(sentences: list[str], rng: random.Random) -> list[str]:
    """Sentences of one's own put between."""
    edited = list(sentences)
    for own in rng.sample(_OWN_SENTENCES, k=rng.randint(1, 4)):
        edited.insert(rng.randint(0, len(edited)), own)
    return edited


def rewrite_opening(sentences: list[str], rng: random.Random) -> list[str]:
    """The first sentences retold shorter: what stands between commas goes, the order turns."""
    edited = list(sentences)
    for i in range(min(rng.randint(1, 3), len(edited))):
        parts = [p.strip() for p in edited[i].rstrip(".").split(", ")]
        if len(parts) > 2:
            del parts[rng.randrange(1, len(parts) - 1)]
        if len(parts) > 1 and _heads_small(parts[0]) and rng.random() < 0.5:
            parts = [_raise_first(parts[-1]), _lower_first(parts[0]), *parts[1:-1]]
        edited[i] = exchange_words(", ".join(parts) + ".", rng, rate=1.0)
    return edited


def _replace_phrases(sentence: str, table: dict[str, str]) -> str:
    if not table:
        return sentence
    phrases = "|".join(sorted(map(re.escape, table), key=len, reverse=True))
    pattern = rf"(?<![\w'.-])(?P<phrase>{phrases})(?P<stop>\.?)(?![\w'])"
    edited = re.sub(pattern, lambda m: _replace_phrase(m, table), sentence, flags=re.IGNORECASE)
    return re.sub(r"  +", " ", edited).strip()


def _replace_phrase(match: re.Match[str], table: dict[str, str]) -> str:
    """What stands for a phrase and the full stop behind it, if there is one."""
    phrase, stop = match["phrase"], match["stop"]
    found = _keep_case(phrase, table)
    if not found:
        # "Mr" is left out, "Mr." is another style's.
        return match[0] if stop else found
    ends = bool(stop) or (phrase.endswith(".") and match.end() == len(match.string))
    return f"{found}." if ends and not found.endswith(".") else found


def _keep_case(word: str, table: dict[str, str]) -> str:
    found = table.get(word)
    if found is None and word[:1].isupper():
        found = table.get(word[:1].lower() + word[1:])
        return word if found is None else _raise_first(found)
    return word if found is None else found


_RULES: dict[str, Rule] = {
    "cut": cut,
    "move": move,
    "retell quotations": retell_quotations,
    "respell": respell,
    "restyle": restyle,
    "contract": contract,
    "reword": reword,
    "shorten": shorten,
    "join and split": join_and_split,
    "add own sentences": add_own,
    "rewrite the opening": rewrite_opening,
}
