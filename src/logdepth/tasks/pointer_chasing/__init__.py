"""Pointer chasing on a functional graph that the input lists: where does f lead from v in k steps?"""

from logdepth.tasks.pointer_chasing.sampler import ChasingSampler
from logdepth.tasks.pointer_chasing.solver import chase_by_definition, hops_to_new, image_slots
from logdepth.tasks.pointer_chasing.task import PointerChasing

__all__ = ["ChasingSampler", "PointerChasing", "chase_by_definition", "hops_to_new", "image_slots"]
