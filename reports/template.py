"""Pages from templates: one file each, that loads nothing, runs no script but its own, and sends nothing anywhere."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.escape import named, quotation, sentence, typed

# Not as a resource of the package: where a run wrote its `reports/out`, that folder would be taken for a part of it.
TEMPLATES = Path(__file__).with_name("templates")


def page(name: str, /, *, script: str, stylesheet: str = "", **values: object) -> str:
    """Fill in a template.

    Args:
        name: the template's name, without its endings.
        script: the name of the page's script.
        stylesheet: the address of the style, for a page of a site; by default it is inside.
        values: what the template shows. It is all taken for text; the templates' filters escape what servers sent.

    Returns:
        HTML with its style and script inside, and a policy that forbids every other.
    """
    style, code = asset("style.css"), asset(f"{script}.js")
    # Of files opened from a disk not every browser says that they are of one origin.
    styles = "'self' file:" if stylesheet else f"'sha256-{_digest(style)}'"
    policy = (
        f"default-src 'none'; style-src {styles}; script-src 'sha256-{_digest(code)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    template = _environment().get_template(f"{name}.html.j2")
    # Both are files of our own, and a policy names what is in them.
    inside = {"style": Markup(style), "script": Markup(code)}
    return template.render(policy=policy, stylesheet=stylesheet, **inside, **values)


def fill(name: str, /, **values: object) -> str:
    """Fill in a template that has neither style nor script.

    Args:
        name: the file's.
        values: what it shows; it is all taken for text.
    """
    return _environment().get_template(name).render(**values)


def anchor(kind: str, id: str) -> str:
    """The id of an element of a run's page.

    Args:
        kind: `case` or `rule`.
        id: the id of the case or requirement.
    """
    return f"{kind}:{'_'.join(typed(id).split())}"


def link(kind: str, id: str) -> str:
    """The fragment of an address that leads to that element."""
    return "#" + quote(anchor(kind, id), safe=":/.,-_~")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        sentence=sentence,
        prose=_prose,
        typed=typed,
        named=named,
        quoted=lambda text: "\n".join(quotation(text, 600)),
        percent=_percent,
    )
    environment.globals.update(anchor=anchor, link=link)
    return environment


def _prose(text: str) -> Markup:
    """Show a sentence of a ledger, what stands in backquotes as code."""
    parts = sentence(text).split("`")
    if len(parts) % 2 == 0:
        return escape("`".join(parts))
    code = Markup('<code class="in">{}</code>').format
    return Markup("").join(code(part) if at % 2 else part for at, part in enumerate(parts))


def _percent(share: float) -> str:
    return f"{100 * share:.3g}"


@cache
def asset(name: str) -> str:
    """A file that pages have inside: a style or a script."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
