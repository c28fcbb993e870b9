"""Any protocol as a transformer: equal to the engine, layer for communication; rows know nothing but their own."""

import multiprocessing
from dataclasses import replace

import numpy as np
import pytest

from logdepth.errors import InputError, MemoryExceeded, TrafficExceeded
from logdepth.mpc import Change, Protocol, Send, Spec, Table, per_machine, place_messages
from logdepth.protocols import BUILT_IN
from logdepth.protocols.inputs.pointers import Pointers
from logdepth.simulation.communication import EMPTY, MachineResidual, concatenate
from logdepth.simulation.problem_to_transformer import problem_to_transformer, same
from logdepth.simulation.protocol_to_transformer import protocol_to_transformer
from logdepth.simulation.rehearsal import rehearse, worst_case
from logdepth.simulation.routers.packets import Packets
from logdepth.simulation.routers.registry import ROUTERS
from logdepth.simulation.routers.router import Rows, attend
from logdepth.simulation.watching import watch_attention
from tests.simulation.routers.reference import REFERENCE


def small(name, machines=4, size=16, seed=1, memory=3000):
    problem = BUILT_IN[name]
    data = problem.sample(size, edges=20, k=5, seed=seed)
    return problem, data, Spec(machines, memory, problem.words(problem.config(data)))


