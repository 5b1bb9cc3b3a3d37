"""命令树 · The verbs as typer sees them, each built only when it is asked for.

A command is a function with a made-up signature: all values are text, or flags, and are checked by
us, since typer words its refusals in English only.
"""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from services.terminal import exits, index, usage
from services.terminal import help as pages
from services.terminal.call import Call, missing
from services.terminal.verb import COMMON, YES, Option, Verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.terminal.say import Say
    from services.terminal.words import Both

SETTINGS = {"help_option_names": ["-h", "--help"], "allow_extra_args": True}
MOVED = {f"--{option.name}": option for option in (*COMMON, YES)}
"""Options that may also stand before the verb: they are moved behind it."""


class VerbCommand(TyperCommand):
    """One verb."""

    verb: Verb
    say: Say

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Our own page, in the reader's language."""
        formatter.write(pages.verb(self.say.language, self.verb))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuses what is wrong in the reader's language."""
        try:
            rest = super().parse_args(ctx, args)
        except typer.TyperException as error:
            raise usage.worded(error, self.verb) from error
        if rest and not ctx.resilient_parsing:
            raise usage.superfluous(self.verb, rest)
        return rest


class Group(TyperGroup):
    """A group of verbs: those of the table, or the commands of a kind."""

    say: Say
    title: str
    text: Both
    names: Callable[[], dict[str, Both]]
    """Its verbs and what they do."""
    load: Callable[[str], Verb]
    examples: Callable[[], tuple[str, ...]]
    otherwise: str | None = None

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, for completion."""
        return list(self.names())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb of that name, built now. `attach_evidence` is also known by its other name."""
        name = cmd_name.replace("_", "-")
        return command_of(self.load(name), self.say) if name in self.names() else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Refuses an unknown name in the reader's language."""
        found = self.get_command(ctx, args[0])
        if found is None:
            raise usage.unknown_verb(args[0], self.names(), self.title)
        return args[0], found, args[1:]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """A group alone shows its help; where the next word is no verb, `otherwise` is meant."""
        if not args:
            args = ["--help"]
        first = args[0].replace("_", "-")
        if self.otherwise and first not in self.names() and first not in ("-h", "--help"):
            args = [self.otherwise, *args]
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            raise usage.worded(error, None) from error

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Our own page."""
        rows = [
            (self._typed(name), text.text(self.say.language)) for name, text in self.names().items()
        ]
        formatter.write(
            pages.group(self.say.language, self.title, self.text, rows, self.examples())
        )

    def _typed(self, name: str) -> str:
        """What stands in the place of the verb: of the one that may be left out, its argument."""
        return self.load(name).arguments[0].name if name == self.otherwise else name


class Root(TyperGroup):
    """Everything that may stand after `jishi`."""

    say: Say

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, for completion."""
        return [*index.entries(), *(name.replace("_", "-") for name in index.kinds())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The verb or group of that name, built now."""
        entry = index.entries().get(cmd_name)
        if entry is not None:
            if entry.verbs:
                return _group_of(entry, self.say)
            return command_of(entry.load(), self.say)
        title = index.kinds().get(cmd_name.replace("-", "_"))
        return None if title is None else _kind_of(title, self.say)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Refuses an unknown name in the reader's language."""
        found = self.get_command(ctx, args[0])
        if found is None:
            raise usage.unknown_verb(args[0], self.list_commands(ctx))
        return args[0], found, args[1:]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`jishi` alone shows the overview; common options may stand before the verb."""
        try:
            return super().parse_args(ctx, moved(args) or ["--help"])
        except typer.TyperException as error:
            raise usage.worded(error, None) from error

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The overview."""
        formatter.write(pages.root(self.say.language))


def moved(args: list[str]) -> list[str]:
    """The arguments with the common options that stand before the verb put behind everything."""
    front: list[str] = []
    rest = list(args)
    while rest and (option := MOVED.get(rest[0].partition("=")[0])) is not None:
        takes = 1 if option.is_flag or "=" in rest[0] else 2
        front += rest[:takes]
        rest = rest[takes:]
    if not rest:
        return front
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *front, *rest[end:]]


