"""What goes over the line: keys, tries, pages, sentences, and never the token."""

import io
import stat
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tollgate.conftest import ADDRESS, TENANT, TOKEN, FakeGateway, Run
from tollgate.api import TRIES, Api
from tollgate.errors import ClientError, Refused, WrongUse
from tollgate.settings import ClientSettings, read_settings

LATER = httpx.Response(503, json={"title": "Temporarily unavailable", "detail": "Try again."})


def api(gateway: FakeGateway, provider: str | None = None) -> Api:
    settings = ClientSettings(ADDRESS, TOKEN, provider)
    return Api(settings, transport=httpx.MockTransport(gateway), rest=gateway.rests.append)


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_a_change_keeps_its_key_however_often_it_is_sent(gateway: FakeGateway, method: str) -> None:
    """A broken line and a service that is away: the same Idempotency-Key at every try, another for the next change."""
    route = f"{method.upper()} /tenants/{TENANT}/tax"
    gateway.say(route, httpx.ConnectError("gone"), LATER, {"ok": True})
    client = api(gateway)
    for _ in range(2):
        assert getattr(client, method)("/tenants/{tenant_id}/tax", {"a": 1}, tenant_id=TENANT) == {"ok": True}
    keys = [request.headers["idempotency-key"] for request in gateway.asked]
    assert len(keys) == 4
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]
    assert gateway.rests == [0.5, 2.0]


def test_reading_sends_no_key_and_is_tried_again(gateway: FakeGateway) -> None:
    """A key is for what is meant once."""
    gateway.say("GET /policy", httpx.ReadTimeout("slow"), {"grace_days": 14})
    assert api(gateway).get("/policy") == {"grace_days": 14}
    assert ["idempotency-key" in request.headers for request in gateway.asked] == [False, False]


def test_a_full_minute_is_waited_for_as_the_gateway_says(gateway: FakeGateway) -> None:
    """Retry-After, bounded."""
    busy = httpx.Response(429, headers={"Retry-After": "7"}, json={"title": "Too many", "detail": "Wait."})
    endless = httpx.Response(429, headers={"Retry-After": "99999"}, json={})
    gateway.say("GET /policy", busy, endless, {})
    api(gateway).get("/policy")
    assert gateway.rests == [7.0, 65.0]


def test_a_refusal_is_not_repeated(gateway: FakeGateway) -> None:
    """What was understood and refused would be refused again."""
    gateway.say("POST /parked/retry", {"title": "Conflict", "detail": "Nothing waits."}, status=409)
    with pytest.raises(Refused, match=r"Conflict: Nothing waits\."):
        api(gateway).post("/parked/retry")
    assert len(gateway.asked) == 1


def test_a_change_without_an_answer_says_that_nobody_knows(gateway: FakeGateway) -> None:
    """After the last try the sentence does not claim that nothing happened."""
    gateway.say("POST /parked/retry", httpx.ReadError("cut"))
    with pytest.raises(ClientError, match="not known: look before you send it again"):
        api(gateway).post("/parked/retry")
    assert len(gateway.asked) == TRIES


def test_all_pages_are_followed_and_no_more_than_wanted(gateway: FakeGateway) -> None:
    """The cursor goes on until there is none; a cursor that repeats itself ends it."""
    pages = [
        {"mails": [1, 2], "next": "a"},
        {"mails": [3, 4], "next": "b"},
        {"mails": [5], "next": None},
    ]
    gateway.say("GET /mails", *pages)
    whole = api(gateway).pages("/mails", rows="mails", query={"state": "sent"})
    assert whole == {"mails": [1, 2, 3, 4, 5], "next": None}
    assert [request.url.params.get("cursor") for request in gateway.asked] == [None, "a", "b"]
    assert {request.url.params["state"] for request in gateway.asked} == {"sent"}
    gateway.answers.clear()
    gateway.say("GET /mails", pages[0], {"mails": [3], "next": "a"})
    assert api(gateway).pages("/mails", rows="mails")["mails"] == [1, 2, 3]
    gateway.answers.clear()
    gateway.say("GET /mails", *pages)
    few = api(gateway).pages("/mails", rows="mails", most=3)
    assert (few["mails"], few["next"]) == ([1, 2, 3], "b")


def test_an_operator_names_the_provider_at_every_call(gateway: FakeGateway) -> None:
    """Beside what the command asks for; truth values as the API writes them."""
    gateway.say("POST /tenants/x/cancel", {})
    api(gateway, "p-1").post("/tenants/{tenant_id}/cancel", {}, query={"dry_run": True}, tenant_id="x")
    assert dict(gateway.asked[0].url.params) == {"dry_run": "true", "provider": "p-1"}


def test_words_in_an_address_stay_within_their_place(gateway: FakeGateway) -> None:
    """A name with a slash or a question mark reaches no other route."""
    gateway.say("GET /trunks/../policy?x", {})
    api(gateway).get("/trunks/{name}", name="../policy?x")
    assert gateway.asked[0].url.raw_path == b"/api/v1/provider/trunks/..%2Fpolicy%3Fx"


