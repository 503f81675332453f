//! What happens next to an authorization request: pure decisions on the request, on who is signed
//! in to the browser and on what they proved.
//!
//! First who it is, then whether the sign-in is good enough, then whether the application may have
//! what it asks. `prompt=none` never meets a page: a hidden frame would wait on it until it times
//! out.

use super::consent::{self, Wanted};
use super::request::{AuthorizeRequest, Prompt};
use crate::authority::Authority;
use crate::directory::{AccessPolicy, AccessRule, Account, TenantSegment, User};
use crate::entra::error::AuthorityError;
use crate::entra::issued::SignedInAccount;
use crate::entra::scope::Asked;
use crate::entra::{client, conditional_access};
use crate::tokens::Proven;

/// What happens next.
pub(super) enum Step {
    /// The person must say whether the application may have this.
    AskConsent(Person, Vec<Wanted>),
    /// The person must prove more than they have.
    AskProof(Person, Proof),
    /// A person must say who they are.
    AskWho,
    /// The person gets a code.
    Complete(Person),
    /// The client is told why not.
    Refuse(AuthorityError),
    /// The person is told why not, and the client when they have read it.
    Tell(Person, AuthorityError),
}

/// Somebody who signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// User principal name.
    pub(super) upn: String,
    /// The id of the tenant that issues the code.
    pub(super) tenant: String,
    pub(super) proven: Proven,
}

/// What a person must still prove, and what the client is told if they do not.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    pub(super) kind: ProofKind,
    pub(super) denial: AuthorityError,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProofKind {
    CompliantDevice,
    SecondFactor,
}

/// The next step for a browser in which these accounts are signed in.
pub(super) fn for_browser(
    authority: &Authority,
    request: &AuthorizeRequest,
    signed_in: &[SignedInAccount],
) -> Step {
    let mut candidates = signed_in.iter().filter(|signed_in| {
        authority
            .directory
            .account(&signed_in.upn)
            .is_some_and(|account| can_sign_in(authority, &request.tenant, account))
    });
    let chosen = match request.hinted_account(authority) {
        Some(hinted) => candidates.find(|signed_in| signed_in.upn == hinted.upn),
        None if request.login_hint.is_some() => None,
        None => candidates.next().filter(|_| candidates.next().is_none()),
    };
    match (request.prompt, chosen) {
        (Prompt::SelectAccount | Prompt::Login, _) => Step::AskWho,
        (_, Some(signed_in)) => for_account(authority, request, signed_in),
        (Prompt::None, None) => Step::Refuse(AuthorityError::sign_in_needed()),
        (Prompt::Consent | Prompt::Unspecified, None) => Step::AskWho,
    }
}

/// The next step for somebody who has signed in.
pub(super) fn for_account(
    authority: &Authority,
    request: &AuthorizeRequest,
    signed_in: &SignedInAccount,
) -> Step {
    decide(authority, request, signed_in).unwrap_or_else(Step::Refuse)
}

fn decide(
    authority: &Authority,
    request: &AuthorizeRequest,
    signed_in: &SignedInAccount,
) -> Result<Step, AuthorityError> {
    let directory = &authority.directory;
    let segment = directory
        .tenant_segment(&request.tenant)
        .ok_or_else(AuthorityError::unknown_tenant)?;
    let app = client::known(authority, segment, &request.client_id)?;
    let account = directory.account_called(&signed_in.upn);
    let tenant = match segment {
        TenantSegment::One(tenant) if account.is_in(&tenant.id) => tenant.id.clone(),
        TenantSegment::One(_) => return Err(AuthorityError::not_in_tenant()),
        TenantSegment::Any => account.home_tenant.clone(),
    };
    if directory.is_disabled(&account) {
        return Err(AuthorityError::account_disabled());
    }
    let person = Person {
        upn: account.upn.clone(),
        tenant,
        proven: signed_in.proven.clone(),
    };
    let asked = Asked::parse(directory, &request.scope)?;
    let silent = request.prompt == Prompt::None;

    if let Some(unmet) = unmet(authority, request, &person, &asked) {
        return match unmet {
            Unmet::Proof(proof) if !silent => Ok(Step::AskProof(person, proof)),
            Unmet::FreshSignIn(_) if !silent => Ok(Step::AskWho),
            Unmet::Nothing(denial) if !silent => Ok(Step::Tell(person, denial)),
            Unmet::Proof(Proof { denial, .. })
            | Unmet::FreshSignIn(denial)
            | Unmet::Nothing(denial) => Err(denial),
        };
    }
    let again = request.prompt == Prompt::Consent;
    let user = User {
        tenant: &person.tenant,
        upn: &person.upn,
    };
    let wanted = consent::wanted(directory, app, user, &asked, again);
    if wanted.is_empty() {
        Ok(Step::Complete(person))
    } else if silent {
        Err(AuthorityError::consent_needed())
    } else {
        Ok(Step::AskConsent(person, wanted))
    }
}

/// What would meet a demand that the sign-in does not.
enum Unmet {
    FreshSignIn(AuthorityError),
    /// Nothing would.
    Nothing(AuthorityError),
    Proof(Proof),
}

/// The first demand that the sign-in does not meet: of a resource in the scope, of a policy that
/// the client's claims challenge names, or of an authentication context.
fn unmet(
    authority: &Authority,
    request: &AuthorizeRequest,
    person: &Person,
    asked: &Asked<'_>,
) -> Option<Unmet> {
    let directory = &authority.directory;
    let now = authority.clock.now();
    let of_resources = asked
        .resources()
        .filter_map(|resource| directory.access_rule(&person.upn, resource));
    let of_challenge = directory.access_rules_named(&person.upn, &request.claims.policies);
    let unmet = of_resources
        .chain(of_challenge)
        .find(|rule| !conditional_access::is_met(rule, &person.proven, now));
    if let Some(rule) = unmet {
        return Some(Unmet::of_rule(&rule));
    }
    let contexts = &request.claims.contexts;
    conditional_access::check_contexts(contexts, &person.proven)
        .err()
        .map(|denial| Unmet::Proof(Proof::second_factor(denial)))
}

impl Unmet {
    fn of_rule(rule: &AccessRule) -> Self {
        let denial = conditional_access::refusal(rule);
        match rule.policy {
            AccessPolicy::Block => Self::Nothing(denial),
            AccessPolicy::CompliantDevice => Self::Proof(Proof {
                kind: ProofKind::CompliantDevice,
                denial,
            }),
            AccessPolicy::Mfa => Self::Proof(Proof::second_factor(denial)),
            AccessPolicy::SignInFrequency(_) => Self::FreshSignIn(denial),
        }
    }
}

impl Proof {
    fn second_factor(denial: AuthorityError) -> Self {
        Self {
            kind: ProofKind::SecondFactor,
            denial,
        }
    }

    /// What the person has proved once they have proved this too.
    pub(super) fn add_to(&self, mut proven: Proven, request: &AuthorizeRequest) -> Proven {
        match self.kind {
            ProofKind::CompliantDevice => proven.compliant_device = true,
            ProofKind::SecondFactor => {
                proven.add_second_factor();
                proven.add_contexts(&request.claims.contexts);
            }
        }
        proven
    }
}

/// Whether an account may sign in under a tenant segment.
pub(super) fn can_sign_in(authority: &Authority, tenant: &str, account: &Account) -> bool {
    match authority.directory.tenant_segment(tenant) {
        Some(TenantSegment::One(tenant)) => account.is_in(&tenant.id),
        Some(TenantSegment::Any) => true,
        None => false,
    }
}
