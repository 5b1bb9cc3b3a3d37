"""目录 · All kinds, registers and variants there are, found by their files.

A workflow is one file in `services/workflows` or `services/registers`; a variant is one TOML file
in `services/templates`, called `<kind>.<variant>.toml`:

    title = "微心愿 · Micro-wish"
    [terms]                                  # the kind's own model of terms
    item_type = "wish"
    [says]                                   # other wordings, by name of fact, command or state
    "claim.item_fulfilled" = { zh = "微心愿已实现", en = "Wish fulfilled" }
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from events.errors import Unknown
from events.fact import Fact as EventFact
from events.fact import Shape
from services.kernel.case import Case, CaseCommand
from services.kernel.checks import check_kind_name
from services.kernel.entry import CommandInfo, Entry, nearest, state_word
from services.kernel.pieces import SHARED_FACTS
from services.kernel.words import Actor, Label, Terms
from services.kernel.workflow import Workflow

SERVICES = Path(__file__).parents[1]
ROOMS = {"workflows": False, "registers": True}
"""Folders of workflow files, and whether they hold registers."""


@dataclass(frozen=True)
class Title:
    """What can be said of an entry without importing it: from the first line of its file."""

    name: str
    kind: str
    label: Label
    summary: str
    module: str
    is_register: bool
    template: Path | None = None


@dataclass(frozen=True)
class Template:
    """A variant as its file has it, not yet checked against its kind."""

    kind: str
    variant: str
    label: Label
    terms: Mapping[str, Any]
    says: Mapping[str, Label]


class Catalogue:
    """The entries of one process. `facts`, `shapes` and `upcasters` are those of all kinds.
    `left_out`: kinds that there are, and that this process was not asked for."""

    def __init__(self, entries: Iterable[Entry], left_out: Set[str] = frozenset()) -> None:
        self.left_out = left_out
        self.entries: dict[str, Entry] = {}
        for entry in entries:
            if entry.name in self.entries:
                raise AssertionError(f"two entries are called {entry.name!r}")
            self.entries[entry.name] = entry
        self.facts: dict[str, type[EventFact]] = dict(SHARED_FACTS)
        for entry in self.kinds():
            self.facts.update(entry.workflow.diagram.facts)
        self.shapes: dict[str, Shape] = {name: fact.shape() for name, fact in self.facts.items()}

    def kinds(self) -> Iterator[Entry]:
        """The kinds themselves, without their variants."""
        return (entry for entry in self.entries.values() if entry.variant is None)

    def entry(self, name: str) -> Entry:
        """An entry by its name, with `-` or `_`. Raises Unknown with the nearest."""
        found = self.entries.get(name.replace("-", "_"))
        if found is None:
            raise unknown_kind(name, self.entries)
        return found

    def of_stream(self, stream: str) -> Entry:
        """The kind of a stream. Raises Unknown."""
        return self.entry(stream.partition("/")[0])

    def with_template(self, template: Template) -> Catalogue:
        """The same with one more variant (installed as a fact of `rule`)."""
        added = variant(self.entry(template.kind), template)
        return Catalogue([*self.entries.values(), added], self.left_out)


def unknown_kind(name: str, known: Mapping[str, object]) -> Unknown:
    """The refusal of a kind that is not there."""
    near = nearest(name, known)
    return Unknown(
        f"there is no kind {name!r}" + (f": did you mean {near}?" if near else ""),
        what="kind",
        name=name,
        nearest=near,
        zh=f"没有 {name!r} 这一类" + (f",是否指 {near}?" if near else ""),
    )


def titles(services: Path = SERVICES) -> dict[str, Title]:
    """Every entry by name, read from title lines alone: nothing is imported."""
    found: dict[str, Title] = {}
    for room, is_register in ROOMS.items():
        for file in sorted((services / room).glob("*.py")):
            if file.stem.startswith("_"):
                continue
            label, summary = read_title(file)
            module = f"services.{room}.{file.stem}"
            found[file.stem] = Title(file.stem, file.stem, label, summary, module, is_register)
    for file in sorted((services / "templates").glob("*.toml")):
        template = read_template(file)
        kind = found.get(template.kind)
        if kind is None:
            raise AssertionError(f"{file.name} is a variant of {template.kind}, which is no kind")
        found[template.variant] = Title(
            template.variant,
            kind.kind,
            template.label,
            kind.summary,
            kind.module,
            kind.is_register,
            file,
        )
    return found


def read_title(file: Path) -> tuple[Label, str]:
    """Label and summary of a workflow file: `点单 · Order: a resident asks, …`."""
    with file.open(encoding="utf-8") as lines:
        first = lines.readline().strip().strip('"').strip()
    head, _, summary = first.partition(": ")
    zh, middle, en = head.partition(" · ")
    if not (zh and middle and en):
        raise AssertionError(f"{file.name} must begin with '中文 · English: …', not {first!r}")
    return Label(zh, en), summary


def read_template(file: Path) -> Template:
    """A template by its file. Raises AssertionError naming the file."""
    kind, _, name = file.stem.partition(".")
    return parse_template(kind, name, file.read_text(encoding="utf-8"))


def parse_template(kind: str, name: str, text: str) -> Template:
    """A template from its text."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise AssertionError(f"{kind}.{name}.toml cannot be read: {error}") from error
    if unknown := raw.keys() - {"title", "terms", "says"}:
        raise AssertionError(f"{kind}.{name}.toml has unknown keys {sorted(unknown)}")
    zh, _, en = str(raw.get("title", "")).partition(" · ")
    if not (zh and en):
        raise AssertionError(f"{kind}.{name}.toml needs title = '中文 · English'")
    says = {key: Label(one["zh"], one["en"]) for key, one in raw.get("says", {}).items()}
    return Template(kind, name, Label(zh, en), raw.get("terms", {}), says)


