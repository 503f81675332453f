"""What every check starts from: the folder of a run, and the store that its services exported to."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from traces import Traces


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if value is None:
        pytest.exit(f"{name} is not set: run `cargo xtask evidence`", 1)
    return value


@pytest.fixture(scope="session")
def folder() -> Path:
    """What the run left."""
    return Path(_variable("TEST_EVIDENCE"))


@pytest.fixture(scope="session")
def traces() -> Iterator[Traces]:
    """What the run exported, all of it."""
    with closing(Traces(_variable("TEST_TRACES"))) as traces:
        yield traces


@pytest.fixture(scope="session")
def journal(folder: Path) -> list[dict]:
    """The lines that the tests' clients wrote."""
    with (folder / "refusals.jsonl").open() as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def refusals(journal: list[dict]) -> list[dict]:
    """The refusals by services that export here, each once, but for those of killed processes."""
    killed = {line["killed"] for line in journal if "killed" in line}
    once = {
        (line["trace_id"], line["face"], line["reason"]): line
        for line in journal
        if line.get("exports") and line["process"] not in killed
    }
    return list(once.values())
