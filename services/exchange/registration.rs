//! A registration as the exchange sees it: whose credential, for whom, for what.

use std::path::PathBuf;

use auth_interceptor::{Authority, TenantId};

/// An application that this service holds the credential of.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The name that configuration, claims and logs use.
    pub name: String,
    /// The authority that issues its tokens and exchanges them.
    pub authority: Authority,
    /// The application (client) id.
    pub client_id: String,
    /// The tenant that owns the registration: where its own tokens come from.
    pub publisher_tenant: Option<TenantId>,
    /// How it proves itself; none: it guards and cannot exchange.
    pub credential: Option<CredentialSource>,
    /// How missing consent is asked for.
    pub consent: Consent,
    /// Client applications whose users' `Bearer` calls may receive an exchanged token.
    pub token_clients: Vec<String>,
    /// Back-end applications that may receive one when they prove themselves beside the user.
    pub token_services: Vec<String>,
    /// The scopes that callers may ask for; each compared exactly.
    pub downstream_scopes: Vec<String>,
}

/// Where a registration's credential is. What is in a file is read again when the file changes.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// A client secret, in a file.
    Secret {
        /// The file.
        file: PathBuf,
    },
    /// A certificate and its private key (PEM), which sign client assertions (RFC 7523).
    Certificate {
        /// The certificate.
        certificate_file: PathBuf,
        /// The private key.
        key_file: PathBuf,
    },
    /// A token of another issuer that the registration trusts, as Kubernetes projects it into a
    /// file (workload identity federation).
    FederatedToken {
        /// The file.
        file: PathBuf,
    },
    /// A token of the machine's managed identity, which the registration trusts.
    ManagedIdentity {
        /// The endpoint that gives it out.
        url: String,
        /// The user-assigned identity to use; none: the system-assigned one.
        client_id: Option<String>,
    },
}

/// How a front end is told to ask for consent that is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// For the scopes that the exchange lacks.
    #[default]
    Incremental,
    /// For every permission of the application at once.
    Full,
}
