//! A network that breaks at a byte: a proxy between a client and Finch.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Which byte is the first that does not get through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// So many bytes of the request reach Finch. All of them: Finch's answer is lost. More than it has:
    /// they are waited for until the client gives up.
    Request(usize),
    /// So many bytes of the answer reach the client. All of them: nothing is cut.
    Answer(usize),
}

/// How the client sees the connection end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// In order.
    Close,
    /// With a reset.
    Reset,
    /// Nothing more comes, but the client may go on sending.
    HalfClose,
    /// Not at all: it stays open, and nothing more comes.
    Silence,
}

impl End {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Close, Self::Reset, Self::HalfClose, Self::Silence];
}

/// What goes wrong with the next requests of a path.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The path.
    pub path: &'static str,
    /// Where it breaks.
    pub cut: Cut,
    /// And how.
    pub end: End,
    /// How many requests it hits.
    pub times: usize,
}

/// A request that a client began to send, as far as it went.
#[derive(Clone, Debug)]
pub struct Passed {
    /// Its first line, without the version.
    pub line: String,
    /// How many of its bytes reached Finch.
    pub request: usize,
    /// How many bytes of its answer reached the client.
    pub answer: usize,
    /// Whether a cut has hit it.
    pub cut: bool,
}

/// The proxy. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    shared: Shared,
    listening: JoinHandle<()>,
}

#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    plan: Option<Plan>,
    passed: Vec<Passed>,
}

impl Proxy {
    /// A proxy before the server at `url`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start(url: &str) -> Self {
        let server: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = Shared::default();
        let own = shared.clone();
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let shared = own.clone();
                tokio::spawn(async move {
                    // How it ends is what is tested.
                    let _ = serve(&shared, client, server).await;
                });
            }
        });
        Self { url, shared, listening }
    }

    /// Where clients find it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets this go wrong, and nothing else any more.
    pub fn set(&self, plan: Plan) {
        self.shared.lock().plan = Some(plan);
    }

    /// Lets nothing go wrong any more.
    pub fn heal(&self) {
        self.shared.lock().plan = None;
    }

    /// What has passed so far; and forgets it.
    pub fn take_passed(&self) -> Vec<Passed> {
        std::mem::take(&mut self.shared.lock().passed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request begins: where it is noted, and where it is to break.
    fn begin(&self, line: String) -> (usize, Option<(Cut, End)>) {
        let mut state = self.lock();
        let hit = state.plan.as_mut().filter(|plan| {
            plan.times > 0 && line.split(' ').nth(1).is_some_and(|path| path == plan.path)
        });
        let cut = hit.map(|plan| {
            plan.times -= 1;
            (plan.cut, plan.end)
        });
        state.passed.push(Passed { line, request: 0, answer: 0, cut: false });
        (state.passed.len() - 1, cut)
    }

    fn note(&self, at: usize, note: impl FnOnce(&mut Passed)) {
        // It may have been taken away meanwhile.
        if let Some(passed) = self.lock().passed.get_mut(at) {
            note(passed);
        }
    }
}

/// One connection, request by request.
async fn serve(shared: &Shared, mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut finch = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    finch.set_nodelay(true)?;
    let mut begun = Vec::new();
    loop {
        // Its first line says whether it is to be hit.
        let line = loop {
            if let Some(end) = begun.windows(2).position(|two| two == b"\r\n") {
                break String::from_utf8_lossy(&begun[..end]).replace(" HTTP/1.1", "");
            }
            if client.read_buf(&mut begun).await? == 0 {
                return Ok(());
            }
        };
        let (at, cut) = shared.begin(line);
        if let Some((Cut::Request(bytes), how)) = cut {
            shared.note(at, |passed| passed.cut = true);
            while begun.len() < bytes && client.read_buf(&mut begun).await? > 0 {}
            let through = bytes.min(begun.len());
            finch.write_all(&begun[..through]).await?;
            shared.note(at, |passed| passed.request = through);
            // Finch is done with it before the client learns anything.
            finch.shutdown().await?;
            let _ = tokio::io::copy(&mut finch, &mut tokio::io::sink()).await;
            return end(client, how).await;
        }
        finch.write_all(&begun).await?;
        shared.note(at, |passed| passed.request = begun.len());
        let limit = match cut {
            Some((Cut::Answer(bytes), how)) => Some((bytes, how)),
            _ => None,
        };
        match pass_on(shared, at, &mut client, &mut finch, limit).await? {
            Passing::Next(first_bytes) => begun = first_bytes,
            Passing::Over => return Ok(()),
            Passing::Cut(how) => {
                shared.note(at, |passed| passed.cut = true);
                return end(client, how).await;
            }
        }
    }
}

enum Passing {
    /// The next request has begun.
    Next(Vec<u8>),
    Over,
    Cut(End),
}

/// The rest of a request, and its answer.
async fn pass_on(
    shared: &Shared,
    at: usize,
    client: &mut TcpStream,
    finch: &mut TcpStream,
    limit: Option<(usize, End)>,
) -> io::Result<Passing> {
    let mut up = vec![0; 16 * 1024];
    let mut down = vec![0; 16 * 1024];
    let mut answered = 0;
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(Passing::Over),
                // The client does not send the next request before the answer.
                n if answered > 0 => return Ok(Passing::Next(up[..n].to_vec())),
                n => {
                    finch.write_all(&up[..n]).await?;
                    shared.note(at, |passed| passed.request += n);
                }
            },
            read = finch.read(&mut down) => {
                let n = match read? {
                    0 => return Ok(Passing::Over),
                    n => n,
                };
                let fits = limit.map_or(n, |(bytes, _)| n.min(bytes - answered));
                client.write_all(&down[..fits]).await?;
                answered += fits;
                shared.note(at, |passed| passed.answer = answered);
                if let Some((_, how)) = limit.filter(|_| fits < n) {
                    return Ok(Passing::Cut(how));
                }
            },
        }
    }
}

async fn end(mut client: TcpStream, how: End) -> io::Result<()> {
    match how {
        End::Close => {}
        End::Reset => client.set_zero_linger()?,
        End::HalfClose => client.shutdown().await?,
        End::Silence => {}
    }
    if matches!(how, End::HalfClose | End::Silence) {
        tokio::io::copy(&mut client, &mut tokio::io::sink()).await?;
    }
    Ok(())
}
