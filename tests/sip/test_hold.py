"""The tenant's hold, as telephones say it: what is reported of it and what is not."""

from itertools import count

import pytest

from tests.sip import scenarios
from tests.sip.conftest import Line
from tests.sip.tools import outbound, passes, play, talk_seconds

pytestmark = pytest.mark.sip
_numbers = count(1000)


def test_the_tenants_hold_is_reported(line: Line) -> None:
    """0.7 s on hold within a call of about a second."""
    passes(outbound(line.edge, line.tenant, "+12125550302", talk_ms=300, hold_ms=700))
    record = line.gate.record_of("+12125550302")
    assert 650 <= int(record["tenant_hold_ms"]) <= 950
    assert talk_seconds(record) > 0.95


@pytest.mark.parametrize("form", scenarios.HOLDS)
def test_hold_counts_however_a_telephone_says_it(line: Line, form: str) -> None:
    """Half a second on hold, half a second of talk after it."""
    number = f"+1212555{next(_numbers)}"
    held, again = scenarios.HOLDS[form]
    call = scenarios.reoffers(f"sip:{number}@{line.tenant}", held, again)
    passes(play(line.edge, call, tenant=line.tenant))
    assert 450 <= int(line.gate.record_of(number)["tenant_hold_ms"]) <= 750


def test_hold_by_update_counts(line: Line) -> None:
    """RFC 3311: a session may be changed without another INVITE."""
    number = f"+1212555{next(_numbers)}"
    call = scenarios.reoffers(f"sip:{number}@{line.tenant}", *scenarios.HOLDS["inactive"], method="UPDATE")
    passes(play(line.edge, call, tenant=line.tenant))
    assert 450 <= int(line.gate.record_of(number)["tenant_hold_ms"]) <= 750


def test_a_call_is_retrieved_by_an_answer_in_the_ack(line: Line) -> None:
    """The INVITE asks for an offer, the ACK says that the tenant listens again: some PBXs do all retrieving so."""
    number = f"+1212555{next(_numbers)}"
    call = scenarios.answers_in_the_ack(f"sip:{number}@{line.tenant}", *scenarios.HOLDS["inactive"])
    passes(play(line.edge, call, tenant=line.tenant))
    assert 450 <= int(line.gate.record_of(number)["tenant_hold_ms"]) <= 750


@pytest.mark.parametrize("form", scenarios.NO_HOLDS)
def test_what_only_looks_like_hold_is_talk(line: Line, form: str) -> None:
    """Or talk would go unbilled."""
    number = f"+1212555{next(_numbers)}"
    call = scenarios.reoffers(f"sip:{number}@{line.tenant}", scenarios.NO_HOLDS[form])
    passes(play(line.edge, call, tenant=line.tenant))
    assert line.gate.record_of(number)["tenant_hold_ms"] == "0"
