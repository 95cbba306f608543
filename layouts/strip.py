"""The feed strip: every source with the age of its last word. A dead one is a solid violet cell."""

from __future__ import annotations

from collections.abc import Mapping

from dash import html

from data.clock import rfc3339
from data.contracts import Feed
from data.i18n import Translator
from data.live.picture import Picture
from layouts import ids
from layouts.leaves import Leaves, data


def strip(feeds: Mapping[str, Feed], tr: Translator) -> html.Section:
    """One cell a feed, in the order given."""
    return html.Section(
        [
            html.Div([html.H2(tr("Feeds")), html.B(id=ids.FEEDS_COUNT)], className="cell cell-count"),
            *(
                html.Div(
                    [html.Span(tr(feed.short)), html.B(className="age")],
                    id=ids.feed(name), className="cell", title=tr(feed.title),
                    **data(feed=name, as_of="", max_age=f"{feed.silent_after.total_seconds():g}"),
                )
                for name, feed in feeds.items()
            ),
        ],
        className="panel strip",
    )  # fmt: skip


def leaves(picture: Picture, feeds: Mapping[str, Feed], tr: Translator) -> Leaves:
    """When each feed last spoke, and how many of them do."""
    heard = {name: picture.feeds[name].last_heard_ms if name in picture.feeds else None for name in feeds}
    alive = sum(
        ms is not None and picture.now_ms - ms <= feeds[name].silent_after.total_seconds() * 1000
        for name, ms in heard.items()
    )
    count = tr("{n} of {total}", n=tr.number(alive), total=tr.number(len(feeds)))
    return {
        ids.FEEDS_COUNT: {"children": count},
        **{ids.feed(name): {"data-as-of": rfc3339(ms) or ""} for name, ms in heard.items()},
    }
