"""`docs/kpis.md` from the declarations: `python -m data.kpi_docs` writes it anew, a test compares."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from data.contracts import Kpi
from data.settings import PROJECT

PAGE = PROJECT / "docs" / "kpis.md"
_HEAD = """# Figures

Written from the declarations in `data/kpis/` by `python -m data.kpi_docs`; change it there.
Targets and bands are the city's: `[kpi."id"]` in its profile.

`GET /api/v1/kpis` gives the present readings, `GET /api/v1/kpis/{id}` their past
(docs/data-model.md).

| figure | unit | better | reads | oldest input | least coverage | figure of an hour or day |
|---|---|---|---|---|---|---|
"""


def declared() -> list[Kpi]:
    """Every KPI of `data/kpis/`, by id."""
    names = sorted(p.stem for p in (Path(__file__).parent / "kpis").glob("*.py") if p.stem != "__init__")
    modules = [importlib.import_module(f"data.kpis.{name}") for name in names]
    return sorted((k for m in modules for k in getattr(m, "KPIS", ())), key=lambda k: k.id)


def page(kpis: Sequence[Kpi]) -> str:
    """The whole page."""
    rows = "".join(
        f"| `{k.id}` | {k.unit or '–'} | {k.better} | {k.reads} | {_span(k.stale_after)} "
        f"| {f'{k.min_coverage:.0%}' if k.min_coverage else '–'} | {_period(k)} |\n"
        for k in kpis
    )
    return _HEAD + rows + "".join(_section(k) for k in kpis)


def _section(kpi: Kpi) -> str:
    text = f"\n## `{kpi.id}`\n{kpi.label}: {kpi.formula}.\n"
    if kpi.window:
        text += f"\nWindow: {_span(kpi.window)}.\n"
    text += f"\n{inspect.getdoc(kpi.compute)}\n"
    if kpi.samples is not None:
        text += f"\nCases: {inspect.getdoc(kpi.samples)}\n"
    return text


def _period(kpi: Kpi) -> str:
    what = f"{kpi.quantile:.0%} quantile" if kpi.quantile is not None else "mean"
    return f"{what} of {'its cases' if kpi.samples is not None else 'readings five minutes apart'}"


def _span(span: timedelta) -> str:
    minutes = round(span.total_seconds() / 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


if __name__ == "__main__":
    PAGE.write_text(page(declared()), encoding="utf-8")
    print(PAGE)
