//! A network that breaks at a byte: a proxy between a client and Finch.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy, sink},
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
    state: Arc<Mutex<State>>,
    listening: JoinHandle<()>,
}

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
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // How it ends is what is tested.
                tokio::spawn(serve(Arc::clone(&shared), client, server));
            }
        });
        Self { url, state, listening }
    }

    /// Where clients find it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets this go wrong, and nothing else any more. None: nothing.
    pub fn set(&self, plan: Option<Plan>) {
        lock(&self.state).plan = plan;
    }

    /// What has passed so far; and forgets it.
    pub fn take_passed(&self) -> Vec<Passed> {
        std::mem::take(&mut lock(&self.state).passed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, request by request.
async fn serve(
    state: Arc<Mutex<State>>,
    mut client: TcpStream,
    server: SocketAddr,
) -> io::Result<()> {
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
        let request = Request::begin(&state, line);
        if let Some((Cut::Request(bytes), how)) = request.cut {
            request.note(|passed| passed.cut = true);
            while begun.len() < bytes && client.read_buf(&mut begun).await? > 0 {}
            let through = bytes.min(begun.len());
            finch.write_all(&begun[..through]).await?;
            request.note(|passed| passed.request = through);
            // Finch is done with it before the client learns anything.
            finch.shutdown().await?;
            let _ = copy(&mut finch, &mut sink()).await;
            return end(client, how).await;
        }
        finch.write_all(&begun).await?;
        request.note(|passed| passed.request = begun.len());
        match request.pass_on(&mut client, &mut finch).await? {
            Passing::Next(first_bytes) => begun = first_bytes,
            Passing::Over => return Ok(()),
            Passing::Cut(how) => {
                request.note(|passed| passed.cut = true);
                return end(client, how).await;
            }
        }
    }
}

struct Request<'a> {
    state: &'a Mutex<State>,
    at: usize,
    cut: Option<(Cut, End)>,
}

enum Passing {
    /// The next request has begun.
    Next(Vec<u8>),
    Over,
    Cut(End),
}

impl<'a> Request<'a> {
    /// Notes that it begins, and where it is to break.
    fn begin(shared: &'a Mutex<State>, line: String) -> Self {
        let mut state = lock(shared);
        let hit = state.plan.as_mut().filter(|plan| {
            plan.times > 0 && line.split(' ').nth(1).is_some_and(|path| path == plan.path)
        });
        let cut = hit.map(|plan| {
            plan.times -= 1;
            (plan.cut, plan.end)
        });
        state.passed.push(Passed { line, request: 0, answer: 0, cut: false });
        Self { state: shared, at: state.passed.len() - 1, cut }
    }

    fn note(&self, note: impl FnOnce(&mut Passed)) {
        // It may have been taken away meanwhile.
        if let Some(passed) = lock(self.state).passed.get_mut(self.at) {
            note(passed);
        }
    }

    /// The rest of a request, and its answer.
    async fn pass_on(&self, client: &mut TcpStream, finch: &mut TcpStream) -> io::Result<Passing> {
        let (mut up, mut down, mut answered) = (vec![0; 1024], vec![0; 4096], 0);
        loop {
            tokio::select! {
                read = client.read(&mut up) => match read? {
                    0 => return Ok(Passing::Over),
                    // The client does not send the next request before the answer.
                    n if answered > 0 => return Ok(Passing::Next(up[..n].to_vec())),
                    n => {
                        finch.write_all(&up[..n]).await?;
                        self.note(|passed| passed.request += n);
                    }
                },
                read = finch.read(&mut down) => {
                    let n = match read? {
                        0 => return Ok(Passing::Over),
                        n => n,
                    };
                    let limit = match self.cut {
                        Some((Cut::Answer(bytes), how)) => Some((bytes - answered, how)),
                        _ => None,
                    };
                    let fits = limit.map_or(n, |(left, _)| n.min(left));
                    client.write_all(&down[..fits]).await?;
                    answered += fits;
                    self.note(|passed| passed.answer = answered);
                    if let Some((_, how)) = limit.filter(|_| fits < n) {
                        return Ok(Passing::Cut(how));
                    }
                },
            }
        }
    }
}

async fn end(mut client: TcpStream, how: End) -> io::Result<()> {
    match how {
        End::Close => return Ok(()),
        End::Reset => return client.set_zero_linger(),
        End::HalfClose => client.shutdown().await?,
        End::Silence => {}
    }
    copy(&mut client, &mut sink()).await.map(drop)
}
