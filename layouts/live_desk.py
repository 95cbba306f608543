"""All live properties of the desk and of feed health, as pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from data.attention import needs_attention
from data.contracts import Feed, Kpi, Target
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City
from layouts import desk_inbox, header, ids, legend, strip, tiles
from layouts.leaves import Leaves
from layouts.live_wall import response_target_s


def desk_leaves(
    picture: Picture, *, city: City, feeds: Mapping[str, Feed], kpis: Mapping[str, Kpi], tr: Translator
) -> Leaves:
    """Every live property of the desk by element id, for one picture and language."""
    rows = needs_attention(picture, feeds, response_target_s(city))
    found = feeds_leaves(picture, city=city, feeds=feeds, tr=tr)
    found |= desk_inbox.leaves(rows, empty=picture.mode == "empty", city=city, feeds=feeds, tr=tr)
    for kpi in kpis.values():
        found |= tiles.leaves(kpi, picture, city.kpis.get(kpi.id, Target(None)), tr)
        found.pop(ids.tile(kpi.id, "spark"), None)  # the desk shows the line when the figure is pressed
    found |= legend.leaves(picture, feeds, tr)
    for name, feed in feeds.items():
        found[ids.layer(name)] = {"children": count_text(picture, feed, tr)}
    return found


def feeds_leaves(picture: Picture, *, city: City, feeds: Mapping[str, Feed], tr: Translator) -> Leaves:
    """The live properties of the head and of the feed cells, which both pages have."""
    return header.leaves(picture, city, tr) | strip.leaves(picture, feeds, tr)


def count_text(picture: Picture, feed: Feed, tr: Translator) -> str:
    """How many objects a layer has: open ones, or those that are known of all."""
    things = [t for t in picture.things.get(feed.name, {}).values() if t.active]
    if feed.stale_after is None:
        return tr.number(len(things))
    known = sum(not t.stale(picture.now_ms) for t in things)
    return tr("{n} of {total}", n=tr.number(known), total=tr.number(len(things)))
