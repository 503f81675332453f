//! The decision of a call on the control plane, where Fabric alone calls: with a token of its own,
//! the tenant that it calls for, and its user's token where there is a user.
//!
//! Each is judged in full before the next is looked at, and only then whether they belong together:
//! whoever cannot prove to be Fabric learns nothing about the rest.

use std::sync::Arc;

use http::HeaderMap;

use super::subject_and_app::prove_app;
use super::{Authenticator, Decision, Proven, subject_token};
use crate::caller::{Admission, Caller};
use crate::claims::{Claims, TokenSubject, TokenVersion};
use crate::error::{AuthError, TokenRole};
use crate::identity::TenantId;
use crate::policy::{MethodPolicy, Policy};
use crate::tenant_header;

impl Authenticator {
    /// Decides a control-plane call, of which every policy takes two tokens and nothing else.
    pub(super) fn decide_control(
        &self,
        method: &Arc<MethodPolicy>,
        headers: &HeaderMap,
        subject: Option<&str>,
        app: &str,
        learned: bool,
    ) -> Decision {
        let policy = &method.policy;
        let app = match self.recall_or_verify(app, learned) {
            Ok(proven) => proven,
            Err(unproven) => return self.unproven(unproven, TokenRole::App),
        };
        if let Err(error) = self.authorize_fabric(policy, &app.claims) {
            return self.refuse_proven(error, Some(TokenRole::App), app);
        }
        match stated_tenant(policy, headers) {
            Ok(tenant) => self
                .decide_for_tenant(method, headers, subject, &app, tenant, learned)
                .beside(&app.claims, tenant),
            Err(error) => self.refuse(error, None).beside(&app.claims, None),
        }
    }

    /// Decides a call of Fabric's own for the tenant that it names.
    fn decide_for_tenant(
        &self,
        method: &Arc<MethodPolicy>,
        headers: &HeaderMap,
        subject: Option<&str>,
        app: &Proven,
        tenant: Option<TenantId>,
        learned: bool,
    ) -> Decision {
        let policy = &method.policy;
        let role = Some(TokenRole::Subject);
        let Some(token) = subject else {
            if !policy.subject_may_be_empty() {
                return self.refuse(AuthError::SubjectTokenRequired, role);
            }
            // No user's token vouches for the tenant, so Fabric's word for it is held to the list.
            if let Some(tenant) = tenant
                && !self.tenants_of(app.authority).contains(&tenant)
            {
                return self.refuse(AuthError::TenantNotAllowed { tenant }, None);
            }
            return Decision::Allow(Caller {
                subject_token: None,
                admission: Admission {
                    method: Arc::clone(method),
                    claims: None,
                    app: Some(Arc::clone(&app.claims)),
                    stated_tenant: tenant,
                    digest: Some(app.digest.head()),
                },
            });
        };
        let subject = match self.recall_or_verify(token, learned) {
            Ok(proven) => proven,
            Err(unproven) => return self.unproven(unproven, TokenRole::Subject),
        };
        let tenants = self.tenants_of(subject.authority);
        if let Err(error) = prove_user(&subject.claims)
            .and_then(|()| belong_together(app, &subject, tenant))
            .and_then(|()| policy.authorize_delegation(&subject.claims, tenants))
        {
            return self.refuse_proven(error, role, subject);
        }
        Decision::Allow(Caller {
            subject_token: subject_token(headers, token, &subject),
            admission: Admission {
                method: Arc::clone(method),
                digest: Some(subject.digest.head()),
                claims: Some(subject.claims),
                app: Some(Arc::clone(&app.claims)),
                stated_tenant: tenant,
            },
        })
    }

    /// Whether these are the claims of Fabric itself, in the order: authority, kind, application,
    /// tenant.
    ///
    /// The registration's list of clients is not asked: it lists those that users sign in to.
    fn authorize_fabric(&self, policy: &Policy, app: &Claims) -> Result<(), AuthError> {
        // Fabric's applications are Entra's; elsewhere, anybody may have their ids.
        if app.version == TokenVersion::Rfc9068 {
            return Err(AuthError::TokenIssuerMismatch);
        }
        prove_app(app)?;
        if !self
            .fabric_apps
            .iter()
            .any(|id| **id == *app.client.as_str())
        {
            return Err(AuthError::ClientAppNotAllowed {
                client: app.client.clone(),
            });
        }
        policy.admit_client(app)?;
        if !app.is_from_publisher() {
            return Err(AuthError::TenantMismatch);
        }
        Ok(())
    }
}

/// The tenant that Fabric names, which only a policy lets it leave out.
fn stated_tenant(policy: &Policy, headers: &HeaderMap) -> Result<Option<TenantId>, AuthError> {
    match tenant_header::read(headers)? {
        None if !policy.tenant_header_may_be_absent() => Err(AuthError::TenantHeaderInvalid),
        tenant => Ok(tenant),
    }
}

/// Whether these are the claims of a user as Fabric sends them: without `idtyp`.
fn prove_user(subject: &Claims) -> Result<(), AuthError> {
    if subject.version == TokenVersion::Rfc9068 {
        return Err(AuthError::TokenIssuerMismatch);
    }
    if subject.subject != TokenSubject::User || subject.states_subject {
        return Err(AuthError::TokenTypeNotAllowed);
    }
    Ok(())
}

/// Whether the user's token is from the authority, for the registration and issued to the
/// application of Fabric's own, and from the tenant that Fabric names.
fn belong_together(
    app: &Proven,
    subject: &Proven,
    tenant: Option<TenantId>,
) -> Result<(), AuthError> {
    if subject.authority != app.authority {
        return Err(AuthError::TokenIssuerMismatch);
    }
    let (app, subject) = (&app.claims, &subject.claims);
    if subject.registration() != app.registration() {
        return Err(AuthError::TokenAudienceMismatch);
    }
    if subject.client != app.client {
        return Err(AuthError::SubjectAppMismatch);
    }
    if tenant.is_some_and(|tenant| tenant != subject.tenant) {
        return Err(AuthError::TenantMismatch);
    }
    Ok(())
}
