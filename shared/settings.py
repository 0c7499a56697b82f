"""Frozen settings, read once from the environment (prefix ``TOLLGATE_``).

A service that is misconfigured says which setting and how, in one line, and stops.
"""

import sys
from typing import Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TOLLGATE_"


class Settings(BaseSettings):
    """Settings that every service has; a service adds its own fields in its ``settings.py``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: SecretStr = Field(
        description="postgresql://user:password@host:port/database of this service alone"
    )
    broker_url: SecretStr = Field(description="amqp://user:password@host:port/vhost")
    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(ge=0, le=65535, description="port to listen on")
    internal_token: SecretStr = Field(
        min_length=16,
        description="secret between the services; several, comma separated, while it is rotated",
    )
    auth_issuer: str = Field(description="issuer (iss) of the tokens we accept")
    auth_audience: str = Field("tollgate", description="audience (aud) of the tokens we accept")
    auth_jwks: str = Field(description="file or https address of the issuer's JSON Web Key Set")
    otlp_endpoint: str | None = Field(
        None, description="OTLP/HTTP endpoint for traces and metrics; none: not exported"
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    database_pool: int = Field(10, ge=2, le=100, description="most connections to the database")
    prefetch: int = Field(8, ge=1, le=500, description="most messages of one queue in work at a time")

    @classmethod
    def from_environment(cls) -> Self:
        """Reads the environment, or ends the process (status 78, EX_CONFIG) with one line that names the setting."""
        try:
            return cls()
        except ValidationError as error:
            sys.stderr.write(describe(error) + "\n")
            raise SystemExit(78) from None


def describe(error: ValidationError) -> str:
    """One line: each wrong setting with its environment name and what is wrong with it, never its value."""
    problems = []
    for item in error.errors():
        name = PREFIX + "_".join(str(part) for part in item["loc"]).upper()
        problem = "is not set" if item["type"] == "missing" else item["msg"]
        problems.append(f"{name}: {problem}")
    return "Settings are wrong: " + "; ".join(problems) + "."
