"""Tells one switch that what it knows of a tenant holds no longer: Kamailio by JSON-RPC, others by a signed webhook."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from services.suspension.adapters.push_target import PushTargets, Target
from services.suspension.use_cases.ports import Push, SwitchAway
from shared.errors import Unavailable

TIMEOUT_SECONDS = 3.0
# The htable of deploy/kamailio in which an entry says that answers about a tenant may be used.
GATE_TABLE = "gate"
CALLS_PROFILE = "calls"
CUT_PATH = "/cut"
WEBHOOK_TYPE = "suspension.tenant.changed"
_MOST_CUT = 200


class PushSender:
    def __init__(self, client: httpx.AsyncClient, targets: PushTargets) -> None:
        self._client = client
        self._targets = targets

    async def send(self, push: Push) -> None:
        """Raises ``Refusal`` (``Unavailable``, ``Invalid``) with what went wrong; nothing if the switch knows now."""
        target = await self._targets.resolve(push.switch.url)
        if push.switch.kind == "kamailio_jsonrpc":
            await self._tell_kamailio(target, push)
        else:
            await self._tell_webhook(target, push)

    async def _tell_kamailio(self, target: Target, push: Push) -> None:
        # The edge keeps domains in lower case, whatever the tenant's is written like.
        names = list(
            dict.fromkeys([*push.names, *(name.lower() for name in push.names), str(push.tenant_id)])
        )
        for name in names:
            await self._rpc(target, push, "htable.delete", [GATE_TABLE, name])
        if push.switch.cut_calls and push.stage in ("outbound_barred", "both_barred") and not push.delivered:
            for name in names:
                await self._cut(target, push, name)

    async def _cut(self, target: Target, push: Push, name: str) -> None:
        """Ends the tenant's calls in progress. Emergency calls are in no profile, so they are never found."""
        listed = await self._rpc(target, push, "dlg.profile_list", [CALLS_PROFILE, name])
        for call in _dialogs(listed)[:_MOST_CUT]:
            body = orjson.dumps(dict(zip(("call_id", "from_tag", "to_tag"), call, strict=True)))
            answer = await self._post(replace(target, url=urljoin(target.url, CUT_PATH)), body, _bearer(push))
            if answer.status_code == 404:
                # Another configuration than ours: Kamailio's own command, which may lose the call's record.
                await self._rpc(target, push, "dlg.terminate_dlg", call)

    async def _rpc(self, target: Target, push: Push, method: str, params: Sequence[Any]) -> Any:
        body = {"jsonrpc": "2.0", "method": method, "params": list(params), "id": 1}
        answer = await self._post(target, orjson.dumps(body), _bearer(push))
        try:
            document = orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            raise Unavailable(f"{method}: answered {answer.status_code}, and no JSON") from error
        if not isinstance(document, dict):
            raise Unavailable(f"{method}: the answer is no JSON-RPC")
        wrong = document.get("error")
        # What is not there need not be deleted.
        if wrong and "not found" not in str(wrong).lower():
            raise Unavailable(f"{method}: {str(wrong)[:200]}")
        return document.get("result")

    async def _tell_webhook(self, target: Target, push: Push) -> None:
        now = datetime.now(UTC)
        body = orjson.dumps(
            {
                "type": WEBHOOK_TYPE,
                "timestamp": push.queued_at.isoformat(),
                "data": {
                    "tenant_id": str(push.tenant_id),
                    "names": list(push.names),
                    "stage": push.stage,
                    "cause": push.cause,
                },
            }
        ).decode()
        message_id = f"msg_{push.push_id.hex}"
        signature = Webhook(push.switch.secret).sign(message_id, now, body)
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signature,
        }
        answer = await self._post(target, body.encode(), headers)
        if not answer.is_success:
            raise Unavailable(f"answered {answer.status_code}")

    async def _post(self, target: Target, body: bytes, headers: dict[str, str]) -> httpx.Response:
        try:
            answer = await self._client.post(
                target.url,
                content=body,
                headers={**headers, "Host": target.host, "Content-Type": "application/json"},
                extensions={"sni_hostname": target.name},
                timeout=TIMEOUT_SECONDS,
                follow_redirects=False,
            )
        except (httpx.HTTPError, OSError) as error:
            raise SwitchAway(f"{type(error).__name__}: {error}") from error
        return answer


def _bearer(push: Push) -> dict[str, str]:
    return {"Authorization": f"Bearer {push.switch.secret}"} if push.switch.secret else {}


def _dialogs(listed: Any) -> list[list[str]]:
    """(call id, from tag, to tag) of each dialog in what Kamailio lists."""
    found = listed if isinstance(listed, list) else [listed] if isinstance(listed, dict) else []
    calls = []
    for one in found:
        caller, callee = one.get("caller") or {}, one.get("callee") or {}
        if one.get("call-id") and caller.get("tag"):
            calls.append([one["call-id"], caller["tag"], callee.get("tag", "")])
    return calls
