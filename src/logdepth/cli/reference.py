"""The command-line reference, generated: `python -m logdepth.cli.reference > docs/cli.md`."""

from __future__ import annotations

import argparse
import os

from logdepth.cli.main import build_parser


def commands() -> dict[str, argparse.ArgumentParser]:
    """Every command's parser, by name."""
    for action in build_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    raise AssertionError("no commands")


def reference() -> str:
    """All of `--help` as Markdown."""
    os.environ["COLUMNS"] = "100"
    parts = [
        "# Command line",
        "Generated from `--help` by `make docs`. Exit status: 0 done, 1 a verification failed, 2 bad input "
        "(one line on standard error), 130 interrupted. Every command takes `--json`.",
    ]
    for name, parser in commands().items():
        parts.append(f"## logdepth {name}\n\n```\n{parser.format_help().rstrip()}\n```")
    return "\n\n".join(parts)


if __name__ == "__main__":
    print(reference())
