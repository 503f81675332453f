//! The authorize endpoint: from a client's request to a code, by way of a person.
//!
//! A request moves through the steps of [`step`], which only decides. Here a step becomes an
//! answer: a page, after which the request waits for what the person says, or the end.

mod ask;
mod consent;
mod delivery;
pub(crate) mod request;
pub(crate) mod step;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, header};

use super::error::{AuthorityError, RequestIds};
use super::form::Form;
use super::issued::{CODE_LIFETIME, Code, SignedIn, SignedInAccount};
use super::scope::Asked;
use super::{pages, session};
use crate::authority::Authority;
use crate::directory::{GrantedFor, User};
use crate::random;
use crate::tokens::Proven;
use consent::Wanted;
use request::{AuthorizeRequest, Prompt, Refused};
use step::{Person, Proof, ProofKind, Step};

/// A request that waits for a person.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    request: AuthorizeRequest,
    question: Question,
}

/// What the page asks, or says.
#[derive(Clone, Debug)]
enum Question {
    Blocked(AuthorityError),
    Consent(Person, Vec<Wanted>),
    Proof(Person, Proof),
    Who,
}

/// `GET` and `POST /{tenant}/oauth2/v2.0/authorize`.
pub(super) async fn authorize(
    State(authority): State<Arc<Authority>>,
    Path(tenant): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes()).and(Form::parse(&body));
    let ids = RequestIds::of(&headers, form.text("client-request-id"));
    let request = match AuthorizeRequest::parse(&authority, &tenant, &form) {
        Ok(request) => request,
        Err(Refused::Page(error)) => return pages::refusal(&error.sentence()),
        Err(Refused::Reply(told)) => {
            let (reply_to, error) = *told;
            return reply_to.refuse(&authority, &ids, &error.at_authorize());
        }
    };
    let signed_in = session::accounts(&authority, &headers);
    let step = step::for_browser(&authority, &request, &signed_in);
    take(&authority, request, &ids, step)
}

/// `POST /{tenant}/login`: the form of any of the pages.
pub(super) async fn answer(
    State(authority): State<Arc<Authority>>,
    Path(_): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !session::is_own_page(&authority, &headers) {
        return pages::refusal("This form belongs to the sign-in page of the emulator.");
    }
    let form = Form::parse(&body);
    let ids = RequestIds::of(&headers, None);
    let now = authority.clock.now();
    let Some(waiting) = form
        .text("ctx")
        .and_then(|context| authority.issued.waiting.take(context, now))
    else {
        return pages::refusal(
            "This sign-in has ended. Go back to the application and start again.",
        );
    };
    let Waiting { request, question } = waiting;
    let action = form.text("action");
    match question {
        Question::Who => signed_in(&authority, request, &ids, &headers, &form),
        Question::Consent(person, wanted) if action == Some("accept") => {
            consent(&authority, request, &ids, person, &wanted)
        }
        Question::Proof(person, proof) if action == Some("approve") => {
            proved(&authority, request, &ids, &headers, person, &proof)
        }
        Question::Blocked(denial) => refuse(&authority, &request, &ids, denial),
        Question::Consent(..) => refuse(&authority, &request, &ids, AuthorityError::cancelled()),
        Question::Proof(_, proof) => {
            let error = match proof.kind {
                ProofKind::CompliantDevice => proof.denial,
                ProofKind::SecondFactor => AuthorityError::second_factor_failed(),
            };
            refuse(&authority, &request, &ids, error)
        }
    }
}

// === What a person says ===

fn signed_in(
    authority: &Authority,
    mut request: AuthorizeRequest,
    ids: &RequestIds,
    headers: &HeaderMap,
    form: &Form,
) -> Response {
    if form.text("action") == Some("cancel") {
        return refuse(authority, &request, ids, AuthorityError::cancelled());
    }
    let Some(account) = form
        .text("account")
        .and_then(|name| authority.directory.account(name))
    else {
        return ask::who(authority, request);
    };
    // The browser keeps what it has proved of the account, unless the client wants all of it anew.
    let mut proven = session::accounts(authority, headers)
        .into_iter()
        .find(|known| known.upn == account.upn && request.prompt != Prompt::Login)
        .map_or_else(|| Proven::password(0), |known| known.proven);
    proven.at = authority.clock.now();
    if matches!(request.prompt, Prompt::Login | Prompt::SelectAccount) {
        request.prompt = Prompt::Unspecified;
    }
    remember_and_go_on(
        authority,
        request,
        ids,
        headers,
        SignedInAccount {
            upn: account.upn.clone(),
            proven,
        },
    )
}

