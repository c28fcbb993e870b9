"""Jobs: a problem, an input file, machines and an engine, run to the end, resumed, or planned."""

from __future__ import annotations

from logdepth.jobs.job import Job, find_problem, resume_job, run_job
from logdepth.jobs.transform import transform_job

__all__ = ["Job", "find_problem", "resume_job", "run_job", "transform_job"]
