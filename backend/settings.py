"""Every setting of ETF Atlas, read from the environment with the prefix ATLAS_, or from files of ATLAS_SECRETS_DIR."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from backend.errors import InvalidInput


class SecretFiles(SecretsSettingsSource):
    """Settings from files that are named like their variables in lower case; an empty file is no setting."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        return value or None, key, is_complex


class Settings(BaseSettings):
    """What can be set from outside; each field's description is its line in the README's table."""

    model_config = SettingsConfigDict(env_prefix="ATLAS_", env_parse_none_str="none", extra="ignore")

    home: Path = Field(
        Path("~/.local/share/etf-atlas"), description="Folder of everything that is kept: database, keys"
    )
    secrets_dir: Path | None = Field(
        None,
        description="Folder of secrets as files: settings (`atlas_krx_api_key`) and passwords (`atlas_app_password`)",
    )
    database_url: str | None = Field(
        None,
        description="URL of another PostgreSQL instead of the private one: an administrator's, or without a user for a "
        "process that may not change the schema",
    )
    host: str = Field("127.0.0.1", description="Address the web server listens on")
    port: int = Field(8000, ge=0, le=65535, description="Port the web server listens on")
    shared_buffers: str | None = Field(
        None, description="PostgreSQL's shared_buffers; by default sized for the machine"
    )
    model: str = Field("offline", description="`offline`, or the name of a model of an OpenAI-compatible server")
    openai_base_url: str | None = Field(None, description="Address of the OpenAI-compatible server")
    openai_api_key: SecretStr | None = Field(None, description="Key for the OpenAI-compatible server")
    openai_api_version: str | None = Field(
        None, description="API version of Azure OpenAI, such as 2024-10-21; the model is then the deployment's name"
    )
    model_timeout_s: float = Field(60, gt=0, description="Time limit of one request to the language model, seconds")
    model_daily_tokens_per_user: int | None = Field(
        200_000,
        ge=0,
        description="Most tokens the language model may use for one person a day (Asia/Seoul); `none`: no limit",
    )
    model_daily_tokens: int | None = Field(
        5_000_000, ge=0, description="Most tokens the language model may use for everybody a day; `none`: no limit"
    )
    model_daily_cost_usd_per_user: float | None = Field(
        None, ge=0, description="Most US dollars a day for one person; needs the prices"
    )
    model_daily_cost_usd: float | None = Field(
        None, ge=0, description="Most US dollars a day for everybody; needs the prices"
    )
    model_price_input_usd_per_mtok: float | None = Field(
        None, ge=0, description="Price of a million tokens that the model reads, US dollars"
    )
    model_price_output_usd_per_mtok: float | None = Field(
        None, ge=0, description="Price of a million tokens that the model writes, US dollars"
    )
    embedding_model: str = Field(
        "offline",
        min_length=1,
        max_length=200,
        description="`offline`, or the name of an embedding model that returns 1,536 numbers, such as text-embedding-3-small",
    )
    embedding_base_url: str | None = Field(
        None, description="Address of the embedding service; by default ATLAS_OPENAI_BASE_URL"
    )
    embedding_api_key: SecretStr | None = Field(
        None,
        description="Key for the embedding service; by default ATLAS_OPENAI_API_KEY, unless the address is its own",
    )
    embedding_timeout_s: float = Field(
        2.0, gt=0, description="How long a question waits for its embedding before the offline one serves, seconds"
    )
    api_key: SecretStr | None = Field(
        None, description="Key that `/v1` and `/mcp` want as a bearer token; without one they are as open as the page"
    )
    query_timeout_ms: int = Field(5_000, gt=0, description="Time limit of one Cypher query of the agent, milliseconds")
    query_row_limit: int = Field(1_000, gt=0, description="Most rows one Cypher query of the agent may return")
    chat_workers: int = Field(
        1, ge=0, le=64, description="Processes that answer questions beside the web server; 0: its own threads do"
    )
    chat_abandoned_after_s: float = Field(
        15.0, gt=0, description="How long an answer goes on while no browser reads it, seconds"
    )
    registration: Literal["open", "closed"] = Field(
        "open", description="`open`: everybody may make an account; `closed`: only `./atlas user add` does"
    )
    registrations_per_hour: int = Field(
        20, ge=0, description="Most accounts that may be made in an hour from one address (IPv6: from one /64)"
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto count, such as "
        "10.0.0.0/8; `*`: everybody's, where nobody but the proxy reaches the server",
    )
    public_url: str | None = Field(
        None,
        description="Address at which people reach the page, for links in messages, such as https://etf.example.org",
    )
    krx_api_key: SecretStr | None = Field(
        None, description="Key (AUTH_KEY) of the KRX Open API: prices, NAV, net assets"
    )
    krx_id: SecretStr | None = Field(None, description="User name at the KRX data service, which gives out the baskets")
    krx_password: SecretStr | None = Field(None, description="Password at the KRX data service")
    krx_open_api_url: str = Field(
        "https://data-dbg.krx.co.kr/svc/apis", description="Address of the KRX Open API, or of a relay of it"
    )
    krx_data_url: str = Field(
        "https://data.krx.co.kr", description="Address of the KRX data service, or of a relay of it"
    )
    krx_timeout_s: float = Field(20, gt=0, description="Deadline of one request to KRX with all that it sends, seconds")
    krx_daily_calls: int = Field(
        10_000, gt=0, description="Most calls a day (Asia/Seoul) to each of the two KRX services"
    )
    krx_calls_per_s: float = Field(4, gt=0, description="Most calls a second to each of the two KRX services")
    notification_ping_s: float = Field(
        15, gt=0, description="How often an open notification stream is sent a ping, seconds"
    )
    discord_webhook_url: SecretStr | None = Field(
        None, description="Discord webhook that hears of every collection: https://discord.com/api/webhooks/ID/TOKEN"
    )
    discord_failures: bool = Field(
        True,
        description="Whether a date that could not be collected is posted to Discord at once; under Airflow its own alert tells, after the last try",
    )
    discord_api_url: str = Field(
        "https://discord.com/api",
        description="Where webhook messages are sent, for a relay; only ID and TOKEN are taken from a webhook's address",
    )
    replica_url: str | None = Field(
        None, description="URL of a streaming replica, without a user: market queries of the API and the agent go there"
    )
    replica_max_lag_s: float = Field(
        5, gt=0, description="How far the replica may lag behind before the primary is asked instead, seconds"
    )
    pool_url: str | None = Field(
        None, description="URL of a PgBouncer in front of the primary, without a user: what serves requests uses it"
    )
    background: bool = Field(
        True,
        description="Whether the web server also embeds examples and posts to Discord; `./atlas worker` does so elsewhere",
    )
    airflow_port: int = Field(8080, ge=0, le=65535, description="Port of Airflow's page under `./atlas airflow up`")
    log_level: str = Field("INFO", description="Least severe level that is logged")

    def model_post_init(self, _context: object) -> None:
        self.home = self.home.expanduser().absolute()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment go before the files of ATLAS_SECRETS_DIR."""
        folder = os.environ.get("ATLAS_SECRETS_DIR")
        files = (SecretFiles(settings_cls, folder),) if folder and Path(folder).is_dir() else ()
        return init_settings, env_settings, *files

    @field_validator("secrets_dir")
    @classmethod
    def _folder_of_secrets(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_dir():
            raise ValueError(f"there is no folder {folder}")
        return folder

    @field_validator("database_url", "replica_url", "pool_url")
    @classmethod
    def _address_of_postgresql(cls, url: str | None) -> str | None:
        if url:
            import psycopg
            from psycopg.conninfo import conninfo_to_dict

            try:
                conninfo_to_dict(url)
            except psycopg.ProgrammingError:
                # Its own message repeats the address, in which a password may stand.
                raise ValueError("is no address of a PostgreSQL, such as postgresql://USER@HOST/DATABASE") from None
        return url

    @field_validator("krx_open_api_url", "krx_data_url")
    @classmethod
    def _address_of_krx(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("begins with neither https:// nor http://")
        return url

    @model_validator(mode="after")
    def _cost_limits_need_prices(self) -> Settings:
        limits = (self.model_daily_cost_usd_per_user, self.model_daily_cost_usd)
        prices = (self.model_price_input_usd_per_mtok, self.model_price_output_usd_per_mtok)
        if any(limit is not None for limit in limits) and None in prices:
            raise ValueError(
                "ATLAS_MODEL_DAILY_COST_USD needs ATLAS_MODEL_PRICE_INPUT_USD_PER_MTOK and "
                "ATLAS_MODEL_PRICE_OUTPUT_USD_PER_MTOK; without prices nothing would ever be refused"
            )
        return self


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process, read once. Raises InvalidInput that names the variable at fault."""
    try:
        return Settings()
    except ValidationError as error:
        raise InvalidInput("; ".join(_told(fault["loc"], fault["msg"]) for fault in error.errors())) from error


def _told(place: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"ATLAS_{'_'.join(map(str, place)).upper()}: {message}" if place else message
