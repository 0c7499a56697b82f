"""May this call go on? Emergencies before anything that could fail; everything else from what the gate has in memory."""

from collections.abc import Callable, Iterator
from typing import Protocol, cast

from services.suspension.domain.emergency import dialled, is_emergency
from services.suspension.domain.gate import Answer, Called, Direction, Line, barred, decide, host_of
from shared.errors import Invalid, NotFound, Unavailable
from shared.ids import ProviderId, TenantId

DIRECTIONS = ("inbound", "outbound")
LONGEST_TENANT = 255


class Lines(Protocol):
    """The gate's memory."""

    loaded: bool

    def find(self, provider_id: ProviderId, name: str) -> Line | None:
        """The provider's tenant with this id, SIP domain or account code; another provider's is None."""

    def reachable(self, provider_id: ProviderId) -> frozenset[str]:
        """Numbers in E.164 that barred tenants of the provider may call."""

    def calls_back(self, tenant_id: TenantId) -> bool:
        """Whether the tenant made an emergency call a short while ago: the emergency centre may call back."""


class Gate:
    """Decides about calls. Touches nothing but memory, so that it answers whatever else is away.

    ``is_emergency_in(number, country)`` knows each country's own emergency numbers, ``calling_code(country)`` what
    E.164 puts before them; ``international(number, country)`` is the number in E.164, None for what is no telephone
    number; ``is_toll_free`` asks of one in E.164. ``on_emergency`` is told of each emergency call of a known tenant.
    """

    def __init__(
        self,
        lines: Lines,
        *,
        is_emergency_in: Callable[[str, str], bool],
        calling_code: Callable[[str], str],
        international: Callable[[str, str], str | None],
        is_toll_free: Callable[[str], bool],
        on_emergency: Callable[[Line], None],
    ) -> None:
        self._lines = lines
        self._is_emergency_in = is_emergency_in
        self._calling_code = calling_code
        self._international = international
        self._is_toll_free = is_toll_free
        self._on_emergency = on_emergency

    def answer(self, provider_id: ProviderId, tenant: str, direction: str, to: str) -> Answer:
        """Raises ``Unavailable`` before the first loading, ``NotFound`` (tenant) and ``Invalid`` (direction)."""
        line = self._find(provider_id, tenant)
        number = dialled(to)
        country = line.country if line else None
        if is_emergency(number, country, self._is_emergency_in, self._calling_code):
            if line is not None and direction == "outbound":
                self._on_emergency(line)
            return "allow"
        if not self._lines.loaded:
            raise Unavailable("The gate has nothing in memory yet; use your own last answer.")
        if line is None:
            raise NotFound("No tenant of yours has this id, SIP domain or account code.", field="tenant")
        if direction not in DIRECTIONS:
            raise Invalid("direction is inbound or outbound.", field="direction")
        known = cast(Direction, direction)
        if not barred(line, known):
            return "allow"
        if known == "inbound" and self._lines.calls_back(line.tenant_id):
            return "allow"
        return decide(line, known, called=self._called(line, known, number))

    def _find(self, provider_id: ProviderId, tenant: str) -> Line | None:
        """Switches hand on what they have: a domain may come with its port, or as a whole address."""
        if len(tenant) > LONGEST_TENANT:
            return None
        line = self._lines.find(provider_id, tenant)
        if line is None and (host := host_of(tenant)):
            line = self._lines.find(provider_id, host)
        return line

    def _called(self, line: Line, direction: Direction, number: str) -> Called:
        """Only asked for barred calls: working out what a number means takes longer than all the rest."""
        if direction != "outbound" or not number:
            return "domestic"
        known = self._international(number, line.country)
        reachable = self._lines.reachable(line.provider_id)
        if known in reachable or any(reading in reachable for reading in _as_e164(number)):
            return "reachable"
        if known is None:
            return "domestic"
        if self._is_toll_free(known):
            return "free"
        return "domestic" if known.startswith("+" + self._calling_code(line.country)) else "international"


def _as_e164(number: str) -> Iterator[str]:
    """What a number is in E.164 wherever it is dialled: switches leave the plus sign out, or write 00 or 011 for it."""
    yield from ("+" + number[len(prefix) :] for prefix in ("+", "00", "011", "") if number.startswith(prefix))
