"""Large objects show themselves in two lines."""

from __future__ import annotations

from pathlib import Path

import logdepth
from logdepth.programs import khop_rank


def test_two_lines_at_the_prompt_and_in_notebooks(tmp_path: Path) -> None:
    model = logdepth.compile(khop_rank, length=100, alphabet="ACGT", k=16)
    folder = model.save(tmp_path / "m")
    large = [model, model.compilation, model.checkpoint, model.schedule, model.schedule.normal, model.transformer]
    for shown in [*large, logdepth.load(folder), logdepth.verify(folder, samples=4)]:
        assert len(repr(shown).splitlines()) == 2 and len(repr(shown)) < 300, repr(shown)
        html = shown._repr_html_()
        assert html.startswith("<b>") and "<br>" in html and len(html) < 320
    assert "khop_rank (k = 16)" in repr(model) and "6 layers" in repr(model) and "exact in float32" in repr(model)
    assert "388,154 parameters" in repr(model.checkpoint)
