"""The house's own rules: who imports whom, what is installed, what the command and the Makefile offer."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import app

PROJECT = Path(__file__).resolve().parents[1]


def _pins(name: str) -> dict[str, str]:
    pins: dict[str, str] = {}
    for line in (PROJECT / name).read_text().splitlines():
        if line and not line.startswith(("#", "-r ")):
            requirement = Requirement(line)
            assert [s.operator for s in requirement.specifier] == ["=="], f"{name}: {line} is not fixed"
            pins[canonicalize_name(requirement.name)] = next(iter(requirement.specifier)).version
    return pins


def test_nobody_imports_what_stands_above_it() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_feeds_do_not_know_each_other() -> None:
    """Whoever adds or removes a feed touches no other; also what serves all feeds is handed to none."""
    for path in (PROJECT / "feeds").glob("*.py"):
        found = [
            n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import | ast.ImportFrom)
        ]
        named = [getattr(n, "module", None) or "" for n in found] + [a.name for n in found for a in n.names]
        assert not [name for name in named if name.split(".")[0] == "feeds"], path
        assert not [n for n in found if getattr(n, "level", 0)], path


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_two_installations_are_equal(name: str) -> None:
    """What the pinned packages need is pinned too, so that no resolver has a choice."""
    pins = {**_pins("requirements.txt"), **(_pins(name) if name != "requirements.txt" else {})}
    loose = set()
    for package in pins:
        try:
            needs = importlib.metadata.requires(package) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for other versions of Python
        for text in needs:
            need = Requirement(text)
            if (need.marker is None or need.marker.evaluate({"extra": ""})) and canonicalize_name(
                need.name
            ) not in pins:
                loose.add(f"{package} needs {need.name}")
    assert not loose


def test_running_needs_nothing_of_what_tests_need() -> None:
    assert not {"pytest", "playwright", "mypy", "ruff", "hypothesis"} & set(_pins("requirements.txt"))


def test_the_command_offers_its_words() -> None:
    done = subprocess.run(
        [sys.executable, "app.py", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for command in app.COMMANDS:
        assert re.search(rf"^ +{command.name} ", done.stdout, re.MULTILINE), command.name


def test_the_command_finds_what_is_declared() -> None:
    feeds, kpis = app.find_feeds(), app.find_kpis()
    assert {"ambulances", "hotspots", "incidents"} <= set(feeds)
    ids = [k.id for k in kpis]
    assert len(ids) == len(set(ids)) >= 6
    assert {k.reads for k in kpis} <= set(feeds)


@pytest.mark.parametrize("role", ["store", "broker", "feeds"])
def test_a_role_pays_only_for_its_own_libraries(role: str) -> None:
    """Each role starts with what it needs: no role but the web one ever loads Dash."""
    loads = {
        "store": "import deploy.local.store",
        "broker": "import deploy.local.broker, iotcore",
        "feeds": "import feeds.worker.run, feeds.worker.duties",
    }[role]
    code = f"import sys; {loads}; print('dash' in sys.modules, 'fastapi' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def _make(*words: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    if path:
        env["PATH"] = f"{path}{os.pathsep}/usr/bin{os.pathsep}/bin"
    return subprocess.run(["make", *words], cwd=PROJECT, env=env, capture_output=True, text=True, check=False)


def test_make_alone_lists_its_targets() -> None:
    said = _make().stdout
    for target in ("run", "test", "test-long", "check", "bench", "format", "help"):
        assert f"make {target} " in said, said


def _pretend(folder: Path, code: str) -> Path:
    """A folder for PATH in which every Python answers like this."""
    folder.mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        (folder / name).write_text(f"#!/bin/sh\n{code}\n")
        (folder / name).chmod(0o755)
    return folder


def test_make_without_a_python_says_what_to_install(tmp_path: Path) -> None:
    done = _make("-B", ".venv/runs", path=_pretend(tmp_path / "bin", "exit 1"))
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr and "apt install" in done.stderr


def test_make_without_the_venv_module_says_what_to_install(tmp_path: Path) -> None:
    old = 'case "$2" in *ensurepip*) exit 1;; *) exit 0;; esac'
    done = _make("-B", ".venv/runs", path=_pretend(tmp_path / "bin", old))
    assert done.returncode == 2
    assert "apt install python3-venv" in done.stderr
