"""Plays the demonstration month and says what was seen: ``play_month`` is what ``make run`` and ``make demo`` call."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import Progress

from deploy.demo import deeds, observe
from deploy.demo.api import DemoFailed
from deploy.demo.cast import BILLING, PROVIDER, Stage, StagedTenant, advance
from deploy.demo.facts import Facts
from deploy.demo.month import Month, generate
from deploy.demo.scenario import BRIGHT, FENWICK, GOOD, HOLLIS, OPENED, PERIOD_END, PROVIDERS

DUE = date(2026, 11, 15)
SUSPENDED = date(2026, 11, 29)
NEXT_ANCHOR = date(2026, 12, 1)
A_NUMBER = "+14155550123"


class Play:
    """One playing of the month."""

    def __init__(
        self,
        endpoints: Path,
        calls: int,
        console: Console,
        *,
        suffix: str = "",
        on_step: Callable[[str], None] | None = None,
    ) -> None:
        self.specs = tuple(replace(spec, slug=spec.slug + suffix) for spec in PROVIDERS)
        self.stage = Stage(endpoints, self.specs)
        self.on_step = on_step
        self.calls = calls
        self.facts = Facts()
        self.console = console
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Says what happens now and how long it took."""
        self.console.print(f"[bold]{what}[/]")
        if self.on_step is not None:
            self.on_step(what)
        started = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - started, 2)

    def tenant(self, slug: str) -> StagedTenant:
        return next(
            t for p in self.stage.providers.values() for t in p.tenants.values() if t.spec.slug == slug
        )

    async def clock_to(self, day: date, hour: int, minute: int = 0) -> None:
        """Both providers to the same wall time, each in its own zone."""
        targets = {
            spec.slug: datetime.combine(day, clock_time(hour, minute), ZoneInfo(spec.time_zone)).astimezone(
                UTC
            )
            for spec in self.specs
        }
        await advance(list(self.stage.providers.values()), targets)

    async def play(self) -> None:
        month = generate(self.specs, self.calls)
        with self.step("Two providers, five tenants, their extensions and numbers"):
            await self.stage.set()
            cards = [t for t in observe.everybody(self.stage) if t.spec.card is not None]
            await asyncio.gather(*(deeds.save_card(self.stage, t, t.spec.card) for t in cards if t.spec.card))
        with self.step("October 1: the first fees are due"):
            await self.clock_to(OPENED, 2)
        with self.step("October 10: Hollis & Grant Law pays in two parts"):
            await self.clock_to(date(2026, 10, 10), 10)
            await self.pay_in_parts()
        with self.step("October: the calls"):
            await self.clock_to(date(2026, 10, 31), 22, 45)
            await self.send(month, month.in_time)
        with self.step("November 1: the period ends, stragglers come, invoices are issued"):
            await self.clock_to(PERIOD_END, 0, 30)
            await self.send(month, month.straggling)
            await self.clock_to(PERIOD_END, 1, 30)
            await observe.minutes(self.stage, month, self.facts, late=False)
            await observe.invoices(self.stage, month, self.facts)
            await self.auto_pay()
        with self.step("A few calls come after the invoice"):
            await self.send(month, month.late)
        with self.step("November 16: overdue"):
            await self.clock_to(DUE, 12)
            before = await self.status(HOLLIS.slug)
            await self.clock_to(date(2026, 11, 16), 1)
            after = await self.status(HOLLIS.slug)
            self.facts.same("invoice_turns_overdue", expected=("Sent", "Overdue"), actual=(before, after))
        with self.step("November 29: 14 days past due, suspended"):
            await self.clock_to(date(2026, 11, 28), 23)
            open_still = await self.policies(HOLLIS.slug)
            await self.clock_to(SUSPENDED, 12)
            await self.suspended(open_still)
        with self.step("Pay Now restores service"):
            await self.restore()
        with self.step("December 1: the next invoice carries the late calls"):
            await self.clock_to(NEXT_ANCHOR, 2)
            await observe.minutes(self.stage, month, self.facts, late=True)
            await observe.late_usage(self.stage, month, self.facts, NEXT_ANCHOR.isoformat())
        with self.step("Walls, leftovers, books"):
            await observe.isolation(self.stage, self.facts)
            await observe.pdfs(self.stage, self.facts, observe.everybody(self.stage))
            await observe.bad_input(self.stage, self.facts)
            await observe.journals(self.stage, self.facts)
            await observe.queues(self.stage, self.facts)

    async def send(self, month: Month, calls: tuple[Any, ...]) -> None:
        with Progress(console=self.console, transient=True) as progress:
            await deeds.send_calls(self.stage, calls, progress)

    async def status(self, slug: str) -> str:
        """Of the invoice of November 1, in the tenant's words."""
        invoice = await observe.invoice_of(self.tenant(slug), PERIOD_END.isoformat())
        return str(invoice["status"])

    async def pay_in_parts(self) -> None:
        """A partial payment, then the rest."""
        hollis = self.tenant(HOLLIS.slug)
        invoice = await observe.invoice_of(hollis, OPENED.isoformat())
        balance = int(invoice["balance"]["minor"])
        await deeds.pay_now(self.stage, hollis, [invoice["invoice_id"]], 4000, GOOD)
        partly = await self.until_status(hollis, OPENED, "Partially Paid")
        await deeds.pay_now(self.stage, hollis, [invoice["invoice_id"]], balance - 4000, GOOD)
        paid = await self.until_status(hollis, OPENED, "Paid")
        self.facts.note(
            "partial_then_full_pay_now",
            partly == "Partially Paid" and paid == "Paid",
            after_part=partly,
            after_rest=paid,
            total_minor=balance,
        )

    async def until_status(self, tenant: StagedTenant, issued_on: date, wanted: str) -> str:
        """The status once it is the wanted one, else what it still is after a while."""
        give_up = time.monotonic() + 30
        while True:
            status = str((await observe.invoice_of(tenant, issued_on.isoformat()))["status"])
            if status == wanted or time.monotonic() > give_up:
                return status
            await asyncio.sleep(0.05)

    async def auto_pay(self) -> None:
        """Fact 3: the good card pays and a receipt is in the mail; the declined one leaves Sent and a notice."""
        fenwick, bright = self.tenant(FENWICK.slug), self.tenant(BRIGHT.slug)
        paid = await self.until_status(fenwick, PERIOD_END, "Paid")
        invoice = await observe.invoice_of(fenwick, PERIOD_END.isoformat())
        receipts = await observe.mail_about(self.stage, fenwick, "receipt", str(invoice["number"]))
        self.facts.note(
            "auto_pay_with_a_good_card_pays_and_sends_a_receipt",
            paid == "Paid" and len(receipts) == 1,
            status=paid,
            receipts=len(receipts),
        )
        declined = await observe.invoice_of(bright, PERIOD_END.isoformat())
        notices = await observe.mail_about(self.stage, bright, "declined", str(declined["number"]))
        self.facts.note(
            "auto_pay_with_a_declined_card_leaves_sent_and_a_notice",
            declined["status"] == "Sent" and len(notices) == 1,
            status=declined["status"],
            notices=len(notices),
        )

    async def policies(self, slug: str) -> tuple[str, str]:
        """Outbound and inbound. Never an emergency number before: its centre may call back, so inbound would be open."""
        tenant = self.tenant(slug)
        return (
            await deeds.policy(tenant.provider, tenant, "outbound", A_NUMBER),
            await deeds.policy(tenant.provider, tenant, "inbound", tenant.spec.dids[0]),
        )

    async def suspended(self, before: tuple[str, str]) -> None:
        """Fact 4: overdue, reminders, suspended at 14 days; 911 goes through."""
        hollis = self.tenant(HOLLIS.slug)
        path = f"{PROVIDER}/tenants/{hollis.tenant_id}/standing"
        standing = await hollis.provider.admin.get(path)
        invoice = await observe.invoice_of(hollis, PERIOD_END.isoformat())
        reminders = await observe.mail_about(self.stage, hollis, "reminder", str(invoice["number"]))
        await deeds.wait_for_policy(hollis.provider, hollis, "outbound", A_NUMBER, "reject")
        now = await self.policies(HOLLIS.slug)
        emergency = await deeds.policy(hollis.provider, hollis, "outbound", "911")
        overview = await hollis.admin.get(f"{BILLING}/overview")
        shown = overview["subscription"].get("status")
        self.facts.same(
            "tenant_status_is_suspended", expected="Suspended", actual=shown, stage=standing["stage"]
        )
        self.facts.same("reminders_went_out", expected=5, actual=len(reminders))
        self.facts.same(
            "suspension_at_14_days_refuses_outbound_announces_inbound_allows_911",
            expected=[("allow", "allow"), ("reject", "announce"), "allow"],
            actual=[before, now, emergency],
        )
        paying = self.tenant(FENWICK.slug)
        self.facts.same(
            "a_paying_tenant_is_left_alone",
            expected="allow",
            actual=await deeds.policy(paying.provider, paying, "outbound", A_NUMBER),
        )

    async def restore(self) -> None:
        """Fact 5: Pay Now settles it, calls are allowed again, and how long that took."""
        hollis = self.tenant(HOLLIS.slug)
        invoice = await observe.invoice_of(hollis, PERIOD_END.isoformat())
        balance = int(invoice["balance"]["minor"])
        await deeds.pay_now(self.stage, hollis, [invoice["invoice_id"]], balance, GOOD)
        started = time.monotonic()
        allowed = await deeds.wait_for_policy(hollis.provider, hollis, "outbound", A_NUMBER, "allow")
        taken = round(time.monotonic() - started, 3)
        status = await self.until_status(hollis, PERIOD_END, "Paid")
        restored = await observe.mail_about(self.stage, hollis, "restored")
        self.facts.note(
            "pay_now_settles_and_call_policy_allows_again",
            allowed == "allow" and status == "Paid" and len(restored) == 1,
            invoice=status,
            seconds_from_payment_to_allowed_call=taken,
            restored_mails=len(restored),
        )


