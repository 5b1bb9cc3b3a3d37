"""输出 · Data on stdout, talk on stderr: whatever the program says goes through here.

People at a terminal get tables; a pipe gets the same rows parted by tabs, uncut; `--json` gets one
object (or one line for each event) and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rich.console import Console

    from events.errors import JishiError
    from services.terminal.words import Both, Language

Row = Sequence[object]


class Bar(Protocol):
    """A progress bar, or nothing at all where nobody looks at one."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """So much is done, of so much where that is known."""
        ...


@dataclass
class Say:
    """How one run of the program speaks."""

    language: Language = "zh"
    json: bool = False
    quiet: bool = False
    no_color: bool = False
    _console: Console | None = field(default=None, repr=False)

    def text(self, zh: str, en: str) -> str:
        """The wording for this reader."""
        return zh if self.language == "zh" else en

    # Data.

    def value(self, value: Any) -> None:
        """One JSON value on a line of its own."""
        line(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def raw(self, text: str) -> None:
        """A line of data as it is."""
        line(text)

    def lines(self, texts: Sequence[str]) -> None:
        """Lines of data as they are."""
        for text in texts:
            line(text)

    def file(self, body: bytes) -> None:
        """A file's bytes as they are."""
        out = getattr(sys.stdout, "buffer", None)
        if out is None:
            sys.stdout.write(body.decode())
            return
        sys.stdout.flush()
        out.write(body)
        out.flush()

    def table(
        self, columns: Sequence[Both], rows: Sequence[Row], *, right: Sequence[int] = ()
    ) -> None:
        """Rows under headings. `right`: the columns that hold numbers."""
        heads = [column.text(self.language) for column in columns]
        texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if sys.stdout.isatty():
            self._rich_table(heads, texts, right)
            return
        for texts_of_row in (heads, *texts):
            line("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in texts_of_row))

    def _rich_table(self, heads: list[str], rows: list[list[str]], right: Sequence[int]) -> None:
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
        for index, head in enumerate(heads):
            table.add_column(head, justify="right" if index in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        Console(no_color=self.no_color or None, highlight=False).print(table)

    # Talk.

    def talk(self, zh: str, en: str) -> None:
        """One line for people, on stderr."""
        if not self.quiet:
            self._err(self.text(zh, en))

    def hint(self, zh: str, en: str) -> None:
        """What to do next. Left out where a program reads the answer."""
        if not self.quiet and not self.json:
            self._err(f"→ {self.text(zh, en)}", "dim")

    def once(self, text: str) -> None:
        """A line that must be seen even with --quiet: a secret that is shown only now."""
        self._err(text)

    def problem(self, error: JishiError) -> None:
        """An error: what is wrong and what to do next, or, for programs, the problem document."""
        if self.json:
            self._err(json.dumps(document(error, self.language), ensure_ascii=False, default=str))
            return
        self._err(self.text("错误：", "Error: ") + worded(error, self.language), "red")
        for other in _others(error, self.language):
            self._err(f"  · {other}")

    @contextmanager
    def progress(self, zh: str, en: str) -> Iterator[Bar]:
        """A bar on stderr while something takes its time."""
        if self.quiet or not sys.stderr.isatty():
            yield _no_bar
            return
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._stderr(), transient=True) as bars:
            task = bars.add_task(self.text(zh, en), total=None)

            def show(done: int, total: int | None = None) -> None:
                bars.update(task, completed=done, total=total)

            yield show

    def ask(self, zh: str, en: str) -> bool | None:
        """Yes or no from the person at the terminal; None where there is no terminal to ask at."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        sys.stderr.write(f"{self.text(zh, en)} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes", "是", "好")

    def _err(self, text: str, style: str = "") -> None:
        if style and sys.stderr.isatty():
            self._stderr().print(text, style=style, markup=False, highlight=False, soft_wrap=True)
            return
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _stderr(self) -> Console:
        if self._console is None:
            from rich.console import Console

            self._console = Console(stderr=True, no_color=self.no_color or None, highlight=False)
        return self._console


def line(text: str) -> None:
    """One line of data, at once: whoever reads a stream of events waits for it."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def worded(error: JishiError, language: Language) -> str:
    """The sentence of an error in that language."""
    return error.zh if language == "zh" else error.detail


def document(error: JishiError, language: Language) -> dict[str, Any]:
    """The error as a problem document, the same as over HTTP."""
    sent = getattr(error, "problem", None)
    if isinstance(sent, dict):
        return sent
    from services.web.problem import TITLES

    zh, en = TITLES.get(error.code, TITLES["error"])
    found: dict[str, Any] = {
        "type": f"/problems/{error.code}",
        "title": zh if language == "zh" else en,
        "status": error.status,
        "detail": worded(error, language),
    }
    for name, value in error.fields.items():
        if value is not None:
            found.setdefault(name, value)
    refusal = getattr(error, "refusal", None)
    if refusal is not None:
        found["code"] = refusal
    return found


def _others(error: JishiError, language: Language) -> list[str]:
    """Further wrong fields of the same request, where the error lists them."""
    errors = error.fields.get("errors")
    if not isinstance(errors, list):
        return []
    return [f"{item['field']}: {item['detail']}" for item in errors[1:] if isinstance(item, dict)]


def _no_bar(done: int, total: int | None = None) -> None:
    del done, total
