"""The manifests fit each other, the services' settings and routes, and the architecture."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import configuration
from deploy.local.environment import SERVICES
from shared.health import health_router
from shared.messaging.topology import CDR_QUEUE, SUBSCRIPTIONS, queue_name
from tests.architecture.tree import ROOT
from tests.unit.kubernetes.built import (
    FOLDER,
    OVERLAYS,
    Resource,
    built,
    containers_of,
    documents,
    find,
    key,
    of_kind,
    pod_of,
)

HEALTH_PATHS = {getattr(route, "path", "") for route in health_router({}, {}).routes}
OWN_SCHEMAS = ("rabbitmq.com/", "postgresql.cnpg.io/", "keda.sh/", "kustomize.config.k8s.io/")
STANDING_IN = {"connection_string": "amqp://u:p@rabbitmq:5672/", "secret-key": "sk_test_of_the_tests"}
both = pytest.mark.parametrize("overlay", OVERLAYS)
each = pytest.mark.parametrize("service", SERVICES)


def serving(overlay: str, service: str) -> Resource:
    """The container that serves."""
    (container,) = pod_of(find(built(overlay), "Deployment", service))["spec"]["containers"]
    assert container["args"] == ["serve"]
    return dict(container)


def environment(overlay: str, container: Resource) -> dict[str, str]:
    """What a process would find in its environment; a secret's value is made up."""
    values: dict[str, str] = {}
    for source in container.get("envFrom", []):
        values |= find(built(overlay), "ConfigMap", source["configMapRef"]["name"])["data"] or {}
    own: dict[str, str] = {}
    for variable in container["env"]:
        if "value" in variable:
            # Kubernetes knows only what stands above in the list.
            own[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda found: own[found[1]], variable["value"])
            continue
        ((kind, place),) = variable["valueFrom"].items()
        if kind == "configMapKeyRef":
            own[variable["name"]] = find(built(overlay), "ConfigMap", place["name"])["data"][place["key"]]
        else:
            own[variable["name"]] = STANDING_IN.get(place["key"], "a-secret-of-the-tests")
    return values | own


@both
def test_every_resource_is_there_once(overlay: str) -> None:
    """No kustomization names what is missing, nothing is given twice, no file lies beside."""
    keys = [key(one) for one in built(overlay)]
    assert sorted(set(keys)) == sorted(keys)
    for folder in (FOLDER / "base", FOLDER / "overlays" / overlay):
        (kustomization,) = documents(folder / "kustomization.yaml")
        named = {name for name in kustomization["resources"] if not name.startswith("..")}
        assert {file.name for file in folder.glob("*.yaml")} == named | {"kustomization.yaml"}


@both
def test_every_standard_resource_fits_the_published_schema(overlay: str) -> None:
    """Strictly: an unknown field is refused. Runs where the package with the schemas is installed."""
    validator = pytest.importorskip("kubernetes_validate")
    checked = 0
    for resource in built(overlay):
        if not resource["apiVersion"].startswith(OWN_SCHEMAS):
            validator.validate(resource, "1.31", strict=True)
            checked += 1
    assert checked > 4 * len(SERVICES)


@both
@each
def test_what_belongs_to_a_service_finds_its_pods(overlay: str, service: str) -> None:
    """Selectors match the pods' labels, ports have the names and numbers that the process listens on."""
    deployment = find(built(overlay), "Deployment", service)
    labels = pod_of(deployment)["metadata"]["labels"]
    spec = pod_of(deployment)["spec"]
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        find(built(overlay), "Service", service)["spec"]["selector"],
        find(built(overlay), "PodDisruptionBudget", service)["spec"]["selector"]["matchLabels"],
        find(built(overlay), "NetworkPolicy", service)["spec"]["podSelector"]["matchLabels"],
        *(spread["labelSelector"]["matchLabels"] for spread in spec["topologySpreadConstraints"]),
    ]
    for selector in selectors:
        assert selector.items() <= labels.items()
        others = [pod_of(one)["metadata"]["labels"] for one in of_kind(built(overlay), "Deployment")]
        assert len([one for one in others if selector.items() <= one.items()]) == 1
    (port,) = serving(overlay, service)["ports"]
    (offered,) = find(built(overlay), "Service", service)["spec"]["ports"]
    assert (offered["targetPort"], offered["port"]) == (port["name"], port["containerPort"])
    assert environment(overlay, serving(overlay, service))["TOLLGATE_HTTP_PORT"] == str(port["containerPort"])