def variant(kind: Entry, template: Template) -> Entry:
    """A variant of a kind. Raises AssertionError for a term or wording that the kind has not."""
    name = f"{template.kind}.{template.variant}.toml"
    workflow = kind.workflow
    if workflow.terms is None:
        raise AssertionError(f"{name}: {template.kind} has no terms, so no variants")
    try:
        terms: Terms = workflow.terms.model_validate(template.terms)
    except ValidationError as error:
        wrong = error.errors()[0]
        field = ".".join(str(part) for part in wrong["loc"])
        near = nearest(field, workflow.terms.model_fields)
        hint = f"; did you mean {near}?" if near and near != field else ""
        raise AssertionError(f"{name}: [terms] {field}: {wrong['msg']}{hint}") from error
    for word in template.says:
        if word not in (known := sayable(kind)):
            raise AssertionError(
                f"{name}: [says] {word!r} is not known; nearest: {nearest(word, known)}"
            )
    return Entry(
        name=template.variant,
        kind=kind.kind,
        label=template.label,
        workflow=workflow,
        variant=template.variant,
        terms=terms,
        says=template.says,
        is_register=kind.is_register,
    )


def sayable(kind: Entry) -> frozenset[str]:
    """The names that a variant may word anew."""
    diagram = kind.workflow.diagram
    states = {state_word(state) for state in diagram.states}
    return frozenset({*diagram.facts, *kind.commands, *states, *SHARED_FACTS})


def discover() -> Catalogue:
    """Everything there is. Imports every workflow file and checks it."""
    return Catalogue(_entries(titles(), set()))


def only(name: str) -> Catalogue:
    """The one entry asked for, with its kind: imports a single workflow. Raises Unknown."""
    known = titles()
    title = known.get(name.replace("-", "_"))
    if title is None:
        raise unknown_kind(name, known)
    others = {one.kind for one in known.values()} - {title.kind}
    return Catalogue(_entries(known, {title.kind}), others)


def _entries(known: Mapping[str, Title], kinds: set[str]) -> Iterator[Entry]:
    made: dict[str, Entry] = {}
    for title in known.values():
        if kinds and title.kind not in kinds:
            continue
        check_kind_name(title.name)
        if title.template is None:
            made[title.name] = make_entry(title)
            yield made[title.name]
        else:
            yield variant(made[title.kind], read_template(title.template))


def make_entry(title: Title) -> Entry:
    """Import one workflow file."""
    module = importlib.import_module(title.module)
    workflow = getattr(module, "WORKFLOW", None)
    if not isinstance(workflow, Workflow):
        raise AssertionError(f"{title.module} declares no WORKFLOW")
    return entry_of(workflow, is_register=title.is_register)


def entry_of(workflow: Workflow, *, is_register: bool = False) -> Entry:
    """The entry of a kind itself. Its terms are the model's defaults, where it has them all."""
    terms = None
    if workflow.terms is not None and not any(
        info.is_required() for info in workflow.terms.model_fields.values()
    ):
        terms = workflow.terms()
    entry = Entry(
        name=workflow.name,
        kind=workflow.name,
        label=workflow.label,
        workflow=workflow,
        terms=terms,
        is_register=is_register,
    )
    if not entry.commands:
        raise AssertionError(f"{workflow.name} has no commands")
    return entry


def next_commands(entry: Entry, case: Case | None, actor: Actor) -> list[CommandInfo]:
    """What this person may do next with this case (None: whether to start one)."""
    parties = case.parties(actor) if case else actor.parties()
    if case is not None and case.state is None:
        return []
    return [
        info
        for info in entry.commands.values()
        if info.parties & parties
        and entry.offered(info, case.state if case else None)
        and (case is None or _makes_sense(info, case))
    ]


def _makes_sense(info: CommandInfo, case: Case) -> bool:
    if issubclass(info.model, CaseCommand):
        return info.model.open_to(case)
    return case.duplicate_of is None