def play(
    endpoints: Path,
    calls: int,
    console: Console,
    *,
    suffix: str = "",
    on_step: Callable[[str], None] | None = None,
) -> Play:
    """Plays the month once. ``suffix`` keeps several playings on one stack apart; ``on_step`` hears each step begin."""

    async def run() -> Play:
        made = Play(endpoints, calls, console, suffix=suffix, on_step=on_step)
        stopped_by: str | None = None
        try:
            await made.play()
        except DemoFailed as failure:
            stopped_by = str(failure)
        except Exception as error:
            # An answer that is not what the contract says stops the month, and the report says where.
            console.print_exception()
            stopped_by = repr(error)
        finally:
            await made.stage.close()
        made.facts.note("the_month_was_played_to_its_end", stopped_by is None, stopped_by=stopped_by)
        return made

    return asyncio.run(run())


def play_month(endpoints: Path, report: Path, calls: int = 20_000) -> int:
    """Plays, writes ``report`` (each fact with its figures), prints the table. 0 only if every fact was seen."""
    console = Console()
    started = time.monotonic()
    done = play(endpoints, calls, console)
    seconds = round(time.monotonic() - started, 1)
    done.facts.write(report, calls=calls, seconds=seconds, steps=done.seconds)
    done.facts.show(console)
    console.print(f"{calls} calls, {seconds:g} s; the facts are in {report}")
    return 0 if done.facts.all_hold else 1
