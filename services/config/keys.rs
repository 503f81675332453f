//! The one table of configuration keys: parser, error sentences and the README's table read it.

use std::fmt;

/// A key that the configuration takes.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its full name; `<name>` stands for a name that the operator chooses.
    pub path: &'static str,
    /// What it takes.
    pub form: Form,
    /// The value if it is not set, as the environment would spell it; none: unset.
    pub default: Option<&'static str>,
    /// What it does.
    pub meaning: &'static str,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An IP address and port.
    Address,
    /// One of several words.
    Choice(&'static [&'static str]),
    /// A whole number within bounds.
    Count {
        /// The smallest accepted.
        min: u32,
        /// The largest accepted.
        max: u32,
    },
    /// A duration, at least this many seconds.
    Duration {
        /// The shortest accepted.
        min_seconds: u64,
    },
    /// The path of a file.
    File,
    /// `true` or `false`.
    Flag,
    /// A GUID.
    Guid,
    /// A list of GUIDs.
    Guids,
    /// A list of web origins.
    Origins,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// An `https` URL.
    Url,
}

impl fmt::Display for Form {
    /// The words that follow "expects".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str("an IP address and port such as 127.0.0.1:5000"),
            Self::Choice([one]) => write!(f, "{one}"),
            Self::Choice(words) => write!(f, "one of {}", words.join(", ")),
            Self::Count { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Duration { min_seconds } => write!(
                f,
                "a duration of at least {min_seconds}s, as a whole number and s, m, h or d, such \
                 as 30s"
            ),
            Self::File => f.write_str("the path of a file"),
            Self::Flag => f.write_str("true or false"),
            Self::Guid => f.write_str("a GUID in lower case"),
            Self::Guids => f.write_str("a list of GUIDs in lower case"),
            Self::Origins => {
                f.write_str("a list of web origins such as https://app.fabric.microsoft.com")
            }
            Self::Text => f.write_str("a text that is not empty"),
            Self::Texts => f.write_str("a list of texts"),
            Self::Url => f.write_str("an https URL without query or user name"),
        }
    }
}

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
    // [store]
    key(
        "store.url",
        Form::Text,
        Some("sqlite://selvedge.db"),
        "The database: sqlite:// and a path.",
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
        "The registration's client secret, in a file.",
    ),
    // [fabric]
    key(
        "fabric.app_ids",
        Form::Guids,
        Some("00000009-0000-0000-c000-000000000000,d2450708-699c-41e3-8077-b0c8341509aa"),
        "Applications that Fabric itself calls with.",
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
        "telemetry.trust_inbound",
        Form::Flag,
        Some("true"),
        "Whether a gRPC caller's trace is continued; otherwise each call starts one.",
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

/// The documentation of every key, as a Markdown table.
#[must_use]
pub fn reference() -> String {
    let mut table = String::from("| Key | Takes | Default | Meaning |\n|---|---|---|---|\n");
    for Key {
        path,
        form,
        default,
        meaning,
    } in KEYS
    {
        let default = match default {
            None => "unset".to_owned(),
            Some("") => "empty".to_owned(),
            Some(text) => format!("`{text}`"),
        };
        table.push_str(&format!("| `{path}` | {form} | {default} | {meaning} |\n"));
    }
    table
}

/// The key that `path` is, if the configuration takes it.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        let mut wanted = key.path.split('.');
        let mut given = path.split('.');
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some("<name>"), Some(_)) => {}
                (Some(wanted), Some(given)) if wanted == given => {}
                _ => return false,
            }
        }
    })
}

/// What would do in the place of an unknown key: the keys of its section, or the sections.
pub(super) fn alternatives(path: &str) -> String {
    let section = path.split('.').next().unwrap_or_default();
    let mut words: Vec<&str> = KEYS
        .iter()
        .filter(|key| key.path.split('.').next() == Some(section) && key.path != section)
        .filter_map(|key| key.path.rsplit('.').next())
        .collect();
    if words.is_empty() {
        words = KEYS
            .iter()
            .filter_map(|key| key.path.split('.').next())
            .collect();
        words.dedup();
    }
    format!("one of {}", words.join(", "))
}
