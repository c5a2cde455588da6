//! A command that gives the secret.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use steadywire::{Credentials, CredentialsError, CredentialsRequest};

/// How long the command may take in all. A little less than the client waits for credentials, so that the command is
/// what it tells of.
const PATIENCE: Duration = Duration::from_secs(29);

/// How often is looked whether the command has ended, once it has closed its outputs.
const STEP: Duration = Duration::from_millis(10);

/// How much of what the command says of a failure is shown.
const SHOWN: usize = 200;

/// Runs the command in a shell; the first line of its output is the secret.
pub(crate) fn ask(command: &str, request: &CredentialsRequest) -> Result<Credentials, CredentialsError> {
    ask_within(command, request.force_refresh, PATIENCE)
}

fn ask_within(command: &str, force_refresh: bool, patience: Duration) -> Result<Credentials, CredentialsError> {
    let cannot = |why: &dyn std::fmt::Display| CredentialsError::new(format!("--token-command {why}"));
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if force_refresh {
        shell.env("STEADYWIRE_FORCE_REFRESH", "1");
    }
    let until = Instant::now() + patience;
    let child = spawn(&mut shell).map_err(|error| cannot(&format_args!("cannot be run: {error}")))?;
    let mut running = Running(Some(child));
    let late = || cannot(&format_args!("did not end within {} s, and was killed", patience.as_secs_f64()));
    let (sender, ended) = mpsc::channel();
    for (is_output, stream) in running.streams() {
        let sender = sender.clone();
        thread::spawn(move || drop(sender.send((is_output, stream.read()))));
    }
    drop(sender);
    let (mut output, mut complaint) = (String::new(), String::new());
    for _ in 0..2 {
        match ended.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok((true, text)) => output = text,
            Ok((false, text)) => complaint = text,
            Err(_) => return Err(late()),
        }
    }
    loop {
        match running.ended().map_err(|error| cannot(&format_args!("cannot be awaited: {error}")))? {
            Some(status) => return token(status, &output, &complaint).map_err(|why| cannot(&why)),
            None if Instant::now() >= until => return Err(late()),
            None => thread::sleep(STEP),
        }
    }
}

/// In a group of its own, so that what the shell starts can be ended with it.
fn spawn(shell: &mut Command) -> io::Result<Child> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(shell, 0);
    shell.spawn()
}

/// A command that is ended, with all that it has started, unless it has ended by itself.
struct Running(Option<Child>);

impl Running {
    fn streams(&mut self) -> Vec<(bool, Stream)> {
        let Some(child) = &mut self.0 else { return Vec::new() };
        let output = child.stdout.take().map(|stream| (true, Stream::Out(stream)));
        let complaint = child.stderr.take().map(|stream| (false, Stream::Err(stream)));
        output.into_iter().chain(complaint).collect()
    }

    fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let Some(child) = &mut self.0 else { return Ok(None) };
        let status = child.try_wait()?;
        if status.is_some() {
            // From here on its number, and that of its group, may be another's.
            self.0 = None;
        }
        Ok(status)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(child) = &mut self.0 else { return };
        // Both fail only where nothing of it is left.
        #[cfg(unix)]
        let _ =
            rustix::process::kill_process_group(rustix::process::Pid::from_child(child), rustix::process::Signal::KILL);
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn token(status: ExitStatus, output: &str, complaint: &str) -> Result<Credentials, String> {
    if !status.success() {
        let said: String = complaint.lines().next().unwrap_or_default().chars().take(SHOWN).collect();
        return Err(if said.is_empty() {
            format!("failed with {status}")
        } else {
            format!("failed with {status}: {said}")
        });
    }
    match output.lines().next().map(str::trim) {
        Some(token) if !token.is_empty() => Ok(Credentials::new().token(token)),
        _ => Err("printed nothing".to_owned()),
    }
}

enum Stream {
    Out(std::process::ChildStdout),
    Err(std::process::ChildStderr),
}

impl Stream {
    /// Everything up to its end, as far as it can be read.
    fn read(self) -> String {
        let mut bytes = Vec::new();
        let _ = match self {
            Self::Out(mut stream) => stream.read_to_end(&mut bytes),
            Self::Err(mut stream) => stream.read_to_end(&mut bytes),
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(command: &str) -> Result<Option<String>, String> {
        let answer = ask_within(command, true, PATIENCE);
        answer.map(|credentials| credentials.token).map_err(|error| error.message)
    }

    #[test]
    fn the_first_line_is_the_secret() {
        assert_eq!(given("echo ' abc '; echo more").unwrap().as_deref(), Some("abc"));
        assert_eq!(given("echo $STEADYWIRE_FORCE_REFRESH").unwrap().as_deref(), Some("1"));
        // More than a pipe holds, on both.
        assert_eq!(given("echo abc; seq 100000; seq 100000 >&2").unwrap().as_deref(), Some("abc"));
    }

    #[test]
    fn a_failure_is_told_in_the_words_of_the_command() {
        let failed = given("echo abc; echo 'not logged in' >&2; exit 3").unwrap_err();
        assert!(failed.contains("exit status: 3: not logged in") && !failed.contains("abc"), "{failed}");
        assert!(given("true").unwrap_err().contains("printed nothing"));
    }

    #[test]
    fn a_command_that_hangs_is_ended() {
        for command in ["exec sleep 100", "exec >&- 2>&-; sleep 100", "sleep 100 & echo abc", "exec >&-; sleep 100"] {
            let error = ask_within(command, false, Duration::from_millis(1)).unwrap_err();
            assert!(error.message.contains("did not end within 0.001 s, and was killed"), "{command}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_the_command_has_started_is_ended_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let command = format!("(echo begun; sleep 1000) > '{}' 2>&- & exec >&- 2>&-; wait", pipe.display());
        let (sender, told) = mpsc::channel();
        thread::spawn(move || {
            let mut pipe = std::fs::File::open(pipe).unwrap();
            pipe.read_exact(&mut [0; 6]).unwrap();
            sender.send("begun").unwrap();
            // It ends when nobody holds the other end any more.
            pipe.read_to_end(&mut Vec::new()).unwrap();
            sender.send("ended").unwrap();
        });
        let mut patience = Duration::from_millis(100);
        loop {
            ask_within(&command, false, patience).unwrap_err();
            if told.try_recv() == Ok("begun") {
                break;
            }
            // The machine was too slow to begin.
            patience *= 2;
        }
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok("ended"));
    }
}
