//! The home folder of a node: where everything of one agency on one machine lives.
//!
//! `node/` holds what the node itself needs to run without a person: the log's signing key, the
//! agency key (register of users and unit authorities), the certificate authority and the training
//! time-stamp key. No case key is ever there (law 13). What root could do with it is stated in
//! `ARCHITECTURE.md`.

use std::{
    fs,
    io::Write,
    net::IpAddr,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::StoreError;

/// Settings of a node, in `lanternfish.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// Format of the home folder: 1.
    pub format: u32,
    /// Name of the agency.
    pub agency: String,
    /// Base of the log's origin line; later epochs append to it.
    pub origin: String,
    /// Work factor of passphrase hashing (scrypt log2 N).
    pub passphrase_log_n: u8,
    /// Time-stamp authorities.
    pub time_authorities: Vec<TimeAuthority>,
    /// How long a session lasts, in seconds.
    pub session_seconds: i64,
    /// Whether this node exists for training only: everything that leaves is marked SYNTHETIC.
    pub training: bool,
    /// Where the records live, when not in the home itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// Where the encrypted objects live, when not in the home itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<ObjectStore>,
}

/// A bucket of a server that speaks S3. No secret stands here: the access key is in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectStore {
    /// `s3://BUCKET/FOLDER`.
    pub url: String,
    /// `https://HOST` or `https://HOST:PORT`; `http://` on this machine only.
    pub endpoint: String,
    /// The region that signatures name.
    pub region: String,
    /// A file that only its owner reads: the id of the access key on the first line, its secret on the second.
    pub key_file: PathBuf,
    /// Certificates of the authorities that the server's own is believed by, in PEM; without it, those of the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

/// A PostgreSQL database. The address holds no password; it may stand in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// `postgres://USER@HOST:PORT/DATABASE`, with libpq's `host=/folder` for a socket.
    pub url: String,
    /// A file whose first line is the password; without it, PGPASSFILE or `~/.pgpass` are asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
}

impl Database {
    /// The same database as another role, such as the one that owns the tables.
    ///
    /// # Errors
    /// [`StoreError::Input`] when the address has no role to replace.
    pub fn as_role(&self, role: &str, password_file: Option<PathBuf>) -> Result<Database, StoreError> {
        let (scheme, rest) = self.url.split_once("://").ok_or_else(|| StoreError::input("a database address begins with postgres://"))?;
        let place = rest.find('/').unwrap_or(rest.len());
        let host = rest[..place].rsplit_once('@').map_or(&rest[..place], |(_, host)| host);
        if role.is_empty() || !role.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
            return Err(StoreError::input(format!("{role} is not the name of a database role: use letters, digits, _ - .", role = model::quoted(role))));
        }
        Ok(Database { url: format!("{scheme}://{role}@{host}{}", &rest[place..]), password_file })
    }
}

/// A configured time-stamp authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeAuthority {
    /// Name for people.
    pub name: String,
    /// `http://` or `https://` address; `built-in` is the training authority.
    pub url: String,
    /// SHA-256 of its signing certificate, as the seal plan will name it.
    pub certificate: String,
    /// Whether it is independent of the agency.
    pub independent: bool,
}

/// Paths of a home folder.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The home at `root`; nothing is read yet.
    pub fn at(root: &Path) -> Home {
        Home { root: root.to_path_buf() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.root.join("records.db")
    }

    /// Encrypted blobs.
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// Spools of running collections (encrypted).
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Where Tor keeps its state; made when it is first needed.
    pub fn tor(&self) -> PathBuf {
        self.root.join("tor")
    }

    /// Packages and reports that were built.
    pub fn out(&self) -> PathBuf {
        self.root.join("out")
    }

    /// Tombstones of what was erased, to be copied elsewhere.
    pub fn tombstones(&self) -> PathBuf {
        self.root.join("tombstones")
    }

    /// A file of the node's own keys.
    pub fn node_file(&self, name: &str) -> PathBuf {
        self.root.join("node").join(name)
    }

    fn config_path(&self) -> PathBuf {
        self.root.join("lanternfish.json")
    }

    /// Whether a node was set up here.
    pub fn exists(&self) -> bool {
        self.config_path().exists()
    }

    /// Reads the settings.
    ///
    /// # Errors
    /// When there is no node here, or the file cannot be read.
    pub fn config(&self) -> Result<Config, StoreError> {
        let bytes = fs::read(self.config_path()).map_err(|_| {
            StoreError::input(format!(
                "there is no lanternfish home at {}: run `lanternfish init --home {} --agency NAME` first",
                self.root.display(),
                self.root.display()
            ))
        })?;
        serde_json::from_slice(&bytes).map_err(|e| StoreError::damaged(format!("lanternfish.json: {e}")))
    }

    /// Writes the settings, whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_config(&self, config: &Config) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(config).expect("settings are plain data");
        write_private(&self.config_path(), &text)
    }

    /// Makes the folders of an empty home.
    ///
    /// # Errors
    /// When something is there already, or the disk refuses.
    pub fn make(&self) -> Result<(), StoreError> {
        if self.exists() {
            return Err(StoreError::input(format!("there is already a lanternfish home at {}", self.root.display())));
        }
        for folder in [self.root.clone(), self.root.join("node"), self.objects(), self.spool(), self.out()] {
            fs::create_dir_all(&folder)
                .and_then(|()| fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)))
                .map_err(|e| StoreError::environment(format!("making the folder {}", folder.display()), &e))?;
        }
        Ok(())
    }

    /// Makes the empty file of the records: SQLite gives its side files the mode of the database, so it is
    /// made before SQLite makes it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn make_database(&self) -> Result<(), StoreError> {
        let database = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(self.database());
        database.map(drop).map_err(|e| StoreError::environment("making the database", &e))
    }
}

/// The text of a secret file, which nobody but its owner may read.
///
/// # Errors
/// [`StoreError::Input`] when others can read it; the disk.
pub(crate) fn read_private(path: &Path, what: &str) -> Result<Zeroizing<String>, StoreError> {
    let attempt = || format!("reading {what}, {}", path.display());
    let about = fs::metadata(path).map_err(|e| StoreError::environment(attempt(), &e))?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(StoreError::input(format!("{}: others can read it; make it yours alone (chmod 600)", path.display())));
    }
    fs::read_to_string(path).map(Zeroizing::new).map_err(|e| StoreError::environment(attempt(), &e))
}

/// Whether a host is this machine: only on the way to it may TLS be missing.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    address == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Writes a file that only its owner reads: to a temporary name, synced, then renamed.
///
/// # Errors
/// When the disk refuses.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    // Two programs that write the same file at once do not write into each other's bytes.
    let temporary = path.with_extension(format!("{}.writing", std::process::id()));
    let attempt = || format!("writing {}", path.display());
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(|e| StoreError::environment(attempt(), &e))?;
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::rename(&temporary, path))
        .and_then(|()| fs::File::open(path.parent().unwrap_or(Path::new("."))).and_then(|d| d.sync_all()))
        .map_err(|e| StoreError::environment(attempt(), &e))
}
