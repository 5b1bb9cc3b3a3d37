"""所做 · Which facts are somebody's deeds, who did them, and which numbers they add up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from projections.declare import Counter, Measure
from services.kernel.catalogue import Catalogue


def deeds(catalogue: Catalogue) -> frozenset[str]:
    """The facts that another fact of their kind confirms: of these `verified` is worth saying even
    where it is nothing."""
    kinds = (entry.workflow.confirms.values() for entry in catalogue.kinds())
    return frozenset(fact for confirmed in kinds for facts in confirmed for fact in facts)


def doers(catalogue: Catalogue) -> dict[str, str]:
    """The deeds that name who did them, each with the field that does; those of them as well that
    only the words every kind has confirm."""
    facts = deeds(catalogue).union(*(entry.workflow.deeds for entry in catalogue.kinds()))
    found = {fact: catalogue.shapes[fact].members[:1] for fact in sorted(facts)}
    return {fact: members[0] for fact, members in found.items() if members}


def numbers_of_deeds(counters: Iterable[Counter], doing: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of the numbers that one person's deeds add up to, by the field that names them.
    How many people did something is no number of one person's."""
    found: dict[str, list[str]] = {}
    for counter in counters:
        fields = {doing.get(fact, "") for fact in counter.on}
        field = min(fields, default="")
        of_people = counter.measure is Measure.DISTINCT and counter.of == field
        if counter.is_verifiable and len(fields) == 1 and field and not of_people:
            found.setdefault(field, []).append(counter.name)
    return found
