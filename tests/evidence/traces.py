"""What the collector has written: one question by trace id, asked as an operator would ask it."""

import http.client
import json
from collections import defaultdict
from urllib.parse import urlencode, urlsplit

COLUMNS = {
    "trace_id": "TraceId",
    "reason": "if(attribute('selvedge.auth.reason') != '', attribute('selvedge.auth.reason'),"
    " attribute('selvedge.refusal.reason'))",
    "method": "attribute('rpc.method')",
    "code": "attribute('rpc.response.status_code')",
    "outcome": "attribute('selvedge.auth.outcome')",
    "kind": "attribute('selvedge.token.kind')",
    "tenant": "attribute('selvedge.tenant.id')",
    "client_app": "attribute('selvedge.client_app.id')",
    "key_age": "attribute('selvedge.jwks.age_s')",
    "cache": "attribute('selvedge.exchange.cache')",
    "authority_error": "attribute('selvedge.authority.error')",
    "authority_code": "attribute('selvedge.authority.aadsts')",
}


def _query(condition: str) -> str:
    """The one query: every failing server span, with all that tells why it failed."""
    columns = ", ".join(f"{expression} AS {name}" for name, expression in COLUMNS.items())
    query = (
        f"SELECT {columns} FROM otel_traces WHERE {condition} AND SpanKind = 'Server'"
        " AND attribute('error.type') != '' FORMAT JSONEachRow"
    )
    # An attribute's value; the server has no functions of one's own.
    head, *rest = query.split("attribute('")
    for part in rest:
        key, after = part.split("')", 1)
        head += f"arrayFirst(pair -> pair.1 = '{key}', SpanAttributes.1).2{after}"
    return head


class Traces:
    """The store, over one connection."""

    def __init__(self, url: str):
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)

    def close(self) -> None:
        self._connection.close()

    def ask(self, query: str) -> bytes:
        # In the request line: a body is a packet of its own, which waits for the first's receipt.
        self._connection.request("GET", "/?" + urlencode({"database": "otel", "query": query}))
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer.decode(errors="replace")
        return answer

    def failing_spans(self, trace_id: str) -> list[dict[str, str]]:
        """What the one query finds."""
        return self._spans(f"TraceId = '{trace_id}'")

    def all_failing_spans(self) -> dict[str, list[dict[str, str]]]:
        """What it would find for each trace."""
        found = defaultdict(list)
        for span in self._spans("1"):
            found[span["trace_id"]].append(span)
        return found

    def _spans(self, condition: str) -> list[dict[str, str]]:
        return [json.loads(line) for line in self.ask(_query(condition)).splitlines()]
