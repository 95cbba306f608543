"""From stored slots to the objects that all views share."""

from __future__ import annotations

from collections.abc import Mapping

from data.contracts import Feed, Member, Slot, Thing


def thing(feed: Feed, id: str, slots: Mapping[str, Slot], member: Member | None) -> Thing:
    """One object: the feed's own view of it, with source, flags, place and age rule.

    A registered object that was never heard is a thing too: state `unknown`, no event time.
    """
    facts = feed.view(slots, member)
    newest = max(slots.values(), key=lambda s: s.event_ms, default=None)
    flags = frozenset().union(*(s.flags for s in slots.values())) if slots else frozenset()
    district = village = None
    for slot in slots.values():
        if "_district" in slot.value:
            district, village = slot.value["_district"], slot.value.get("_village")
    fields = dict(facts.fields)
    fields["village"] = village or (member.village if member else None)
    kind = member.kind if member and member.kind else "car"
    return Thing(
        feed=feed.name,
        id=id,
        label=member.name if member and member.name else id,
        symbol=feed.symbol.format(kind=kind) if "{" in feed.symbol else feed.symbol,
        state=facts.state,
        event_ms=facts.event_ms or None,
        max_age_s=feed.stale_after.total_seconds() if feed.stale_after else None,
        source=newest.source if newest else None,
        flags=flags,
        lat=facts.lat,
        lon=facts.lon,
        heading_deg=facts.heading_deg,
        since_ms=facts.since_ms or None,
        district=district or (member.district if member else None),
        active=facts.active,
        fields=fields,
        registered=member is not None and not member.simulated,
    )