@pytest.mark.parametrize("router", ROUTERS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_every_problem_through_every_router(name, router):
    problem, data, spec = small(name)
    found = problem_to_transformer(problem, data, spec, router=router)
    layers = found.layers_a_round
    assert found.equal and same(found.result, problem.run(data, spec).result)
    assert found.num_layers == layers * found.num_rounds + sum(
        each.routing.num_layers for each in (found.transformer.init, found.transformer.final)
    )
    assert (
        layers > 1 or found.num_layers == found.num_rounds + 2 == found.theorem.num_layers == found.theorem.rounds + 1
    )


@pytest.mark.parametrize("machines", [1, 2, 7, 16])
@pytest.mark.parametrize("name", ["connectivity", "khop", "sort"])
def test_blank_tokens_and_few_machines(name, machines):
    """Theorem B.3: more machines than tokens."""
    problem, data, spec = small(name, machines, size=5)
    found = problem_to_transformer(problem, data, spec, router="ports")
    inputs = 20 if name == "connectivity" else 5
    assert found.equal
    assert (found.num_tokens, found.num_blank) == (max(machines, inputs), max(machines, inputs) - inputs)
    assert found.theorem.theorem == ("B.3" if machines > inputs else "3.1")


def test_the_reference_router():
    problem, data, spec = small("sort")
    protocol, inputs = problem.protocol(spec, **problem.config(data)), problem.place(spec, data)
    rehearsal = rehearse(protocol, inputs)
    made = protocol_to_transformer(protocol, rehearsal.traffic(), REFERENCE)
    result, communications = made.run(inputs)
    assert same(result, rehearsal.run.result) and communications == rehearsal.run.ledger.num_rounds


def test_unrolled_is_as_deep_as_the_bound_and_the_same():
    problem, data, spec = small("one-versus-two-cycle", size=8)
    looped = problem_to_transformer(problem, data, spec)
    protocol = problem.protocol(spec, **problem.config(data))
    unrolled = problem_to_transformer(problem, data, spec, form="unrolled")
    assert looped.num_rounds < protocol.num_rounds
    assert unrolled.equal and unrolled.num_rounds == looped.num_rounds
    assert unrolled.num_layers == protocol.num_rounds + 2
    assert looped.num_layers == looped.num_rounds + 2


def test_unrolled_beyond_the_cap_is_refused():
    problem, data, spec = small("connectivity", size=64)
    with pytest.raises(InputError, match=r"layers; unrolled there may be 1,000: take the looped form"):
        problem_to_transformer(problem, data, spec, form="unrolled")


def test_the_specs_bounds_serve_every_input():
    """No rehearsal: what one transformer is built for is all that s allows."""
    problem, _, spec = small("prefix-sum", 8, 32, memory=16)
    config = {"size": 32}
    protocol, layout = problem.protocol(spec, **config), problem.layout(spec, **config)
    made = protocol_to_transformer(protocol, worst_case(spec), ROUTERS["sums"], layout=layout)
    for values in (np.arange(32), np.full(32, -(2**57)), np.zeros(32, np.int64)):
        assert made.run(layout.tokens(values))[0].tolist() == np.cumsum(values).tolist()


@pytest.mark.parametrize("router", ["sums", "hashing", "dealing", "ports"])
def test_an_input_that_needs_more_is_refused_or_right(router):
    """Built from a rehearsal on one input: on others never wrong, and where refused the error says all."""
    problem, rng = BUILT_IN["pointer-doubling"], np.random.default_rng(0)
    spec, config = Spec(8, 3000, 24), {"size": 24}
    protocol, layout = problem.protocol(spec, **config), problem.layout(spec, **config)
    rehearsal = rehearse(protocol, problem.place(spec, Pointers(np.arange(24) // 8 * 8)))
    router = ROUTERS[router]
    made = protocol_to_transformer(protocol, rehearsal.traffic(pairs=router.uses_pairs), router, layout=layout)
    messages = []
    for ptr in [np.arange(24), np.zeros(24, int), *(rng.integers(0, np.arange(24) + 1) for _ in range(4))]:
        other = Pointers(ptr)
        try:
            result, _ = made.run(layout.tokens(other))
        except TrafficExceeded as error:
            messages.append(str(error))
        else:
            assert same(result, problem.run(other, spec).result)
    assert len(messages) < 6
    assert messages or router.name in ("hashing", "dealing")  # whose bounds are by degrees and words alone
    assert all(text.startswith("pointer-doubling, communication ") and "machine" in text for text in messages)


def test_overload_names_machine_communication_number_limit_and_way_out():
    spec = Spec(4, 60, 16)

    def local(round, machine, inbox):
        fan = len(inbox)
        return [((machine,), target) for target in range(fan)]

    protocol = per_machine("burst", spec, 1, local, message_words=1)
    few = place_messages(spec, [[(1,)] * 2, [], [], []])
    many = place_messages(spec, [[(1,)] * 4, [], [], []])
    made = protocol_to_transformer(protocol, rehearse(protocol, few).traffic(), ROUTERS["sums"])
    assert made.run(few)[0][1] == [((0,), 0)]
    with pytest.raises(
        TrafficExceeded,
        match=r"burst, communication 1 \(round 0\): machine 0 sends 3 messages; .* built for 1: .* at least 3",
    ) as error:
        made.run(many)
    assert (error.value.machine, error.value.number, error.value.limit) == (0, 3, 1)


def test_memory_is_the_ledgers_error_before_anything_is_built():
    spec = Spec(3, 20, 3)

    def local(round, machine, inbox):
        return [((machine,), target) for target in range(3)] * (4 if machine == 2 else 1)

    protocol = per_machine("wide", spec, 1, local, message_words=1)
    inputs = place_messages(spec, [[(1,)]] * 3)
    with pytest.raises(MemoryExceeded, match=r"machine 2 sends 25 words in round 0 .* local_memory = 20"):
        rehearse(protocol, inputs)
    with pytest.raises(InputError, match=r"machine 2 sends 25 words .* local_memory = 20"):
        protocol_to_transformer(protocol, worst_case(spec), ROUTERS["ports"]).run(inputs)


def test_rows_come_by_source_then_as_it_wrote_them():
    """Definition 2.3's order, mail to oneself in its place."""
    spec = Spec(3, 100, 9)

    def local(round, machine, inbox):
        return [((machine, number), 1) for number in (5, 3, 4)]

    protocol = per_machine("order", spec, 1, local, message_words=2)
    inputs = place_messages(spec, [[(0, 0)]] * 3)
    made = protocol_to_transformer(protocol, rehearse(protocol, inputs).traffic(), ROUTERS["sums"])
    result, _ = made.run(inputs)
    assert result[1] == [((source, number), source) for source in range(3) for number in (5, 3, 4)]


def test_machines_out_of_step_are_refused():
    """A schema that depends on the machine: nobody else could read its mail."""
    spec = Spec(2, 50, 2)

    def run(shard):
        word = np.int64 if shard.first else np.int32
        return Change(mail={"x": (Table({"a": np.ones(1, word)}, np.array([0, 1])), np.array([0]))})

    protocol = Protocol("odd", spec, [Send("say", run)], lambda tables: None)
    with pytest.raises(InputError, match="odd: machines out of step: in stage 'say' their tables differ"):
        protocol_to_transformer(protocol, worst_case(spec), ROUTERS["ports"]).run({})


# A row knows what attention delivers and its own memory, nothing else.


def prepared(router, name="khop"):
    problem, data, spec = small(name, 4, 10)
    config = problem.config(data)
    protocol, layout = problem.protocol(spec, **config), problem.layout(spec, **config)
    rehearsal = rehearse(protocol, problem.place(spec, data))
    found = ROUTERS[router]
    made = protocol_to_transformer(protocol, rehearsal.traffic(pairs=found.uses_pairs), found, layout=layout)
    return made, layout.tokens(data), rehearsal.run


def steps(made, communications):
    return [made.init, *[made.round] * communications, made.final]


def together(rows):
    return Rows(
        *(np.concatenate([getattr(row, name) for row in rows], axis=1) for name in ("queries", "keys", "values"))
    )


def padded(rows, num_tokens):
    blank = [EMPTY] * (num_tokens - len(rows.tokens))
    return MachineResidual.at(np.arange(num_tokens), [*rows.outboxes, *blank])


def host(pipe, router, tokens, communications):
    """A process that has some tokens: it is told its own averages, and tells their queries, keys and values."""
    made, words, _ = prepared(router)
    words = {
        name: np.where(np.isin(np.arange(len(c)), tokens), c, 77) for name, c in words.items()
    }  # others' are not here
    rows = made.embed(words).of(tokens)
    for step in steps(made, communications):
        own = tokens[tokens < step.routing.num_tokens]
        rows = step.enter(rows.of(own))
        for layer in range(step.routing.num_layers):
            pipe.send(step.send(layer, rows))
            rows = step.receive(layer, rows, pipe.recv())
        rows = step.leave(rows)
        if len(own) < len(tokens):
            rows = MachineResidual.at(tokens, [*rows.outboxes, *[EMPTY] * (len(tokens) - len(own))])
    pipe.send(
        {int(t): dict(o.keep["tokens"].columns) for t, o in zip(rows.tokens, rows.outboxes, strict=True) if o.keep}
    )


@pytest.mark.parametrize("router", ["sums", "dealing"])
def test_tokens_in_other_processes(router):
    made, _, run = prepared(router)
    communications = run.ledger.num_rounds
    groups = [np.arange(made.num_tokens)[start::3] for start in range(3)]
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for group in groups:
        ours, theirs = context.Pipe()
        process = context.Process(target=host, args=(theirs, router, group, communications))
        process.start()
        pipes.append(ours)
        processes.append(process)
    for step in steps(made, communications):
        present = [group[group < step.routing.num_tokens] for group in groups]
        order = np.argsort(np.concatenate(present))
        place = np.argsort(order)
        for layer in range(step.routing.num_layers):
            rows = together([pipe.recv() for pipe in pipes])
            rows = Rows(rows.queries[:, order], rows.keys[:, order], rows.values[:, order])
            averages = attend(rows, step.routing.start(layer))[:, place]
            for pipe, part in zip(
                pipes, np.split(averages, np.cumsum([len(p) for p in present])[:-1], axis=1), strict=True
            ):
                pipe.send(part)
    answers = {}
    for pipe, process in zip(pipes, processes, strict=True):
        answers |= pipe.recv()
        process.join()
    got = np.array([answers[token]["answer"][0] for token in range(10)])
    assert got.tolist() == run.result.tolist()


def poisoned(rows, token):
    """All rows but one hold garbage: other tables, other words on their way."""

    def garbage(packets):
        return replace(packets, word=np.where(packets.holder == token, packets.word, (packets.word * 7 + 5) % 1000))

    outboxes = [outbox if other == token else EMPTY for other, outbox in zip(rows.tokens, rows.outboxes, strict=True)]
    return MachineResidual(rows.tokens, tuple(outboxes), garbage(rows.own), garbage(rows.held))


@pytest.mark.parametrize("router", ROUTERS)
def test_poisoned_neighbours(router):
    """Every row-wise map of one token, alone and beside garbage, gives what it gives among its own."""
    made, words, run = prepared(router)
    rows = made.embed(words)
    rng = np.random.default_rng(0)
    for step in steps(made, run.ledger.num_rounds):
        num_tokens = step.routing.num_tokens
        rows = rows.of(np.arange(num_tokens)) if len(rows.tokens) >= num_tokens else padded(rows, num_tokens)
        token = int(rng.integers(4))
        one = np.array([token])
        alone, beside = step.enter(rows.of(one)), step.enter(poisoned(rows, token))
        rows = step.enter(rows)
        for each in (alone, beside):
            assert each.of(one).held.same(rows.of(one).held) and each.of(one).own.same(rows.of(one).own)
        for layer in range(step.routing.num_layers):
            sent = step.send(layer, rows)
            mine, theirs = step.send(layer, alone), step.send(layer, poisoned(rows, token))
            for name in ("queries", "keys", "values"):
                expected = getattr(sent, name)[:, token]
                assert np.array_equal(getattr(mine, name)[:, 0], expected)
                assert np.array_equal(getattr(theirs, name)[:, token], expected)
            averages = attend(sent, step.routing.start(layer))
            rows = step.receive(layer, rows, averages)
            alone = step.receive(layer, alone, averages[:, token : token + 1])
            assert alone.held.same(rows.held.of(one))
        rows, after = step.leave(rows), step.leave(alone)
        expected, got = rows.outboxes[token], after.outboxes[0]
        assert got.shape() == expected.shape()
        for name, table in expected.keep.items():
            assert all(np.array_equal(got.keep[name][key], column) for key, column in table.columns.items())


def test_attention_of_chosen_layers_and_nothing_else():
    made, words, _ = prepared("sums")
    seen = watch_attention(made, words, lambda name, layer: name in ("init", "final"))
    assert {name for name, _ in seen} == {"init", "final"}
    for weights in seen.values():
        assert weights.shape == (1, 10, 11) and np.allclose(weights.sum(-1), 1)


def test_concatenate_nothing():
    assert len(concatenate([])) == 0 and concatenate([Packets.none()]).same(Packets.none())


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"router": "sum"}, "no router 'sum'; there are: sums"),
        ({"form": "flat"}, "form is 'flat'"),
        ({"bounds": "x"}, "bounds is"),
    ],
)
def test_unknown_names(options, says):
    problem, data, spec = small("sort")
    with pytest.raises(InputError, match=says):
        problem_to_transformer(problem, data, spec, **options)
