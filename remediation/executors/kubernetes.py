"""Restarts, scales or rolls back a Kubernetes Deployment, bound to the previewed resourceVersion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils import timezone

from core.errors import Conflict, Invalid
from core.http.client import HttpPassingError, HttpPermanentError, HttpResponse, request
from remediation.executors.base import Executor, Order, Progress, Report, executor
from remediation.executors.placeholders import PlaceholderError, filled_address, server_faults, text_faults

OPERATIONS: Final = ("restart", "scale", "rollback")
RUN_ANNOTATION: Final = "tocsin.dev/run"
RESTARTED_ANNOTATION: Final = "kubectl.kubernetes.io/restartedAt"
REVISION_ANNOTATION: Final = "deployment.kubernetes.io/revision"
MERGE_PATCH: Final = "application/strategic-merge-patch+json"
MAX_REPLICAS: Final = 100


@executor
class Kubernetes(Executor):
    """Patches a Deployment; refused if its `resourceVersion` changed since the preview.

    `scale` adds replicas; the target number is fixed by the preview, so that a repeat is harmless. The
    annotation `tocsin.dev/run` shows afterwards whether the patch was applied.
    """

    kind = "kubernetes"
    title = "Kubernetes"
    can_probe = True

    def faults(self, config: Mapping[str, Any]) -> list[tuple[str, str]]:
        """`server`, `namespace`, `deployment` and `operation` are required; `scale` needs `add` and `max`."""
        known = {"server", "namespace", "deployment", "operation", "add", "max"}
        found = [(name, "is not a setting of Kubernetes") for name in config if name not in known]
        required = ("server", "namespace", "deployment")
        found += [(name, "is required") for name in required if not config.get(name)]
        if config.get("operation") not in OPERATIONS:
            found.append(("operation", f"must be one of {', '.join(OPERATIONS)}"))
        if config.get("operation") == "scale":
            found += _scale_faults(config)
        return found + server_faults(config, ("server",)) + text_faults(config, required)

    def preview(self, order: Order) -> str:
        """The patch, validated by the API server with dryRun=All."""
        deployment = self._get(order)
        patch = self._patch(order, deployment)
        self._send(order, patch, params={"dryRun": "All"})
        return self._text(order, deployment, patch)

    def _text(self, order: Order, deployment: Mapping[str, Any], patch: Mapping[str, Any]) -> str:
        version = deployment["metadata"]["resourceVersion"]
        line = f"{order.config['operation']} deployment {self._name(order)} at resourceVersion {version}"
        if "replicas" in patch.get("spec", {}):
            line += f": replicas {deployment['spec'].get('replicas', 1)} -> {patch['spec']['replicas']}"
        return line

    def start(self, order: Order, handle: dict[str, Any]) -> Report:
        """Apply the patch, if the Deployment is unchanged since the preview."""
        try:
            deployment = self._get(order)
            patch = self._patch(order, deployment)
            handle["resource_version"] = deployment["metadata"]["resourceVersion"]
            text = self._text(order, deployment, patch)
            if (shown := order.arguments.get("_preview")) and shown != text:
                return Report(Progress.FAILED, 409, reason=f"It changed since the approval: {text}")
            self._send(order, patch)
        except HttpPermanentError as error:
            return Report(Progress.FAILED, error.status, error.body, str(error))
        except HttpPassingError as error:
            progress = Progress.UNKNOWN if error.may_have_acted else Progress.FAILED
            return Report(progress, error.status, error.body, str(error))
        return Report(Progress.SUCCEEDED, 200, text)

    def probe(self, order: Order, handle: Mapping[str, Any]) -> Report:
        """Whether the annotation of this run is on the Deployment."""
        try:
            deployment = self._get(order)
        except (HttpPermanentError, HttpPassingError) as error:
            return Report(Progress.UNKNOWN, error.status, error.body, str(error))
        annotations = deployment["metadata"].get("annotations", {})
        if annotations.get(RUN_ANNOTATION) == str(order.run_id):
            return Report(Progress.SUCCEEDED, output="The patch of this run is on the deployment.")
        return Report(Progress.NOT_STARTED, reason="The deployment does not have the patch of this run.")

    @staticmethod
    def _name(order: Order) -> str:
        return _value(order, "namespace") + "/" + _value(order, "deployment")

    def _url(self, order: Order) -> str:
        if faults := self.faults(order.config):
            raise Invalid(f"{order.action}: {faults[0][0]} {faults[0][1]}. Nothing was changed.")
        server = str(order.config["server"]).rstrip("/")
        space, name = _value(order, "namespace"), _value(order, "deployment")
        return f"{server}/apis/apps/v1/namespaces/{space}/deployments/{name}"

    def _headers(self, order: Order) -> dict[str, str]:
        token = order.secrets.get("token")
        return {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}

    def _get(self, order: Order) -> dict[str, Any]:
        found: dict[str, Any] = request("GET", self._url(order), headers=self._headers(order)).json()
        return found

    def _send(
        self, order: Order, patch: Mapping[str, Any], params: Mapping[str, str] | None = None
    ) -> HttpResponse:
        headers = {**self._headers(order), "Content-Type": MERGE_PATCH}
        return request("PATCH", self._url(order), json=patch, params=params, headers=headers)

    def _patch(self, order: Order, deployment: Mapping[str, Any]) -> dict[str, Any]:
        metadata = deployment["metadata"]
        patch: dict[str, Any] = {
            "metadata": {
                "resourceVersion": metadata["resourceVersion"],
                "annotations": {RUN_ANNOTATION: str(order.run_id)},
            }
        }
        operation = order.config["operation"]
        if operation == "scale":
            now = int(deployment["spec"].get("replicas", 1))
            patch["spec"] = {"replicas": min(now + int(order.config["add"]), int(order.config["max"]))}
        elif operation == "restart":
            stamp = timezone.now().isoformat()
            patch["spec"] = {"template": {"metadata": {"annotations": {RESTARTED_ANNOTATION: stamp}}}}
        else:
            patch["spec"] = {"template": self._previous_template(order, metadata)}
        return patch

    def _previous_template(self, order: Order, metadata: Mapping[str, Any]) -> Any:
        """The pod template of the previous revision. Raises Conflict if there is none."""
        current = int(metadata.get("annotations", {}).get(REVISION_ANNOTATION, "0"))
        url = self._url(order).rsplit("/deployments/", 1)[0] + "/replicasets"
        sets = request("GET", url, headers=self._headers(order)).json()["items"]
        owned = [one for one in sets if _is_owned(one, metadata["uid"])]
        earlier = [one for one in owned if 0 < _revision(one) < current]
        if not earlier:
            raise Conflict(
                f"{self._name(order)} has no earlier revision to roll back to. Nothing was changed."
            )
        return max(earlier, key=_revision)["spec"]["template"]


def _scale_faults(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for name in ("add", "max"):
        value = config.get(name)
        if type(value) is not int or not 1 <= value <= MAX_REPLICAS:
            found.append((name, f"must be a number from 1 to {MAX_REPLICAS}"))
    return found


def _value(order: Order, name: str) -> str:
    try:
        values = {"component": order.target, "run": order.run_id, **order.arguments}
        return filled_address(str(order.config[name]), values)
    except PlaceholderError as error:
        raise Invalid(f"{order.action}: {error}. Nothing was changed.") from error


def _is_owned(replica_set: Mapping[str, Any], uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in replica_set["metadata"].get("ownerReferences", []))


def _revision(replica_set: Mapping[str, Any]) -> int:
    return int(replica_set["metadata"].get("annotations", {}).get(REVISION_ANNOTATION, "0"))
