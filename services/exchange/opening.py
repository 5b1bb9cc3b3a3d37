"""打开 · A file of another system, unpacked, within limits: what it holds is not trusted.

Everything is read through these few functions, so that a broken archive, one that unpacks to far
more than it is, and a text without an end are refused here, before anything is recorded.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from events.errors import Invalid

CHUNK_BYTES = 1 << 20
FILE_BYTES_MAX = 4 << 30
"""Of a file, unpacked."""
WHOLE_BYTES_MAX = 512 << 20
"""Of a file that can only be read as a whole: a workbook, an array inside a JSON object."""
LINE_BYTES_MAX = 16 << 20
RATIO_MAX = 200
"""How many times its own size an archive may unpack to, beyond the first `RATIO_FREE` bytes. Tables
of a city come to 5 to 40; an archive made to fill a memory comes to 1,000."""
RATIO_FREE = 64 << 20


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a first reading told: the digest of the content (unpacked), and its size."""

    digest: str
    size: int


def opened(path: Path) -> IO[bytes]:
    """The content of a file, unpacked where its name ends in .gz. Raises Invalid."""
    try:
        if path.suffix == ".gz":
            return io.BufferedReader(gzip.open(path, "rb"), CHUNK_BYTES)
        return path.open("rb", buffering=CHUNK_BYTES)
    except OSError as error:
        raise Invalid(
            f"cannot open {path}: {error.strerror}",
            field="file",
            value=str(path),
            zh=f"无法打开 {path}:{error.strerror}",
        ) from error


def chunks(path: Path, most: int = FILE_BYTES_MAX) -> Iterator[bytes]:
    """The content piece by piece. Raises Invalid where it is broken, or too much."""
    packed = _size(path)
    size = lines = 0
    with opened(path) as file:
        while chunk := _next(file, path, lines):
            size += len(chunk)
            lines += chunk.count(b"\n")
            check_size(path.name, size, packed if path.suffix == ".gz" else size, most)
            yield chunk


def whole(path: Path) -> bytes:
    """The content of a file that can only be read at once. Raises Invalid."""
    return b"".join(chunks(path, WHOLE_BYTES_MAX))


def check_size(name: str, size: int, packed: int, most: int) -> None:
    """Raises Invalid where this is more than a file may come to."""
    if size > most:
        raise Invalid(
            f"{name} holds more than {most >> 20} MB: split it; nothing was recorded",
            field="file",
            value=name,
            zh=f"{name} 的内容超过 {most >> 20} MB：请分成几个文件；未作任何记录",
        )
    if size > RATIO_FREE and size > RATIO_MAX * packed:
        raise Invalid(
            f"the archive {name} unpacks to more than {RATIO_MAX} times its size, as no table does:"
            " if you trust it, unpack it yourself; nothing was recorded",
            field="file",
            value=name,
            zh=f"压缩文件 {name} 解开后超过自身的 {RATIO_MAX} 倍，不像数据表；"
            "如确认可信，请自行解压后再导入；未作任何记录",
        )


def check_line(name: str, line: int, size: int) -> None:
    """Raises Invalid where a line has no end."""
    if size > LINE_BYTES_MAX:
        raise Invalid(
            f"line {line} of {name} is longer than {LINE_BYTES_MAX >> 20} MB, as no row is: is it "
            "of the format that the profile says? Nothing was recorded",
            field="file",
            value=name,
            line=line,
            zh=f"{name} 第 {line} 行超过 {LINE_BYTES_MAX >> 20} MB，不像一行数据："
            "请核对配置中的 format；未作任何记录",
        )


def check_zip(path: Path, content: bytes) -> None:
    """A workbook is a zip archive: what it unpacks to is said in it. Raises Invalid."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise broken_workbook(path, str(error)) from error
    check_size(path.name, size, len(content), WHOLE_BYTES_MAX)


def broken_workbook(path: Path, why: str) -> Invalid:
    """What cannot be read as a workbook."""
    return Invalid(
        f"{path.name} cannot be read as a workbook (.xlsx): {why}. Save it anew from the "
        "spreadsheet, or as CSV; nothing was recorded",
        field="file",
        value=path.name,
        zh=f"{path.name} 不能按工作簿（.xlsx）读取：{why}。"
        "请在表格软件中重新保存，或另存为 CSV；未作任何记录",
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # `opened` says what is wrong


def _next(file: IO[bytes], path: Path, lines: int) -> bytes:
    try:
        return file.read(CHUNK_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Invalid(
            f"the archive {path.name} is broken after line {lines}: {error}. Fetch it again; "
            "nothing was recorded",
            field="file",
            value=path.name,
            line=lines,
            zh=f"压缩文件 {path.name} 在第 {lines} 行之后损坏或不完整：请重新获取；未作任何记录",
        ) from error
