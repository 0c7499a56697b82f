"""Calls, resources, rate decks, quarantine: answered by usage."""

from functools import partial

from services.gateway.entrypoints.provider_routes.route import PAGE, TENANT, ProviderRoute

_route = partial(ProviderRoute, service="usage")
_RESOURCE = {"kind": r"extension|did", "value": r"\+?[0-9A-Za-z*#._-]{1,64}"}
_DECK = {"name": r"[a-z0-9][a-z0-9-]{0,40}", "number": r"[0-9]{1,9}"}
_TRUNK = {"name": r"[^/\x00-\x1f]{1,128}"}
_WHICH_CALLS = ("direction", "number", "class", "from", "to", "start_date", "end_date", "unanswered", "extra")

USAGE_ROUTES: tuple[ProviderRoute, ...] = (
    _route(
        "POST", TENANT + "/resources", summary="Provision extensions and DIDs", body=True, body_is_list=True
    ),
    _route(
        "DELETE",
        TENANT + "/resources/{kind}/{value}",
        summary="Release an extension or DID",
        query=("at",),
        words=_RESOURCE,
    ),
    _route(
        "GET",
        TENANT + "/usage",
        summary="A tenant's usage of a period",
        query=("start_date", "end_date", "plan_id", "plan_version"),
    ),
    _route(
        "GET",
        TENANT + "/calls",
        summary="A tenant's calls; with `line` and `revision` those of one invoice line",
        query=(*_WHICH_CALLS, "line", "revision", "since", *PAGE),
    ),
    _route(
        "GET",
        TENANT + "/calls/totals",
        summary="How many of a tenant's calls the filters find, and their time",
        query=_WHICH_CALLS,
    ),
    _route(
        "GET",
        TENANT + "/calls/export",
        summary="A tenant's calls as a file",
        query=(*_WHICH_CALLS, "format"),
        streams="text/csv",
    ),
    _route(
        "POST",
        TENANT + "/spend-limit/release",
        summary="Let calls pass a reached spend limit",
        body=True,
        signed=True,
    ),
    _route("GET", "/quarantine", summary="Call records that could not be placed", query=PAGE),
    _route("POST", "/quarantine/replay", summary="Try the quarantined records again", body=True),
    _route("GET", "/flagged", summary="Call records that look wrong", query=("flag", *PAGE)),
    _route("GET", "/trunks", summary="Trunks and whose calls they carry"),
    _route("GET", "/trunks/{name}", summary="A trunk", words=_TRUNK),
    _route("PUT", "/trunks/{name}", summary="Say whose calls a trunk carries", body=True, words=_TRUNK),
    _route("DELETE", "/trunks/{name}", summary="Forget a trunk", words=_TRUNK),
    _route("GET", "/intake-options", summary="How call records are taken"),
    _route("PUT", "/intake-options", summary="Set how call records are taken", body=True),
    _route("GET", "/decks", summary="Rate decks and their versions"),
    _route(
        "POST",
        "/decks/{name}",
        summary="Upload a version of a rate deck, or see what it would change",
        query=("effective", "dry_run"),
        upload="text/csv",
        words=_DECK,
    ),
    _route(
        "GET",
        "/decks/{name}/{number}",
        summary="Rows of a version of a rate deck",
        query=("prefix", "limit", "after"),
        words=_DECK,
    ),
    _route("GET", "/time-bands", summary="Time bands and holidays"),
    _route("PUT", "/time-bands", summary="Set time bands and holidays", body=True),
    _route("GET", "/re-ratings", summary="Re-ratings", query=("limit",)),
    _route("POST", "/re-ratings", summary="Rate a period again", body=True),
    _route("GET", "/re-ratings/{re_rating_id}", summary="How a re-rating stands"),
)
