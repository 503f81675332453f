//! Issuers, compared byte for byte: no URL is normalised, so a look-alike never matches.

use uuid::fmt::Hyphenated;

use crate::identity::TenantId;

const PLACEHOLDER: &str = "{tenantid}";

/// An issuer of tokens: a fixed text, or Entra's template in which `{tenantid}` stands for the
/// tenant of the token.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IssuerTemplate {
    text: Box<str>,
    /// Where the placeholder begins, if there is one.
    placeholder: Option<usize>,
}

impl IssuerTemplate {
    /// Takes the text as it is.
    #[must_use]
    pub fn new(template: &str) -> Self {
        Self {
            text: template.into(),
            placeholder: template.find(PLACEHOLDER),
        }
    }

    /// The template's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `issuer` is this template with `tenant` filled in, byte for byte.
    #[must_use]
    pub fn matches(&self, issuer: &str, tenant: &TenantId) -> bool {
        if !self.has_tenant() {
            return issuer == &*self.text;
        }
        let mut guid = [0; Hyphenated::LENGTH];
        let tenant = tenant.as_uuid().hyphenated().encode_lower(&mut guid);
        self.tenant_in(issuer) == Some(tenant)
    }

    /// Whether `issuer` is this template for some tenant or other: enough to choose whose keys to
    /// look at, never enough to believe the token.
    pub(crate) fn could_match(&self, issuer: &str) -> bool {
        if !self.has_tenant() {
            return issuer == &*self.text;
        }
        self.tenant_in(issuer)
            .is_some_and(|tenant| tenant.parse::<TenantId>().is_ok())
    }

    /// Whether the text has a place for the tenant.
    pub(crate) fn has_tenant(&self) -> bool {
        self.placeholder.is_some()
    }

    /// What stands in the place of the tenant, if all around it is as in the template.
    fn tenant_in<'i>(&self, issuer: &'i str) -> Option<&'i str> {
        let (before, rest) = self.text.split_at_checked(self.placeholder?)?;
        let after = rest.get(PLACEHOLDER.len()..)?;
        issuer.strip_prefix(before)?.strip_suffix(after)
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
