"""A person signs in, is refused, does what the refusal asks for, and is served.

The dialogs are the authority's own pages. What is asked of them comes from the refusal alone, as a
front end would hand it to `acquireAccessToken`.
"""

import uuid
from collections.abc import Callable, Iterator

import pytest

from dev import MFA, NO_CONSENT, WORKLOAD_SECRET, Dev
from msal_clients import Msal, access_token
from person import Person
from refusal import Refusal, refusal_of
from service import Service

SignIn = Callable[..., str]


@pytest.fixture
def sign_in(dev: Dev, msal: Msal, person: Person, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """Signs an account in at the command line's browser; returns a token of the workload."""
    client = msal.command_line()

    def of(account: str, *scopes: str, claims: str | None = None) -> str:
        person.browses(monkeypatch, account)
        result = client.acquire_token_interactive(
            [dev.scope(scope) for scope in scopes], claims_challenge=claims, timeout=30
        )
        return access_token(result)

    return of


@pytest.fixture
def undecided(dev: Dev) -> Iterator[str]:
    """An account that has yet to consent to what the workload asks of Fabric; so it is left."""
    yield NO_CONSENT
    fabric = {
        "client_id": dev.workload_client_id,
        "resource": "https://analysis.windows.net/powerbi/api",
    }
    dev.control("DELETE", f"/accounts/{NO_CONSENT}/consent", fabric)


def dialog(msal: Msal, person: Person, account: str, refusal: Refusal, button: str) -> dict:
    """The consent dialog of the refusal's scopes, in the workload's name as Fabric opens it.

    Returns what the dialog brings back: the window closes, and nobody redeems the code.
    """
    flow = msal.workload(WORKLOAD_SECRET).initiate_auth_code_flow(
        list(refusal.challenge.additional_scopes_to_consent),
        redirect_uri="http://localhost:60006/close",
        response_mode="form_post",
    )
    return person.sign_in(flow["auth_uri"], account, {"consent": button}).parameters


def test_whoever_consents_lists_workspaces_with_the_very_same_token(
    msal: Msal, person: Person, service: Service, sign_in: SignIn, undecided: str
):
    token = sign_in(undecided, "workspaces.read")
    refusal = refusal_of(service.list_workspaces, token)
    assert refusal.info.reason == "CONSENT_REQUIRED"
    assert refusal.challenge.retryable
    brought = dialog(msal, person, undecided, refusal, "accept")
    assert "code" in brought
    assert sorted(service.list_workspaces(token, retry=True)) == [
        "My workspace",
        "Selvedge",
        "Shared reports",
    ]


def test_whoever_declines_stays_refused(
    msal: Msal, person: Person, service: Service, sign_in: SignIn, undecided: str
):
    token = sign_in(undecided, "workspaces.read")
    refusal = refusal_of(service.list_workspaces, token)
    brought = dialog(msal, person, undecided, refusal, "cancel")
    assert brought["error"] == "access_denied"
    again = refusal_of(service.list_workspaces, token, retry=True)
    assert again.info.reason == "CONSENT_REQUIRED"
    assert again.challenge == refusal.challenge


def test_whoever_steps_up_writes_a_file_and_reads_it_back(service: Service, sign_in: SignIn):
    path = f"mission/{uuid.uuid4()}.txt"
    content = f"written by {MFA}: größer \U0001f9f5\n".encode() * 1000
    refusal = refusal_of(service.write_file, sign_in(MFA, "lakehouse.write"), path, content)
    assert refusal.info.reason == "INTERACTION_REQUIRED"
    claims = refusal.challenge.claims_for_conditional_access_policy
    stepped_up = sign_in(MFA, "lakehouse.write", "lakehouse.read", claims=claims)
    assert service.write_file(stepped_up, path, content) == len(content)
    assert service.read_file(stepped_up, path) == content
