"""MSAL for Python, as a developer sets it up for an authority of their own."""

import datetime

import msal
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from dev import Dev
from person import Person


class Msal:
    """Makes MSAL applications. Each is new: MSAL caches refusals as well as tokens."""

    def __init__(self, dev: Dev) -> None:
        self._dev = dev

    def command_line(self) -> msal.PublicClientApplication:
        """An application without a credential."""
        return msal.PublicClientApplication(self._dev.cli_client_id, **self._settings())

    def daemon(self, credential: str | dict) -> msal.ConfidentialClientApplication:
        """An application with one."""
        return msal.ConfidentialClientApplication(
            self._dev.daemon_client_id, client_credential=credential, **self._settings()
        )

    def workload(self, credential: str | dict) -> msal.ConfidentialClientApplication:
        """The service's own application, as it exchanges its users' tokens."""
        return msal.ConfidentialClientApplication(
            self._dev.workload_client_id, client_credential=credential, **self._settings()
        )

    def token(self, person: Person, account: str, *scopes: str) -> str:
        """An access token for the account, by authorization code."""
        return self.token_for(person, account, [self._dev.scope(scope) for scope in scopes])

    def token_for(self, person: Person, account: str, scopes: list[str]) -> str:
        """An access token of any resource."""
        return access_token(by_code(self.command_line(), person, account, scopes))

    def _settings(self) -> dict:
        return {
            "authority": f"{self._dev.authority}/{self._dev.tenant}",
            "instance_discovery": False,
            "timeout": 10,
            "verify": self._dev.ca_file,
        }


def by_code(
    client: msal.ClientApplication,
    person: Person,
    account: str,
    scopes: list[str],
    redirect_uri: str = "http://localhost:50505",
    response_mode: str = "form_post",
) -> dict:
    """The result of the authorization code flow, with a person at a browser in its middle."""
    flow = client.initiate_auth_code_flow(
        scopes, redirect_uri=redirect_uri, response_mode=response_mode
    )
    answer = person.sign_in(flow["auth_uri"], account)
    assert answer.method == {"form_post": "POST", "query": "GET"}[response_mode]
    assert answer.address.startswith(redirect_uri)
    return client.acquire_token_by_auth_code_flow(flow, answer.parameters)


def access_token(result: dict) -> str:
    """The token of a result; a refusal fails the test with what the authority said."""
    assert "access_token" in result, result
    return result["access_token"]


class Certificate:
    """A self-signed certificate and its key, new for each test."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "daemon")])
        now = datetime.datetime.now(datetime.timezone.utc)
        self._certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .sign(self._key, hashes.SHA256())
        )

    @property
    def private_key(self) -> str:
        """The key in PEM."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def public(self) -> str:
        """The certificate in PEM."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    def as_credential(self) -> dict[str, str]:
        """As MSAL takes it to sign PS256 and name the certificate by `x5t#S256`."""
        return {"private_key": self.private_key, "public_certificate": self.public}

    @property
    def sha1_thumbprint(self) -> str:
        """The name that Entra's portal shows for it."""
        return self._certificate.fingerprint(hashes.SHA1()).hex()
