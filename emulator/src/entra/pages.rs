//! The pages a person sees. They work without scripts, but for the one that posts itself, and
//! their element names and ids are stable, because tests drive them.
//!
//! No `form-action`: a browser applies it to the redirect that follows the form too, and would
//! keep the answer from the application.

use std::fmt::Write as _;
use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::response::{Html, IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, StatusCode, header};

use crate::directory::Account;

const STYLE: &str = include_str!("pages.css");
const SUBMIT: &str = "document.forms[0].submit()";

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |text: &str| {
        let digest = digest::digest(&digest::SHA256, text.as_bytes());
        STANDARD.encode(digest)
    };
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'",
        hash(STYLE),
        hash(SUBMIT),
    );
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"))
});

/// The choice of an account.
pub(super) struct SignIn<'a> {
    /// The application's name.
    pub(super) app: &'a str,
    /// Where the form goes.
    pub(super) action: &'a str,
    /// Hidden fields.
    pub(super) hidden: &'a [(&'a str, &'a str)],
    pub(super) accounts: &'a [&'a Account],
    /// The account chosen to begin with; the first when none is.
    pub(super) chosen: Option<&'a str>,
}

/// The sign-in page: fields `account` and `action` (`sign-in` or `cancel`).
pub(super) fn sign_in(page: &SignIn<'_>) -> Response {
    let mut body = format!(
        "<h1>Sign in</h1><p>to <strong>{}</strong></p><form id=\"sign-in\" method=\"post\" \
         action=\"{}\">",
        escape(page.app),
        escape(page.action),
    );
    for (name, value) in page.hidden {
        let _ = write!(body, "{}", hidden(name, value.as_bytes()));
    }
    body.push_str("<fieldset><legend>Choose an account</legend>");
    for (index, account) in page.accounts.iter().enumerate() {
        let checked = match page.chosen {
            Some(upn) => upn == account.upn,
            None => index == 0,
        };
        let _ = write!(
            body,
            "<label class=\"choice\" for=\"account-{index}\"><input type=\"radio\" \
             id=\"account-{index}\" name=\"account\" value=\"{upn}\"{checked} required> {name}\
             <small>{shown}</small></label>",
            upn = escape(&account.upn),
            checked = if checked { " checked" } else { "" },
            name = escape(&account.name),
            shown = escape(account.alias.as_deref().unwrap_or(&account.upn)),
        );
    }
    body.push_str(
        "</fieldset><button id=\"submit\" class=\"primary\" name=\"action\" value=\"sign-in\">\
         Sign in</button><button id=\"cancel\" name=\"action\" value=\"cancel\" formnovalidate>\
         Cancel</button></form>",
    );
    page_of(StatusCode::OK, "Sign in", &body)
}

/// The question whether an application may have something.
pub(super) struct Consent<'a> {
    /// The id of the form.
    pub(super) id: &'a str,
    /// The application's name.
    pub(super) app: &'a str,
    /// The account or tenant that would consent.
    pub(super) who: &'a str,
    /// Where the form goes.
    pub(super) action: &'a str,
    pub(super) context: &'a str,
    pub(super) permissions: &'a [Permission<'a>],
}

/// Scopes of one resource.
pub(super) struct Permission<'a> {
    /// The resource's name.
    pub(super) resource: &'a str,
    pub(super) scopes: &'a [String],
    /// The name of the application that would use them, when it is not the one that asks.
    pub(super) middle_tier: Option<&'a str>,
}

/// The consent pages: field `action` (`accept` or `cancel`).
pub(super) fn consent(page: &Consent<'_>) -> Response {
    let mut body = format!(
        "<h1>Permissions requested</h1><p><strong>{}</strong> would like to use, for \
         <strong id=\"who\">{}</strong>:</p><ul id=\"permissions\">",
        escape(page.app),
        escape(page.who),
    );
    for permission in page.permissions {
        let user = permission
            .middle_tier
            .map_or_else(String::new, |name| format!(", for {}", escape(name)));
        for scope in permission.scopes {
            let _ = write!(
                body,
                "<li>{} <small>{}{user}</small></li>",
                escape(scope),
                escape(permission.resource),
            );
        }
    }
    let _ = write!(
        body,
        "</ul><form id=\"{}\" method=\"post\" action=\"{}\">{}\
         <button id=\"submit\" class=\"primary\" name=\"action\" value=\"accept\">Accept</button>\
         <button id=\"cancel\" name=\"action\" value=\"cancel\">Cancel</button></form>",
        escape(page.id),
        escape(page.action),
        hidden("ctx", page.context.as_bytes()),
    );
    page_of(StatusCode::OK, "Permissions requested", &body)
}

/// The demand to prove more than a password.
pub(super) struct StepUp<'a> {
    /// Whether a compliant device is demanded; else it is a second factor.
    pub(super) device: bool,
    /// The account.
    pub(super) who: &'a str,
    /// Where the form goes.
    pub(super) action: &'a str,
    pub(super) context: &'a str,
}

