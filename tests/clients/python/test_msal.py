"""MSAL for Python gets tokens from the authority by every flow that a workload's clients use."""

import pytest

from dev import CONSENTED, Dev
from msal_clients import Certificate, Msal, access_token, by_code
from person import Person


@pytest.mark.parametrize("response_mode", ["form_post", "query"])
# MSAL advises against `query`, which is what older applications use.
@pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")
def test_a_web_application_gets_tokens_by_authorization_code(
    dev: Dev, msal: Msal, person: Person, response_mode: str
):
    result = by_code(
        msal.daemon(dev.daemon_secret),
        person,
        CONSENTED,
        [dev.scope("data.read")],
        redirect_uri="http://localhost/signed-in",
        response_mode=response_mode,
    )
    access_token(result)
    assert result["token_type"] == "Bearer"
    assert dev.scope("data.read") in result["scope"].split()
    assert result["id_token_claims"]["preferred_username"] == CONSENTED
    assert result["id_token_claims"]["tid"] == dev.tenant


def test_a_command_line_gets_tokens_by_its_loopback_listener(
    dev: Dev, msal: Msal, person: Person, monkeypatch: pytest.MonkeyPatch
):
    person.browses(monkeypatch, CONSENTED)
    result = msal.command_line().acquire_token_interactive([dev.scope("data.read")], timeout=30)
    access_token(result)
    assert result["id_token_claims"]["preferred_username"] == CONSENTED


def test_a_signed_in_account_gets_more_tokens_silently(dev: Dev, msal: Msal, person: Person):
    client = msal.command_line()
    scopes = [dev.scope("data.read")]
    first = access_token(by_code(client, person, CONSENTED, scopes))
    [account] = client.get_accounts()
    cached = client.acquire_token_silent_with_error(scopes, account)
    refreshed = client.acquire_token_silent_with_error(scopes, account, force_refresh=True)
    other = client.acquire_token_silent_with_error([dev.scope("data.write")], account)
    assert access_token(cached) == first
    assert len({first, access_token(refreshed), access_token(other)}) == 3


def test_a_device_gets_tokens_once_its_code_is_entered(dev: Dev, msal: Msal, person: Person):
    client = msal.command_line()
    flow = client.initiate_device_flow([dev.scope("data.read")])
    person.enter_code(flow["verification_uri"], flow["user_code"], CONSENTED)
    result = client.acquire_token_by_device_flow(flow)
    access_token(result)
    assert result["id_token_claims"]["preferred_username"] == CONSENTED


def test_a_device_waits_until_somebody_has_decided(dev: Dev, msal: Msal):
    client = msal.command_line()
    flow = client.initiate_device_flow([dev.scope("data.read")])
    result = client.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert result["error"] == "authorization_pending"


def test_a_daemon_gets_tokens_by_its_secret(dev: Dev, msal: Msal):
    client = msal.daemon(dev.daemon_secret)
    result = client.acquire_token_for_client([dev.scope(".default")])
    access_token(result)
    assert "id_token" not in result
    assert "refresh_token" not in result


def test_a_wrong_secret_is_refused_as_entra_refuses_it(dev: Dev, msal: Msal):
    client = msal.daemon("wrong")
    result = client.acquire_token_for_client([dev.scope(".default")])
    assert result["error"] == "invalid_client"
    assert result["error_description"].startswith("AADSTS7000215")
    assert result["error_codes"] == [7000215]
    assert {"trace_id", "correlation_id", "timestamp"} <= result.keys()


@pytest.mark.parametrize("names_itself_by", ["SHA-1 thumbprint", "SHA-256 thumbprint"])
def test_a_daemon_gets_tokens_by_its_certificate(dev: Dev, msal: Msal, names_itself_by: str):
    certificate = Certificate()
    dev.add_certificate(dev.daemon_client_id, certificate.public)
    credential = {"private_key": certificate.private_key}
    if names_itself_by == "SHA-1 thumbprint":
        # MSAL signs RS256 and sends `x5t`.
        credential["thumbprint"] = certificate.sha1_thumbprint
    else:
        # MSAL signs PS256 and sends `x5t#S256`.
        credential["public_certificate"] = certificate.public
    access_token(msal.daemon(credential).acquire_token_for_client([dev.scope(".default")]))


def test_a_certificate_that_nobody_registered_is_refused(dev: Dev, msal: Msal):
    certificate = Certificate()
    credential = {
        "private_key": certificate.private_key,
        "thumbprint": certificate.sha1_thumbprint,
    }
    result = msal.daemon(credential).acquire_token_for_client([dev.scope(".default")])
    assert result["error"] == "invalid_client"
    assert result["error_description"].startswith("AADSTS700027")
