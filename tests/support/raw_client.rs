//! A client on the bare HTTP/2 library: it sends any path, method, header bytes and body frames that
//! HTTP's own types admit.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use tokio::net::TcpStream;

use super::evidence;
use super::reply::{Outcome, Reply};
use super::wait::in_time;

/// One call, as it goes on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Bytes,
    /// Whether the request ends after the body. One that does not is a stalled upload.
    pub(crate) ends: bool,
}

impl Call {
    /// An empty gRPC message to `path`, with the headers that gRPC demands and no credentials.
    pub(crate) fn to(path: &str) -> Self {
        Self {
            method: Method::POST,
            path: path.to_owned(),
            headers: vec![
                ("te".to_owned(), b"trailers".to_vec()),
                ("content-type".to_owned(), b"application/grpc".to_vec()),
            ],
            body: Bytes::from_static(&[0, 0, 0, 0, 0]),
            ends: true,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(existing, _)| existing != name);
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// One uncompressed message.
    pub(crate) fn message(mut self, message: &impl prost::Message) -> Self {
        let bytes = message.encode_to_vec();
        let mut frame = vec![0];
        frame.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
        frame.extend(bytes);
        self.body = frame.into();
        self
    }

    fn request(&self) -> Request<()> {
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(Authority::from_static("localhost"));
        let path = PathAndQuery::from_maybe_shared(Bytes::from(self.path.clone()));
        uri.path_and_query = Some(path.expect("a path that HTTP's types admit"));
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = Uri::from_parts(uri).unwrap();
        let headers: &mut HeaderMap = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(
                name.parse::<HeaderName>().unwrap(),
                HeaderValue::from_bytes(value).expect("a value that HTTP's types admit"),
            );
        }
        request
    }
}

/// One connection, for any number of calls.
#[derive(Clone)]
pub(crate) struct RawClient {
    address: SocketAddr,
    sender: SendRequest<Bytes>,
}

impl RawClient {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).await.unwrap()
    }

    /// The same, where nobody may listen.
    pub(crate) async fn try_connect(address: SocketAddr) -> std::io::Result<Self> {
        evidence::begin();
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = h2::client::Builder::new()
            .max_header_list_size(1024 * 1024)
            .handshake(stream)
            .await
            .map_err(std::io::Error::other)?;
        tokio::spawn(async move {
            // The calls on the connection report what they meet.
            let _ = connection.await;
        });
        Ok(Self { address, sender })
    }

    /// Sends a call and reads all of its answer.
    pub(crate) async fn send(&self, call: &Call) -> Reply {
        match self.try_send(call).await {
            Ok(reply) => reply,
            Err(error) => panic!("no answer to {} {}: {error}", call.method, call.path),
        }
    }

    /// The same, where the connection may refuse the call.
    pub(crate) async fn try_send(&self, call: &Call) -> Result<Reply, h2::Error> {
        in_time("the answer to a call", async {
            let mut open = self.open(call).await?;
            open.rest().await
        })
        .await
    }

    /// Sends a call and waits for the head of its answer.
    pub(crate) async fn open(&self, call: &Call) -> Result<OpenCall, h2::Error> {
        let mut sender = self.sender.clone().ready().await?;
        let (response, mut body) = sender.send_request(call.request(), false)?;
        send_all(&mut body, call.body.clone(), call.ends).await;
        let (head, stream) = response.await?.into_parts();
        let reply = Reply::new(head.status, head.headers);
        if reply.metadata("grpc-status").is_some() {
            evidence::received(self.address, &reply);
        }
        Ok(OpenCall {
            service: self.address,
            reply,
            stream,
            upload: body,
            ended: false,
        })
    }
}

/// Sends as the peer grants room. A peer that answers early stops granting or closes the stream: the
/// rest is not sent, and its answer says the rest.
async fn send_all(body: &mut h2::SendStream<Bytes>, mut bytes: Bytes, ends: bool) {
    while !bytes.is_empty() {
        body.reserve_capacity(bytes.len());
        let granted = std::future::poll_fn(|context| {
            if body.poll_reset(context).is_ready() {
                return std::task::Poll::Ready(None);
            }
            body.poll_capacity(context)
        })
        .await;
        match granted {
            Some(Ok(room)) => {
                let chunk = bytes.split_to(room.min(bytes.len()));
                let last = bytes.is_empty();
                if body.send_data(chunk, ends && last).is_err() || last {
                    return;
                }
            }
            Some(Err(_)) | None => return,
        }
    }
    if ends {
        // An error means that the stream is closed already.
        let _ = body.send_data(Bytes::new(), true);
    }
}

/// A call whose answer has begun.
pub(crate) struct OpenCall {
    service: SocketAddr,
    pub(crate) reply: Reply,
    stream: h2::RecvStream,
    upload: h2::SendStream<Bytes>,
    ended: bool,
}

impl OpenCall {
    /// The next bytes of the body; none at its end, with the trailers read.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, h2::Error> {
        if self.ended {
            return Ok(None);
        }
        if let Some(chunk) = self.stream.data().await {
            let chunk = chunk?;
            let _ = self.stream.flow_control().release_capacity(chunk.len());
            self.reply.body.extend_from_slice(&chunk);
            return Ok(Some(chunk));
        }
        self.ended = true;
        if let Some(trailers) = self.stream.trailers().await? {
            self.reply.trailers = trailers;
        }
        Ok(None)
    }

    /// Reads the answer to its end.
    pub(crate) async fn rest(&mut self) -> Result<Reply, h2::Error> {
        loop {
            match self.chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(self.whole()),
                // The answer was complete, and the server does not want the rest of the request.
                Err(error)
                    if error.reason() == Some(h2::Reason::NO_ERROR)
                        && self.reply.outcome() != Outcome::Unfinished =>
                {
                    return Ok(self.whole());
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The answer at its end.
    fn whole(&self) -> Reply {
        if !self.reply.headers.contains_key("grpc-status") {
            evidence::received(self.service, &self.reply);
        }
        self.reply.clone()
    }

    /// Gives the call up.
    pub(crate) fn reset(mut self) {
        self.upload.send_reset(h2::Reason::CANCEL);
    }
}
