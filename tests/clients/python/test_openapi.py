"""A client generated from the served OpenAPI document finds no answer that the document lacks."""

from collections.abc import Callable, Iterator

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

WELL_FORMED = 60
"""How many requests that the document allows each operation gets from a user who may call it."""

MALFORMED = 40
"""How many that it does not allow."""

UNPROVED = 4
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

KNOWN = {
    "workspaceId": ["1f0a6c3e-7b52-4d98-a4c1-6e92d5038b01"],
    "lakehouseId": ["6b38f5d0-c417-4a92-8e6b-f1d09a2c7e06"],
    "itemType": ["Org.Selvedge.Sample"],
    "itemId": [f"5d0c0000-0000-4000-8000-00000000000{number}" for number in range(4)],
    "jobType": ["Org.Selvedge.Sample.ExportRows"],
    "jobInstanceId": [f"5d0c0000-0000-4000-8000-00000000001{number}" for number in range(4)],
    "path": ["generated.txt"],
}
"""Values of path parameters behind which there is something, or a call before has put something."""

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
    operations = [
        result.ok() for result in schemathesis.openapi.from_dict(document).get_all_operations()
    ]
    failures = []
    sent = 0

    def count() -> None:
        nonlocal sent
        sent += 1

    with requests.Session() as session:
        for operation in operations:
            for mode, headers, examples in _callers(dev, operation):
                try:
                    _call(dev, session, operation, mode, headers, examples, count)
                except Exception as failure:
                    failure.add_note(f"{operation.label}, {mode}, {sorted(headers)}")
                    failures.append(failure)
    if failures:
        raise ExceptionGroup(f"{len(failures)} failures in {sent} requests", failures)
    assert sent >= REQUESTS


def _call(
    dev: Dev,
    session: requests.Session,
    operation: APIOperation,
    mode: GenerationMode,
    headers: Headers,
    examples: int,
    count: Callable[[], None],
) -> None:
    """Sends `examples` requests and holds each answer to the document."""

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
        known=st.fixed_dictionaries(
            {}, optional={name: st.sampled_from(values) for name, values in KNOWN.items()}
        ),
    )
    def generated(case: schemathesis.Case, known: dict[str, str]) -> None:
        for name in case.path_parameters.keys() & known.keys():
            case.path_parameters[name] = known[name]
        count()
        response = case.call(
            base_url=dev.service, session=session, headers=headers, timeout=30
        )
        case.validate_response(response, checks=CHECKS)

    generated()


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
