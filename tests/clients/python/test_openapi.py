"""A client generated from the served OpenAPI document finds no answer that the document lacks."""

from collections.abc import Iterator

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dev import CONSENTED, Dev

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

REQUESTS = 2_000
"""How many generated requests prove anything."""

WELL_FORMED = 50
"""How many requests that the document allows each operation gets from a user who may call it."""

MALFORMED = 30
"""How many that it does not allow."""

UNPROVED = 3
"""How many from each caller who proves too little."""

DATA_SCOPES = [
    "access_as_user",
    "data.read",
    "data.write",
    "lakehouse.read",
    "lakehouse.write",
    "warehouses.write",
    "workspaces.read",
]

UNACCEPTABLE = ["swapped", "no-tenant", "other-tenant", "missing-scope", "tampered-app"]
"""What is wrong with a call in Fabric's name, as the emulator knows it."""

WORKSPACE = "1f0a6c3e-7b52-4d98-a4c1-6e92d5038b01"
LAKEHOUSE = "6b38f5d0-c417-4a92-8e6b-f1d09a2c7e06"
ITEM = "7d64a1e8-592f-4c0b-a7d3-3e8b5c90f607"
ITEM_TYPE = "Org.Selvedge.Sample"
"""What the emulator's Fabric has from the start."""

EXPORT = {
    "lakehouse": {"workspaceId": WORKSPACE, "lakehouseId": LAKEHOUSE},
    "rounds": 2,
    "intervalSeconds": 3600,
}
"""What the document cannot say: an order that the job type understands, and that goes on."""

ORDERS = {
    "JobService_CreateItemJobInstance": {"creationPayload": EXPORT},
    "JobNotificationService_OnCreateJobInstance": {"executionData": EXPORT},
}
"""Where it stands."""

Headers = dict[str, str]


@pytest.fixture(scope="module")
def document(dev: Dev) -> dict:
    """The document, as anybody gets it."""
    response = requests.get(f"{dev.service}/workload/openapi.json", timeout=10)
    response.raise_for_status()
    assert response.headers["content-type"] == "application/json"
    return response.json()


def test_the_document_follows_its_specification(document: dict):
    validate(document)


def test_no_answer_is_outside_the_document(dev: Dev, document: dict):
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    # Things are made before they are used, and used before they are deleted.
    operations.sort(key=_turn)
    failures = []
    with requests.Session() as session:
        client = Client(dev, session)
        for operation in operations:
            for mode, headers, examples in _callers(dev, operation):
                try:
                    client.call(operation, mode, headers, examples)
                except Exception as failure:
                    failure.add_note(f"{operation.label}, {mode}, {sorted(headers)}")
                    failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} failures in {client.sent} requests", failures)
    assert client.sent >= REQUESTS
    unreached = {operation.label for operation in operations} - client.succeeded
    assert not unreached, f"never answered with success: {unreached}"


class Client:
    """Sends what is generated from the document, and holds each answer to the document."""

    def __init__(self, dev: Dev, session: requests.Session) -> None:
        self._dev = dev
        self._session = session
        self._tasks: list[str] = []
        self.sent = 0
        self.succeeded: set[str] = set()

    def call(
        self, operation: APIOperation, mode: GenerationMode, headers: Headers, examples: int
    ) -> None:
        """Sends at most `examples` requests, the same in every run."""

        @settings(
            max_examples=examples,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(
            case=operation.as_strategy(generation_mode=mode),
            number=st.none() | st.integers(min_value=0, max_value=31),
        )
        def generated(case: schemathesis.Case, number: int | None) -> None:
            if number is not None:
                self._aim(case, number)
            response = case.call(
                base_url=self._dev.service, session=self._session, headers=headers, timeout=30
            )
            self.sent += 1
            case.validate_response(response, checks=CHECKS)
            if response.status_code < 300:
                self.succeeded.add(operation.label)
                if _id(operation) == "TaskService_CreateTask":
                    self._tasks.append(response.json()["taskId"])

        generated()

    def _aim(self, case: schemathesis.Case, number: int) -> None:
        """Has the request name what is there, or what a request before may have put there."""
        is_data_plane = "/data/v1/" in case.path
        known = {
            "workspaceId": WORKSPACE,
            "lakehouseId": LAKEHOUSE,
            "itemType": ITEM_TYPE,
            "itemId": ITEM if is_data_plane else f"5d0c0000-0000-4000-8000-0000000000{number:02}",
            "jobType": f"{ITEM_TYPE}.ExportRowsRepeatedly",
            "jobInstanceId": f"5d0c0000-0000-4000-8000-0000000001{number:02}",
            "path": "generated.txt",
        }
        if self._tasks:
            known["taskId"] = self._tasks[number % len(self._tasks)]
        for place in (case.path_parameters, case.body):
            if isinstance(place, dict):
                place.update({name: known[name] for name in place.keys() & known.keys()})
        if isinstance(case.body, dict):
            case.body |= ORDERS.get(_id(case.operation), {})


def _id(operation: APIOperation) -> str:
    return operation.definition.raw["operationId"]


def _turn(operation: APIOperation) -> tuple[int, bool]:
    name = _id(operation).split("_")[1]
    if "Delete" in name:
        return 3, False
    makes = name.removeprefix("On").startswith(("Create", "Write"))
    # A job is of an item.
    return (0, "Job" in name) if makes else (1, "Cancel" in name)


def _callers(
    dev: Dev, operation: APIOperation
) -> Iterator[tuple[GenerationMode, Headers, int]]:
    """Who calls the operation, with which requests."""
    if _is_fabrics(operation):
        good = _fabrics(dev, "well-formed")
        bad = [_fabrics(dev, variant) for variant in UNACCEPTABLE]
        bad.append({"authorization": _bearer(dev, DATA_SCOPES)["authorization"]})
    else:
        good = _bearer(dev, DATA_SCOPES)
        bad = [_bearer(dev, ["token.exchange"]), {"authorization": "Bearer e30.e30.e30"}]
        bad.append(_fabrics(dev, "well-formed"))
    yield GenerationMode.POSITIVE, good, WELL_FORMED
    yield GenerationMode.NEGATIVE, good, MALFORMED
    for headers in [*bad, {}]:
        yield GenerationMode.POSITIVE, headers, UNPROVED


def _is_fabrics(operation: APIOperation) -> bool:
    requirements = operation.definition.raw["security"]
    return any("subjectAndApp" in requirement for requirement in requirements)


def _bearer(dev: Dev, scopes: list[str]) -> Headers:
    """A user's call with these scopes."""
    order = {"upn": CONSENTED, "resource": dev.audience_v1, "scopes": scopes}
    return {"authorization": f"Bearer {dev.ask('/tokens', order)['access_token']}"}


def _fabrics(dev: Dev, variant: str) -> Headers:
    """Fabric's call for a user, well formed or not."""
    order = {"upn": CONSENTED, "variant": variant}
    return dict(dev.ask("/fabric/authorization", order)["headers"])
