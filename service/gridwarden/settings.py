"""Every knob of an installation, read once from GRIDWARDEN_* and handed down.

Nothing reads the environment at import; `create_app(settings)` and the CLI build one
frozen `Settings` and pass it on.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    IPvAnyNetwork,
    SecretStr,
    TypeAdapter,
    ValidationInfo,
    computed_field,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

PEOPLE = (
    *("utility", "supervisor", "planner", "dispatcher", "viewer"),
    *("warden", "inspector", "contractor", "administrator", "security", "auditor"),
)
"""The roles that a person may have."""
SIGNATURES = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Signatures of a sign-in provider that can be taken."""
GRADES = {"general": 1.0, "serious": 3.0, "major": 9.0}
"""What a finding of each grade weighs, unless an office says otherwise."""
SECRETS = Path("/run/secrets")
"""Where a container is handed secrets, one in a file that is called as its variable."""


def default_home() -> Path:
    """State folder when GRIDWARDEN_HOME is not set: the system's for root, else the user's."""
    if os.geteuid() == 0:
        return Path("/var/lib/gridwarden")
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "gridwarden"


def kept_crs(home: Path) -> int | None:
    """EPSG code of the working CRS that this state folder was begun with."""
    try:
        return int((home / "working-crs").read_text())
    except (OSError, ValueError):  # not begun yet, or not for this account: `up` will tell
        return None


