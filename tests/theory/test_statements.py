"""Every statement at sizes worked out by hand, and what is vacuous, open, or refused."""

from fractions import Fraction

import pytest

from logdepth.errors import InputError
from logdepth.theory import STATEMENTS, Asked
from logdepth.theory.chasing import chase_bits, kernel_bits, layer_size, sparse_bits, thought_bits
from logdepth.theory.composition import error_probability, narrow_limit
from logdepth.theory.judgement import ARCHS, TASKS, judge_sizes
from logdepth.theory.phase import phase_diagram
from logdepth.theory.statement import parse_constant

KHOP = {"task": "khop", "length": 100, "k": 2}
# name and architecture: sizes, the figure by hand, what it decides
BY_HAND = {
    ("Theorem 4.2", "transformer"): ({**KHOP, "k": 16}, 4 + 2, "suffices"),
    ("pointer doubling", "transformer"): ({**KHOP, "k": 9, "heads": 1, "layers": 5}, 4 + 2, None),
    ("k-hop by loops", "looped"): ({**KHOP, "k": 16}, 6, None),
    ("Theorem 5.6 of ANNA", "anna"): ({**KHOP, "k": 16}, 5, None),
    # a string of 10,000: 4,999 pairs; 1 head of 3 + 1 numbers of 32 bits are 128 bits
    ("one layer, one hop", "transformer"): ({**KHOP, "length": 10**4, "layers": 1, "k": 1, "heads": 1, "width": 3},
                                            4999, "impossible"),
    ("gather", "transformer"): ({**KHOP, "layers": 1}, 1, "suffices"),
    # k = 4: 9 * 4 * 2 + 1 = 73 symbols
    ("Corollary 4.3", "transformer"): ({**KHOP, "k": 4, "heads": 1, "width": 3, "layers": 1}, 2, None),
    ("Corollary 3.5", "transformer"): ({"task": "connectivity", "diameter": 1000, "vertices": 10**4}, 9, None),
    ("one cycle or two, by layers", "transformer"): ({"task": "one-vs-two-cycle", "vertices": 1024}, 10, None),
    ("Conjecture 2.4", "mpc"): ({"task": "one-vs-two-cycle", "vertices": 1024}, 10, None),
    ("Corollary 5.2", "rnn"): ({**KHOP, "layers": 1}, Fraction(100, 64), None),
    ("Corollary 5.3", "performer"): ({**KHOP, "layers": 1}, Fraction(100, 64), None),
    ("Corollary 5.4", "longformer"): ({**KHOP, "layers": 1, "window": 3}, Fraction(100, 64), None),
    ("Corollary 5.6", "cot"): ({**KHOP, "layers": 1, "thoughts": 1}, Fraction(100, 64), None),
    ("Proposition E.3", "blackboard"): ({"task": "pointer-chasing", "k": 2, "vertices": 64, "layers": 1}, 2, None),
    ("one step a round", "blackboard"): ({"task": "pointer-chasing", "k": 3, "vertices": 64, "state_bits": 6}, 3,
                                         "suffices"),
    # 4 symbols: 3 bits an entry; 2 levels of 12 bits and 3 more are 27; 5 hops in 3 layers
    ("hop tables", "rnn"): ({**KHOP, "k": 5, "alphabet": 4, "state_bits": 27}, 3, "suffices"),
    # 12 symbols of 100: 7 pairs and 5 answers (16.3 bits) or 8 and 4 (16), 6 and 6 (15.5)
    ("INDEX by counting", "rnn"): ({**KHOP, "k": 1, "alphabet": 12, "layers": 1, "state_bits": 16}, 17, "impossible"),
    ("a hop a thought", "cot"): ({**KHOP, "thoughts": 2}, 3, "suffices"),
    ("steps for parity", "cot"): ({"task": "parity", "length": 100}, 100, None),
    ("steps for median", "cot"): ({"task": "median", "length": 100}, 100, None),
    ("steps for multiplication", "cot"): ({"task": "multiplication", "length": 100}, 100, None),
    ("steps for reachability", "cot"): ({"task": "reachability", "vertices": 16, "edges": 20}, 80, None),
    ("squaring", "transformer"): ({"task": "connectivity", "vertices": 32, "diameter": 15}, 5, "suffices"),
    ("Theorem 3.3", "transformer"): ({"task": "connectivity", "vertices": 32, "diameter": 15}, 4, None),
    ("LogDepth", "transformer"): ({"task": "connectivity", "vertices": 32, "diameter": 15}, 5, None),
    ("one layer, connectivity", "transformer"): ({"task": "connectivity", "vertices": 10**6, "layers": 1,
                                                  "diameter": 9}, 10**6, None),
    ("unrolled connectivity", "looped"): ({"task": "connectivity", "vertices": 33}, 6, None),
    ("fixed depth", "looped"): ({"task": "connectivity", "vertices": 33}, None, None),
    ("Theorem 5.1", "gnn"): ({"task": "subgraph-connectivity", "edges": 10**4, "layers": 3}, 10**4, None),
    ("locality", "gnn"): ({"task": "connectivity", "diameter": 15, "layers": 14}, 15, "impossible"),
    ("flooding", "gnn"): ({"task": "connectivity", "diameter": 15}, 15, "suffices"),
    ("Theorem 1.1 (decoders)", "transformer"): ({"task": "composition", "k": 1, "length": 2**62}, 14, None),
    ("one layer more", "transformer"): ({"task": "composition", "k": 2, "length": 100}, 3, None),
    # 1024 * 10 = 10,240; 1 * 16 * 32 = 512; 9,728 / 30,720
    ("Theorem 1 (one layer)", "transformer"): ({"task": "composition", "k": 2, "length": 2048, "vertices": 1024,
                                                "layers": 1, "heads": 1, "width": 15}, Fraction(19, 60), "impossible"),
    ("hybrid hierarchy", "hybrid"): ({"task": "composition", "k": 3, "layers": 2}, 2**27, None),
    ("regular languages by loops", "looped"): ({"task": "regular-language", "length": 100}, 7, None),
    ("one layer of state", "rnn"): ({"task": "regular-language", "vertices": 5, "state_bits": 3}, 1, "suffices"),
    ("fixed depth, languages", "ssm"): ({"task": "regular-language"}, None, None),
    ("index look-up, attention", "transformer"): ({"task": "index-lookup", "length": 100}, 1, None),
    # 3 symbols, 3 positions: 27 strings, 5 bits
    ("index look-up, state", "rnn"): ({"task": "index-lookup", "length": 3, "alphabet": 3, "layers": 1,
                                       "state_bits": 4}, 5, "impossible"),
    ("associative recall, attention", "transformer"): ({"task": "associative-recall", "length": 9}, 2, "suffices"),
    ("associative recall, state", "ssm"): ({"task": "associative-recall", "length": 100, "alphabet": 12, "layers": 1,
                                            "state_bits": 17}, 17, None),
    ("Depth1", "transformer"): ({"task": "graph-retrieval", "vertices": 9}, 1, None),
    ("receptive field, parity", "reformer"): ({"task": "parity", "length": 1000, "bucket": 10, "layers": 2}, 3,
                                              "impossible"),
    ("receptive field, median", "reformer"): ({"task": "median", "length": 1001, "bucket": 10}, 4, None),
    ("LogDepthWide", "transformer"): ({"task": "shortest-path", "vertices": 1000}, 10, None),
    ("simulation, narrower", "transformer"): ({"task": "protocol", "rounds": 3}, 3, None),
    ("Theorem 4.1 of ANNA", "anna"): ({"task": "protocol", "rounds": 3}, 3, None),
    ("thoughts by loops", "looped"): ({"task": "chain-of-thought", "thoughts": 12}, 12, None),
    # 24 * 2^4 * ln 64 = 1,597.01: 1,598 packets of four words
    ("Theorem 3.1", "transformer"): ({"task": "protocol", "rounds": 3, "memory": 2, "length": 64, "width": 6392}, 4,
                                     "suffices"),
    # b = floor(4096 / (4 * 128)) = 8, D = 3, 2 * 3 + 3 rounds a layer
    ("Theorem 3.4", "mpc"): ({"task": "transformer", "layers": 2, "length": 500, "memory": 4096, "heads": 1}, 18,
                             "suffices"),
}  # fmt: skip


