"""帮助 · What `--help` prints, in the reader's language: examples first, then what may be typed."""

from __future__ import annotations

from shutil import get_terminal_size
from typing import TYPE_CHECKING

from services.terminal import index
from services.terminal.verb import COMMON, Argument, Option, Verb
from services.terminal.words import Both, Language, padded, width, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS_MAX = 100
LEFT_MAX = 28
Pair = tuple[str, str]


def root(language: Language) -> str:
    """The overview."""
    zh = language == "zh"
    parts = [
        "纪实 jishi：每件实事一条事件，每个数字可追到事件。"
        if zh
        else "jishi: every deed one event, every number the sum of events you can open.",
        _examples(language, ("jishi up", "jishi order --help", "jishi counters --by area")),
        _usage(language, ["jishi", "命令" if zh else "VERB", "…"]),
    ]
    for section in index.SECTIONS:
        rows = [(entry.name, entry.text.text(language)) for entry in section.entries]
        parts.append(_block(section.text.text(language), rows))
    for text, register in (
        (Both("事项", "Cases"), False),
        (Both("登记簿", "Registers"), True),
    ):
        rows = [
            (title.name.replace("_", "-"), title.text.text(language))
            for title in index.kinds().values()
            if title.register is register
        ]
        if rows:
            parts.append(_block(text.text(language), rows))
    parts.append(
        "每条命令都有 --help；设置见 docs/reference/settings.md（JISHI_LANG=en 用英文）。"
        if zh
        else "Each verb has --help; settings: docs/reference/settings.md (JISHI_LANG=zh 用中文)."
    )
    return "\n\n".join(parts)


def group(
    language: Language, name: str, text: Both, rows: Sequence[Pair], examples: Sequence[str]
) -> str:
    """The verbs of a group, or the commands of a kind."""
    zh = language == "zh"
    return "\n\n".join(
        [
            text.text(language),
            _examples(language, examples),
            _usage(language, ["jishi", name, "命令" if zh else "VERB", "…"]),
            _block("命令" if zh else "Verbs", rows),
        ]
    )


def verb(language: Language, verb: Verb) -> str:
    """One verb: words, examples, usage, arguments, options."""
    zh = language == "zh"
    parts = [
        verb.text.text(language),
        _examples(language, verb.examples),
        _usage_of(language, verb),
    ]
    if verb.more is not None:
        parts.append(wrapped(verb.more.text(language), _columns()))
    if verb.arguments:
        rows = [(argument.name, argument.text.text(language)) for argument in verb.arguments]
        parts.append(_block("参数" if zh else "Arguments", rows))
    own = [option for option in verb.all_options() if option not in COMMON]
    if own:
        rows = [_row(language, option) for option in own]
        parts.append(_block("选项" if zh else "Options", rows))
    common = [option for option in verb.all_options() if option in COMMON]
    rows = [_row(language, option) for option in common]
    rows.append(("-h, --help", "显示本说明" if zh else "this text"))
    parts.append(_block("通用选项" if zh else "Common options", rows))
    return "\n\n".join(parts)


def _usage_of(language: Language, verb: Verb) -> str:
    words = ["jishi", *verb.words.split()]
    words += [_usage_word(argument) for argument in verb.arguments]
    words += [f"--{option.name} {option.metavar}" for option in verb.options if option.required]
    words.append("[选项]" if language == "zh" else "[OPTIONS]")
    return _usage(language, words)


def _usage_word(argument: Argument) -> str:
    word = f"{argument.name}…" if argument.many else argument.name
    return word if argument.required else f"[{word}]"


def _row(language: Language, option: Option) -> Pair:
    left = f"{option.typed} {option.metavar}".strip() + ("…" if option.many else "")
    text = option.text.text(language)
    if option.required:
        text += "（必填）" if language == "zh" else " (required)"
    return left, text


def _usage(language: Language, words: Iterable[str]) -> str:
    return ("用法：" if language == "zh" else "Usage: ") + " ".join(words)


def _examples(language: Language, examples: Sequence[str]) -> str:
    rows = "\n".join(f"  {example}" for example in examples)
    return f"{'例：' if language == 'zh' else 'Examples:'}\n{rows}"


def _block(head: str, rows: Sequence[Pair]) -> str:
    """A heading and two columns; a long left one gets a line of its own."""
    left = min(LEFT_MAX, max((width(name) for name, _ in rows), default=0))
    lines = [f"{head}{'：' if width(head) > len(head) else ':'}"]
    for name, text in rows:
        folded = wrapped(text, max(20, _columns() - left - 4), left + 4)
        if width(name) > left:
            lines += [f"  {name}", f"{' ' * (left + 4)}{folded}"]
        else:
            lines.append(f"  {padded(name, left)}  {folded}".rstrip())
    return "\n".join(lines)


def _columns() -> int:
    return min(COLUMNS_MAX, get_terminal_size().columns)
