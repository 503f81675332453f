//! Issuers, compared byte for byte: no URL is normalised, so a look-alike never matches.

use crate::identity::TenantId;

const PLACEHOLDER: &str = "{tenantid}";

/// An issuer of tokens: a fixed text, or Entra's template in which `{tenantid}` stands for the
/// tenant of the token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IssuerTemplate(Box<str>);

impl IssuerTemplate {
    /// Takes the text as it is.
    #[must_use]
    pub fn new(template: &str) -> Self {
        Self(template.into())
    }

    /// The template's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `issuer` is this template with `tenant` filled in, byte for byte.
    #[must_use]
    pub fn matches(&self, issuer: &str, tenant: &TenantId) -> bool {
        match self.0.split_once(PLACEHOLDER) {
            None => issuer == &*self.0,
            Some((before, after)) => issuer
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|middle| middle.parse() == Ok(*tenant)),
        }
    }

    /// Whether the text has a place for the tenant.
    pub(crate) fn has_tenant(&self) -> bool {
        self.0.contains(PLACEHOLDER)
    }

    /// Whether `issuer` is this template for some tenant or other: enough to choose whose keys to
    /// look at, never enough to believe the token.
    pub(crate) fn could_match(&self, issuer: &str) -> bool {
        match self.0.split_once(PLACEHOLDER) {
            None => issuer == &*self.0,
            Some((before, after)) => issuer
                .strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(after))
                .is_some_and(|middle| middle.parse::<TenantId>().is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IssuerTemplate;

    #[test]
    fn only_the_exact_issuer_of_the_tenant_matches() {
        let template = IssuerTemplate::new("https://login.example/{tenantid}/v2.0");
        let tenant = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        assert!(template.matches(
            "https://login.example/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0",
            &tenant
        ));
        for other in [
            "http://login.example/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0",
            "https://login.example/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0/",
            "https://login.example:443/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0",
            "https://login.example/0F8FAD5B-D9CB-469F-A165-70867728950E/v2.0",
            "https://login.example/common/v2.0",
            "https://login.example/7c9e6679-7425-40de-944b-e07fc1f90ae7/v2.0",
            "https://login.example/{tenantid}/v2.0",
        ] {
            assert!(!template.matches(other, &tenant), "{other}");
        }
    }

    #[test]
    fn a_fixed_issuer_matches_itself_alone() {
        let issuer = IssuerTemplate::new("https://idp.example");
        let tenant = "0f8fad5b-d9cb-469f-a165-70867728950e".parse().unwrap();
        assert!(issuer.matches("https://idp.example", &tenant));
        assert!(!issuer.matches("https://idp.example/", &tenant));
    }
}
