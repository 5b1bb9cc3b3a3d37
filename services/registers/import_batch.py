"""导入批次 · Import batch: one file taken in under one profile, and perhaps taken back again.

Every fact an import records names its batch as its cause, so that a batch can be looked through,
finished where it was cut short, and undone.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from events.fact import Coded, Quantity
from services.kernel.words import Count, Label, Party
from services.kernel.workflow import Command, Context, Fact, Opening, State, Workflow

KEEPERS = (Party.IMPORTER, Party.ADMINISTRATOR)

ProfileName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$"),
    Field(examples=["boston_311"]),
    Label("导入配置", "Profile"),
]
Digest = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9a-f]{64}$"),
    Field(examples=["0" * 64]),
    Label("文件内容摘要（SHA-256）", "SHA-256 of the file's content"),
]
Attempt = Annotated[Count, Label("第几次导入该文件", "Which import of this file")]


class Batch(State):
    """One batch."""

    profile: str


class Running(Batch, zh="导入中"):
    """Begun. One that was cut short stays here until somebody goes on with it."""


class Finished(Batch, zh="已导入"):
    """Every row has been looked at."""


class Undoing(Batch, zh="撤销中"):
    """What it recorded is being taken back."""


class Undone(Batch, zh="已撤销"):
    """Nothing of it counts any more. The file can be imported again, as another batch."""


class ImportBatchStarted(Fact, zh="导入已开始"):
    """A file is being taken in."""

    profile: Annotated[ProfileName, Coded]
    digest: Digest
    attempt: Attempt

    def apply(self, nothing: None) -> Running:
        """The first fact of a batch."""
        return Running(self.about, self.profile)


class ImportBatchFinished(Fact, zh="导入已完成"):
    """What became of the rows, in the run that came to the end of the file."""

    profile: Annotated[ProfileName, Coded]
    rows: Annotated[Count, Label("行数", "Rows"), Quantity]
    accepted: Annotated[Count, Label("接受", "Accepted"), Quantity]
    repeated: Annotated[Count, Label("重复", "Repeated")]
    refused: Annotated[Count, Label("拒绝", "Refused")]

    def apply(self, batch: Running) -> Finished:
        """Complete."""
        return Finished(self.about, batch.profile)


class ImportBatchUndoStarted(Fact, zh="撤销已开始", en="Undo started"):
    """From here on its cases are being voided."""

    def apply(self, batch: Running | Finished) -> Undoing:
        """No way back: import it again instead."""
        return Undoing(self.about, batch.profile)


class ImportBatchUndone(Fact, zh="导入已撤销"):
    """Every case that could be voided has been. `kept`: those that had been worked on since."""

    profile: Annotated[ProfileName, Coded]
    cases: Annotated[Count, Label("案件", "Cases"), Quantity]
    kept: Annotated[Count, Label("保留", "Kept"), Quantity]

    def apply(self, batch: Undoing) -> Undone:
        """The end."""
        return Undone(self.about, batch.profile)


class Start(Opening, zh="开始导入", by=KEEPERS):
    """Begin with a file."""

    profile: ProfileName
    digest: Digest
    attempt: Attempt

    def decide(self, batch: None, context: Context) -> ImportBatchStarted:
        """Whether this file was there before is seen from the id, made of these three."""
        return ImportBatchStarted(
            about=self.about(context),
            profile=self.profile,
            digest=self.digest,
            attempt=self.attempt,
        )


class Finish(Command, zh="完成导入", by=KEEPERS):
    """Say what became of the rows."""

    rows: Annotated[Count, Label("行数", "Rows")]
    accepted: Annotated[Count, Label("接受", "Accepted")]
    repeated: Annotated[Count, Label("重复", "Repeated")]
    refused: Annotated[Count, Label("拒绝", "Refused")]

    def decide(self, batch: Running, context: Context) -> ImportBatchFinished:
        """Once."""
        return ImportBatchFinished(
            about=batch.about,
            profile=batch.profile,
            rows=self.rows,
            accepted=self.accepted,
            repeated=self.repeated,
            refused=self.refused,
        )


class Undo(Command, zh="撤销导入", by=KEEPERS):
    """Begin to take it back."""

    def decide(self, batch: Running | Finished, context: Context) -> ImportBatchUndoStarted:
        """Also one that was cut short."""
        return ImportBatchUndoStarted(about=batch.about)


class FinishUndo(Command, zh="完成撤销", by=KEEPERS):
    """Say that it has been taken back."""

    cases: Annotated[Count, Label("案件", "Cases")]
    kept: Annotated[Count, Label("保留", "Kept")]

    def decide(self, batch: Undoing, context: Context) -> ImportBatchUndone:
        """Once."""
        return ImportBatchUndone(
            about=batch.about, profile=batch.profile, cases=self.cases, kept=self.kept
        )


WORKFLOW = Workflow(__name__, zh="导入批次")
