"""A payload's bytes as a JSON object, with an error that people can act on."""

from __future__ import annotations

from typing import Any

import orjson

from data.contracts import BadMessage


def json_object(payload: bytes) -> dict[str, Any]:
    """The JSON object that the payload holds.

    Raises BadMessage: `not_utf8`, or `not_json` for anything that is no JSON object.
    """
    if not payload:
        raise BadMessage("not_json", "payload is empty")
    try:
        raw = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        try:
            payload.decode()
        except UnicodeDecodeError as bad:
            raise BadMessage("not_utf8", f"payload is not UTF-8 at byte {bad.start}") from None
        raise BadMessage("not_json", f"payload is not JSON: {error.msg} at character {error.pos}") from None
    if not isinstance(raw, dict):
        raise BadMessage("not_json", f"payload is a JSON {type(raw).__name__}, not an object")
    return raw
