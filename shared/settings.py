"""Frozen settings, read once from the environment (prefix ``TOLLGATE_``).

A service that is misconfigured says which setting and how, in one line, and stops. ``make docs`` writes all of them
into docs/configuration.md: a number's unit is the last word of its name or stands in ``counts(...)``.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "TOLLGATE_"
MISCONFIGURED = 78  # EX_CONFIG of sysexits.h
_SHORTEST_TOKEN = 16


def counts(unit: str) -> dict[str, Any]:
    """The unit of a number whose name does not end with it; for a ``Field``'s ``json_schema_extra``."""
    return {"unit": unit}


def is_web_address(value: str) -> bool:
    """``http://`` or ``https://``, a host, and a port that is a number."""
    return _has_host(value, ("http", "https"))


def _has_host(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _base_address(value: str) -> str:
    if not is_web_address(value) or any(mark in value for mark in " \n\r\t"):
        raise ValueError("must be an address like http://host:port")
    return value.rstrip("/")


def _database(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    if not _has_host(address, ("postgresql",)) or not urlsplit(address).path.strip("/"):
        raise ValueError("must be an address like postgresql://user:password@host:port/database")
    return value


def _broker(value: SecretStr) -> SecretStr:
    if not _has_host(value.get_secret_value(), ("amqp", "amqps")):
        raise ValueError("must be an address like amqp://user:password@host:port/vhost (amqps:// with TLS)")
    return value


def _tokens(value: SecretStr) -> SecretStr:
    if any(len(part.strip()) < _SHORTEST_TOKEN for part in value.get_secret_value().split(",")):
        raise ValueError(
            f"each secret must have {_SHORTEST_TOKEN} characters or more; several stand with a comma between them"
        )
    return value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


BaseAddress = Annotated[str, AfterValidator(_base_address)]
DatabaseUrl = Annotated[SecretStr, AfterValidator(_database)]
BrokerUrl = Annotated[SecretStr, AfterValidator(_broker)]


class Settings(BaseSettings):
    """Settings that every service has; a service adds its own fields in its ``settings.py``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: DatabaseUrl = Field(
        description="postgresql://user:password@host:port/database of this service alone"
    )
    database_listen_url: DatabaseUrl | None = Field(
        None,
        description="the same database without a pooler between, where DATABASE_URL is a pooler's in transaction mode:"
        " LISTEN hears nothing through one; none: DATABASE_URL",
    )
    broker_url: BrokerUrl = Field(description="amqp://user:password@host:port/vhost, or amqps:// with TLS")
    http_host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(ge=0, le=65535, description="port to listen on", json_schema_extra=counts("port"))
    internal_token: Annotated[SecretStr, AfterValidator(_tokens)] = Field(
        description="secret between the services, 16 characters or more; several, comma separated, while it is"
        " rotated: the first is sent, all are taken",
    )
    auth_issuer: str = Field(description="issuer (iss) of the tokens we accept")
    auth_audience: str = Field("tollgate", description="audience (aud) of the tokens we accept")
    auth_jwks: str = Field(min_length=1, description="file or https address of the issuer's JSON Web Key Set")
    otlp_endpoint: BaseAddress | None = Field(
        None, description="OTLP/HTTP endpoint for traces and metrics; none: not exported"
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO", description="what is logged: this and what is graver"
    )
    database_pool: int = Field(
        10,
        ge=2,
        le=100,
        description="most connections to the database, beside one or two that listen",
        json_schema_extra=counts("connections"),
    )
    prefetch: int = Field(
        8,
        ge=1,
        le=500,
        description="most messages of one queue in work at a time",
        json_schema_extra=counts("messages"),
    )

    @classmethod
    def from_environment(cls) -> Self:
        """Reads the environment, or ends the process (status 78, EX_CONFIG) with one line that names the setting."""
        try:
            return cls()
        except ValidationError as error:
            stop(describe(error))

    @property
    def listens_at(self) -> str:
        """The address of the database on which LISTEN hears something."""
        return (self.database_listen_url or self.database_url).get_secret_value()

    def stop_without_keys(self) -> None:
        """Ends the process like ``from_environment`` where the key set is a file that this machine does not have."""
        if not self.auth_jwks.startswith(("http://", "https://")) and not Path(self.auth_jwks).is_file():
            stop(f"Settings are wrong: {PREFIX}AUTH_JWKS: there is no file of this name to read keys from.")


def stop(sentence: str) -> NoReturn:
    """Ends the process: its settings must be changed before it is started again."""
    sys.stderr.write(sentence + "\n")
    raise SystemExit(MISCONFIGURED)


def describe(error: ValidationError) -> str:
    """One line: each wrong setting with its environment name and what is wrong with it, never its value.

    What is wrong with several settings together names them itself.
    """
    problems = []
    for item in error.errors():
        problem = "is not set" if item["type"] == "missing" else item["msg"].removeprefix("Value error, ")
        name = "_".join(str(part) for part in item["loc"]).upper()
        problems.append(f"{PREFIX}{name}: {problem}" if name else problem)
    return "Settings are wrong: " + "; ".join(problems) + "."
