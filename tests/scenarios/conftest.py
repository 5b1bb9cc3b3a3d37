from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.staging import Stages, rehearsal, stages


@pytest.fixture(scope="session")
async def made() -> AsyncIterator[Stages]:
    """Stages on a server of their own, which need not keep what is played on it."""
    with rehearsal(print) as server:
        async with stages(server, hasty=True) as found:
            yield found
