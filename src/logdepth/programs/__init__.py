"""The library of programs. To add one: a file here, and its name in `BUILT_IN`."""

from logdepth.programs.khop import khop_doubling, khop_doubling_any, khop_rank, khop_rank_any
from logdepth.programs.pointers import pointer_doubling

BUILT_IN = {
    program.name: program for program in (khop_rank, khop_doubling, khop_rank_any, khop_doubling_any, pointer_doubling)
}

__all__ = ["BUILT_IN", "khop_doubling", "khop_doubling_any", "khop_rank", "khop_rank_any", "pointer_doubling"]
