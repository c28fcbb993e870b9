"""What the docs name is there: files, folders, modules, commands and their options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from logdepth.cli.reference import commands

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "logdepth"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLDERS = [ROOT, ROOT / "docs", ROOT / "src", SOURCE, SOURCE / "compiler", ROOT / "tests"]
FILES = {path.name for top in ("src", "tests", "benchmarks", "docs") for path in (ROOT / top).rglob("*.*")}
every_page = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


def spans(page: Path) -> list[str]:
    """Code in running text, on one line each."""
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


def command_lines(page: Path) -> list[str]:
    """`logdepth ..` in running text and in blocks, continued lines joined, up to a pipe."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = "\n".join(re.findall(r"```\w*\n(.*?)```", text, flags=re.S)).replace("$ ", "")
    lines = [line.strip() for part in [*spans(page), *blocks.splitlines()] for line in re.split(r" [;|>] |  #", part)]
    return [line for line in lines if line.startswith("logdepth ")]


def is_there(name: str) -> bool:
    if any((folder / name).exists() for folder in FOLDERS):
        return True
    return "/" not in name and name in FILES


@every_page
def test_files_and_folders(page: Path) -> None:
    paths = [span for span in spans(page) if re.fullmatch(r"[a-z_0-9/.-]+(\.(py|jsonl|md|toml)|/)", span)]
    written = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    for name in paths:  # what is none of ours is something that a command writes
        assert is_there(name) or f'"{name.rstrip("/")}"' in written, f"{page.name} names {name}, which is not there"


@every_page
def test_modules(page: Path) -> None:
    for name in (span for span in spans(page) if re.fullmatch(r"logdepth(\.\w+)+", span)):
        if name == "logdepth.json":
            continue
        place, parts = SOURCE, name.split(".")[1:]
        while parts and ((place / parts[0]).is_dir() or (place / f"{parts[0]}.py").is_file()):
            place = place / parts.pop(0)
        file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
        text = file.read_text(encoding="utf-8")
        assert len(parts) < 2 and all(re.search(rf"\b{part}\b", text) for part in parts), f"{page.name}: {name}"


@every_page
def test_commands_and_options(page: Path) -> None:
    known = commands()
    for line in command_lines(page):
        if page.name == "cli.md" or "..." in line.split()[1]:
            continue
        words = shlex.split(line.replace("[", " ").replace("]", " "), comments=True)[1:]
        if words[0].startswith("-"):
            continue
        assert words[0] in known, f"{page.name}: logdepth has no command {words[0]}: {line}"
        options = {option for action in known[words[0]]._actions for option in action.option_strings}
        for word in words[1:]:
            option = word.split("=")[0]
            assert not re.fullmatch(r"--[a-z-]+", option) or option in options, f"{page.name}: {line}: no {option}"
