"""Statement, aged receivables, revenue and exports over a real database."""

import csv
import io
import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from shared.ids import new_id
from tests.integration.invoicing.conftest import Stage
from tests.integration.invoicing.money import balances, bill, hear, pay, refunded
from tests.integration.invoicing.test_http_money import Office, office, usd

__all__ = ["office"]
pytestmark = pytest.mark.integration


async def some_life(stage: Stage, office: Office) -> Any:
    """Two tenants: one pays, is refunded and credited; one never pays."""
    good, bad = await stage.tenant("good"), await stage.tenant("bad")
    first = await bill(stage, good, 10000, 500, cause="first")
    payment_id = await pay(stage, good, first.total_minor, {first: first.total_minor})
    await hear(stage, refunded(good, payment_id, 1000, {first: 1000}))
    unpaid = await bill(stage, bad, 2000, cause="unpaid")
    note = {"lines": [{"line_id": 0, "amount": usd(500)}], "reason": "=Half", "request_id": str(new_id())}
    await office.ok("POST", office.of(unpaid) + "/credit-notes", json=note)
    return good, bad, first, unpaid


async def test_a_statement_shows_every_movement_and_the_balance(office: Office) -> None:
    """Charges, payment, refund; another provider's tenant is a 404; a wrong range is refused."""
    good, bad, first, _ = await some_life(office.stage, office)
    path = f"{office.base}/tenants/{good.tenant_id}/statement"
    shown = await office.ok("GET", path)
    assert [(line["kind"], line["amount"]["minor"]) for line in shown["lines"]] == [
        ("invoice", first.total_minor),
        ("payment", -first.total_minor),
        ("credit_note", -1000),
        ("refund", 1000),
    ]
    assert shown["closing_balance"] == usd(0)
    owed = await office.ok("GET", f"{office.base}/tenants/{bad.tenant_id}/statement?from=2026-10-02")
    assert (owed["lines"], owed["opening_balance"]) == ([], usd(2178 - 545))
    assert (await office.refused("GET", path + "?from=2026-10-02&to=2026-10-02", None))[2] == "to"
    assert (await office.refused("GET", path.replace(str(good.provider_id), str(new_id())), None))[0] == 404


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(14, "not_due"), (15, "days_0_30"), (44, "days_0_30"), (45, "days_31_60"), (75, "days_61_90"),
     (104, "days_61_90"), (105, "days_over_90")],
)  # fmt: skip
async def test_what_is_owed_ages_by_its_due_day(office: Office, days: int, bucket: str) -> None:
    """Due October 15 in New York; the day after the midnight counts."""
    _, bad, _, unpaid = await some_life(office.stage, office)
    await office.stage.at(datetime.fromisoformat("2026-10-01T23:59:00-04:00") + timedelta(days=days))
    shown = await office.ok("GET", office.base + "/reports/aged-receivables")
    (row,) = shown["tenants"]
    assert (row["tenant_id"], row[bucket], row["total"]) == (str(bad.tenant_id), usd(1633), usd(1633))
    (total,) = shown["totals"]
    assert (total[bucket], total["total"]) == (usd(1633), usd(1633))
    assert unpaid.due_on == date(2026, 10, 15)


async def test_revenue_is_what_the_books_say(office: Office) -> None:
    """Issued net of credit notes, by kind, and tax apart; nothing outside of the days."""
    await some_life(office.stage, office)
    path = office.base + "/reports/revenue"
    (october,) = (await office.ok("GET", path + "?from=2026-01-01&to=2027-01-01"))["periods"]
    books = await balances(office.stage)
    assert october["start_date"] == "2026-10-01"
    assert october["revenue"]["net"] == usd(-books["revenue"])
    assert october["tax"]["net"] == usd(-books["tax_payable"])
    assert october["kinds"]["one_time"]["billed"] == usd(12500)
    assert october["kinds"]["one_time"]["credited"]["minor"] < -500
    assert (await office.ok("GET", path + "?from=2026-11-01&to=2027-01-01&by=day"))["periods"] == []
    (day,) = (await office.ok("GET", path + "?from=2026-10-01&to=2026-10-02&by=day"))["periods"]
    assert day["revenue"] == october["revenue"]


async def test_exports_hold_every_row_in_both_forms(office: Office) -> None:
    """CSV and JSON lines say the same; the journal sums to zero; words are no formulas."""
    _, _, first, _ = await some_life(office.stage, office)
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in ("journal", "invoices", "invoice-lines", "credit-notes"):
        answer = await office.client.get(f"{office.base}/exports/{kind}?form=jsonl")
        assert answer.headers["content-type"] == "application/x-ndjson"
        found[kind] = [json.loads(line) for line in answer.text.splitlines()]
        answer = await office.client.get(f"{office.base}/exports/{kind}?form=csv")
        table = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(table) == len(found[kind])
        for made, row in zip(table, found[kind], strict=True):
            assert list(made) == list(row)
            assert {made["currency"]} == {row["currency"]}
    assert sum(row["amount_minor"] for row in found["journal"]) == 0
    assert {row["number"] for row in found["invoices"]} == {"KV-2026-00001", "KV-2026-00002"}
    (paid,) = [row for row in found["invoices"] if row["number"] == first.number]
    assert (paid["total"], paid["paid_minor"], paid["balance"]) == ("114.32", 11432, "0.00")
    assert len(found["invoice-lines"]) == 3
    assert [row["refund"] for row in found["credit-notes"]] == ["10.00", "0.00"]
    table = list(csv.DictReader(io.StringIO(answer.text)))
    assert table[1]["reason"] == "'=Half"
    answer = await office.client.get(f"{office.base}/exports/journal?from=2026-10-02")
    assert answer.text == ""
    assert (await office.refused("GET", f"{office.base}/exports/secrets", None))[0] == 422
