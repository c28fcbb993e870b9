"""Passes of loops and turns of choices: counted without a trace in the ledger, and rounds made of them."""

import numpy as np

from logdepth.jobs.passes import chances, expected_rounds, passes, watch
from logdepth.mpc import Change, Choose, Local, LocalEngine, Loop, Protocol, Send, Spec
from logdepth.protocols import BUILT_IN

HERE = Send("here", lambda shard: Change())


def as_counted(stages, counts):
    seen, ways = passes(counts), chances(counts)
    return expected_rounds(stages, lambda place, bound: seen[place], lambda place: ways[place])


def test_loops_within_loops_and_choices():
    always, never = (lambda shard: np.ones(shard.num_machines)), (lambda shard: np.zeros(shard.num_machines))
    inner = Loop([HERE, Choose(always, [HERE], [HERE, HERE])], 2)
    stages = [HERE, Loop([inner, Local(lambda shard: Change())], 3), Choose(never, [HERE], [HERE, HERE])]
    watched, counts = watch(Protocol("nested", Spec(3, 100, 1), stages, dict))
    rounds = LocalEngine().run(watched, {}).ledger.num_rounds
    assert passes(counts) == {("loop 0",): 3.0, ("loop 0", "loop 0"): 2.0}
    assert chances(counts) == {("loop 0", "loop 0", "choice 0"): 1.0, ("choice 0",): 0.0}
    assert as_counted(stages, counts) == rounds == 15
    assert expected_rounds(stages, lambda place, bound: bound, lambda place: 0.5) == 1 + 3 * 2 * 2.5 + 1.5


def test_what_was_counted_makes_the_rounds_of_every_problem_and_costs_nothing():
    for problem in BUILT_IN.values():
        data = problem.sample(100, edges=150)
        config = problem.config(data)
        spec = problem.spec(config)
        protocol = problem.protocol(spec, **config)
        plain = LocalEngine().run(protocol, problem.place(spec, data), strict=False).ledger
        watched, counts = watch(protocol)
        ledger = LocalEngine().run(watched, problem.place(spec, data), strict=False).ledger
        assert ledger.without_clock() == plain.without_clock()
        assert round(as_counted(protocol.stages, counts)) == plain.num_rounds
