"""Splits TeX into tokens in one spelling, so that a name is the same however it was written."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache


class Unread(Exception):
    """A formula, or a part of one, is not understood: the message says what."""


Tokens = tuple[str, ...]
"""A formula, or a part of one: its tokens in one spelling."""

_TOKEN = re.compile(
    r"\\(?:mathrm|mathbf|operatorname|text|mbox)\s*\{[^{}]*\}|\\(?:begin|end)\s*\{\w+\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S"
)
_SPACES = frozenset([r"\,", r"\;", r"\:", r"\!", "\\ ", "~", r"\displaystyle", r"\left", r"\right"])
_SAME = {
    r"\tfrac": r"\frac", r"\dfrac": r"\frac",
    r"\leq": r"\le", r"\geq": r"\ge", r"\lbrace": r"\{", r"\rbrace": r"\}", r"\lbrack": "[", r"\rbrack": "]",
}  # fmt: skip
_BARS = {r"\|": (r"\lVert", r"\rVert"), "|": (r"\lvert", r"\rvert")}
NORMS = {r"\lVert": r"\rVert", r"\lvert": r"\rvert", r"\|": r"\|", "|": "|"}
_OPEN, _CLOSE = frozenset(["(", "[", "{", r"\{"]), frozenset([")", "]", "}", r"\}"])
_TAKES_AN_ARGUMENT = frozenset(["^", "_", r"\frac", r"\sqrt"])


@lru_cache(maxsize=4096)
def tokens(tex: str) -> Tokens:
    """Split TeX into tokens in one spelling: no spaces, no braces around a single token.

    `Unread` if a number of several digits stands without braces where TeX takes its first digit alone.
    """
    for bar, (opening, closing) in _BARS.items():
        tex = tex.replace(rf"\left{bar}", f"{opening} ").replace(rf"\right{bar}", f"{closing} ")
    raw = [re.sub(r"^(\\\w+)\s+\{", r"\1{", token) for token in _TOKEN.findall(tex)]
    for before, token in itertools.pairwise(raw):
        if before in _TAKES_AN_ARGUMENT and re.fullmatch(r"\d{2,}|\d+\.\d+", token):
            raise Unread(f"{before}{token} without braces")
    found: list[str] = []
    for token in raw:
        if token == "}" and found[-2:-1] == ["{"] and found[-1] not in "{}":
            found[-2:] = found[-1:]
        elif token not in _SPACES:
            found.append(_SAME.get(token, token))
    return tuple(found)


def is_text(token: str) -> bool:
    """Tell whether a token is words between symbols."""
    return token.startswith((r"\text{", r"\mbox{"))


def depths(found: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield each token with the depth of brackets and environments at which it stands."""
    depth = 0
    for token in found:
        if token in _CLOSE or token.startswith(r"\end{"):
            depth -= 1
        yield depth, token
        if token in _OPEN or token.startswith(r"\begin{"):
            depth += 1


def written(found: Sequence[str]) -> str:
    """Write tokens as TeX again."""
    text = "".join(f"{t} " if re.fullmatch(r"\\[A-Za-z]+", t) else f" {t} " if t in "+-=" else t for t in found)
    return text.strip()


def split(found: Sequence[str], is_border: Callable[[str], bool]) -> list[list[str]]:
    """Split tokens at borders that stand outside brackets and environments."""
    parts: list[list[str]] = [[]]
    for depth, token in depths(found):
        if depth == 0 and is_border(token):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def places(part: Tokens, found: Tokens) -> list[int]:
    """Find where tokens stand in others."""
    return [at for at in range(len(found) - len(part) + 1) if found[at : at + len(part)] == part]
