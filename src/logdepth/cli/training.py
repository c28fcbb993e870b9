"""Commands `train`, `evaluate` and `import-run`: learning a task."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from typing import Any

from logdepth.cli.shared import add_json, print_json, progress
from logdepth.errors import InputError

# options that are a recipe's arguments: name, type, help
SIZES = (
    ("layers", "num_layers", int, "blocks with weights of their own (default 4)"),
    ("heads", "num_heads", int, "heads (default 4)"),
    ("width", "embed_dim", int, "embedding dimension (default 128)"),
    ("hidden", "hidden_dim", int, "hidden units of a block's row-wise map (fast; default twice the width)"),
    ("loops", "num_loops", int, "how often the blocks are run through (modern; default 1)"),
    ("max-k", "max_k", int, "k is uniform in 0..MAX_K (default 16)"),
    ("length", "length", int, "symbols a string (default 98)"),
    ("alphabet", "alphabet_size", int, "how many symbols (default 4)"),
    ("vertices", "vertices", int, "of graphs: how many vertices (default 32)"),
    ("diameter", "diameter", int, "of graphs: the largest diameter (default: the largest there is)"),
    ("window", "window", int, "window, longformer: how far a slot sees (default 8)"),
    ("stride", "stride", int, "longformer: every so many slots one is seen by all (default 16)"),
    ("features", "features", int, "performer: of a head's kernel (default: the head's width)"),
    ("state", "state_dim", int, "mamba2: numbers to each dimension of a head (default 32)"),
    ("thoughts", "thoughts", int, "cot: tokens of thought (default: as many as the longest way takes)"),
    ("samples", "samples", int, "a fixed set of so many strings (default: fresh ones in every step)"),
    ("curriculum", "curriculum", int, "steps over which the largest k drawn rises from 1"),
    ("steps", "steps", int, "optimizer steps"),
    ("batch", "batch_size", int, "strings a step (default 32)"),
    ("learning-rate", "learning_rate", float, "full rate (under muon: of the blocks' matrices)"),
    ("small-rate", "small_rate", float, "under muon, AdamW's rate for embeddings, norms and readouts"),
    ("weight-decay", "weight_decay", float, "weight decay"),
    ("warmup", "warmup", int, "steps over which the rate rises"),
    ("decay", "decay", int, "steps over which the rate falls to 0 at the end"),
    ("auxiliary", "auxiliary_weight", float, "weight of asking for every k at every slot (fast; 0 for none)"),
    ("seed", "seed", int, "of weights, strings and dropout (default 0)"),
    ("evaluate-every", "evaluate_every", int, "steps between evaluations"),
    ("checkpoint-every", "checkpoint_every", int, "steps between checkpoints"),
)


def add_commands(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train a transformer on a task",
        description="Train on a task; goes on from the last checkpoint if OUT holds this run broken off.",
    )
    parser.add_argument("--task", help="khop (default), pointer-chasing, connectivity, one-vs-two-cycle")
    parser.add_argument("--recipe", default="fast", help="fast (default), plain (no auxiliary question), or paper")
    for option, _, kind, text in SIZES:
        parser.add_argument(f"--{option}", type=kind, help=text)
    parser.add_argument("--family", help="of models, for recipe plain: modern (default), paper, lstm, gru, mamba2, ..")
    parser.add_argument("--graphs", help="which set of random graphs (connectivity: equal, trees, threshold)")
    parser.add_argument(
        "--form", help="how graphs are told: pairs (an edge a token, default), edges (two tokens an edge)"
    )
    parser.add_argument("--silent", action="store_true", help="cot: thoughts say nothing, the answer alone trains them")
    parser.add_argument("--force", action="store_true", help="train on graphs that fail their audit")
    parser.add_argument("--positions", choices=["rope", "learned"], help="fast: rotary (default) or learned")
    parser.add_argument("--optimizer", choices=["adamw", "muon"])
    parser.add_argument(
        "--deep",
        action=argparse.BooleanOptionalAction,
        help="ask for them after every layer, not the last alone (fast; default: if there is an auxiliary weight)",
    )
    parser.add_argument(
        "--planted",
        action="store_true",
        help="strings whose answers lie far (khop: the last position has all its hops)",
    )
    parser.add_argument("--bidirectional", action="store_true", help="every slot sees all slots (fast)")
    parser.add_argument("--init", metavar="DIR", help="start from a run's or a compiled model's weights")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], help="bfloat16: on CUDA")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: cuda if it is there)")
    parser.add_argument("--threads", type=int, help="torch's threads; the numbers depend on it to the last bits")
    parser.add_argument("--wandb", metavar="PROJECT", help="log to Weights & Biases, too")
    parser.add_argument("--out", required=True, metavar="RUN", help="the run's folder")
    add_json(parser)
    parser.set_defaults(run=_train)

    parser = commands.add_parser(
        "evaluate",
        help="errors of a trained or compiled model for each k",
        description="Errors on random strings of the model's task (khop: uniform, without adjacent repeats).",
    )
    parser.add_argument("path", metavar="RUN|DIR", help="a run's folder or a compiled model's")
    parser.add_argument("--k", metavar="K", help="hops: 16, or 0..16, or 1,2,8 (default: all)")
    parser.add_argument("--dropout", choices=["on", "off"], default="off", help="the published errors have it on")
    parser.add_argument("--lengths", metavar="N,N", help="lengths of the strings (default: the trained one)")
    parser.add_argument("--strings", type=int, default=1000, help="strings for each k (default 1000)")
    parser.add_argument(
        "--planted", action="store_true", help="planted strings, whose answers lie far (khop: the last position alone)"
    )
    parser.add_argument("--threshold", type=float, default=0.01, help="the error that counts as solved (default .01)")
    parser.add_argument("--seed", type=int, default=0, help="of the strings (and of dropout)")
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: cuda if it is there)")
    add_json(parser)
    parser.set_defaults(run=_evaluate)

    parser = commands.add_parser(
        "import-run",
        help="read a run released by the paper's authors",
        description="Turn a released run (config.yaml, model_STEP.pt) into a run folder.",
    )
    parser.add_argument("folder", metavar="FOLDER")
    parser.add_argument("--step", type=int, help="which checkpoint (default: the last)")
    parser.add_argument("--out", required=True, metavar="RUN")
    add_json(parser)
    parser.set_defaults(run=_import)


def _train(args: argparse.Namespace) -> int:
    config = _config(args)
    if args.threads is not None and args.threads < 1:
        raise InputError(f"--threads is {args.threads}; it must be at least 1")
    from logdepth.models.build import build_model
    from logdepth.tasks.lessons import GraphLesson
    from logdepth.tasks.lessons.audit import check_audit
    from logdepth.train.folder import RunFolder, read_records
    from logdepth.train.logs import tensorboard_log, wandb_log
    from logdepth.train.loop import device_for, train

    device = device_for(config, args.device)
    task = config.make_task()
    if isinstance(task, GraphLesson) and not args.force:
        check_audit(task)
    RunFolder(args.out, config)  # refuses another run's before anything is logged
    with ExitStack() as stack:
        logs = [stack.enter_context(tensorboard_log(args.out))]
        if args.wandb:
            logs.append(stack.enter_context(wandb_log(args.wandb, config)))
        report = stack.enter_context(progress("training"))
        given = [log for log in logs if log is not None]
        train(config, args.out, device=device, threads=args.threads, logs=given, progress=report)
    last = next((row for row in reversed(read_records(args.out)) if "errors" in row), {})
    model = build_model(config.model)
    counts = {"parameters": model.num_parameters, "state": model.state_numbers(config.length + 1)}
    shown = {"out": args.out, "id": config.id, "steps": config.steps, "loss": last.get("loss"), **counts}
    errors = {int(k): error for k, error in last.get("errors", {}).items()}
    if args.json:
        print_json({**shown, "errors": errors})
        return 0
    print(f"{args.out}: {config.steps:,} steps, loss {last['loss']:.4f}, run {config.id}")
    state = "nothing handed on" if counts["state"] is None else f"{counts['state']:,} numbers handed on at the end"
    print(f"{config.model.family}: {counts['parameters']:,} parameters, {state}")
    _print_rows([{"k": k, "error": error} for k, error in errors.items()])
    print(f"on {config.evaluate_strings} strings for each k; for more: logdepth evaluate {args.out}")
    return 0


def _config(args: argparse.Namespace) -> Any:
    """The recipe's config, changed as the options say; or the folder's own, if it is one and no option is given."""
    import importlib.util
    from pathlib import Path

    if importlib.util.find_spec("torch") is None:
        raise InputError("torch is not installed: pip install 'logdepth[train]'")
    from logdepth.train.recipes import configure, from_compiled

    given = {name: getattr(args, option.replace("-", "_")) for option, name, _, _ in SIZES}
    for name in ("task", "family", "positions", "optimizer", "init", "precision", "deep", "graphs", "form"):
        given[name] = getattr(args, name)
    given = {name: value for name, value in given.items() if value is not None}
    given |= {name: True for name in ("planted", "compile") if getattr(args, name)}
    if args.silent:
        given["spoken"] = False
    if args.bidirectional:
        given["causal"] = False
    if args.init:
        given["init"] = str(Path(args.init))
        if (Path(args.init) / "logdepth.json").is_file():
            return from_compiled(args.init, **given)
    return configure(args.recipe, given)


def _evaluate(args: argparse.Namespace) -> int:
    if args.strings < 1:
        raise InputError(f"--strings is {args.strings}; it must be at least 1")
    if not 0 <= args.threshold <= 1:
        raise InputError(f"--threshold is {args.threshold}; it is a share of positions, 0 to 1")
    lengths = None if args.lengths is None else _numbers(args.lengths, "--lengths")
    ks = None if args.k is None else _numbers(args.k, "--k")
    import torch

    from logdepth.train.evaluate import evaluate, reach, score_planted
    from logdepth.train.subject import load_subject

    subject = load_subject(args.path, device=args.device)
    subject.set_dropout(args.dropout == "on")
    ks = list(subject.task.questions) if ks is None else ks
    lengths = [subject.task.length] if lengths is None else lengths
    for k in ks:
        subject.check(k, max(lengths))
    torch.manual_seed(args.seed)
    rows, reached = [], {}
    with progress("evaluating") as report:
        for length in lengths:
            errors, task = {}, subject.task.with_length(length)
            common = {"strings": args.strings, "seed": args.seed}
            for k in ks:
                if args.planted:
                    found = score_planted(task, subject.predict, k, **common)
                else:
                    (found,) = evaluate(task, subject.predict, [k], positions=subject.positions, **common)
                rows.append(found.row())
                errors[k] = found.error
                if report:
                    report(len(rows), len(ks) * len(lengths))
            reached[length] = reach(errors, args.threshold)
    if args.json:
        steps = subject.config.steps if subject.config else None
        shown = {"model": args.path, "step": subject.step, "steps": steps, "dropout": args.dropout, "seed": args.seed}
        print_json({**shown, "threshold": args.threshold, "reach": reached, "rows": rows})
        return 0
    if subject.config and subject.step < subject.config.steps:
        print(f"{args.path} is not trained to the end: step {subject.step:,} of {subject.config.steps:,}")
    _print_rows(rows)
    for length, most in reached.items():
        bound = f"{args.threshold:.2%}"
        says = (
            f"at most {bound} wrong up to k = {most}" if most >= 0 else f"more than {bound} wrong from the least k on"
        )
        kind = "planted strings" if args.planted else "strings"
        print(f"length {length}, dropout {args.dropout}, {args.strings:,} {kind} for each k: {says}")
    return 0


def _numbers(text: str, option: str) -> list[int]:
    """`16`, `0..16`, `1,2,8`, or a mixture."""
    found: list[int] = []
    for part in text.split(","):
        least, dots, most = part.partition("..")
        try:
            found += range(int(least), int(most) + 1) if dots else [int(least)]
        except ValueError:
            raise InputError(f"{option} {text}: write 16, or 0..16, or 1,2,8") from None
    if not found or min(found) < 0:
        raise InputError(f"{option} {text}: numbers from 0 on, least first")
    return list(dict.fromkeys(found))


def _print_rows(rows: list[dict[str, Any]]) -> None:
    """Errors as a table, in percent."""
    whole = bool(rows) and "defined" in rows[0]
    many = len({row.get("length") for row in rows}) > 1
    head = (["length"] if many else []) + ["k", "wrong"] + (["95 % interval", "of", "with nothing"] if whole else [])
    lines = []
    for row in rows:
        line = [str(row["length"])] if many else []
        line += [str(row["k"]), "-" if row["error"] is None else f"{row['error']:.2%}"]
        if whole:
            line.append("-" if row["low"] is None else f"{row['low']:.2%} to {row['high']:.2%}")
            line += [f"{row['defined']:,}", f"{row['error_all']:.2%}"]
        lines.append(line)
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    for line in [head, *lines]:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def _import(args: argparse.Namespace) -> int:
    from logdepth.train.released import import_run

    config = import_run(args.folder, args.out, step=args.step)
    shape = config.model
    if args.json:
        print_json({"out": args.out, "step": config.steps, "config": config.to_json()})
        return 0
    sizes = f"{shape.num_layers} layers, {shape.num_heads} heads, width {shape.embed_dim}, k <= {config.max_k}"
    print(f"{args.out}: {sizes}, step {config.steps:,}; every weight found, none left over")
    return 0
