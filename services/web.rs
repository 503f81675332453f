//! The workload's front end, as the service serves it: the embedded bundle and what its pages have
//! to know of this installation.
//!
//! On a listener of its own, so that no page shares an origin with the API. It reads nothing but
//! path, method and a few headers, and there is nothing to guard: all of it is public.

mod bundle;
mod configuration;
mod policy;
mod request;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    ETAG, InvalidHeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use reqwest::Url;
use tokio::net::TcpListener;
use tonic::body::Body;
use tower::Service;

use self::bundle::{Content, File};
use self::policy::{Origins, Policies};
use crate::config::Web;

/// A front end that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// An address that pages are to reach is none.
    #[error("the front end's pages are told of an address that is no URL")]
    Address,
    /// What pages may do cannot be written as a header.
    #[error("the policy of the front end's pages is no header value")]
    Policy(#[from] InvalidHeaderValue),
}

/// Serves the front end.
#[derive(Clone)]
pub struct Site(Arc<Parts>);

struct Parts {
    policies: Policies,
    configuration: File,
}

/// Binds the front end's address and, with 127.0.0.1, the same port of `[::1]` where that can be had:
/// a browser takes `localhost` for either.
///
/// # Errors
///
/// The address cannot be listened on.
pub async fn listen(address: SocketAddr) -> io::Result<Vec<TcpListener>> {
    let first = TcpListener::bind(address).await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    if address.ip() == IpAddr::from(Ipv4Addr::LOCALHOST)
        && let Ok(twin) = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await
    {
        listeners.push(twin);
    }
    Ok(listeners)
}

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resource<'a> {
    App,
    Broker,
    BrokerClose,
    Close,
    Configuration,
    File(&'a str),
    Nothing,
}

impl<'a> Resource<'a> {
    /// Pages have one path each, so that none is served under another's policy. What looks like no
    /// file is one of the front end's own routes.
    fn at(path: &'a str) -> Self {
        match path {
            "/broker" => Self::Broker,
            "/broker/close" => Self::BrokerClose,
            "/close" => Self::Close,
            "/config.json" => Self::Configuration,
            "/licenses.txt" => Self::File("licenses.txt"),
            path if path.starts_with("/assets/") => {
                path.strip_prefix('/').map_or(Self::Nothing, Self::File)
            }
            path if !path.contains('.') => Self::App,
            _ => Self::Nothing,
        }
    }
}

impl Site {
    /// The front end, as configured.
    ///
    /// # Errors
    ///
    /// Addresses in `web` that are none.
    pub fn new(web: &Web) -> Result<Self, SiteError> {
        let broker = web.broker.as_ref();
        let policies = Policies::new(&Origins {
            service: origin(&web.service)?,
            authority: broker.map(|broker| origin(&broker.authority)).transpose()?,
            frame_ancestors: &web.frame_ancestors,
        })?;
        let configuration = configuration::document(web).to_string();
        Ok(Self(Arc::new(Parts {
            policies,
            configuration: File::new("application/json", configuration),
        })))
    }

    fn answer(&self, request: &Request<Body>) -> Response<Body> {
        let Parts {
            policies,
            configuration,
        } = self.0.as_ref();
        let (file, policy) = match Resource::at(request.uri().path()) {
            Resource::App => (bundle::file("index.html"), &policies.app),
            Resource::Broker => (bundle::file("broker.html"), &policies.broker),
            Resource::BrokerClose => (bundle::file("broker-close.html"), &policies.broker_close),
            Resource::Close => (bundle::file("close.html"), &policies.close),
            Resource::Configuration => (Some(configuration), &policies.file),
            Resource::File(name) => (bundle::file(name), &policies.file),
            Resource::Nothing => (None, &policies.file),
        };
        let mut response = match file {
            _ if !matches!(*request.method(), Method::GET | Method::HEAD) => {
                let mut response = sentence(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
                response
                    .headers_mut()
                    .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            None => sentence(StatusCode::NOT_FOUND, "there is no such file"),
            Some(file) => serve(file, request),
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        if request.method() == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }
}

impl Service<Request<Body>> for Site {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        ready(Ok(self.answer(&request)))
    }
}

/// The file in the coding that the client takes, or the news that it has it already.
fn serve(file: &File, request: &Request<Body>) -> Response<Body> {
    let headers = request.headers();
    let gzip = if request::accepts_gzip(headers) {
        file.gzip()
    } else {
        None
    };
    let content = gzip.unwrap_or_else(|| file.plain());
    let mut response = if request::has(headers, &content.etag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let mut response = whole(content);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, file.media_type().clone());
        if gzip.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, content.etag.clone());
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}

fn whole(content: &Content) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(content.bytes.clone())));
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, content.bytes.len().into());
    response
}

fn sentence(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(Bytes::from_static(text.as_bytes()))));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, text.len().into());
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

fn origin(url: &str) -> Result<String, SiteError> {
    let url: Url = url.parse().map_err(|_| SiteError::Address)?;
    Ok(url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::Resource;

    #[test]
    fn a_path_names_a_page_a_file_or_a_route_of_the_front_end() {
        let cases = [
            ("/", Resource::App),
            ("/records", Resource::App),
            ("/lakehouses/1/files", Resource::App),
            ("//", Resource::App),
            ("//contoso/records", Resource::App),
            ("/close/", Resource::App),
            ("*", Resource::App),
            ("/close", Resource::Close),
            ("/broker", Resource::Broker),
            ("/broker/close", Resource::BrokerClose),
            ("/config.json", Resource::Configuration),
            ("/licenses.txt", Resource::File("licenses.txt")),
            ("/assets/app.js", Resource::File("assets/app.js")),
            (
                "/assets/../close.html",
                Resource::File("assets/../close.html"),
            ),
            ("/assets/", Resource::File("assets/")),
            ("/index.html", Resource::Nothing),
            ("/close.html", Resource::Nothing),
            ("/../Cargo.toml", Resource::Nothing),
            ("//contoso.com", Resource::Nothing),
            ("/.git/config", Resource::Nothing),
        ];
        for (path, resource) in cases {
            assert_eq!(Resource::at(path), resource, "{path}");
        }
    }
}
