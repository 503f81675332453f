//! The one table of configuration keys: parser, error sentences and the README's table read it.

use super::{Form, Key};

const fn key(
    path: &'static str,
    form: Form,
    default: Option<&'static str>,
    meaning: &'static str,
) -> Key {
    Key {
        path,
        form,
        default,
        meaning,
    }
}

const BYTES: Form = Form::Count {
    min: 1024,
    max: 16 * 1024 * 1024,
};
const CONCURRENCY: Form = Form::Count {
    min: 1,
    max: 1_000_000,
};
const PERIOD: Form = Form::Duration { min_seconds: 1 };

/// Every key that the configuration takes, in the order of the documentation.
pub const KEYS: &[Key] = &[
    key(
        "version",
        Form::Choice(&["1"]),
        Some("1"),
        "Version of the configuration's shape.",
    ),
    // [server]
    key(
        "server.listen",
        Form::Address,
        Some("127.0.0.1:5000"),
        "Where calls are served.",
    ),
    key(
        "server.admin_listen",
        Form::Address,
        Some("127.0.0.1:5001"),
        "Where administrators are served.",
    ),
    key(
        "server.tls_cert_file",
        Form::File,
        None,
        "Certificate chain (PEM), leaf first. Without it the listeners are plaintext.",
    ),
    key(
        "server.tls_key_file",
        Form::File,
        None,
        "Private key (PEM) of the certificate.",
    ),
    key(
        "server.cors_origins",
        Form::Origins,
        Some(""),
        "Origins of web pages that may call.",
    ),
    key(
        "server.health",
        Form::Flag,
        Some("true"),
        "Whether grpc.health.v1 is served.",
    ),
    key(
        "server.reflection",
        Form::Flag,
        Some("false"),
        "Whether grpc.reflection is served, to callers with a token.",
    ),
    key(
        "server.drain_delay",
        Form::Duration { min_seconds: 0 },
        Some("2s"),
        "How long NOT_SERVING is announced at shutdown before connections are closed.",
    ),
    key(
        "server.drain_timeout",
        PERIOD,
        Some("30s"),
        "How long calls in flight may take after that.",
    ),
    key(
        "server.danger_plaintext",
        Form::Flag,
        Some("false"),
        "Whether plaintext is served on an address that other machines reach.",
    ),
    // [web]
    key(
        "web.listen",
        Form::Address,
        None,
        "Where the front end is served, with the certificate of server.tls_cert_file. Unset: \
         nowhere. The origins that its pages then have belong in server.cors_origins.",
    ),
    key(
        "web.service",
        Form::Text,
        None,
        "Required with web.listen: the URL at which its pages reach the service.",
    ),
    key(
        "web.frame_ancestors",
        Form::Texts,
        Some("https://*.fabric.microsoft.com,https://*.powerbi.com,https://teams.microsoft.com"),
        "Pages that may show the front end in a frame, as CSP has them. Empty: none.",
    ),
    key(
        "web.broker_client_id",
        Form::Guid,
        None,
        "The client application of the token broker's page. Unset: there is no broker.",
    ),
    key(
        "web.broker_components",
        Form::Texts,
        Some(""),
        "The registrations that the broker's page gets tokens of, all of one Entra authority.",
    ),
    // [store]
    key(
        "store.url",
        Form::Text,
        Some("sqlite://selvedge.db"),
        "The database: sqlite:// and a path, or postgres://user:password@host/database. A server \
         elsewhere is verified (sslmode=verify-full); sslrootcert names the file of its authority.",
    ),
    key(
        "store.url_file",
        Form::File,
        None,
        "A file that holds the url in place of store.url, for one with a password.",
    ),
    key(
        "store.danger_unverified",
        Form::Flag,
        Some("false"),
        "Whether the url may choose an sslmode that does not verify a server on another machine.",
    ),
    key(
        "store.migrate",
        Form::Choice(&["auto", "check"]),
        Some("auto"),
        "Whether the start brings the schema up to date or refuses one that is behind.",
    ),
    // [authorities.<name>]
    key(
        "authorities.<name>.kind",
        Form::Choice(&["entra", "oidc"]),
        None,
        "Required. How the authority writes its tokens: Entra's 1.0 and 2.0, or RFC 9068.",
    ),
    key(
        "authorities.<name>.url",
        Form::Url,
        None,
        "Required. Where its documents are: https://login.microsoftonline.com, or an issuer.",
    ),
    key(
        "authorities.<name>.issuer_v1",
        Form::Text,
        None,
        "Entra: issuer of 1.0 tokens. Unset: https://sts.windows.net/{tenantid}/ for Microsoft's \
         public cloud, {url}/{tenantid}/ elsewhere.",
    ),
    key(
        "authorities.<name>.issuer_v2",
        Form::Text,
        None,
        "Entra: issuer of 2.0 tokens. Unset: {url}/{tenantid}/v2.0.",
    ),
    key(
        "authorities.<name>.issuer",
        Form::Text,
        None,
        "OIDC: issuer of the tokens. Unset: the url.",
    ),
    key(
        "authorities.<name>.tenants",
        Form::Guids,
        None,
        "Entra, required: the tenants whose users may call.",
    ),
    key(
        "authorities.<name>.tenant",
        Form::Guid,
        None,
        "OIDC, required: the tenant that its users belong to here.",
    ),
    key(
        "authorities.<name>.ca_file",
        Form::File,
        None,
        "Certificates (PEM) to trust for it. Unset: the machine's.",
    ),
    key(
        "authorities.<name>.algorithms",
        Form::Texts,
        Some("RS256"),
        "Signature algorithms accepted from it: RS256, PS256, ES256.",
    ),
    key(
        "authorities.<name>.danger_allow_local_authority",
        Form::Flag,
        Some("false"),
        "Whether its host may be this machine, as an emulator's is.",
    ),
    // [registrations.<name>]
    key(
        "registrations.<name>.authority",
        Form::Text,
        None,
        "Required. The name of the authority that issues its tokens.",
    ),
    key(
        "registrations.<name>.client_id",
        Form::Guid,
        None,
        "Entra, required: the application (client) id, the audience of 2.0 tokens.",
    ),
    key(
        "registrations.<name>.audiences_v1",
        Form::Texts,
        Some(""),
        "Entra: Application ID URIs accepted as the audience of 1.0 tokens.",
    ),
    key(
        "registrations.<name>.audiences",
        Form::Texts,
        Some(""),
        "OIDC, required: audiences accepted.",
    ),
    key(
        "registrations.<name>.publisher_tenant",
        Form::Guid,
        None,
        "The tenant that owns the registration: the only one whose app tokens are believed.",
    ),
    key(
        "registrations.<name>.allowed_clients",
        Form::Texts,
        Some(""),
        "Client applications that may call at all. Empty: any.",
    ),
    key(
        "registrations.<name>.claims_capable_clients",
        Form::Texts,
        Some("871c010f-5e61-4fb1-83ac-98610a7e9110"),
        "Client applications that can answer a claims challenge although their tokens do not say \
         so. Unset: the Fabric portal.",
    ),
    key(
        "registrations.<name>.secret_file",
        Form::File,
        None,
        "Credential: a client secret, in a file. Every file of a credential is read again when it \
         changes.",
    ),
    key(
        "registrations.<name>.certificate_file",
        Form::File,
        None,
        "Credential: a certificate (PEM) that signs client assertions, with key_file.",
    ),
    key(
        "registrations.<name>.key_file",
        Form::File,
        None,
        "The private key (PEM) of the certificate.",
    ),
    key(
        "registrations.<name>.federated_token_file",
        Form::File,
        None,
        "Credential: a token of another issuer that the registration trusts, in a file, as \
         workload identity has it.",
    ),
    key(
        "registrations.<name>.managed_identity",
        Form::Flag,
        Some("false"),
        "Credential: whether a token of this machine's managed identity is it.",
    ),
    key(
        "registrations.<name>.managed_identity_client_id",
        Form::Guid,
        None,
        "The user-assigned managed identity to use. Unset: the system-assigned one.",
    ),
    key(
        "registrations.<name>.managed_identity_url",
        Form::Text,
        Some("http://169.254.169.254/metadata/identity/oauth2/token"),
        "Where the managed identity's tokens are: this machine or its link.",
    ),
    key(
        "registrations.<name>.consent",
        Form::Choice(&["incremental", "full"]),
        Some("incremental"),
        "Whether missing consent is asked for scope by scope or for everything at once.",
    ),
    key(
        "registrations.<name>.token_clients",
        Form::Texts,
        Some(""),
        "Client applications whose users' Bearer calls may receive an exchanged token.",
    ),
    key(
        "registrations.<name>.token_services",
        Form::Texts,
        Some(""),
        "Back-end applications that may receive one with their own app token beside the user's.",
    ),
    key(
        "registrations.<name>.downstream_scopes",
        Form::Texts,
        Some(""),
        "Scopes that callers may exchange for, each compared exactly.",
    ),
    // [fabric]
    key(
        "fabric.app_ids",
        Form::Guids,
        Some("00000009-0000-0000-c000-000000000000,d2450708-699c-41e3-8077-b0c8341509aa"),
        "Applications that Fabric itself calls with.",
    ),
    key(
        "fabric.error_casing_v1",
        Form::Choice(&["pascal", "camel"]),
        Some("pascal"),
        "How errors are spelled in the first generation of the workload API; its stock front end reads pascal.",
    ),
    key(
        "fabric.error_casing_v2",
        Form::Choice(&["pascal", "camel"]),
        Some("camel"),
        "How errors are spelled in the second generation.",
    ),
    key(
        "fabric.item_types",
        Form::Texts,
        Some("Org.Selvedge.Sample"),
        "The item types that the workload's manifest names.",
    ),
    key(
        "fabric.deleted_item_retention",
        Form::Duration { min_seconds: 1 },
        Some("7d"),
        "How long a soft deletion can be undone; then what is kept of the item is removed.",
    ),
    key(
        "fabric.endpoint",
        Form::Text,
        None,
        "The base URL that endpoint resolution answers, where a region has none of its own.",
    ),
    key(
        "fabric.regional_endpoints",
        Form::Texts,
        Some(""),
        "Base URLs by tenant region, each as Region=URL.",
    ),
    key(
        "fabric.endpoint_ttl",
        Form::Duration { min_seconds: 60 },
        Some("1h"),
        "For how long Fabric may remember where to send calls; whole minutes count.",
    ),
    // [jobs]
    key(
        "jobs.workers",
        Form::Count { min: 0, max: 256 },
        Some("4"),
        "Jobs that this process works on at once. 0: it leaves them to others on the same store.",
    ),
    key(
        "jobs.lease",
        Form::Duration { min_seconds: 3 },
        Some("15s"),
        "How long a job stays with a process that has died before another takes it up.",
    ),
    // [downstream]
    key(
        "downstream.fabric",
        Form::Url,
        Some("https://api.fabric.microsoft.com/v1"),
        "Where Fabric's REST API is.",
    ),
    key(
        "downstream.workload_control",
        Form::Url,
        Some("https://api.fabric.microsoft.com/v1/workload-control"),
        "Where Fabric's workload control API is.",
    ),
    key(
        "downstream.onelake",
        Form::Url,
        Some("https://onelake.dfs.fabric.microsoft.com"),
        "Where OneLake's DFS API is; a regional host keeps data in its region.",
    ),
    key(
        "downstream.ca_file",
        Form::File,
        None,
        "Certificates (PEM) to trust for these. Unset: the machine's.",
    ),
    // [cache]
    key(
        "cache.key_files",
        Form::Texts,
        Some(""),
        "Files of 32-byte keys (base64) that seal stored refresh tokens: the first seals, all \
         open. Empty: none are stored.",
    ),
    // [telemetry]
    key(
        "telemetry.log",
        Form::Text,
        Some("info"),
        "Which events are logged: a tracing filter.",
    ),
    key(
        "telemetry.log_file",
        Form::File,
        None,
        "The file that the log is appended to. Unset: standard output.",
    ),
    key(
        "telemetry.otlp_endpoint",
        Form::PlainUrl,
        None,
        "The collector that traces and metrics are sent to. Unset: none are.",
    ),
    key(
        "telemetry.otlp_protocol",
        Form::Choice(&["grpc", "http"]),
        Some("grpc"),
        "How the collector is spoken to: OTLP over gRPC, or as protobuf over HTTP.",
    ),
    key(
        "telemetry.sample_ratio",
        Form::Fraction,
        Some("0.05"),
        "The share of calls whose traces are exported; of calls that fail, all are.",
    ),
    key(
        "telemetry.span_file",
        Form::File,
        None,
        "A file that the same traces are written to, a line of OTLP as JSON each, for \
         `selvedge trace`. At 32 MiB it is renamed to end in `.1`, in place of the one before.",
    ),
    key(
        "telemetry.trust_inbound",
        Form::Choice(&["auto", "true", "false"]),
        Some("auto"),
        "Whose traces are continued: those of gRPC callers (auto), of browsers and REST callers too \
         (true), nobody's (false). A call whose caller's trace is not continued has one of its own, \
         with a link to it.",
    ),
    key(
        "telemetry.propagate_to",
        Form::Hosts,
        Some(""),
        "The authorities' and downstream hosts that are sent `traceparent` and `tracestate`. Empty: \
         none are.",
    ),
    key(
        "telemetry.audit_file",
        Form::File,
        None,
        "The file that audit entries are appended to, a JSON object a line. Unset: none are.",
    ),
    key(
        "telemetry.audit_otlp",
        Form::Flag,
        Some("false"),
        "Whether audit entries go to `telemetry.otlp_endpoint` too, as log records.",
    ),
    key(
        "telemetry.audit_on_failure",
        Form::Choice(&["count", "refuse"]),
        Some("count"),
        "What becomes of a call whose entry `telemetry.audit_file` does not take: it goes on and the \
         entry is counted, or it is refused (`AUDIT_UNAVAILABLE`) before its handler runs.",
    ),
    key(
        "telemetry.user_identity",
        Form::Choice(&["hash", "object_id"]),
        Some("hash"),
        "How spans and audit entries name a user: by a keyed hash (`user.hash`), or by the object id \
         (`user.id`), which identifies a person.",
    ),
    key(
        "telemetry.user_hash_key_file",
        Form::File,
        None,
        "The key of the hash: 32 bytes, as they are or in base64. A file that is replaced is read \
         again. Unset: drawn at start, so that hashes are each process's own.",
    ),
    key(
        "telemetry.metrics",
        Form::Flag,
        Some("true"),
        "Whether `GET /metrics` on the administration listener shows the metrics (OpenMetrics), \
         without a token, to whoever reaches it.",
    ),
    key(
        "telemetry.metrics_interval",
        Form::Duration { min_seconds: 1 },
        Some("60s"),
        "How often the metrics are pushed to `telemetry.otlp_endpoint`.",
    ),
    key(
        "telemetry.runbook_url",
        Form::PlainUrl,
        None,
        "Where the pages of deploy/runbooks are published: refusals link to REASON.md below it. \
         Unset: to none.",
    ),
    // [keys]
    key(
        "keys.refresh",
        PERIOD,
        Some("1h"),
        "How often the authorities' keys are read again.",
    ),
    key(
        "keys.unknown_kid_cooldown",
        PERIOD,
        Some("5m"),
        "How long an unknown key id may not cause another read.",
    ),
    key(
        "keys.last_known_good",
        PERIOD,
        Some("24h"),
        "How long the last good keys serve while the authority cannot be read.",
    ),
    // [limits]
    key(
        "limits.header_bytes",
        BYTES,
        Some("65536"),
        "Largest header list of a call, in bytes.",
    ),
    key(
        "limits.token_bytes",
        BYTES,
        Some("16384"),
        "Largest token, in bytes.",
    ),
    key(
        "limits.message_bytes",
        BYTES,
        Some("4194304"),
        "Largest message, in bytes.",
    ),
    key(
        "limits.streams",
        CONCURRENCY,
        Some("100"),
        "Concurrent streams on one connection.",
    ),
    key(
        "limits.connections",
        CONCURRENCY,
        Some("4096"),
        "Concurrent connections.",
    ),
    key(
        "limits.watch_streams",
        CONCURRENCY,
        Some("16"),
        "Concurrent health watches of one peer.",
    ),
    key(
        "limits.unary_timeout",
        PERIOD,
        Some("30s"),
        "The longest that a unary call may take, whatever deadline its caller asks for.",
    ),
];
