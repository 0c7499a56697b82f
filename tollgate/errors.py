"""What goes wrong for the person at the terminal: a sentence and an exit status, never a traceback."""

from collections.abc import Mapping
from typing import Any

from tollgate.text import plain


class ClientError(Exception):
    """Its text is the sentence; ``status`` the exit status."""

    status = 1


class WrongUse(ClientError):
    """An option or a file is wrong: nothing was sent."""

    status = 2


class Refused(ClientError):
    """The gateway's problem document (RFC 9457). ``problem`` is the document as it came."""

    def __init__(self, http_status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(_sentence(http_status, problem))
        self.http_status = http_status
        self.problem = problem


def _sentence(http_status: int, problem: Mapping[str, Any]) -> str:
    title = plain(problem.get("title") or f"The gateway answered {http_status}")
    detail = plain(problem.get("detail") or "It gave no reason.")
    lines = [f"{title}: {detail}"]
    named = problem.get("field")
    if isinstance(named, str) and named and named not in detail:
        lines[0] += f" ({plain(named)})"
    errors = problem.get("errors")
    for one in errors if isinstance(errors, list) else []:
        if isinstance(one, Mapping):
            line = f"  {plain(one.get('field', ''))}: {plain(one.get('detail', ''))}"
            if str(one.get("detail", "")) not in detail:
                lines.append(line)
    return "\n".join(lines)
