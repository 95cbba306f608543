"""What every callback and route gets: the declared values and the live picture of one city."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callbacks.live.hub import Hub
from callbacks.live.socket import Screens
from callbacks.security import Origins
from data.contracts import Feed, Kpi
from data.i18n import Translator
from data.profile import City
from data.settings import Settings
from data.store.connect import Store
from data.store.keys import Keys
from data.store.registry import Registry


@dataclass
class Room:
    """One city's room in one web process. `store` blocks: use it through asyncio.to_thread only."""

    settings: Settings
    city: City
    feeds: Mapping[str, Feed]
    kpis: Sequence[Kpi]
    translators: Mapping[str, Translator]
    build: str
    store: Store
    keys: Keys
    registry: Registry
    hub: Hub
    screens: Screens
    origins: Origins
    base_map: bytes = b"{}"
    base_map_tag: str = ""
    info: dict[str, Any] = field(default_factory=dict)

    @property
    def response_target_s(self) -> float | None:
        """The city's target from receipt to arrival, in seconds."""
        target = self.city.kpis.get("ambulance.response_p90")
        return None if target is None or target.value is None else target.value * 60

    def language(self, wanted: str | None, accept: str | None = None) -> str:
        """The language to show: asked for, else the browser's, else the city's first; only what exists."""
        offers = [wanted or ""]
        offers += [part.split(";")[0].strip() for part in (accept or "").split(",")] if not wanted else []
        for offer in offers:
            code = offer.lower().split("-")[0]
            if code in self.translators:
                return code
        return self.city.languages[0]

    def tr(self, lang: str) -> Translator:
        """The translator of a language that exists."""
        return self.translators[lang]
