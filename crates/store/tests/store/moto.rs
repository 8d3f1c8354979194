//! An S3 server of the tests' own: moto, one for each test binary, on loopback, gone with the binary. And a
//! way to it on which requests and answers can be lost.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use store::ObjectStore;
use tempfile::TempDir;

const REGION: &str = "eu-central-1";

pub struct Moto {
    pub endpoint: String,
    pub id: String,
    pub secret: String,
    /// The authority of its certificate, where it is reached by TLS.
    pub authority: String,
    keys: TempDir,
    _child: Child,
}

/// The one server of this test binary, or why there is none.
pub fn moto() -> Result<&'static Moto, String> {
    static MOTO: OnceLock<Result<Moto, String>> = OnceLock::new();
    MOTO.get_or_init(|| Moto::start(&[])).as_ref().map_err(Clone::clone)
}

impl Moto {
    pub fn start(arguments: &[&str]) -> Result<Moto, String> {
        let absent = "no moto for python3 (PyPI: pip install 'moto[s3]' flask flask-cors; ./test does it)";
        let mut command = Command::new("python3");
        command.arg("-c").arg(include_str!("moto_server.py")).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|e| format!("{absent}: {e}"))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).map_err(|e| e.to_string())?;
        let told: serde_json::Value = serde_json::from_str(&line).map_err(|_| absent.to_string())?;
        let said = |name: &str, other: &str| told[name].as_str().unwrap_or(other).to_string();
        let keys = tempfile::tempdir().expect("a folder");
        Ok(Moto { endpoint: said("endpoint", ""), id: said("id", "anybody"), secret: said("secret", "whatever-is-secret"), authority: said("authority", ""), keys, _child: child })
    }

    /// A place in a bucket that nobody else has.
    pub fn place(&self, bucket: &str) -> ObjectStore {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        ObjectStore {
            url: format!("s3://{bucket}/unit/house-{number}"),
            endpoint: self.endpoint.clone(),
            region: REGION.into(),
            key_file: self.key_file(&format!("{number}.key"), &self.id, &self.secret, 0o600),
            ca_file: None,
        }
    }

    pub fn key_file(&self, name: &str, id: &str, secret: &str, mode: u32) -> PathBuf {
        self.file(name, &format!("{id}\n{secret}\n"), mode)
    }

    pub fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.keys.path().join(name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).expect("a new file");
        file.write_all(text.as_bytes()).expect("a disk");
        path
    }
}

// ---- a way on which things get lost

/// What happens to one request.
pub enum Fault {
    /// Nothing.
    Pass,
    /// It never arrives.
    Lost,
    /// It arrives; its answer does not.
    AnswerLost,
    /// Only so many bytes of the answer arrive.
    AnswerCut(usize),
    /// Somebody else answers.
    Instead(&'static str),
    /// It arrives without this header.
    Without(&'static str),
}

type Judge = Box<dyn FnMut(&str) -> Fault + Send>;

/// A way to a server. Each request asks what shall happen to it; the question is its first line.
pub struct Way {
    pub endpoint: String,
    judge: Arc<Mutex<Judge>>,
}

impl Way {
    pub fn to(server: &str) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = server.trim_start_matches("http://").to_string();
        let judge: Arc<Mutex<Judge>> = Arc::new(Mutex::new(Box::new(|_| Fault::Pass)));
        let asked = Arc::clone(&judge);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (judge, server) = (Arc::clone(&asked), server.clone());
                std::thread::spawn(move || pass_on(stream, &server, &judge));
            }
        });
        Way { endpoint, judge }
    }

    pub fn rule(&self, judge: impl FnMut(&str) -> Fault + Send + 'static) {
        *self.judge.lock().unwrap() = Box::new(judge);
    }

    pub fn clear(&self) {
        self.rule(|_| Fault::Pass);
    }
}

/// One request on one connection.
fn pass_on(mut stream: TcpStream, server: &str, judge: &Mutex<Judge>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut head = vec![];
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push(line);
    }
    let value = |name: &str| head.iter().find(|line| line.to_ascii_lowercase().starts_with(name)).and_then(|line| line.split_once(':')).map(|(_, v)| v.trim().to_string());
    let mut body = vec![0; value("content-length:").and_then(|v| v.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let fault = (judge.lock().ok()?)(head[0].trim());
    match fault {
        Fault::Lost => return None,
        Fault::Instead(answer) => {
            stream.write_all(answer.as_bytes()).ok()?;
            return None;
        }
        _ => {}
    }
    let dropped = if let Fault::Without(name) = fault { name } else { "connection:" };
    let kept = head.iter().filter(|line| !line.to_ascii_lowercase().starts_with(dropped));
    let mut there = TcpStream::connect(server).ok()?;
    let text: String = kept.cloned().collect();
    there.write_all(format!("{text}connection: close\r\n\r\n").as_bytes()).ok()?;
    there.write_all(&body).ok()?;
    let mut answer = vec![];
    there.read_to_end(&mut answer).ok()?;
    match fault {
        Fault::AnswerLost => {}
        Fault::AnswerCut(most) => stream.write_all(&answer[..most.min(answer.len())]).ok()?,
        _ => stream.write_all(&answer).ok()?,
    }
    Some(())
}
