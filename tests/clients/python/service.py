"""The service through grpcio, and a refusal as grpcio-status reads it."""

from dataclasses import dataclass

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

DEADLINE_SECONDS = 10


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
            info=_detail(status, error_details_pb2.ErrorInfo),
            request=_detail(status, error_details_pb2.RequestInfo),
            trailers=dict(error.trailing_metadata()),
        )


class Service:
    """Calls of one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def read(self, token: str | None):
        """Reads the caller's rows."""
        from selvedge.data.v1 import data_service_pb2 as messages
        from selvedge.data.v1 import data_service_pb2_grpc as stubs

        data = stubs.DataServiceStub(self._channel)
        return data.ReadData(messages.ReadDataRequest(), **_call(token))

    def write(self, token: str | None, *rows: bytes):
        """Writes rows for the caller."""
        from selvedge.data.v1 import data_service_pb2 as messages
        from selvedge.data.v1 import data_service_pb2_grpc as stubs

        data = stubs.DataServiceStub(self._channel)
        request = messages.WriteDataRequest(rows=[messages.Row(json=row) for row in rows])
        return data.WriteData(request, **_call(token))

    def profile(self, token: str | None):
        """What the service verified of the caller."""
        from selvedge.data.v1 import profile_service_pb2 as messages
        from selvedge.data.v1 import profile_service_pb2_grpc as stubs

        profiles = stubs.ProfileServiceStub(self._channel)
        return profiles.GetProfile(messages.GetProfileRequest(), **_call(token)).profile

    def create_task(self, token: str | None, title: str):
        """Creates a task of the caller."""
        from selvedge.data.v1 import task_service_pb2 as messages
        from selvedge.data.v1 import task_service_pb2_grpc as stubs

        tasks = stubs.TaskServiceStub(self._channel)
        request = messages.CreateTaskRequest(task=messages.Task(title=title))
        return tasks.CreateTask(request, **_call(token)).task

    def tasks(self, token: str | None):
        """The caller's tasks."""
        from selvedge.data.v1 import task_service_pb2 as messages
        from selvedge.data.v1 import task_service_pb2_grpc as stubs

        tasks = stubs.TaskServiceStub(self._channel)
        return tasks.ListTasks(messages.ListTasksRequest(), **_call(token)).tasks

    @staticmethod
    def refusal_of(call, *arguments) -> Refusal:
        """Makes a call that must be refused."""
        with pytest.raises(grpc.RpcError) as raised:
            call(*arguments)
        return Refusal.of(raised.value)


def _call(token: str | None) -> dict:
    metadata = [] if token is None else [("authorization", f"Bearer {token}")]
    return {"metadata": metadata, "timeout": DEADLINE_SECONDS}


def _detail(status: status_pb2.Status, message: type):
    [detail] = [detail for detail in status.details if detail.Is(message.DESCRIPTOR)]
    decoded = message()
    assert detail.Unpack(decoded)
    return decoded
