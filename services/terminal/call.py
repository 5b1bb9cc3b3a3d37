"""一次调用 · One run of one verb: what was typed, the settings, how to speak, and the way in."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from events.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from services.run.settings import Settings
    from services.terminal.direct import Direct
    from services.terminal.remote import Remote
    from services.terminal.say import Say
    from services.terminal.verb import Verb


@dataclass
class Call:
    """What a verb gets. Values are asked for by the name they are typed with."""

    verb: Verb
    say: Say
    values: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def settings(self) -> Settings:
        """The settings, with what stands on the command line before the environment."""
        from services.run import settings

        home, database = self.text("home"), self.text("database")
        found = settings.read(home=Path(home) if home else None, database_url=database)
        if home is not None and database is None:
            # The embedded database of this folder is meant, not one the environment names.
            return found.model_copy(update={"database_url": None, "server": None})
        return found if database is None else found.model_copy(update={"server": None})

    def text(self, name: str) -> str | None:
        """The value of an argument or option; None where it was not given."""
        value = self.values.get(name)
        return value if isinstance(value, str) else None

    def need(self, name: str) -> str:
        """A value without which the verb makes no sense. Raises Invalid."""
        value = self.text(name)
        if value is None:
            raise missing(self.verb, name)
        return value

    def many(self, name: str) -> list[str]:
        """All values of one that may be repeated."""
        return list(self.values.get(name) or ())

    def flag(self, name: str) -> bool:
        """Whether a flag was given."""
        return self.values.get(name) is True

    def whole(self, name: str, *, least: int = 0, most: int = 10**12) -> int | None:
        """A whole number. Raises Invalid naming the option."""
        text = self.text(name)
        if text is None:
            return None
        if text.isascii() and text.isdigit() and least <= int(text) <= most:
            return int(text)
        raise Invalid(
            f"--{name}: {text!r} is not a whole number from {least} to {most}",
            field=name,
            value=text,
            zh=f"--{name}：“{text}”不是 {least} 至 {most} 的整数",
        )

    def pairs(self, name: str) -> dict[str, list[str]]:
        """Repeated `K=V` as K → its values. Raises Invalid."""
        found: dict[str, list[str]] = {}
        for item in self.many(name):
            key, equals, value = item.partition("=")
            if not equals or not key:
                raise Invalid(
                    f"--{name}: {item!r} is not NAME=VALUE",
                    field=name,
                    value=item,
                    zh=f"--{name}：“{item}”应写作 名称=值",
                )
            found.setdefault(key, []).append(value)
        return found

    def answer(self, value: Any, show: Callable[[], None]) -> None:
        """The result: as JSON where asked for, else as `show` puts it for people."""
        if self.say.json:
            self.say.value(value)
        else:
            show()

    def sure(self, zh: str, en: str) -> bool:
        """Whether to go on with something that cannot be taken back. Where nobody is at a terminal
        to be asked, whoever typed it meant it."""
        return self.flag("yes") or self.say.ask(zh, en) is not False

    @asynccontextmanager
    async def way(self, kind: str | None = None) -> AsyncIterator[Direct | Remote]:
        """The way to the records: over HTTP where JISHI_SERVER is set, else the database itself
        (with a `kind`, where only cases of that kind are in question)."""
        if self.settings.server is not None:
            from services.terminal.remote import Remote

            remote = Remote(self.settings, self.say.language)
            try:
                yield remote
            finally:
                remote.client.close()
            return
        from services.terminal.direct import opened

        async with opened(self.settings, self.say, kind) as direct:
            yield direct

    @asynccontextmanager
    async def direct(self) -> AsyncIterator[Direct]:
        """The way to the database itself, for what no server does for others."""
        if self.settings.server is not None:
            raise Unavailable(
                f"`jishi {self.verb.words}` works on the database itself: run it where the "
                "database is, without JISHI_SERVER, or name it with --database",
                zh=f"`jishi {self.verb.words}` 须直接操作数据库：请在数据库所在之处运行并取消"
                " JISHI_SERVER，或用 --database 指明",
            )
        from services.terminal.direct import opened

        async with opened(self.settings, self.say) as direct:
            yield direct


def missing(verb: Verb, name: str) -> Invalid:
    """The refusal where something needed was not typed."""
    argument = any(argument.name == name for argument in verb.arguments)
    typed = name if argument else f"--{name}"
    example = verb.examples[0] if verb.examples else f"jishi {verb.words} --help"
    return Invalid(
        f"{typed} is missing; for example: {example}",
        field=name,
        zh=f"缺少 {typed}，例如：{example}",
    )
