"""The desk's addresses, interface and weight, on a running server without a store."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from callbacks.live.hub import ViewKey
from callbacks.pages import make_view, place, view_key
from callbacks.server import create_app
from tests.callbacks.conftest import Web

API = "/api/v1/desk"


@pytest.mark.parametrize(
    "path", ["/desk", "/desk/feeds", "/desk?sel=incidents/I-1", "/desk?sel=%00&theme=dark"]
)
def test_the_desk_answers(web: Web, path: str) -> None:
    assert httpx.get(web.url + path).status_code == 200
    assert httpx.head(web.url + path).status_code == 200


def test_only_the_desk_loads_the_grid(web: Web) -> None:
    assert "dash_ag_grid" in httpx.get(f"{web.url}/desk").text
    for path in ("/", "/wall", "/desk/feeds"):
        assert "/dash_ag_grid/" not in httpx.get(web.url + path).text, path


def test_the_desk_is_light_unless_asked(web: Web) -> None:
    assert place(web.room, "/desk", "").theme == "light"
    assert place(web.room, "/desk", "?theme=dark").theme == "dark"
    assert place(web.room, "/desk", "?theme=url(x)").theme == "light"


def test_a_selection_is_the_same_live_view(web: Web) -> None:
    plain = view_key(web.room, {"path": "/desk", "lang": "en"})
    chosen = view_key(web.room, {"path": "/desk", "search": "?sel=incidents/I-1&off=hotspots", "lang": "en"})
    assert plain == chosen


@pytest.mark.parametrize("view", ["desk", "feeds"])
def test_no_live_property_of_the_desk_is_an_input_of_a_callback(web: Web, view: str) -> None:
    render = make_view(web.room, ViewKey(view, "en"))
    assert render is not None and web.room.hub.picture is not None
    live = {(id, prop) for id, props in render(web.room.hub.picture).items() for prop in props}
    app: Any = create_app(web.room).state.dash
    used = {(i["id"], i["property"]) for c in app._callback_list for i in [*c["inputs"], *c["state"]]}
    assert live and not live & used


def test_what_is_not_there_is_404_and_named(web: Web) -> None:
    for path in ("objects/ambulances/NOPE", "objects/nope/x", "kpis/nope", "tables/nope"):
        answer = httpx.get(f"{web.url}{API}/{path}")
        assert answer.status_code == 404, path
        assert "nope" in answer.text.lower()


def test_without_a_store_details_say_so_and_tables_go_on(web: Web) -> None:
    assert httpx.get(f"{web.url}{API}/objects/ambulances/AMB-01").status_code == 503
    assert httpx.get(f"{web.url}{API}/feeds").status_code == 503
    rows = httpx.get(f"{web.url}{API}/tables/ambulances?lang=en").json()["rows"]
    assert "AMB-01" in [r["id"] for r in rows]


def test_search_speaks_the_readers_language(web: Web) -> None:
    hits = httpx.get(f"{web.url}{API}/search", params={"q": "amb-01", "lang": "en"}).json()["hits"]
    assert hits[0]["sel"] == "ambulances/AMB-01"
    assert httpx.get(f"{web.url}{API}/search", params={"q": "x" * 500}).status_code == 422
