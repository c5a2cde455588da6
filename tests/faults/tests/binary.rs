//! The program, as runners in other languages use it.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/e2e-links.json");

fn start(name: &str) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_steadywire-faults"));
    let mut child = command.args([VECTORS, name]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

fn line(out: &mut impl BufRead) -> String {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[test]
fn it_says_its_url_then_that_it_is_done_then_what_it_received() {
    let (mut child, mut out) = start("e2e-refused-with-404");
    let url = line(&mut out);
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET /ws HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    drop(client);
    assert_eq!(line(&mut out), "finished");
    drop(child.stdin.take());
    let transcript = line(&mut out);
    assert_eq!(transcript, r#"[{"frames":[{"end":true}],"request":"GET /ws HTTP/1.1"}]"#);
    assert!(child.wait().unwrap().success());
}

#[test]
fn it_fails_where_the_script_is_not_followed() {
    let (mut child, mut out) = start("e2e-close-4404-is-fatal");
    let url = line(&mut out);
    let address = url.strip_prefix("ws://").unwrap().strip_suffix("/ws").unwrap();
    drop(TcpStream::connect(address).unwrap());
    assert_eq!(line(&mut out), "failed");
    assert!(line(&mut out).contains("instead of a request"));
    drop(child.stdin.take());
    assert!(!child.wait().unwrap().success());

    let (mut child, mut out) = start("no-such-scenario");
    assert_eq!(line(&mut out), "failed");
    assert!(!child.wait().unwrap().success());
}
