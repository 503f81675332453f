//! The pages after which a request waits for a person.

use axum::response::Response;

use super::consent::Wanted;
use super::request::AuthorizeRequest;
use super::step::{self, Person, Proof, ProofKind};
use super::{Question, Waiting};
use crate::authority::Authority;
use crate::directory::Account;
use crate::entra::error::AuthorityError;
use crate::entra::issued::PAGE_LIFETIME;
use crate::entra::pages;
use crate::random;

pub(super) fn who(authority: &Authority, request: AuthorizeRequest) -> Response {
    let accounts: Vec<&Account> = authority
        .directory
        .accounts()
        .iter()
        .filter(|account| step::can_sign_in(authority, &request.tenant, account))
        .collect();
    let context = random::token();
    let page = pages::sign_in(&pages::SignIn {
        app: app_name(authority, &request),
        action: &format!("/{}/login", request.tenant),
        hidden: &[("ctx", &context)],
        accounts: &accounts,
        chosen: request
            .hinted_account(authority)
            .map(|account| account.upn.as_str()),
    });
    wait(authority, context, request, Question::Who);
    page
}

pub(super) fn consent(
    authority: &Authority,
    request: AuthorizeRequest,
    person: Person,
    wanted: Vec<Wanted>,
) -> Response {
    let context = random::token();
    let directory = &authority.directory;
    let permissions: Vec<pages::Permission<'_>> = wanted
        .iter()
        .filter_map(|wanted| {
            let middle_tier = (wanted.client != request.client_id)
                .then(|| directory.app(&wanted.client))
                .flatten();
            Some(pages::Permission {
                resource: &directory.app(&wanted.resource)?.name,
                scopes: &wanted.scopes,
                middle_tier: middle_tier.map(|app| app.name.as_str()),
            })
        })
        .collect();
    let page = pages::consent(&pages::Consent {
        id: "consent",
        app: app_name(authority, &request),
        who: &person.upn,
        action: &format!("/{}/login", request.tenant),
        context: &context,
        permissions: &permissions,
    });
    wait(
        authority,
        context,
        request,
        Question::Consent(person, wanted),
    );
    page
}

pub(super) fn proof(
    authority: &Authority,
    request: AuthorizeRequest,
    person: Person,
    proof: Proof,
) -> Response {
    let context = random::token();
    let page = pages::step_up(&pages::StepUp {
        device: proof.kind == ProofKind::CompliantDevice,
        who: &person.upn,
        action: &format!("/{}/login", request.tenant),
        context: &context,
    });
    wait(authority, context, request, Question::Proof(person, proof));
    page
}

pub(super) fn tell(
    authority: &Authority,
    request: AuthorizeRequest,
    person: &Person,
    denial: AuthorityError,
) -> Response {
    let context = random::token();
    let page = pages::blocked(&pages::Blocked {
        app: app_name(authority, &request),
        who: &person.upn,
        why: &denial.sentence(),
        action: &format!("/{}/login", request.tenant),
        context: &context,
    });
    wait(authority, context, request, Question::Blocked(denial));
    page
}

fn wait(authority: &Authority, context: String, request: AuthorizeRequest, question: Question) {
    let expires_at = authority.clock.now().saturating_add(PAGE_LIFETIME);
    authority
        .issued
        .waiting
        .insert(context, Waiting { request, question }, expires_at);
}

fn app_name<'a>(authority: &'a Authority, request: &AuthorizeRequest) -> &'a str {
    authority
        .directory
        .app(&request.client_id)
        .map_or("an application", |app| app.name.as_str())
}
