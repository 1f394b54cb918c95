"""Settings: environment variables that begin with `COVENANT_`, read only by the entry points.

Temporal's own settings (address, namespace, TLS, API key) are the standard `TEMPORAL_…` variables
and profile files, read by its client library.
"""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that can be set. Without any of it, the engines of `covenant up` are used."""

    model_config = SettingsConfigDict(
        env_prefix="COVENANT_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(Path(".covenant"), description="Where the embedded engines live.")
    database_url: SecretStr | None = Field(
        None, description="PostgreSQL as the application, `postgresql+asyncpg://…`."
    )
    owner_url: SecretStr | None = Field(
        None, description="PostgreSQL as its owner, for `covenant migrate` and `archive drop`."
    )
    task_queue: str = Field("covenant", description="Temporal's task queue.")
    shards: int = Field(8, ge=1, le=1024, description="Monitoring workflows; chosen once.")
    smtp_host: str | None = Field(None, description="Mail server; without one, mail goes to files.")
    smtp_port: int = Field(587, description="Its port.")
    smtp_user: str | None = Field(None, description="Login, if it wants one.")
    smtp_password: SecretStr | None = Field(None, description="Password of the login.")
    smtp_tls: bool = Field(default=True, description="Require STARTTLS.")
    sender: str = Field("covenant@localhost.localdomain", description="From address of notices.")
    mailbox: Path | None = Field(None, description="Folder of mails when no mail server is set.")
    http_host: str = Field("127.0.0.1", description="Where health and metrics are served.")
    http_port: int = Field(9464, description="Port of `/healthz` and `/metrics`; 0 is any free.")
    sdk_metrics: str | None = Field(
        None, description="Address such as 127.0.0.1:9465 for the Temporal SDK's own metrics."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    workflow_slots: int = Field(100, ge=1, description="Workflow tasks at once in a worker.")
    activity_slots: int = Field(20, ge=1, description="Activities at once in a worker.")

    def mail_folder(self) -> Path:
        """Where mails are written when no mail server is set."""
        return self.mailbox or self.data_dir / "mailbox"
