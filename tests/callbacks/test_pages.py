"""Addresses, headers and Dash's traps, on a running server."""

from __future__ import annotations

import inspect
from typing import Any

import httpx
import pytest

from callbacks.pages import make_view, place, view_key
from callbacks.server import create_app
from tests.callbacks.conftest import Web


@pytest.fixture(scope="module")
def dash_app(web: Web) -> Any:
    return create_app(web.room).state.dash


def test_the_first_deep_link_after_a_start_has_every_script(web: Web) -> None:
    # Dash sets itself up at the first request to `/`; ours must not wait for that
    text = httpx.get(f"{web.url}/wall").text
    assert "dash_renderer" in text and "dash_leaflet" in text and "/assets/" in text


def test_pages_and_probes_answer(web: Web) -> None:
    for path in ("/", "/wall", "/wall/overview", "/healthz", "/metrics", "/api/docs", "/api/openapi.json"):
        assert httpx.get(web.url + path).status_code == 200, path
        if not path.startswith("/api"):
            assert httpx.head(web.url + path).status_code == 200, path


@pytest.mark.parametrize(
    "path",
    ["/no-such-page", "/wall/no-such-scene", "/wall/a/b", "/api/v1/nothing", "/live", "/docs", "/desk/x"],
)
def test_an_unknown_address_is_404(web: Web, path: str) -> None:
    assert httpx.get(web.url + path).status_code == 404


@pytest.mark.parametrize("path", ["/", "/wall", "/desk", "/no-such-page"])
def test_the_page_says_its_language(web: Web, path: str) -> None:
    english = {"Accept-Language": "en-GB,en;q=0.9"}
    assert '<html lang="id">' in httpx.get(f"{web.url}{path}").text
    assert '<html lang="en">' in httpx.get(f"{web.url}{path}?lang=en").text
    assert '<html lang="en">' in httpx.get(f"{web.url}{path}", headers=english).text


def test_headers_forbid_what_a_page_does_not_need(web: Web) -> None:
    policy = httpx.get(f"{web.url}/wall").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe-eval" not in policy and "http" not in policy


def test_a_request_for_another_host_name_is_refused(web: Web) -> None:
    assert httpx.get(f"{web.url}/readyz", headers={"Host": "rebound.example"}).status_code == 421


def test_a_post_from_another_origin_is_refused(web: Web) -> None:
    answer = httpx.post(
        f"{web.url}/_dash-update-component", headers={"Origin": "https://evil.example"}, json={}
    )
    assert answer.status_code == 403


def test_without_a_store_the_room_says_so_and_lives(web: Web) -> None:
    assert httpx.get(f"{web.url}/healthz").status_code == 200
    assert httpx.get(f"{web.url}/api/v1/feeds").status_code == 503
    assert "room_store_up 0.0" in httpx.get(f"{web.url}/metrics").text


def test_no_callback_is_sync(dash_app: Any) -> None:
    for name, entry in dash_app.callback_map.items():
        if "callback" in entry:
            assert inspect.iscoroutinefunction(inspect.unwrap(entry["callback"])), name


def test_no_live_property_is_an_input_of_a_callback(web: Web, dash_app: Any) -> None:
    key = view_key(web.room, {"view": "wall", "lang": "en", "path": "/wall"})
    render = make_view(web.room, key)
    assert render is not None and web.room.hub.picture is not None
    live = {(id, prop) for id, props in render(web.room.hub.picture).items() for prop in props}
    used = {(i["id"], i["property"]) for c in dash_app._callback_list for i in [*c["inputs"], *c["state"]]}
    assert live and not live & used


def test_dash_opens_no_socket_of_its_own(web: Web) -> None:
    assert httpx.get(f"{web.url}/_dash-ws-callback").status_code == 404
    assert '"websocket"' not in httpx.get(f"{web.url}/wall").text


def test_scripts_come_compressed_and_whole(web: Web) -> None:
    text = httpx.get(f"{web.url}/wall").text
    path = next(p.split('"')[0] for p in text.split('src="') if p.startswith("/_dash") and "renderer" in p)
    plain = httpx.get(web.url + path, headers={"Accept-Encoding": "identity"})
    packed = httpx.get(web.url + path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip" and packed.content == plain.content


@pytest.mark.parametrize(
    "query", ["?width_m=nan", "?width_m=0", "?distance_m=inf", "?width_m=1e9", "?lang=%00"]
)
def test_an_address_with_nonsense_sizes_shows_the_usual_wall(web: Web, query: str) -> None:
    usual, odd = place(web.room, "/wall", ""), place(web.room, "/wall", query)
    assert odd == usual


def test_reading_distance_in_the_address_shapes_the_wall(web: Web) -> None:
    assert place(web.room, "/wall", "?width_m=1.22&distance_m=6").key.shape == "1.22x6"


def test_tiles_are_served_though_no_tile_server_answers(web: Web) -> None:
    answer = httpx.get(f"{web.url}/tiles/12/3302/2127", timeout=20)
    assert answer.status_code == 200 and answer.content.startswith(b"\x89PNG")


def test_the_base_map_is_ours(web: Web) -> None:
    answer = httpx.get(f"{web.url}/basemap.json")
    assert len(answer.json()["villages"]) == 177
    again = httpx.get(f"{web.url}/basemap.json", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_a_body_larger_than_anything_we_send_is_refused(web: Web) -> None:
    answer = httpx.post(f"{web.url}/_dash-update-component", content=b"x" * 1_000_001)
    assert answer.status_code == 413