def test_an_upload_tells_how_far_it_is_and_begins_anew(gateway: FakeGateway, tmp_path: Path) -> None:
    """The whole file at each try, with its length, under one key."""
    deck = tmp_path / "deck.csv"
    deck.write_bytes(b"prefix,price\n" * 20_000)
    gateway.say("POST /decks/standard", LATER, {"kept": True})
    told: list[int] = []
    answer = api(gateway).upload("/decks/{name}", deck, "text/csv", told.append, name="standard")
    assert answer == {"kept": True}
    assert told.count(0) == 2
    assert max(told) == deck.stat().st_size
    assert [request.content == deck.read_bytes() for request in gateway.asked] == [True, True]
    assert {request.headers["content-type"] for request in gateway.asked} == {"text/csv"}
    assert len({request.headers["idempotency-key"] for request in gateway.asked}) == 1


def test_a_document_is_written_and_a_refusal_is_a_sentence(gateway: FakeGateway) -> None:
    """Nothing of a problem document lands in the file."""
    gateway.say("GET /exports/journal", httpx.Response(200, content=b"a,b\n1,2\n"))
    gateway.say("GET /exports/bad", {"title": "Invalid input", "detail": "No such export."}, status=422)
    to = io.BytesIO()
    assert api(gateway).download("/exports/{kind}", to, kind="journal") == 8
    with pytest.raises(Refused, match="No such export"):
        api(gateway).download("/exports/{kind}", to, kind="bad")
    assert to.getvalue() == b"a,b\n1,2\n"


def test_what_is_no_gateway_is_said_to_be_none(gateway: FakeGateway) -> None:
    """A web page instead of JSON, an error page, a redirect that would carry the token away."""
    gateway.say("GET /policy", httpx.Response(200, content=b"<html>"))
    gateway.say("GET /plans", httpx.Response(302, headers={"Location": "https://evil.example"}))
    with pytest.raises(ClientError, match="no Tollgate gateway"):
        api(gateway).get("/policy")
    with pytest.raises(ClientError, match="302"):
        api(gateway).get("/plans")
    assert {request.url.host for request in gateway.asked} == {"billing.example"}


@given(
    st.dictionaries(
        st.sampled_from(["title", "detail", "field", "errors"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=30),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=5,
        ),
    )
)
def test_any_problem_document_becomes_a_sentence(problem: dict[str, object]) -> None:
    """Whatever a proxy makes of one: no traceback, no control characters."""
    said = str(Refused(500, problem))
    assert said
    assert all(
        letter == "\n" or letter.isprintable() or letter in "\u200c\u200d" or ord(letter) >= 160
        for letter in said
    )


def test_a_problem_names_every_field(run: Run, gateway: FakeGateway) -> None:
    """RFC 9457 with `errors`: one line each; exit status 1 by ``main``."""
    problem = {
        "title": "Invalid input",
        "detail": "Two things are wrong.",
        "field": "rate",
        "errors": [{"field": "rate", "detail": "too high"}, {"field": "name", "detail": "missing"}],
    }
    gateway.say("PUT /payment-settings", problem, status=422)
    result = run("payment-settings", "set", "--data", "{}")
    assert str(result.exception).splitlines() == [
        "Invalid input: Two things are wrong. (rate)",
        "  rate: too high",
        "  name: missing",
    ]


@pytest.mark.parametrize(
    ("address", "token", "sentence"),
    [
        (None, TOKEN, "Say where the gateway is"),
        ("billing.example", TOKEN, "is no address"),
        ("http://billing.example", TOKEN, "in the clear"),
        (ADDRESS, None, "No token"),
        (ADDRESS, "two words", "holds characters"),
        (ADDRESS, "line\nend", "holds characters"),
    ],
)
def test_wrong_settings_send_nothing(address: str | None, token: str | None, sentence: str) -> None:
    """Each with what to do; a token goes in the clear to this machine only."""
    with pytest.raises(WrongUse, match=sentence):
        ClientSettings(address, token).check()
    assert ClientSettings("http://127.0.0.1:8080/", TOKEN).check() == ("http://127.0.0.1:8080", TOKEN)


def test_the_token_is_in_no_text(run: Run, gateway: FakeGateway) -> None:
    """Neither in what settings look like nor in any output."""
    gateway.say("GET ", {"slug": "kestrel"})
    result = run("whoami")
    assert gateway.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in result.output
    assert TOKEN not in repr(ClientSettings(ADDRESS, TOKEN))
    assert TOKEN not in run("--help").output


def test_options_come_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    """A file with a token that others may read is refused; so is a word that it does not know."""
    file = tmp_path / "tollgate.toml"
    file.write_text('address = "https://file"\ntoken = "file-token"\nprovider = "file-provider"\n')
    token_file = tmp_path / "token"
    token_file.write_text("handed-token\n")

    def read(**values: object) -> ClientSettings:
        wanted: dict[str, object] = {
            "address": None,
            "token_file": None,
            "provider": None,
            "config": file,
            "environment": {},
        }
        return read_settings(**{**wanted, **values})  # type: ignore[arg-type]

    with pytest.raises(WrongUse, match="chmod 600"):
        read()
    file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert read() == ClientSettings("https://file", "file-token", "file-provider")
    env = {"TOLLGATE_ADDRESS": "https://env", "TOLLGATE_TOKEN": "env-token"}
    assert read(environment=env) == ClientSettings("https://env", "env-token", "file-provider")
    given_by_hand = read(environment=env, address="https://option", token_file=token_file, provider="p")
    assert given_by_hand == ClientSettings("https://option", "handed-token", "p")
    file.write_text("adress = 'x'\n")
    with pytest.raises(WrongUse, match="may hold address, provider, token"):
        read()
    with pytest.raises(WrongUse, match="cannot be read"):
        read(config=tmp_path / "none.toml")