@both
@each
def test_probes_ask_real_routes(overlay: str, service: str) -> None:
    """Life is the process alone: a database that is away must not restart every pod. Readiness tells the rest."""
    container = serving(overlay, service)
    paths = {
        name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")
    }
    assert set(paths.values()) <= HEALTH_PATHS
    assert paths == {"startup": "/health/live", "liveness": "/health/live", "readiness": "/health/ready"}
    for name in paths:
        assert container[f"{name}Probe"]["httpGet"]["port"] == container["ports"][0]["name"]


@both
@each
def test_the_environment_is_a_right_configuration(
    overlay: str, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every variable is a setting of this service, and the service would start with them."""
    known = configuration.settings_of(configuration.settings_class(service))
    given = environment(overlay, serving(overlay, service))
    assert {name for name in given if name.startswith("TOLLGATE_")} <= set(known)
    used = " ".join(variable.get("value", "") for variable in serving(overlay, service)["env"])
    assert not [name for name in given if not name.startswith("TOLLGATE_") and f"$({name})" not in used]
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    configuration.settings_class(service).from_environment().stop_without_keys()


@both
@each
def test_a_secret_is_only_ever_referred_to(overlay: str, service: str) -> None:
    """None stands in a ConfigMap or in a manifest, and the README names each Secret to make."""
    secret = {
        name
        for name, setting in configuration.settings_of(configuration.settings_class(service)).items()
        if setting.secret
    }
    assert not of_kind(built(overlay), "Secret")
    for config in of_kind(built(overlay), "ConfigMap"):
        assert not secret & set(config["data"] or {})
    readme = (FOLDER / "README.md").read_text()
    for variable in serving(overlay, service)["env"]:
        if variable["name"] in secret:
            assert (
                "$(DATABASE_PASSWORD)" in variable.get("value", "") or "secretKeyRef" in variable["valueFrom"]
            )
        if "secretKeyRef" in variable.get("valueFrom", {}):
            name = variable["valueFrom"]["secretKeyRef"]["name"]
            assert name in readme or re.sub(service, "SERVICE", name) in readme


def http_arrows() -> set[tuple[str, str]]:
    """Who calls whom, as the services' settings have it."""
    return {
        (service, callee)
        for service in SERVICES
        for callee in SERVICES
        if f"TOLLGATE_{callee.upper()}_URL"
        in configuration.settings_of(configuration.settings_class(service))
    }


def peers(rules: Any, direction: str) -> set[str]:
    """The services that a policy's rules name."""
    return {
        peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]
        for rule in rules
        for peer in rule[direction]
        if "app.kubernetes.io/name" in peer.get("podSelector", {}).get("matchLabels", {})
    } & set(SERVICES)


