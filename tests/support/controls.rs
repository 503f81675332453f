//! The controls of a broker page: registrations of their own, each with its own credential, its own
//! receivers and its own downstream API.

use std::path::Path;

use auth_interceptor::{Authority, Registration};
use emulator::seed;
use selvedge::exchange::{self, Consent, CredentialSource};

/// One control. The seeded broker page may receive its users' tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) name: &'static str,
    pub(crate) client_id: &'static str,
    pub(crate) uri: &'static str,
    pub(crate) secret: &'static str,
    /// The one scope that it exchanges for.
    pub(crate) scope: &'static str,
}

/// Picks a company: it calls Microsoft Graph.
pub(crate) const COMPANY_PICKER: Control = Control {
    name: "company-picker",
    client_id: seed::COMPANY_PICKER_CLIENT_ID,
    uri: seed::COMPANY_PICKER_URI,
    secret: seed::COMPANY_PICKER_SECRET,
    scope: "https://graph.microsoft.com/User.Read",
};

/// Picks a file: it calls Azure Storage.
pub(crate) const FILE_PICKER: Control = Control {
    name: "file-picker",
    client_id: seed::FILE_PICKER_CLIENT_ID,
    uri: seed::FILE_PICKER_URI,
    secret: seed::FILE_PICKER_SECRET,
    scope: "https://storage.azure.com/user_impersonation",
};

impl Control {
    /// The registration that the interceptor knows.
    pub(super) fn guarded(&self) -> Registration {
        Registration {
            audiences_v1: vec![self.uri.to_owned()],
            publisher_tenant: Some(seed::CONTOSO_TENANT_ID.parse().unwrap()),
            ..Registration::new(self.name, "entra", self.client_id)
        }
    }

    /// The registration that the exchange knows.
    pub(super) fn exchanging(
        &self,
        authority: &Authority,
        folder: &Path,
    ) -> exchange::Registration {
        let file = folder.join(self.name);
        std::fs::write(&file, self.secret).unwrap();
        exchange::Registration {
            name: self.name.to_owned(),
            authority: authority.clone(),
            client_id: self.client_id.to_owned(),
            publisher_tenant: Some(seed::CONTOSO_TENANT_ID.parse().unwrap()),
            credential: Some(CredentialSource::Secret { file }),
            consent: Consent::Incremental,
            token_clients: vec![seed::BROKER_CLIENT_ID.to_owned()],
            token_services: Vec::new(),
            downstream_scopes: vec![self.scope.to_owned()],
        }
    }
}
