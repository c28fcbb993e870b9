"""How often a run went through each loop and took each way, and the rounds of another protocol that goes as often.

Loops and choices are told apart by where they stand among those of their list, so that what was seen on small machines
can be put into the stages for large ones, whose sorts and trees have other rounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from logdepth.mpc.protocol import Change, Choose, Local, Loop, Protocol, Send, Stage

Place = tuple[str, ...]  # ("loop 0", "then of choice 1", ..), from the outside in


def watch(protocol: Protocol) -> tuple[Protocol, Counter[Place]]:
    """The same protocol, and what it counts on one process with one shard: passes of a loop, turns of a choice.

    What is counted is no table and costs no word; under the place followed by "enter" stands how often a loop began.

    >>> from logdepth.mpc import LocalEngine, Spec
    >>> stages = [Loop([Send("a", lambda shard: Change())], 3)]
    >>> protocol, counts = watch(Protocol("three", Spec(2, 100, 1), stages, dict))
    >>> LocalEngine().run(protocol, {}).ledger.num_rounds, counts["loop 0",]
    (3, 3)
    """
    counts: Counter[Place] = Counter()

    def counting(place: Place) -> Local:
        def count(shard: object) -> Change:
            counts[place] += 1
            return Change()

        return Local(count)

    def wrap(stages: Sequence[Stage], above: Place) -> list[Stage]:
        found: list[Stage] = []
        for stage, name in _named(stages):
            match stage:
                case Loop(body):
                    place = (*above, name)
                    found.append(counting((*place, "enter")))
                    found.append(replace(stage, body=[counting(place), *wrap(body, place)]))
                case Choose(_, then, otherwise):
                    ways = [(*above, f"{way} {name}") for way in ("then of", "else of")]
                    yes, no = (
                        [counting(way), *wrap(part, way)] for way, part in zip(ways, (then, otherwise), strict=True)
                    )
                    found.append(replace(stage, then=yes, otherwise=no))
                case _:
                    found.append(stage)
        return found

    return replace(protocol, stages=wrap(protocol.stages, ())), counts


def _named(stages: Sequence[Stage]) -> list[tuple[Stage, str]]:
    loops = choices = 0
    found = []
    for stage in stages:
        name = ""
        if isinstance(stage, Loop):
            name, loops = f"loop {loops}", loops + 1
        elif isinstance(stage, Choose):
            name, choices = f"choice {choices}", choices + 1
        found.append((stage, name))
    return found


def passes(counts: Mapping[Place, int]) -> dict[Place, float]:
    """Passes of each loop each time that it began."""
    return {
        place[:-1]: counts.get(place[:-1], 0) / began for place, began in counts.items() if place[-1:] == ("enter",)
    }


def chances(counts: Mapping[Place, int]) -> dict[Place, float]:
    """How often each choice went its first way, 0 to 1."""
    found = {}
    for place in counts:
        if place[-1].startswith(("then of ", "else of ")):
            name = place[-1][8:]
            yes, no = (counts.get((*place[:-1], f"{way} {name}"), 0) for way in ("then of", "else of"))
            found[*place[:-1], name] = yes / (yes + no)
    return found


def expected_rounds(
    stages: Sequence[Stage],
    loops: Callable[[Place, int], float],
    choices: Callable[[Place], float],
    above: Place = (),
) -> float:
    """Rounds where loops take `loops(place, bound)` passes, and choices their first way in a share `choices` of turns.

    >>> stages = [Send("a", Change), Loop([Send("b", Change), Send("c", Change)], 9)]
    >>> expected_rounds(stages, lambda place, bound: 2.5, lambda place: 1.0)
    6.0
    """
    total = 0.0
    for stage, name in _named(stages):
        match stage:
            case Send():
                total += 1
            case Local():
                pass
            case Loop(body, bound):
                place = (*above, name)
                if times := loops(place, bound):
                    total += times * expected_rounds(body, loops, choices, place)
            case Choose(_, then, otherwise):
                share = choices((*above, name))
                for part, way, weight in ((then, "then of", share), (otherwise, "else of", 1 - share)):
                    if weight:
                        total += weight * expected_rounds(part, loops, choices, (*above, f"{way} {name}"))
    return total
