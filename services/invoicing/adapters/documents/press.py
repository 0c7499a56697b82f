"""Runs the press: started when a document is wanted, ended when none has been for a while or when it hangs.

The fonts of all scripts and the typesetter take about 60 MiB, which a service that is idle most of the month should
not hold; and whatever an uploaded image does to the typesetter, it does not do to the service.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from datetime import UTC

import msgspec
import structlog

from services.invoicing.adapters.documents.content import content_of
from services.invoicing.adapters.documents.press_job import LENGTH_BYTES, Job, Outcome
from services.invoicing.domain.logo import Logo, check_logo
from services.invoicing.domain.paper import Paper
from shared.errors import Failed, Invalid, Unavailable

log = structlog.get_logger(__name__)
# Where Debian's fonts-noto-core, fonts-noto-cjk and fonts-dejavu-core lie; a folder that is not there is passed over.
FONT_FOLDERS = (
    "/usr/share/fonts/truetype/noto",
    "/usr/share/fonts/opentype/noto",
    "/usr/share/fonts/truetype/dejavu",
)
_MODULE = "services.invoicing.adapters.documents.press_process"


def job_of(paper: Paper, xml: str | None = None) -> Job:
    """The job of a paper; ``xml`` is attached as its electronic invoice."""
    content = content_of(paper)
    logo = logo_of(paper)
    return Job(
        data=json.dumps(content, ensure_ascii=False).encode(),
        stamp=int(paper.issued_at.astimezone(UTC).timestamp()),
        logo=logo.content if logo else None,
        logo_format=logo.format if logo else "svg",
        xml=xml,
        description=content["title"],
    )


def logo_of(paper: Paper) -> Logo | None:
    """None also for one that was kept before logos were checked and does not pass."""
    if paper.look.logo is None:
        return None
    try:
        return check_logo(paper.look.logo)
    except Invalid as error:
        log.warning("logo left out", number=paper.number, why=error.message)
        return None


class Press:
    """One press process at a time; documents wait for each other (about 70 a second)."""

    def __init__(
        self,
        *,
        fonts: Sequence[str] = FONT_FOLDERS,
        job_seconds_max: float = 20.0,
        idle_seconds: float = 60.0,
    ) -> None:
        self._fonts = tuple(fonts)
        self._job_seconds_max, self._idle_seconds = job_seconds_max, idle_seconds
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._rest: asyncio.TimerHandle | None = None

    async def print(self, paper: Paper, xml: str | None = None) -> bytes:
        """The PDF. Raises ``Failed`` when it cannot be set, ``Unavailable`` when the press cannot be had."""
        job = job_of(paper, xml)
        outcome = await self._outcome(msgspec.msgpack.encode(job), paper.number)
        if outcome.lacking:
            log.warning("document printed without", number=paper.number, lacking=outcome.lacking)
        if outcome.pdf is None:
            log.error("document cannot be printed", number=paper.number, error=outcome.error)
            raise Failed(
                f"{paper.number} cannot be printed: {outcome.error}. The provider should check names and logo."
            )
        return outcome.pdf

    async def _outcome(self, message: bytes, number: str) -> Outcome:
        async with self._turn:
            if self._rest is not None:
                self._rest.cancel()
            try:
                # A press that was ended from outside is replaced once.
                for _ in range(2):
                    try:
                        async with asyncio.timeout(self._job_seconds_max):
                            return await self._exchange(message)
                    except (ConnectionError, asyncio.IncompleteReadError):
                        await self._end()
                raise Unavailable(f"{number} cannot be printed now; ask again.")
            except TimeoutError:
                await self._end()
                log.error("press stopped: too slow", number=number, seconds=self._job_seconds_max)
                raise Failed(
                    f"{number} takes too long to print; the provider should simplify the logo."
                ) from None
            except asyncio.CancelledError:
                # The answer to this job would be taken for the next one's.
                await self._end()
                raise
            finally:
                loop = asyncio.get_running_loop()
                self._rest = loop.call_later(self._idle_seconds, self._close_input)

    async def _exchange(self, message: bytes) -> Outcome:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
        await process.stdin.drain()
        length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES), "big")
        answer = await process.stdout.readexactly(length)
        return msgspec.msgpack.decode(answer, type=Outcome)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                _MODULE,
                *self._fonts,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        return self._process

    def _close_input(self) -> None:
        """The press ends by itself when it has nothing more to read."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def close(self) -> None:
        """Ends the press with the service."""
        if self._rest is not None:
            self._rest.cancel()
        await self._end()
