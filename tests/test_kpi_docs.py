"""docs/kpis.md says what the declarations say."""

from __future__ import annotations

import app
from data import kpi_docs


def test_the_page_of_figures_is_in_step_with_the_declarations() -> None:
    assert kpi_docs.PAGE.read_text(encoding="utf-8") == kpi_docs.page(kpi_docs.declared()), (
        "run: python -m data.kpi_docs"
    )


def test_the_page_knows_the_figures_that_the_command_finds() -> None:
    assert [k.id for k in kpi_docs.declared()] == sorted(k.id for k in app.find_kpis())


def test_every_formula_is_documented_where_it_is_computed() -> None:
    assert [k.id for k in kpi_docs.declared() if not k.compute.__doc__] == []
