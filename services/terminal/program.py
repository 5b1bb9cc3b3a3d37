"""程序 · From the words typed to the exit code: every error ends here, worded for its reader."""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING

from services.run.language import language
from services.terminal import exits
from services.terminal.say import Say

if TYPE_CHECKING:
    from events.errors import JishiError


def run(arguments: list[str]) -> int:
    """Do what was typed; the exit code."""
    say = Say(
        language(),
        json="--json" in arguments,
        quiet="--quiet" in arguments,
        no_color="--no-color" in arguments,
    )
    import typer

    from events.errors import JishiError
    from services.terminal import usage
    from services.terminal.tree import tree

    try:
        ended = tree(say).main(arguments, prog_name="jishi", standalone_mode=False)
        sys.stdout.flush()
    except JishiError as error:
        return refused(say, error)
    except typer.TyperException as error:
        return refused(say, usage.worded(error, None))
    except (KeyboardInterrupt, typer.Abort):
        return exits.INTERRUPTED
    except Exception:  # noqa: BLE001 (the last stop: a mistake of ours must not look like an answer)
        return failed(say)
    return ended if isinstance(ended, int) else exits.DONE


def refused(say: Say, error: JishiError) -> int:
    """Say what is wrong, and what to do next where the program knows it."""
    say.problem(error)
    code = exits.exit_code(error)
    if error.code == "unauthenticated":
        say.hint(
            "用 JISHI_TOKEN 指明操作者；管理员令牌在 `jishi up` 首次启动时给出，"
            "其他令牌用 `jishi token grant` 授予",
            "set JISHI_TOKEN to say who is acting: `jishi up` prints the administrator's at its"
            " first start, `jishi token grant` makes others",
        )
    return code


def failed(say: Say) -> int:
    """A mistake in the program itself: the trace, and that it is not the caller's fault."""
    traceback.print_exc()
    say.once(
        say.text(
            "以上是程序自身的错误，请连同命令一并报告",
            "this is a mistake in jishi itself: please report it with the command",
        )
    )
    return exits.FAILED
