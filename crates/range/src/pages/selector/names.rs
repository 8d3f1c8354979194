//! Names: hosts, mail, messengers. None can ever resolve: they stand below the domains that RFC 2606
//! keeps free, or have `--` as third and fourth character, which RFC 5890 §2.3.1 keeps from every
//! registry; addresses are from the ranges for documentation (RFC 5737, RFC 3849).

use std::net::{Ipv4Addr, Ipv6Addr};

use sha3::{Digest, Sha3_256};

use super::coins::point;
use super::{Cue, Cuts, Defang, Maker, Selector, State};
use crate::pages::dice::Dice;
use crate::pages::encode::{base32, base58, crc32, hex};

pub(super) const MAKERS: &[Maker] = &[
    onion_v3, onion_v3, onion_link, onion_v2, i2p, i2p_encrypted,
    email, email, email, url, url, url, domain, domain,
    telegram_name, telegram_link, telegram_short, xmpp, xmpp, matrix, matrix, session, tox, bitmessage, bitmessage,
    ipv4, ipv4, ipv6, ipv6, login, combo,
];

const THINGS: &[&str] =
    &["basket", "bamboo", "candle", "clay", "copper", "ginger", "honey", "indigo", "kettle", "lantern", "loom", "lotus", "mango", "paper", "pepper", "rattan", "silk", "teapot", "timber", "willow"];
const PLACES: &[&str] = &["bazaar", "cellar", "corner", "garden", "harbor", "house", "market", "pier", "road", "stall", "valley", "yard"];

fn label(dice: &mut Dice) -> String {
    let tail = if dice.once_in(2) { format!("-{}", dice.between(2, 9999)) } else { String::new() };
    format!("{}-{}{tail}", dice.pick(THINGS), dice.pick(PLACES))
}

/// A user's name without signs.
fn user(dice: &mut Dice) -> String {
    format!("{}{}{}", dice.pick(THINGS), dice.pick(&["", "_", "."]), dice.between(10, 99_999))
}

/// A name as Telegram, Matrix and Session's users choose it.
fn handle(dice: &mut Dice) -> String {
    format!("{}_{}{}", dice.pick(THINGS), dice.pick(PLACES), dice.between(10, 999))
}

/// A host that can never be.
fn host(dice: &mut Dice) -> String {
    let label = label(dice);
    if dice.once_in(3) {
        let suffix = dice.pick(&["la", "co.th", "com.vn", "com.kh", "ru", "kz", "uz", "com.mm", "cn", "com", "org", "net", "io"]);
        return format!("{}--{label}.{suffix}", dice.letters("bcdfghjkmpqrstvwz", 2));
    }
    format!("{label}.{}", dice.pick(&["example.com", "example.org", "example.net"]))
}

fn secret(dice: &mut Dice) -> String {
    format!("{}{}{}", dice.letters("ABCDEFGHJKLMNPQRSTUVWXYZ", 1), dice.letters("abcdefghkmnpqrstuvwxyz", 6), dice.digits(4))
}

fn onion_name(dice: &mut Dice) -> String {
    let key = point(dice);
    let sum = Sha3_256::new().chain_update(b".onion checksum").chain_update(key).chain_update([3]).finalize();
    base32(&[key.as_slice(), &sum[..2], &[3]].concat())
}

const BASE32: &str = "abcdefghijklmnopqrstuvwxyz234567";

fn onion_v3(dice: &mut Dice) -> Selector {
    let name = format!("{}.onion", onion_name(dice));
    Selector::new("onion-v3", name, Cue::Note("Tor")).checked(0..54, BASE32).with(|writing| {
        writing.cuts = Cuts::Anywhere;
        writing.defang = Defang::Host;
        writing.lookalikes = true;
        writing.glued = true;
    })
}

fn onion_link(dice: &mut Dice) -> Selector {
    let name = format!("{}.onion", onion_name(dice));
    let path = path(dice);
    let range = 7..7 + name.len();
    let selector = Selector::new("url", format!("http://{name}{path}"), Cue::Note("Tor")).part("onion-v3", name, State::Verified, range, true);
    linked(selector)
}

