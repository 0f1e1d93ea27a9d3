"""One spelling for British and American words."""

from __future__ import annotations

import re
from functools import lru_cache

_BRITISH_STEMS = re.compile(
    r"""^(?:
      (?P<our>(?:behavi|col|endeav|fav|flav|harb|hon|hum|lab|neighb|od|parl|rum|sav|splend|tum
        |val|vap|vig|rig|cland|arm|ard|cand|ferv|ranc|succ|glam|misdemean|disfav|dishon
        |discol)our)(?P<our_rest>\w*)
    | (?P<ise>(?:actual|apolog|author|capital|categor|central|character|civil|colon|computer
        |critic|crystall|custom|decentral|demobil|democrat|demon|deregular|digit|econom|emphas
        |energ|equal|familiar|fantas|final|formal|fratern|general|global|harmon|hospital|human
        |ideal|immun|individual|industrial|initial|institutional|international|jeopard|legal
        |legitim|liberal|local|marginal|material|maxim|memor|minim|mobil|modern|monopol|national
        |natural|neutral|normal|optim|organ|patron|penal|personal|polar|popular|prior|privat
        |radical|rational|real|recogn|reorgan|revolution|scrutin|sensational|social|special
        |stabil|standard|steril|subsid|summar|symbol|sympath|synchron|terror|traumat|util|vandal
        |victim|visual|vocal|weapon|western|destabil|unrecogn|uncivil|disorgan|demoral|moral
        |commercial|dramat|hypnot|mesmer|agon|brutal|bastard|editorial|hypothes|idol|magnet
        |mechan|motor|ostrac|oxid|pressur|public|random|regular|revital|ritual|romantic|satir
        |slav|stigmat|synthes|tantal|trivial|vapor|verbal|woman)is)(?P<ise_rest>e|es|ed|ing|er
        |ers|ation|ations|able)
    | (?P<yse>(?:anal|paral|catal)ys)(?P<yse_rest>e|es|ed|ing)
    | (?P<re>(?:cent|met|kilomet|centimet|millimet|theat|lit|lust|somb|spect|fib|calib|sab
        |meag)re)(?P<re_rest>s?)
    | (?P<ll>(?:travel|cancel|label|model|level|signal|total|fuel|counsel|marshal|quarrel|rival
        |channel|dial|equal|initial|jewel|libel|panel|pedal|refuel|shovel|spiral|tunnel|unravel
        |dishevel))l(?P<ll_rest>ed|ing|er|ers|ery)
    | (?P<ence>(?:def|off|pret)enc|licenc)e(?P<ence_rest>s?)
    )$""",
    re.VERBOSE,
)

_BRITISH_WORDS = {
    "programme": "program", "programmes": "programs", "grey": "gray", "cheque": "check",
    "cheques": "checks", "tyre": "tire", "tyres": "tires", "aluminium": "aluminum",
    "jewellery": "jewelry", "manoeuvre": "maneuver", "manoeuvres": "maneuvers",
    "sceptical": "skeptical", "sceptic": "skeptic", "sceptics": "skeptics",
    "scepticism": "skepticism", "plough": "plow", "storey": "story", "storeys": "stories",
    "towards": "toward", "afterwards": "afterward", "forwards": "forward", "backwards": "backward",
    "whilst": "while", "amongst": "among", "amidst": "amid", "enrol": "enroll", "fulfil": "fulfill",
    "instalment": "installment", "instalments": "installments", "skilful": "skillful",
    "wilful": "willful", "judgement": "judgment", "ageing": "aging", "catalogue": "catalog",
    "dialogue": "dialog", "dialogues": "dialogs", "practise": "practice", "practised": "practiced",
    "practising": "practicing", "mum": "mom", "airplane": "plane", "aeroplane": "plane",
    "paediatric": "pediatric", "anaesthetic": "anesthetic", "encyclopaedia": "encyclopedia",
    "foetus": "fetus", "oestrogen": "estrogen", "haemorrhage": "hemorrhage",
    "leukaemia": "leukemia",
    "orthopaedic": "orthopedic", "archaeology": "archeology", "mediaeval": "medieval",
    "moustache": "mustache", "pyjamas": "pajamas", "kerb": "curb", "artefact": "artifact",
    "artefacts": "artifacts", "learnt": "learned", "burnt": "burned", "dreamt": "dreamed",
    "spelt": "spelled", "spoilt": "spoiled", "gaol": "jail", "percent": "per cent",
    "adviser": "advisor", "advisers": "advisors", "cosy": "cozy", "draught": "draft",
    "mould": "mold", "smoulder": "smolder", "ok": "okay", "yoghurt": "yogurt",
    "likeable": "likable",
    "sizeable": "sizable", "unmistakeable": "unmistakable", "analogue": "analog",
}  # fmt: skip


@lru_cache(maxsize=65536)
def americanize(word: str) -> str:
    """One spelling for British and American words: an outlet's choice, not a machine's."""
    lowered = word.lower()
    plain = _BRITISH_WORDS.get(lowered)
    if plain is None:
        match = _BRITISH_STEMS.match(lowered)
        if match is None:
            return word
        kind = next(name for name in ("our", "ise", "yse", "re", "ll", "ence") if match[name])
        stem, rest = match[kind], match[kind + "_rest"]
        plain = {
            "our": lambda: stem[:-3] + "or" + rest,
            "ise": lambda: stem[:-1] + "z" + rest,
            "yse": lambda: stem[:-1] + "z" + rest,
            "re": lambda: stem[:-2] + "er" + rest,
            "ll": lambda: stem + rest,
            "ence": lambda: (stem[:-1] + "se" if stem != "licenc" else "license") + rest,
        }[kind]()
    return plain.capitalize() if word[:1].isupper() else plain
