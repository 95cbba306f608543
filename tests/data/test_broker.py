"""A broker's address: the same for everybody who reads it."""

from __future__ import annotations

import pytest

from data.broker import Broker, broker_of


@pytest.mark.parametrize(
    ("url", "means"),
    [
        ("mqtt://127.0.0.1:1884", Broker("127.0.0.1", 1884)),
        ("mqtt://broker.example", Broker("broker.example", 1883)),
        ("mqtts://broker.example", Broker("broker.example", 8883, tls=True)),
        ("mqtts://broker.example:1884", Broker("broker.example", 1884, tls=True)),
        ("mqtt://[::1]:1884", Broker("::1", 1884)),
        (
            "mqtts://room:p%40ss%3Aword@broker.example",
            Broker("broker.example", 8883, tls=True, username="room", password="p@ss:word"),
        ),
    ],
)
def test_an_address_says_where_and_how(url, means):
    assert broker_of(url) == means


def test_what_people_read_holds_no_password():
    assert broker_of("mqtts://room:secret@broker.example").text == "broker.example:8883"


def test_a_client_gets_what_the_address_says():
    given = []

    class Client:
        def username_pw_set(self, name, password):
            given.append((name, password))

        def tls_set(self):
            given.append("tls")

    broker_of("mqtt://broker.example").prepare(Client())
    assert given == []
    broker_of("mqtts://room:secret@broker.example").prepare(Client())
    assert given == [("room", "secret"), "tls"]
