"""声明 · What one verb of the command line is: its words, arguments, options, examples, and what
it does. Parsing, help in both languages, completion and the reference page all come from this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.terminal.words import Both

if TYPE_CHECKING:
    from services.terminal.call import Call

Run = Callable[["Call"], Awaitable[int | None]]
"""What a verb does. The number is the exit code; None is 0."""


@dataclass(frozen=True, slots=True)
class Argument:
    """A value that stands by itself. `name` is how help shows it: `FILE`."""

    name: str
    text: Both
    required: bool = True
    many: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """A value behind a name. Without `metavar` it is a flag. All values arrive as text. `short` is
    the letter it is also known by."""

    name: str
    text: Both
    metavar: str = ""
    required: bool = False
    many: bool = False
    short: str = ""

    @property
    def typed(self) -> str:
        """How it is typed: `--output`, or `-o, --output`."""
        return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return not self.metavar


@dataclass(frozen=True, slots=True)
class Verb:
    """One thing to type. `name` is without the program: `projection list`; `typed` is how it is
    written where a word of the name may be left out.

    `answers`: it can answer with one JSON object (`--json`), or a line for each event.
    `asks`: it asks before it does something that cannot be taken back (`--yes` answers).
    """

    name: str
    text: Both
    run: Run
    examples: tuple[str, ...]
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()
    answers: bool = True
    asks: bool = False
    more: Both | None = None
    typed: str = ""

    @property
    def words(self) -> str:
        """What people type after the program's name."""
        return self.typed or self.name

    def all_options(self) -> tuple[Option, ...]:
        """Its own options, then those every verb has."""
        common = [option for option in COMMON if self.answers or option is not JSON]
        return (*self.options, *([YES] if self.asks else []), *common)


JSON = Option("json", Both("以 JSON 输出（标准输出上别无他物）", "answer in JSON, nothing else"))
YES = Option("yes", Both("不再询问，直接执行", "do not ask, do it"))
COMMON = (
    JSON,
    Option("quiet", Both("只输出数据与错误", "nothing but data and errors")),
    Option("no-color", Both("不用颜色（同 NO_COLOR）", "no colours (as NO_COLOR)")),
    Option(
        "home", Both("内嵌数据库所在目录（JISHI_HOME）", "folder of the embedded database"), "DIR"
    ),
    Option("database", Both("数据库地址（JISHI_DATABASE_URL）", "URL of the database"), "URL"),
)
COMMON_NAMES = frozenset(option.name for option in (*COMMON, YES))


def area_option(text: Both | None = None) -> Option:
    """`--area A`, as every verb that has it words it."""
    return Option("area", text or Both("区域代码，含其下级", "an area and all below it"), "A")


LAID_DOWN = (
    area_option(Both("由哪一区域规定，缺省为令牌的区域", "laid down by; else the token's")),
    Option("from", Both("生效日，缺省为今天", "first day; else today"), "YYYY-MM-DD"),
)
"""Options of a verb that makes a rule of a file: what the file does not say."""


def laid_down(call: Call) -> dict[str, str]:
    """What was typed of them, as fields of the rule."""
    names = {"area": "area", "from": "effective_on"}
    typed = {name: call.text(option) for option, name in names.items()}
    return {name: value for name, value in typed.items() if value is not None}
