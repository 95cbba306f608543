"""Ids of all elements that scripts, callbacks and the live stream address. No dot: Dash forbids it."""

WALL = "wall"
CONFIG = "room-config"
VIEW = "view"
MAP = "map"
VIEW_LOCK = "view-lock"
FROZEN = "frozen-text"

STRIPE = "stripe"
MODE = "mode"
BANNER = "banner"
BANNER_TEXT = "banner-text"

ATTENTION_OPEN = "attention-open"
ATTENTION_UNASSIGNED = "attention-unassigned"
ATTENTION_MORE = "attention-more"
ATTENTION_NONE = "attention-none"

LEGEND = "legend"
FEEDS_COUNT = "feeds-count"


DESK = "desk"
INBOX = "inbox"
DETAIL = "detail"
SEARCH = "search"
HELP = "help"
FREEZE = "freeze"


def layer(feed: str) -> str:
    """The count on a layer's switch."""
    return _join("layer", feed)


def grid(feed: str) -> str:
    """The desk's table of a feed."""
    return _join("grid", feed)


def row(index: int, part: str = "") -> str:
    """Row slot `index` of "Needs attention", or one part of it: title, place, nobody, who, state."""
    return _join("row", str(index), part)


def tile(kpi: str, part: str = "") -> str:
    """The tile of a KPI, or one part of it: value, coverage, target, spark."""
    return _join("tile", kpi.replace(".", "-"), part)


def count(state: str) -> str:
    """The number of units in one state, under the map."""
    return _join("count", state)


def feed(name: str) -> str:
    """A feed's cell in the strip."""
    return _join("feed", name)


def _join(*parts: str) -> str:
    return "-".join(p for p in parts if p)
