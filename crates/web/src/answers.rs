//! Steps that were asked for from a page, and what they answered.
//!
//! Each form bears a number that is used once: a form that is sent twice, by a second click or by the button "back", is
//! answered a second time and taken once. Answers are kept in memory only, for their own session, a few at a time, and are
//! gone with it. A step goes on when its page is closed.

use std::{
    collections::HashMap,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, atomic::{AtomicBool, Ordering}},
    time::{Duration, Instant},
};

use crate::{
    house::{Heard, House},
    steps::Typed,
    viewer::Look,
};

/// Answers that are kept for one session.
const KEPT: usize = 40;
/// The same with those whose form is still on its way.
const MOST_HELD: usize = 100;
/// How long an answer is kept after its step has ended: what was allowed then may not be allowed for ever.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// The same for what was answered to a question: it quotes items, each of which may become restricted. As long as law 15
/// gives running work.
const QUESTION_KEPT_FOR: Duration = Duration::from_secs(60);
/// Steps of one session that run at the same time.
const AT_ONCE: usize = 8;

/// One step, under way or answered.
pub struct Asked {
    /// Its number, from the form.
    pub number: String,
    /// The step's name.
    pub step: String,
    /// The case, when it is taken in one.
    pub case: Option<String>,
    /// Whether it is a question about what the case holds.
    pub is_question: bool,
    /// The name that a file of the answer gets.
    pub file_name: Option<String>,
    /// The name of the file that was sent along.
    pub sent: Option<String>,
    /// What was typed, without secrets and files, so that nobody types it twice.
    pub typed: Typed,
    /// What was heard.
    pub heard: Arc<Heard>,
    /// When it began.
    pub begun: Instant,
    /// What was asked for to show it, when it is an opened item.
    pub look: Look,
    exit: Mutex<Option<(i32, Instant)>>,
    ended: Condvar,
    /// Whether the form that it came with is still on its way.
    on_its_way: AtomicBool,
}

impl Asked {
    /// The form goes on: its sender waits for the outcome of all of it.
    pub fn hold(&self) {
        self.on_its_way.store(true, Ordering::SeqCst);
    }

    /// The form came to its end, as it will: from now on the answer grows old.
    pub fn let_go(&self) {
        if let Some((_, ended)) = locked(&self.exit).as_mut() {
            *ended = Instant::now();
        }
        self.on_its_way.store(false, Ordering::SeqCst);
    }

    fn is_held(&self) -> bool {
        self.on_its_way.load(Ordering::SeqCst)
    }

    /// The exit code, when it has ended.
    pub fn exit(&self) -> Option<i32> {
        locked(&self.exit).map(|(exit, _)| exit)
    }

    /// Whether it ended so long ago that its answer is kept no longer.
    fn is_old(&self, now: Instant) -> bool {
        !self.is_held() && locked(&self.exit).is_some_and(|(_, ended)| now.duration_since(ended) > if self.is_question { QUESTION_KEPT_FOR } else { KEPT_FOR })
    }

    /// Waits until it has ended, or as long as this.
    pub fn wait(&self, longest: Duration) -> Option<i32> {
        let exit = locked(&self.exit);
        let waited = self.ended.wait_timeout_while(exit, longest, |exit| exit.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.map(|(exit, _)| exit)
    }

    fn end(&self, exit: i32) {
        *locked(&self.exit) = Some((exit, Instant::now()));
        self.ended.notify_all();
    }
}

/// What a page asks to be done.
pub struct Wish {
    /// The form's number.
    pub number: String,
    /// The step's name.
    pub step: String,
    /// The case.
    pub case: Option<String>,
    /// The words of the step.
    pub words: Vec<String>,
    /// Whether it is a question about what the case holds.
    pub is_question: bool,
    /// The name that a file of the answer gets.
    pub file_name: Option<String>,
    /// The name of the file that was sent along.
    pub sent: Option<String>,
    /// What was typed, without secrets and files.
    pub typed: Typed,
}

/// All answers, by session.
#[derive(Default)]
pub struct Answers {
    sessions: Mutex<HashMap<[u8; 32], Vec<Arc<Asked>>>>,
}

impl Answers {
    /// Takes the step on a thread of its own, or gives the one that was begun under this number.
    ///
    /// # Errors
    /// In words: too many steps of this session run already.
    pub fn take(&self, house: &Arc<dyn House>, token: &str, session: [u8; 32], wish: Wish, heard: Heard) -> Result<Arc<Asked>, String> {
        self.forget_old();
        let mut sessions = locked(&self.sessions);
        let mine = sessions.entry(session).or_default();
        if let Some(before) = mine.iter().find(|asked| asked.number == wish.number) {
            return Ok(Arc::clone(before));
        }
        if mine.iter().filter(|asked| asked.exit().is_none()).count() >= AT_ONCE {
            return Err(format!("{AT_ONCE} steps of yours are still running: wait until one has ended"));
        }
        let asked = Arc::new(Asked {
            number: wish.number,
            step: wish.step,
            case: wish.case,
            file_name: wish.file_name,
            sent: wish.sent,
            is_question: wish.is_question,
            typed: wish.typed,
            heard: Arc::new(heard),
            begun: Instant::now(),
            look: Look::default(),
            exit: Mutex::new(None),
            ended: Condvar::new(),
            on_its_way: AtomicBool::new(false),
        });
        mine.push(Arc::clone(&asked));
        keep_the_newest(mine);
        let (house, token, taken) = (Arc::clone(house), token.to_string(), Arc::clone(&asked));
        std::thread::spawn(move || {
            let ends = EndsAnyhow(Arc::clone(&taken));
            let exit = house.take(&token, &wish.words, Arc::clone(&taken.heard) as _);
            ends.0.end(exit);
        });
        Ok(asked)
    }

