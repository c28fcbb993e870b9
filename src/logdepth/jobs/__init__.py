"""Jobs: a problem, an input file, machines and an engine, run to the end, resumed, or planned."""

from __future__ import annotations

from logdepth.jobs.job import Job, find_problem, resume_job, run_job
from logdepth.jobs.parted_job import AnswerWanted
from logdepth.jobs.transform import transform_job

__all__ = ["AnswerWanted", "Job", "find_problem", "resume_job", "run_job", "transform_job"]
