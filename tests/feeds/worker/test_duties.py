"""Work that must happen once: who does it, one reading a minute, and past minutes told anew."""

from __future__ import annotations

import pytest

from data.clock import now_ms
from data.store import readings
from data.store.keys import Keys
from data.store.workers import Lease
from feeds.worker import duties
from feeds.worker.duties import MINUTE_MS, Duties
from tests.data.store.entries import Writer, heartbeat
from tests.data.store.entries import status as status_at
from tests.room import FEEDS, KPIS, StoreView, settings_for
from tests.servers import until

UP = "hotspots.up_pct"


@pytest.fixture
def view(one_store, city):
    found = StoreView(one_store.client(), city)
    yield found
    found.client.close()


@pytest.fixture
def made(one_store, city, var):
    running = []

    def make():
        settings = settings_for(one_store.url, "mqtt://127.0.0.1:1", var, city.id)
        running.append(Duties(settings, city, FEEDS, KPIS))
        return running[-1]

    yield make
    for one in running:
        if one.is_alive():
            one.end()


@pytest.fixture
def writer(one_store, city):
    return Writer(one_store.url, city.id)


def said(id, word, at, received=None):
    """A hotspot's status at an absolute time."""
    from tests.data.store.entries import T0

    return status_at(id, word, at - T0, received=received or at)


def minutes(view, kpi=UP, last_ms=10**15):
    return dict(readings.minutes(view.client, view.keys, [kpi], 0, last_ms)[kpi])


def test_a_lease_has_one_holder_and_is_taken_over_when_that_one_dies(one_store, city):
    client, keys = one_store.client(), Keys(city.id)
    first, second = Lease(client, keys, "x", life_ms=300), Lease(client, keys, "x", life_ms=300)
    assert first.hold() and first.hold()
    assert not second.hold()
    until(second.hold, "the lease of the dead")
    assert not first.hold(), "it came back too late"
    second.release()
    assert first.hold()
    second.release()
    assert not second.hold(), "only the holder can give it back"


def test_duties_of_a_dead_worker_are_taken_over_within_seconds(made, view, monkeypatch):
    monkeypatch.setattr(duties, "EVALUATE_S", 0.2)
    first, second = made(), made()
    for one in (first, second):
        one._lease._life_ms = 1000
    first.start()
    until(lambda: readings.latest(view.client, view.keys), "the first reading")
    second.start()
    holder = view.client.get(view.keys.lease("duties"))
    first._stop_event.set()  # it dies without giving anything back
    first.join(5)
    until(lambda: view.client.get(view.keys.lease("duties")) not in (None, holder), "a new holder")
    view.client.delete(view.keys.kpi_latest)
    until(lambda: readings.latest(view.client, view.keys), "readings by the new holder")


def test_a_worker_that_ends_in_good_order_hands_over_at_once(made, view):
    first = made()
    first.start()
    until(lambda: view.client.get(view.keys.lease("duties")), "the lease")
    first.end()
    assert view.client.get(view.keys.lease("duties")) is None


def test_one_reading_a_minute_is_kept_and_the_latest_is_always_there(made, view, writer):
    base = now_ms() // MINUTE_MS * MINUTE_MS
    one = made()
    writer.write(said("H-1", "up", base))
    for second in (1, 4, 30, 59, 61, 119):
        one._turn(base + second * 1000)
    kept = [m for m in minutes(view) if m >= base]
    assert kept == [base, base + MINUTE_MS]
    reading = readings.latest(view.client, view.keys)[UP]
    assert (reading.value, reading.n, reading.of, reading.as_of_ms) == (None, 1, 9, base)
    assert reading.why == "low_coverage"


def test_minutes_are_kept_for_48_hours(view):
    now = now_ms() // MINUTE_MS * MINUTE_MS
    reading = duties.evaluate((), {}, {}, {}, 0, live_only=False)
    assert reading == {}
    from data.contracts import Reading

    for hours in (49, 47, 0):
        readings.save_minutes(
            view.client, view.keys, [(UP, now - hours * 3_600_000, Reading(1.0, 1, 1, now))], now
        )
    assert [round((now - m) / 3_600_000) for m in minutes(view)] == [47, 0]


