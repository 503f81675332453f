//! The decision of a data-plane call that carries two tokens: a service's own, and its user's beside
//! it.
//!
//! The application's token is judged first: whoever cannot prove itself learns nothing about the
//! user's. That it is good opens no door of its own: the user's token then has to meet the method's
//! policy exactly as a bearer token would.

use std::sync::Arc;

use http::HeaderMap;

use super::{Authenticator, Decision, Proven, Unproven, subject_token};
use crate::caller::{Admission, Caller};
use crate::claims::{Claims, TokenSubject};
use crate::error::{AuthError, TokenRole};
use crate::policy::MethodPolicy;

impl Authenticator {
    /// Decides a data-plane call of which the policy takes two tokens.
    pub(super) fn decide_pair(
        &self,
        method: &Arc<MethodPolicy>,
        headers: &HeaderMap,
        subject: Option<&str>,
        app: &str,
        learned: bool,
    ) -> Decision {
        let app = match self.recall_or_verify(app, learned) {
            Ok(proven) => proven,
            Err(unproven) => return self.unproven(unproven, TokenRole::App),
        };
        if let Err(error) = authorize_app(&app.claims) {
            return self.refuse_proven(error, Some(TokenRole::App), app);
        }
        let claims = Arc::clone(&app.claims);
        self.decide_beside(method, headers, subject, app, learned)
            .beside(&claims, None)
    }

    /// Decides a call whose application has proved itself.
    fn decide_beside(
        &self,
        method: &Arc<MethodPolicy>,
        headers: &HeaderMap,
        subject: Option<&str>,
        app: Proven,
        learned: bool,
    ) -> Decision {
        let policy = &method.policy;
        let role = Some(TokenRole::Subject);
        let Some(token) = subject else {
            if !policy.subject_may_be_empty() {
                return self.refuse(AuthError::SubjectTokenRequired, role);
            }
            return Decision::Allow(Caller {
                subject_token: None,
                admission: Admission {
                    method: Arc::clone(method),
                    claims: None,
                    app: Some(app.claims),
                    stated_tenant: None,
                    digest: Some(app.digest.head()),
                },
            });
        };
        let subject = match self.recall_or_verify(token, learned) {
            Ok(proven) => proven,
            Err(unproven) => return self.unproven(unproven, TokenRole::Subject),
        };
        if let Err(error) = belong_together(&app, &subject) {
            return self.refuse_proven(error, Some(TokenRole::App), app);
        }
        if let Err(error) =
            policy.authorize_subject(&subject.claims, self.tenants_of(subject.authority))
        {
            return self.refuse_proven(error, role, subject);
        }
        Decision::Allow(Caller {
            subject_token: subject_token(headers, token, &subject),
            admission: Admission {
                method: Arc::clone(method),
                digest: Some(subject.digest.head()),
                claims: Some(subject.claims),
                app: Some(app.claims),
                stated_tenant: None,
            },
        })
    }

    pub(super) fn unproven(&self, unproven: Unproven, role: TokenRole) -> Decision {
        match unproven {
            Unproven::NeedsKey(wanted) => Decision::NeedsKey(wanted, role),
            Unproven::Refused(mut refused) => {
                // Unknown, or at odds with `scp`: of neither of the two kinds that make a pair.
                if refused.error == (AuthError::TokenClaimInvalid { claim: "idtyp" }) {
                    refused.error = AuthError::TokenTypeNotAllowed;
                }
                self.refuse_token(*refused, Some(role))
            }
        }
    }
}

/// Whether these are the claims of an application that may speak beside a user.
///
/// The authority's list of tenants is not asked: it lists those of users.
fn authorize_app(app: &Claims) -> Result<(), AuthError> {
    prove_app(app)?;
    if !app.is_from_publisher() {
        return Err(AuthError::TenantMismatch);
    }
    Ok(())
}

/// Whether these are the claims of an application's own token that says so itself.
pub(super) fn prove_app(app: &Claims) -> Result<(), AuthError> {
    if app.subject == TokenSubject::App && app.states_subject {
        Ok(())
    } else {
        Err(AuthError::TokenTypeNotAllowed)
    }
}

/// Whether both tokens are from one authority and for one registration: otherwise an application
/// that is known to one of our registrations could speak for users of another.
fn belong_together(app: &Proven, subject: &Proven) -> Result<(), AuthError> {
    if app.authority != subject.authority {
        return Err(AuthError::TokenIssuerMismatch);
    }
    if app.claims.registration() != subject.claims.registration() {
        return Err(AuthError::TokenAudienceMismatch);
    }
    Ok(())
}
