"""The settings in force: read with clear errors, printed with where each comes from."""

from __future__ import annotations

import os

from pydantic import ValidationError

from data.settings import Settings, masked_url
from deploy.local import running
from deploy.local.cure import Cure


def settings() -> Settings:
    """The settings of the environment. Raises Cure naming every wrong variable."""
    try:
        found = Settings()  # type: ignore[call-arg]  # all of it comes from the environment
    except ValidationError as error:
        wrong = [
            f"ROOM_{'_'.join(str(p) for p in e['loc']).upper()}={e['input']!r}: {e['msg']}"
            for e in error.errors(include_url=False)
        ]
        raise Cure(
            f"{'; '.join(wrong)}. `python app.py config --help` and docs list what is allowed"
        ) from None
    if not found.loopback_only and found.open != "yes":
        raise Cure(
            f"ROOM_HTTP_HOST={found.http_host}: others could reach the room, and it has no sign-in yet; "
            "keep 127.0.0.1, or accept it with ROOM_OPEN=yes"
        )
    return found


def config(settings: Settings) -> int:
    """Print every setting with its origin: default, environment, or chosen by the running room."""
    filled = running.read(settings)
    rows: list[tuple[str, str, str]] = []
    environment = {name.upper() for name in os.environ}
    for name, field in type(settings).model_fields.items():
        value, now = getattr(settings, name), getattr(filled, name)
        variable = f"ROOM_{name.upper()}"
        if variable in environment:
            origin = "environment"
        elif now != value:
            origin = "chosen (var/run.json)"
        else:
            origin = "default"
        shown = masked_url(str(now)) if now not in (None, "") else "-"
        rows.append((variable, shown, f"{origin:<22} {field.description or ''}"))
    for name, part in sorted(running.parts(settings.var).items()):
        rows.append((f"running: {name}", part.get("url", "?"), f"{'process ' + str(part.get('pid')):<22}"))
    first, second = (max(len(r[i]) for r in rows) for i in (0, 1))
    for variable, shown, text in rows:
        print(f"{variable:<{first}}  {shown:<{second}}  {text}".rstrip())
    return 0