@both
def test_the_network_allows_the_arrows_and_no_other(overlay: str) -> None:
    """Both ends of each arrow; all else between services is refused."""
    policies = {service: find(built(overlay), "NetworkPolicy", service)["spec"] for service in SERVICES}
    out = {(one, other) for one, spec in policies.items() for other in peers(spec["egress"], "to")}
    into = {
        (other, one) for one, spec in policies.items() for other in peers(spec.get("ingress", []), "from")
    }
    assert out == into == http_arrows()
    everybody = find(built(overlay), "NetworkPolicy", "nothing-unless-allowed")["spec"]
    assert everybody["podSelector"] == {}
    assert everybody["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in everybody
    assert all(spec["policyTypes"] == ["Ingress", "Egress"] for spec in policies.values())


@both
@each
def test_every_service_reaches_broker_and_database(overlay: str, service: str) -> None:
    """Both may be reached from each service, and by nobody without a place in the house."""
    spec = find(built(overlay), "NetworkPolicy", service)["spec"]
    ports = {port["port"] for rule in spec["egress"] for port in rule["ports"]}
    assert {5432, 5672, 5671, 4318} <= ports
    for server, port in (("rabbitmq", 5672), ("postgres", 5432)):
        rules = find(built(overlay), "NetworkPolicy", server)["spec"]["ingress"]
        (rule,) = [
            one
            for one in rules
            if {"protocol": "TCP", "port": port} in one.get("ports", []) and "matchExpressions" in str(one)
        ]
        allowed = rule["from"][0]["podSelector"]["matchExpressions"][0]["values"]
        assert set(SERVICES) == set(allowed)


def test_a_consumer_grows_with_each_of_its_queues() -> None:
    """A trigger per queue, as the topology has them; the gateway grows with its load."""
    for service, events in SUBSCRIPTIONS.items():
        if not events:
            continue
        scaled = find(built("production"), "ScaledObject", service)["spec"]
        assert scaled["scaleTargetRef"]["name"] == service
        queues = {queue_name(service, event) for event in events} | (
            {CDR_QUEUE} if service == "usage" else set()
        )
        triggers = [one["metadata"] for one in scaled["triggers"] if one["type"] == "rabbitmq"]
        assert queues == {one["queueName"] for one in triggers}
        assert {("http", "QueueLength")} == {(one["protocol"], one["mode"]) for one in triggers}
        assert scaled["minReplicaCount"] >= 2
    gateway = find(built("production"), "HorizontalPodAutoscaler", "gateway")["spec"]
    assert gateway["scaleTargetRef"]["name"] == "gateway"
    assert not [one for one in of_kind(built("production"), "Deployment") if "replicas" in one["spec"]]


@both
@each
def test_no_pod_starts_before_its_migration_is_done(overlay: str, service: str) -> None:
    """Job and waiting pod are of one image and look at the database itself, not through a pooler."""
    job = pod_of(find(built(overlay), "Job", f"{service}-migrate"))["spec"]["containers"][0]
    (waiting,) = pod_of(find(built(overlay), "Deployment", service))["spec"]["initContainers"]
    assert job["args"] == ["migrate"]
    assert f"python -m services.{service} migrate --check" in waiting["command"][-1]
    assert job["image"] == waiting["image"] == serving(overlay, service)["image"]
    host = find(built(overlay), "ConfigMap", "tollgate-database")["data"]["host"]
    for container in (job, waiting):
        assert f"@{host}:5432/tollgate_{service}" in environment(overlay, container)["TOLLGATE_DATABASE_URL"]
    assert re.search(rf"^FROM \w+ AS {service}$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)


@both
def test_containers_are_confined_and_bounded(overlay: str) -> None:
    """Not root, nothing to write but /tmp, no capability, memory asked for and bounded."""
    found = list(containers_of(built(overlay)))
    assert len(found) == 3 * len(SERVICES)
    for container in found:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
    for workload in (*of_kind(built(overlay), "Deployment"), *of_kind(built(overlay), "Job")):
        spec = pod_of(workload)["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["automountServiceAccountToken"] is False


@each
def test_a_service_asks_for_what_it_was_measured_to_need(service: str) -> None:
    """MiB resident after a month, and what the press or the gate's memory adds (docs/benchmarks.md)."""
    measured = {
        "usage": 127,
        "invoicing": 211,
        "payments": 125,
        "suspension": 190,
        "notifications": 118,
        "gateway": 116,
    }
    asked = int(serving("production", service)["resources"]["requests"]["memory"].removesuffix("Mi"))
    assert measured[service] <= asked <= 1.6 * measured[service]


@both
def test_the_servers_hold_what_the_services_expect(overlay: str) -> None:
    """A database and a role for each service, hosts that exist, and in production what outlives a machine."""
    cluster = find(built(overlay), "Cluster", "postgres")["spec"]
    names = {f"tollgate_{service}" for service in SERVICES}
    assert names == {role["name"] for role in cluster["managed"]["roles"]}
    databases = {(one["spec"]["name"], one["spec"]["owner"]) for one in of_kind(built(overlay), "Database")}
    assert databases == {(name, name) for name in names}
    hosts = find(built(overlay), "ConfigMap", "tollgate-database")["data"]
    assert hosts["host"] == "postgres-rw"
    rabbit = find(built(overlay), "RabbitmqCluster", "rabbitmq")["spec"]
    if overlay == "single":
        assert (rabbit["replicas"], cluster["instances"], hosts["pooler"]) == (1, 1, hosts["host"])
        return
    assert (rabbit["replicas"], cluster["instances"]) == (3, 3)
    assert "cluster_partition_handling = pause_minority" in rabbit["rabbitmq"]["additionalConfig"]
    synchronous = cluster["postgresql"]["synchronous"]
    assert synchronous == {"method": "any", "number": 1, "dataDurability": "required"}
    pooler = find(built(overlay), "Pooler", hosts["pooler"])["spec"]
    assert pooler["cluster"]["name"] == "postgres"
    assert pooler["pgbouncer"]["poolMode"] == "transaction"
    # shared/db/engine.py sends it at every connection, and pgbouncer refuses what it does not know.
    assert "jit" in pooler["pgbouncer"]["parameters"]["ignore_startup_parameters"].split(",")


def test_every_file_is_yaml_without_anchors() -> None:
    """Kustomize rewrites images in place: an alias would be a second place, or none."""
    files = [*FOLDER.rglob("*.yaml"), *FOLDER.rglob("*.yml")]
    assert len(files) > len(SERVICES)
    for file in files:
        assert not _aliases(file), file


def _aliases(file: Path) -> list[Any]:
    return [event for event in yaml.parse(file.read_text()) if isinstance(event, yaml.AliasEvent)]
