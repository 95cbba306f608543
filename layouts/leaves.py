"""Live properties by element, and how a skeleton takes them.

Only leaf properties travel: text, class names, `data-*`, `hidden`. A tree sent anew would
remount everything below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dash.development.base_component import Component

Leaves = dict[str, dict[str, Any]]


def data(**values: str) -> dict[str, Any]:
    """Attributes `data-*`: `data(max_age="60")` is `data-max-age="60"`."""
    return {f"data-{name.replace('_', '-')}": value for name, value in values.items()}


def aria(**values: str) -> dict[str, Any]:
    """Attributes `aria-*`: `aria(label="Map")` is `aria-label="Map"`."""
    return {f"aria-{name}": value for name, value in values.items()}


def apply(root: Component, leaves: Mapping[str, Mapping[str, Any]]) -> Component:
    """The same tree with the leaves set, so that the first paint is not empty. Unknown ids are left out."""
    for component in walk(root):
        for name, value in leaves.get(getattr(component, "id", ""), {}).items():
            setattr(component, name, value)
    return root


def walk(root: Component) -> Iterator[Component]:
    """The component and all below it."""
    yield root
    children = getattr(root, "children", None)
    for child in children if isinstance(children, (list, tuple)) else [children]:
        if isinstance(child, Component):
            yield from walk(child)
