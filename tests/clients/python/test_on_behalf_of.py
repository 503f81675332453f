"""MSAL for Python exchanges a user's token at the authority and gets what the service gets.

The cases are rows of a table that MSAL for Node is held to as well: steps at the authority's control
routes `first`, `then` once the user has signed in, and `finally`. In each, MSAL and the service are
the same application with the same credential, and both are new: neither remembers anything.
"""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import jwt
import pytest

from dev import WORKLOAD_SECRET, Dev
from msal_clients import Certificate, Msal
from person import Person
from refusal import Refusal, refusal_of
from serving import serving

CASES = json.loads((Path(__file__).parents[1] / "on-behalf-of.json").read_text())

# What no two tokens of one user have in common.
OF_ONE_TOKEN = {"aio", "exp", "iat", "nbf", "rh", "uti"}
OF_OPENID = {"openid", "profile", "email", "offline_access"}


@dataclass(frozen=True)
class Credential:
    """What the workload proves itself with: for MSAL, and as files and keys of a configuration."""

    for_msal: str | dict[str, str]
    files: dict[str, str]
    keys: str

    @classmethod
    def of_secret(cls, secret: str) -> "Credential":
        return cls(secret, {"secret": secret}, 'secret_file = "{folder}/secret"')

    @classmethod
    def of_certificate(cls, certificate: Certificate) -> "Credential":
        return cls(
            certificate.as_credential(),
            {"certificate.pem": certificate.public, "key.pem": certificate.private_key},
            'certificate_file = "{folder}/certificate.pem"\nkey_file = "{folder}/key.pem"',
        )


@pytest.fixture(scope="session")
def credentials(dev: Dev) -> dict[str, Credential]:
    """Those that a row can name."""
    certificate = Certificate()
    dev.add_certificate(dev.workload_client_id, certificate.public)
    return {
        "secret": Credential.of_secret(WORKLOAD_SECRET),
        "certificate": Credential.of_certificate(certificate),
        "unregistered secret": Credential.of_secret("nobody's"),
        "unregistered certificate": Credential.of_certificate(Certificate()),
    }


@pytest.mark.parametrize(
    ("case", "credential"),
    [
        pytest.param(case, credential, id=f"{case['name']} ({credential})")
        for case in CASES
        for credential in case.get("credentials", ["secret", "certificate"])
    ],
)
def test_msal_gets_what_the_service_gets(
    dev: Dev,
    msal: Msal,
    person: Person,
    stubs: None,
    credentials: dict[str, Credential],
    case: dict,
    credential: str,
):
    proof = credentials[credential]
    audience = case.get("audience", dev.audience_v1)
    scopes = case["scopes"]
    with ExitStack() as stack:
        for step in case.get("finally", []):
            stack.callback(dev.control, *step)
        for step in case.get("first", []):
            dev.control(*step)
        token = msal.token_for(person, case["account"], [f"{audience}/token.exchange"])
        workload = msal.workload(proof.for_msal)
        service = stack.enter_context(exchanging(dev, proof, audience, scopes))
        for step in case.get("then", []):
            dev.control(*step)
        claims = case.get("claims")
        told = workload.acquire_token_on_behalf_of(token, scopes, claims_challenge=claims)
        asked = {"token": token, "scopes": scopes, "claims": claims or ""}
        if "refusal" in case:
            refusal = refusal_of(service.exchange, **asked)
            assert_same_refusal(case["refusal"], scopes, told, refusal)
        else:
            assert_same_token(told, service.exchange(**asked))


def exchanging(dev: Dev, proof: Credential, audience: str, scopes: list[str]):
    """The service as the workload with a credential, which hands the tokens to the command line."""
    return serving(
        proof.files,
        lambda address, folder: f"""
            version = 1
            [server]
            listen = "{address}"
            admin_listen = "127.0.0.1:0"
            drain_delay = "0s"
            [store]
            url = "sqlite://{folder}/selvedge.db"
            [authorities.entra]
            kind = "entra"
            url = "{dev.authority}"
            issuer_v1 = "{dev.authority}/sts/{{tenantid}}/"
            tenants = ["{dev.tenant}"]
            ca_file = "{dev.ca_file}"
            danger_allow_local_authority = true
            [registrations.workload]
            authority = "entra"
            client_id = "{dev.workload_client_id}"
            audiences_v1 = ["{audience}"]
            token_clients = ["{dev.cli_client_id}"]
            downstream_scopes = {json.dumps(scopes)}
            {proof.keys.format(folder=folder)}
        """,
    )


def assert_same_token(told: dict, answer) -> None:
    """Both tokens are of one user, for one resource, with one set of scopes."""
    assert "access_token" in told, told
    msals, ours = (
        jwt.decode(token, options={"verify_signature": False})
        for token in (told["access_token"], answer.access_token)
    )
    assert told["access_token"] != answer.access_token
    assert without(msals, OF_ONE_TOKEN) == without(ours, OF_ONE_TOKEN)
    assert {"aud", "iss", "tid", "oid", "sub", "scp", "appid", "appidacr"} <= ours.keys()
    assert set(answer.granted_scopes) == set(told["scope"].split()) - OF_OPENID
    assert not answer.from_cache


def assert_same_refusal(
    expected: dict, scopes: list[str], told: dict, refusal: Refusal
) -> None:
    """The authority refuses both alike, and nothing of it is lost on the way to the caller."""
    assert (told["error"], told.get("suberror")) == (expected["error"], expected.get("suberror"))
    assert told["error_codes"] == expected["error_codes"]
    claims = told.get("claims", "")
    demanded = json.loads(claims)["access_token"].keys() if claims else []
    assert list(demanded) == expected.get("claims", [])

    assert refusal.info.reason == expected["reason"]
    metadata = refusal.info.metadata
    assert int(metadata["aadsts"]) == told["error_codes"][-1]
    assert metadata.get("suberror") == told.get("suberror")
    assert {"correlationId", "authorityTraceId"} <= metadata.keys()
    challenge = refusal.challenge
    assert ("" if challenge is None else challenge.claims_for_conditional_access_policy) == claims
    asked = [] if challenge is None else list(challenge.additional_scopes_to_consent)
    assert asked == (scopes if expected["reason"] == "CONSENT_REQUIRED" else [])


def without(claims: dict, names: set[str]) -> dict:
    """The claims but for some."""
    return {name: value for name, value in claims.items() if name not in names}
