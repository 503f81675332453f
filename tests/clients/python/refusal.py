"""A refused call as grpcio-status reads it, and as a client without it would."""

import base64
import re
from dataclasses import dataclass
from urllib.request import parse_http_list, parse_keqv_list

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


@dataclass(frozen=True)
class Refusal:
    """A call that failed, with its details decoded."""

    code: grpc.StatusCode
    status: status_pb2.Status
    info: error_details_pb2.ErrorInfo
    request: error_details_pb2.RequestInfo
    trailers: dict[str, str]

    @classmethod
    def of(cls, error: grpc.RpcError) -> "Refusal":
        """Decodes `grpc-status-details-bin`, which must agree with the status itself."""
        status = rpc_status.from_call(error)
        assert status is not None, "the refusal has no details"
        return cls(
            code=error.code(),
            status=status,
            info=_required(status, error_details_pb2.ErrorInfo),
            request=_required(status, error_details_pb2.RequestInfo),
            trailers=dict(error.trailing_metadata()),
        )

    @property
    def challenge(self):
        """What a front end can do about it, if anything."""
        from selvedge.refusal.v1 import auth_challenge_pb2

        return _detail(self.status, auth_challenge_pb2.AuthChallenge)

    @property
    def retry_delay(self) -> float | None:
        """After how many seconds to try again, if the refusal says so."""
        retry = _detail(self.status, error_details_pb2.RetryInfo)
        return None if retry is None else retry.retry_delay.ToTimedelta().total_seconds()

    @property
    def www_authenticate(self) -> dict[str, str]:
        """The parameters of the challenge that gateways and older clients understand."""
        scheme, parameters = self.trailers["www-authenticate"].split(" ", 1)
        assert scheme == "Bearer"
        return parse_keqv_list(parse_http_list(parameters))

    @property
    def www_authenticate_claims(self) -> str:
        """The claims request of that challenge."""
        return base64.b64decode(self.www_authenticate["claims"], validate=True).decode()


def assert_refused(refusal: Refusal, code: grpc.StatusCode, reason: str) -> None:
    """The code and reason, and what every refusal has."""
    assert (refusal.code, refusal.info.reason) == (code, reason)
    assert refusal.status.code == code.value[0]
    assert refusal.info.domain == "selvedge"
    assert re.fullmatch("[0-9a-f]{32}", refusal.request.request_id)
    assert refusal.info.metadata["traceId"] == refusal.request.request_id


def refusal_of(call, *arguments, **options) -> Refusal:
    """Makes a call that must be refused."""
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments, **options)
    return Refusal.of(raised.value)


def _required(status: status_pb2.Status, message: type):
    decoded = _detail(status, message)
    assert decoded is not None, f"the refusal has no {message.DESCRIPTOR.full_name}"
    return decoded


def _detail(status: status_pb2.Status, message: type):
    found = [detail for detail in status.details if detail.Is(message.DESCRIPTOR)]
    if not found:
        return None
    [detail] = found
    decoded = message()
    assert detail.Unpack(decoded)
    return decoded
