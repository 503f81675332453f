"""grpcio-status reads from a refusal what a front end needs to ask its user for."""

import json
import time

import grpc

from dev import (
    BLOCKED,
    CONSENTED,
    LIST_WORKSPACES,
    MFA,
    NO_CONSENT,
    USE_STORAGE,
    WORKLOAD_SECRET,
    Dev,
)
from msal_clients import Msal
from person import Person
from refusal import Refusal, assert_refused, refusal_of
from service import Service


def asks_for(refusal: Refusal) -> dict:
    """The challenge as the argument of `acquireAccessToken`, and whether to call again after."""
    challenge = refusal.challenge
    return {field.json_name: getattr(challenge, field.name) for field in challenge.DESCRIPTOR.fields}


def challenge(*scopes: str, claims: str = "", retryable: bool = True) -> dict:
    """What is expected of one: every parameter, and no other."""
    return {
        "additionalScopesToConsent": list(scopes),
        "claimsForConditionalAccessPolicy": claims,
        "promptFullConsent": False,
        "retryable": retryable,
    }


def test_missing_consent_names_the_scope(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    token = msal.token(person, NO_CONSENT, "workspaces.read")
    refusal = refusal_of(service.list_workspaces, token)
    assert_refused(refusal, grpc.StatusCode.PERMISSION_DENIED, "CONSENT_REQUIRED")
    assert asks_for(refusal) == challenge(LIST_WORKSPACES)
    assert refusal.www_authenticate["error"] == "insufficient_scope"
    assert refusal.www_authenticate["scope"] == LIST_WORKSPACES
    assert refusal.info.metadata["aadsts"] == "65001"


def test_a_demanded_factor_comes_with_the_authoritys_own_claims(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    token = msal.token(person, MFA, "lakehouse.write")
    refusal = refusal_of(service.write_file, token, "refused.txt", b"never written")
    told = msal.workload(WORKLOAD_SECRET).acquire_token_on_behalf_of(token, [USE_STORAGE])
    assert json.loads(told["claims"])["access_token"]["capolids"]["essential"] is True
    assert_refused(refusal, grpc.StatusCode.UNAUTHENTICATED, "INTERACTION_REQUIRED")
    assert asks_for(refusal) == challenge(claims=told["claims"])
    assert refusal.www_authenticate["error"] == "insufficient_claims"
    assert refusal.www_authenticate_claims == told["claims"]


def test_a_blocked_user_is_told_why_and_that_a_repeated_call_is_in_vain(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    token = msal.token(person, BLOCKED, "workspaces.read")
    refusal = refusal_of(service.list_workspaces, token)
    told = msal.workload(WORKLOAD_SECRET).acquire_token_on_behalf_of(token, [LIST_WORKSPACES])
    assert_refused(refusal, grpc.StatusCode.PERMISSION_DENIED, "BLOCKED_BY_POLICY")
    assert asks_for(refusal) == challenge(claims=told["claims"], retryable=False)


def test_a_token_that_the_authority_holds_to_have_ended_is_to_be_replaced(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    token = msal.token(person, CONSENTED, "workspaces.read")
    with dev.clock_moved(24 * 60 * 60):
        refusal = refusal_of(service.list_workspaces, token)
    assert_refused(refusal, grpc.StatusCode.UNAUTHENTICATED, "SUBJECT_TOKEN_REJECTED")
    assert asks_for(refusal) == challenge()
    assert refusal.www_authenticate["error"] == "invalid_token"


def workspaces_unless_throttled(service: Service, token: str):
    try:
        return service.list_workspaces(token)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        return None


def test_a_throttled_call_says_when_to_try_again_and_is_served_then(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    token = msal.token(person, CONSENTED, "workspaces.read")
    too_many = {
        "status": 429,
        "error": "temporarily_unavailable",
        "codes": [90055],
        "retry_after": 2,
    }
    with dev.fault("on-behalf-of", {"authority_error": too_many}):
        refusal = refusal_of(service.list_workspaces, token)
    assert_refused(refusal, grpc.StatusCode.RESOURCE_EXHAUSTED, "AUTHORITY_THROTTLED")
    assert refusal.challenge is None
    assert refusal.retry_delay == 2
    # What the authority no longer says is not asked for before the time is over.
    early = refusal_of(service.list_workspaces, token)
    assert_refused(early, grpc.StatusCode.RESOURCE_EXHAUSTED, "AUTHORITY_THROTTLED")
    assert 0 < early.retry_delay <= 2
    # Served once the time is over, and refused until then.
    told = time.monotonic()
    while not workspaces_unless_throttled(service, token):
        assert time.monotonic() < told + early.retry_delay + 5
    assert time.monotonic() >= told + early.retry_delay - 1


def test_a_call_without_a_token_asks_nothing_of_the_user(dev: Dev, service: Service):
    refusal = refusal_of(service.list_workspaces, None)
    assert_refused(refusal, grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING")
    assert refusal.challenge is None
    assert "error" not in refusal.www_authenticate
    assert refusal.www_authenticate["authorization_uri"].startswith(dev.authority)


def test_two_kibibytes_of_claims_are_read_with_default_limits(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    claims = '{"access_token":{"capolids":{"essential":true,"values":["%s"]}}}'
    claims %= "c" * (2048 + len("%s") - len(claims))
    assert len(claims) == 2048
    demand = {
        "status": 400,
        "error": "interaction_required",
        "codes": [50076],
        "suberror": "basic_action",
        "claims": claims,
    }
    token = msal.token(person, CONSENTED, "lakehouse.write")
    with dev.fault("on-behalf-of", {"authority_error": demand}):
        refusal = refusal_of(service.write_file, token, "refused.txt", b"never written")
    assert_refused(refusal, grpc.StatusCode.UNAUTHENTICATED, "INTERACTION_REQUIRED")
    assert asks_for(refusal) == challenge(claims=claims)
    assert refusal.www_authenticate_claims == claims
    assert len(refusal.status.SerializeToString()) - len(claims) <= 4096
