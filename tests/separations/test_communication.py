"""The protocol is the model: same answers, bits as the formulas have them, and no player knows what it was not told."""

import itertools
import re
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from logdepth.cli.main import main
from logdepth.errors import InputError
from logdepth.jobs.communication import communication
from logdepth.separations.blackboard import count_bits, play, segments
from logdepth.separations.hop_tables import hop_tables
from logdepth.separations.meter import chase_inputs, measure_communication
from logdepth.separations.random_models import FORMS, RandomSizes
from logdepth.tasks.khop import solve
from logdepth.theory.recurrent import index_bits, table_bits, table_levels

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("form", "causal"), [*((form, True) for form in (*FORMS, "lstm")), ("performer", False), ("longformer", False)]
)
def test_a_thousand_answers_and_bits_by_hand(form, causal):
    """Random weights, chases' strings; the formula written out here once more."""
    if form == "lstm":
        reading = communication(form, 6, inputs=1000, length=54, width=8)[0]
        by_hand = [2 * 8 * 32] * 6
    else:
        ids, answers = chase_inputs(54, 6, 1000)
        model = FORMS[form](RandomSizes(10, 54, width=16, features=5, window=3, stride=7, k=6, causal=causal))
        reading = measure_communication(model, ids, 6, answers=answers, alphabet=10)
        rows = [len([i for i in range(s, s + 9) if i < s + 3 or i >= s + 6 or i % 7 == 0]) for s in range(0, 54, 9)]
        by_hand = {
            "rnn": [16 * 32] * 6,
            "ssm": [16 * 32] * 6,
            "performer": [4 * 5 * (4 + 1) * 32] * 6,
            "longformer": [row * 16 * 32 for row in rows],
            "cot": [4 * (4 + 1) * 32] * 6,
            "hop-tables": [3 * 10 * 4 + 4] * 6,
        }[form]
        assert (reading.right == 1) == (form == "hop-tables")
    assert reading.same == reading.inputs == 1000 and reading.largest_gap < 1e-5
    assert reading.rounds == (4 if form == "cot" else 2)
    assert all(list(row) == by_hand for row in reading.bits) and reading.counted_is_formula


RIVALS = ("gru", "mamba2", "deltanet", "linear", "window", "family:performer", "family:longformer", "family:cot")


@pytest.mark.parametrize("form", RIVALS)
def test_every_rival_of_ours_is_played_on_a_thousand_inputs(form):
    """The trainable families themselves; what a segment writes, by hand: width 32, four heads of 8, 9 tokens each."""
    reading = communication(form, 6, inputs=1000, length=54)[0]
    rows = [len([i for i in range(s, s + 9) if i < s + 4 or i >= s + 5 or i % 16 == 0]) for s in range(0, 54, 9)]
    by_hand = {
        "gru": [32] * 6,
        "mamba2": [64 * 32 + 3 * (64 + 2 * 32)] * 6,  # h, and what the convolution remembers
        "deltanet": [32 * 32 + 3 * 96] * 6,
        "linear": [4 * 8 * 9] * 6,
        "window": [32 * 8] * 6,  # a radius of 4: all rows of 9 but the middle one
        "family:performer": [4 * 16 * 9] * 6,
        "family:longformer": [32 * row for row in rows],
        "family:cot": [4 * 9] * 6,
    }[form]
    assert reading.same == reading.inputs == 1000 and reading.largest_gap < 1e-5 and reading.counted_is_formula
    assert all(list(row) == [32 * numbers for numbers in by_hand] for row in reading.bits)


@pytest.mark.parametrize("form", FORMS)
def test_players_know_their_segment_and_the_board_alone(form):
    """Another segment changes nothing that was written before it; in the first round of most forms nothing after it."""
    model = FORMS[form](RandomSizes(14, 30, width=16, k=3, window=2, stride=9))
    ids = np.random.default_rng(0).integers(0, 14, (4, 30))
    seen = _first_round(model, ids)
    for changed in range(3):
        other = ids.copy()
        other[:, 10 * changed : 10 * changed + 9] = 13 - other[:, 10 * changed : 10 * changed + 9]
        found = _first_round(model, other)
        same = [all(np.array_equal(a, b) for a, b in zip(x, y, strict=True)) for x, y in zip(seen, found, strict=True)]
        assert all(same[:changed]) and not same[changed]
        if form in ("performer", "longformer", "cot"):  # in the first round they speak of their own tokens alone
            assert all(same[changed + 1 :])


def _first_round(model, ids):
    said = []
    for place in segments(ids.shape[1], 3):
        own = model.begin(ids[:, place.first : place.first + place.length], place, ids[:, -1])
        said.append(model.speak(0, own, place, tuple(said))[0])
    return said


