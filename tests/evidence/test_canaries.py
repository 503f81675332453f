"""Nothing that is secret, or that names a person, in anything that the run collected."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from traces import Traces

REPOSITORY = Path(__file__).resolve().parents[2]
TABLES = [
    "otel_traces",
    "otel_logs",
    "otel_metrics_gauge",
    "otel_metrics_sum",
    "otel_metrics_histogram",
]

# Of a token, its header and the beginning of its payload, whoever it is of.
TOKEN = r"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}"
# The emulator's people are all in these domains.
E_MAIL = r"[A-Za-z0-9._-]+(@|%40)(contoso|fabrikam)\.test"
SECRET = r"[a-z]+-development-secret"
PLANTED = (
    r"planted-(access-token|cookie|database-password|downstream-token|file-content|malformed-token"
    r"|refresh-token|registration-secret|text-of-a-panic|text-of-a-proxy)"
)
# Callers are handed claims and may read what they have sent; nobody else is and may.
PLANTED_IN_A_CALL = r"planted-(claims-challenge|expiry-text|nbf|request|scope)-[0-9]"


def _names() -> str:
    """The emulator's people by name."""
    seed = (REPOSITORY / "emulator/src/directory/seed.rs").read_text()
    names = re.findall(r'Account::new\(\w+, "([^"]+)"', seed)
    assert len(names) >= 7, names
    return "|".join(name.replace(" ", r"( |\+|%20)") for name in names)


EVERYWHERE = [TOKEN, E_MAIL, SECRET, PLANTED, _names()]


def _scan(patterns: list[str], folder: Path) -> list[str]:
    """The lines of the folder's files in which one of the patterns is."""
    found = subprocess.run(
        ["grep", "-r", "-a", "-o", "-E", "|".join(f".{{0,80}}({one})" for one in patterns), folder],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert found.returncode in (0, 1), found.stderr.decode()
    return found.stdout.decode(errors="replace").splitlines()


def _nothing(lines: list[str]) -> None:
    shown = "\n".join(lines[:20])
    assert not lines, f"{len(lines)}:\n{shown}"


@pytest.fixture(scope="module")
def exported(traces: Traces, folder: Path) -> Path:
    """Everything in the store, as text."""
    dump = folder / "exported"
    dump.mkdir(exist_ok=True)
    for table in TABLES:
        (dump / table).write_bytes(traces.ask(f"SELECT * FROM {table} FORMAT TSV"))
    assert (dump / "otel_traces").stat().st_size > 0, "no span was exported"
    return dump


def test_nothing_that_was_exported_holds_a_canary(exported: Path):
    _nothing(_scan([*EVERYWHERE, PLANTED_IN_A_CALL], exported))


@pytest.mark.parametrize("kind", ["logs", "metrics", "audit"])
def test_nothing_that_was_written_holds_a_canary(folder: Path, kind: str):
    written = folder / kind
    assert any(file.stat().st_size > 0 for file in written.iterdir()), f"there are no {kind}"
    _nothing(_scan([*EVERYWHERE, PLANTED_IN_A_CALL], written))


def test_nothing_that_selvedge_dev_wrote_holds_a_canary(folder: Path):
    state = folder.parent / "dev"
    written = [*state.glob("log*"), *state.glob("spans*"), *state.glob("audit*")]
    for file in written:
        _nothing(_scan(EVERYWHERE, file))


def test_no_reply_that_refuses_holds_a_canary(folder: Path):
    assert (folder / "replies" / "refusals.log").stat().st_size > 0
    _nothing(_scan(EVERYWHERE, folder / "replies"))


def test_a_canary_would_be_found_wherever_it_is(folder: Path, exported: Path, tmp_path: Path):
    for number, (kind, canary) in enumerate(
        [
            (exported, "eyJhbGciOiJSUzI1NiJ9.eyJvaWQiOiJwbGFudGVkIn0.c2lnbmF0dXJl"),
            (folder / "logs", "somebody@contoso.test"),
            (folder / "metrics", "Cora Consented"),
            (folder / "replies", "workload-development-secret"),
            (folder / "logs", "planted-registration-secret-0123456789"),
        ]
    ):
        original = max(kind.iterdir(), key=lambda file: file.stat().st_mtime)
        copy = tmp_path / str(number)
        copy.mkdir()
        # In the middle of what is there, on a line that says other things too.
        content = original.read_bytes()[:1_000_000]
        middle = len(content) // 2
        (copy / "copy").write_bytes(content[:middle] + canary.encode() + content[middle:])
        assert _scan(EVERYWHERE, copy), canary