/// The step-up pages: field `action` (`approve` or `deny`).
pub(super) fn step_up(page: &StepUp<'_>) -> Response {
    let (title, text, approve, deny) = if page.device {
        (
            "Prove your device",
            "Your organization lets compliant devices in only.",
            "This device is compliant",
            "It is not",
        )
    } else {
        (
            "Approve sign-in request",
            "Your organization demands a second factor.",
            "Approve",
            "Deny",
        )
    };
    let body = format!(
        "<h1>{title}</h1><p>{text}</p><p id=\"who\">{}</p>\
         <form id=\"step-up\" method=\"post\" action=\"{}\">{}\
         <button id=\"submit\" class=\"primary\" name=\"action\" value=\"approve\">{approve}\
         </button><button id=\"cancel\" name=\"action\" value=\"deny\">{deny}</button></form>",
        escape(page.who),
        escape(page.action),
        hidden("ctx", page.context.as_bytes()),
    );
    page_of(StatusCode::OK, title, &body)
}

/// The news that a policy keeps somebody out.
pub(super) struct Blocked<'a> {
    /// The application's name.
    pub(super) app: &'a str,
    /// The account.
    pub(super) who: &'a str,
    /// The authority's code and its sentence.
    pub(super) why: &'a str,
    /// Where the form goes.
    pub(super) action: &'a str,
    pub(super) context: &'a str,
}

/// The page of a block, which nothing lifts: field `action` (`back`).
pub(super) fn blocked(page: &Blocked<'_>) -> Response {
    let body = format!(
        "<h1>You cannot get to this now</h1><p>You signed in, and a policy of your organization \
         keeps you from what <strong>{}</strong> asks for.</p><p id=\"who\">{}</p>\
         <p id=\"error\">{}</p><form id=\"blocked\" method=\"post\" action=\"{}\">{}\
         <button id=\"cancel\" name=\"action\" value=\"back\">Back</button></form>",
        escape(page.app),
        escape(page.who),
        escape(page.why),
        escape(page.action),
        hidden("ctx", page.context.as_bytes()),
    );
    page_of(StatusCode::OK, "You cannot get to this now", &body)
}

/// The page where a person types the code their device shows: field `user_code`.
pub(super) fn device(user_code: &str, note: Option<&str>) -> Response {
    let note = note.map_or_else(String::new, |note| {
        format!("<p role=\"alert\" id=\"note\">{}</p>", escape(note))
    });
    let body = format!(
        "<h1>Enter code</h1><p>Enter the code that your application shows.</p>{note}\
         <form id=\"device\" method=\"post\" action=\"/devicelogin\"><p>\
         <label for=\"user_code\">Code</label><input type=\"text\" id=\"user_code\" \
         name=\"user_code\" value=\"{}\" autocomplete=\"off\" required></p>\
         <button id=\"submit\" class=\"primary\">Next</button></form>",
        escape(user_code),
    );
    page_of(StatusCode::OK, "Enter code", &body)
}

/// A plain statement.
pub(super) fn message(title: &str, text: &str) -> Response {
    let body = format!(
        "<h1>{}</h1><p id=\"message\">{}</p>",
        escape(title),
        escape(text),
    );
    page_of(StatusCode::OK, title, &body)
}

/// A request that cannot be answered to its client.
pub(super) fn refusal(sentence: &str) -> Response {
    let body = format!(
        "<h1>The request was refused</h1><p id=\"error\" role=\"alert\">{}</p>",
        escape(sentence),
    );
    page_of(StatusCode::BAD_REQUEST, "The request was refused", &body)
}

/// The form that carries an answer to the client by itself (`response_mode=form_post`).
pub(super) fn form_post(uri: &str, parameters: &[(&str, &[u8])]) -> Response {
    let mut body = format!(
        "<h1>Signing in</h1><form id=\"answer\" method=\"post\" action=\"{}\">",
        escape(uri),
    );
    for (name, value) in parameters {
        body.push_str(&hidden(name, value));
    }
    let _ = write!(
        body,
        "<noscript><button id=\"submit\">Continue</button></noscript></form>\
         <script>{SUBMIT}</script>",
    );
    page_of(StatusCode::OK, "Signing in", &body)
}

fn page_of(status: StatusCode, title: &str, body: &str) -> Response {
    let document = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\
         <style>{STYLE}</style></head><body><main>{body}</main></body></html>",
        escape(title),
    );
    let mut response = (status, Html(document)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY.clone());
    // Without an origin on its form posts, a page of ours could not be told from a stranger's.
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    );
    response
}

fn hidden(name: &str, value: &[u8]) -> String {
    format!(
        "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
        escape(name),
        escape(&String::from_utf8_lossy(value)),
    )
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // A browser would otherwise change line ends and break a byte-exact value.
            '\r' => escaped.push_str("&#13;"),
            '\n' => escaped.push_str("&#10;"),
            other => escaped.push(other),
        }
    }
    escaped
}
