"""Evaluation of a four-layer net on 17,000 strings (1,000 for each k), by how many strings go in one forward pass.

CPU seconds of one thread; the batch sizes take turns, k by k, so that all of them see the same machine.
"""

from __future__ import annotations

import time

import torch

from logdepth.models.build import build_model
from logdepth.records import Record
from logdepth.train.evaluate import BATCH, score
from logdepth.train.recipes import fast
from logdepth.train.subject import run_subject
from measure import save

STRINGS = 1000
BEFORE = 256
SIZES = (8, BATCH, 32, 64, BEFORE)


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    config = fast(4)
    subject = run_subject("untrained", build_model(config.model).eval(), config, 0)
    strings = subject.task.strings(STRINGS, 0)
    spent = dict.fromkeys(SIZES, 0.0)
    for k in subject.task.questions:
        for size in SIZES:
            began = time.process_time()
            score(subject.task, subject.predict, k, strings, batch_size=size)
            spent[size] += time.process_time() - began
    tokens = len(subject.task.questions) * STRINGS * (config.length + 1)
    records = []
    for size, seconds in spent.items():
        setting = {"layers": 4, "strings": STRINGS * len(subject.task.questions), "batch": size, "threads": 1}
        values = {"cpu_seconds": round(seconds, 2), "tokens_per_second": round(tokens / seconds)}
        records.append(Record("evaluate", setting, {**values, "times_faster": round(spent[BEFORE] / seconds, 2)}))
    save("evaluate", records)


if __name__ == "__main__":
    main()
