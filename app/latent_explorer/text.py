"""Text from outside (a link, a card, the name of a file or a folder) as a page, a chart, a shell and an error may show it.

Streamlit reads whatever it is given as markdown, labels of widgets too, and plotly reads a part of HTML. A stranger's text is neither.
"""

import hashlib
import html
import itertools
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from latent_explorer.glossary import TERMS
from vae_core.checkpoints import Card

MOST = 200  # characters of one such text that a page shows

# No width, and no line break: it stands where a backslash does not help, since names such as :smile: and addresses are looked for in the
# text that is left when the backslashes have gone.
JOINER = "\u2060"

# Stands, without a width, on both sides of what others wrote where a page explains its words (`components/glossary`): a class called
# "prior" is no prior. Only texts with one of these words have it, and nobody's text brings one along.
GUARD = "\u2063"

# What a page cannot send or show (control characters), and what turns the direction of all that follows.
_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")

_FORMS = "|".join(re.escape(form) for term in TERMS for form in term.forms)
_EXPLAINED = re.compile(rf"(?<![\w-])(?:{_FORMS})s?(?![\w-])", re.IGNORECASE)  # as in finding.js

_ARROW = re.compile(r"(?<!\S)(<-?|-|>|~)(?=(?:->|-|>|=)(?!\S))")
_MARKS = re.compile(r"[\\`*\[\]<>&$~|#]|(?<![^\W_])_|_(?![^\W_])|^[-+=]|(?<=^\d)[.)]|(?<=^\d\d)[.)]")
_NAMES = re.compile(r"(?<=:)(?=\S)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d+)([.)])")


def cleaned(text: object, most: int = MOST) -> str:
    """One line of at most so many characters that can be sent and shown.

    >>> cleaned("a\\n\\tb"), cleaned("abcdef", 4)
    ('a b', 'abc…')
    """
    line = " ".join(_ODD.sub(" ", str(text)[: 10 * most]).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def plain(text: object, most: int = MOST) -> str:
    """As markdown that shows the text as it is.

    >>> print(plain("z_l [x](y) *b* 1 < 2"))
    z_l \\[x\\](y) \\*b\\* 1 \\< 2
    """
    line = _ARROW.sub(rf"\1{JOINER}", cleaned(text, most))
    line = _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", line))
    return guarded(_NAMES.sub(JOINER, line))


def guarded(text: str) -> str:
    """A text of others, left alone by what explains the words of a page.

    >>> guarded("a prior") == f"{GUARD}a prior{GUARD}", guarded("a cat")
    (True, 'a cat')
    """
    line = text.replace(GUARD, "")
    return f"{GUARD}{line}{GUARD}" if _EXPLAINED.search(line) else line


def code_span(text: object, most: int = 2000) -> str:
    """As a code span of markdown, fenced by more backticks than stand in it.

    >>> code_span("a`b")
    '``a`b``'
    """
    line = cleaned(text, most).replace(":material/", f":{JOINER}material/")  # replaced within code, too
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    space = " " if line[:1] in ("`", " ", "") or line[-1:] == "`" else ""
    return f"{fence}{space}{line}{space}{fence}"


def measured_by(card: Card, numbers: Iterable[str]) -> list[str]:
    """The commands that measured these numbers of a card."""
    return [cleaned(line, 2000) for line in card.commands(numbers)]


def by_commands(lines: Iterable[str]) -> str | None:
    """The help of a number: the commands that measure it, None where none is known.

    >>> by_commands(["latent-explorer evaluate a"])
    'Measured by `latent-explorer evaluate a`'
    """
    return "Measured by " + " and ".join(map(code_span, lines)) if (lines := list(lines)) else None


def chart(text: object, most: int = MOST) -> str:
    """As plotly shows it as it is: no tags, no entities, no formula, no template.

    >>> chart("<b>a</b> %{x} & $b$")
    '&lt;b&gt;a&lt;/b&gt; %&#123;x} &amp; &#36;b&#36;'
    """
    return html.escape(cleaned(text, most), quote=False).replace("{", "&#123;").replace("$", "&#36;")


def shortened(names: Sequence[str], most: int) -> list[str]:
    """Names of at most so many letters, as `words.js` has them: long ones lose the words that all begin with, then their middle, so that
    they stay apart.

    >>> shortened(["a long name that is one", "b"], 9), shortened(["a long name 1", "a long name 2"], 12)
    (['a lo… one', 'b'], ['…1', '…2'])
    """
    if all(len(name) <= most for name in names):
        return list(names)
    shared = _shared(min(names), max(names))
    return [_shorter(name, shared if shared > most / 2 else 0, most) for name in names]


def _shared(low: str, high: str) -> int:
    """How many letters of whole words the first and the last of some names begin with, and so all between them."""
    alike = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(low, high, strict=False)))
    ends = [place + 1 for place, letter in enumerate(low[:alike]) if letter.isspace() or letter in "_/.:-"]
    return ends[-1] if ends and low != high else 0


def _shorter(name: str, shared: int, most: int) -> str:
    if len(name) <= most:
        return name
    rest = f"…{name[shared:]}" if shared else name
    return rest if len(rest) <= most else f"{rest[: most // 2]}…{rest[len(rest) - (most - 1) // 2 :]}"


def key(name: str) -> str:
    """A name as a part of the key of a widget or a component: letters, digits and single hyphens; different names stay different.

    >>> key("vae-mnist"), key("run__1")
    ('vae-mnist', 'run-1-42234a')
    """
    short = re.sub(r"[^A-Za-z0-9]+", "-", name)[:40]
    if short == name:
        return name
    return f"{short}-{hashlib.blake2s(name.encode(errors='surrogatepass'), digest_size=3).hexdigest()}"


def minus(number: str) -> str:
    """A number as it is read: with the sign of a minus, as wide as a plus, and not a hyphen.

    >>> minus(f"{-3.0:+.1f} σ"), minus("1e-05")
    ('−3.0 σ', '1e-05')
    """
    return re.sub(r"(?<![\w.])-(?=[\d.])", "−", number)


def sigmas(ticks: Iterable[float], digits: int = 1) -> list[str]:
    """Positions along a dimension in standard deviations, over their columns.

    >>> sigmas([-1.5, 0.0, 1.5])
    ['−1.5 σ', '0', '+1.5 σ']
    """
    return [minus(f"{tick:+.{digits}f} σ") if abs(tick) > 1e-6 else "0" for tick in ticks]


def command(*words: object) -> str:
    """A command as a shell reads it.

    >>> command("latent-explorer", "atlas", "my runs/a")
    "latent-explorer atlas 'my runs/a'"
    """
    return shlex.join(map(str, words))


# An absolute path of two names or more; an address of the web is none.
_PATH = re.compile(r"""(?<![\w:/.])(?:/[^\s/'"`:;,()]+){2,}""")


def place(folder: Path) -> str:
    """A folder as a visitor may be told of it. Paths outside the working directory are not disclosed: of these, the last name."""
    whole, here = folder.resolve(), Path.cwd()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) and whole != here else whole.name


def said(message: object, *folders: Path) -> str:
    """What an error or a command says, every path in it as `place` gives it; `folders` are those whose names may hold spaces.

    >>> said("/srv/secret/runs/a/card.json is damaged")
    'card.json is damaged'
    """
    text = str(message)
    for folder in folders:
        for form in (str(folder), str(folder.resolve())):
            text = text.replace(form, place(folder)) if folder.is_absolute() else text
    return _PATH.sub(lambda path: place(Path(path[0])), text)
