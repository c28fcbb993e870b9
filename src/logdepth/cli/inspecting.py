"""Commands `list`, `explain` and `plot`: look at programs, schedules and attention."""

from __future__ import annotations

import argparse
from typing import Any

from logdepth.cli.compiling import add_graph, add_header, add_program, compiled_from
from logdepth.cli.shared import add_json, print_json
from logdepth.errors import InputError
from logdepth.user_program import tasks_with_programs


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "list",
        help="the built-in programs and problems",
        description="Name the built-in programs (for compile) and problems (for run and plan).",
    )
    add_json(parser)
    parser.set_defaults(run=_list)

    parser = commands.add_parser(
        "explain",
        help="what a program does, layer by layer",
        description="The schedule of a program: heads and arithmetic of every layer, where each word lives, "
        "and what each line of the program costs.",
    )
    add_program(parser)
    add_json(parser)
    parser.set_defaults(run=_explain)

    parser = commands.add_parser(
        "plot",
        help="draw a compiled model's attention",
        description="The attention of a compiled model on a text, its task's pointers marked (khop: find^j), or on a "
        "graph.",
    )
    parser.add_argument("folder", metavar="DIR")
    parser.add_argument("--text", help="the sequence")
    add_graph(parser)
    add_header(parser)
    parser.add_argument("--out", required=True, metavar="FILE.png", help="a .png, .svg or .pdf")
    add_json(parser)
    parser.set_defaults(run=_plot)


def _list(args: argparse.Namespace) -> int:
    from logdepth.programs import BUILT_IN, STATED
    from logdepth.protocols import BUILT_IN as PROBLEMS
    from logdepth.tasks.registry import CHAIN_TASKS, GRAPH_TASKS

    rows = []
    of_stated = {program.name for stated in STATED.values() for program in stated.programs}
    stated_rows = [
        {
            "name": name,
            "parameters": list(stated.programs[0].parameters),
            "summary": stated.summary,
            "targets": ["gpt2" if program.causal else "bert" for program in stated.programs],
            "programs": [program.name for program in stated.programs],
            "source": stated.source,
        }
        for name, stated in STATED.items()
    ]
    for name, program in BUILT_IN.items():
        if name in of_stated:
            continue
        summary = (program.function.__doc__ or "").strip().splitlines()[0]
        header = ["header"] if program.takes_header else []
        rows.append({"name": name, "parameters": [*program.parameters, *header], "summary": summary})
    problems = [
        {"name": name, "input": problem.kind, "summary": problem.summary, "columns": list(problem.columns)}
        for name, problem in PROBLEMS.items()
    ]
    if args.json:
        print_json({"stated": stated_rows, "programs": rows, "problems": problems})
        return 0
    print("Questions about sequences: logdepth compile, show, solve, sample, and (as programs) run, plan")
    for row in stated_rows:
        kinds = ", ".join([*row["targets"], *(f"--set {name}=.." for name in row["parameters"])])
        print(f"  {row['name']:<20} {row['summary']}  [{kinds}]")
    print("Programs of tasks: logdepth compile, logdepth run, logdepth plan")
    for row in rows:
        print(f"  {row['name']:<20} {row['summary']}  [{', '.join(row['parameters'])}]")
    print("Problems: logdepth run, logdepth plan")
    for row in problems:
        print(f"  {row['name']:<20} {row['summary']}  [{row['input']}]")
    print()
    for name, constructions in tasks_with_programs().items():
        sizes = "--vertices and --edges" if name in GRAPH_TASKS else "--k or --max-k"
        if name in CHAIN_TASKS:
            sizes = "--vertices" if CHAIN_TASKS[name].of_arcs else "--length and --alphabet"
        print(f"{name} stands for these: --construction {'|'.join(constructions)}, {sizes}.")
    print("Your own: FILE.py:program.")
    return 0


def _explain(args: argparse.Namespace) -> int:
    from logdepth.compiled.explain import explain, layout

    model = compiled_from(args)
    if args.json:
        print_json({**layout(model.schedule, model.transformer), "costs": model.costs.as_dict()})
    else:
        print(explain(model.schedule, model.transformer))
        print()
        print(model.costs)
    return 0


def _plot(args: argparse.Namespace) -> int:
    from logdepth.compiled.attention import plot_folder, plot_graph

    if (args.text is None) == (args.graph is None):
        raise InputError("give either --text or --graph FILE")
    if args.graph is not None:
        shown = plot_graph(args.folder, args.graph, args.out, format=args.format)
    else:
        shown = plot_folder(args.folder, args.text, args.out, header=args.header)
    if args.json:
        print_json(shown)
    else:
        print(f"{args.out}: {shown['heads']} heads in {shown['layers']} layers")
    return 0
