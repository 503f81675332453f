"""From the trace id of every refusal that a client received in the run to its cause, by one query."""

import json
from collections import Counter
from pathlib import Path

import pytest

from traces import Traces

# An authority has refused, and said why by a number.
REFUSED_BY_AUTHORITY = {
    "AUTHORITY_LOOP_DETECTED",
    "AUTHORITY_THROTTLED",
    "BLOCKED_BY_POLICY",
    "CLIENT_UNAUTHORIZED",
    "CONSENT_REQUIRED",
    "DOWNSTREAM_RESOURCE_INVALID",
    "DOWNSTREAM_SCOPE_INVALID",
    "INTERACTION_REQUIRED",
    "SUBJECT_TOKEN_REJECTED",
}
# A token was asked for in the user's name, of the authority or of memory.
EXCHANGED = REFUSED_BY_AUTHORITY | {
    "AUTHORITY_RESPONSE_INVALID",
    "AUTHORITY_TIMEOUT",
    "AUTHORITY_UNAVAILABLE",
    "CLIENT_CREDENTIAL_INVALID",
    "DOWNSTREAM_CLAIMS_CHALLENGE",
    "DOWNSTREAM_FORBIDDEN",
    "DOWNSTREAM_OPERATION_FAILED",
    "DOWNSTREAM_REJECTED",
    "DOWNSTREAM_RESPONSE_INVALID",
    "DOWNSTREAM_THROTTLED",
    "DOWNSTREAM_UNAUTHORIZED",
    "DOWNSTREAM_UNAVAILABLE",
}
# A token was verified, and then it was not enough.
NOT_ENOUGH = {
    "APP_ONLY_NOT_ALLOWED",
    "APP_ROLE_MISSING",
    "CLAIMS_CHALLENGE_REQUIRED",
    "CLIENT_APP_NOT_ALLOWED",
    "DELEGATED_NOT_ALLOWED",
    "SCOPE_MISSING",
    "STEP_UP_REQUIRED",
    "STEP_UP_UNSUPPORTED_BY_CLIENT",
}
SHOWN = 20


@pytest.fixture(scope="module")
def found(refusals: list[dict], traces: Traces) -> list[tuple[dict, dict | None]]:
    """Each refusal, with the span of its trace id and reason."""
    spans = traces.all_failing_spans()
    return [(refusal, _of_its_reason(refusal, spans[refusal["trace_id"]])) for refusal in refusals]


def _of_its_reason(refusal: dict, spans: list[dict]) -> dict | None:
    return next((span for span in spans if span["reason"] == refusal["reason"]), None)


def _without(found: list, concerns, column: str) -> list[dict]:
    """The refusals that this concerns, whose span lacks the column."""
    concerned = [(refusal, span) for refusal, span in found if span and concerns(span)]
    assert concerned, f"nothing in the run says {column}"
    return [refusal | {"span": span} for refusal, span in concerned if not span[column]]


def _none(refusals: list[dict]) -> None:
    """Fails with what there are, by reason and face, and some of them in full."""
    counts = Counter((refusal["reason"], refusal["face"]) for refusal in refusals)
    shown = "\n".join(json.dumps(refusal) for refusal in refusals[:SHOWN])
    assert not refusals, f"{len(refusals)}: {dict(counts)}\n{shown}"


def test_the_trace_id_of_every_refusal_leads_to_its_span_and_reason(found):
    _none([refusal for refusal, span in found if span is None])
    print(f"{len(found)} refusals")


def test_one_query_by_trace_id_finds_the_same_for_each_reason_over_each_face(found, traces):
    asked = {(refusal["reason"], refusal["face"]): (refusal, span) for refusal, span in found}
    for refusal, span in asked.values():
        assert _of_its_reason(refusal, traces.failing_spans(refusal["trace_id"])) == span


def test_every_span_says_which_method_and_code(found):
    for column in ("method", "code"):
        _none(_without(found, lambda _: True, column))


def _was_verified(span: dict) -> bool:
    allowed = span["outcome"] == "allow" and span["kind"] != "none"
    return allowed or span["reason"] in NOT_ENOUGH


def test_tenant_and_client_application_are_said_of_every_token_that_was_verified(found):
    for column in ("tenant", "client_app", "key_age"):
        _none(_without(found, _was_verified, column))


def test_what_an_authority_said_is_said_where_it_refused(found):
    for column in ("authority_error", "authority_code"):
        _none(_without(found, lambda span: span["reason"] in REFUSED_BY_AUTHORITY, column))


def test_the_state_of_the_cache_is_said_of_every_exchange(found):
    _none(_without(found, lambda span: span["reason"] in EXCHANGED, "cache"))


def test_every_face_gave_every_reason_that_it_can_give_and_no_other(
    refusals: list[dict], folder: Path
):
    can = json.loads((folder / "faces" / "given.json").read_text())
    expected = {(reason, face) for reason, faces in can.items() for face in faces}
    given = {(refusal["reason"], refusal["face"]) for refusal in refusals}
    assert (expected - given, given - expected) == (set(), set())
