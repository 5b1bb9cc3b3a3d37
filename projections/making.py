"""计数声明 · The short ways to declare a counter: `counters.py` is made of these."""

from __future__ import annotations

from dataclasses import replace

from projections.declare import Counter, Measure, Names, Values

HOUR, DAY = 3_600, 86_400
Facts = tuple[str, ...]


def count(
    name: str, zh: str, en: str, on: str | Facts, word: str = "次", **where: Values
) -> Counter:
    """How often these facts were recorded."""
    facts = (on,) if isinstance(on, str) else on
    return Counter(name, zh, en, on=facts, word=word, where=where)


def net(
    name: str, zh: str, en: str, on: Facts, down_on: Facts, word: str = "个", **where: Values
) -> Counter:
    """How many there are: those that came, less those that went."""
    return Counter(
        name, zh, en, on=on, down_on=down_on, measure=Measure.CURRENT, word=word, where=where
    )


def distinct(
    name: str, zh: str, en: str, on: Facts, of: Names, word: str = "名", down_on: Facts = ()
) -> Counter:
    """How many different ones there are."""
    return Counter(name, zh, en, on=on, down_on=down_on, measure=Measure.DISTINCT, of=of, word=word)


def total(name: str, zh: str, en: str, on: Facts, of: str, word: str) -> Counter:
    """The sum of a field."""
    return Counter(name, zh, en, on=on, measure=Measure.SUM, of=of, word=word)


def took(
    name: str, zh: str, en: str, on: Facts, since: str, per: int, word: str, **where: Values
) -> Counter:
    """The median of the time since an instant."""
    return Counter(
        name, zh, en, on=on, measure=Measure.DURATION, since=since, per=per, word=word, where=where
    )


RATE_LEAST = 10
"""Of fewer no rate is told: it would say something of single people, and nothing of the rest."""


def ratio(
    name: str, zh: str, en: str, numerator: str, denominator: str, *, least: int = RATE_LEAST
) -> Counter:
    """A rate: two counters, shown together. `least` is 0 for a share of what is few by its nature
    and known completely: the seats of a body, the duties of a quarter."""
    return Counter(
        name,
        zh,
        en,
        measure=Measure.RATIO,
        numerator=numerator,
        denominator=denominator,
        word="%",
        least=least,
    )


def only(
    base: Counter, name: str, zh: str, en: str, word: str | None = None, **where: Values
) -> Counter:
    """A narrower counter of the same facts."""
    narrower = {**base.where, **where}
    return replace(base, name=name, zh=zh, en=en, where=narrower, word=word or base.word)


def within(base: Counter, label: str, zh: str, en: str, seconds: int) -> Counter:
    """Those that took at most so long."""
    named = only(base, f"{base.name}_within_{label}", f"{zh}内{base.zh}", f"{base.en} within {en}")
    return replace(named, within=("counted_from", seconds))
