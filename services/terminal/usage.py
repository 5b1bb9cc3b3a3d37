"""用法 · Wrong usage in the caller's language: typer words its own errors in English only."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from events.errors import Invalid, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    import typer

    from services.terminal.verb import Verb


def unknown_verb(name: str, known: Iterable[str], before: str = "") -> Invalid:
    """There is no such verb; the nearest one is named."""
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    program = f"jishi {before}".strip()
    english = f"there is no `{program} {shown(name)}`"
    chinese = f"没有 `{program} {shown(name)}` 这一命令"
    if near:
        english += f": did you mean `{program} {near[0]}`?"
        chinese += f"，是否指 `{program} {near[0]}`？"
    else:
        english += f": see `{program} --help`"
        chinese += f"，请见 `{program} --help`"
    return Invalid(english, field="verb", value=name, zh=chinese, nearest=near[0] if near else None)


def superfluous(verb: Verb, extra: list[str]) -> Invalid:
    """More was typed than the verb takes."""
    words = " ".join(shown(word) for word in extra[:5])
    return Invalid(
        f"`jishi {verb.words}` does not know what to do with: {words} (see --help)",
        field="arguments",
        value=words,
        zh=f"`jishi {verb.words}` 不需要这些参数：{words}（见 --help）",
    )


def worded(error: typer.TyperException, verb: Verb | None) -> Invalid:
    """An error of typer's as one of ours."""
    name = getattr(error, "option_name", None)
    where = f"`jishi {verb.words} --help`" if verb is not None else "`jishi --help`"
    if not isinstance(name, str):
        text = error.format_message()
        return Invalid(
            f"{text} (see {where})", field="arguments", zh=f"用法不对：{text}（见 {where}）"
        )
    option = f"--{name.lstrip('-')}" if len(name.lstrip("-")) > 1 else name
    known = [f"--{each.name}" for each in verb.all_options()] if verb is not None else []
    if option in known:
        return _bad_use(option, where, verb)
    names = {known_name.strip("-"): known_name for known_name in known}
    near = [names[name] for name in get_close_matches(option.strip("-"), names, n=1, cutoff=0.6)]
    return Invalid(
        f"there is no option {shown(option)} here: "
        + (f"did you mean {near[0]}?" if near else f"see {where}"),
        field=option.lstrip("-"),
        zh=f"没有选项 {shown(option)}，" + (f"是否指 {near[0]}？" if near else f"请见 {where}"),
        nearest=near[0] if near else None,
    )


def check_value(verb: Verb, name: str, value: object) -> None:
    """Raises Invalid where another option was taken for the value: no value begins like one."""
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and text.startswith("--") for text in texts):
        raise _bad_use(f"--{name}", f"`jishi {verb.words} --help`", verb)


def _bad_use(option: str, where: str, verb: Verb | None) -> Invalid:
    flags = {f"--{each.name}" for each in verb.all_options() if each.is_flag} if verb else set()
    if option in flags:
        return Invalid(
            f"{option} takes no value (see {where})",
            field=option.lstrip("-"),
            zh=f"{option} 不带值（见 {where}）",
        )
    return Invalid(
        f"{option} needs a value behind it (see {where})",
        field=option.lstrip("-"),
        zh=f"{option} 后面须有一个值（见 {where}）",
    )
