//! The loopback server: reads calls, holds them up, answers.

use std::{
    io,
    net::TcpListener as StdListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use tokio::{net::TcpListener, sync::watch, time};

use crate::{
    call::{BODY_LIMIT, Call},
    fault::{Reply, Shape},
    gate::Gate,
    line::Line,
    refusal::Refusal,
    webhook::courier,
    wire,
    world::World,
};

/// The world as the server and its owner share it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        world.settle();
        world
    }
}

/// How much of a larger one is thrown away, so that its sender gets to read the answer.
const DISCARD_LIMIT: usize = 64 * BODY_LIMIT;
/// How long an orderly end waits for calls that are on their way.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait when the system has no more sockets to give.
const BREATHER: Duration = Duration::from_millis(50);

/// Serves until told to stop: a change of `stop` lets calls finish, its end does not.
pub(crate) async fn serve(
    listener: StdListener,
    world: Shared,
    gate: Gate,
    mut stop: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let gate = Arc::new(gate);
    let graceful = GracefulShutdown::new();
    tokio::spawn(courier::run(world.clone()));
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    time::sleep(BREATHER).await;
                    continue;
                }
            },
            orderly = stop.changed() => match orderly {
                Ok(()) => break,
                Err(_) => return Ok(()),
            },
        };
        let _ = stream.set_nodelay(true);
        let (world, gate) = (world.clone(), gate.clone());
        let line = Line::new(stream);
        let own = line.clone();
        let service =
            service_fn(move |request| turn(world.clone(), gate.clone(), line.clone(), request));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(own), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // How it ends is its caller's affair.
            let _ = connection.await;
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = time::sleep(PATIENCE) => {}
        _ = stop.changed() => {}
    }
    Ok(())
}

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped on request")]
struct Dropped;

/// One call and its answer.
async fn turn(
    world: Shared,
    gate: Arc<Gate>,
    line: Line,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let reply = match read(body).await {
        Ok(body) => {
            let call = Call::new(parts, body);
            match gate.check(&call) {
                Ok(()) => respond(world, call).await?,
                Err(refusal) => refuse(&world, refusal),
            }
        }
        Err(Unread::TooLarge) => refuse(&world, Refusal::too_large(BODY_LIMIT)),
        Err(Unread::CutOff) => return Err(Dropped),
    };
    match reply {
        Reply::Dropped => Err(Dropped),
        Reply::Answer(answer, Shape::Whole) => Ok(answer.map(Full::new)),
        Reply::Answer(answer, shape) => {
            wire::write(line, answer, shape).await;
            Err(Dropped)
        }
    }
}

/// The answer to a request that does not get as far as a handler.
fn refuse(world: &Shared, refusal: Refusal) -> Reply {
    Reply::Answer(world.lock().stamp(refusal.into_answer()), Shape::Whole)
}

/// Why a body was not read to its end.
enum Unread {
    TooLarge,
    CutOff,
}

async fn read(mut body: Incoming) -> Result<Bytes, Unread> {
    let mut whole = Bytes::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::CutOff)?.into_data() else {
            continue;
        };
        length += data.len();
        if length > DISCARD_LIMIT {
            break;
        }
        whole = match length {
            length if length > BODY_LIMIT => Bytes::new(),
            length if length == data.len() => data,
            _ => [whole, data].concat().into(),
        };
    }
    if length > BODY_LIMIT { Err(Unread::TooLarge) } else { Ok(whole) }
}

/// Answers a call, when whatever holds it up is over.
async fn respond(world: Shared, call: Call) -> Result<Reply, Dropped> {
    let turn = world.lock().arrive(call);
    let delay = turn.delay();
    if delay.is_zero() {
        return Ok(world.lock().answer(turn));
    }
    // In a task of its own: a caller that gives up doesn't stop Finch.
    let late = tokio::spawn(async move {
        time::sleep(delay).await;
        world.lock().answer(turn)
    });
    late.await.map_err(|_| Dropped)
}