fn onion_v2(dice: &mut Dice) -> Selector {
    let name = format!("{}.onion", dice.letters(BASE32, 16));
    Selector::new("onion-v2", name, Cue::Note("Tor")).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.defang = Defang::Host;
        writing.glued = true;
    })
}

fn i2p(dice: &mut Dice) -> Selector {
    let name = format!("{}.b32.i2p", base32(&dice.bytes::<32>()));
    Selector::new("i2p", name, Cue::Note("I2P")).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.defang = Defang::Host;
        writing.glued = true;
    })
}

/// An encrypted lease set's name: three bytes of flags and signature types, hidden by the CRC-32 of the
/// blinded key, and that key.
fn i2p_encrypted(dice: &mut Dice) -> Selector {
    let key = point(dice);
    let [a, b, c, _] = crc32(&key).to_le_bytes();
    let name = format!("{}.b32.i2p", base32(&[[a, 7 ^ b, 11 ^ c].as_slice(), &key].concat()));
    let selector = Selector::new("i2p", name, Cue::Note("I2P")).checked(6..54, BASE32);
    // Three bytes of flags that make no sense say that it is none as well as that it is broken.
    Selector { required_when_spoiled: false, ..selector }.with(|writing| writing.defang = Defang::Host)
}

fn email(dice: &mut Dice) -> Selector {
    let (user, host) = (user(dice), host(dice));
    let text = format!("{user}@{host}");
    let range = user.len() + 1..text.len();
    Selector::new("email", text, Cue::Contact("e-mail")).rivals(&["xmpp"]).part("domain", host, State::Unverifiable, range, false).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.defang = Defang::Mail;
        writing.lookalikes = true;
        writing.glued = true;
        writing.link = Some("mailto:");
    })
}

fn path(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => String::new(),
        1 => format!("/{}/{}", dice.pick(PLACES), dice.between(1, 9999)),
        2 => format!("/item?id={}&ref={}", dice.between(1, 9999), dice.pick(THINGS)),
        _ => format!("/{}.html#{}", dice.pick(THINGS), dice.pick(PLACES)),
    }
}

fn linked(selector: Selector) -> Selector {
    selector.with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.defang = Defang::Url;
        writing.glued = true;
        writing.link = Some("");
    })
}

fn url(dice: &mut Dice) -> Selector {
    let scheme = *dice.pick(&["https://", "https://", "http://", "ftp://"]);
    let (host, path) = (host(dice), path(dice));
    let range = scheme.len()..scheme.len() + host.len();
    linked(Selector::new("url", format!("{scheme}{host}{path}"), Cue::Note("web")).part("domain", host, State::Unverifiable, range, true))
}

fn domain(dice: &mut Dice) -> Selector {
    Selector::new("domain", host(dice), Cue::Note("web")).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.defang = Defang::Host;
        writing.lookalikes = true;
    })
}

fn telegram_name(dice: &mut Dice) -> Selector {
    let name = handle(dice);
    Selector::new("telegram", name.clone(), Cue::Contact("Telegram")).written(format!("@{name}")).with(|writing| {
        writing.glued = true;
        writing.lookalikes = true;
    })
}

fn telegram_link(dice: &mut Dice) -> Selector {
    let name = handle(dice);
    let text = format!("https://t.me/{name}");
    let range = 8..text.len();
    let selector = Selector::new("url", text, Cue::Contact("Telegram")).part("telegram", name, State::Unverifiable, range, true);
    linked(selector.part("domain", "t.me", State::Unverifiable, 8..12, false))
}

fn telegram_short(dice: &mut Dice) -> Selector {
    let name = handle(dice);
    Selector::new("telegram", name.clone(), Cue::Contact("Telegram")).written(format!("t.me/{name}")).with(|writing| {
        writing.defang = Defang::Brackets;
    })
}

