//! Names of the open net: what may be asked for through Tor's exits or a proxy. A name, never an address, because an
//! address can be one of this machine's own network seen from the other side. ASCII with at least one dot, labels by
//! RFC 1123 §2.1.
//!
//! It refuses names that have a meaning of their own somewhere: whoever looked them up would learn what was meant for
//! another network. On a private network `.test` is a name like others (RFC 6761 §6.2).

/// Why a name is not asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOpen {
    /// An address, or what some program reads as one.
    #[error("the host is an address; on the open net only names are asked for")]
    Address,
    /// No name by RFC 1123.
    #[error("the host is no name of the open net: it needs a dot, and parts of letters, digits and hyphens (write names of other scripts as xn--…)")]
    NoName,
    /// A name of another network, or of none.
    #[error("the host ends in a name that is no part of the open net (such as .onion, .i2p, .local, .internal or .test); another way may lead there")]
    Special,
    /// No name of I2P.
    #[error("the host is no name of I2P: a name that ends in .i2p, or the 52 letters of a destination before .b32.i2p")]
    NotI2p,
}

/// The last labels that are no part of the open net: RFC 6761 and those registered after it, the private ones of
/// RFC 6762 appendix G, and Tor's own.
const SPECIAL: [&str; 17] = [
    "alt", "arpa", "corp", "example", "exit", "home", "i2p", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "onion", "private", "test",
];
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The name in lower case.
///
/// # Errors
/// [`NotOpen`].
///
/// ```
/// use collect::openname::{NotOpen, read};
/// assert_eq!(read("Market.Example.org", false).as_deref(), Ok("market.example.org"));
/// assert_eq!(read("192.0.2.1", false), Err(NotOpen::Address));
/// assert_eq!(read("market.test", false), Err(NotOpen::Special));
/// assert!(read("market.test", true).is_ok());
/// ```
pub fn read(host: &str, private: bool) -> Result<String, NotOpen> {
    let name = host.to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    // What begins with a digit at its end is read as an address by some programs (127.1, 10.0.0.0x7f).
    if name.starts_with('[') || last.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(NotOpen::Address);
    }
    if SPECIAL.contains(&last) && !(private && last == "test") {
        return Err(NotOpen::Special);
    }
    if labels.len() < 2 || name.len() > LONGEST || !labels.iter().all(|label| is_label(label)) {
        return Err(NotOpen::NoName);
    }
    Ok(name)
}

/// A name of I2P in lower case: of an address book, or the digest of a destination (`….b32.i2p`).
///
/// # Errors
/// [`NotOpen`].
pub fn read_i2p(host: &str) -> Result<String, NotOpen> {
    let name = host.to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let plain = labels.len() >= 2 && labels.last() == Some(&"i2p") && name.len() <= LONGEST && labels.iter().all(|label| is_label(label));
    let digest = |label: &str| (label.len() == B32 || label.len() >= B32_BLINDED) && label.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b));
    let whole = match labels[..] {
        [.., label, "b32", "i2p"] => digest(label),
        ["b32", "i2p"] => false,
        _ => true,
    };
    if plain && whole { Ok(name) } else { Err(NotOpen::NotI2p) }
}

/// Letters of a SHA-256 in base32, and the least of a blinded destination.
const B32: usize = 52;
const B32_BLINDED: usize = 56;

fn is_label(label: &str) -> bool {
    let plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    plain && !label.is_empty() && label.len() <= LONGEST_LABEL && !label.starts_with('-') && !label.ends_with('-')
}
