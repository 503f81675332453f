//! The forms that a call's identity can have: Fabric's own, and every one that a workload must
//! refuse.
//!
//! Each wrong one is wrong in one way only, with genuine signatures unless it says otherwise. What
//! a header cannot hold, such as a line break, cannot be sent at all and is not here.

/// The form of the `Authorization` and tenant headers of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderVariant {
    /// As Fabric sends it.
    #[default]
    WellFormed,
    /// `subjectToken=""`: Fabric's own where it has no user, wrong elsewhere.
    EmptySubject,

    /// The user's token alone, as `Bearer`.
    PlainBearer,
    /// No `Authorization` at all.
    NoAuthorization,
    /// The `Authorization` header twice.
    AuthorizationTwice,
    /// `appToken=""`.
    EmptyApp,
    /// No `appToken`.
    MissingApp,
    /// No `subjectToken`.
    MissingSubject,
    /// `appToken` before `subjectToken`.
    Reversed,
    /// `subjectToken` twice.
    DuplicateParameter,
    /// A parameter behind the two.
    ThirdParameter,
    /// Values without quotes.
    Unquoted,
    /// Values in single quotes.
    SingleQuoted,
    /// No space behind the comma.
    NoSpace,
    /// Two spaces behind the comma.
    TwoSpaces,
    /// Two spaces behind the scheme.
    TwoSpacesAfterScheme,
    /// `SubjectAndAppToken2.0`.
    OtherVersion,
    /// The scheme in lower case.
    LowerCaseScheme,
    /// A comma behind the last value.
    TrailingComma,
    /// An escaped quote within a value.
    EscapedQuote,
    /// A comma within a token.
    CommaInToken,
    /// 100 KiB of what is almost a header.
    Oversized,

    /// Each token in the other's place.
    Swapped,
    /// The user's token in both places.
    SubjectTwice,
    /// Fabric's token in both places.
    AppTwice,
    /// A user's token with `idtyp`.
    SubjectWithIdtyp,
    /// Fabric's token with `scp`.
    AppWithScp,
    /// Fabric's token without `idtyp`.
    AppWithoutIdtyp,
    /// The two tokens are of different applications of Fabric's.
    DifferingApplications,
    /// Both tokens are of an application that is not Fabric's.
    ForeignApplication,
    /// Fabric's token is of another tenant than the workload's publisher.
    ForeignPublisherTenant,
    /// The user's token names an issuer of another cloud.
    SubjectOfOtherCloud,
    /// The user's token has expired, Fabric's has not.
    ExpiredSubject,
    /// Fabric's token has expired, the user's has not.
    ExpiredApp,
    /// The signature of the user's token is wrong.
    TamperedSubject,
    /// The signature of Fabric's token is wrong.
    TamperedApp,
    /// The user's token lacks the scope of the control plane.
    MissingScope,

    /// The tenant header names another tenant than the user's token.
    OtherTenant,
    /// No tenant header.
    NoTenant,
    /// The tenant header twice.
    TenantTwice,
    /// A tenant header that is no GUID.
    TenantNotGuid,
}

const NAMES: [(HeaderVariant, &str); 41] = [
    (HeaderVariant::WellFormed, "well-formed"),
    (HeaderVariant::EmptySubject, "empty-subject"),
    (HeaderVariant::PlainBearer, "plain-bearer"),
    (HeaderVariant::NoAuthorization, "no-authorization"),
    (HeaderVariant::AuthorizationTwice, "authorization-twice"),
    (HeaderVariant::EmptyApp, "empty-app"),
    (HeaderVariant::MissingApp, "missing-app"),
    (HeaderVariant::MissingSubject, "missing-subject"),
    (HeaderVariant::Reversed, "reversed"),
    (HeaderVariant::DuplicateParameter, "duplicate-parameter"),
    (HeaderVariant::ThirdParameter, "third-parameter"),
    (HeaderVariant::Unquoted, "unquoted"),
    (HeaderVariant::SingleQuoted, "single-quoted"),
    (HeaderVariant::NoSpace, "no-space"),
    (HeaderVariant::TwoSpaces, "two-spaces"),
    (
        HeaderVariant::TwoSpacesAfterScheme,
        "two-spaces-after-scheme",
    ),
    (HeaderVariant::OtherVersion, "other-version"),
    (HeaderVariant::LowerCaseScheme, "lower-case-scheme"),
    (HeaderVariant::TrailingComma, "trailing-comma"),
    (HeaderVariant::EscapedQuote, "escaped-quote"),
    (HeaderVariant::CommaInToken, "comma-in-token"),
    (HeaderVariant::Oversized, "oversized"),
    (HeaderVariant::Swapped, "swapped"),
    (HeaderVariant::SubjectTwice, "subject-twice"),
    (HeaderVariant::AppTwice, "app-twice"),
    (HeaderVariant::SubjectWithIdtyp, "subject-with-idtyp"),
    (HeaderVariant::AppWithScp, "app-with-scp"),
    (HeaderVariant::AppWithoutIdtyp, "app-without-idtyp"),
    (
        HeaderVariant::DifferingApplications,
        "differing-applications",
    ),
    (HeaderVariant::ForeignApplication, "foreign-application"),
    (
        HeaderVariant::ForeignPublisherTenant,
        "foreign-publisher-tenant",
    ),
    (HeaderVariant::SubjectOfOtherCloud, "subject-of-other-cloud"),
    (HeaderVariant::ExpiredSubject, "expired-subject"),
    (HeaderVariant::ExpiredApp, "expired-app"),
    (HeaderVariant::TamperedSubject, "tampered-subject"),
    (HeaderVariant::TamperedApp, "tampered-app"),
    (HeaderVariant::MissingScope, "missing-scope"),
    (HeaderVariant::OtherTenant, "other-tenant"),
    (HeaderVariant::NoTenant, "no-tenant"),
    (HeaderVariant::TenantTwice, "tenant-twice"),
    (HeaderVariant::TenantNotGuid, "tenant-not-guid"),
];

impl HeaderVariant {
    /// Every one, the two of Fabric's own first.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(|(variant, _)| variant)
    }

    /// Every one that a workload must refuse, whatever the call.
    pub fn malformed() -> impl Iterator<Item = Self> {
        Self::all().filter(|variant| !matches!(variant, Self::WellFormed | Self::EmptySubject))
    }

    /// Its name in the control routes.
    #[must_use]
    pub fn name(self) -> &'static str {
        let named = NAMES.iter().find(|(variant, _)| *variant == self);
        named.map_or("", |(_, name)| name)
    }

    /// The one with a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(_, other)| *other == name);
        named.map(|(variant, _)| *variant)
    }
}
