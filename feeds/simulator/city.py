"""The simulated city as one stream of messages: pure, seeded, without clock or network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from data.profile import City
from feeds.simulator.calls import Calls, Places
from feeds.simulator.dispatch import Dispatch
from feeds.simulator.faults import Faults
from feeds.simulator.figures import figures
from feeds.simulator.hotspots import Hotspots
from feeds.simulator.noise import even, key
from feeds.simulator.outgoing import FULL, SECOND, Detail, Outgoing
from feeds.simulator.shifts import Shifts
from feeds.simulator.units import Unit
from feeds.simulator.ways import Spot, Ways

HEARTBEAT_MS = 30 * SECOND
SENDERS = {"ambulances": "dispatch-112", "incidents": "dispatch-112", "hotspots": "wifi-controller"}


class SimulatedCity:
    """A city's day from a moment on. The same profile, seed and start give the same messages,
    whatever steps the caller takes.

    ways: the graph that its units drive on. Positions and telemetry that a `Detail` leaves out
    change nothing else.
    """

    def __init__(self, city: City, seed: object, start_ms: int) -> None:
        seed = f"{seed}/{start_ms}"
        figure = figures(city.simulation)
        self.city, self.start_ms = city, start_ms
        self.ways = Ways(city)
        members = city.registry.get("ambulances", {})
        homes = _homes(city, self.ways)
        spare = sorted(homes)
        self._units = []
        for n, member in enumerate(members.values()):
            home = homes.get(member.extra.get("station", ""), homes[spare[n % len(spare)]])
            kind = "motorcycle" if member.kind == "motorcycle" else "car"
            self._units.append(Unit(city.id, member.id, kind, home, n, seed, start_ms))
        calls = Calls(city, Places(city, self.ways), figure, seed, start_ms)
        self._dispatch = Dispatch(city, calls, self._units, self.ways, figure, start_ms)
        Shifts(self._dispatch, city.tz, seed, start_ms)
        hotspots = city.registry.get("hotspots", {})
        self._hotspots = Hotspots(city.id, hotspots, figure, city.tz, seed, start_ms)
        self._faults = Faults(seed)
        self._beats = [
            (
                f"city/{city.id}/feeds/{feed}/heartbeat",
                sender,
                int(HEARTBEAT_MS * even(key(seed, "beat", feed))),
            )
            for feed, sender in SENDERS.items()
            if feed == "incidents" or city.registry.get(feed)
        ]
        self._now = start_ms
        self._held: list[tuple[int, str, int, int, Outgoing]] = []
        self._count = 0

    @property
    def now_ms(self) -> int:
        """Up to when messages have been given out."""
        return self._now

    def open_incidents(self) -> list[str]:
        """Ids of the incidents that are not closed at `now_ms`."""
        return sorted(self._dispatch.open)

    def until(self, to_ms: int, detail: Detail = FULL) -> list[Outgoing]:
        """The messages with now_ms ≤ at_ms < to_ms, in the order of at_ms; then now_ms is to_ms."""
        if to_ms <= self._now:
            return []
        for messages in self._sources(self._now, to_ms, detail):
            for m in self._faults.through(messages):
                self._count += 1
                # the count settles only what one source says of one object at one moment; for
                # everything else it would depend on the caller's steps
                heappush(self._held, (m.at_ms, m.topic, m.event_ms, self._count, m))
        self._now = to_ms
        out = []
        while self._held and self._held[0][0] < to_ms:
            out.append(heappop(self._held)[4])
        return out

    def _sources(self, start_ms: int, to_ms: int, detail: Detail) -> Iterator[Iterable[Outgoing]]:
        yield self._dispatch.advance(to_ms)
        yield self._hotspots.advance(to_ms)
        if detail.positions_every:
            for unit in self._units:
                yield unit.positions(start_ms, to_ms, detail.positions_every)
        if detail.telemetry_every:
            yield self._hotspots.telemetry(start_ms, to_ms, detail.telemetry_every)
        if detail.heartbeats:
            yield self._heartbeats(start_ms, to_ms)
        for unit in self._units:
            unit.forget(to_ms)

    def _heartbeats(self, start_ms: int, to_ms: int) -> list[Outgoing]:
        out = []
        for topic, sender, phase in self._beats:
            for n in range(-(-(start_ms - phase) // HEARTBEAT_MS), -(-(to_ms - phase) // HEARTBEAT_MS)):
                t = n * HEARTBEAT_MS + phase
                out.append(Outgoing(t, topic, {"sender": sender, "queue": 0}, False, t))
        return out


def _homes(city: City, ways: Ways) -> dict[str, Spot]:
    """Where units wait: the stations, else the middle of each district, else of the city."""
    places = [(s.id, s.lat, s.lon) for s in city.stations]
    places = places or [(d.id, *d.label) for d in city.districts] or [("", *city.center)]
    return {id: ways.spot(lat, lon) for id, lat, lon in places}
