"""A ledger as a table and as a picture. Reads what was measured; computes nothing new."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from logdepth.errors import InputError
from logdepth.files import new_file

if TYPE_CHECKING:
    from logdepth.mpc.ledger import Ledger

COLUMNS = ("max sent", "max received", "max held", "messages", "seconds")


def ledger_rows(ledger: Ledger, *, every_round: bool) -> list[list[str]]:
    """Rows of text: each round, or the rounds of one kind together (in order of first appearance)."""
    rows = []
    if every_round:
        for row in ledger.rounds:
            words = (row.max_words_sent, row.max_words_received, row.max_words_held, row.messages)
            rows.append([str(row.round), row.label, *(f"{value:,}" for value in words), f"{row.seconds:.3f}"])
        return rows
    kinds: dict[str, list[Any]] = {}
    for row in ledger.rounds:
        kinds.setdefault(row.label, []).append(row)
    for label, group in kinds.items():
        words = [max(getattr(row, f"max_words_{name}") for row in group) for name in ("sent", "received", "held")]
        words.append(sum(row.messages for row in group))
        seconds = sum(row.seconds for row in group)
        rows.append([str(len(group)), label, *(f"{value:,}" for value in words), f"{seconds:.3f}"])
    return rows


def print_short(ledger: Ledger) -> None:
    """The ledger in three lines on standard output: rounds against the bound, words against s, seconds."""
    total = ledger.summary()
    most = max(total[f"max_words_{name}"] for name in ("sent", "received", "held"))
    print(f"rounds    {total['num_rounds']:,} (proved bound: {total['num_rounds_bound']:,})")
    busiest = f"on the busiest of {total['num_machines']:,} machines in a round"
    print(f"words     {most:,} of s = {total['local_memory']:,} {busiest}")
    print(f"seconds   {total['seconds']:.3f} in rounds, {total['driver_seconds']:.3f} around them (--ledger has all)")
    _print_peaks(ledger)
    _print_exceeded(ledger)


def print_ledger(ledger: Ledger, *, every_round: bool = False) -> None:
    """All of the ledger on standard output: rounds, the driver's work, the totals against q, s and the bound."""
    head = ["round" if every_round else "rounds", "what", *COLUMNS]
    rows = ledger_rows(ledger, every_round=every_round)
    widths = [max(len(row[index]) for row in [head, *rows]) for index in range(len(head))]
    for row in [head, *rows]:
        cells = [
            cell.ljust(width) if index == 1 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    total = ledger.summary()
    slack = f"C = {total['slack']:g}" + (f", delta = {total['delta']:g}" if total["delta"] is not None else "")
    print(f"machines  q = {total['num_machines']:,} of s = {total['local_memory']:,} words (q s = C n, {slack})")
    print(f"rounds    {total['num_rounds']:,} (proved bound: {total['num_rounds_bound']:,})")
    print(
        f"words     at most {total['max_words_sent']:,} sent, {total['max_words_received']:,} received, "
        f"{total['max_words_held']:,} held by one machine in a round; {total['messages']:,} messages"
    )
    print(f"seconds   {total['seconds']:.3f} in rounds, {total['driver_seconds']:.3f} around them, by the driver:")
    for label, seconds in ledger.driver.items():
        print(f"driver    {seconds:.3f} {label}")
    _print_peaks(ledger)
    for name, value in ledger.theory.items():
        print(f"theory    {name}: {value:,}" if isinstance(value, int) else f"theory    {name}: {value}")
    _print_exceeded(ledger)


def _print_peaks(ledger: Ledger) -> None:
    if "worker" in ledger.peak_bytes:
        driver, worker = (ledger.peak_bytes[name] / 2**20 for name in ("driver", "worker"))
        print(f"memory    {worker:,.0f} MiB the fullest worker, {driver:,.0f} MiB the driver, at their peaks")


def _print_exceeded(ledger: Ledger) -> None:
    for line in ledger.exceeded[:5]:
        print(f"exceeded  {line}")
    if len(ledger.exceeded) > 5:
        print(f"exceeded  ... and {len(ledger.exceeded) - 5} more rounds")


def draw_ledger(path: str | Path, ledger: Ledger, title: str) -> None:
    """The largest machine's words a round against s, and the messages a round (.png, .svg, .pdf).

    Raises `InputError` for other endings, or if matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise InputError(f"{path}: the name must end in .png, .svg or .pdf")
    try:
        import matplotlib
    except ImportError as error:
        raise InputError("matplotlib is not installed: pip install 'logdepth[plot]'") from error
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = ledger.rounds
    number = [row.round for row in rows]
    figure, (words, messages) = plt.subplots(
        2, 1, figsize=(9, 5.4), sharex=True, layout="constrained", height_ratios=(3, 2)
    )
    for name, colour in (("held", "tab:grey"), ("sent", "tab:blue"), ("received", "tab:orange")):
        words.step(number, [getattr(row, f"max_words_{name}") for row in rows], where="mid", label=name, color=colour)
    words.axhline(ledger.spec.local_memory, color="tab:red", linestyle="--", label="local_memory s")
    words.set_yscale("log")
    words.set_ylabel("words, busiest machine")
    words.legend(ncols=4, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, 1.16), frameon=False)
    messages.bar(number, [row.messages for row in rows], color="tab:blue", width=0.9)
    messages.set_yscale("symlog", linthresh=1)
    messages.set_ylabel("messages")
    messages.set_xlabel(f"round (bound: {ledger.bound:,})")
    figure.suptitle(title, fontsize=11)
    with new_file(path, force=True) as temporary:
        figure.savefig(temporary, dpi=150)
    plt.close(figure)
