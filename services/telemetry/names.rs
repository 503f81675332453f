//! What telemetry is called: every attribute, span and event that leaves this process, in one table.
//!
//! A key that is not here is not exported, and a test fails for a `tracing` macro that uses one. Keys
//! of OpenTelemetry's semantic conventions are taken from their crate, in the version whose schema is
//! [`SCHEMA_URL`]; no convention covers authorization, so what is ours begins with `selvedge.`. There is
//! one key for a concept, wherever it appears. Of the conventions for RPC and HTTP, only the current
//! keys exist here: no deprecated key is emitted beside them, so that `OTEL_SEMCONV_STABILITY_OPT_IN`,
//! which chooses between old and new ones, has nothing to choose and is not read.

use opentelemetry_semantic_conventions::attribute as convention;

#[cfg(test)]
mod tests;

/// The version of the semantic conventions that the keys are of.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// The value that stands for all that is not known by name.
pub const OTHER: &str = "_OTHER";

/// Where an attribute may appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On spans and on their events.
    Span,
    /// On metrics: only what has few values, whatever callers send.
    Metric,
    /// In log lines.
    Log,
    /// In the audit trail.
    Audit,
    /// On the resource, once for all that a process exports.
    Resource,
}

/// Which values an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Those that the code or a standard lists.
    Listed,
    /// Those that the configuration or the contracts name.
    Configured,
    /// As many as there are callers, calls or moments.
    Open,
}

/// An attribute of spans, metrics, log lines or audit entries.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// What it is called.
    pub key: &'static str,
    /// Which values it takes.
    pub values: Values,
    /// Where it may appear.
    pub places: &'static [Place],
    /// What it says.
    pub meaning: &'static str,
}

/// A span or an event.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// What it is called.
    pub name: &'static str,
    /// What it stands for.
    pub meaning: &'static str,
}

macro_rules! attributes {
    ($($constant:ident = $key:expr, $values:ident, [$($place:ident),+], $meaning:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $constant: &str = $key;
        )+

        /// Every attribute, those of the conventions first.
        pub const ATTRIBUTES: &[Attribute] = &[$(Attribute {
            key: $constant,
            values: Values::$values,
            places: &[$(Place::$place),+],
            meaning: $meaning,
        }),+];
    };
}

