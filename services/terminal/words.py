"""双语 · Wordings of the command line. Nothing here may import anything heavy: `--help` does."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Both:
    """One wording in both languages."""

    zh: str
    en: str

    def text(self, language: Language) -> str:
        """The wording a reader of that language gets."""
        return self.zh if language == "zh" else self.en


def width(text: str) -> int:
    """Columns a text takes on a terminal: a Chinese character takes two."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )


def padded(text: str, columns: int) -> str:
    """The text, filled with blanks to that many columns."""
    return text + " " * max(0, columns - width(text))


def wrapped(text: str, columns: int, indent: int = 0) -> str:
    """The text in lines of at most that many columns; every line but the first is indented.

    English breaks at blanks, Chinese anywhere but before a closing mark.
    """
    lines: list[str] = []
    line, used = "", 0
    for piece in _pieces(text):
        size = width(piece)
        if used + size > columns and line.strip():
            lines.append(line.rstrip())
            line, used = "", 0
            piece = piece.lstrip()
            size = width(piece)
        line += piece
        used += size
    lines.append(line.rstrip())
    return f"\n{' ' * indent}".join(lines)


_CLOSING = frozenset("，。；：、）！？”》,.;:)!?")
_OPENING = frozenset("（“《(")


def _pieces(text: str) -> list[str]:
    """The text cut wherever a line may break; a blank belongs to the word before it."""
    pieces: list[str] = []
    word = ""
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF"
        if letter in _CLOSING:
            if word or not pieces:
                word += letter
            else:
                pieces[-1] += letter
        elif wide and letter not in _OPENING and word in _OPENING:
            # An opening mark stays with what it opens.
            pieces.append(word + letter)
            word = ""
        elif wide:
            if word:
                pieces.append(word)
            word = letter if letter in _OPENING else ""
            pieces += [] if word else [letter]
        elif letter == " ":
            pieces.append(word + letter)
            word = ""
        else:
            word += letter
    return [*pieces, word] if word else pieces