fn xmpp(dice: &mut Dice) -> Selector {
    let (user, host) = (user(dice), host(dice));
    let text = format!("{user}@{host}");
    let range = user.len() + 1..text.len();
    Selector::new("xmpp", text, Cue::Contact(dice.word(&["XMPP", "Jabber", "xmpp"]))).rivals(&["email"]).part("domain", host, State::Unverifiable, range, false).with(|writing| {
        writing.defang = Defang::Mail;
        writing.link = Some("xmpp:");
    })
}

fn matrix(dice: &mut Dice) -> Selector {
    let (sign, name, host) = (*dice.pick(&["@", "@", "#"]), handle(dice), host(dice));
    let text = format!("{sign}{name}:{host}");
    let range = name.len() + 2..text.len();
    Selector::new("matrix", text, Cue::Contact("Matrix")).part("domain", host, State::Unverifiable, range, false)
}

fn session(dice: &mut Dice) -> Selector {
    Selector::new("session", format!("05{}", hex(&dice.bytes::<32>())), Cue::Contact("Session ID")).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.glued = true;
    })
}

/// Key, nospam, and the exclusive or of all pairs of bytes before it.
fn tox(dice: &mut Dice) -> Selector {
    let mut data = dice.bytes::<36>().to_vec();
    let sum = data.chunks(2).fold([0, 0], |sum, pair| [sum[0] ^ pair[0], sum[1] ^ pair[1]]);
    data.extend(sum);
    let text = hex(&data).to_uppercase();
    Selector::new("tox", text, Cue::Contact("Tox")).checked(0..72, "0123456789ABCDEF").with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.lookalikes = true;
        writing.glued = true;
    })
}

fn bitmessage(dice: &mut Dice) -> Selector {
    let text = base58::bitmessage(*dice.pick(&[3, 4]), 1, &dice.bytes::<20>());
    let length = text.len();
    Selector::new("bitmessage", text, Cue::Contact("Bitmessage")).checked(8..length, base58::LETTERS).with(|writing| {
        writing.cuts = Cuts::Unseen;
        writing.glued = true;
    })
}

fn ipv4(dice: &mut Dice) -> Selector {
    let [a, b, c] = *dice.pick(&[[192, 0, 2], [198, 51, 100], [203, 0, 113]]);
    let address = Ipv4Addr::new(a, b, c, dice.between(1, 254) as u8);
    Selector::new("ipv4", address.to_string(), Cue::Note("IP")).with(|writing| {
        writing.defang = Defang::Brackets;
        writing.cuts = Cuts::Unseen;
        writing.glued = true;
    })
}

fn ipv6(dice: &mut Dice) -> Selector {
    let mut groups = [0u16; 8];
    (groups[0], groups[1]) = (0x2001, 0xdb8);
    let zeros = dice.once_in(2);
    for (i, group) in groups.iter_mut().enumerate().skip(2) {
        *group = if zeros && i < 6 { 0 } else { dice.between(1, 0xffff) as u16 };
    }
    let address = Ipv6Addr::from(groups);
    let long = groups.map(|group| format!("{group:04X}")).join(":");
    let written = if dice.once_in(3) { long } else { address.to_string() };
    Selector::new("ipv6", address.to_string(), Cue::Note("IP")).written(written)
}

fn login(dice: &mut Dice) -> Selector {
    let (name, password) = (handle(dice), secret(dice));
    Selector::new("credential", format!("{name}:{password}"), Cue::Note(dice.word(&["login", "username"]))).written(format!("{name} password: {password}"))
}

fn combo(dice: &mut Dice) -> Selector {
    let (user, host, password) = (user(dice), host(dice), secret(dice));
    let (mail, at) = (format!("{user}@{host}"), user.len() + 1);
    let end = mail.len();
    Selector::new("credential", format!("{mail}:{password}"), Cue::Note(dice.word(&["login", "combo list", "password"])))
        .part("email", mail, State::Unverifiable, 0..end, false)
        .part("domain", host, State::Unverifiable, at..end, false)
}
