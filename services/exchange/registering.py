"""登记 · Areas and units of a source enter the registers before the first row that names them."""

from __future__ import annotations

import re

from events.errors import Denied
from services.exchange.desk import Desk
from services.exchange.names import Names
from services.exchange.profile import Profile
from services.kernel.identity import identifier
from services.registers.area import Level
from services.registers.org import OrgKind

NAME_MAX = 80
BLANK = "未注明 · not stated"
LEVELS = (
    Level.CITY,
    Level.DISTRICT,
    Level.STREET,
    Level.COMMUNITY,
    Level.GRID,
    Level.BUILDING,
)
_UNFIT = re.compile(r"[\x00-\x1f<>]+")


class Registrar:
    """Registers what one import meets. `events` counts the facts that took."""

    def __init__(self, desk: Desk, profile: Profile, names: Names) -> None:
        self._desk = desk
        self._profile = profile
        self._names = names
        self._areas_done = 0
        self._units_done = 0
        self.events = 0

    def check(self) -> None:
        """The codes the profile maps names to must be registered, within the importer's reach.

        Raises Unknown with the nearest code, or Denied.
        """
        directory, grant = self._desk.directory, self._desk.grant
        for code in self._profile.areas.values():
            directory.area(code)
        for code in self._profile.units.values():
            directory.unit(code)
        root = self._profile.root_area
        there = [code for code in (root, *self._profile.areas.values()) if code in directory.areas]
        for code in there:
            if not directory.reaches(grant, code):
                raise Denied(
                    f"the import would reach area {code}, outside your {grant.area}",
                    zh=f"导入涉及区域 {code}，超出您的范围 {grant.area}",
                    area=code,
                )

    async def root(self) -> None:
        """The area under which all others of the source stand."""
        code = self._profile.root_area
        if code not in self._desk.directory.areas:
            above = self._desk.grant.area
            await self._area(code, self._profile.title, above, None)

    async def newly_met(self, cause: str) -> None:
        """Everything met since the last call."""
        areas, units = self._names.made_areas(), self._names.made_units()
        for text in list(areas)[self._areas_done :]:
            if areas[text] not in self._desk.directory.areas:
                await self._area(areas[text], text, self._profile.root_area, cause)
        for text in list(units)[self._units_done :]:
            if units[text] not in self._desk.directory.units:
                await self._unit(units[text], text, cause)
        self._areas_done, self._units_done = len(areas), len(units)

    async def _area(self, code: str, text: str, parent: str | None, cause: str | None) -> None:
        fields = {
            "code": code,
            "name": display(text),
            "level": self._below(parent).value,
            "parent": parent,
        }
        await self._enter("area", "define", code, fields, cause)

    async def _unit(self, code: str, text: str, cause: str) -> None:
        fields = {
            "code": code,
            "name": display(text),
            "area": self._profile.root_area,
            "org_kind": OrgKind.DEPARTMENT.value,
        }
        await self._enter("org", "register", code, fields, cause)

    async def _enter(
        self, kind: str, command: str, code: str, fields: dict[str, str | None], cause: str | None
    ) -> None:
        done = await self._desk.do(
            kind, command, fields, identifier(self._profile.name, kind, code), cause=cause
        )
        self.events += 0 if done.replayed else len(done.events)

    def _below(self, parent: str | None) -> Level:
        """The level of an area that lies in this one."""
        above = self._desk.directory.areas.get(parent or "")
        places = [place for place, level in enumerate(LEVELS) if above and level == above.level]
        return LEVELS[min(places[0] + 1, len(LEVELS) - 1)] if places else LEVELS[0]


def display(text: str) -> str:
    """A raw name as the registers take names: without control characters, never blank."""
    return _UNFIT.sub(" ", text).strip()[:NAME_MAX].strip() or BLANK
