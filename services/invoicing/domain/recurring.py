"""Fees and add-ons of a period: by day, after discounts (R18, R20, R22, R25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from services.invoicing.domain.agreed import Agreed
from services.invoicing.domain.discounts import Discount, in_order, lowered
from services.invoicing.domain.lines import Line, LineKind, share_words
from services.invoicing.domain.plans import Plan
from services.invoicing.domain.proration import rounded_in_turn
from shared.money import Currency, Money


@dataclass(frozen=True, slots=True)
class _Item:
    """One price for some days; ``group`` items of one price are parts of one charge (R27)."""

    key: str
    group: str
    kind: LineKind
    words: str
    price: Decimal
    quantity: int
    start: date
    end: date
    whole_days: int
    plan: Plan

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def share(self) -> Fraction:
        return min(Fraction(self.days, self.whole_days), Fraction(1))


def recurring_lines(agreed: Agreed, *, advance: bool) -> dict[str, Line]:
    """Fees and add-ons by key, then their discounts: those billed in advance, or those in arrears."""
    items = [one for one in [*_fees(agreed), *_add_ons(agreed)] if one.plan.in_advance == advance]
    if not items:
        return {}
    code = items[0].plan.currency
    timing = "in advance" if advance else "in arrears"
    lines = {
        item.key: Line(
            item.kind,
            item.words,
            Decimal(item.quantity),
            None,
            item.price,
            Money(minor, code),
            item.start,
            item.end,
            {"key": item.key, "plan_id": str(item.plan.plan_id), "plan_version": item.plan.version},
            share_words(timing, item.days, item.whole_days),
        )
        for item, minor in zip(items, _amounts(items, [], code), strict=True)
    }
    return {**lines, **_discounts(agreed, items, "advance" if advance else "arrears")}


def _fees(agreed: Agreed) -> list[_Item]:
    if agreed.fee is None:
        return []
    found = []
    for part in agreed.plans:
        plan, start, end = part.what, part.start, min(part.end, agreed.fee.until)
        if plan.fee is not None and start < end:
            key = f"fee/{plan.plan_id}/{plan.version}/{start}"
            found.append(
                _Item(
                    key,
                    "fee",
                    "fee",
                    f"{plan.name} plan",
                    plan.fee,
                    1,
                    start,
                    end,
                    agreed.fee.whole_days,
                    plan,
                )
            )
    return found


def _add_ons(agreed: Agreed) -> list[_Item]:
    """Priced by the plan of each day; a plan without the add-on gives it for nothing."""
    found = []
    for code, held in agreed.add_ons:
        for stretch in held:
            for part in agreed.usage_parts():
                start, end = max(stretch.start, part.start), min(stretch.end, part.end)
                add_on = part.what.add_on(code)
                if add_on is not None and start < end:
                    found.append(
                        _Item(
                            f"add_on/{code}/{start}",
                            f"add_on/{code}",
                            "add_on",
                            add_on.name,
                            add_on.price,
                            stretch.what,
                            start,
                            end,
                            agreed.span.month_days,
                            part.what,
                        )
                    )
    return found


def _net_price(item: _Item, discounts: Sequence[Discount]) -> Fraction:
    """The whole price of one after discounts; amounts lower the fee only."""
    price = Fraction(item.price)
    for one in discounts:
        if one.percent is not None or item.kind == "fee":
            price = lowered(price, one)
    return price


def _amounts(items: Sequence[_Item], discounts: Sequence[Discount], code: Currency) -> list[int]:
    """Minor units of each item; items of one group and price that follow each other are rounded in turn (R27)."""
    made: list[int] = []
    priced = [(item, _net_price(item, discounts)) for item in items]
    for (_, price), run in groupby(priced, key=lambda one: (one[0].group, one[1])):
        made += rounded_in_turn([price * item.quantity * item.share for item, _ in run], code)
    return made


def _discounts(agreed: Agreed, items: Sequence[_Item], section: str) -> dict[str, Line]:
    """Each lowers what those before it left, so that the net is the lowered price, prorated and rounded once."""
    held = [one for one in in_order(agreed.discounts, agreed.start) if one.applies_to != "usage"]
    if not held:
        return {}
    code = items[0].plan.currency
    lines = {}
    before = sum(_amounts(items, [], code))
    for number, one in enumerate(held, start=1):
        after = sum(_amounts(items, held[:number], code))
        if after != before:
            key = f"discount/{one.discount_id}/{section}"
            amount = Money(after - before, code)
            end = max(item.end for item in items)
            lines[key] = discount_line(one, key, amount, items[0].start, end, "on fees")
        before = after
    return lines


def discount_line(
    one: Discount, key: str, amount: Money, start: date, end: date, on_what: str, detail: str | None = None
) -> Line:
    """``amount`` is negative."""
    percent = None if one.percent is None else f"{one.percent.normalize():f} %"
    words = one.name if percent is None else f"{one.name} ({percent})"
    evidence = {"key": key, "discount_id": str(one.discount_id), "on": on_what}
    return Line(
        "discount", words, Decimal(1), None, amount.decimal, amount, start, end, evidence, detail or on_what
    )


def used_on_fee(agreed: Agreed, discount: Discount) -> Fraction:
    """How much of a discount's amount a whole period's fee takes up; the rest may lower usage."""
    fees = _fees(agreed)
    if not fees or discount.amount is None:
        return Fraction(0)
    held = [one for one in in_order(agreed.discounts, agreed.start) if one.applies_to != "usage"]
    until = held.index(discount)
    return _net_price(fees[0], held[:until]) - _net_price(fees[0], held[: until + 1])
