"""The worker's connection, on real brokers: what it says when the broker is there and does not speak."""

from __future__ import annotations

import time

import pytest

from feeds.worker.subscriber import ANSWER_S, ASK_S, Subscriber
from tests.servers import until


@pytest.mark.parametrize("kind", ["iotcore", "mosquitto"])
def test_a_broker_that_hangs_is_noticed_in_time_for_the_screens(own_broker, kind):
    """Its socket stays open; a keepalive would tell after half a minute."""
    broker = own_broker(kind)
    subscriber = Subscriber(broker.url, "room-test-worker-1", ["city/test/#"], 100)

    def step():
        subscriber.step(0.05)
        return subscriber

    until(lambda: step().subscribed, "the subscription")
    quiet_until = time.monotonic() + 2 * (ASK_S + ANSWER_S)
    while time.monotonic() < quiet_until:
        assert not step().trouble  # a quiet broker answers
    broker.pause()
    began = time.monotonic()
    until(lambda: step().trouble, "the trouble to be told")
    assert time.monotonic() - began < ASK_S + ANSWER_S + 0.5
    assert "does not answer" in subscriber.trouble
    broker.go_on()
    until(lambda: not step().trouble, "the answer")
    assert subscriber.subscribed and subscriber.link == 1  # over the same connection
    subscriber.close()
