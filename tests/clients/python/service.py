"""The service through grpcio, with stubs that are made from its contracts."""

from collections.abc import Iterable

import grpc

DEADLINE_SECONDS = 10

WORKSPACE = "1f0a6c3e-7b52-4d98-a4c1-6e92d5038b01"
LAKEHOUSE = "6b38f5d0-c417-4a92-8e6b-f1d09a2c7e06"


class Service:
    """Calls of one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    # Rows, tasks, profile

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

    # Fabric and OneLake, as the caller

    def list_workspaces(self, token: str | None, retry: bool = False) -> list[str]:
        """The names of the workspaces that Fabric shows the caller."""
        from selvedge.data.v1 import workspace_service_pb2 as messages
        from selvedge.data.v1 import workspace_service_pb2_grpc as stubs

        workspaces = stubs.WorkspaceServiceStub(self._channel)
        request = messages.ListWorkspacesRequest()
        names = []
        while True:
            page = workspaces.ListWorkspaces(request, **_call(token, retry))
            names += [workspace.display_name for workspace in page.workspaces]
            if not page.next_page_token:
                return names
            request.page_token = page.next_page_token

    def write_file(self, token: str | None, path: str, content: bytes, retry: bool = False) -> int:
        """Writes a file of the lakehouse; returns the size that it has then."""
        from selvedge.data.v1 import lakehouse_service_pb2 as messages
        from selvedge.data.v1 import lakehouse_service_pb2_grpc as stubs

        def parts() -> Iterable:
            yield messages.WriteFileRequest(location=_location(path))
            yield messages.WriteFileRequest(content=content)

        lakehouse = stubs.LakehouseServiceStub(self._channel)
        return lakehouse.WriteFile(parts(), **_call(token, retry)).size_bytes

    def read_file(self, token: str | None, path: str) -> bytes:
        """Reads a file of the lakehouse."""
        from selvedge.data.v1 import lakehouse_service_pb2 as messages
        from selvedge.data.v1 import lakehouse_service_pb2_grpc as stubs

        lakehouse = stubs.LakehouseServiceStub(self._channel)
        request = messages.ReadFileRequest(location=_location(path))
        return b"".join(part.content for part in lakehouse.ReadFile(request, **_call(token)))

    def exchange(self, token: str | None, scopes: list[str], claims: str = ""):
        """Trades the caller's token for a downstream one."""
        from selvedge.exchange.v1 import token_exchange_service_pb2 as messages
        from selvedge.exchange.v1 import token_exchange_service_pb2_grpc as stubs

        exchanges = stubs.TokenExchangeServiceStub(self._channel)
        request = messages.ExchangeTokenRequest(scopes=scopes, claims=claims)
        return exchanges.ExchangeToken(request, **_call(token))


def _location(path: str):
    from selvedge.data.v1 import lakehouse_service_pb2 as messages

    return messages.FileLocation(workspace_id=WORKSPACE, lakehouse_id=LAKEHOUSE, path=path)


def _call(token: str | None, retry: bool = False) -> dict:
    metadata = [] if token is None else [("authorization", f"Bearer {token}")]
    if retry:
        metadata.append(("selvedge-retry", "1"))
    return {"metadata": metadata, "timeout": DEADLINE_SECONDS}
