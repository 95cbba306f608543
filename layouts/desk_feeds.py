"""Feed health as a document: rates, ages, counters that add up, unknown senders, refused messages. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data.clock import rfc3339
from data.contracts import N_, Feed, FeedHealth
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City
from data.store.read import DeadLetter
from layouts import desk_words as words

UNROUTED = "unrouted"
CODES: Mapping[str, str] = {
    "not_json": N_("no JSON"),
    "bad_topic": N_("no known topic"),
    "bad_id": N_("no usable number"),
    "invalid": N_("a value is wrong"),
    "bad_time": N_("the time is wrong"),
    "time_missing": N_("no time given"),
    "time_future": N_("from the future"),
    "time_past": N_("too far in the past"),
    "too_large": N_("too large"),
    "too_far": N_("far from the city"),
    "no_fix": N_("no position"),
    "unknown_feed": N_("no such feed"),
    "unknown_message": N_("no such message"),
    "unknown_object": N_("not registered"),
    "unknown_device": N_("device not registered"),
}


def document(
    health: Mapping[str, FeedHealth],
    senders: Mapping[str, Mapping[str, int]],
    unknown: Sequence[Mapping[str, Any]],
    letters: Sequence[DeadLetter],
    picture: Picture,
    *,
    city: City,
    feeds: Mapping[str, Feed],
    tr: Translator,
) -> dict[str, Any]:
    """The whole page. senders: per feed, each sending system's last heartbeat in ms."""
    names = [*feeds, UNROUTED]
    return {
        "as_of": rfc3339(picture.now_ms),
        "blocks": [
            _feeds(names, health, picture, feeds, tr),
            _sums(names, health, feeds, tr),
            _senders(senders, feeds, tr),
            _unknown(unknown, city, tr),
            _letters(letters, sum(h.rejected for h in health.values()), city, feeds, tr),
        ],
    }


def _title(name: str, feeds: Mapping[str, Feed], tr: Translator) -> str:
    return tr(feeds[name].title) if name in feeds else tr("no feed's topic")


def _aged(ms: int | None, max_age_s: float | None) -> dict[str, Any]:
    return {"as_of": rfc3339(ms) or "", "max_age": max_age_s}


def _feeds(
    names: Sequence[str],
    health: Mapping[str, FeedHealth],
    picture: Picture,
    feeds: Mapping[str, Feed],
    tr: Translator,
) -> dict[str, Any]:
    lines: list[list[Any]] = []
    for name in names:
        if name not in feeds:
            continue
        row, live = health.get(name, FeedHealth(name)), picture.feeds.get(name)
        things = [t for t in picture.things.get(name, {}).values() if t.active]
        stale = sum(feeds[name].stale_after is not None and t.stale(picture.now_ms) for t in things)
        lines.append(
            [
                _title(name, feeds, tr),
                _aged(row.last_heard_ms, feeds[name].silent_after.total_seconds()),
                tr.number(live.rate_per_s if live else 0.0, 2),
                _aged(row.last_event_ms, None),
                tr.number(len(things)),
                tr.number(stale),
            ]
        )
    heads = [tr("Feed"), tr("Last heard"), tr("Messages/s"), tr("Newest event"), tr("Objects"), tr("Unknown")]
    return words.table(
        "feeds", tr("Feeds"), heads, lines, tr("violet: silent for longer than the feed allows")
    )


def _sums(
    names: Sequence[str], health: Mapping[str, FeedHealth], feeds: Mapping[str, Feed], tr: Translator
) -> dict[str, Any]:
    lines: list[list[Any]] = []
    for name in names:
        h = health.get(name, FeedHealth(name))
        whole = h.accepted + h.duplicates + h.ignored + h.rejected
        lines.append(
            [
                _title(name, feeds, tr),
                *(tr.number(n) for n in (h.received, h.accepted, h.duplicates, h.ignored, h.rejected)),
                tr("adds up") if whole == h.received else tr("{n} missing", n=tr.number(h.received - whole)),
                tr.number(h.late),
                tr.number(h.thinned),
            ]
        )
    heads = [
        tr("Feed"), tr("Received"), tr("Accepted"), tr("Repeats"), tr("Ignored"), tr("Refused"), tr("Sum"),
        tr("of these late"), tr("of these thinned"),
    ]  # fmt: skip
    note = tr("received = accepted + repeats + ignored + refused")
    return words.table("sums", tr("Counters"), heads, lines, note)


def _senders(
    senders: Mapping[str, Mapping[str, int]], feeds: Mapping[str, Feed], tr: Translator
) -> dict[str, Any]:
    lines = [
        [sender, _title(name, feeds, tr), _aged(ms, feeds[name].silent_after.total_seconds())]
        for name in feeds
        for sender, ms in sorted(senders.get(name, {}).items())
    ]
    return words.table(
        "senders", tr("Sending systems"), [tr("Sender"), tr("Feed"), tr("Last heartbeat")], lines
    )


def _unknown(unknown: Sequence[Mapping[str, Any]], city: City, tr: Translator) -> dict[str, Any]:
    lines: list[list[Any]] = [
        [
            str(row["sender"]),
            str(row.get("format") or "native"),
            str(row["topic"]),
            tr.number(int(row["count"])),
            _aged(int(row["last_seen"]), None),
        ]
        for row in unknown
    ]
    heads = [tr("Sender"), tr("Format"), tr("Topic"), tr("Messages"), tr("Last seen")]
    note = tr("to register one: add it to the city's registry file or to [formats.<name>.devices] in {file}",
              file=f"data/cities/{city.id}/city.toml")  # fmt: skip
    return words.table("unknown", tr("Unknown senders"), heads, lines, note)


def _letters(
    letters: Sequence[DeadLetter], total: int, city: City, feeds: Mapping[str, Feed], tr: Translator
) -> dict[str, Any]:
    lines: list[list[Any]] = [
        [
            tr.time(d.received_ms, city.zone, seconds=True),
            _title(d.feed, feeds, tr),
            words.said(d.code, CODES, tr),
            d.reason,
            d.topic,
            d.excerpt[:160],
        ]
        for d in letters
    ]
    heads = [tr("Received"), tr("Feed"), tr("Code"), tr("Reason"), tr("Topic"), tr("Content")]
    note = tr("the latest {n} of {total} ever refused", n=tr.number(len(lines)), total=tr.number(total))
    return words.table("letters", tr("Refused messages"), heads, lines, note)
