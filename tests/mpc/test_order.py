"""The order of mail: by source, and within one source as that wrote it; and a source is who sent it."""

import itertools

import numpy as np
import pytest

from logdepth.mpc import Change, LocalEngine, Protocol, Send, Spec, Table, per_machine, place_messages

MACHINES = 13


def scatter(rng_seed=0, rounds=3):
    """Every machine mails rows to random machines, each with who sent it and its place among what that one wrote."""

    def send(round):
        def run(shard):
            counts = np.array([3 + 7 * machine % 5 for machine in shard.machines])
            table = Table(
                {
                    "source": np.repeat(shard.machines, counts),
                    "place": np.concatenate([np.arange(count) for count in counts]),
                },
                np.concatenate([[0], np.cumsum(counts)]),
            )
            draws = [np.random.default_rng([rng_seed, round, m]).integers(0, MACHINES, 99) for m in shard.machines]
            to = np.concatenate([draw[:count] for draw, count in zip(draws, counts, strict=True)])
            drop = ("mail",) if round else ()
            return Change(drop=drop, mail={"mail": (table, to)})

        return run

    stages = [Send(f"round {round}", send(round)) for round in range(rounds)]
    return Protocol("scatter", Spec(MACHINES, 500, 1), stages, lambda tables: tables["mail"])


NOTHING = {"start": Table({"v": np.zeros(0, np.int64)}, np.zeros(MACHINES + 1, np.int64))}


def check_order(mail):
    assert mail.num_rows > MACHINES
    for low, high in itertools.pairwise(mail.offsets):
        pairs = list(zip(mail["source"][low:high].tolist(), mail["place"][low:high].tolist(), strict=True))
        assert pairs == sorted(pairs)


@pytest.mark.parametrize("kernels", ["numpy", "numba"])
@pytest.mark.parametrize("threads", [1, 3, 7])
def test_mail_comes_by_source_as_each_wrote_it(kernels, threads):
    check_order(LocalEngine(kernels=kernels, threads=threads).run(scatter(), NOTHING).result)


def test_a_source_is_the_machine_that_sent_it():
    """One machine at a time: a message says who sent it in code, in no word of it by the plain number."""

    def code(sender):
        return 1000 + 5 * sender

    def local(round, machine, inbox):
        sources, places = [source for _, source in inbox], [(source, place) for (_, place, _), source in inbox]
        assert places == sorted(places)  # by source, each as that wrote it
        assert [coded for (coded, _, _), _ in inbox] == list(map(code, sources))
        to = [(7 * machine + 3 * place + round) % MACHINES for place in range(5)]
        return [
            ((code(machine), -place, -machine - 1), other) for place, other in zip(range(0, -5, -1), to, strict=True)
        ]

    protocol = per_machine("who", Spec(MACHINES, 500, 1), 4, local, message_words=3)
    start = [[(code(machine), 0, -1), (code(machine), 1, -1)] for machine in range(MACHINES)]
    for threads in (1, 5):
        run = LocalEngine(threads=threads).run(protocol, place_messages(protocol.spec, start))
        sent = sorted(source for inbox in run.result for (coded, _, _), source in inbox if coded == code(source))
        assert sent == [machine for machine in range(MACHINES) for _ in range(5)]
