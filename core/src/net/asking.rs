//! Asking the program: one question at a time, and an answer that is polled.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::runtime;
use crate::config::{Answer, Asked, Provider};
use crate::session::Generation;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The program's function panicked.
    Panicked,
    /// It has not returned from an earlier question.
    Busy,
    /// No thread could be had for it.
    NoThread,
}

impl Unanswered {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Panicked => "the function that was asked panicked",
            Self::Busy => "the function that was asked is still busy with an earlier question",
            Self::NoThread => "no thread could be started to ask",
        }
    }
}

/// The questions of one kind that a client asks. A new one takes the place of the one before.
pub(super) struct Asking<Q, A> {
    provider: Option<Provider<Q, A>>,
    question: Option<(Generation, Q)>,
    answer: Option<(Generation, Answer<Result<A, Unanswered>>)>,
    /// A blocking function has not returned.
    busy: Arc<AtomicBool>,
}

impl<Q: Send + 'static, A: Send + 'static> Asking<Q, A> {
    pub(super) fn new(provider: Option<Provider<Q, A>>) -> Self {
        Self { provider, question: None, answer: None, busy: Arc::default() }
    }

    /// Notes a question, to be asked when no lock is held. False: there is nobody to ask.
    pub(super) fn note(&mut self, generation: Generation, question: Q) -> bool {
        let is_there = self.provider.is_some();
        self.question = is_there.then_some((generation, question));
        is_there
    }

    /// Forgets what is asked for that transport.
    pub(super) fn forget(&mut self, generation: Generation) {
        self.question.take_if(|(of, _)| *of == generation);
        self.answer.take_if(|(of, _)| *of == generation);
    }

    /// Asks what was noted. Whether the answer is to be polled now. No lock may be held: this calls the program.
    pub(super) fn ask(&mut self) -> bool {
        let (Some(provider), Some((generation, question))) = (&self.provider, self.question.take()) else {
            return false;
        };
        let answer: Answer<Result<A, Unanswered>> = match &provider.0 {
            Asked::Later(ask) => match catch_unwind(AssertUnwindSafe(|| ask(question))) {
                Ok(answer) => Box::pin(Guarded(answer)),
                Err(_) => Box::pin(std::future::ready(Err(Unanswered::Panicked))),
            },
            Asked::Blocking(ask) => self.block(Arc::clone(ask), question),
        };
        self.answer = Some((generation, answer));
        true
    }

    /// The answer, if it is there.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<(Generation, Result<A, Unanswered>)> {
        let (generation, answer) = self.answer.as_mut()?;
        let Poll::Ready(answer) = answer.as_mut().poll(cx) else { return None };
        let generation = *generation;
        self.answer = None;
        Some((generation, answer))
    }

    fn block(&self, ask: Arc<dyn Fn(Q) -> A + Send + Sync>, question: Q) -> Answer<Result<A, Unanswered>> {
        let busy = Arc::clone(&self.busy);
        if busy.swap(true, Ordering::AcqRel) {
            return Box::pin(std::future::ready(Err(Unanswered::Busy)));
        }
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            let answer = catch_unwind(AssertUnwindSafe(|| ask(question)));
            busy.store(false, Ordering::Release);
            // Nobody listens where it came too late.
            let _ = sender.send(answer.map_err(|_| Unanswered::Panicked));
        };
        if runtime::spawn_blocking(work).is_err() {
            self.busy.store(false, Ordering::Release);
            return Box::pin(std::future::ready(Err(Unanswered::NoThread)));
        }
        Box::pin(async { receiver.await.unwrap_or(Err(Unanswered::NoThread)) })
    }
}

/// A future of the program's, whose panic is an answer.
struct Guarded<A>(Answer<A>);

impl<A> Future for Guarded<A> {
    type Output = Result<A, Unanswered>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(answer)) => Poll::Ready(Ok(answer)),
            Err(_) => Poll::Ready(Err(Unanswered::Panicked)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn wait<A: Send + 'static>(asking: &mut Asking<u32, A>) -> (Generation, Result<A, Unanswered>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(std::future::poll_fn(|cx| asking.poll(cx).map_or(Poll::Pending, Poll::Ready)))
    }

    #[test]
    fn answers_come_under_the_number_of_their_question() {
        let mut asking = Asking::new(Some(Provider::later(|n: u32| async move { n + 1 })));
        assert!(!asking.ask());
        assert!(asking.note(7, 1) && asking.ask());
        assert_eq!(wait(&mut asking), (7, Ok(2)));
        let mut asking = Asking::new(Some(Provider::blocking(|n: u32| n + 1)));
        assert!(asking.note(8, 1) && asking.ask());
        assert_eq!(wait(&mut asking), (8, Ok(2)));
        assert!(!Asking::<u32, u32>::new(None).note(1, 1));
    }

    #[test]
    fn a_panic_is_an_answer() {
        let provider = Provider::later(|n: u32| async move { if n > 0 { panic!("on purpose") } else { n } });
        let mut asking = Asking::new(Some(provider));
        assert!(asking.note(1, 1) && asking.ask());
        assert_eq!(wait(&mut asking), (1, Err(Unanswered::Panicked)));
        let mut asking: Asking<u32, u32> = Asking::new(Some(Provider::blocking(|_| panic!("on purpose"))));
        assert!(asking.note(2, 1) && asking.ask());
        assert_eq!(wait(&mut asking), (2, Err(Unanswered::Panicked)));
    }

    #[test]
    fn a_function_that_does_not_return_is_not_called_again() {
        let (release, held) = mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let mut asking = Asking::new(Some(Provider::blocking(move |n: u32| {
            let _ = held.lock().unwrap().recv();
            n
        })));
        assert!(asking.note(1, 1) && asking.ask());
        assert!(asking.note(2, 2) && asking.ask());
        assert_eq!(wait(&mut asking), (2, Err(Unanswered::Busy)));
        drop(release);
        // It has returned when it takes a question again.
        loop {
            assert!(asking.note(3, 3) && asking.ask());
            match wait(&mut asking) {
                (3, Err(Unanswered::Busy)) => std::thread::yield_now(),
                answer => break assert_eq!(answer, (3, Ok(3))),
            }
        }
    }

    #[test]
    fn what_is_forgotten_is_not_asked() {
        let mut asking = Asking::new(Some(Provider::later(|n: u32| async move { n })));
        assert!(asking.note(1, 1));
        asking.forget(2);
        asking.forget(1);
        assert!(!asking.ask());
    }
}
