//! The headers by which Fabric says who calls: two tokens and a tenant.
//!
//! `SubjectAndAppToken1.0 subjectToken="…", appToken="…"`: the user's token for the workload and
//! Fabric's own, of one application, the latter from the workload's publisher's tenant. Their
//! version is the one that the workload's registration asks for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::variant::HeaderVariant as Variant;
use crate::authority::Authority;
use crate::directory::seed;
use crate::random;
use crate::tokens::TokenRequest;

/// The tenant of the user.
const TENANT: HeaderName = HeaderName::from_static("x-ms-client-tenant-id");
/// What belongs to one action of a user.
const ACTIVITY: HeaderName = HeaderName::from_static("activityid");
/// One request.
const REQUEST: HeaderName = HeaderName::from_static("requestid");

/// The delegated scope of the control plane.
const SCOPE: &str = "FabricWorkloadControl";
/// The end of an Entra cloud that is not this one.
const OTHER_CLOUD: &str = "https://login.partner.microsoftonline.cn";
/// An expiry that no clock skew excuses.
const LONG_AGO: i64 = -24 * 3600;

/// For whom, and to which workload, Fabric speaks.
#[derive(Clone, Debug)]
pub(crate) struct Speaking {
    /// The user.
    pub(crate) upn: String,
    /// Where the user is signed in; at home when nothing is said.
    pub(crate) tenant: Option<String>,
    /// The workload's application.
    pub(crate) client_id: String,
    /// Whether the user has satisfied every policy but a block.
    pub(crate) stepped_up: bool,
    /// What belongs together.
    pub(crate) activity: String,
}

/// The two tokens as they are to be, before they are signed.
struct Pair {
    subject: TokenRequest,
    app: TokenRequest,
}

impl Authority {
    /// Every header of a call but those of its body. Without `with_tenant` there is no tenant
    /// header, as for endpoint resolution.
    pub(crate) fn fabric_headers(
        &self,
        speaking: &Speaking,
        variant: Variant,
        with_tenant: bool,
    ) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in self.authorization(speaking, variant) {
            append(&mut headers, header::AUTHORIZATION, &value);
        }
        if with_tenant {
            for value in self.tenants(speaking, variant) {
                append(&mut headers, TENANT, &value);
            }
        }
        append(&mut headers, ACTIVITY, &speaking.activity);
        append(&mut headers, REQUEST, &random::guid());
        headers
    }

    fn authorization(&self, speaking: &Speaking, variant: Variant) -> Vec<String> {
        let pair = Pair::of(speaking).varied(variant);
        let mut subject = self.issue(&pair.subject);
        let mut app = self.issue(&pair.app);
        match variant {
            Variant::EmptySubject => subject.clear(),
            Variant::EmptyApp => app.clear(),
            Variant::Swapped => std::mem::swap(&mut subject, &mut app),
            Variant::SubjectTwice => app.clone_from(&subject),
            Variant::AppTwice => subject.clone_from(&app),
            Variant::TamperedSubject => subject = tampered(&subject),
            Variant::TamperedApp => app = tampered(&app),
            Variant::EscapedQuote => subject.push_str(r#"\""#),
            Variant::CommaInToken => subject.insert(subject.len() / 2, ','),
            _ => {}
        }
        written(&subject, &app, variant)
    }

    fn tenants(&self, speaking: &Speaking, variant: Variant) -> Vec<String> {
        let tenant = match &speaking.tenant {
            Some(name) => self
                .directory
                .tenant(name)
                .map_or_else(|| name.clone(), |tenant| tenant.id.clone()),
            None => self.directory.account_called(&speaking.upn).home_tenant,
        };
        match variant {
            Variant::NoTenant => Vec::new(),
            Variant::TenantTwice => vec![tenant.clone(), tenant],
            Variant::TenantNotGuid => vec!["contoso.test".to_owned()],
            Variant::OtherTenant => vec![other_than(&tenant).to_owned()],
            _ => vec![tenant],
        }
    }
}