def test_hop_tables_are_exact_on_all_small_strings():
    for alphabet, length, most in [(2, 8, 4), (3, 6, 3), (4, 5, 2)]:
        strings = np.array(list(itertools.product(range(alphabet), repeat=length)))
        for k in range(1, most + 1):
            wanted = solve(strings, k, alphabet)[:, -1]
            for layers in range(1, k + 1):
                model = hop_tables(alphabet, k, layers)
                assert (model.forward(strings).argmax(1) == wanted).all()
                if length % 2 == 0:
                    assert (play(model, strings, length // 2).answers == wanted).all()
                levels = ceil(k / layers)
                assert model.layers[0].state_bits == table_bits(alphabet, levels)
                assert table_levels(alphabet, model.layers[0].state_bits) == levels
                total = sum(layer.state_bits for layer in model.layers)
                assert total >= index_bits(length, alphabet, k)
    assert (hop_tables(4, 1).forward(strings).argmax(1) != wanted).any()  # a level fewer is not enough


def test_no_protocol_played_beats_its_bound():
    """The exact model, one layer for all hops, is right with fewer rounds than players: it writes more than N / k^6."""
    for players, length in [(2, 2000), (3, 6000), (3, 600)]:
        ids, answers = chase_inputs(length, players, 3)
        alphabet = int(ids.max()) + 1
        reading = measure_communication(hop_tables(alphabet, players), ids, players, answers=answers, alphabet=alphabet)
        assert reading.right == 1 and reading.rounds == 1
        assert reading.bound is not None and reading.bits_a_round >= reading.bound
        assert reading.bits_a_round >= index_bits(length, alphabet, players)


def test_bits_are_those_of_arrays():
    assert count_bits((np.zeros((3, 4), np.float64), np.zeros((3, 2, 2), np.int16), np.zeros((3, 5), bool))) == 325


def test_what_is_refused():
    with pytest.raises(InputError, match="7 players do not divide the length, 90 tokens; 5, 6, 9, 10, 15, 18 do"):
        segments(90, 7)
    with pytest.raises(InputError, match="mamba is neither a folder of a run nor a form of random model"):
        communication("mamba", 2)
    with pytest.raises(InputError, match="segments of 2 tokens are too short for a chase; give 30 tokens or more"):
        communication("rnn", 6, length=12)
    with pytest.raises(InputError, match="a width of 10 is not a multiple of 4 heads"):
        communication("cot", 2, width=10)
    with pytest.raises(InputError, match="inputs is 0"):
        communication("rnn", 2, inputs=0)


def test_a_run_is_played(tmp_path):
    """A trained LSTM's folder; a model that attends to everything is refused."""
    from dataclasses import replace

    from logdepth.models.build import build_model
    from logdepth.models.config import ModelConfig
    from logdepth.separations.from_models import played_model
    from logdepth.train.loop import train
    from logdepth.train.recipes import plain

    config = replace(plain(2, family="lstm", embed_dim=8, length=11, max_k=2), steps=2, batch_size=4)
    train(config, tmp_path / "run")
    reading, what = communication(str(tmp_path / "run"), 3, inputs=50)
    assert reading.same == 50 and reading.counted_is_formula and "step 2" in what
    with pytest.raises(InputError, match="is a run: its sizes are what they are; leave out --width"):
        communication(str(tmp_path / "run"), 3, width=3)
    with pytest.raises(InputError, match="the modern model cannot be played at a blackboard"):
        played_model(build_model(ModelConfig("modern", vocab_size=7, max_length=8, embed_dim=8, num_heads=2)))


def test_command(tmp_path, capsys):
    out = tmp_path / "board.png"
    assert main(["communication", "cot", "--players", "3", "--inputs", "20", "--plot", str(out)]) == 0
    said = capsys.readouterr().out
    assert "same      20 of 20 answers are the model's own" in said and out.read_bytes()[:4] == b"\x89PNG"
    assert main(["communication", "rnn", "--players", "3", "--length", "20"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_page(capsys):
    import doctest
    import shlex

    for name in ("communication.md", "hard_instances.md"):
        failures, examples = doctest.testfile(str(DOCS / name), module_relative=False)
        assert examples and not failures
    text = (DOCS / "communication.md").read_text(encoding="utf-8")
    line, *said = re.search(r"\$ logdepth (.*?)```", text, re.S)[1].strip().splitlines()
    assert main(shlex.split(line)) == 0
    printed = capsys.readouterr().out
    assert all(part in printed for part in said if part != "...")


def test_the_pages_figures_are_the_rows():
    import json

    for name, page in [("communication", "communication.md"), ("hard_instances", "hard_instances.md")]:
        text = (DOCS / page).read_text(encoding="utf-8")
        rows = (DOCS.parent / "benchmarks" / "rows" / f"{name}.jsonl").read_text().splitlines()
        for row in map(json.loads, rows):
            if name == "communication":
                wanted = f"| {row['form']} | {row['rounds']} | {row['bits_a_round']:,} | {row['formula']:,} | "
            else:
                wanted = f"| {row['kind']} | {row['form']} | {row['numbers']:,} | {row['seconds']} |"
            assert wanted in text
