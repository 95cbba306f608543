"""Ports on this machine: is one free, which one is next."""

from __future__ import annotations

import errno
import socket

from deploy.local.cure import Cure

TRIES = 200


def trouble(host: str, port: int) -> str:
    """Why nothing can listen there, empty if it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            probe.listen(1)
    except socket.gaierror:
        return "no such address"
    except PermissionError:
        return "not permitted: ports below 1024 belong to root"
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            return "this machine has no such address"
        return "in use" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
    # elsewhere than on Linux an address of its own may be bound beside somebody's wildcard
    return "in use" if answers("127.0.0.1" if host in ("0.0.0.0", "") else host, port) else ""  # noqa: S104


def answers(host: str, port: int, timeout_s: float = 0.3) -> bool:
    """True when something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout_s):
            return True
    except OSError:
        return False


def choose(host: str, wanted: int | None, default: int, variable: str, taken: set[int]) -> int:
    """The port to use, added to `taken`: `wanted` as it is, else the first free one from `default` on.

    Raises Cure when the wanted one cannot be had: a port that somebody set is never changed.
    """
    if wanted is not None:
        why = trouble(host, wanted) or ("given twice" if wanted in taken else "")
        if why:
            raise Cure(
                f"{variable}={wanted}: {host}:{wanted} cannot be used ({why}); "
                f"free it, set another port, or unset {variable} to get the next free one"
            )
        taken.add(wanted)
        return wanted
    why = ""
    for port in range(default, default + TRIES):
        why = "in use" if port in taken else trouble(host, port)
        if not why:
            taken.add(port)
            return port
        if why not in ("in use",):
            break
    raise Cure(f"no usable port on {host} from {default} on ({why}); set {variable}")