impl Pair {
    fn of(speaking: &Speaking) -> Self {
        let resource = speaking.client_id.as_str();
        let mut subject = TokenRequest::delegated(&speaking.upn, resource)
            .client(seed::FABRIC_CLIENT_ID)
            .scopes([SCOPE]);
        if let Some(tenant) = &speaking.tenant {
            subject = subject.tenant(tenant);
        }
        if speaking.stepped_up {
            subject = subject.stepped_up();
        }
        Self {
            subject,
            app: TokenRequest::app_only(seed::FABRIC_CLIENT_ID, resource),
        }
    }

    fn varied(self, variant: Variant) -> Self {
        let Self { subject, app } = self;
        let (subject, app) = match variant {
            Variant::SubjectWithIdtyp => (subject.idtyp(true), app),
            Variant::AppWithScp => (subject, app.claim("scp", SCOPE)),
            Variant::AppWithoutIdtyp => (subject, app.idtyp(false)),
            Variant::DifferingApplications => {
                (subject.client(seed::FABRIC_WORKLOAD_CLIENT_ID), app)
            }
            Variant::ForeignApplication => {
                let application = seed::DAEMON_CLIENT_ID;
                (subject.client(application), app.client(application))
            }
            Variant::ForeignPublisherTenant => (subject, app.tenant(seed::FABRIKAM_TENANT_ID)),
            Variant::SubjectOfOtherCloud => {
                let issuer = format!("{OTHER_CLOUD}/{}/v2.0", seed::CONTOSO_TENANT_ID);
                (subject.claim("iss", issuer), app)
            }
            Variant::ExpiredSubject => (subject.issued_at(LONG_AGO), app),
            Variant::ExpiredApp => (subject, app.issued_at(LONG_AGO)),
            Variant::MissingScope => (subject.scopes(["data.read"]), app),
            _ => (subject, app),
        };
        Self { subject, app }
    }
}

/// The values of the `Authorization` header.
fn written(subject: &str, app: &str, variant: Variant) -> Vec<String> {
    const SCHEME: &str = "SubjectAndAppToken1.0";
    let good = format!(r#"{SCHEME} subjectToken="{subject}", appToken="{app}""#);
    let value = match variant {
        Variant::NoAuthorization => return Vec::new(),
        Variant::AuthorizationTwice => return vec![good.clone(), good],
        Variant::PlainBearer => format!("Bearer {subject}"),
        Variant::MissingApp => format!(r#"{SCHEME} subjectToken="{subject}""#),
        Variant::MissingSubject => format!(r#"{SCHEME} appToken="{app}""#),
        Variant::Reversed => format!(r#"{SCHEME} appToken="{app}", subjectToken="{subject}""#),
        Variant::DuplicateParameter => {
            format!(r#"{SCHEME} subjectToken="{subject}", subjectToken="{subject}""#)
        }
        Variant::ThirdParameter => format!(r#"{good}, otherToken="{app}""#),
        Variant::Unquoted => good.replace('"', ""),
        Variant::SingleQuoted => good.replace('"', "'"),
        Variant::NoSpace => good.replace(", ", ","),
        Variant::TwoSpaces => good.replace(", ", ",  "),
        Variant::TwoSpacesAfterScheme => good.replacen(' ', "  ", 1),
        Variant::OtherVersion => good.replacen("1.0", "2.0", 1),
        Variant::LowerCaseScheme => good.replacen(SCHEME, &SCHEME.to_lowercase(), 1),
        Variant::TrailingComma => format!("{good},"),
        Variant::Oversized => {
            let filler = "A".repeat(100 * 1024);
            format!(r#"{SCHEME} subjectToken="{subject}", appToken="{app}{filler}"#)
        }
        _ => good,
    };
    vec![value]
}

/// The token with a signature that is not its own.
fn tampered(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
    if let Some(first) = signature.first_mut() {
        *first ^= 1;
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn other_than(tenant: &str) -> &'static str {
    if tenant == seed::CONTOSO_TENANT_ID {
        seed::FABRIKAM_TENANT_ID
    } else {
        seed::CONTOSO_TENANT_ID
    }
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(mut value) = HeaderValue::try_from(value) {
        value.set_sensitive(name == header::AUTHORIZATION);
        headers.append(name, value);
    }
}