def test_every_statement_is_here():
    assert {made.name for made in STATEMENTS} == {name for name, _ in BY_HAND}


@pytest.mark.parametrize(("name", "arch"), BY_HAND)
def test_by_hand(name, arch):
    sizes, figure, decides = BY_HAND[name, arch]
    made = next(m for m in STATEMENTS if m.name == name and arch in m.archs and m.task == sizes["task"])
    found = made.at(Asked(arch=arch, **sizes))
    assert found.finding.value == figure
    assert found.finding.decides == decides
    row = found.to_json()
    assert {"theorem", "value", "condition", "vacuous"} <= set(row) and row["vacuous"] == (figure is None)


def test_the_papers_figure_is_vacuous_where_the_paper_is_small():
    """N / k^6 at N = 100: below one bit from k = 3 on, and then there is no number."""
    for k in range(1, 17):
        found = judge_sizes(Asked("khop", "ssm", length=100, k=k, layers=1)).bounds[0]
        silent = k >= 3 or k == 1  # k = 1: one layer is what it allows
        assert (found.statement.name, found.finding.vacuous) == ("Corollary 5.2", silent)
        assert (found.to_json()["value"] is None) == silent


def test_a_constant_decides_and_is_named():
    sizes = {"length": 10**9, "k": 4, "layers": 2, "state_bits": 1000, "alphabet": 10**9}
    asked = Asked("khop", "rnn", **sizes, constants={"Corollary 5.2": Fraction(1, 100)})
    found = judge_sizes(asked)
    assert found.bounds[0].finding.decides == "impossible"  # 10^9 / 4096 / 100 = 2,441 bits
    assert found.by.statement.name == "INDEX by counting" and found.assumed is None  # that one assumes nothing
    few = Asked("khop", "transformer", length=100, k=4, layers=1, heads=1, width=3, alphabet=7,
                constants={"Corollary 4.3": Fraction(1)})  # fmt: skip
    found = judge_sizes(few)
    assert found.verdict == "impossible" and found.conjecture == "one-versus-two-cycle conjecture"
    assert found.assumed == "Corollary 4.3 with the constant 1"
    with pytest.raises(InputError, match=r"the constant 9 is too great for Corollary 4\.3: at these sizes"):
        judge_sizes(Asked("khop", "transformer", length=10**5, k=128, layers=9, heads=1, width=70, alphabet=131,
                          constants={"Corollary 4.3": Fraction(9)}))  # fmt: skip


