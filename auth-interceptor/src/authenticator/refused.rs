//! How a call is refused, and what is known of the token that it is refused for.

use std::sync::Arc;

use super::{Authenticator, Decision, Proven, WantedKey};
use crate::claims::Claims;
use crate::error::{AuthError, TokenRole};
use crate::identity::TenantId;
use crate::known::Known;
use crate::refusal::Denial;
use crate::remembered::TokenDigest;

pub(super) enum Unproven {
    Refused(Box<RefusedToken>),
    NeedsKey(WantedKey),
}

/// A token that proves nothing.
pub(super) struct RefusedToken {
    pub(super) error: AuthError,
    pub(super) known: Known,
    /// The number of the authority that it is from, where that was found out.
    pub(super) authority: Option<usize>,
}

impl From<AuthError> for Unproven {
    fn from(error: AuthError) -> Self {
        Self::Refused(Box::new(RefusedToken {
            error,
            known: Known::default(),
            authority: None,
        }))
    }
}

impl Unproven {
    /// Why, where it is refused for good.
    pub(super) fn error(&self) -> Option<&AuthError> {
        match self {
            Self::Refused(refused) => Some(&refused.error),
            Self::NeedsKey(_) => None,
        }
    }

    /// The same, of the token with this digest.
    pub(super) fn of(mut self, digest: TokenDigest) -> Self {
        let known = match &mut self {
            Self::Refused(refused) => &mut refused.known,
            Self::NeedsKey(wanted) => &mut wanted.known,
        };
        known.digest = Some(digest.head());
        self
    }
}

impl Authenticator {
    /// Refuses a call before any token of it is looked at.
    pub(super) fn refuse(&self, error: AuthError, role: Option<TokenRole>) -> Decision {
        let refused = RefusedToken {
            error,
            known: Known::default(),
            authority: None,
        };
        self.refuse_token(refused, role)
    }

    /// Refuses a call for a token that proves nothing.
    pub(super) fn refuse_token(&self, refused: RefusedToken, role: Option<TokenRole>) -> Decision {
        Decision::Refuse(Box::new(self.denial(refused, role)))
    }

    /// Refuses a call for what a token proves.
    pub(super) fn refuse_proven(
        &self,
        error: AuthError,
        role: Option<TokenRole>,
        proven: Proven,
    ) -> Decision {
        let refused = RefusedToken {
            error,
            known: Known::of(proven.digest),
            authority: Some(proven.authority),
        };
        let mut denial = self.denial(refused, role);
        denial.claims = Some(proven.claims);
        Decision::Refuse(Box::new(denial))
    }

    pub(super) fn denial(&self, refused: RefusedToken, token_role: Option<TokenRole>) -> Denial {
        let RefusedToken {
            error,
            mut known,
            authority,
        } = refused;
        known.keys_age = match authority.and_then(|number| self.authorities.get(number)) {
            Some(authority) => authority.keys.age(),
            None => self.oldest_keys_age(),
        };
        Denial {
            error,
            token_role,
            claims: None,
            authorization_uri: self.authorization_uri.clone(),
            known,
        }
    }
}

impl Decision {
    /// The same, of a call in which `app` has proved itself and names this tenant.
    pub(super) fn beside(mut self, app: &Arc<Claims>, stated_tenant: Option<TenantId>) -> Self {
        let known = match &mut self {
            Self::Allow(_) => return self,
            Self::Refuse(denial) => &mut denial.known,
            Self::NeedsKey(wanted, _) => &mut wanted.known,
        };
        known.app = Some(Arc::clone(app));
        known.stated_tenant = stated_tenant;
        self
    }
}
