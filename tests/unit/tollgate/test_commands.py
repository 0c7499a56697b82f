"""What a provider types and reads."""

import io
import json
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from shared.money import Currency, exponent
from tests.unit.tollgate.conftest import TENANT, FakeGateway, Run
from tollgate import inputs, shown
from tollgate.__main__ import main
from tollgate.errors import WrongUse
from tollgate.text import plain

ACME = {"tenant_id": TENANT, "slug": "acme", "name": "Acme [red]Dental[/red]\x1b[2J", "status": "active"}


def test_money_is_shown_with_its_currency_and_nothing_is_markup(run: Run, gateway: FakeGateway) -> None:
    """A tenant's name neither colours nor clears the screen."""
    gateway.say("GET /tenants", {"tenants": [ACME], "next": None})
    listed = run("tenants", "list").output
    assert "Acme [red]Dental[/red] [2J" in listed
    assert "\x1b" not in listed
    assert TENANT in listed
    invoices = {
        "invoices": [{"number": "KV-1", "total": {"minor": 123456789, "currency": "USD"}}],
        "next": None,
    }
    gateway.say(f"GET /tenants/{TENANT}/invoices", invoices)
    assert "1,234,567.89 USD" in run("invoices", "list", "acme").output


def test_json_is_what_the_api_answered(run: Run, gateway: FakeGateway) -> None:
    """For programs: the same fields, all pages."""
    gateway.say("GET /tenants", {"tenants": [ACME], "next": "c"}, {"tenants": [ACME], "next": None})
    assert json.loads(run("--json", "tenants", "list").output) == {"tenants": [ACME, ACME], "next": None}


def test_a_tenant_is_found_by_slug_and_an_invoice_by_number(run: Run, gateway: FakeGateway) -> None:
    """The credit note goes to the right invoice, in minor units, with an id of its own."""
    gateway.say("GET /tenants", {"tenants": [ACME], "next": None})
    gateway.say(f"GET /tenants/{TENANT}/invoices", {"invoices": [{"number": "KV-1", "invoice_id": "i-1"}]})
    gateway.say(f"POST /tenants/{TENANT}/invoices/i-1/credit-notes", {"number": "KVCN-1"}, status=201)
    result = run("invoices", "credit", "acme", "KV-1", "--line", "3=12.5USD", "--reason", "late")
    assert "KVCN-1" in result.output
    body = gateway.body()
    assert body["lines"] == [{"line_id": 3, "amount": {"minor": 1250, "currency": "USD"}}]
    assert len(body["request_id"]) == 36
    unknown = run("invoices", "credit", "acme", "KV-9", "--full", "--reason", "late")
    assert "none numbered 'KV-9'" in str(unknown.exception)
    both = run("invoices", "credit", "acme", "KV-1", "--full", "--line", "1=1USD", "--reason", "x")
    assert isinstance(both.exception, WrongUse)


def test_the_test_clock_is_waited_for(run: Run, gateway: FakeGateway) -> None:
    """Asked again until it is there; --no-wait asks once."""
    there = {"now": "2026-02-01", "target": "2026-02-01", "state": "ready", "waiting_for": []}
    going = {**there, "now": "2026-01-05", "state": "advancing", "waiting_for": ["payments: 2 due"]}
    gateway.say("POST /test-clock/advance", going, status=202)
    gateway.say("GET /test-clock", going, going, there)
    assert "ready" in run("test-clock", "advance", "2026-02-01T00:00:00Z").output
    assert gateway.rests == [1.0, 1.0, 1.0]
    assert "advancing" in run("test-clock", "advance", "2026-02-01T00:00:00Z", "--no-wait").output


def test_a_policy_is_changed_and_not_replaced(run: Run, gateway: FakeGateway) -> None:
    """The route takes a whole policy: what is not said stays, what the answer tells beside it is not sent."""
    gateway.say("GET /policy", {"grace_days": 14, "inbound": "reject", "is_own": True})
    gateway.say("PUT /policy", {})
    run("policy", "set", "--grace-days", "20", "--reason", "kinder")
    assert gateway.body() == {"grace_days": 20, "inbound": "reject", "reason": "kinder"}
    assert isinstance(run("policy", "set").exception, WrongUse)


