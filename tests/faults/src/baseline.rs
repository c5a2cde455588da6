//! A server that knows none of the protocol's extensions: who subscribed to a task is sent what others send of it.
use crate::frame::{Frame, Opcode};
use crate::peer::Peer;
use crate::transcript::Received;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Sender, channel};
use tokio::task::JoinSet;

/// Messages that wait for one follower. What comes at the bound ends the follower's subscription.
const WAITING: usize = 1024;

type Followers = Arc<Mutex<BTreeMap<(String, usize), Sender<String>>>>;

/// A running baseline server. Dropping it kills it: every connection ends without a close frame.
#[derive(Debug)]
pub struct Baseline(#[allow(dead_code, reason = "dropping it ends its tasks")] JoinSet<()>);

impl Baseline {
    /// Serves a listener on the runtime this is called in.
    pub fn start(listener: TcpListener) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let (mut connections, followers) = (JoinSet::new(), Followers::default());
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, connections.len(), Arc::clone(&followers)));
            }
        });
        Self(tasks)
    }
}

async fn serve(stream: TcpStream, me: usize, followers: Followers) -> Option<()> {
    let (mut peer, (sender, mut outbound)) = (Peer::upgraded(stream).await?, channel(WAITING));
    loop {
        tokio::select! {
            text = outbound.recv() => peer.send(&Frame::text(text?)).await.ok()?,
            received = peer.next() => match received {
                Received::Text(text) => route(&text, me, &sender, &followers)?,
                Received::Ping(payload) => peer.send(&Frame::new(Opcode::Pong, payload)).await.ok()?,
                _ => return None,
            },
        }
    }
}

fn route(text: &str, me: usize, sender: &Sender<String>, followers: &Followers) -> Option<()> {
    let frame: Value = serde_json::from_str(text).ok()?;
    let task = frame["taskId"].as_str()?.to_owned();
    let mut followers = followers.lock().unwrap_or_else(PoisonError::into_inner);
    match (frame["type"].as_str()?, frame["data"]["action"].as_str()) {
        ("status", Some("subscribe")) => _ = followers.insert((task, me), sender.clone()),
        ("status", Some("unsubscribe")) => _ = followers.remove(&(task, me)),
        ("heartbeat", _) => {}
        _ => followers.retain(|(one, _), to| *one != task || to.try_send(text.to_owned()).is_ok()),
    }
    Some(())
}
