"""Both forms on Ray: the local engine's answer and ledger, also if a worker is killed on the way."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from logdepth.mpc import Checkpoints, LocalEngine
from logdepth.mpc.ray_engine import RayEngine
from logdepth.simulation.transformer_to_protocol import transformer_to_protocol
from tests.simulation.models import small_model, tokens_for

pytest.importorskip("ray")
pytestmark = pytest.mark.slow

FORMS = [{"form": "faithful", "branching": 3}, {"form": "faithful", "fused": True}, {"form": "blocked", "memory": 200}]


@pytest.fixture(scope="module")
def engine():
    try:
        engine = RayEngine(workers=2)
    except Exception as error:  # a sandbox without shared memory or sockets
        pytest.skip(f"Ray does not start here: {error}")
    with engine:
        yield engine


@pytest.mark.parametrize("options", FORMS)
@pytest.mark.parametrize("killed", [None, 1, 4])
def test_same_answer_and_ledger(engine, tmp_path, options, killed):
    model = small_model(2)
    tokens = tokens_for(model, 14)
    made = transformer_to_protocol(model, 14, **options)
    inputs = made.place(tokens)
    want = LocalEngine().run(made.protocol, inputs)
    done = []

    def progress(rounds: int, bound: int) -> None:
        if rounds == killed and not done:
            done.append(os.kill(engine.pids[rounds % 2], signal.SIGKILL))

    engine.recovered = 0
    run = engine.run(made.protocol, inputs, progress=progress, checkpoints=Checkpoints(tmp_path / "saved", every=3))
    assert engine.recovered == len(done) == (killed is not None)
    assert run.ledger.without_clock() == want.ledger.without_clock()
    np.testing.assert_allclose(run.result, want.result, atol=1e-12)
    np.testing.assert_allclose(run.result, model.logits(tokens), atol=1e-12)
