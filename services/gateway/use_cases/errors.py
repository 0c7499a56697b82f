"""What a service's refusal becomes on its way through the gateway."""

from typing import Any

from shared.errors import TollgateError


class Refused(TollgateError):
    """A service refused a request with a problem document (RFC 9457); it reaches the caller as it is.

    ``status`` is its 4xx status; ``document`` the problem's members.
    """

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        super().__init__(f"{status}: {document.get('detail', '')}")
        self.status = status
        self.document = document

    @property
    def title(self) -> str:
        return str(self.document.get("title", "Refused"))

    @property
    def detail(self) -> str:
        return str(self.document.get("detail", "The request was refused."))
