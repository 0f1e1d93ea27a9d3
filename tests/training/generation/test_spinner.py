"""The spinner, over small dictionaries written here and over the real ones where installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_lists import write_aiksaurus, write_dictd, write_wordnet

from detector.training.generation.apertium import ApertiumError, ApertiumRoundTrip
from detector.training.generation.freedict import FreeDictPivotSource
from detector.training.generation.inflection import Form, Inflector, MissingPackageError
from detector.training.generation.spinner import Spinner
from detector.training.generation.synonym_sources import (
    ThesaurusSource,
    WordNetSource,
)
from detector.training.generation.word_readings import guess_reading

# ---- small dictionaries ----

SYNSETS: dict[str, list[list[str]]] = {
    "noun": [
        ["police", "constabulary"],
        ["bridge", "span"],
        ["child", "kid", "offspring"],
        ["car", "automobile"],
        ["agreement", "accord"],
        ["town"],
        ["report", "account"],
        ["report", "bang"],
        ["man", "adult_male"],
        ["coffee"],
        ["12", "twelvemonth"],
        ["year", "yr"],
    ],
    "verb": [
        ["collapse", "fall_in", "cave_in"],
        ["steal", "take"],
        ["report", "describe"],
        ["buy", "purchase"],
        ["stop", "halt"],
        ["be", "exist"],
        ["come", "arrive"],
        ["cut", "slash"],
    ],
    "adj": [["old", "aged"], ["big", "large"], ["happy", "glad"], ["eager(p)", "keen"]],
    "adv": [["quickly", "rapidly"]],
}
COUNTS = {
    "police%1": 5, "bridge%1": 4, "child%1": 9, "car%1": 9, "report%1": 6, "report%2": 9,
    "collapse%2": 3, "steal%2": 4, "buy%2": 8, "stop%2": 9, "old%3": 9, "big%3": 9,
    "quickly%4": 3, "kid%1": 2, "agreement%1": 4, "man%1": 9, "happy%3": 3, "purchase%2": 2,
}  # fmt: skip
EXCEPTIONS = {
    "noun": "children child\nmen man\n",
    "verb": "stole steal\nstolen steal\nbought buy\nfell fall\nfallen fall\nstopped stop\n"
    "stopping stop\ntook take\ntaken take\nwas be\nbeen be\n",
    "adj": "bigger big\nbiggest big\n",
    "adv": "",
}


@pytest.fixture(scope="module")
def wordnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_wordnet(tmp_path_factory.mktemp("wordnet"), SYNSETS, COUNTS, EXCEPTIONS)


@pytest.fixture(scope="module")
def inflector(wordnet: Path) -> Inflector:
    return Inflector(wordnet)


@pytest.fixture(scope="module")
def source(wordnet: Path) -> WordNetSource:
    return WordNetSource(wordnet)


@pytest.fixture(scope="module")
def dictd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dictd")
    to_german = [
        ("call", "call /kɔːl/\nAufruf <masc>, Anruf <masc> [telco.]\n   Synonym: {calling}\n"),
        ("call", 'call /kɔːl/ <v>\n      "call in"  - hereinrufen\nrufen <v, trans>\n'),
        ("remind sb of sth", "remind sb. of sth. /x/ <v>\njdn. an etw. erinnern <v, trans>\n"),
        ("readout", "read-out /x/\nAnzeige <fem>\n see: {display}\n"),
        ("quick", "quick /x/\nschnell\n"),
    ]
    to_english = [
        ("anruf", "Anruf /x/ <masc, n, sg>\ncall <n>, phone call <n>\n"),
        ("anzeige", "Anzeige /x/ <fem, n, sg>\n1. display <n>\n2. advert <n> [coll.]\n"),
        ("aufruf", "Aufruf /x/ <masc, n, sg>\nappeal <n>\n         Note: to sb.\n"),
        ("jdn an etw erinnern", "jdn. an etw. erinnern /x/ <v>\nremind sb. of sth. <v>\n"),
        ("rufen", "rufen /x/ <v>\nto shout <v>, call sb. <v>\n"),
        ("rufen", "Rufen /x/ <neut, n, sg>\nclamour <n>\n"),
        ("schnell", "schnell /x/ <adj>\nfast <adj>\n"),
        ("sich an etw erinnern", "sich an etw. erinnern /x/ <v>\nrecall sth. <v>\n"),
    ]
    write_dictd(folder, "freedict-eng-deu", to_german)
    write_dictd(folder, "freedict-deu-eng", to_english)
    to_spanish = [
        ("house", "house /haus/\ncasa\n"),
        ("house", "house /hauswaif/\nama de casa\n"),  # "housewife", filed under its first word
    ]
    write_dictd(folder, "freedict-eng-spa", to_spanish)
    write_dictd(
        folder,
        "freedict-spa-eng",
        [("ama de casa", "ama de casa /x/\nhousewife\n"), ("casa", "casa /x/\nhome, house\n")],
    )
    return folder


@pytest.fixture(scope="module")
def aiksaurus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = [("bridge", [0]), ("cave:in", [1]), ("collapse", [1]), ("span", [0, 1])]
    groups = [[3, 0, 0, 3], [2, 1, 1, 2, 3]]
    return write_aiksaurus(tmp_path_factory.mktemp("aiksaurus"), records, groups)


# ---- sources ----


def test_wordnet_gives_synonyms_by_sense(source: WordNetSource) -> None:
    assert source.candidates("report", "noun") == ["account", "bang"]
    assert source.candidates("report", "verb") == ["describe"]
    assert source.candidates("collapse", "verb") == ["fall in", "cave in"]
    assert source.candidates("keen", "adjective") == ["eager"]
    assert source.candidates("coffee", "noun") == []
    assert source.candidates("unheard", "noun") == []
    assert source.candidates("year", "noun") == []  # "yr" is no word


def test_freedict_reaches_wrong_senses_through_the_pivot(dictd: Path) -> None:
    german = FreeDictPivotSource("deu", dictd)
    assert german.candidates("call", "noun") == ["appeal", "phone call"]
    assert german.candidates("call", "verb") == ["shout"]
    assert german.candidates("readout", "noun") == ["display", "advert"]
    assert german.candidates("remind", "verb") == ["recall"]
    assert german.candidates("quick", "adjective") == ["fast"]
    assert german.candidates("quick", "noun") == []


def test_freedict_leaves_out_phrases_filed_under_their_first_word(dictd: Path) -> None:
    assert FreeDictPivotSource("spa", dictd).candidates("house", "noun") == ["home"]


def test_thesaurus_gives_the_whole_group_its_name_first(aiksaurus: Path) -> None:
    thesaurus = ThesaurusSource(aiksaurus)
    assert thesaurus.candidates("bridge", "noun") == ["span"]
    assert thesaurus.candidates("span", "noun") == ["bridge", "collapse", "cave in"]
    assert thesaurus.candidates("unheard", "noun") == []


def test_cut_off_thesaurus_is_refused(aiksaurus: Path, tmp_path: Path) -> None:
    shutil.copy(aiksaurus / "words.dat", tmp_path)
    (tmp_path / "meanings.dat").write_bytes((aiksaurus / "meanings.dat").read_bytes()[:-2])
    with pytest.raises(ValueError, match="cut off"):
        ThesaurusSource(tmp_path).candidates("bridge", "noun")


@pytest.mark.parametrize(
    ("make", "package"),
    [
        (Inflector, "wordnet-base"),
        (lambda folder: WordNetSource(folder).candidates("call", "noun"), "wordnet-base"),
        (lambda folder: FreeDictPivotSource("fra", folder), "dict-freedict-eng-fra"),
        (ThesaurusSource, "libaiksaurus-1.2-data"),
        (lambda folder: ApertiumRoundTrip("cat", "no-such-command"), "apertium-eng-cat"),
    ],
)
def test_missing_data_names_the_package(
    make: Callable[[Path], object], package: str, tmp_path: Path
) -> None:
    with pytest.raises(MissingPackageError, match=f"apt-get install {package}$"):
        make(tmp_path)


# ---- inflection ----

INFLECTIONS = [
    ("collapse", "verb", "past", "collapsed"),
    ("collapse", "verb", "gerund", "collapsing"),
    ("carry", "verb", "third", "carries"),
    ("carry", "verb", "past", "carried"),
    ("play", "verb", "third", "plays"),
    ("watch", "verb", "third", "watches"),
    ("undergo", "verb", "third", "undergoes"),
    ("steal", "verb", "past", "stole"),
    ("steal", "verb", "participle", "stolen"),
    ("buy", "verb", "participle", "bought"),
    ("cut", "verb", "past", "cut"),
    ("stop", "verb", "gerund", "stopping"),
    ("grip", "verb", "past", "gripped"),
    ("fix", "verb", "past", "fixed"),
    ("die", "verb", "gerund", "dying"),
    ("agree", "verb", "gerund", "agreeing"),
    ("fall in", "verb", "past", "fell in"),
    ("child", "noun", "plural", "children"),
    ("adult male", "noun", "plural", "adult males"),
    ("point of view", "noun", "plural", "points of view"),
    ("tradesman", "noun", "plural", "tradesmen"),
    ("city", "noun", "plural", "cities"),
    ("box", "noun", "plural", "boxes"),
    ("news", "noun", "plural", "news"),
    ("big", "adjective", "superlative", "biggest"),
    ("wet", "adjective", "comparative", "wetter"),
    ("large", "adjective", "comparative", "larger"),
    ("happy", "adjective", "superlative", "happiest"),
    ("important", "adjective", "comparative", "more important"),
    ("okay", "adjective", "superlative", "most okay"),
    ("quickly", "adverb", "comparative", "more quickly"),
    ("old", "adjective", "base", "old"),
]


@pytest.mark.parametrize(("base", "part_of_speech", "form", "inflected"), INFLECTIONS)
def test_inflects(
    inflector: Inflector, base: str, part_of_speech: str, form: Form, inflected: str
) -> None:
    assert inflector.inflect(base, part_of_speech, form) == inflected


@pytest.mark.parametrize(
    ("word", "reading"),
    [
        ("children", ("child", "noun", "plural")),
        ("bridges", ("bridge", "noun", "plural")),
        ("stolen", ("steal", "verb", "participle")),
        ("stole", ("steal", "verb", "past")),
        ("stopping", ("stop", "verb", "gerund")),
        ("collapsed", ("collapse", "verb", "past")),
        ("biggest", ("big", "adjective", "superlative")),
        ("happier", ("happy", "adjective", "comparative")),
    ],
)
def test_reads_inflected_words(
    inflector: Inflector, word: str, reading: tuple[str, str, str]
) -> None:
    assert [found[:3] for found in inflector.readings(word)] == [reading]


@pytest.mark.parametrize(
    ("before", "word", "after", "part_of_speech", "form"),
    [
        ("the", "report", "said", "noun", "base"),
        ("to", "report", "the", "verb", "base"),
        ("they", "report", "the", "verb", "base"),
        ("will", "report", "on", "verb", "base"),
        ("of", "reports", "from", "noun", "plural"),
        ("he", "reports", "the", "verb", "third"),
        ("he", "bought", "a", "verb", "past"),
        ("has", "bought", "a", "verb", "participle"),
        ("was", "reported", "by", "verb", "participle"),
        ("have", "come", "as", "verb", "participle"),
        ("they", "come", "as", "verb", "base"),
        ("he", "cut", "taxes", "verb", "past"),
        ("will", "cut", "taxes", "verb", "base"),
        ("was", "cut", "by", "verb", "participle"),
    ],
)
def test_neighbours_decide_the_reading(
    inflector: Inflector, before: str, word: str, after: str, part_of_speech: str, form: Form
) -> None:
    reading = guess_reading(inflector.readings(word), before, "", after)
    assert (reading.part_of_speech, reading.form) == (part_of_speech, form)


# ---- spinner ----


@pytest.fixture(scope="module")
def spinner(source: WordNetSource, inflector: Inflector) -> Spinner:
    return Spinner([source], 1.0, 0, "any", "fixed", False, False, True, inflector=inflector)


@pytest.mark.parametrize(
    ("text", "spun"),
    [
        ("The bridges collapsed.", "The spans fell in."),
        ("Children stole three cars.", "Kids took three automobiles."),
        ("He has stolen a car.", "He has taken an automobile."),
        ("An agreement was reported.", "An accord was described."),
        ("They bought the biggest car.", "They purchased the largest automobile."),
        ("The man's car stopped.", "The adult male's automobile halted."),
        ("It began at 12:30.", "It began at 12:30."),
        ("It was an old car.", "It was an aged automobile."),
        ("Mr. Bridge is here.", "Mr. Bridge is here."),
        ("We saw Old Bridge and the BBC.", "We saw Old Bridge and the BBC."),
        (
            "See www.police.test or car@old.test.",
            "See www.police.test or car@old.test.",
        ),
        ("", ""),
    ],
)
def test_spins_with_grammar_kept(spinner: Spinner, text: str, spun: str) -> None:
    assert spinner.spin(text).text == spun


def test_substitutions_point_into_the_spun_text(spinner: Spinner) -> None:
    text = "Quickly, the police stopped an old car near the bridge."
    result = spinner.spin(text)
    assert [swap[2:] for swap in result.substitutions] == [
        ("Quickly", "Rapidly"),
        ("police", "constabulary"),
        ("stopped", "halted"),
        ("old", "aged"),
        ("car", "automobile"),
        ("bridge", "span"),
    ]
    assert all(result.text[s.start : s.end] == s.replacement for s in result.substitutions)


WORDS = ["the", "a", "an", "police", "Bridge", "old", "children", "stole", "was", "car's", "xyz",
         "12", ".", "—", "“", "stopped", "reports", "Quickly", "biggest", "don’t"]  # fmt: skip


@given(st.lists(st.sampled_from(WORDS)).map(" ".join), st.integers(0, 50), st.floats(0, 1))
@settings(max_examples=150, deadline=None)
def test_undoing_the_substitutions_gives_the_text_back(
    source: WordNetSource, inflector: Inflector, text: str, seed: int, rate: float
) -> None:
    spinner = Spinner([source], rate, seed, fix_articles=False, inflector=inflector)
    result = spinner.spin(text)
    restored = result.text
    for swap in reversed(result.substitutions):
        assert restored[swap.start : swap.end] == swap.replacement != swap.source
        restored = restored[: swap.start] + swap.source + restored[swap.end :]
    assert restored == text


def test_output_depends_on_seed_and_text_only(source: WordNetSource, inflector: Inflector) -> None:
    texts = [f"The police stopped {n} old cars and a child on the bridge." for n in range(30)]
    first = Spinner([source], 0.5, 7, inflector=inflector)
    second = Spinner([source], 0.5, 7, inflector=inflector)
    assert [first.spin(t) for t in texts] == [second.spin(t) for t in reversed(texts)][::-1]
    other = Spinner([source], 0.5, 8, inflector=inflector)
    assert [first.spin(t) for t in texts] != [other.spin(t) for t in texts]


def test_rate_is_the_share_of_replaceable_words(
    source: WordNetSource, inflector: Inflector
) -> None:
    text = " ".join(["The police stopped the old car near a bridge."] * 40)  # 5 × 40 to replace
    for rate in (0.0, 0.1, 0.5, 1.0):
        swaps = Spinner([source], rate, 1, inflector=inflector).spin(text).substitutions
        assert len(swaps) == pytest.approx(200 * rate, abs=1)


def test_consistent_spinner_keeps_to_its_words(source: WordNetSource, inflector: Inflector) -> None:
    text = " ".join(["A child came."] * 60)

    def distinct(consistent: bool) -> set[str]:
        spinner = Spinner([source], 1.0, 3, "any", "random", consistent, False, inflector=inflector)
        return {swap.replacement for swap in spinner.spin(text).substitutions}

    assert len(distinct(True)) == 1
    assert distinct(False) == {"kid", "offspring"}


def test_common_only_prefers_words_seen_in_text(
    source: WordNetSource, inflector: Inflector
) -> None:
    spinner = Spinner([source], 1.0, 3, "any", "random", False, True, inflector=inflector)
    swaps = spinner.spin(" ".join(["A child came."] * 60)).substitutions
    assert {swap.replacement for swap in swaps} == {"kid"}


def test_articles_stay_wrong_unless_fixed(source: WordNetSource, inflector: Inflector) -> None:
    careless = Spinner([source], 1.0, 0, "any", "fixed", False, False, False, inflector=inflector)
    assert careless.spin("A car.").text == "A automobile."
    careful = Spinner([source], 1.0, 0, "any", "fixed", False, False, True, inflector=inflector)
    assert careful.spin("A car.").text == "An automobile."


def test_phrasal_verb_is_not_put_before_a_particle(spinner: Spinner) -> None:
    assert spinner.spin("It collapsed in May.").text == "It collapsed in May."


def test_verb_be_is_never_replaced(spinner: Spinner) -> None:
    assert spinner.spin("To be or to have been is what it was.").substitutions == ()


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_impossible_rate_is_refused(
    source: WordNetSource, inflector: Inflector, rate: float
) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Spinner([source], rate, 0, inflector=inflector)


def test_spinner_needs_a_source(inflector: Inflector) -> None:
    with pytest.raises(ValueError, match="at least one source"):
        Spinner([], 0.5, 0, inflector=inflector)


# ---- round trips ----


@pytest.fixture
def fake_apertium(tmp_path: Path) -> str:
    """A command that marks each line with the mode, and merges what holds "MERGE"."""
    script = tmp_path / "apertium"
    script.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        "assert sys.argv[1] == '-u'\n"
        "if sys.argv[2] == 'eng-cat': sys.exit('Error: Mode eng-cat does not exist.')\n"
        "text = sys.stdin.read()\n"
        "if 'CRASH' in text: sys.exit('out of memory')\n"
        "lines = text.rstrip('\\n').split('\\n\\n')\n"
        "merged = '\\n\\n'.join(f'{line} <{sys.argv[2]}>' for line in lines)\n"
        "sys.stdout.write(merged.replace('MERGE <eng-spa>\\n\\n', 'MERGE <eng-spa> ') + '\\n')\n"
    )
    script.chmod(0o755)
    return str(script)


def test_round_trip_keeps_count_and_order(fake_apertium: str) -> None:
    engine = ApertiumRoundTrip("spa", fake_apertium)
    tail = " <eng-spa> <spa-eng>"
    assert engine.translate(["one\ntwo", "", "0"]) == ["one two" + tail, "", "0" + tail]
    assert engine.translate([]) == []
    assert engine.translate([""]) == [""]


def test_round_trip_recovers_when_an_engine_merges_lines(fake_apertium: str) -> None:
    lines = ["one", "MERGE", "three", "four"]
    translated = ApertiumRoundTrip("spa", fake_apertium).translate(lines)
    assert translated == [f"{line} <eng-spa> <spa-eng>" for line in lines]


def test_missing_language_pair_names_the_package(fake_apertium: str) -> None:
    with pytest.raises(MissingPackageError, match="apertium-eng-cat"):
        ApertiumRoundTrip("cat", fake_apertium).translate(["one"])


def test_failing_engine_is_reported(fake_apertium: str) -> None:
    with pytest.raises(ApertiumError, match="out of memory"):
        ApertiumRoundTrip("spa", fake_apertium).translate(["CRASH"])


def test_unknown_pivot_is_refused() -> None:
    with pytest.raises(ValueError, match="pivot must be"):
        ApertiumRoundTrip("deu")


# ---- real dictionaries ----


def need(path: str, package: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not Path(path).exists(), reason=f"{package} is not installed")


needs_wordnet = need("/usr/share/wordnet/data.noun", "wordnet-base")


@needs_wordnet
def test_real_wordnet_spins() -> None:
    spinner = Spinner([WordNetSource()], 1.0, 0, "any", "fixed", False, True, True)
    result = spinner.spin("The physicians quickly bought an automobile.")
    assert result.text == "The doctors rapidly purchased a car."


@needs_wordnet
@pytest.mark.parametrize(
    ("verb", "past", "participle"),
    [
        ("go", "went", "gone"),
        ("begin", "began", "begun"),
        ("sink", "sank", "sunk"),
        ("win", "won", "won"),
        ("show", "showed", "shown"),
        ("run", "ran", "run"),
        ("come", "came", "come"),
        ("set", "set", "set"),
        ("forbid", "forbade", "forbidden"),
        ("learn", "learned", "learned"),
        ("bear", "bore", "born"),
        ("mistake", "mistook", "mistaken"),
    ],
)
def test_real_exception_lists_give_irregular_verbs(verb: str, past: str, participle: str) -> None:
    inflector = Inflector()
    assert inflector.inflect(verb, "verb", "past") == past
    assert inflector.inflect(verb, "verb", "participle") == participle


def test_a_pivot_whose_verbs_are_not_known_is_refused(dictd: Path) -> None:
    with pytest.raises(ValueError, match=r"one of deu, .* not 'swe'"):
        FreeDictPivotSource("swe", dictd)


@pytest.mark.parametrize(
    ("pivot", "verb", "other"),
    [
        ("fra", "appeler", "appel"),
        ("hrv", "zvati", "poziv"),
        ("nld", "roepen", "roep"),
        ("por", "chamar", "chamada"),
    ],
)
def test_verbs_are_told_by_how_they_end(tmp_path: Path, pivot: str, verb: str, other: str) -> None:
    write_dictd(tmp_path, f"freedict-eng-{pivot}", [("call", f"call\n{verb}, {other}\n")])
    write_dictd(
        tmp_path,
        f"freedict-{pivot}-eng",
        [(verb, f"{verb}\ncall, summon\n"), (other, f"{other}\nappeal, call\n")],
    )
    source = FreeDictPivotSource(pivot, tmp_path)
    assert source.candidates("call", "verb") == ["summon"]
    assert "appeal" in source.candidates("call", "noun")


@need("/usr/share/dictd/freedict-deu-eng.index", "dict-freedict-deu-eng")
@need("/usr/share/dictd/freedict-eng-deu.index", "dict-freedict-eng-deu")
def test_real_german_dictionary_confuses() -> None:
    german = FreeDictPivotSource("deu")
    assert "appeal" in german.candidates("call", "noun")
    assert "display" in german.candidates("readout", "noun")
    assert "remind" not in german.candidates("remind", "verb")
    assert "recall" in german.candidates("remind", "verb")


@need("/usr/share/aiksaurus/words.dat", "libaiksaurus-1.2-data")
def test_real_thesaurus_has_loose_synonyms() -> None:
    assert "summon" in ThesaurusSource().candidates("call", "verb")


@pytest.mark.skipif(shutil.which("apertium") is None, reason="apertium is not installed")
def test_real_round_trip_keeps_sentences_apart() -> None:
    modes = subprocess.run(["apertium", "-l"], capture_output=True, text=True, check=False).stdout
    if not {"eng-spa", "spa-eng"} <= set(modes.split()):
        pytest.skip("apertium-eng-spa is not installed")
    sentences = ["The house is white.", "", "Prices rose", "No asterisk for Zzyxq, please."]
    translated = ApertiumRoundTrip("spa").translate(sentences)
    assert translated[:2] == ["The house is white.", ""]
    assert len(translated) == 4
    assert "Zzyxq" in translated[3]
    assert "*" not in translated[3]