def test_figures():
    assert layer_size(96, 2) == 23  # 24 would leave no place for the query
    assert chase_bits(100, 2, alphabet=2) == 0
    assert kernel_bits(8, 4, 2, 32) == 4 * 9 * 2 * 32
    assert sparse_bits(8, 100, 5, 20, 32) == 20 * 8 * 32  # no more than the segment
    assert thought_bits(8, 2, 32) == 2 * 9 * 32
    assert narrow_limit(2**16, 1) == 2 and narrow_limit(2**16 - 1, 1) == 1
    assert error_probability(64, 1, 16, 32) == 0  # 384 < 544


def test_what_is_refused():
    with pytest.raises(InputError, match="no bound speaks of gnn on khop; of that task they speak about: transformer"):
        judge_sizes(Asked("khop", "gnn", length=10, k=1))
    with pytest.raises(InputError, match="no bound speaks of a task 'kop'; did you mean khop"):
        judge_sizes(Asked("kop", "gnn"))
    with pytest.raises(InputError, match="no bound speaks of an architecture 'cnn'; there are: "):
        judge_sizes(Asked("khop", "cnn"))
    with pytest.raises(InputError, match="khop needs --length"):
        judge_sizes(Asked("khop", "rnn", k=3))
    with pytest.raises(InputError, match="layers is 0; it must be at least 1"):
        Asked("khop", "rnn", layers=0)
    with pytest.raises(InputError, match="write NAME=NUMBER"):
        parse_constant("Corollary 5.2=much")
    with pytest.raises(InputError, match="layers is 2, but the diagram is of all depths"):
        phase_diagram(Asked("khop", "transformer", length=10, k=1, layers=2))
    assert "khop" in TASKS and "gnn" in ARCHS
