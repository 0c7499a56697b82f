"""Suspension policy, decisions, switches: answered by suspension."""

from functools import partial

from services.gateway.entrypoints.provider_routes.route import TENANT, ProviderRoute

_route = partial(ProviderRoute, service="suspension")
_decision = partial(ProviderRoute, "POST", service="suspension", body=True, signed=True)
_SWITCH = {"name": r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"}

SUSPENSION_ROUTES: tuple[ProviderRoute, ...] = (
    _route("GET", "/policy", summary="The suspension policy"),
    _route("PUT", "/policy", summary="Set the suspension policy", body=True, signed=True),
    _route("GET", "/policy-presets", summary="Policies to begin with, by jurisdiction"),
    _route("GET", TENANT + "/policy", summary="The suspension policy in force for a tenant"),
    _route(
        "PUT", TENANT + "/policy", summary="Set a suspension policy for one tenant", body=True, signed=True
    ),
    _route(
        "DELETE",
        TENANT + "/policy",
        summary="Give a tenant the provider's policy again",
        query=("reason",),
        signed=True,
    ),
    _route("GET", TENANT + "/standing", summary="Where a tenant stands on the ladder"),
    _decision(TENANT + "/suspend", summary="Suspend a tenant by hand"),
    _decision(TENANT + "/unsuspend", summary="Lift a suspension by hand"),
    _decision(TENANT + "/hold", summary="Pause the ladder"),
    _decision(TENANT + "/promise", summary="Record a promise to pay"),
    _decision(TENANT + "/release", summary="End a hold, a promise or a lifted suspension early"),
    _decision(TENANT + "/limits/release", summary="Let calls pass a reached limit"),
    _route("GET", TENANT + "/audit", summary="What was done by hand, and why", query=("limit",)),
    _route(
        "GET",
        TENANT + "/audit/export",
        summary="A tenant's audit trail as a file",
        query=("format",),
        streams="text/csv",
    ),
    _route(
        "GET", "/audit/export", summary="The audit trail as a file", query=("format",), streams="text/csv"
    ),
    _route("GET", "/what-if", summary="Who would be suspended in the next days", query=("days",)),
    _route("GET", "/switches", summary="Switches that are told of changes"),
    _route(
        "GET", "/switches/{name}", summary="A switch and what it was told", query=("limit",), words=_SWITCH
    ),
    _route(
        "PUT", "/switches/{name}", summary="Add or change a switch", body=True, signed=True, words=_SWITCH
    ),
    _route("DELETE", "/switches/{name}", summary="Forget a switch", signed=True, words=_SWITCH),
)
