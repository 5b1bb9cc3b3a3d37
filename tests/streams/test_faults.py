"""Every error the driver can raise has a meaning."""

from __future__ import annotations

from collections.abc import Iterator

import asyncpg
import pytest
from asyncpg import exceptions

from events.errors import Ambiguous, Broken, JishiError, Unavailable
from streams.faults import CAUGHT, DRIVER_ERRORS, Fault, NotConnectedError, fault_of, told


def errors_of_asyncpg() -> Iterator[type[BaseException]]:
    """Everything asyncpg exports that can be raised: no warnings, no messages of the log."""
    for name in sorted(set(exceptions.__all__) | set(dir(exceptions))):
        kind = getattr(exceptions, name)
        if (
            isinstance(kind, type)
            and issubclass(kind, BaseException)
            and kind.__module__.startswith("asyncpg")
            and not issubclass(kind, Warning)
        ):
            yield kind


ALL = list(errors_of_asyncpg())


def test_there_are_as_many_errors_as_there_should_be() -> None:
    assert len(ALL) > 250


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_of_the_driver_is_caught_and_becomes_one_of_the_house(
    kind: type[BaseException],
) -> None:
    assert issubclass(kind, DRIVER_ERRORS)
    for ambiguous in (False, True):
        error = told(kind("why"), ambiguous=ambiguous)
        assert isinstance(error, JishiError)
        assert error.detail != error.zh
        assert kind.__name__ in error.detail


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (exceptions.CannotConnectNowError("starting up"), Fault.AWAY),
        (exceptions.AdminShutdownError("terminating"), Fault.LOST),
        (exceptions.CrashShutdownError("crash of another"), Fault.LOST),
        (exceptions.ConnectionDoesNotExistError("closed in the middle"), Fault.LOST),
        (exceptions.InternalClientError("cannot switch to state 12"), Fault.LOST),
        (exceptions.InterfaceError("connection is closed"), Fault.LOST),
        (exceptions.FatalPostgresError("severe"), Fault.LOST),
        (ConnectionResetError(), Fault.LOST),
        (TimeoutError(), Fault.LOST),
        (EOFError(), Fault.LOST),
        (exceptions.TransactionResolutionUnknownError("?"), Fault.LOST),
        (exceptions.DeadlockDetectedError("deadlock"), Fault.BUSY),
        (exceptions.SerializationError("again"), Fault.BUSY),
        (exceptions.TooManyConnectionsError("full"), Fault.BUSY),
        (exceptions.DiskFullError("full"), Fault.BUSY),
        (exceptions.QueryCanceledError("by the user"), Fault.BUSY),
        (exceptions.ReadOnlySQLTransactionError("standby"), Fault.BUSY),
        (exceptions.InvalidPasswordError("no"), Fault.SHUT),
        (exceptions.InvalidCatalogNameError("no such database"), Fault.SHUT),
        (exceptions.UndefinedFunctionError("append_v1"), Fault.SHUT),
        (exceptions.InsufficientPrivilegeError("no"), Fault.SHUT),
        (exceptions.UniqueViolationError("twice"), Fault.WRONG),
        (exceptions.DataCorruptedError("page"), Fault.WRONG),
        (exceptions.DataError("not an integer"), Fault.WRONG),
        (exceptions.PostgresSyntaxError("near"), Fault.WRONG),
        (NotConnectedError(ConnectionRefusedError()), Fault.AWAY),
        (NotConnectedError(exceptions.TooManyConnectionsError("full")), Fault.AWAY),
        (NotConnectedError(exceptions.InvalidPasswordError("no")), Fault.SHUT),
    ],
    ids=repr,
)
def test_what_an_error_means(error: BaseException, fault: Fault) -> None:
    assert fault_of(error) is fault
    assert isinstance(error, CAUGHT)


def test_an_append_whose_connection_broke_is_ambiguous_and_a_read_is_not() -> None:
    lost = exceptions.ConnectionDoesNotExistError("closed in the middle")
    assert type(told(lost, ambiguous=True)) is Ambiguous
    assert type(told(lost)) is Unavailable
    assert type(told(exceptions.UniqueViolationError("twice"), ambiguous=True)) is Broken


def test_a_message_names_the_cause() -> None:
    error = told(NotConnectedError(ConnectionRefusedError("nobody listens")))
    assert "ConnectionRefusedError: nobody listens" in error.detail
    assert asyncpg.PostgresError in DRIVER_ERRORS
