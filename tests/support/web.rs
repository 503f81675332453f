//! gRPC-web as a page speaks it: a call in either form, over either version of HTTP, and its answer
//! read back into what it says.

use std::convert::Infallible;
use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderName, HeaderValue, Request};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::evidence;
use super::raw_client::Call;
use super::reply::Reply;
use super::wait::in_time;

/// The flag of the frame that holds trailers.
const TRAILERS: u8 = 0x80;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Binary,
    Text,
}

pub(crate) const FORMS: [Form; 2] = [Form::Binary, Form::Text];

/// A version of HTTP to speak.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Http {
    One,
    Two,
}

/// Both forms over both versions.
pub(crate) const WAYS: [(Form, Http); 4] = [
    (Form::Binary, Http::One),
    (Form::Binary, Http::Two),
    (Form::Text, Http::One),
    (Form::Text, Http::Two),
];

impl Form {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Binary => "application/grpc-web+proto",
            Self::Text => "application/grpc-web-text+proto",
        }
    }

    /// These bytes as a body of this form.
    pub(crate) fn write(self, bytes: &[u8]) -> Bytes {
        match self {
            Self::Binary => Bytes::copy_from_slice(bytes),
            Self::Text => STANDARD.encode(bytes).into(),
        }
    }

    fn read(self, body: &[u8]) -> Vec<u8> {
        match self {
            Self::Binary => body.to_vec(),
            // Each text that was padded, after the other.
            Self::Text => body
                .chunks(4)
                .flat_map(|quantum| STANDARD.decode(quantum).expect("base64"))
                .collect(),
        }
    }

    fn of(reply: &Reply) -> Self {
        let media_type = reply.headers.get("content-type").expect("a content type");
        let is = |form: &Form| media_type == form.media_type();
        *FORMS.iter().find(|form| is(form)).expect("gRPC-web")
    }
}

/// A gRPC call as a page makes it.
pub(crate) fn call(call: &Call, form: Form) -> Call {
    let mut call = call
        .clone()
        .without_header("te")
        .without_header("content-type")
        .header("content-type", form.media_type())
        .header("accept", form.media_type())
        .header("x-grpc-web", "1");
    call.body = form.write(&call.body);
    call
}

/// An answer to such a call as the gRPC answer that it stands for: the trailers where trailers are.
pub(crate) fn reply(web: &Reply) -> Reply {
    assert!(web.trailers.is_empty(), "a page reads no trailers of HTTP");
    let mut reply = web.clone();
    reply.body.clear();
    for (flag, content) in frames(web) {
        assert!(reply.trailers.is_empty(), "nothing follows the trailers");
        if flag == TRAILERS {
            reply.trailers.extend(fields(&content));
        } else {
            let length = u32::try_from(content.len()).unwrap().to_be_bytes();
            reply.body.extend([&[flag], &length[..], &content].concat());
        }
    }
    reply
}

/// The frames that have come in full: each flag, and what it is the flag of.
pub(crate) fn frames(web: &Reply) -> Vec<(u8, Vec<u8>)> {
    let body = Form::of(web).read(&web.body);
    let mut rest = body.as_slice();
    let mut frames = Vec::new();
    while let Some((prefix, content)) = rest.split_first_chunk::<5>() {
        let [flag, a, b, c, d] = *prefix;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let (content, after) = content.split_at_checked(length).expect("a whole frame");
        frames.push((flag, content.to_vec()));
        rest = after;
    }
    assert!(rest.is_empty(), "half a prefix");
    frames
}

fn fields(lines: &[u8]) -> Vec<(HeaderName, HeaderValue)> {
    let lines = str::from_utf8(lines).unwrap();
    assert!(lines.is_empty() || lines.ends_with("\r\n"));
    let field = |line: &str| {
        let (name, value) = line.split_once(':').expect("a field");
        (name.parse().unwrap(), value.trim().parse().unwrap())
    };
    lines.split_terminator("\r\n").map(field).collect()
}

type RequestBody = BoxBody<Bytes, Infallible>;

/// A connection of its own, with one answer on it that has begun. It closes when this is dropped.
pub(crate) struct Open {
    pub(crate) reply: Reply,
    body: Incoming,
    _connection: Connection,
}

/// Closes what it holds when it goes.
struct Connection(AbortHandle);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends a call and reads all of its answer.
pub(crate) async fn send(address: SocketAddr, http: Http, call: &Call) -> Reply {
    send_pieces(address, http, call, std::slice::from_ref(&call.body)).await
}

/// The same, where the body goes out in these pieces.
pub(crate) async fn send_pieces(
    address: SocketAddr,
    http: Http,
    call: &Call,
    pieces: &[Bytes],
) -> Reply {
    in_time("the answer to a page", async {
        let mut open = open_pieces(address, http, call, pieces).await;
        while open.piece().await.is_some() {}
        evidence::received(address, &open.reply);
        open.reply.clone()
    })
    .await
}

/// Sends a call and waits for the head of its answer.
pub(crate) async fn open(address: SocketAddr, http: Http, call: &Call) -> Open {
    let pieces = std::slice::from_ref(&call.body);
    in_time(
        "an answer to a page",
        open_pieces(address, http, call, pieces),
    )
    .await
}

async fn open_pieces(address: SocketAddr, http: Http, call: &Call, pieces: &[Bytes]) -> Open {
    evidence::begin();
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = request(address, call, pieces);
    // Closed when whoever waits here gives up, too.
    let (connection, response) = match http {
        Http::One => {
            let io = TokioIo::new(stream);
            let (mut sender, connection) = http1::handshake(io).await.unwrap();
            let connection = Connection(tokio::spawn(connection).abort_handle());
            (connection, sender.send_request(request).await)
        }
        Http::Two => {
            let (io, executor) = (TokioIo::new(stream), TokioExecutor::new());
            let (mut sender, connection) = http2::handshake(executor, io).await.unwrap();
            let connection = Connection(tokio::spawn(connection).abort_handle());
            (connection, sender.send_request(request).await)
        }
    };
    let (head, body) = response.unwrap().into_parts();
    Open {
        reply: Reply::new(head.status, head.headers),
        body,
        _connection: connection,
    }
}

impl Open {
    /// The next piece of the body; none at its end.
    pub(crate) async fn piece(&mut self) -> Option<Bytes> {
        let frame = self.body.frame().await?.unwrap();
        let piece = frame.into_data().expect("no trailers of HTTP");
        self.reply.body.extend_from_slice(&piece);
        Some(piece)
    }
}

fn request(address: SocketAddr, call: &Call, pieces: &[Bytes]) -> Request<RequestBody> {
    let frame = |piece: &Bytes| Ok::<_, Infallible>(Frame::data(piece.clone()));
    let frames: Vec<_> = pieces.iter().map(frame).collect();
    let mut request = Request::new(StreamBody::new(stream::iter(frames)).boxed());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = format!("http://{address}{}", call.path).parse().unwrap();
    let headers = request.headers_mut();
    headers.insert("host", address.to_string().parse().unwrap());
    for (name, value) in &call.headers {
        let value = HeaderValue::from_bytes(value).expect("a value that HTTP's types admit");
        headers.append(name.parse::<HeaderName>().unwrap(), value);
    }
    request
}
