"""What every test starts from: the running `selvedge dev`, and stubs made from its contracts."""

import importlib
import os
import sys
from importlib import resources
from pathlib import Path

import grpc
import pytest
from grpc_tools import protoc

from dev import Dev
from msal_clients import Msal
from person import Person
from service import Service

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def dev() -> Dev:
    """The running service and authority."""
    described = os.environ.get("SELVEDGE_TEST_DEV")
    if described is None:
        pytest.exit("SELVEDGE_TEST_DEV names no running service: run `cargo xtask clients`", 1)
    return Dev.load(Path(described))


@pytest.fixture
def person(dev: Dev) -> Person:
    """Somebody at a browser in which nobody is signed in yet."""
    return Person(dev.ca_file)


@pytest.fixture
def msal(dev: Dev) -> Msal:
    """MSAL, told the authority and the certificate to trust, and nothing else."""
    return Msal(dev)


@pytest.fixture(scope="session")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Generates the stubs with protoc and makes them importable."""
    output = tmp_path_factory.mktemp("stubs")
    sources = [REPOSITORY / "proto", REPOSITORY / "auth-interceptor" / "proto"]
    files = [
        str(file.relative_to(source)) for source in sources for file in source.rglob("*.proto")
    ]
    includes = [*sources, resources.files("grpc_tools") / "_proto"]
    arguments = ["protoc", f"--python_out={output}", f"--grpc_python_out={output}"]
    arguments += [f"--proto_path={include}" for include in includes]
    assert protoc.main([*arguments, *files]) == 0, "protoc does not accept the contracts"
    sys.path.insert(0, str(output))
    importlib.invalidate_caches()


@pytest.fixture
def service(dev: Dev, stubs: None):
    """The service, over a channel that only this test uses."""
    with grpc.insecure_channel(dev.service_address) as channel:
        yield Service(channel)