fn proved(
    authority: &Authority,
    request: AuthorizeRequest,
    ids: &RequestIds,
    headers: &HeaderMap,
    person: Person,
    proof: &Proof,
) -> Response {
    let signed_in = SignedInAccount {
        upn: person.upn,
        proven: proof.add_to(person.proven, &request),
    };
    remember_and_go_on(authority, request, ids, headers, signed_in)
}

fn remember_and_go_on(
    authority: &Authority,
    request: AuthorizeRequest,
    ids: &RequestIds,
    headers: &HeaderMap,
    signed_in: SignedInAccount,
) -> Response {
    let step = step::for_account(authority, &request, &signed_in);
    let cookie = session::remember(authority, headers, signed_in);
    let mut response = take(authority, request, ids, step);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}

fn consent(
    authority: &Authority,
    mut request: AuthorizeRequest,
    ids: &RequestIds,
    person: Person,
    wanted: &[Wanted],
) -> Response {
    let directory = &authority.directory;
    let granted_for = GrantedFor::account(&person.tenant, &person.upn);
    for wanted in wanted {
        if let (Some(client), Some(resource)) = (
            directory.app(&wanted.client),
            directory.app(&wanted.resource),
        ) {
            directory.consent(client, &[(resource, wanted.scopes.clone())], &granted_for);
        }
    }
    request.prompt = Prompt::Unspecified;
    let signed_in = SignedInAccount {
        upn: person.upn,
        proven: person.proven,
    };
    let step = step::for_account(authority, &request, &signed_in);
    take(authority, request, ids, step)
}

// === What a step becomes ===

fn take(
    authority: &Authority,
    request: AuthorizeRequest,
    ids: &RequestIds,
    step: Step,
) -> Response {
    match step {
        Step::AskConsent(person, wanted) => ask::consent(authority, request, person, wanted),
        Step::AskProof(person, proof) => ask::proof(authority, request, person, proof),
        Step::AskWho => ask::who(authority, request),
        Step::Complete(person) => complete(authority, &request, ids, person),
        Step::Refuse(error) => refuse(authority, &request, ids, error),
        Step::Tell(person, denial) => ask::tell(authority, request, &person, denial),
    }
}

fn refuse(
    authority: &Authority,
    request: &AuthorizeRequest,
    ids: &RequestIds,
    error: AuthorityError,
) -> Response {
    request
        .reply_to
        .refuse(authority, ids, &error.at_authorize())
}

/// Issues the code.
fn complete(
    authority: &Authority,
    request: &AuthorizeRequest,
    ids: &RequestIds,
    person: Person,
) -> Response {
    let account = authority.directory.account_called(&person.upn);
    match issue_code(authority, request, person) {
        Ok(code) => {
            let client_info = request
                .wants_client_info
                .then(|| session::client_info(&account));
            request.reply_to.deliver(&code, client_info.as_deref())
        }
        Err(error) => refuse(authority, request, ids, error),
    }
}

fn issue_code(
    authority: &Authority,
    request: &AuthorizeRequest,
    person: Person,
) -> Result<String, AuthorityError> {
    let directory = &authority.directory;
    let app = directory
        .app(&request.client_id)
        .ok_or_else(AuthorityError::unknown_client)?;
    let user = User {
        tenant: &person.tenant,
        upn: &person.upn,
    };
    // A scope that nobody could consent to is refused here.
    Asked::parse(directory, &request.scope)?.granted(directory, app, user)?;

    let code = random::token();
    let expires_at = authority.clock.now().saturating_add(CODE_LIFETIME);
    authority.issued.codes.insert(
        code.clone(),
        Code {
            signed_in: SignedIn {
                client_id: app.client_id.clone(),
                account: person.upn,
                tenant: person.tenant,
                scope: request.scope.clone(),
                proven: person.proven,
            },
            redirect_uri: request.reply_to.uri.clone(),
            redirect_kind: request.redirect_kind,
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            redeemed: false,
        },
        expires_at,
    );
    Ok(code)
}