def test_a_brands_colour_leaves_its_logo(run: Run, gateway: FakeGateway, tmp_path: Path) -> None:
    """A brand is sent as a whole; a logo is a data address of its file."""
    brand = {"name": "Kestrel", "colour": "#000000", "logo": "data:image/png;base64,AA=="}
    gateway.say("GET /settings", {"brand": brand})
    gateway.say("PATCH /settings", {})
    run("settings", "change", "--colour", "#0B5FA5")
    assert gateway.body() == {"brand": {**brand, "colour": "#0B5FA5"}}
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg/>")
    run("settings", "change", "--logo", str(logo))
    assert gateway.body()["brand"]["logo"] == "data:image/svg+xml;base64,PHN2Zy8+"


def test_outside_money_pays_invoices_in_the_order_given(run: Run, gateway: FakeGateway) -> None:
    """As far as it reaches; what is left is for the provider to see as credit."""
    rows = [{"number": f"KV-{n}", "invoice_id": f"i-{n}"} for n in (1, 2, 3)]
    gateway.say(f"GET /tenants/{TENANT}/invoices", {"invoices": rows})
    for n in (1, 2, 3):
        balance = {"balance": {"minor": 4000, "currency": "USD"}}
        gateway.say(f"GET /tenants/{TENANT}/invoices/i-{n}", balance)
    gateway.say(f"POST /tenants/{TENANT}/outside-payments", {})
    words = ["--reference", "W1", "--invoice", "KV-2", "--invoice", "KV-1", "--invoice", "KV-3"]
    run("payments", "record", TENANT, "50.00USD", *words)
    assert gateway.body()["allocations"] == [
        {"invoice_id": "i-2", "amount_minor": 4000},
        {"invoice_id": "i-1", "amount_minor": 1000},
    ]


def test_a_document_is_there_whole_or_not_at_all(run: Run, gateway: FakeGateway, tmp_path: Path) -> None:
    """A refusal leaves an older file as it was and no piece behind."""
    out = tmp_path / "journal.csv"
    out.write_text("older")
    gateway.say("GET /exports/journal", {"title": "No", "detail": "no"}, status=422)
    run("reports", "export", "journal", "-o", str(out))
    assert out.read_text() == "older"
    gateway.answers.clear()
    gateway.say("GET /exports/journal", httpx.Response(200, content=b"a,b\n"))
    run("reports", "export", "journal", "-o", str(out))
    assert out.read_text() == "a,b\n"
    assert [file.name for file in tmp_path.iterdir()] == ["journal.csv"]
    assert run("reports", "export", "journal", "-o", "-").output == "a,b\n"


def test_main_ends_with_a_sentence_and_its_status(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """1 for a refusal, 2 for wrong use; on standard error, without a traceback."""
    gateway.say("GET /policy", {"title": "Not allowed", "detail": "Ask an admin."}, status=403)
    for words, status, sentence in (
        (["policy", "show"], 1, "Not allowed: Ask an admin."),
        (["charges", "add", TENANT, "1.234USD", "x", "--on", "2026-01-01"], 2, "more places than USD"),
    ):
        monkeypatch.setattr("sys.argv", ["tollgate", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == status
        said = capsys.readouterr()
        assert sentence in said.err
        assert said.out == ""


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "BHD", "EUR"]))
def test_an_amount_that_is_shown_can_be_typed_again(minor: int, code: str) -> None:
    """Exact for every currency's places, thousands and sign."""
    assert inputs.amount(shown.money(minor, code)) == {"minor": minor, "currency": code}
    assert inputs.amount(shown.money(minor, code).replace(" ", "").lower())["minor"] == minor
    assert exponent(Currency(code)) in (0, 2, 3)


@pytest.mark.parametrize(
    "word", ["", "5", "USD", "5 US", "1.2.3USD", "5XXQ", "1e5USD", "5.005USD", "0.5JPY", "٣USD"]
)
def test_what_is_no_amount_is_refused(word: str) -> None:
    """Before anything is sent."""
    with pytest.raises(WrongUse):
        inputs.amount(word)


@given(st.text())
def test_a_strangers_text_is_one_line_without_control(word: str) -> None:
    """No escape sequence, no line break, no mark that turns the direction."""
    said = plain(word)
    assert len(said.splitlines()) <= 1
    assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in said)
    console = Console(width=4000, file=io.StringIO())
    shown.document(console, {"name": word, "lines": [{"name": word}]})


@pytest.mark.parametrize("word", ["[]", "{", "@/nowhere.json", "7"])
def test_data_must_be_a_json_object(word: str) -> None:
    """Each with a sentence."""
    with pytest.raises(WrongUse):
        inputs.data(word)
