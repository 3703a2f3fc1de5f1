//! The HTTP server.

mod courier;
mod gate;
mod wire;

use std::{
    io,
    net::{TcpListener as StdListener, TcpStream as Socket},
    sync::Arc,
    time::Duration,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Response,
    body::{Body, Bytes, Incoming as IncomingBody},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time,
};

pub(crate) use gate::{Gate, is_host_name};
pub(crate) use wire::as_read;

use crate::{
    fault::Reply,
    http::{ApiError, BODY_LIMIT, Request},
    routes::Incoming,
    service::Shared,
};

/// How much of a larger body is discarded, so that its sender reads the response.
const DISCARD_LIMIT: usize = 64 * BODY_LIMIT;
/// How long a graceful shutdown waits for requests in flight.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after a failed accept, as when the process has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` changes, which lets requests finish, or is closed, which does not.
pub(crate) async fn serve(
    listener: StdListener,
    service: Shared,
    gate: Gate,
    mut stop: watch::Receiver<()>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let gate = Arc::new(gate);
    let graceful = GracefulShutdown::new();
    tokio::spawn(courier::run(service.clone()));
    loop {
        let (stream, socket) = tokio::select! {
            accepted = accept(&listener) => match accepted {
                Ok(streams) => streams,
                Err(_) => {
                    time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            stopped = stop.changed() => match stopped {
                Ok(()) => break,
                Err(_) => return Ok(()),
            },
        };
        let (service, gate) = (service.clone(), gate.clone());
        let connection = http1::Builder::new().serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| {
                handle(service.clone(), gate.clone(), socket.clone(), request)
            }),
        );
        let connection = graceful.watch(connection);
        // An error of a connection concerns its caller only.
        tokio::spawn(async { drop(connection.await) });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = time::sleep(SHUTDOWN_TIMEOUT) => {}
        _ = stop.changed() => {}
    }
    Ok(())
}

/// A connection, twice: for hyper, and for faults to write to instead.
async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, Arc<Socket>)> {
    let stream = listener.accept().await?.0.into_std()?;
    let _ = stream.set_nodelay(true);
    let socket = stream.try_clone()?;
    Ok((TcpStream::from_std(stream)?, Arc::new(socket)))
}

/// Makes hyper close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped on request")]
struct Dropped;

async fn handle(
    service: Shared,
    gate: Arc<Gate>,
    socket: Arc<Socket>,
    request: hyper::Request<IncomingBody>,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let reply = match read(body).await? {
        Some(body) => {
            let request = Request::from(hyper::Request::from_parts(parts, body));
            match gate.check(&request) {
                Ok(()) => respond(service, request).await?,
                Err(error) => service.lock().stamp(error),
            }
        }
        None => service.lock().stamp(ApiError::too_large(BODY_LIMIT)),
    };
    match reply {
        Reply::Dropped => Err(Dropped),
        Reply::Response(response) => Ok(response.map(Full::new)),
        Reply::Distorted(response, fault) => {
            wire::write(&socket, response, fault).await;
            Err(Dropped)
        }
    }
}

/// The whole body. `None`: it is too large.
async fn read(mut body: IncomingBody) -> Result<Option<Bytes>, Dropped> {
    let mut whole = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Dropped)?.into_data() else {
            continue;
        };
        length += data.len();
        if body.is_end_stream() && length == data.len() && length <= BODY_LIMIT {
            return Ok(Some(data));
        }
        if length > DISCARD_LIMIT {
            break;
        }
        if length <= BODY_LIMIT {
            whole.extend_from_slice(&data);
        }
    }
    Ok((length <= BODY_LIMIT).then(|| whole.into()))
}

async fn respond(service: Shared, request: Request) -> Result<Reply, Dropped> {
    let arrived = Incoming::arrive(&mut service.lock(), request);
    let delay = arrived.delay();
    if delay.is_zero() {
        return Ok(arrived.answer(&mut service.lock()));
    }
    // In a task of its own, so that the request takes effect even if its caller gives up.
    let delayed = tokio::spawn(async move {
        time::sleep(delay).await;
        arrived.answer(&mut service.lock())
    });
    delayed.await.map_err(|_| Dropped)
}
