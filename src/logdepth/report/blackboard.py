"""The picture of a blackboard: who wrote how many bits, round after round. Draws what was counted."""

from __future__ import annotations

from pathlib import Path

from logdepth.report.figures import new_figure, save_figure, whole_ticks


def draw_blackboard(bits: tuple[tuple[int, ...], ...], path: Path, title: str) -> Path:
    """bits[round][j]: by the j-th to write, P_k first."""
    rounds, players = len(bits), len(bits[0])
    figure, axes = new_figure(1, 1, (max(3.6, 0.7 * players + 1.4), max(2.0, 0.4 * rounds + 1.2)))
    axis = axes[0][0]
    most = max(map(max, bits))
    extent = (0.5, players + 0.5, rounds + 0.5, 0.5)
    axis.imshow(bits, cmap="Blues", vmin=0, vmax=1.4 * most, aspect="auto", extent=extent)
    if rounds * players <= 200:
        for number, row in enumerate(bits, 1):
            for place, count in enumerate(row, 1):
                axis.text(place, number, f"{count:,}", ha="center", va="center", fontsize=7)
    if players <= 20:
        axis.set_xticks(range(1, players + 1), [f"P{players - place}" for place in range(players)])
    whole_ticks(axis.yaxis)
    axis.set(xlabel="written from left to right", ylabel="round")
    return save_figure(figure, path, title, "Bits that each player writes on the blackboard")
