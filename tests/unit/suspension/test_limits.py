"""What usage's limits and alerts do: bar, clear, stand in the trail, and hide nothing that comes beside them."""

from datetime import date
from typing import Any, Literal

from services.suspension.domain.account import Account, Limit, Stage
from services.suspension.domain.policy import Policy
from services.suspension.use_cases.foresee_suspensions import foresee_suspensions
from shared.events import suspension, usage
from tests.unit.suspension.builders import PROVIDER, TENANT, look, on_day, opened
from tests.unit.suspension.fakes import FakeWork
from tests.unit.suspension.test_fair_ladder import hear, live, owing, stage


def limit_reached(
    kind: Literal["spend_limit", "unusual_international"], day: int, hour: int = 0
) -> usage.ThresholdReached:
    return usage.ThresholdReached(
        provider_id=PROVIDER,
        tenant_id=TENANT,
        kind=kind,
        subject="period",
        percent=100,
        used=50_000,
        limit=50_000,
        currency="USD",
        start_date=date(2026, 3, 1),
        end_date=date(2026, 4, 1),
        at=on_day(day, hour),
    )


async def test_a_spend_limit_bars_and_clears_without_any_invoice() -> None:
    """Announced with its own reason; cleared by usage."""
    work = FakeWork(at=on_day(0))
    await hear(work, opened(), -30)
    reached = limit_reached("spend_limit", 0)
    await hear(work, reached.model_copy(update={"percent": 80}), 0)
    assert await stage(work) is Stage.NONE
    await hear(work, reached, 0)
    assert await stage(work) is Stage.OUTBOUND_BARRED
    suspended = work.emitted[-1]
    assert isinstance(suspended, suspension.TenantSuspended)
    assert suspended.why == "spend_limit"
    work.at = on_day(1)
    cleared = usage.ThresholdCleared(
        provider_id=PROVIDER, tenant_id=TENANT, kind="spend_limit", why="limit_changed", at=on_day(1)
    )
    await hear(work, cleared, 1)
    assert await stage(work) is Stage.NONE


def test_an_alert_about_unusual_calls_acts_until_local_midnight_where_the_policy_says_so() -> None:
    """International calls only; the stage stays."""
    account = Account(limits=[Limit("unusual_international", on_day(3, 15), None)])
    acting = Policy(unusual_international_bars=True)
    assert not look(account, on_day(3, 16)).international_barred
    standing = look(account, on_day(3, 16), acting)
    assert (standing.international_barred, standing.stage) == (True, Stage.NONE)
    assert standing.next_step_at == on_day(4)
    assert not look(account, on_day(4), acting).international_barred


async def test_a_barring_of_international_calls_stands_in_the_trail() -> None:
    """Calls were refused, so the provider must be able to say why, and until when."""
    work = FakeWork(at=on_day(3, 9))
    await work.policies.keep(PROVIDER, None, Policy(unusual_international_bars=True), work.at)
    await hear(work, opened(), -30)
    await hear(work, limit_reached("unusual_international", 3, 9), 3)
    await live(work, 4, 5)
    entries = work.trail()
    assert [(one.action, one.at) for one in entries] == [
        ("international calls barred", on_day(3, 9)),
        ("international calls allowed again", on_day(4)),
    ]
    assert entries[0].details == {"alert_at": on_day(3, 9).isoformat()}


async def test_who_is_barred_by_a_spend_limit_may_be_suspended_soon_as_well() -> None:
    """The provider hears of it: what is to come is graver, and for another reason."""
    work = await owing(12)
    await hear(work, limit_reached("spend_limit", 12), 12)
    assert await stage(work) is Stage.OUTBOUND_BARRED
    (found,) = await foresee_suspensions(work, PROVIDER, 7)
    assert (found.at, found.stage) == (on_day(14), Stage.BOTH_BARRED)


async def test_the_trail_says_which_policy_barred() -> None:
    """It may have changed by the time the tenant complains."""
    work = await owing(14, Policy(grace_days=14, smallest_minor=500))
    entries = work.trail()
    (barred,) = [entry for entry in entries if entry.action == "suspended"]
    policy: dict[str, Any] = barred.details["policy"]
    assert (policy["grace_days"], policy["smallest_minor"], policy["counting"]) == (14, 500, "calendar")
