"""Everything on one machine: starts the roles in order, restarts what dies, ends them in order.

Only this process reacts to Ctrl-C, TERM and a closing terminal: the first one ends the room in
order (each stage gets what the one before has sent), a second one at once. Its own death, even
by kill -9, closes the children's stdin, and they end by themselves.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import time
from collections.abc import Sequence
from types import FrameType
from typing import Any

from data.settings import Settings
from deploy.local import broker, running, store
from deploy.local.child import Child, Plan
from deploy.local.cure import Cure
from deploy.local.logfile import LogFile
from deploy.local.plan import address, choose_ports, plans
from deploy.local.terminal import Terminal

ENDING = ("simulator", "worker", "web", "broker", "store")
DEATHS_TOO_MANY = 5
DEATHS_WITHIN_S = 30.0
FILES = (65_536, 10_240, 4_096)


def main(settings: Settings, simulation: Sequence[str] = ()) -> int:
    """Run the room until told to end; the exit code. simulation: arguments of the simulator.

    Raises Cure when it cannot run.
    """
    with running.only_room(settings), Asked() as asked:
        _more_files()
        settings, inner = choose_ports(settings)
        room = Supervisor(settings, plans(settings, inner, simulation), asked)
        try:
            return room.run()
        finally:
            running.drop(settings)


class Supervisor:
    """The loop over the children."""

    def __init__(self, settings: Settings, planned: Sequence[Plan], asked: Asked) -> None:
        self._settings = settings
        self._children = [Child(p) for p in planned]
        self._asked = asked
        self._terminal = Terminal()
        self._log = LogFile(settings.var / "log")
        self._began = time.monotonic()
        self._up = False
        self._failure = ""

    def run(self) -> int:
        """Start, watch, end. 0 after an orderly end, 1 after a forced one; raises Cure."""
        say = self._terminal.say
        s = self._settings
        say(f"Situation room of {s.city}, data in {s.var}", "strong")
        try:
            for child in self._children:  # all at once: their imports run side by side
                child.start()
            self._note()
            while not self._asked.times and not self._failure:
                self._give_turns()
                self._listen(0.1)
                self._restart()
            killed = self._end()
        finally:
            for child in self._children:
                child.kill()
            self._terminal.close()
            self._log.close()
        if self._failure:
            raise Cure(self._failure)
        return killed

    def _give_turns(self) -> None:
        ready = {c.name for c in self._children if c.ready_text is not None}
        running_s = time.monotonic() - self._began
        for child in self._children:
            late = child.plan.at_latest_s is not None and running_s > child.plan.at_latest_s
            if not child.may_go and (late or ready.issuperset(child.plan.after)):
                child.tell("go")

    def _listen(self, wait_s: float, *, ending: bool = False) -> None:
        fds = [fd for child in self._children for fd in child.fds()]
        poll = select.poll()  # unlike select it takes numbers above 1023
        for fd in [*fds, self._asked.fd]:
            poll.register(fd, select.POLLIN)
        poll.poll(wait_s * 1000)
        with contextlib.suppress(BlockingIOError):
            os.read(self._asked.fd, 100)
        for child in self._children:
            for kind, text in child.hear():
                self._heard(child, kind, text, ending)
        if not ending:
            self._look_for_dead()

    def _heard(self, child: Child, kind: str, text: str, ending: bool) -> None:
        if kind == "ready":
            took = time.monotonic() - (self._began if not self._up else child.started)
            again = "ready again" if child.deaths else "ready"
            if not ending:
                self._say(child, f"{again:<8} {text}  ({took:.1f} s)", "good")
            if child.name == "web" and not self._up:
                self._up = True
                self._welcome()
        elif kind == "busy":
            self._say(child, text, "quiet")
        elif kind == "line":
            event = self._log.take(child.name, text)
            if event.get("level") in ("warning", "error", "critical") and not ending:
                look = "watch" if event["level"] == "warning" else "bad"
                self._terminal.say_seldom(f"  {child.name:<10} {_plain(event)}", look)

    def _look_for_dead(self) -> None:
        now = time.monotonic()
        for child in self._children:
            code = child.died(now)
            if code is None:
                continue
            for kind, text in child.hear():  # its last words
                self._heard(child, kind, text, False)
            child.close()
            how = f"was killed (signal {-code})" if code < 0 else f"ended (exit code {code})"
            last = _last_words(child)
            if not self._up:
                if code == 2 and child.cure:
                    self._failure = child.cure
                    return
                recent = [d for d in child.deaths if now - d < DEATHS_WITHIN_S]
                if len(recent) >= DEATHS_TOO_MANY:
                    why = child.cure or f"{last or 'it said nothing'} (all of it in {self._log.path})"
                    self._failure = f"{child.name} {how} {len(recent)} times while the room starts: {why}"
                    return
            pause = (child.restart_at or now) - now
            why = child.cure or last
            self._say(
                child,
                f"{how}{f': {why}' if why else ''}; starts again in {pause:.1f} s, log in {self._log.path}",
                "bad",
            )

    def _restart(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.restart_at is not None and now >= child.restart_at:
                child.start()

    def _end(self) -> int:
        """End in order, each stage when the one before is gone; 1 if anything had to be killed."""
        if not self._failure:
            self._terminal.say("stopping … (Ctrl-C again: at once)", "quiet")
        order = {name: at for at, name in enumerate(ENDING)}
        killed = 0
        for child in sorted(self._children, key=lambda c: order[c.name]):
            end = time.monotonic() + child.plan.end_s
            child.tell("stop")
            while child.alive and time.monotonic() < end and self._asked.times < 2:
                self._listen(0.05, ending=True)
            if self._asked.times > 1:
                self._terminal.say("ended at once", "bad")
                return 1
            if child.alive:
                killed = 1
                self._say(child, f"did not end within {child.plan.end_s:.0f} s: killed", "bad")
            child.kill()
        if not self._failure:
            self._terminal.say("stopped, everything is stored" if not killed else "stopped", "quiet")
        return killed

    def _note(self) -> None:
        s = self._settings
        noted: dict[str, dict[str, Any]] = {
            "web": {"url": address(s), "host": s.http_host, "port": s.http_port}
        }
        if s.embedded_store:
            noted["store"] = {"url": f"redis://{store.HOST}:{s.redis_port}/0", "port": s.redis_port}
        if s.embedded_broker:
            noted["broker"] = {"url": f"mqtt://{broker.HOST}:{s.mqtt_port}", "port": s.mqtt_port}
        started_ms = int(time.time() * 1000)
        running.put(s, noted, pid=os.getpid(), city=s.city, started_ms=started_ms, simulating=s.simulating)

    def _welcome(self) -> None:
        s, say = self._settings, self._terminal.say
        url = address(s)
        shown = s.masked()
        mqtt = shown["mqtt_url"] or f"mqtt://{broker.HOST}:{s.mqtt_port}  (MQTT 5 and 3.1.1)"
        say()
        say(f"  Wall    {url}/wall", "strong")
        say(f"  API     {url}/api/v1/feeds   (described at {url}/api/docs)")
        say(f"  Broker  {mqtt}")
        say(f"  Store   {shown['redis_url'] or f'redis://{store.HOST}:{s.redis_port}/0'}")
        say()
        say("Ctrl-C stops everything.", "quiet")

    def _say(self, child: Child, text: str, look: str) -> None:
        self._terminal.say_seldom(f"  {child.name:<10} {text}", look)


def _plain(event: dict[str, Any]) -> str:
    hidden = ("event", "level", "timestamp", "role", "logger", "exception")
    rest = " ".join(f"{k}={v}" for k, v in event.items() if k not in hidden)
    text = f"{event.get('event', '')} {rest}".strip()
    last = str(event.get("exception") or "").strip().rpartition("\n")[2]
    if last not in text:  # a role that failed says it itself, as `why`
        text += f": {last}"
    return " ".join(text.split())[:400]


def _last_words(child: Child) -> str:
    line = child.last_line
    if line.startswith("{"):
        with contextlib.suppress(ValueError):
            return _plain(json.loads(line))
    return line[:400]


class Asked:
    """How often we were told to end. `fd` becomes readable with each time, so that no wait outlasts it."""

    def __init__(self) -> None:
        self.times = 0
        self.fd, self._wake = os.pipe()
        for fd in (self.fd, self._wake):
            os.set_blocking(fd, False)

    def __enter__(self) -> Asked:
        # installed also over "ignore", which is what a shell's background jobs are started with
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._signalled)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_error: object) -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # nothing is left to end but this process, which does
        os.close(self.fd)
        os.close(self._wake)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.times += 1


def _more_files() -> None:
    """A thousand screens and devices need more open files than many systems grant at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for want in FILES:  # macOS says "unlimited" and then takes less
        if soft < want and (hard == resource.RLIM_INFINITY or want <= hard):
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (want, hard))
                return
