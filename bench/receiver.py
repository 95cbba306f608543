"""The yardstick: a paho client that only receives. Stock loop, MQTT 5, QoS 1, acknowledged by paho itself.

`python -m bench.receiver PORT FILTER` prints `ready` once subscribed, then the number of messages
received whenever it is asked with a line.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion


def main() -> None:
    """See the module's text."""
    port, topics = int(sys.argv[1]), sys.argv[2]
    received = 0
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)

    def on_message(_client: Any, _data: Any, _message: mqtt.MQTTMessage) -> None:
        nonlocal received
        received += 1

    client.on_message = on_message
    client.on_connect = lambda c, *_: c.subscribe(topics, qos=1)
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.connect("127.0.0.1", port)

    def answer() -> None:
        for _line in sys.stdin:
            print(received, flush=True)
        client.disconnect()

    threading.Thread(target=answer, daemon=True).start()
    client.loop_forever()


if __name__ == "__main__":
    main()
