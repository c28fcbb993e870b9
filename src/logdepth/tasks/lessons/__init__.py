"""Graphs to learn on: questions about random graphs by diameter, and audits of what gives the answers away."""

from logdepth.tasks.lessons.connectivity import ConnectivityLesson
from logdepth.tasks.lessons.cycles import CycleLesson
from logdepth.tasks.lessons.lesson import GraphLesson

__all__ = ["ConnectivityLesson", "CycleLesson", "GraphLesson"]
