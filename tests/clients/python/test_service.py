"""grpcio calls the service with tokens that MSAL got, and reads why a call was refused."""

import uuid

import grpc
import pytest

from dev import CONSENTED, GUEST, Dev
from msal_clients import Msal, access_token
from person import Person
from refusal import assert_refused, refusal_of
from service import Service


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_token_of_either_version_is_served(
    dev: Dev, msal: Msal, person: Person, service: Service, version: str
):
    with dev.token_version(version):
        token = msal.token(person, CONSENTED, "access_as_user")
    profile = service.profile(token)
    assert profile.tenant_id == dev.tenant
    assert profile.client_id == dev.cli_client_id
    assert profile.token_version == version
    assert "access_as_user" in profile.scopes


def test_rows_come_back_as_they_were_written(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    row = b'{"written": "by grpcio", "id": "%s", "exact":  1.50}' % uuid.uuid4().hex.encode()
    service.write(msal.token(person, CONSENTED, "data.write"), row)
    rows = service.read(msal.token(person, CONSENTED, "data.read")).rows
    assert row in [kept.json for kept in rows]


def test_a_write_needs_the_write_scope(dev: Dev, msal: Msal, person: Person, service: Service):
    token = msal.token(person, CONSENTED, "data.read")
    refusal = refusal_of(service.write, token, b"{}")
    assert_refused(refusal, grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
    assert refusal.info.metadata["requiredScopes"] == "data.write"
    challenge = refusal.trailers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{dev.scope("data.write")}"' in challenge


def test_a_call_without_a_token_is_told_where_to_get_one(dev: Dev, service: Service):
    refusal = refusal_of(service.read, None)
    assert_refused(refusal, grpc.StatusCode.UNAUTHENTICATED, "CREDENTIALS_MISSING")
    challenge = refusal.trailers["www-authenticate"]
    assert challenge.startswith("Bearer ")
    assert "error=" not in challenge
    assert f'authorization_uri="{dev.authority}/' in challenge


def test_an_expired_token_is_refused(dev: Dev, msal: Msal, person: Person, service: Service):
    with dev.clock_moved(-24 * 60 * 60):
        token = msal.token(person, CONSENTED, "data.read")
    refusal = refusal_of(service.read, token)
    assert_refused(refusal, grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")
    assert 'error="invalid_token"' in refusal.trailers["www-authenticate"]


def test_a_token_of_another_resource_is_refused(msal: Msal, person: Person, service: Service):
    token = msal.token_for(person, CONSENTED, ["https://graph.microsoft.com/User.Read"])
    refusal = refusal_of(service.read, token)
    assert_refused(refusal, grpc.StatusCode.UNAUTHENTICATED, "TOKEN_AUDIENCE_MISMATCH")


def test_an_application_alone_is_no_user(dev: Dev, msal: Msal, service: Service):
    client = msal.daemon(dev.daemon_secret)
    token = access_token(client.acquire_token_for_client([dev.scope(".default")]))
    refusal = refusal_of(service.read, token)
    assert_refused(refusal, grpc.StatusCode.PERMISSION_DENIED, "APP_ONLY_NOT_ALLOWED")


def test_users_do_not_see_each_others_tasks(
    dev: Dev, msal: Msal, person: Person, service: Service
):
    owner = msal.token(person, CONSENTED, "access_as_user")
    task = service.create_task(owner, "mine alone")
    other = msal.token(Person(dev.ca_file), GUEST, "access_as_user")
    assert task.task_id in [task.task_id for task in service.tasks(owner)]
    assert task.task_id not in [task.task_id for task in service.tasks(other)]


def test_a_refusal_repeats_nothing_of_the_token(service: Service):
    planted = "eyJhbGciOiJub25lIn0.cGxhbnRlZC1zZWNyZXQ.c2lnbmF0dXJl"
    refusal = refusal_of(service.read, planted)
    assert refusal.code is grpc.StatusCode.UNAUTHENTICATED
    told = str(refusal.status) + str(refusal.trailers)
    assert not any(part in told for part in planted.split("."))