def test_a_minute_told_anew_replaces_the_one_before(view):
    from data.contracts import Reading

    now = now_ms() // MINUTE_MS * MINUTE_MS
    for value in (1.0, 2.0):
        readings.save_minutes(view.client, view.keys, [(UP, now, Reading(value, 1, 1, now))], now)
    assert [r.value for r in minutes(view).values()] == [2.0]


def test_late_messages_have_their_minutes_told_anew(made, view, writer):
    """All hotspots report up; later it turns out that three had been down for a while."""
    now = now_ms() // MINUTE_MS * MINUTE_MS + 30_000
    one = made()
    began = now - 20 * MINUTE_MS
    writer.write(*(said(f"H-{n}", "up", began) for n in range(1, 10)))
    one._turn(now)
    one._turn(now + 5_000)  # whatever the start asked for is done
    writer.write(*(said(f"H-{n}", "down", began + 5 * MINUTE_MS, received=now) for n in (1, 2, 3)))
    writer.write(*(said(f"H-{n}", "up", began + 10 * MINUTE_MS, received=now) for n in (1, 2, 3)))
    one._turn(now + 70_000)
    assert min(m for m in minutes(view)) <= began
    one._turn(now + 75_000)
    told = {round((m - (began - began % MINUTE_MS)) / MINUTE_MS): r.value for m, r in minutes(view).items()}
    assert told[4] == 100.0
    assert told[7] == pytest.approx(100 * 6 / 9)
    assert told[12] == 100.0


def test_a_device_that_is_late_with_every_message_does_not_put_it_off_for_ever(made, view, writer):
    now = now_ms() // MINUTE_MS * MINUTE_MS
    one = made()
    one._turn(now)
    told = []
    one._redo = lambda from_ms, at, live_only: told.append(at) or setattr(one, "_redo_from_ms", None)
    for n in range(100):
        at = now + 60_000 + n * 2000
        writer.write(said("H-1", "up" if n % 2 else "down", at - 200_000, received=at))
        one._turn(at)
    assert 1 <= len(told) <= 4


def test_minutes_of_an_outage_are_told_from_what_devices_sent_meanwhile(made, view, writer):
    now = now_ms() // MINUTE_MS * MINUTE_MS + 30_000
    writer.write(*(said(f"H-{n}", "up", now - 30 * MINUTE_MS) for n in range(1, 10)))
    first = made()
    first._turn(now - 20 * MINUTE_MS)  # then nothing runs for twenty minutes
    writer.write(*(said(f"H-{n}", "down", now - 10 * MINUTE_MS) for n in range(1, 10)))
    second = made()
    for wait in (0, 5_000, 10_000):
        second._turn(now + wait)
    told = {round((now - 30_000 - m) / MINUTE_MS): r.value for m, r in minutes(view).items()}
    assert told[15] in (100.0, None) and told[16] == 100.0
    assert told[5] == 0.0
    assert told[0] == 0.0


def test_a_store_that_is_away_ends_no_duty(own_store, city, var, monkeypatch):
    monkeypatch.setattr(duties, "EVALUATE_S", 0.1)
    server = own_store()
    one = Duties(settings_for(server.url, "mqtt://127.0.0.1:1", var, city.id), city, FEEDS, KPIS)
    one.start()
    view = StoreView(server.client(), city)
    until(lambda: readings.latest(view.client, view.keys), "readings")
    server.kill()
    server.start()
    view.client.delete(view.keys.kpi_latest)
    until(lambda: readings.latest(view.client, view.keys), "readings after the outage")
    assert one.is_alive()
    one.end()


def test_a_kpi_that_fails_takes_no_other_along(made, view, writer, monkeypatch):
    from dataclasses import replace

    def fails(given):
        raise ZeroDivisionError

    one = made()
    one._kpis = [replace(KPIS[0], compute=fails), *KPIS[1:]]
    writer.write(heartbeat("c", 0))
    one._turn(now_ms())
    latest = readings.latest(view.client, view.keys)
    assert latest[KPIS[0].id].why == "error: ZeroDivisionError"
    assert set(latest) == {k.id for k in KPIS}
