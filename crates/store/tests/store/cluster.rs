//! A PostgreSQL server of the tests' own: made in a temporary folder, reached through its socket alone,
//! run by an account that is not root, one for each test binary.
//!
//! A shell watches it and reads a pipe that this process holds: when the pipe ends, however the process
//! ended, the shell stops its own server by its pid and removes the folder.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
};

pub const OWNER: &str = "lanternfish_owner";
pub const APP: &str = "lanternfish";

/// `$1` is where temporary folders go, `$2` where the programs of PostgreSQL are, the rest goes to the server.
const WATCH: &str = r#"
set -eu
trap '' INT TERM HUP
dir=$(mktemp -d "$1/lanternfish-postgres-XXXXXX")
bin=$2
shift 2
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C -N -k --wal-segsize=1 >"$dir/log" 2>&1
start() {
  "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c max_connections=200 -c log_min_messages=fatal "$@" >>"$dir/log" 2>&1 &
  server=$!
  until "$bin/pg_isready" -q -h "$dir"; do kill -0 "$server"; sleep 0.05; done
}
start "$@"
echo "$dir"
while read -r word; do
  # Killed in the middle of whatever it does, and started again on the same folder.
  # It may be dead already: that is one of the things that are tried out.
  [ "$word" = crash ] && { kill -QUIT "$server" 2>/dev/null || true; wait "$server" || true; start "$@"; echo up; }
  # Its keeper starts it anew in the middle of the work: connections are ended, and told so.
  [ "$word" = restart ] && { kill -INT "$server"; wait "$server" || true; start "$@"; echo up; }
  [ "$word" = stop ] && { kill -INT "$server"; wait "$server" || true; echo down; }
done
kill -INT "$server" 2>/dev/null || true
wait "$server" || true
rm -rf "$dir"
"#;

pub struct Cluster {
    socket: PathBuf,
    bin: PathBuf,
    words: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

/// The one server of this test binary, or why there is none.
pub fn cluster() -> Result<&'static Cluster, String> {
    static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&[])).as_ref().map_err(Clone::clone)
}

/// The newest PostgreSQL of this computer, if it is new enough.
fn programs() -> Option<PathBuf> {
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let folders = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten().map(|entry| entry.path());
    let newest = folders.filter(|path| version(path).is_some_and(|n| n >= 15)).max_by_key(|path| version(path));
    newest.map(|path| path.join("bin")).filter(|bin| bin.join("initdb").exists())
}

impl Cluster {
    /// A server of its own, with settings such as `fsync=off`.
    pub fn start(settings: &[&str]) -> Result<Cluster, String> {
        let place = ["/dev/shm", "/tmp"].into_iter().find(|place| Path::new(place).is_dir()).expect("a place for temporary files");
        Cluster::start_in(Path::new(place), settings)
    }

    /// The same in a folder that everybody may write into.
    pub fn start_in(place: &Path, settings: &[&str]) -> Result<Cluster, String> {
        let bin = programs().ok_or("no PostgreSQL of version 15 or later in /usr/lib/postgresql (Debian: apt-get install postgresql)")?;
        // initdb refuses root; Debian's package brings an account that is made for it.
        let root = std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
        let mut command = if root { Command::new("setpriv") } else { Command::new("bash") };
        if root {
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "bash"]);
        }
        command.args(["-c", WATCH, "watch"]).arg(place).arg(&bin).args(settings.iter().flat_map(|setting| ["-c", *setting])).current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|e| format!("the watcher of a test server does not start: {e}"))?;
        let words = child.stdin.take().expect("piped");
        let mut answers = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        answers.read_line(&mut line).map_err(|e| e.to_string())?;
        let socket = PathBuf::from(line.trim());
        if !socket.is_dir() {
            return Err("a test server of PostgreSQL could not be made".into());
        }
        let cluster = Cluster { socket, bin, words: Mutex::new((words, answers)) };
        cluster.run("postgres", "postgres", &format!("CREATE ROLE {OWNER} LOGIN; CREATE ROLE {APP} LOGIN"))?;
        Ok(cluster)
    }

    /// The address of a database for a role.
    pub fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@localhost/{database}?host={}", self.socket.display())
    }

    /// Statements in one transaction, as a role; the last line that they answer.
    pub fn run(&self, role: &str, database: &str, statements: &str) -> Result<String, String> {
        Ok(self.all(role, database, statements)?.lines().next_back().unwrap_or("").into())
    }

    /// The same with everything that they answer.
    pub fn all(&self, role: &str, database: &str, statements: &str) -> Result<String, String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.arg("-h").arg(&self.socket).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", role, "-d", database, "-c", statements]);
        let told = psql.output().map_err(|e| e.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_string();
        if told.status.success() { Ok(text(&told.stdout)) } else { Err(text(&told.stderr)) }
    }

    /// The same for a statement that answers one number.
    pub fn ask(&self, role: &str, database: &str, statements: &str) -> Result<i64, String> {
        self.run(role, database, statements)?.parse().map_err(|_| "no number".into())
    }

    /// The server dies without a word to anybody and is started again.
    pub fn crash(&self) {
        self.tell("crash", "up");
    }

    /// The server is stopped and started by its keeper.
    pub fn restart(&self) {
        self.tell("restart", "up");
    }

    /// The server is stopped; `crash` starts it again.
    pub fn stop(&self) {
        self.tell("stop", "down");
    }

    fn tell(&self, word: &str, expected: &str) {
        let mut words = self.words.lock().expect("one at a time");
        words.0.write_all(format!("{word}\n").as_bytes()).and_then(|()| words.0.flush()).expect("the watcher reads");
        let mut line = String::new();
        words.1.read_line(&mut line).expect("the watcher answers");
        assert_eq!(line.trim(), expected);
    }

    /// The folder of its socket, and of all that it keeps.
    pub fn folder(&self) -> &Path {
        &self.socket
    }

    /// An empty database that nobody else has.
    pub fn empty(&'static self) -> TestDatabase {
        let name = next_name();
        self.run("postgres", "postgres", &format!("CREATE DATABASE {name} OWNER {OWNER}")).expect("a database");
        TestDatabase { cluster: self, name }
    }
}

fn next_name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("house_{}", NEXT.fetch_add(1, Ordering::SeqCst))
}

/// A database that is dropped with its house.
pub struct TestDatabase {
    pub cluster: &'static Cluster,
    pub name: String,
}

impl TestDatabase {
    /// As the program reaches it.
    pub fn address(&self) -> store::Database {
        store::Database { url: self.cluster.url(APP, &self.name), password_file: None }
    }

    /// As the role that owns the tables reaches it.
    pub fn owner(&self) -> store::Database {
        store::Database { url: self.cluster.url(OWNER, &self.name), password_file: None }
    }

    /// Another database with the same rows. The connections to this one are ended for it.
    pub fn copy(&self) -> TestDatabase {
        let name = next_name();
        let alone = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        let copied = (0..50).any(|_| {
            let made = format!("CREATE DATABASE {name} TEMPLATE {} OWNER {OWNER}", self.name);
            self.cluster.run("postgres", "postgres", &alone).and_then(|_| self.cluster.run("postgres", "postgres", &made)).is_ok()
        });
        assert!(copied, "a copy of {}", self.name);
        // What a copy of a database does not bring.
        let grant = format!("GRANT CONNECT ON DATABASE {name} TO {APP}");
        self.cluster.run("postgres", "postgres", &grant).expect("the role may connect");
        TestDatabase { cluster: self.cluster, name }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let _ = self.cluster.run("postgres", "postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
