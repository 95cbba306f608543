"""docs/add-a-feed.md, executed as it is written: declaration, profile, messages, and what follows from them."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import app
from callbacks.server import create_app, create_room
from data.contracts import Feed
from data.i18n import Translator
from data.i18n_extract import texts
from data.live.follow import Follower
from data.profile import City, load_city
from data.settings import PROJECT, Settings
from layouts import ids
from layouts.leaves import walk
from layouts.scale import shape
from layouts.wall import wall
from tests.room import FEEDS, KPIS, Room, city_id
from tests.servers import BrokerServer, StoreServer, until

PAGE = (PROJECT / "docs" / "add-a-feed.md").read_text()


def block(language: str, containing: str = "") -> str:
    """The one block of this language on the page that contains this text."""
    found = [b for b in re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.M | re.S) if containing in b]
    assert len(found) == 1, (language, containing, found)
    return found[0]


@pytest.fixture
def feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Feed:
    """The page's module, from a folder of its own, known to the room of this test."""
    path = tmp_path / "pumps.py"
    path.write_text(block("python"))
    spec = importlib.util.spec_from_file_location("feeds_of_this_test_pumps", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # types of its messages are looked up there
    spec.loader.exec_module(module)
    monkeypatch.setitem(FEEDS, "pumps", module.FEED)
    return module.FEED


@pytest.fixture
def city(feed: Feed, tmp_path: Path) -> City:
    """Semarang's profile with the page's edits, under an id of this test's own."""
    folder = tmp_path / "cities" / "semarang"
    shutil.copytree(PROJECT / "data" / "cities" / "semarang", folder)
    (folder / "pumps.csv").write_text(block("csv"))
    profile, enabled = (folder / "city.toml").read_text(), block("toml", "enabled")
    profile, replaced = re.subn(r"^enabled = \[.*\n", enabled, profile, flags=re.M)
    assert replaced == 1 and "[registry]" in profile
    profile = re.sub(r"^(\[registry\].*\n)", r"\g<1>" + block("toml", "pumps.csv"), profile, flags=re.M)
    (folder / "city.toml").write_text(profile)
    loaded = load_city(
        "semarang", [folder.parent], known_feeds=[*app.find_feeds(), feed.name],
        known_kpis=[k.id for k in app.find_kpis()], known_formats=list(app.find_formats()),
    )  # fmt: skip
    return dataclasses.replace(loaded, id=city_id())


@pytest.fixture
def room(
    make_room: Callable[..., Room], one_store: StoreServer, one_broker: BrokerServer, city: City
) -> Room:
    made = make_room(one_store, one_broker, city)
    made.worker.start()
    return made


@pytest.fixture
def web(room: Room, one_store: StoreServer, city: City) -> Iterator[TestClient]:
    served = create_room(Settings(redis_url=one_store.url, var=room.var), city, FEEDS, KPIS)
    follower = Follower(one_store.url, city, FEEDS, KPIS, lambda: 50.0, served.hub.update)
    follower.start()
    yield TestClient(create_app(served), base_url="http://127.0.0.1:8050")
    follower.end()


def send(room: Room, city: City) -> int:
    """Publish what the page's commands publish; how many messages that were."""
    post = room.post()
    commands = re.findall(r"^mosquitto_pub .*", PAGE, re.M)
    for line in commands:
        words = shlex.split(line.replace("$(date +%s)", str(int(time.time()))))
        topic, payload = (words[words.index(option) + 1] for option in ("-t", "-m"))
        post.publish(topic.replace("city/semarang/", f"city/{city.id}/"), payload)
    return len(commands)


def test_the_page_leads_from_a_declaration_to_layer_counters_and_dead_letters(
    room: Room, web: TestClient, city: City
) -> None:
    room.has_taken(send(room, city))

    def get(path: str) -> Any:
        return web.get(f"/api/v1/{path}").json()

    def heard() -> Any:
        answer = web.get("/api/v1/layers/pumps")
        found = {f["id"]: f for f in answer.json()["features"]} if answer.status_code == 200 else {}
        return found if found.get("P-01", {}).get("properties", {}).get("level_m") else None

    pumps = until(heard, "the pump on its layer")
    assert set(pumps) == {"P-01", "P-02"}
    assert pumps["P-01"]["properties"]["state"] == "running"
    assert pumps["P-01"]["properties"]["label"] == "Kali Semarang"
    assert pumps["P-01"]["geometry"]["coordinates"] == [110.415, -6.955]
    assert pumps["P-02"]["properties"]["state"] == "unknown"
    letters = get("dead-letters?feed=pumps")["dead_letters"]
    assert [d["code"] for d in letters] == ["unknown_object", "invalid"]
    feeds = get("feeds")
    counted = {f["feed"]: f for f in feeds["feeds"]}["pumps"]
    assert (counted["received"], counted["accepted"], counted["rejected"]) == (4, 2, 2)
    assert [s["sender"] for s in feeds["unknown_senders"]] == ["pumps/P-99"]
    shown = get("objects/pumps/P-01?lang=en")
    assert shown["state_label"] == "running" and shown["rows"][0] == ["Water level", "1.2\u00a0m"]
    past = web.get(
        "/api/v1/history/pumps", params={"from": "2020-01-01T00:00:00Z", "to": "2099-01-01T00:00:00Z"}
    )
    assert {json.loads(line)["message"] for line in past.text.splitlines()} == {"status", "level"}, past.text


def test_the_wall_shows_it_without_an_edit(feed: Feed, city: City) -> None:
    built = wall(
        city=city, scene=city.scenes["overview"], feeds={n: FEEDS[n] for n in city.feeds},
        kpis={k.id: k for k in KPIS}, tr=Translator("en"), shape=shape(), build="b", basemap_url="/map",
    )  # fmt: skip
    elements = {c.id: c for c in walk(built) if getattr(c, "id", None)}
    assert ids.feed("pumps") in elements
    config = json.loads(getattr(elements[ids.CONFIG], "data-config"))
    layer = next(one for one in config["layers"] if one["name"] == "pumps")
    assert layer["states"] == {s.code: s.label for s in feed.states}


def test_its_texts_are_found_for_the_catalogs(feed: Feed) -> None:
    found = set(texts(block("python")))
    assert {feed.noun, feed.title, feed.short, *(s.label for s in feed.states)} <= found
    assert {text for c in feed.columns for text in (c.label, c.unit) if text} <= found


def test_feeds_are_shown_in_the_order_of_the_profile(tmp_path: Path) -> None:
    folder = tmp_path / "backwards"
    shutil.copytree(PROJECT / "data" / "cities" / "semarang", folder)
    profile = (folder / "city.toml").read_text().replace('id = "semarang"', 'id = "backwards"', 1)
    enabled = 'enabled = ["hotspots", "incidents", "ambulances"]\n'
    (folder / "city.toml").write_text(re.sub(r"^enabled = \[.*\n", enabled, profile, flags=re.M))
    world = app.load_world(Settings(city="backwards", cities_path=str(tmp_path)))
    assert list(world.feeds) == ["hotspots", "incidents", "ambulances"]
