"""Faults on demand: what goes wrong between a service and Stripe, switched on through the control API."""

from __future__ import annotations

import fnmatch
import random
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from deploy.stripe_simulator.call import new_id


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMIT = "rate_limit"
    """429 before any work; the key stays free."""
    ERROR_BEFORE = "error_before"
    """500 without the work."""
    ERROR_AFTER = "error_after"
    """500 although the work is done."""
    DROP_RESPONSE = "drop_response"
    """The work is done and kept, the connection breaks before the answer."""
    DELAY = "delay"
    """The request waits ``delay_ms`` before the work."""
    REORDER_WEBHOOK = "reorder_webhook"
    """An event waits ``delay_ms`` (a second when 0), so that later ones overtake it. ``path``: its type."""
    DUPLICATE_WEBHOOK = "duplicate_webhook"
    """An event is delivered twice. ``path`` is matched against its type."""


class Fault(BaseModel):
    """One fault. It strikes ``count`` matching requests (None: all), each with ``probability``."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    count: Annotated[int, Field(ge=1)] | None = 1
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    method: str | None = None
    path: str | None = None
    """Shell pattern for the path, such as ``/v1/payment_intents*``."""
    account: str | None = None
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    keep_result: bool = True
    """Whether a 500 becomes the stored result of the request's idempotency key, as at Stripe."""


@dataclass
class ActiveFault:
    """A fault with how often it struck."""

    id: str
    fault: Fault
    struck: int = 0


@dataclass
class Faults:
    """The faults in force, in memory: a restart ends them."""

    seed: int = 0
    active: list[ActiveFault] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make chance repeatable."""
        self._chance = random.Random(self.seed)  # noqa: S311 (decides about faults, not secrets)

    def add(self, fault: Fault) -> ActiveFault:
        """Put a fault in force."""
        added = ActiveFault(new_id("flt", 8), fault)
        self.active.append(added)
        return added

    def clear(self) -> None:
        """End all faults."""
        self.active.clear()

    def strike(self, kind: FaultKind, method: str, path: str, account: str) -> Fault | None:
        """Return the fault that strikes here, counting it; None when all goes well."""
        for entry in self.active:
            fault = entry.fault
            if fault.kind is not kind or (fault.count is not None and entry.struck >= fault.count):
                continue
            if fault.method not in (None, method) or fault.account not in (None, account):
                continue
            if fault.path is not None and not fnmatch.fnmatchcase(path, fault.path):
                continue
            if self._chance.random() >= fault.probability:
                continue
            entry.struck += 1
            return fault
        return None
