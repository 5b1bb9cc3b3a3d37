"""日志输出 · Where the parts of the program tell what happens to them: on stderr, not on stdout."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.typing import Processor


def to_stderr(*, quiet: bool, serving: bool = False) -> None:
    """Lines for people where stderr is a terminal, one JSON object a line where it is not.

    A verb tells of trouble only; a server also of what it does.
    """
    at_terminal = sys.stderr.isatty()
    last: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if at_terminal
        else [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    )
    level = logging.ERROR if quiet else logging.INFO if serving else logging.WARNING
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
