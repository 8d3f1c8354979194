//! Proxies. As typed; nothing is decided here.

use clap::Subcommand;

use super::words;

#[derive(Debug, Subcommand)]
pub enum ProxyVerb {
    /// Name a SOCKS5 proxy on this machine (administrator). A name is given once and never again.
    Add {
        /// Its name: small letters, digits, hyphens.
        name: String,
        /// agency (to the open net) or i2p.
        #[arg(long, value_parser = ["agency", "i2p"])]
        kind: String,
        /// Where it listens: unix:/path/of/its/socket, 127.0.0.1:PORT or [::1]:PORT.
        #[arg(long)]
        at: String,
        /// Who runs it and answers for it.
        #[arg(long, value_parser = words)]
        operator: String,
    },
    /// Every proxy, those that are not used any more included.
    List,
    /// Take a proxy out of use (administrator). Captures that run through it end.
    Remove {
        /// Its name.
        name: String,
        /// Why.
        #[arg(long, value_parser = words)]
        reason: String,
    },
}
