//! Rival 2: bare tokio-tungstenite on a current_thread runtime, serde_json, a closure; no inbox,
//! no reconnect, no heartbeat.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::corpus::Corpus;
use crate::parse::{Typed, parse};
use crate::tally::Tally;
use crate::walk::subscribe_texts;

/// tungstenite's default of 128 KiB is zeroed before every read; this is the fast setting.
const READ_BUFFER: usize = 16 * 1024;

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

pub(crate) async fn connect(port: u16) -> io::Result<Socket> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    let url = format!("ws://127.0.0.1:{port}/ws");
    let (socket, _) = client_async_with_config(url, stream, Some(config)).await.map_err(io::Error::other)?;
    Ok(socket)
}

/// Reads until the run is over.
pub(crate) fn read(port: u16, corpus: Corpus, tally: &Tally) -> io::Result<()> {
    let mut over = false;
    runtime()?.block_on(follow(port, corpus, |event| {
        over = event.count(tally);
        !over
    }))
}

/// Calls the handler for each event until it returns false.
async fn follow(port: u16, corpus: Corpus, mut handler: impl FnMut(&Typed<'_>) -> bool) -> io::Result<()> {
    let mut socket = connect(port).await?;
    for text in subscribe_texts(corpus) {
        socket.send(Message::text(text)).await.map_err(io::Error::other)?;
    }
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message.map_err(io::Error::other)?
            && !handler(&parse(text.as_str())?)
        {
            return Ok(());
        }
    }
    Err(io::Error::other("the server left early"))
}
