"""Every experiment by name."""

from __future__ import annotations

import difflib

from logdepth.errors import InputError
from logdepth.experiments.attention import (
    deepest_run,
    draw_best,
    draw_maps,
    draw_pointers,
    measure_best,
    measure_maps,
    measure_pointers,
)
from logdepth.experiments.by_diameter import diameter_runs, draw_diameter, measure_diameter
from logdepth.experiments.curves import draw_by_k
from logdepth.experiments.depth_steps import depth_runs, draw_depth, measure_depth
from logdepth.experiments.end_question import draw_end, end_runs, measure_end
from logdepth.experiments.error_plots import draw_by_depth, draw_samples
from logdepth.experiments.errors import (
    fresh_runs,
    measure_errors,
    measure_samples,
    sample_runs,
    short_runs,
    wide_runs,
)
from logdepth.experiments.experiment import Experiment, Measure
from logdepth.experiments.inside import draw_inside, inside_runs, measure_inside
from logdepth.experiments.long_hops import draw_long, long_runs, measure_long
from logdepth.experiments.rivals import draw_rivals, draw_search, measure_rival, rival_runs, search_runs
from logdepth.experiments.variants import draw_variants, measure_variant, variant_runs

ERRORS = Measure("errors", 1, measure_errors)
SAMPLES = Measure("sample-errors", 1, measure_samples)
MAPS = Measure("maps", 2, measure_maps)
POINTERS = Measure("pointers", 1, measure_pointers)
BEST = Measure("best-pointers", 1, measure_best)
VARIANTS = Measure("variant-errors", 1, measure_variant)
INSIDE = Measure("inside", 1, measure_inside)
LONG = Measure("long-errors", 1, measure_long)
RIVAL = Measure("rival-errors", 1, measure_rival)
DEPTH = Measure("depth-errors", 1, measure_depth)
DIAMETER = Measure("diameter-errors", 1, measure_diameter)
END = Measure("end-errors", 1, measure_end)

_ALL = (
    Experiment("figure-2", "2, 6", "error against k for depths 2 to 6", fresh_runs, ERRORS, draw_by_k),
    Experiment("few-steps", "2", "one k asked, 2,500 steps", short_runs, ERRORS, draw_by_k),
    Experiment("depth-by-k", "7", "error against depth for each k", fresh_runs, ERRORS, draw_by_depth),
    Experiment("finite-samples", "8, 10", "a fixed set of samples", sample_runs, SAMPLES, draw_samples),
    Experiment("width", "9", "8 heads, width 256", wide_runs, ERRORS, draw_by_k),
    Experiment("attention-maps", "11-13", "a trained net's attention", deepest_run, MAPS, draw_maps),
    Experiment("pointer-table", "14, 15", "heads against find^j", deepest_run, POINTERS, draw_pointers),
    Experiment("best-pointer", "16-19", "the find^j of each head by k", deepest_run, BEST, draw_best),
    Experiment("variants", "none", "depth and reach: one thing changed", variant_runs, VARIANTS, draw_variants),
    Experiment("inside", "none", "what is held where, one k asked", inside_runs, INSIDE, draw_inside),
    Experiment("long-hops", "none", "reach where hops are long, to the end", long_runs, LONG, draw_long),
    Experiment("rivals", "none", "architectures of one size, error against k", rival_runs, RIVAL, draw_rivals),
    Experiment("rivals-search", "none", "the search that is the same for each", search_runs, RIVAL, draw_search),
    Experiment("depth-against-steps", "none", "layers or thoughts that k takes", depth_runs, DEPTH, draw_depth),
    Experiment("connectivity-by-diameter", "none", "graphs learned", diameter_runs, DIAMETER, draw_diameter),
    Experiment("end-question", "none", "graphs, the end question alone", end_runs, END, draw_end),
)
EXPERIMENTS = {experiment.name: experiment for experiment in _ALL}


def find_experiment(name: str) -> Experiment:
    """An experiment by name. Raises `InputError`, with near names, for others.

    >>> find_experiment("figure-2").figures
    '2, 6'
    """
    if name not in EXPERIMENTS:
        near = difflib.get_close_matches(name, EXPERIMENTS, 1, 0.4)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(EXPERIMENTS)}"
        raise InputError(f"there is no experiment {name!r}; {hint}")
    return EXPERIMENTS[name]
