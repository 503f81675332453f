"""PyJWT, which shares nothing with the authority, accepts what it signs."""

import ssl

import jwt
import pytest
import requests

from dev import CONSENTED, Dev
from msal_clients import Msal, access_token, by_code
from person import Person


def configuration(dev: Dev, version: str) -> dict:
    """The tenant's discovery document of one token version."""
    path = {"1.0": "", "2.0": "/v2.0"}[version]
    response = requests.get(
        f"{dev.authority}/{dev.tenant}{path}/.well-known/openid-configuration",
        verify=dev.ca_file,
        timeout=10,
    )
    response.raise_for_status()
    return response.json()


def verified(dev: Dev, version: str, token: str, audience: str) -> dict:
    """The claims of a token whose signature, audience, issuer and times PyJWT has checked."""
    document = configuration(dev, version)
    trust = ssl.create_default_context(cafile=dev.ca_file)
    key = jwt.PyJWKClient(document["jwks_uri"], ssl_context=trust).get_signing_key_from_jwt(token)
    return jwt.decode(
        token,
        key,
        algorithms=["RS256"],
        audience=audience,
        issuer=document["issuer"],
        options={
            "require": ["aud", "exp", "iat", "iss", "nbf", "sub"],
            "strict_aud": True,
        },
    )


def audience(dev: Dev, version: str) -> str:
    """What a token of the workload names as its audience, exactly."""
    return {"1.0": dev.audience_v1, "2.0": dev.workload_client_id}[version]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_users_token_is_accepted(dev: Dev, msal: Msal, person: Person, version: str):
    with dev.token_version(version):
        token = msal.token(person, CONSENTED, "data.read")
    claims = verified(dev, version, token, audience(dev, version))
    client = {"1.0": "appid", "2.0": "azp"}[version]
    assert claims["ver"] == version
    assert claims["tid"] == dev.tenant
    assert claims[client] == dev.cli_client_id
    assert "data.read" in claims["scp"].split()
    assert "roles" not in claims


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_an_applications_token_is_accepted(dev: Dev, msal: Msal, version: str):
    with dev.token_version(version):
        client = msal.daemon(dev.daemon_secret)
        token = access_token(client.acquire_token_for_client([dev.scope(".default")]))
    claims = verified(dev, version, token, audience(dev, version))
    assert claims["idtyp"] == "app"
    assert claims["oid"] == claims["sub"]
    assert claims["roles"] == ["Selvedge.Admin"]
    assert "scp" not in claims


def test_an_id_token_is_accepted(dev: Dev, msal: Msal, person: Person):
    result = by_code(msal.command_line(), person, CONSENTED, [dev.scope("data.read")])
    claims = verified(dev, "2.0", result["id_token"], dev.cli_client_id)
    assert claims["preferred_username"] == CONSENTED


def test_no_token_is_accepted_for_another_audience(dev: Dev, msal: Msal, person: Person):
    token = msal.token(person, CONSENTED, "data.read")
    with pytest.raises(jwt.InvalidAudienceError):
        verified(dev, "1.0", token, dev.workload_client_id)
