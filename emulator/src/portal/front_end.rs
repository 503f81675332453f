//! The front ends of workloads that the portal hosts, as their manifests declare them.
//!
//! A front end's address ends up in a frame and in the policy that admits the frame, so only a
//! plain origin of this machine is taken in.

use std::net::IpAddr;

use http::Uri;
use serde::Serialize;
use thiserror::Error;

use crate::Emulator;
use crate::locked::Locked;

/// Front ends remembered at once.
const FRONT_ENDS: usize = 64;

/// The front end of a workload.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontEnd {
    /// The workload's name, which all its frames are told: `Org.Selvedge`.
    pub name: String,
    /// The name for people.
    pub display_name: String,
    /// Where it is served: `http://127.0.0.1:60006`.
    pub url: String,
    /// The client id of the workload's application, in whose name people are asked for consent.
    pub client_id: String,
    /// The application's Application ID URI, which the tokens for the front end are for.
    pub audience: String,
    /// Where the authority sends a consent window in the end: a page that closes itself.
    pub redirect_uri: String,
}

/// Why a front end was not registered.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrontEndError {
    /// There are as many as may be.
    #[error("too many front ends are registered")]
    Full,
    /// The redirect URI is not one of this machine.
    #[error("the redirect URI is not an address of this machine")]
    RedirectUri,
    /// The address is no origin of this machine.
    #[error("the front end's URL is not an origin of this machine")]
    Url,
}

impl Emulator {
    /// Lets the portal host a front end, in the place of the one of the same name.
    ///
    /// # Errors
    /// When an address of it is not on loopback, or there are too many.
    pub fn register_front_end(&self, front_end: FrontEnd) -> Result<(), FrontEndError> {
        self.authority.front_ends.register(front_end)
    }
}

/// The registered front ends, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct FrontEnds(Locked<Vec<FrontEnd>>);

impl FrontEnds {
    fn register(&self, mut front_end: FrontEnd) -> Result<(), FrontEndError> {
        front_end.url = origin(&front_end.url).ok_or(FrontEndError::Url)?;
        let redirect: Option<Uri> = front_end.redirect_uri.parse().ok();
        redirect
            .as_ref()
            .and_then(loopback_origin)
            .ok_or(FrontEndError::RedirectUri)?;
        let mut front_ends = self.0.lock();
        let full = front_ends.len() >= FRONT_ENDS;
        match front_ends
            .iter_mut()
            .find(|known| known.name == front_end.name)
        {
            Some(known) => *known = front_end,
            None if full => return Err(FrontEndError::Full),
            None => front_ends.push(front_end),
        }
        Ok(())
    }

    pub(super) fn all(&self) -> Vec<FrontEnd> {
        self.0.lock().clone()
    }
}

/// An origin of this machine, without a slash at the end; `None` for anything more or else.
fn origin(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let bare = uri.path() == "/" && uri.query().is_none();
    bare.then(|| loopback_origin(&uri))?
}

/// The origin of a URI, made of its parts and of nothing else that was in the text.
fn loopback_origin(uri: &Uri) -> Option<String> {
    let scheme = uri
        .scheme_str()
        .filter(|scheme| ["http", "https"].contains(scheme))?;
    let host = uri.host()?;
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = host == "localhost"
        || address
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback());
    loopback.then(|| match uri.port_u16() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{FRONT_ENDS, FrontEnd, FrontEndError, FrontEnds};

    fn front_end(name: &str, url: &str, redirect_uri: &str) -> FrontEnd {
        FrontEnd {
            name: name.to_owned(),
            display_name: name.to_owned(),
            url: url.to_owned(),
            client_id: "client".to_owned(),
            audience: "api://audience".to_owned(),
            redirect_uri: redirect_uri.to_owned(),
        }
    }

    #[test]
    fn only_origins_of_this_machine_are_hosted() {
        let close = "http://localhost:60006/close";
        let front_ends = FrontEnds::default();
        for good in [
            "http://127.0.0.1:60006",
            "http://localhost:60006/",
            "https://[::1]",
        ] {
            let registered = front_ends.register(front_end("one", good, close));
            assert_eq!(registered, Ok(()), "{good}");
            let [kept] = &front_ends.all()[..] else {
                panic!("one of a name at most");
            };
            assert_eq!(kept.url, good.trim_end_matches('/'));
        }
        for bad in [
            "http://workload.test",
            "http://10.0.0.1",
            "http://localhost.elsewhere.test",
            "http://localhost@elsewhere.test",
            "http://127.0.0.1:60006/deep",
            "http://127.0.0.1:60006?a=b",
            "ftp://127.0.0.1",
            "http://localhost;script-src *",
            "",
        ] {
            let refused = front_ends.register(front_end("two", bad, close));
            assert_eq!(refused, Err(FrontEndError::Url), "{bad}");
        }
        let url = "http://127.0.0.1:60006";
        let refused = front_ends.register(front_end("two", url, "https://elsewhere.test/close"));
        assert_eq!(refused, Err(FrontEndError::RedirectUri));
    }

    #[test]
    fn there_is_an_end_to_them() {
        let front_ends = FrontEnds::default();
        let url = "http://127.0.0.1:60006";
        for number in 0..FRONT_ENDS {
            let registered = front_ends.register(front_end(&number.to_string(), url, url));
            assert_eq!(registered, Ok(()));
        }
        let refused = front_ends.register(front_end("more", url, url));
        assert_eq!(refused, Err(FrontEndError::Full));
    }
}
