"""The wall's head: whose city, whose data, is the link alive, what the room itself lacks, what time it is."""

from __future__ import annotations

from dash import html

from data.contracts import N_
from data.i18n import Translator
from data.live.picture import Picture
from data.profile.city import City, Scene
from layouts import ids
from layouts.leaves import Leaves, data

# Titles of the scenes we ship; a profile may bring its own, shown as written if no catalog knows it.
SCENES = (N_("Overview"),)
SIMULATION = N_("SIMULATION")
EXERCISE = N_("EXERCISE")
REPLAY = N_("REPLAY")
MIXED = N_("Live data on top of simulated data: run app.py store --forget simulated")


def header(city: City, scene: Scene, tr: Translator) -> html.Header:
    """City, scene, mark of practice, banner, link, date and clock."""
    return html.Header(
        [
            html.H1(city.name, className="city"),
            html.Span(tr(scene.title), className="scene"),
            html.Span(id=ids.MODE, className="mode", hidden=True),
            html.Div(
                [html.Span(className="sym unknown"), html.Span(id=ids.BANNER_TEXT, className="banner-text")],
                id=ids.BANNER, className="banner", hidden=True, role="status",
            ),
            html.Div(id=ids.FROZEN, className="frozen-text", role="alert"),
            html.Div([html.Span(className="tick"), tr("Live")], className="link"),
            html.Span(className="date", **data(zone=city.zone)),
            html.Time(className="clock", **data(zone=city.zone)),
        ],
        className="head",
    )  # fmt: skip


def leaves(picture: Picture, city: City, tr: Translator) -> Leaves:
    """Mark of practice and banner. Data of the simulator is marked even where live data came to it."""
    marks = {"simulated": SIMULATION, "mixed": SIMULATION, "exercise": EXERCISE, "replay": REPLAY}
    mark = marks.get(picture.mode, "")
    lines = [
        f"{tr(p.text, **p.values)} · {tr('since {time}', time=tr.time(p.since_ms, city.zone))}"
        for p in picture.problems
    ]
    if picture.mode == "mixed":
        lines.append(tr(MIXED))
    return {
        ids.STRIPE: {"className": "stripe stripe-on" if mark else "stripe"},
        ids.MODE: {"children": tr(mark) if mark else "", "hidden": not mark},
        ids.BANNER: {"hidden": not lines},
        ids.BANNER_TEXT: {"children": " — ".join(lines)},
    }
