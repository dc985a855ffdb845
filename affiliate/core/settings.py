"""Settings: read once from the environment, typed, and refused with a sentence when wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

DEMO_SECRET_KEY = "etalase-demo-only-never-in-production"  # noqa: S105  the name says what it is for
SECRET_KEY_MIN_LENGTH = 32

KNOWN = frozenset(
    {
        "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "SECRET_KEY_OLD", "DATA_DIR", "HOST", "PORT", "WEB_PROCESSES",
        "WEB_THREADS", "PUBLIC_URL", "MAIL_URL", "STRIPE_API_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET",
        "WEBHOOKS_TO_LOCALHOST",
    }
)  # fmt: skip


class BadSetting(ValueError):
    """A setting whose value cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the application takes from outside. Paths are absolute, URLs without a trailing slash."""

    database_url: str
    redis_url: str | None
    secret_key: str
    secret_key_old: str | None
    data_dir: Path
    host: str
    port: int
    web_processes: int
    web_threads: int
    public_url: str
    mail_url: str | None
    stripe_api_key: str | None
    stripe_api_base: str | None
    stripe_webhook_secret: str | None
    webhooks_to_localhost: bool = False  # for practice: what we send may go to this machine; never in production

    @property
    def production(self) -> bool:
        """True when visitors reach us over https: the demo's shortcuts are then refused."""
        return self.public_url.startswith("https://")

    @property
    def is_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"

    @property
    def links_dir(self) -> Path:
        return self.data_dir / "links"

    @property
    def upload_dir(self) -> Path:
        return self.data_dir / "uploads"


def from_env(env: Mapping[str, str]) -> Settings:
    """Read the settings; raise BadSetting with a sentence for a value that cannot be used."""
    data_dir = Path(env.get("DATA_DIR") or "var").absolute()
    port = _number(env, "PORT", 8000, 1, 65535)
    host = env.get("HOST") or "127.0.0.1"
    public_url = (env.get("PUBLIC_URL") or f"http://{host}:{port}").rstrip("/")
    if urlsplit(public_url).scheme not in {"http", "https"}:
        raise BadSetting(f"PUBLIC_URL must start with http:// or https://, not {public_url!r}.")
    secret_key = env.get("SECRET_KEY") or DEMO_SECRET_KEY
    if public_url.startswith("https://") and (secret_key == DEMO_SECRET_KEY or len(secret_key) < SECRET_KEY_MIN_LENGTH):
        raise BadSetting(
            f"SECRET_KEY must be at least {SECRET_KEY_MIN_LENGTH} characters of your own when PUBLIC_URL is https."
        )
    secret_key_old = env.get("SECRET_KEY_OLD") or None
    if secret_key_old == secret_key:
        raise BadSetting("SECRET_KEY_OLD must be the key before SECRET_KEY, not the same one; leave it out otherwise.")
    to_localhost = env.get("WEBHOOKS_TO_LOCALHOST") or "0"
    if to_localhost not in {"0", "1"}:
        raise BadSetting(f"WEBHOOKS_TO_LOCALHOST must be 0 or 1, not {to_localhost!r}.")
    if to_localhost == "1" and public_url.startswith("https://"):
        raise BadSetting("WEBHOOKS_TO_LOCALHOST is for practice: leave it out when PUBLIC_URL is https.")
    return Settings(
        database_url=_database_url(env.get("DATABASE_URL"), data_dir),
        redis_url=_redis_url(env.get("REDIS_URL")),
        secret_key=secret_key,
        secret_key_old=secret_key_old,
        data_dir=data_dir,
        host=host,
        port=port,
        web_processes=_number(env, "WEB_PROCESSES", 1, 1, 256),
        web_threads=_number(env, "WEB_THREADS", 32, 1, 1024),
        public_url=public_url,
        mail_url=env.get("MAIL_URL") or None,
        stripe_api_key=env.get("STRIPE_API_KEY") or None,
        stripe_api_base=(env.get("STRIPE_API_BASE") or "").rstrip("/") or None,
        stripe_webhook_secret=env.get("STRIPE_WEBHOOK_SECRET") or None,
        webhooks_to_localhost=to_localhost == "1",
    )


def _database_url(value: str | None, data_dir: Path) -> str:
    if not value:
        return f"sqlite:///{data_dir / 'etalase.db'}"
    for short in ("postgres://", "postgresql://"):
        if value.startswith(short):
            return "postgresql+psycopg://" + value.removeprefix(short)
    if value.startswith(("sqlite:///", "postgresql+psycopg://")):
        return value
    raise BadSetting(f"DATABASE_URL must start with sqlite:/// or postgresql://, not {value.split(':')[0]!r}.")


def _redis_url(value: str | None) -> str | None:
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise BadSetting(f"REDIS_URL must start with redis://, rediss:// or unix://, not {value.split(':')[0]!r}.")
    return value or None


def _number(env: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = env.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise BadSetting(f"{name} must be a whole number from {low} to {high}, not {text!r}.")
    return int(text)
