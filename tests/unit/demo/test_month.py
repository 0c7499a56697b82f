"""The demonstration's own parts: a month that is realistic, an oracle that is right."""

from decimal import Decimal
from uuid import UUID

from deploy.demo.facts import Facts
from deploy.demo.month import Call, generate
from deploy.demo.oracle import (
    Billed,
    billed_calls,
    charged_seconds,
    late_amounts,
    month_invoice,
    usage_amounts,
)
from deploy.demo.scenario import FENWICK, KESTREL, ORCHARD, PROFESSIONAL, PROVIDERS

SECOND = 1_000_000


def _call(answered: int, ended: int, holds: tuple[tuple[int, int], ...] = (), number: int = 1) -> Call:
    return Call(
        uuid=UUID(int=number, version=4),
        provider=KESTREL,
        tenant=FENWICK,
        direction="outbound",
        extension="100",
        did=FENWICK.dids[0],
        far="+14155550123",
        started=1_790_000_000 * SECOND,
        answered=answered,
        ended=ended,
        holds=holds,
    )


def test_the_month_is_the_same_for_the_same_seed_and_holds_everything_a_switch_does() -> None:
    """Unanswered, held, repeated, straggling and late records are all there."""
    month, again = generate(PROVIDERS, 3000), generate(PROVIDERS, 3000)
    assert month == again
    assert len(month.in_time) > len({call.uuid for call in month.in_time})
    assert any(call.answered == 0 for call in month.in_time)
    assert any(call.holds for call in month.in_time)
    assert month.straggling
    assert month.late
    starts = [call.started for call in month.in_time]
    assert starts != sorted(starts)


def test_the_oracle_reads_billed_seconds_back_from_the_written_document() -> None:
    """24.241 s bill 30 s; a hold is taken off and clipped to the hang-up; never answered is nothing."""
    base = 1_790_000_010 * SECOND
    calls = [
        _call(base, base + 24_241_000, number=1),
        _call(base, base + 68 * SECOND, ((base + 10 * SECOND, base + 68 * SECOND + 8_000),), number=2),
        _call(0, base, number=3),
    ]
    assert sorted(b.seconds for b in billed_calls(FENWICK, calls)) == [0, 12, 30]


def test_a_repeated_record_counts_once() -> None:
    """By the leg's uuid."""
    base = 1_790_000_010 * SECOND
    assert len(billed_calls(FENWICK, [_call(base, base + SECOND)] * 3)) == 1


def test_included_minutes_go_to_the_first_calls() -> None:
    """R16: the call in which they run out is charged for the rest."""
    billed = [
        Billed("a", "inbound", 1, 3000 * 60 - 30),
        Billed("b", "outbound", 2, 60),
        Billed("c", "inbound", 3, 6),
    ]
    assert charged_seconds(PROFESSIONAL, billed) == {"inbound": 6, "outbound": 30}
    assert usage_amounts(PROFESSIONAL, billed) == {"inbound": Decimal("0.00"), "outbound": Decimal("0.01")}


def test_an_invoice_adds_up_by_hand() -> None:
    """249.00 + 2 extensions above 20 at 12.00 + 1 DID above 5 at 2.50, tax 8.875 %."""
    invoice = month_invoice(KESTREL, FENWICK, [])
    assert invoice is not None
    assert invoice.subtotal == Decimal("275.50")
    assert invoice.tax == Decimal("24.45")
    assert month_invoice(KESTREL, ORCHARD, []) is None


def test_late_calls_are_the_difference_of_rating_again() -> None:
    """A late call can push minutes above the included ones."""
    early = [Billed("a", "inbound", 1, 3000 * 60)]
    assert late_amounts(PROFESSIONAL, early, [*early, Billed("b", "outbound", 2, 600)]) == [Decimal("0.19")]


def test_a_fact_once_seen_false_stays_false() -> None:
    """And nothing holds before anything was seen."""
    facts = Facts()
    assert not facts.all_hold
    facts.note("a", True)
    assert facts.all_hold
    facts.note("a", False)
    facts.note("a", True)
    assert not facts.all_hold
