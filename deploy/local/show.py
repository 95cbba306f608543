"""The settings in force: read with clear errors, printed with where each comes from."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches

from pydantic import ValidationError

from data.settings import Settings, masked_url
from deploy.local import running
from deploy.local.cure import Cure

# what tests and the supervisor use; no setting of a room
NOT_SETTINGS = ("ROOM_TEST_", "ROOM_CHROMIUM", "ROOM_LIFELINE")


def settings() -> Settings:
    """The settings of the environment. Raises Cure naming every wrong variable."""
    try:
        found = Settings()  # type: ignore[call-arg]  # all of it comes from the environment
    except ValidationError as error:
        wrong = [
            f"ROOM_{'_'.join(str(p) for p in e['loc']).upper()}={_no_secret(e['input'])!r}: {e['msg']}"
            for e in error.errors(include_url=False)
        ]
        raise Cure(f"{'; '.join(wrong)}. docs/configuration.md lists what is allowed") from None
    if not found.loopback_only and found.open != "yes":
        raise Cure(
            f"ROOM_HTTP_HOST={found.http_host}: others could reach the room, and it has no sign-in yet; "
            "keep 127.0.0.1, or accept it with ROOM_OPEN=yes"
        )
    return found


def unknown() -> list[str]:
    """Variables of the environment that begin with ROOM_ and are no setting; each with the nearest one."""
    known = [f"ROOM_{name.upper()}" for name in Settings.model_fields]
    odd = sorted(n for n in os.environ if n.upper().startswith("ROOM_") and n.upper() not in known)
    meant = {n: get_close_matches(n.upper(), known, n=1) for n in odd if not n.startswith(NOT_SETTINGS)}
    return [f"{n} (did you mean {m[0]}?)" if m else n for n, m in meant.items()]


def _no_secret(value: object) -> object:
    return re.sub(r"(?<=:)[^:@/]*@", "***@", value) if isinstance(value, str) else value


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
    for name in unknown():
        print(f"no setting: {name}")
    return 0
