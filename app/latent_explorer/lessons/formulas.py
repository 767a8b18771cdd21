"""The formulas of lessons as MathML, which browsers draw by themselves: what lessons write of TeX, and no more of it."""

import re
from html import escape

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "phi": "ϕ",
    "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Sigma": "Σ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "infty": "∞", "ell": "ℓ",
}  # fmt: skip
_SIGNS = {
    "mid": "|", "|": "‖", "Vert": "‖", "parallel": "‖", "sim": "∼", "approx": "≈", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "to": "→", "rightarrow": "→", "cdot": "·", "times": "×", "odot": "⊙", "pm": "±", "propto": "∝",
    "in": "∈", "sum": "∑", "prod": "∏", "int": "∫", "nabla": "∇", "partial": "∂", "ldots": "…", "dots": "…", "cdots": "⋯",
    "{": "{", "}": "}", "%": "%", "top": "⊤", "langle": "⟨", "rangle": "⟩", "lVert": "‖", "rVert": "‖", "ll": "≪", "gg": "≫",
}  # fmt: skip
_SPACES = {
    ",": "0.17em",
    ":": "0.22em",
    ";": "0.28em",
    " ": "0.3em",
    "quad": "1em",
    "qquad": "2em",
    "!": "0em",
}
_NAMES = ("log", "exp", "min", "max", "arg", "det", "Var", "tr", "argmax")
_FONTS = {"mathbb": "double-struck", "mathcal": "script", "mathbf": "bold", "boldsymbol": "bold", "mathrm": "normal", "operatorname": "normal", "text": "normal"}  # fmt: skip
_MATH_LETTERS = {
    ("double-struck", "E"): "𝔼",
    ("double-struck", "R"): "ℝ",
    ("script", "N"): "𝒩",
    ("script", "L"): "ℒ",
}
_ACCENTS = {"hat": "^", "tilde": "~", "bar": "¯"}


def mathml(source: str, block: bool = False) -> str:
    r"""A formula as MathML; one that is not read stands as it is written.

    >>> mathml("x^2")
    '<math><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'
    >>> mathml(r"\unheard x")
    '<code>\\unheard x</code>'
    """
    reader = _Reader(_TOKEN.findall(source))
    try:
        inside = reader.row("")
    except (ValueError, RecursionError):
        return f"<code>{escape(source)}</code>"
    display = ' display="block"' if block else ""
    return f"<math{display}>{inside}</math>"


def _sign(sign: str) -> str:
    """An operator, as high as its line and no higher."""
    return f'<mo stretchy="false">{escape(sign.replace("-", "−"))}</mo>'


class _Reader:
    def __init__(self, tokens: list[str]):
        self.tokens, self.place = tokens, 0

    def next(self) -> str:
        """The next token. Raises ValueError at the end."""
        if self.place == len(self.tokens):
            raise ValueError("the formula ends too early")
        self.place += 1
        return self.tokens[self.place - 1]

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def row(self, end: str) -> str:
        """Everything up to a closing token, or to the end of the formula where that is empty."""
        parts: list[str] = []
        while self.place < len(self.tokens) or end:
            if self.peek() == end:
                self.place += 1
                break
            parts.append(self.scripted())
        return f"<mrow>{''.join(parts)}</mrow>"

    def scripted(self) -> str:
        """One thing with what stands above and below it."""
        base = self.one()
        scripts: dict[str, str] = {}
        while self.peek() in ("_", "^") and self.peek() not in scripts:
            sign = self.next()
            scripts[sign] = self.one()
        if not scripts:
            return base
        tag = {"_": "msub", "^": "msup", "_^": "msubsup"}["".join(sorted(scripts, key="_^".index))]
        return f"<{tag}>{base}{''.join(scripts[sign] for sign in '_^' if sign in scripts)}</{tag}>"

    def one(self) -> str:
        token = self.next()
        if token == "{":
            return self.row("}")
        if token.startswith("\\"):
            return self.command(token[1:])
        if token in ("}", "&", "#", "_", "^"):
            raise ValueError(f"{token} stands here by itself")
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        return f"<mi>{escape(token)}</mi>" if token.isalpha() else _sign(token)

    def command(self, name: str) -> str:
        if name in _LETTERS:
            return f"<mi>{_LETTERS[name]}</mi>"
        if name in _SIGNS:
            return _sign(_SIGNS[name])
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"/>'
        if name in _NAMES:
            return f"<mrow><mi>{name}</mi><mspace width='0.17em'/></mrow>"
        if name in ("left", "right", "big", "Big", "bigl", "bigr", "Bigl", "Bigr"):
            return "" if self.peek() == "." and self.next() else self.one()
        if name == "frac":
            return f"<mfrac>{self.one()}{self.one()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.one()}</msqrt>"
        if name in _ACCENTS:
            return f"<mover>{self.one()}<mo>{_ACCENTS[name]}</mo></mover>"
        if name in _FONTS:
            return self.letters(_FONTS[name])
        raise ValueError(f"\\{name} is not read")

    def letters(self, font: str) -> str:
        """Letters of a font: those that Unicode has, others upright."""
        words = [self.next()]
        if words == ["{"]:
            words = []
            while (token := self.next()) != "}":
                words.append(token)
        text = "".join(words)
        if any(word.startswith("\\") for word in words):
            raise ValueError("a command stands within letters")
        weight = ' style="font-weight: bold"' if font == "bold" else ""
        return f'<mi mathvariant="normal"{weight}>{escape(_MATH_LETTERS.get((font, text), text))}</mi>'
