"""Documents against the bare typesetter: the same pages, the same standards, turn by turn in one run."""

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

import typst

from services.invoicing.adapters.documents.press import FONT_FOLDERS, Press, job_of
from services.invoicing.adapters.documents.press_process import STANDARDS, TEMPLATE
from services.invoicing.domain.paper import Paper
from tests.bench.figures import Figures
from tests.unit.invoicing.papers import invoice

PAGES, ROUNDS, LINES = 40, 5, 20
LEAST_RATIO = 0.8


def papers() -> list[Paper]:
    """Each of its own tenant, number and amounts, so that nothing of one page is found again in the next."""
    plain = invoice(minutes_lines=LINES - 2)
    return [
        replace(
            plain,
            number=f"KV-2026-{place:05}",
            buyer=replace(plain.buyer, name=f"Tenant number {place}"),
            lines=tuple(
                replace(line, description=f"{line.description}, site {place}") for line in plain.lines
            ),
        )
        for place in range(PAGES)
    ]


async def test_documents_come_nearly_as_fast_as_the_typesetter_sets_them(
    figures: Figures, tmp_path: Path
) -> None:
    """Words, figures, logo check and the way to the press and back cost at most a fifth. All are asked for at once."""
    template = tmp_path / TEMPLATE.name
    template.write_bytes(TEMPLATE.read_bytes())
    (tmp_path / "logo.svg").write_bytes(job_of(papers()[0]).logo or b"")
    bare = typst.Compiler(
        str(template), root=str(tmp_path), ignore_system_fonts=True, font_paths=list(FONT_FOLDERS)
    )
    jobs = [
        (json.dumps({**json.loads(job.data), "logo": "logo.svg", "attach": None}), job.stamp)
        for job in map(job_of, papers())
    ]
    press, pages = Press(), papers()
    seconds: dict[str, list[float]] = {"bare": [], "press": []}
    try:
        await press.print(pages[0])
        bare.compile(format="pdf", pdf_standards=STANDARDS, sys_inputs={"data": jobs[0][0]})
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            for data, stamp in jobs:
                bare.compile(
                    format="pdf", pdf_standards=STANDARDS, sys_inputs={"data": data}, timestamp=stamp
                )
            seconds["bare"].append(time.perf_counter() - begun)
            begun = time.perf_counter()
            await asyncio.gather(*map(press.print, pages))
            seconds["press"].append(time.perf_counter() - begun)
    finally:
        await press.close()
    ratio = sorted(one / other for one, other in zip(seconds["bare"], seconds["press"], strict=True))[
        ROUNDS // 2
    ]
    figures.add(
        f"invoice PDF of {LINES} lines, against bare typst",
        f"{ratio:.2f} of its speed",
        goal=f">= {LEAST_RATIO}",
        beside=f"{PAGES / min(seconds['press']):.0f} and {PAGES / min(seconds['bare']):.0f} pages/s",
    )
