"""Where the running `selvedge dev` is, as it says itself, and what a script may change in it."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

import requests

CONSENTED = "consented@contoso.test"
"""Has consented to everything that the workload asks."""

GUEST = "guest@contoso.test"
"""Another user of the same tenant."""

NO_CONSENT = "no-consent@contoso.test"
"""Has consented to the workload, and to nothing that it calls."""

MFA = "mfa@contoso.test"
"""Needs a second factor for what the workload calls."""

BLOCKED = "blocked@contoso.test"
"""Is kept by policy from what the workload calls."""

LIST_WORKSPACES = "https://analysis.windows.net/powerbi/api/Workspace.Read.All"
"""What the workload asks of Fabric to list workspaces."""

USE_STORAGE = "https://storage.azure.com/user_impersonation"
"""What it asks of OneLake."""

WORKLOAD_SECRET = "workload-development-secret"
"""The secret with which the authority knows the workload."""


@dataclass(frozen=True)
class Dev:
    """The line that `selvedge dev --format json` prints when it serves."""

    service: str
    authority: str
    ca_file: str
    tenant: str
    tenant_domain: str
    workload_client_id: str
    audience_v1: str
    cli_client_id: str
    daemon_client_id: str
    daemon_secret: str
    control_secret: str

    @classmethod
    def load(cls, described: Path) -> "Dev":
        """Reads the line; members that these tests do not use are left aside."""
        line = json.loads(described.read_text())
        return cls(**{field.name: line[field.name] for field in fields(cls)})

    @property
    def service_address(self) -> str:
        """Host and port, as a gRPC channel takes them."""
        return urlsplit(self.service).netloc

    def scope(self, name: str) -> str:
        """A delegated scope of the workload, as a client asks for it."""
        return f"{self.audience_v1}/{name}"

    def control(self, method: str, path: str, body: dict | None) -> None:
        """Scripts the authority."""
        self._control(method, path, body)

    def ask(self, path: str, body: dict) -> dict:
        """Orders something of the authority and returns it."""
        return self._control("POST", path, body).json()

    def _control(self, method: str, path: str, body: dict | None) -> requests.Response:
        response = requests.request(
            method,
            f"{self.authority}/_control{path}",
            json=body,
            headers={"x-emulator-control": self.control_secret},
            verify=self.ca_file,
            timeout=10,
        )
        response.raise_for_status()
        return response

    @contextmanager
    def token_version(self, version: str):
        """Has the authority issue tokens of one version for the workload."""
        path = f"/apps/{self.workload_client_id}/token-version"
        self.control("PUT", path, {"version": version})
        try:
            yield
        finally:
            self.control("PUT", path, {"version": "1.0"})

    @contextmanager
    def clock_moved(self, seconds: int):
        """Moves the authority's clock; the service keeps its own."""
        self.control("POST", "/clock/advance", {"seconds": seconds})
        try:
            yield
        finally:
            self.control("POST", "/clock/advance", {"seconds": -seconds})

    @contextmanager
    def fault(self, endpoint: str, fault: dict):
        """Has an endpoint of the authority answer as the fault says."""
        self.control("PUT", f"/faults/{endpoint}", fault)
        try:
            yield
        finally:
            self.control("DELETE", f"/faults/{endpoint}", None)

    def add_certificate(self, client_id: str, certificate_pem: str) -> None:
        """Registers a certificate for an application."""
        self.control("POST", f"/apps/{client_id}/certificates", {"pem": certificate_pem})
