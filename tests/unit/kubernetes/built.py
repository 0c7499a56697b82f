"""An overlay as kustomize would build it, as far as ours use kustomize: resources, images, replicas, namespace."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.architecture.tree import ROOT

FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = ("single", "production")
Resource = dict[str, Any]
# What this reader understands. Another field would be passed over in silence, so it is refused.
_KNOWN = {"apiVersion", "kind", "namespace", "resources", "images", "replicas"}


def documents(file: Path) -> list[Resource]:
    return list(yaml.safe_load_all(file.read_text()))


@cache
def built(overlay: str) -> tuple[Resource, ...]:
    """Every resource of an overlay. Raises where a kustomization names what is not there."""
    return tuple(_build(FOLDER / "overlays" / overlay))


def _build(folder: Path) -> list[Resource]:
    (kustomization,) = documents(folder / "kustomization.yaml")
    assert set(kustomization) <= _KNOWN, f"{folder}: teach tests/unit/kubernetes/built.py the other fields"
    resources: list[Resource] = []
    for name in kustomization["resources"]:
        path = (folder / name).resolve()
        resources += _build(path) if path.is_dir() else documents(path)
    for image in kustomization.get("images", []):
        users = [one for one in containers_of(resources) if one["image"] == image["name"]]
        assert users, f"{folder}: nothing uses the image {image['name']}"
        for one in users:
            one["image"] = f"{image['newName']}:{image['newTag']}"
    for replicas in kustomization.get("replicas", []):
        (deployment,) = [one for one in resources if key(one) == ("Deployment", replicas["name"])]
        deployment["spec"]["replicas"] = replicas["count"]
    return resources


def key(resource: Resource) -> tuple[str, str]:
    return resource["kind"], resource["metadata"]["name"]


def find(resources: tuple[Resource, ...], kind: str, name: str) -> Resource:
    """The one resource of this kind and name."""
    (found,) = [one for one in resources if key(one) == (kind, name)]
    return found


def of_kind(resources: tuple[Resource, ...], kind: str) -> list[Resource]:
    return [one for one in resources if one["kind"] == kind]


def pod_of(resource: Resource) -> Resource:
    """A workload's pod template."""
    template: Resource = resource["spec"]["template"]
    return template


def containers_of(resources: Any) -> Iterator[Resource]:
    """Containers of deployments and jobs, those that run first included."""
    for one in resources:
        if one["kind"] in ("Deployment", "Job"):
            spec = pod_of(one)["spec"]
            yield from [*spec.get("initContainers", []), *spec["containers"]]