    /// One answer of this session.
    pub fn get(&self, session: &[u8; 32], number: &str) -> Option<Arc<Asked>> {
        self.forget_old();
        locked(&self.sessions).get(session)?.iter().find(|asked| asked.number == number).cloned()
    }

    /// The steps of this session, the newest first.
    pub fn of(&self, session: &[u8; 32]) -> Vec<Arc<Asked>> {
        locked(&self.sessions).get(session).into_iter().flatten().rev().cloned().collect()
    }

    /// Forgets what was answered in this session. Steps that run go on.
    pub fn forget(&self, session: &[u8; 32]) {
        locked(&self.sessions).remove(session);
    }

    /// Forgets one answer.
    pub fn forget_one(&self, session: &[u8; 32], number: &str) {
        if let Some(mine) = locked(&self.sessions).get_mut(session) {
            mine.retain(|asked| asked.number != number);
        }
    }

    /// Forgets, in all sessions, what was answered long ago.
    fn forget_old(&self) {
        let now = Instant::now();
        locked(&self.sessions).retain(|_, mine| {
            mine.retain(|asked| !asked.is_old(now));
            !mine.is_empty()
        });
    }
}

/// The oldest ended answers go first; one that runs stays, and one whose form is still on its way.
fn keep_the_newest(mine: &mut Vec<Arc<Asked>>) {
    while mine.len() > KEPT {
        // Of forms without end no more is kept than of several long ones.
        let held_too = mine.len() > MOST_HELD;
        let Some(oldest) = mine.iter().position(|asked| asked.exit().is_some() && (held_too || !asked.is_held())) else { return };
        mine.remove(oldest);
    }
}

/// A step whose thread falls has ended too.
struct EndsAnyhow(Arc<Asked>);

impl Drop for EndsAnyhow {
    fn drop(&mut self) {
        if self.0.exit().is_none() {
            self.0.end(3);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended() -> Arc<Asked> {
        let asked = Asked {
            number: String::new(), step: "exhibit/admit".into(), case: None, is_question: false, file_name: None, sent: None, typed: Typed::new(), heard: Arc::default(), begun: Instant::now(),
            look: Look::default(), exit: Mutex::new(None), ended: Condvar::new(), on_its_way: AtomicBool::new(false),
        };
        asked.end(0);
        Arc::new(asked)
    }

    #[test]
    fn an_answer_grows_old_only_when_its_form_has_come_to_its_end() {
        let (first, later) = (ended(), Instant::now() + KEPT_FOR + Duration::from_secs(1));
        assert!(first.is_old(later));
        first.hold();
        assert!(!first.is_old(later), "the last file of its form is still on its way");
        let mut mine: Vec<Arc<Asked>> = std::iter::once(Arc::clone(&first)).chain((0..KEPT).map(|_| ended())).collect();
        keep_the_newest(&mut mine);
        assert!(mine.len() == KEPT && Arc::ptr_eq(&mine[0], &first));
        let mut mine: Vec<Arc<Asked>> = (0..MOST_HELD + 20).map(|_| ended()).inspect(|asked| asked.hold()).collect();
        keep_the_newest(&mut mine);
        assert_eq!(mine.len(), MOST_HELD, "forms without end are no reason to keep without end");
        first.let_go();
        assert!(first.is_old(later + Duration::from_secs(1)) && !first.is_old(Instant::now() + KEPT_FOR - Duration::from_secs(1)));
    }
}