def tree(say: Say) -> Root:
    """The whole program."""
    app = typer.Typer(cls=Root, rich_markup_mode=None, context_settings=SETTINGS)
    app.callback()(_nothing)
    root = cast("Root", typer.main.get_command(app))
    root.say = say
    return root


def command_of(verb: Verb, say: Say) -> VerbCommand:
    """The typer command of a verb."""

    def run(**values: Any) -> int:
        return perform(verb, say, {names[key]: value for key, value in values.items()})

    parameters, names = _parameters(verb)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(verb.name.rpartition(" ")[2], cls=VerbCommand, context_settings=SETTINGS)(run)
    command = cast("VerbCommand", typer.main.get_command(app))
    command.verb, command.say = verb, say
    return command


def perform(verb: Verb, say: Say, values: dict[str, Any]) -> int:
    """Check that nothing needed is missing, and do it."""
    needed = [argument.name for argument in verb.arguments if argument.required]
    needed += [option.name for option in verb.options if option.required]
    for name in needed:
        if not values.get(name):
            raise missing(verb, name)
    for option in verb.all_options():
        usage.check_value(verb, option.name, values.get(option.name))

    # Imported here: `--help` must not wait for it.
    import asyncio

    async def whole() -> int | None:
        return await verb.run(Call(verb, say, values))

    try:
        return asyncio.run(whole()) or exits.DONE
    except BrokenPipeError:
        return unread()


def unread() -> int:
    """Whoever read the output has stopped, as `| head` does: nothing is wrong."""
    # What is still in the buffer would be an error again when the process ends.
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (until the process ends)
    return exits.DONE


def _parameters(verb: Verb) -> tuple[list[inspect.Parameter], dict[str, str]]:
    """The made-up signature, and what its parameters are called by people (`from` is no name in
    Python, nor is `no-color`)."""
    parameters: list[inspect.Parameter] = []
    names: dict[str, str] = {}
    for argument in verb.arguments:
        info = typer.Argument(metavar=argument.name)
        _add(parameters, names, argument.name, info, many=argument.many)
    for option in verb.all_options():
        _add(parameters, names, option.name, _info(option), many=option.many, flag=option.is_flag)
    return parameters, names


def _info(option: Option) -> Any:
    if option.is_flag:
        return typer.Option(f"--{option.name}")
    names = [f"--{option.name}", *([f"-{option.short}"] if option.short else [])]
    return typer.Option(*names, metavar=option.metavar)


def _add(
    parameters: list[inspect.Parameter],
    names: dict[str, str],
    name: str,
    info: Any,
    *,
    many: bool,
    flag: bool = False,
) -> None:
    key = f"value_{len(parameters)}"
    kind: Any = bool if flag else list[str] | None if many else str | None
    names[key] = name
    parameters.append(
        inspect.Parameter(
            key,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if flag else None,
            annotation=Annotated[kind, info],
        )
    )


def _group_of(entry: index.Entry, say: Say) -> Group:
    def names() -> dict[str, Both]:
        return {verb: entry.load(verb).text for verb in entry.verbs}

    def examples() -> tuple[str, ...]:
        return tuple(entry.load(verb).examples[0] for verb in entry.verbs)

    found = _empty_group(entry.name, entry.text, say)
    found.names, found.load, found.examples = names, entry.load, examples
    found.otherwise = entry.otherwise
    return found


def _kind_of(title: index.KindTitle, say: Say) -> Group:
    from services.terminal.kinds import Kind

    kind = Kind(title)
    found = _empty_group(title.name.replace("_", "-"), title.text, say)
    found.names, found.load, found.examples = kind.names, kind.verb, kind.examples
    return found


def _empty_group(name: str, text: Both, say: Say) -> Group:
    app = typer.Typer(cls=Group, add_completion=False, rich_markup_mode=None)
    app.callback(context_settings=SETTINGS)(_nothing)
    group = cast("Group", typer.main.get_command(app))
    group.say, group.title, group.text = say, name, text
    return group


def _nothing() -> None:
    return
