//! A client that costs less than the server: h2 itself, requests made beforehand, answers checked.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bytes::{BufMut as _, Bytes, BytesMut};
use h2::client::SendRequest;
use hdrhistogram::Histogram;
use http::{HeaderValue, Request};
use prost::Message;
use tokio::net::TcpStream;

use crate::server::CHECK;

/// A method and what it is called with.
#[derive(Clone)]
pub(crate) struct Rpc {
    method: &'static str,
    /// The message in its gRPC frame.
    frame: Bytes,
}

impl Rpc {
    /// The handler that only answers.
    pub(crate) fn check() -> Result<Self> {
        Self::new(CHECK, &())
    }

    pub(crate) fn new(method: &'static str, message: &impl Message) -> Result<Self> {
        let mut frame = BytesMut::new();
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.encoded_len())?);
        message.encode(&mut frame)?;
        Ok(Self {
            method,
            frame: frame.freeze(),
        })
    }
}

/// A connection that calls one method with one token after another.
#[derive(Clone)]
struct Client {
    send: SendRequest<Bytes>,
    rpc: Rpc,
}

impl Client {
    async fn connect(address: SocketAddr, rpc: Rpc) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (send, connection) = h2::client::handshake(stream).await?;
        tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok(Self { send, rpc })
    }

    /// Calls once and returns `grpc-status`.
    async fn call(&self, authorization: &HeaderValue) -> Result<String> {
        let mut send = self.send.clone().ready().await?;
        let request = Request::post(format!("http://server{}", self.rpc.method))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("authorization", authorization)
            .body(())?;
        let (response, mut body) = send.send_request(request, false)?;
        // A server that refuses before it reads may have closed the stream; its answer is there.
        let _ = body.send_data(self.rpc.frame.clone(), true);
        let mut response = response.await?;
        if let Some(status) = response.headers().get("grpc-status") {
            return Ok(status.to_str()?.to_owned());
        }
        let body = response.body_mut();
        while let Some(data) = body.data().await {
            body.flow_control().release_capacity(data?.len())?;
        }
        let trailers = body.trailers().await?.context("a reply without trailers")?;
        let status = trailers
            .get("grpc-status")
            .context("a reply without a status")?;
        Ok(status.to_str()?.to_owned())
    }
}

/// Calls once and returns `grpc-status`.
pub(crate) async fn once(
    address: SocketAddr,
    rpc: &Rpc,
    authorization: &HeaderValue,
) -> Result<String> {
    let client = Client::connect(address, rpc.clone()).await?;
    client.call(authorization).await
}

/// Tokens in turn: each load goes on where the one before has stopped.
#[derive(Clone)]
pub(crate) struct Turns {
    tokens: Rc<[HeaderValue]>,
    next: Rc<Cell<usize>>,
}

impl Turns {
    pub(crate) fn of(tokens: &Rc<[HeaderValue]>) -> Self {
        Self {
            tokens: Rc::clone(tokens),
            next: Rc::default(),
        }
    }

    fn next(&self) -> Option<&HeaderValue> {
        let turn = self.next.replace(self.next.get() + 1);
        self.tokens.get(turn % self.tokens.len())
    }
}

/// Keeps `connections` x `streams` calls in flight for `time`, tokens in turn, and returns how many
/// were answered. Every answer must be OK.
pub(crate) async fn saturate(
    address: SocketAddr,
    rpc: &Rpc,
    turns: &Turns,
    connections: usize,
    streams: usize,
    time: Duration,
) -> Result<u64> {
    let end = Instant::now() + time;
    let local = tokio::task::LocalSet::new();
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let client = Client::connect(address, rpc.clone()).await?;
        for _ in 0..streams {
            let (client, turns) = (client.clone(), turns.clone());
            tasks.push(local.spawn_local(async move {
                let mut calls = 0_u64;
                while Instant::now() < end {
                    let token = turns.next().context("no token")?;
                    ensure!(client.call(token).await? == "0", "a call was refused");
                    calls += 1;
                }
                anyhow::Ok(calls)
            }));
        }
    }
    local
        .run_until(async {
            let mut calls = 0;
            for task in tasks {
                calls += task.await??;
            }
            Ok(calls)
        })
        .await
}

/// Calls `per_second` times a second, on schedule whatever the answers take, and returns the times
/// in microseconds from when each call was due.
pub(crate) async fn paced(
    address: SocketAddr,
    rpc: &Rpc,
    tokens: Rc<[HeaderValue]>,
    expected: &'static str,
    per_second: u32,
    time: Duration,
) -> Result<Histogram<u64>> {
    let client = Client::connect(address, rpc.clone()).await?;
    let interval = Duration::from_secs(1) / per_second;
    let begun = Instant::now();
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            let mut tasks = Vec::new();
            let mut turn: u32 = 0;
            while interval * turn < time {
                let due = begun + interval * turn;
                tokio::time::sleep_until(due.into()).await;
                let client = client.clone();
                let tokens = Rc::clone(&tokens);
                tasks.push(tokio::task::spawn_local(async move {
                    let token = tokens
                        .get(turn as usize % tokens.len())
                        .context("no token")?;
                    ensure!(
                        client.call(token).await? == expected,
                        "an unexpected status"
                    );
                    anyhow::Ok(due.elapsed())
                }));
                turn += 1;
            }
            let mut times = Histogram::new(3)?;
            for task in tasks {
                times.record(u64::try_from(task.await??.as_micros())?)?;
            }
            Ok(times)
        })
        .await
}

/// `token` as the value of `authorization`.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue> {
    Ok(HeaderValue::from_str(&format!("Bearer {token}"))?)
}