class Settings(BaseSettings):
    """Frozen settings of one installation.

    `crs` is the EPSG code of the ONE projected metric system in which everything is stored and
    measured; it is fixed at the first `gridwarden up`.
    """

    model_config = SettingsConfigDict(env_prefix="GRIDWARDEN_", frozen=True, extra="ignore")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables, and below them the files of SECRETS (`gridwarden_database_url`)."""
        if not os.access(SECRETS, os.R_OK | os.X_OK):
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, SECRETS)

    home: Path = Field(default_factory=default_home)
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    database_url: str | None = None
    database_account: str | None = Field(default=None, pattern=r"^[a-z_][a-z0-9_-]{0,31}$")
    """The account that runs the private cluster, where it is not the service's own
    (`gridwarden install`); the service is of its group, which alone reaches the socket."""
    postgresql_bin: Path | None = None
    """Folder of initdb and pg_ctl where they are not in Debian's place."""
    crs: int = Field(default_factory=lambda data: kept_crs(data["home"]) or 4547)
    language: str = Field(default="zh", pattern="^(zh|en)$")
    time_zone: str = "Asia/Shanghai"
    practice_days: int = Field(default=0, ge=0, le=3650)
    """Practice and tests alone: the office's clock is so many days ahead; every page says so."""
    board: Path | None = None
    """The office's own weights and indicators of the board (docs/board.md); else the built-in."""
    rules: Annotated[tuple[str, ...], NoDecode] = ("cn-city-gas",)
    """Built-in packs that a new installation begins with (GRIDWARDEN_RULES, with commas)."""

    severity_weights: Annotated[dict[str, float], NoDecode] = GRADES
    possible_factor: float = Field(default=0.5, ge=0, le=1)

    upload_mb: int = Field(default=512, ge=1)
    proof_mb: int = Field(default=20, ge=1, le=200)
    """Megabytes of one photo or document of a hazard case."""
    photo_metres: float = Field(default=50.0, gt=0, le=10_000)
    """How far from a case's place its photos are expected to have been taken, metres."""
    keep_files_days: int = Field(default=30, ge=0, le=3650)
    """How long the file of an import with rejected rows, or of a dry run, is kept."""
    reader_mb: int = Field(default=2048, ge=256)
    """Megabytes of memory that reading one file may take."""
    reader_seconds: int = Field(default=120, ge=1)
    """Seconds of processor time for opening a file, and for each 20,000 rows of it."""
    closing_wait_s: float = Field(default=5, ge=0, le=60)
    """For so long closing a hazard waits for the rule to judge its subject again."""
    keep_events_days: int = Field(default=30, ge=1, le=3650)
    """How long events, and what became of their deliveries, are kept."""
    feed_seconds: float = Field(default=600, gt=0)
    """After so long a feed of events ends; a browser opens the next where it ended."""
    webhook_networks: Annotated[tuple[str, ...], NoDecode] = ()
    """Private networks (10.0.0.0/8) that webhooks may call, by http, too; public https is free."""
    webhook_retry_s: Annotated[tuple[float, ...], NoDecode] = (
        *(5, 30, 120, 600, 1800),
        *(3600, 7200, 14400, 28800, 28800),
    )
    """Seconds between the tries of one message; the whole is about a day."""
    keep_audit_days: int = Field(default=365, ge=180, le=36_500)
    """How long sealed audit rows stay in the database; older ones go to signed files."""
    syslog: str | None = Field(
        default=None,
        pattern=r"^((udp|tcp)://[^/:@\s]+(:[1-9]\d{0,3}|:[1-5]\d{4}|:6[0-4]\d{3})?|unix:///\S+)$",
    )
    """The office's log that sealed audit rows are told to: udp://, tcp:// or unix:///path."""
    export_reason_km: float = Field(default=1.0, ge=0)
    """Kilometres of exact mains from which on an export needs a reason and is a numbered copy."""
    export_second_km: float = Field(default=20.0, ge=0)
    """Kilometres from which on a second person approves it first."""
    seen_reason_km: float = Field(default=100.0, ge=0)
    """Kilometres of exact mains on pages from which on a person's day needs a reason, once."""
    seen_second_km: float = Field(default=500.0, ge=0)
    """Kilometres on pages from which on a second person approves the rest of a person's day."""
    export_hours: int = Field(default=24, ge=1, le=168)
    """For so long an approved export can be taken."""
    smtp: SecretStr | None = None
    """The office's mail server, for notices: smtp://host:25, smtps://user:password@host:465, or
    smtp+tls://host:587 (STARTTLS). Unset, notices stand on their page and nothing is sent."""
    mail_from: str = "gridwarden@localhost"
    """Whose letters notices are."""
    mail_retry_s: Annotated[tuple[float, ...], NoDecode] = (60, 300, 1800, 7200, 21_600, 43_200)
    """Seconds between the tries of one letter."""
    public_url: str = Field(default="", pattern=r"^(https?://[^\s/?#]+(/[A-Za-z0-9._~-]+)*/?)?$")
    """Where people reach the service, for links in letters and those that commands print. A path
    (https://office.example/gridwarden) is put before every place that the service names."""
    area_km2: float = Field(default=1.0, gt=0)
    web_connections: int = Field(default=8, ge=1)
    worker_connections: int = Field(default=4, ge=1)
    statement_timeout_ms: int = Field(default=15_000, ge=100)

    processes: int = Field(default=1, ge=1, le=64)
    """How many processes of the service share the callers: each gives its part of the rates."""
    reads_a_minute: int = Field(default=1200, ge=0)
    """Requests of one key, or of one person's browsers; 0, here and below, counts nothing."""
    writes_a_minute: int = Field(default=240, ge=0)
    checks_a_minute: int = Field(default=240, ge=0)
    """Permit checks: many answers side by side would tell where a main lies."""
    heavy_a_minute: int = Field(default=120, ge=0)
    """Maps of a whole city, exports, what-ifs, pictures."""
    strangers_a_minute: int = Field(default=300, ge=0)
    """Requests of one address by whoever has not signed in, wrong keys among them."""
    heavy_at_once: int = Field(default=2, ge=1)
    """Heavy requests that are worked on; as many as there are processors."""
    heavy_processes: int | None = Field(default=None, ge=0, le=64)
    """Processes that draw maps beside the service; unset: one for each processor but one."""
    heavy_waiting: int = Field(default=64, ge=0)
    heavy_wait_s: float = Field(default=10, gt=0)
    """After so many seconds in the queue a heavy request is told to come back."""

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of the proxies whose X-Forwarded-Proto and -For are believed."""
    session_hours: float = Field(default=12, gt=0, le=168)
    idle_minutes: int = Field(default=20, ge=1, le=1440)
    """A browser's session that nobody uses for so long ends."""
    password_length: int = Field(default=12, ge=8, le=64)
    """The fewest characters of a password."""
    password_days: int = Field(default=90, ge=0, le=3650)
    """After so many days a password is changed at the next sign-in; 0: never."""
    passwords_kept: int = Field(default=5, ge=0, le=24)
    """So many former passwords of an account are not taken again."""
    first_password_hours: int = Field(default=72, ge=1, le=720)
    lock_tries: int = Field(default=5, ge=3, le=20)
    """After so many wrong passwords in a row an account is closed to unknown browsers."""
    lock_minutes: int = Field(default=15, ge=1, le=1440)
    address_tries: int = Field(default=100, ge=10)
    """So many failures from one address close it to unknown browsers for `lock_minutes`."""
    factor_roles: Annotated[tuple[str, ...], NoDecode] = ("administrator", "security", "auditor")
    """Roles that do not sign in by password without a second factor."""
    dormant_days: int = Field(default=90, ge=1, le=3650)
    key_grace_hours: int = Field(default=24, ge=0, le=720)
    """How long the old secret of a key holds after the key was given a new one."""

    hsts_days: int = Field(default=365, ge=0, le=3650)
    """Over https, browsers are told to use nothing else for this host so long; 0: not told."""

    oidc_client_id: str | None = Field(default=None, max_length=200)
    oidc_secret_file: Path | None = None
    """Holds the client's secret; without it the client is a public one (PKCE alone)."""
    oidc_rules: Path | None = None
    """TOML: which claims are read, and which group of the provider has which role."""
    oidc_ca_file: Path | None = None
    """PEM of the authority that signed the provider's certificate, where no browser knows it."""
    oidc_label: str | None = Field(default=None, max_length=60)
    """What people call the provider; its host where none is named."""
    oidc_audience: str | None = Field(default=None, max_length=300)
    """`aud` of access tokens that are taken as `Authorization: Bearer`; none: no token is."""
    oidc_algorithms: Annotated[tuple[str, ...], NoDecode] = ("RS256", "PS256", "ES256")
    """The signatures that are taken."""
    oidc_issuer: str | None = Field(default=None, max_length=300)
    """The office's sign-in provider (OpenID Connect): https://…; http on this machine alone."""

    metrics_token: SecretStr | None = Field(default=None, min_length=16)
    """What a monitoring machine sends as `Authorization: Bearer` to read /metrics, and no more."""
    log_requests: Literal["all", "failed"] = "failed"
    """Which requests have a line in the log: `all`, or those that failed by us or took over 5 s."""

    room_mb: int = Field(default=1024, ge=1)
    """Less room on the disk of the state folder is named by `doctor`."""
    backup_passphrase_file: Path | None = None
    """Holds the passphrase of archives, for backups that nobody sits beside."""
    backup_passphrase: SecretStr | None = None
    """The passphrase itself, where an office's service manager hands secrets by the environment."""
    backup_days: int = Field(default=2, ge=1, le=365)
    """An older last backup is named by `doctor`."""
    drill_days: int = Field(default=35, ge=1, le=3650)
    """So long after the last restore test that succeeded `doctor` asks for another."""

    @field_validator(
        *("database_url", "database_account", "postgresql_bin", "board", "syslog", "smtp"),
        *("metrics_token", "backup_passphrase", "backup_passphrase_file"),
        *("oidc_client_id", "oidc_secret_file", "oidc_rules", "oidc_ca_file", "oidc_label"),
        *("oidc_audience", "oidc_issuer", "heavy_processes"),
        mode="before",
    )
    @classmethod
    def _none(cls, told: object) -> object:
        """Nothing behind the `=` is as if the line were not there."""
        return None if told == "" else told

    @field_validator("severity_weights", mode="before")
    @classmethod
    def _weights(cls, told: object) -> object:
        """A text is JSON, with a weight for each grade."""
        if isinstance(told, str):
            with suppress(ValueError):
                told = json.loads(told)
        if isinstance(told, dict) and set(told) == set(GRADES):
            return told
        raise PydanticCustomError("weights", "JSON with a weight for each grade")

    @field_validator("time_zone", mode="after")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise PydanticCustomError("zone", "no time zone, such as Asia/Shanghai") from None
        return name

    @field_validator(
        *("rules", "webhook_networks", "webhook_retry_s", "mail_retry_s"),
        *("trusted_proxies", "factor_roles"),
        "oidc_algorithms",
        mode="before",
    )
    @classmethod
    def _listed(cls, rules: object) -> object:
        """A text is a list with commas."""
        if isinstance(rules, str):
            return tuple(name.strip() for name in rules.split(",") if name.strip())
        return rules

    @field_validator("webhook_networks", "trusted_proxies", mode="after")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses, at the start, what is no network."""
        read = TypeAdapter(IPvAnyNetwork)
        return tuple(str(read.validate_python(network)) for network in networks)

    @field_validator("factor_roles", mode="after")
    @classmethod
    def _some_roles(cls, roles: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses, at the start, what is no role of a person."""
        if strange := set(roles) - set(PEOPLE):
            told = {"roles": ", ".join(sorted(strange))}
            raise PydanticCustomError("role", "no such role: {roles}", told)
        return roles

    @field_validator("oidc_algorithms", mode="after")
    @classmethod
    def _public_keys(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        """Signatures by a private key alone: with HS256 whoever can check could also sign."""
        if not names or set(names) - set(SIGNATURES):
            told = {"some": ", ".join(SIGNATURES)}
            raise PydanticCustomError("signature", "use some of {some}", told)
        return names

    @field_validator("oidc_issuer", mode="after")
    @classmethod
    def _whole_provider(cls, issuer: str | None, known: ValidationInfo) -> str | None:
        """A sign-in provider is set up whole or not at all."""
        if issuer is None:
            return None
        parts = urlsplit(issuer)
        near = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not (parts.hostname and (parts.scheme == "https" or near)) or parts.query:
            raise PydanticCustomError(
                "issuer", "an https:// address, exactly as the provider says it"
            )
        client = known.data.get("oidc_client_id")
        if not client or known.data.get("oidc_rules") is None:
            raise PydanticCustomError(
                "half_provider", "needs GRIDWARDEN_OIDC_CLIENT_ID and GRIDWARDEN_OIDC_RULES, too"
            )
        if known.data.get("oidc_audience") == client:
            told = "what a browser signs in with is no key"
            raise PydanticCustomError("one_audience", told)
        return issuer

    @field_validator("webhook_retry_s", "mail_retry_s", mode="after")
    @classmethod
    def _some_wait(cls, waits: tuple[float, ...]) -> tuple[float, ...]:
        """At least one, and each a time that passes."""
        if not waits or not all(0 < wait <= 86_400 * 7 for wait in waits):
            raise PydanticCustomError("waits", "seconds, each more than 0 and at most a week")
        return waits

    @field_validator("home", mode="before")
    @classmethod
    def _folder(cls, home: object) -> Path:
        """A whole path: PostgreSQL's programs run from `/`, where another would be meant."""
        whole = Path(str(home)).expanduser().absolute() if home else default_home()
        nearest = next(place for place in (whole, *whole.parents) if place.exists())
        if not nearest.is_dir():
            raise PydanticCustomError("folder", "a file stands there")
        return whole

    @computed_field  # type: ignore[prop-decorator]
    @property
    def files(self) -> Path:
        """Uploaded files, one folder an import."""
        return self.home / "files"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def assets(self) -> Path:
        """Built page assets (Leaflet and what Folium needs), served by the service itself: those
        of an installed version lie beside its program.
        """
        installed = Path(sys.prefix).parent / "assets"
        return installed if (installed.parent / "bundle.json").exists() else self.home / "assets"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def secrets(self) -> Path:
        """Passwords of the private cluster's logins, readable by the owner alone."""
        return self.home / "secrets"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def tls(self) -> Path:
        """The certificate of the service and of its local authority, where it speaks https."""
        return self.home / "tls"

    @property
    def prefix(self) -> str:
        """The path of `public_url`, without a slash at its end; mostly empty."""
        return urlsplit(self.public_url).path.rstrip("/")

    @property
    def own_url(self) -> str:
        """Where the service listens, as this machine calls it: https where it has a certificate."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        scheme = "https" if (self.tls / "server.crt").exists() else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def cluster(self) -> Path:
        """Data folder of the private PostgreSQL cluster."""
        return self.home / "cluster"
