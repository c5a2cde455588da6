//! `serve` with a certificate.
#![allow(clippy::unwrap_used, reason = "a test may fail by it")]

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use common::{Reading, output, steadywire, text};

/// A certificate for this machine and its key, in a folder of the test's own.
fn certificate(test: &str) -> (PathBuf, PathBuf) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    common::certificate(&folder)
}

fn arguments<'a>(certificate: &'a Path, key: &'a Path) -> Vec<&'a str> {
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    vec!["serve", "--listen", "127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key]
}

#[test]
fn a_certificate_makes_it_wss() {
    let (certificate, key) = certificate("wss");
    let mut serve = Reading::start(steadywire(&arguments(&certificate, &key)));
    let line = serve.line();
    let address = line.strip_prefix("listening on wss://").and_then(|rest| rest.strip_suffix("/ws"));
    let mut plain = TcpStream::connect(address.expect(&line)).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).unwrap();
    assert_eq!(answer.first(), Some(&0x15), "an alert of TLS: {answer:?}");
    serve.child.kill().unwrap();
    serve.child.wait().unwrap();
}

#[test]
fn browsers_get_a_page_or_are_told_what_is_missing() {
    let mut serve = Reading::start(steadywire(&["serve", "--listen", "127.0.0.1:0"]));
    let url = serve.line();
    let host = url.strip_prefix("listening on ws://").and_then(|rest| rest.strip_suffix("/ws")).expect(&url);
    assert_eq!(serve.line(), format!("in a browser: http://{host}/"));
    let mut page = TcpStream::connect(host).unwrap();
    page.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    page.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("Content-Type: text/html"), "{answer}");
    let has_dashboard = cfg!(feature = "dashboard");
    assert_eq!(answer.contains("<div id=\"root\">"), has_dashboard, "{answer}");
    assert_eq!(answer.contains("make dashboard"), !has_dashboard, "{answer}");
    serve.child.kill().unwrap();
    serve.child.wait().unwrap();
}

#[test]
fn tasks_beyond_the_bound_are_refused_while_none_has_ended() {
    let mut serve = Reading::start(steadywire(&["serve", "--listen", "127.0.0.1:0", "--max-tasks", "1"]));
    let line = serve.line();
    let url = line.strip_prefix("listening on ").expect(&line);
    let sent = |task: &str, what: &[&str]| output(&[&["send", "--url", url, task], what].concat()).status.code();
    assert_eq!(sent("first", &["--log", "a"]), Some(0));
    assert_eq!(sent("second", &["--log", "b"]), Some(3), "there is no room");
    assert_eq!(sent("first", &["--complete"]), Some(0));
    assert_eq!(sent("second", &["--log", "b"]), Some(0), "what has ended is forgotten");
    serve.child.kill().unwrap();
    serve.child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn a_demo_that_stays_is_ended_by_a_signal() {
    let mut demo = Reading::start(steadywire(&["demo", "--stay"]));
    let mut host = String::new();
    loop {
        let line = demo.line();
        if let Some((_, rest)) = line.split_once("The same in a browser: http://") {
            host = rest.trim_end_matches('/').to_owned();
        }
        if line.contains("until Ctrl-C") {
            break;
        }
    }
    assert!(TcpStream::connect(&host).is_ok(), "{host}");
    let pid = rustix::process::Pid::from_child(&demo.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(demo.child.wait().unwrap().code(), Some(0));
}

#[test]
fn files_that_do_not_serve_are_wrong_usage_and_named() {
    let (certificate, key) = certificate("wrong-files");
    let (missing, other) = (key.with_file_name("missing.pem"), key.with_file_name("other.pem"));
    fs::write(&other, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    for (certificate, key, words) in [
        (&certificate, &missing, "; --tls-key takes a file in PEM"),
        (&missing, &key, "; --tls-cert takes a file in PEM"),
        (&certificate, &other, "--tls-cert, --tls-key: the private key does not belong to the certificate"),
        (&key, &certificate, "--tls-cert, --tls-key: the certificate is missing"),
    ] {
        let out = output(&arguments(certificate, key));
        let stderr = text(&out.stderr);
        assert_eq!((out.status.code(), out.stdout.len()), (Some(2), 0), "{stderr}");
        assert!(stderr.contains(words), "{stderr}");
    }
    let out = output(&["serve", "--tls-cert", certificate.to_str().unwrap()]);
    assert!(out.status.code() == Some(2) && text(&out.stderr).contains("--tls-key <FILE>"), "{}", text(&out.stderr));
    let mut open = arguments(&certificate, &key);
    open[2] = "0.0.0.0:0";
    let out = output(&open);
    assert_eq!(out.status.code(), Some(2), "a certificate is no token: {}", text(&out.stderr));
}