macro_rules! named {
    ($(#[$about:meta])* $table:ident: $($constant:ident = $name:literal, $meaning:literal;)+) => {
        $(
            #[doc = $meaning]
            pub const $constant: &str = $name;
        )+

        $(#[$about])*
        pub const $table: &[Named] = &[$(Named { name: $constant, meaning: $meaning }),+];
    };
}

attributes! {
    // The conventions'.
    SERVICE_NAME = convention::SERVICE_NAME, Listed, [Resource], "Which service this is.";
    SERVICE_VERSION = convention::SERVICE_VERSION, Listed, [Resource], "Which version of it.";
    SERVICE_INSTANCE_ID = convention::SERVICE_INSTANCE_ID, Open, [Resource], "Which process of it: drawn at start.";
    RPC_SYSTEM_NAME = convention::RPC_SYSTEM_NAME, Listed, [Span, Metric, Log], "`grpc`.";
    RPC_METHOD = convention::RPC_METHOD, Configured, [Span, Metric, Log, Audit], "The method as `package.Service/Method`; `_OTHER` for one that is not served.";
    RPC_METHOD_ORIGINAL = convention::RPC_METHOD_ORIGINAL, Open, [Span], "What was asked for in place of a served method, escaped.";
    RPC_RESPONSE_STATUS_CODE = convention::RPC_RESPONSE_STATUS_CODE, Listed, [Span, Metric, Log], "The gRPC status by name.";
    ERROR_TYPE = convention::ERROR_TYPE, Listed, [Span, Metric, Log], "The class of a failure; only failures have it.";
    EXCEPTION_TYPE = convention::EXCEPTION_TYPE, Listed, [Span, Log], "`panic`.";
    SERVER_ADDRESS = convention::SERVER_ADDRESS, Configured, [Span, Metric, Log], "The host of the server that is called, or the address that is listened on.";
    SERVER_PORT = convention::SERVER_PORT, Configured, [Span, Metric, Log], "The port of the server that is called, or that is listened on.";
    NETWORK_PEER_ADDRESS = convention::NETWORK_PEER_ADDRESS, Open, [Span], "The address of the connection's other end.";
    NETWORK_PROTOCOL_VERSION = convention::NETWORK_PROTOCOL_VERSION, Listed, [Span], "The version of HTTP.";
    HTTP_REQUEST_METHOD = convention::HTTP_REQUEST_METHOD, Listed, [Span, Metric, Log], "The method of a request that is sent.";
    HTTP_REQUEST_RESEND_COUNT = convention::HTTP_REQUEST_RESEND_COUNT, Listed, [Span, Log], "How often the request was sent before.";
    HTTP_RESPONSE_STATUS_CODE = convention::HTTP_RESPONSE_STATUS_CODE, Listed, [Span, Metric, Log], "The status of the answer.";
    HTTP_ROUTE = convention::HTTP_ROUTE, Listed, [Span], "The template of the path that a REST request was for.";
    URL_TEMPLATE = convention::URL_TEMPLATE, Listed, [Span, Log], "The path of the request, its ids left open.";
    URL_FULL = convention::URL_FULL, Open, [Span], "The URL of the request, without its query.";
    USER_HASH = convention::USER_HASH, Open, [Span, Log, Audit], "A keyed hash of tenant and user.";
    USER_ID = convention::USER_ID, Open, [Span, Log, Audit], "The user's object id, in place of the hash, where the operator wants it.";
    AZURE_SERVICE_REQUEST_ID = convention::AZURE_SERVICE_REQUEST_ID, Open, [Span, Log], "What OneLake calls the request.";
    DB_SYSTEM_NAME = convention::DB_SYSTEM_NAME, Listed, [Span, Metric], "The store's engine.";
    DB_OPERATION_NAME = convention::DB_OPERATION_NAME, Listed, [Span, Metric], "What was asked of the store.";
    DB_COLLECTION_NAME = convention::DB_COLLECTION_NAME, Listed, [Span, Metric], "The table.";
    DB_POOL_NAME = convention::DB_CLIENT_CONNECTION_POOL_NAME, Listed, [Metric], "Which of the store's pools.";
    DB_CONNECTION_STATE = convention::DB_CLIENT_CONNECTION_STATE, Listed, [Metric], "`idle` or `used`.";
    OTEL_METRIC_OVERFLOW = "otel.metric.overflow", Listed, [Metric], "`true` on the series of an instrument that is full.";
    DB_QUERY_SUMMARY = convention::DB_QUERY_SUMMARY, Listed, [Span], "Operation and table.";
    DB_RESPONSE_STATUS_CODE = convention::DB_RESPONSE_STATUS_CODE, Listed, [Span], "The engine's code for a failure.";

    // The decision.
    AUTH_OUTCOME = "selvedge.auth.outcome", Listed, [Span, Metric, Log, Audit], "`allow`, `deny` or `error`.";
    AUTH_REASON = "selvedge.auth.reason", Listed, [Span, Metric, Log, Audit], "Why a call is refused: a reason of the catalogue.";
    SCOPE_REQUIRED = "selvedge.scope.required", Configured, [Span, Log], "The scopes and roles that the method asks for, as `a b | c`: any one group, in full.";
    TENANT_ID = "selvedge.tenant.id", Open, [Span, Log, Audit], "The caller's tenant.";
    CLIENT_APP_ID = "selvedge.client_app.id", Open, [Span, Log, Audit], "The application that calls.";
    TOKEN_VERSION = "selvedge.token.version", Listed, [Span, Log], "The token's version: `1.0`, `2.0` or `rfc9068`.";
    TOKEN_KIND = "selvedge.token.kind", Listed, [Span, Metric, Log, Audit], "`user`, `app`, `composite` for two tokens, or `none` where nothing was proved.";
    TOKEN_ROLE = "selvedge.token.role", Listed, [Span, Log], "Which token of a composite call was refused.";
    TOKEN_UTI = "selvedge.token.uti", Open, [Span, Log, Audit], "What its authority calls the token, or the first 64 bits of its SHA-256.";
    VERDICT_CACHE = "selvedge.verdict_cache", Listed, [Span, Log], "Whether the token had been verified before: `hit` or `miss`.";

    // The refusal.
    REFUSAL_REASON = "selvedge.refusal.reason", Listed, [Span, Metric, Log, Audit], "Why a call is refused, by the decision or below it.";
    REFUSAL_METADATA = "selvedge.refusal.metadata", Open, [Span, Log], "What the caller is told beside the reason.";

    // The authorities.
    AUTHORITY_NAME = "selvedge.authority.name", Configured, [Span, Metric, Log], "The authority's name in the configuration.";
    AUTHORITY_ERROR = "selvedge.authority.error", Listed, [Span, Metric, Log, Audit], "`error` of the authority's refusal.";
    AUTHORITY_SUBERROR = "selvedge.authority.suberror", Listed, [Span, Log, Audit], "`suberror` of the authority's refusal.";
    AUTHORITY_AADSTS = "selvedge.authority.aadsts", Open, [Span, Log, Audit], "The AADSTS number of the authority's refusal.";
    AUTHORITY_CORRELATION_ID = "selvedge.authority.correlation_id", Open, [Span, Log, Audit], "What the authority calls the request.";
    JWKS_AGE = "selvedge.jwks.age_s", Open, [Span, Log], "How old the keys in use are, in seconds.";
    JWKS_SOURCE = "selvedge.jwks.source", Listed, [Span, Metric, Log], "Where the keys in use are from: `cache`, `fetch` or `lkg`.";
    JWKS_KID_KNOWN = "selvedge.jwks.kid_known", Listed, [Span, Log], "Whether the token's key was at hand.";
    JWKS_KID = "selvedge.jwks.kid", Open, [Span, Log], "The first characters of a key id.";
    JWKS_KEYS = "selvedge.jwks.keys", Open, [Span, Log], "How many keys the authority publishes.";
    JWKS_OUTCOME = "selvedge.jwks.outcome", Listed, [Metric], "What a read of keys brought: `ok`, `unavailable` or `refused`.";
    JWKS_TRIGGER = "selvedge.jwks.trigger", Listed, [Span, Metric, Log], "Why keys are read: `start`, `timer` or `unknown_kid`.";

    // The exchange and what is called with it.
    REGISTRATION_NAME = "selvedge.registration.name", Configured, [Span, Metric, Log, Audit], "The registration that a token is exchanged for, or a credential is of.";
    SESSION_ID = "selvedge.session.id", Open, [Span, Log], "The piece of work that acts for a user who has gone.";
    JOB_ID = "selvedge.job.id", Open, [Span, Log, Audit], "The job that is worked on.";
    EXCHANGE_CACHE = "selvedge.exchange.cache", Listed, [Span, Metric, Log, Audit], "Where the token is from: `hit_l1`, `stale_ok`, `negative`, `coalesced`, `miss`, or `none` where nobody was asked.";
    EXCHANGE_OUTCOME = "selvedge.exchange.outcome", Listed, [Metric, Audit], "What came of an exchange: `ok`, or who has to act.";
    EXCHANGE_RESOURCE = "selvedge.exchange.resource", Configured, [Span, Log, Audit], "The resource that a token is asked for.";
    FABRIC_REQUEST_ID = "selvedge.fabric.request_id", Open, [Span, Log], "What Fabric calls the request.";


    // The service itself.
    LISTENER = "selvedge.listener", Listed, [Metric], "`service`, `administration` or `front_end`.";
    CALL_KIND = "selvedge.call.kind", Listed, [Metric], "`unary` or `stream`.";
    SHED_CAUSE = "selvedge.shed.cause", Listed, [Metric], "What there was too much of: `exchanges` or `watches`.";
    JOB_STATE = "selvedge.job.state", Listed, [Metric], "`waiting` or `claimed`.";
    READY_CHECK = "selvedge.ready.check", Listed, [Metric, Log], "What the service cannot do without: `keys`, `store` or `credential`.";
    METRICS_INSTRUMENT = "selvedge.metrics.instrument", Listed, [Metric], "The instrument that has no room for more series.";

    // Administration.
    ADMIN_ORDER = "selvedge.admin.order", Listed, [Span, Log, Audit], "What an administrator asked for.";
    ADMIN_OUTCOME = "selvedge.admin.outcome", Listed, [Span, Log, Audit], "`done` or `failed`.";
    ADMIN_REASON = "selvedge.admin.reason", Listed, [Span, Log, Audit], "Why it failed.";
    ADMIN_TARGET_TENANT_ID = "selvedge.admin.target.tenant.id", Open, [Span, Log, Audit], "The tenant that the order was about.";

    // Log lines alone: a collector gets none of these.
    SPAN_ID = "span_id", Open, [Log], "The id of the call's own span, where it is exported.";
    TRACE_ID = "trace_id", Open, [Log, Audit], "The trace id of the call, which its reply carries, or of the job's run.";
    PANIC_PAYLOAD = "selvedge.panic.payload", Listed, [Log], "What a panic carried: `message` or `value`, never which.";
    CONFIG_KEY = "selvedge.config.key", Listed, [Log], "A configuration key.";
    ERROR = "error", Open, [Log], "What an error says of itself.";
    SERVER_ADMIN_ADDRESS = "server.admin_address", Configured, [Log], "Where administrators are served.";
    WEB_ADDRESS = "web.address", Configured, [Log], "Where the front end is served.";
}

named! {
    /// Every span but a call's own, which is named after its method, or [`SPAN_OTHER_CALL`].
    SPANS:
    SPAN_OTHER_CALL = "grpc", "A call to a method that is not served.";
    SPAN_VALIDATION = "auth.validate", "A token is verified.";
    SPAN_KEY_FETCH = "jwks.fetch", "An authority's keys are read.";
    SPAN_EXCHANGE = "exchange", "A token is exchanged, or found.";
    SPAN_TOKEN_REQUEST = "sts.token", "An authority is asked for a token.";
    SPAN_DOWNSTREAM_CALL = "downstream.call", "Fabric or OneLake is called.";
    SPAN_JOB_RUN = "job.run", "A worker takes a job as far as it goes: all of it, or a round.";
    SPAN_STORE = "store", "The store is asked; named after operation and table.";
}

named! {
    /// Every event with a name; what else is logged is a sentence.
    EVENTS:
    EVENT_DENIED = "selvedge.auth.denied", "A call is refused by the decision.";
    EVENT_ALLOWED = "selvedge.auth.allowed", "A call is let through by the decision.";
    EVENT_REFUSED = "selvedge.call.refused", "A call is refused by anybody but the decision.";
    EVENT_EXCEPTION = "rpc.server.call.exception", "A handler has panicked.";
    EVENT_AUDIT_DECISION = "selvedge.audit.decision", "An audit entry: a call was let through or refused.";
    EVENT_AUDIT_EXCHANGE = "selvedge.audit.exchange", "An audit entry: a token was exchanged for a user, or was not.";
    EVENT_AUDIT_ORDER = "selvedge.audit.order", "An audit entry: an administrator gave an order.";
    EVENT_ADMIN_AUDIT = "selvedge.admin.audit", "An administrator's order was carried out or failed.";
    EVENT_JOB_ENDED = "selvedge.job.ended", "A job has ended.";
    EVENT_JOB_FAILED = "selvedge.job.failed", "A job has failed.";
    EVENT_DOWNSTREAM_FAILED = "downstream_call_failed", "Fabric or OneLake did not answer as asked.";
    EVENT_CREDENTIAL_READ = "credential_read", "A registration's credential was read.";
    EVENT_CREDENTIAL_UNUSABLE = "credential_unusable", "A registration's credential cannot be used.";
    EVENT_MANAGED_IDENTITY_UNAVAILABLE = "managed_identity_unavailable", "The managed identity gives out no token.";
    EVENT_AUTHORITY_ANSWER_REFUSED = "authority_answer_refused", "An authority's answer is not what the protocol says.";
    EVENT_AUTHORITY_UNDISCOVERED = "authority_undiscovered", "An authority's discovery document cannot be used.";
    EVENT_READY_PASSED = "ready_check_passed", "What the service cannot do without is there.";
    EVENT_READY_FAILED = "ready_check_failed", "What the service cannot do without is not there.";
    EVENT_JWKS_RECOVERED = "jwks_recovered", "An authority's keys can be read again.";
    EVENT_JWKS_STILL_FAILING = "jwks_still_failing", "An authority's keys still cannot be read.";
    EVENT_JWKS_REJECTED = "jwks_rejected", "An authority's keys are refused.";
    EVENT_JWKS_UNAVAILABLE = "jwks_unavailable", "An authority's keys cannot be read.";
    EVENT_JWKS_CHANGED = "jwks_changed", "An authority has published new keys.";
    EVENT_JWKS_EXPIRED = "jwks_expired", "The last good keys are too old to serve.";
    EVENT_JWK_REJECTED = "jwk_rejected", "A published key is refused.";
    EVENT_JWK_UNUSED = "jwk_unused", "A published key is not used.";
}

/// Whether `key` may appear at `place`.
#[must_use]
pub fn may_appear(key: &str, place: Place) -> bool {
    ATTRIBUTES
        .iter()
        .any(|attribute| attribute.key == key && attribute.places.contains(&place))
}

/// The value of `network.protocol.version` for a version of HTTP.
#[must_use]
pub fn http_version(version: http::Version) -> Option<&'static str> {
    match version {
        http::Version::HTTP_10 => Some("1.0"),
        http::Version::HTTP_11 => Some("1.1"),
        http::Version::HTTP_2 => Some("2"),
        http::Version::HTTP_3 => Some("3"),
        _ => None,
    }
}
