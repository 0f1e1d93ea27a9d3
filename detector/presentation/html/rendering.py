"""Fill the templates: every value is escaped, and one that was not given is an error.

What stands in an article, its id or its address is untrusted. Nothing but a template makes a tag,
and jinja2 escapes whatever a template prints.
"""

from __future__ import annotations

import html
import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from detector.io.addresses import split_address
from detector.presentation.wording import (
    clip,
    count_judged,
    explain_comparison,
    explain_link,
    explain_verdict,
    format_log_odds,
    format_percent,
    format_probability,
    format_threshold,
    name_feature,
    name_outcome,
    name_source,
    pick_parts,
    round_parts,
)

# What HTML or UTF-8 cannot hold; one for one, so that offsets keep their meaning.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def render(template: str, **values: object) -> Markup:
    """The markup of a file under ``templates``, filled with these values.

    Raises:
        jinja2.UndefinedError: the template names a value that is not among them.
    """
    filled = _open_templates().get_template(template).render(values)
    return Markup(_UNWRITABLE.sub("\ufffd", filled))


def escape_body(text: str) -> Markup:
    """Text as it may stand between tags only: quotation marks, of which news is full, stay."""
    return Markup(html.escape(text, quote=False))


def leads_to_the_web(url: str) -> bool:
    """Whether it is a whole http or https address, with nothing that browsers read otherwise."""
    if re.search(r"[\x00-\x20\x7f\\]", url):
        return False
    parts = split_address(url)
    return parts is not None and parts.scheme in ("http", "https") and bool(parts.netloc)


@cache
def _open_templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("detector.presentation.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "body": escape_body,
        "clip": clip,
        "count_judged": count_judged,
        "explain_comparison": explain_comparison,
        "explain_link": explain_link,
        "explain_verdict": explain_verdict,
        "feature": name_feature,
        "log_odds": format_log_odds,
        "outcome": name_outcome,
        "percent": format_percent,
        "pick_parts": pick_parts,
        "probability": format_probability,
        "round_parts": round_parts,
        "source_name": name_source,
        "thousands": "{:,}".format,
        "threshold": format_threshold,
    }
    environment.tests["web_address"] = leads_to_the_web
    return environment
