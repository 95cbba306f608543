"""Many pages in one process that poll a Dash app once a second, as `dcc.Interval` does.

`python -m bench.pollers PORT COUNT` prints `ready`; `reset` begins to count, `report` prints JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time


def request(port: int, tick: int) -> bytes:
    """The POST that the renderer sends when the interval fires."""
    body = json.dumps(
        {
            "output": "rows.data", "outputs": {"id": "rows", "property": "data"},
            "inputs": [{"id": "tick", "property": "n_intervals", "value": tick}],
            "changedPropIds": ["tick.n_intervals"], "parsedChangedPropsIds": ["tick.n_intervals"], "state": [],
        }
    ).encode()  # fmt: skip
    return (
        f"POST /_dash-update-component HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def page(port: int, delay_s: float, late_ms: list[float], sizes: list[int]) -> None:
    """One page: a request a second over one kept connection."""
    await asyncio.sleep(delay_s)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    due, tick = time.perf_counter(), 0
    while True:
        tick += 1
        began = time.perf_counter()
        writer.write(request(port, tick))
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            raise ConnectionError(f"the polled app answered {head[:60]!r}")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:-2])
        size = int(fields[b"content-length"])
        await reader.readexactly(size)
        late_ms.append((time.perf_counter() - began) * 1000)
        sizes.append(size)
        due += 1
        await asyncio.sleep(max(0.0, due - time.perf_counter()))


async def run(port: int, count: int) -> None:
    """Open all pages, then answer until stdin closes."""
    late_ms: list[float] = []
    sizes: list[int] = []
    pages = [asyncio.create_task(page(port, n / count, late_ms, sizes)) for n in range(count)]
    while len(late_ms) < count:
        await asyncio.sleep(0.05)
        for task in pages:
            if task.done():
                task.result()
    print("ready", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        if line == "reset":
            late_ms.clear()
            sizes.clear()
            print("ok", flush=True)
        else:
            print(json.dumps({"late_ms": late_ms, "bytes": sum(sizes)}), flush=True)
    for task in pages:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]), int(sys.argv[2])))
