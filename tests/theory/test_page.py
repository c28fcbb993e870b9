"""docs/bounds.md: its table is up to date, its commands say what it says."""

import re
from pathlib import Path

from logdepth.cli.main import main
from logdepth.theory.page import with_table

PAGE = Path(__file__).parents[2] / "docs" / "bounds.md"


def test_the_table_is_up_to_date():
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text) == text, "run `make docs`"


def test_its_commands(capsys):
    import shlex

    blocks = re.findall(r"```\n(\$ logdepth bounds.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    commands = [part for block in blocks for part in block.split("$ logdepth ")[1:]]
    assert len(commands) == 4
    for part in commands:
        line, *said = part.strip().splitlines()
        assert main(shlex.split(line)) == 0
        printed = capsys.readouterr().out.splitlines()
        said = said[: said.index("...")] if "..." in said else said
        assert printed[: len(said)] == said
