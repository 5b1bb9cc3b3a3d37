"""断线 · What a driver's error means for the caller. The one place where drivers' errors are named.

AWAY   the server was not reached: nothing was sent                           try again
LOST   the connection broke with a statement under way (append: ambiguous)    try again
BUSY   the server rolled the statement back, another time it may work         try again
SHUT   the server works but will not serve us: password, name, schema         Unavailable
WRONG  the program or the stored data is wrong                                Broken
"""

from __future__ import annotations

import enum

import asyncpg
from asyncpg.exceptions import InternalClientError

from events.errors import Ambiguous, Broken, JishiError, Unavailable


class Fault(enum.Enum):
    """What an error of the driver means."""

    AWAY = "away"
    LOST = "lost"
    BUSY = "busy"
    SHUT = "shut"
    WRONG = "wrong"


RETRIED = frozenset({Fault.AWAY, Fault.LOST, Fault.BUSY})

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    InternalClientError,
    OSError,
    EOFError,
)
"""Everything asyncpg lets through. A timeout is an OSError."""


class NotConnectedError(Exception):
    """No connection could be opened: `cause` says why. Stays inside `streams`."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


CAUGHT = (*DRIVER_ERRORS, NotConnectedError)

_BY_STATE = {
    "40003": Fault.LOST,  # completion unknown
    "57P03": Fault.AWAY,  # starting up or shutting down
    "57014": Fault.BUSY,  # cancelled, and rolled back
    "25006": Fault.BUSY,  # read-only just now: a standby
    "25P03": Fault.LOST,  # idle for too long in a transaction: the session is gone
    "25P04": Fault.LOST,
    "3D000": Fault.SHUT,  # no such database
    "3F000": Fault.SHUT,  # no such schema
    "42P01": Fault.SHUT,  # no such table
    "42704": Fault.SHUT,  # no such type
    "42883": Fault.SHUT,  # no such function
    "42501": Fault.SHUT,  # no right to it
}
_BY_CLASS = {
    "08": Fault.LOST,  # connection
    "28": Fault.SHUT,  # authorization
    "40": Fault.BUSY,  # rolled back
    "53": Fault.BUSY,  # resources
    "55": Fault.BUSY,  # not in the right state
    "57": Fault.LOST,  # an operator ended the session
    "58": Fault.LOST,  # the system beneath the server
}


def fault_of(error: BaseException) -> Fault:
    """What it means. In autocommit an error of the server has rolled the statement back, unless it
    ended the session."""
    match error:
        case NotConnectedError():
            return Fault.AWAY if fault_of(error.cause) in RETRIED else fault_of(error.cause)
        case asyncpg.FatalPostgresError():
            return Fault.LOST
        case asyncpg.PostgresError():
            state = error.sqlstate or ""
            return _BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or Fault.WRONG
        case asyncpg.ClientConfigurationError() | asyncpg.UnsupportedServerFeatureError():
            return Fault.SHUT
        case asyncpg.UnsupportedClientFeatureError():
            return Fault.SHUT
        case asyncpg.DataError():
            return Fault.WRONG
        # "connection is closed", "cannot switch to state 12": the session is in no known state.
        case asyncpg.InterfaceError() | InternalClientError() | OSError() | EOFError():
            return Fault.LOST
        case _:
            return Fault.WRONG


def told(error: BaseException, *, ambiguous: bool = False) -> JishiError:
    """The error of the house for an error of the driver. Raise it `from` the cause."""
    cause = error.cause if isinstance(error, NotConnectedError) else error
    why = f"{type(cause).__name__}: {cause}".strip(": ")
    fault = fault_of(error)
    if ambiguous and fault is not Fault.WRONG:
        return Ambiguous(
            "the database broke off while an append was under way, and it is not known whether it "
            f"landed; send the same command again ({why})",
            zh="写入途中与数据库的连接中断，结果不明；请用同一命令编号重发",
        )
    match fault:
        case Fault.AWAY | Fault.LOST:
            return Unavailable(
                f"the database does not answer; nothing was written; try again ({why})",
                zh="数据库无应答，未写入任何内容；请稍后重试",
            )
        case Fault.BUSY:
            return Unavailable(
                f"the database could not do it now; nothing was written; try again ({why})",
                zh="数据库暂时无法处理，未写入任何内容；请稍后重试",
            )
        case Fault.SHUT:
            return Unavailable(
                "the database will not serve this log; check its address and your rights in it, "
                f"and run `jishi migrate` ({why})",
                zh="数据库无法为本日志服务；请检查地址、权限，并运行 `jishi migrate`",
            )
        case Fault.WRONG:
            return Broken(
                f"the database refused what this program sent; nothing was written ({why})",
                zh="数据库拒绝了程序发出的内容，未写入任何内容",
            )
