"""The dispatch centre and its crews: from a call to its close, event by event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from math import exp
from random import Random
from typing import Any

from data.profile import City, Hospital
from feeds.simulator.calls import ACCIDENT, Call, Calls
from feeds.simulator.figures import Figures
from feeds.simulator.hours import local_hour, rush
from feeds.simulator.outgoing import MINUTE, SECOND, Outgoing
from feeds.simulator.units import Unit
from feeds.simulator.ways import Spot, Ways

# Assumed: speed by severity (blue light), None: no hurry; time to get going; triage at the desk.
PRIORITY = {1: 1.1, 2: 0.97, 3: 0.85, 4: 0.85, None: 0.8}
GOING = {1: 0.7, 2: 0.8, 3: 1.0, 4: 1.5}
TRIAGE_S = {1: (20, 50), 2: (30, 80), 3: (40, 130), 4: (300, 2000)}
SILENT_SHARE = 0.04
ASTRAY_SHARE = 0.1  # the address is hard to find, the gate is locked, the lane is flooded
CODES = {"cancelled": "cancelled", "nobody": "nobody_found"}


@dataclass(slots=True)
class Incident:
    """One call under way. crews: units on it. carrier: the car that takes the patient."""

    call: Call
    id: str
    spot: Spot
    crews: dict[str, Unit] = field(default_factory=dict)
    carrier: Unit | None = None
    reached: bool = False
    wants: str = ""  # in the queue: for `any` unit, or a `car` to carry
    closed: bool = False


class Dispatch:
    """Runs the calls. `advance` returns every status and every stage in the order of time."""

    def __init__(
        self, city: City, calls: Calls, units: Sequence[Unit], ways: Ways, figures: Figures, start_ms: int
    ) -> None:
        self._city, self._calls, self._ways, self._figures = city, calls, ways, figures
        self.units = list(units)
        self.open: dict[str, Incident] = {}
        self._queue: list[Incident] = []
        self._hospitals = [
            (h, ways.spot(h.lat, h.lon)) for h in city.hospitals if h.emergency or h.kind == "women_children"
        ]
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._seq = 0
        self._out: list[Outgoing] = []
        self._last_id_s = 0
        for n, unit in enumerate(self.units):
            self._at(start_ms + n * 20, self._report_for_duty, unit)
        self._next_call()

    # --- the machine

    def _at(self, t: int, what: Callable[..., None], *args: Any) -> None:
        self._seq += 1
        heappush(self._heap, (t, self._seq, what, args))

    def advance(self, to_ms: int) -> list[Outgoing]:
        """Everything that happens before a moment."""
        while self._heap and self._heap[0][0] < to_ms:
            t, _, what, args = heappop(self._heap)
            what(t, *args)
        out, self._out = self._out, []
        return out

    def _stage(self, t: int, incident: Incident, stage: str, **more: str) -> None:
        topic = f"city/{self._city.id}/incidents/{incident.id}/progress"
        self._out.append(Outgoing(t, topic, {"stage": stage, **more}, False, t))

    def _press(self, t: int, unit: Unit, state: str, **more: str) -> None:
        self._out.append(unit.status(t, state, **more))

    # --- a call comes in

    def _next_call(self) -> None:
        call = self._calls.take()
        if call is not None:
            self._at(call.at_ms, self._receive, call)

    def _receive(self, t: int, call: Call) -> None:
        self._next_call()
        incident = Incident(call, self._id(t), self._ways.spot(call.lat, call.lon))
        self.open[incident.id] = incident
        payload = {
            "category": call.kind.text, "severity": call.severity, "lat": call.lat, "lon": call.lon,
            "channel": call.channel, "address": call.address,
        }  # fmt: skip
        self._out.append(
            Outgoing(t, f"city/{self._city.id}/incidents/{incident.id}/report", payload, False, t)
        )
        if call.ambulance:
            wait_s = min(60.0, 3 + call.random.expovariate(1 / 5))
        else:
            wait_s = call.random.uniform(60, 600) * (2 if call.channel == "online" else 1)
        self._at(t + int(wait_s * SECOND), self._answer, incident)

    def _id(self, t: int) -> str:
        """Local date and time to the second: in order, readable, never used twice."""
        self._last_id_s = max(t // SECOND, self._last_id_s + 1)
        local = datetime.fromtimestamp(self._last_id_s, UTC).astimezone(self._city.tz)
        return f"{local:%y%m%d-%H%M%S}"

    def _answer(self, t: int, incident: Incident) -> None:
        self._stage(t, incident, "answered")
        call = incident.call
        if not call.ambulance:
            hours = min(6.0, (0.55 if call.severity == 3 else 1.2) * exp(call.random.gauss(0, 0.6)))
            self._at(t + int(hours * 60 * MINUTE), self._close, incident)
            return
        low, high = TRIAGE_S[call.severity]
        sent_ms = t + int(call.random.uniform(low, high) * SECOND)
        self._at(sent_ms, self._assign, incident)
        if call.outcome == "cancelled":
            self._at(sent_ms + int(call.random.uniform(60, 400) * SECOND), self._cancel, incident)

    # --- sending crews

    def _assign(self, t: int, incident: Incident) -> None:
        if incident.closed:
            return
        chosen = self._choose(t, incident)
        for unit in chosen:
            self._send(t, unit, incident)
        if not chosen:
            self._enqueue(incident, "any")

    def _enqueue(self, incident: Incident, wants: str) -> None:
        incident.wants = wants
        if incident not in self._queue:
            self._queue.append(incident)
            self._queue.sort(key=lambda i: (i.call.severity, i.call.at_ms))

    def _serve_queue(self, t: int) -> None:
        waiting, self._queue = self._queue, []
        for incident in waiting:
            wants, incident.wants = incident.wants, ""
            if wants == "car":
                self._send_car(t, incident)
            else:
                self._assign(t, incident)

    def _kmh(self, unit: Unit, severity: int | None, t: int) -> float:
        flow = rush(local_hour(self._city.tz, t))
        if unit.car:
            return self._figures.car_speed_kmh * PRIORITY[severity] * flow
        return self._figures.motorcycle_speed_kmh * PRIORITY[severity] * (1 + flow) / 2

    def _near(self, t: int, incident: Incident, kind: str = "") -> list[tuple[float, str, Unit]]:
        """(minutes until it could be there, id, unit) of the free units, nearest first."""
        found = []
        severity = incident.call.severity
        for unit in self.units:
            if unit.state == "available" and kind in ("", unit.kind):
                start_ms, start = unit.next_start(t, self._ways)
                going_s = self._figures.turnout_s * GOING[severity] if unit.standing(t) else 15
                minutes = self._ways.minutes(start, incident.spot, unit.kind) / self._kmh(unit, severity, t)
                found.append(((start_ms - t) / MINUTE + going_s / 60 + minutes, unit.id, unit))
        return sorted(found)

    def _choose(self, t: int, incident: Incident) -> list[Unit]:
        call = incident.call
        near = self._near(t, incident)
        cars = [n for n in near if n[2].car]
        bikes = [n for n in near if not n[2].car]
        if not cars or not bikes:
            return [unit for _, _, unit in near[: 2 if call.severity == 1 else 1]]
        car, bike = cars[0], bikes[0]
        if call.severity == 1:
            second = bike if bike[0] < car[0] + 2 or len(cars) < 2 else cars[1]
            return [car[2], second[2]]
        if call.severity == 2:
            if call.kind in ACCIDENT and len(cars) > 1 and call.random.random() < 0.2:
                return [car[2], cars[1][2]]
            return [car[2], bike[2]] if bike[0] + 1.5 < car[0] else [car[2]]
        if call.narrow and bike[0] < car[0] + 3:
            return [bike[2]]
        if call.severity == 3:
            return [bike[2]] if bike[0] + 1.5 < car[0] else [car[2]]
        return [bike[2]] if bike[0] < car[0] and call.random.random() < 0.5 else [car[2]]

    def _send(self, t: int, unit: Unit, incident: Incident) -> None:
        call = incident.call
        unit.mission += 1
        unit.incident = incident
        incident.crews[unit.id] = unit
        self._stage(t, incident, "dispatched", unit_id=unit.id)
        self._press(t, unit, "dispatched", incident_id=incident.id)
        if unit.standing(t):
            going_s = self._figures.turnout_s * GOING[call.severity] * _spread(call.random, 0.3)
        else:
            going_s = call.random.uniform(8, 25)
        self._at(t + int(going_s * SECOND), self._roll, unit, unit.mission)
        if call.random.random() < SILENT_SHARE:
            begin = t + int(call.random.uniform(2, 15) * MINUTE)
            unit.silences.append((begin, begin + int(call.random.uniform(3, 9) * MINUTE)))

    def _roll(self, t: int, unit: Unit, mission: int) -> None:
        if unit.mission != mission:
            return
        incident: Incident = unit.incident
        self._stage(t, incident, "en_route", unit_id=unit.id)
        self._press(t, unit, "en_route", incident_id=incident.id)
        random = incident.call.random
        kmh = self._kmh(unit, incident.call.severity, t) * _spread(random, 0.25)
        if random.random() < ASTRAY_SHARE:
            kmh *= random.uniform(0.4, 0.75)
        leg = unit.drive(t, self._ways, incident.spot, kmh)
        self._at(leg.end_ms, self._reach, unit, mission)

    # --- at the place

    def _reach(self, t: int, unit: Unit, mission: int) -> None:
        if unit.mission != mission:
            return
        incident: Incident = unit.incident
        call = incident.call
        incident.reached = True
        self._stage(t, incident, "on_scene", unit_id=unit.id)
        self._press(t, unit, "on_scene", incident_id=incident.id)
        stay = int(self._figures.on_scene_min * (1.15 if call.severity == 1 else 1) * MINUTE)
        stay = int(stay * _spread(call.random, 0.35))
        if call.outcome != "helped":
            self._at(t + int(call.random.uniform(3, 8) * MINUTE), self._leave, unit, mission)
        elif not call.transport:
            self._at(t + stay, self._leave, unit, mission)
        elif unit.car and incident.carrier is None:
            incident.carrier = unit
            self._at(t + stay, self._depart, unit, mission)
        elif unit.car:
            self._at(t + stay * 3 // 4, self._leave, unit, mission)
        elif not any(u.car for u in incident.crews.values()):
            # the crew on the motorcycle finds that the patient must be carried
            self._at(t + int(call.random.uniform(2, 4) * MINUTE), self._send_car, incident)

    def _send_car(self, t: int, incident: Incident) -> None:
        if incident.closed or any(u.car for u in incident.crews.values()):
            return
        cars = [n for n in self._near(t, incident) if n[2].car]
        if cars:
            self._send(t, cars[0][2], incident)
        elif any(u.car for u in self.units):
            self._enqueue(incident, "car")
        else:  # a city without cars: the motorcycle's crew does what it can
            incident.call.transport = False
            for unit in list(incident.crews.values()):
                self._leave(t, unit, unit.mission)

    def _depart(self, t: int, unit: Unit, mission: int) -> None:
        if unit.mission != mission:
            return
        incident: Incident = unit.incident
        for other in list(incident.crews.values()):
            if other is not unit:  # nobody else is needed any more, on the scene or on the way
                self._leave(t, other, other.mission)
        goal = self._hospital_for(incident, t)
        if goal is None:
            self._leave(t, unit, mission)
            return
        hospital, spot = goal
        says = {"incident_id": incident.id, "hospital_id": hospital.id}
        self._stage(t, incident, "transporting", unit_id=unit.id, hospital_id=hospital.id)
        self._press(t, unit, "transporting", **says)
        hurry = 2 if incident.call.severity == 1 else 3
        kmh = self._kmh(unit, hurry, t) * _spread(incident.call.random, 0.15)
        leg = unit.drive(t, self._ways, spot, kmh)
        self._at(leg.end_ms, self._hand_over, unit, mission, says)

    def _hospital_for(self, incident: Incident, t: int) -> tuple[Hospital, Spot] | None:
        """Mostly the nearest that takes such a patient; now and then the one they ask for."""
        call = incident.call
        fit = [(h, s) for h, s in self._hospitals if h.emergency or call.kind.women]
        if not fit:
            return None
        return min(
            fit,
            key=lambda hs: (
                (3 + self._ways.minutes(incident.spot, hs[1], "car") / 30) * _spread(call.random, 0.25)
            ),
        )

    def _hand_over(self, t: int, unit: Unit, mission: int, says: dict[str, str]) -> None:
        if unit.mission != mission:
            return
        incident: Incident = unit.incident
        self._stage(t, incident, "at_hospital", unit_id=unit.id, hospital_id=says["hospital_id"])
        self._press(t, unit, "at_hospital", **says)
        stay = int(self._figures.handover_min * MINUTE * _spread(incident.call.random, 0.35))
        self._at(t + stay, self._leave, unit, mission)

    # --- the end

    def _leave(self, t: int, unit: Unit, mission: int) -> None:
        """A crew is free again; with the last one the incident is closed."""
        if unit.mission != mission:
            return
        incident: Incident = unit.incident
        del incident.crews[unit.id]
        self._free(t, unit, incident.call.random)
        if incident.closed:
            return
        if not incident.call.transport:
            # who is still on the way is not needed any more
            for other in list(incident.crews.values()):
                if other.state in ("dispatched", "en_route"):
                    del incident.crews[other.id]
                    self._free(t, other, incident.call.random)
        if not incident.crews and not incident.wants:
            self._at(t + int(incident.call.random.uniform(5, 40) * SECOND), self._close, incident)

    def _cancel(self, t: int, incident: Incident) -> None:
        if incident.reached or incident.closed:
            return
        for unit in list(incident.crews.values()):
            del incident.crews[unit.id]
            self._free(t, unit, incident.call.random)
        incident.wants = ""
        if incident in self._queue:
            self._queue.remove(incident)
        self._close(t, incident)

    def _close(self, t: int, incident: Incident) -> None:
        if incident.closed:
            return
        incident.closed = True
        del self.open[incident.id]
        call = incident.call
        code = call.outcome if not call.ambulance else CODES.get(call.outcome, "")
        if call.outcome == "cancelled" and incident.reached:
            code = "nobody_found"
        self._stage(
            t,
            incident,
            "closed",
            close_code=code or ("transported" if call.transport else "treated_on_scene"),
        )

    def _free(self, t: int, unit: Unit, random: Random) -> None:
        unit.incident = None
        unit.mission += 1
        if unit.leave_duty:
            unit.leave_duty = False
            self._press(t, unit, "out_of_service")
        else:
            self._press(t, unit, "available")
            if self._queue:
                self._at(t + 20 * SECOND, self._serve_queue)
        self._at(t + int(random.uniform(15, 90) * SECOND), self._return, unit, unit.mission)

    def _return(self, t: int, unit: Unit, mission: int) -> None:
        if unit.mission == mission and not unit.at_home(t):
            unit.drive_home(t, self._ways, self._kmh(unit, None, t))

    # --- duty

    def _report_for_duty(self, t: int, unit: Unit) -> None:
        self._press(t, unit, unit.state)

    def off_duty(self, t: int, unit: Unit) -> None:
        """The unit leaves service: now if it is free, else when its incident lets it go."""
        if unit.state == "available":
            unit.mission += 1
            self._press(t, unit, "out_of_service")
            self._return(t, unit, unit.mission)
        elif unit.state != "out_of_service":
            unit.leave_duty = True

    def on_duty(self, t: int, unit: Unit) -> None:
        """The unit is back."""
        unit.leave_duty = False
        if unit.state == "out_of_service":
            unit.mission += 1
            self._press(t, unit, "available")
            if self._queue:
                self._at(t + 20 * SECOND, self._serve_queue)

    def plan(self, t: int, what: Callable[..., None], *args: Any) -> None:
        """Something from outside that happens at a moment: what(t, *args)."""
        self._at(t, what, *args)


def _spread(random: Random, sigma: float) -> float:
    """A factor around 1 with a longer tail upwards."""
    return exp(random.gauss(0, sigma))
