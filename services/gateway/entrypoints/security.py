"""Headers of every answer: a strict Content-Security-Policy, and no copies of what is private."""

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.settings import GatewaySettings, origin_of


def page_policy(settings: GatewaySettings) -> str:
    """The page's Content-Security-Policy: own scripts and styles, Stripe's script and frames, nothing inline.

    Stripe's list: https://docs.stripe.com/security/guide#content-security-policy.
    """
    script = origin_of(settings.stripe_js_url)
    own = settings.uses_stripes_own_script
    scripts = f"{script} https://*.js.stripe.com" if own else script
    frames = f"{scripts} https://hooks.stripe.com" if own else script
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {scripts}",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self' {settings.browser_api_origin}",
            f"frame-src {frames}",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {settings.frame_ancestors}",
        ]
    )


class SecurityHeaders:
    """ASGI middleware: sets the headers on every answer, errors included."""

    def __init__(self, app: ASGIApp, *, settings: GatewaySettings) -> None:
        self.app = app
        always = {
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
        if settings.public_url.startswith("https://"):
            always["Strict-Transport-Security"] = "max-age=31536000"
        # For browsers that do not know frame-ancestors.
        if settings.frame_ancestors == "'none'":
            always["X-Frame-Options"] = "DENY"
        self._page: Mapping[str, str] = {
            **always,
            "Content-Security-Policy": page_policy(settings),
            # Asked again each time, answered by 304 while unchanged: a new version is never half old.
            "Cache-Control": "no-cache",
        }
        self._data: Mapping[str, str] = {
            **always,
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Cache-Control": "no-store",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        data = path.startswith(("/api/", "/internal/", "/health/")) or path == "/openapi.json"

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in (self._data if data else self._page).items():
                    headers[name] = value
            await send(message)

        await self.app(scope, receive, send_with_headers)
