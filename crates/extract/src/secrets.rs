//! Private keys in PEM armour (RFC 7468, RFC 1421, OpenSSH) and user names with their passwords. All
//! of them are sensitive. A key is recognised by its armour, not opened; a password is recognised by
//! the words around it, or by the shape of a line in a list of stolen logins. Nothing is tried.

use model::selector::SelectorType;
use sha2::{Digest, Sha256};

use crate::pgp;
use crate::verdict::{Verdict, Words, ascii};

const BEGIN: &[u8] = b"-----BEGIN ";
const LONGEST: usize = 64 << 10;

/// A PEM block with a private key at the start of `text`: its length and the verdict.
pub(crate) fn pem(text: &[u8]) -> Option<(usize, Verdict)> {
    let rest = text.strip_prefix(BEGIN)?;
    let label_length = rest.iter().take(40).position(|b| *b == b'-')?;
    let label = &rest[..label_length];
    if !label.ends_with(b"PRIVATE KEY") || !rest[label_length..].starts_with(b"-----") {
        return None;
    }
    let body_at = BEGIN.len() + label_length + 5;
    let end_line = [b"-----END ", label, b"-----"].concat();
    let limit = text.len().min(LONGEST);
    let close = memchr::memmem::find(&text[body_at..limit], &end_line).map(|i| body_at + i);
    // Without its last line it ends where the armour does.
    let body_end = close.unwrap_or_else(|| {
        let inside = |b: &u8| b.is_ascii_alphanumeric() || b"+/=\r\n :,-".contains(b);
        text[body_at..limit].iter().position(|b| !inside(b)).map_or(limit, |i| body_at + i)
    });
    let letters: Vec<u8> = text[body_at..body_end].iter().copied().filter(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')).collect();
    let value = format!("{} sha256:{}", ascii(label).to_ascii_lowercase(), hex::encode(Sha256::digest(pgp::decode_base64(&letters))));
    let kind = SelectorType::PrivateKey;
    if letters.len() < 40 || letters.iter().all(|b| *b == letters[0]) {
        return None;
    }
    let length = close.map_or_else(|| body_at + text[body_at..body_end].trim_ascii_end().len(), |at| at + end_line.len());
    let verdict = match close {
        Some(_) => Verdict::unverifiable(kind, value, format!("armoured {}; the value is the SHA-256 of its bytes", ascii(label))),
        None => Verdict::failed(kind, value, format!("armoured {}; the END line is missing", ascii(label))),
    };
    Some((length, verdict))
}

/// Words before a password.
const PASSWORD_WORDS: [&str; 16] = [
    "password", "passwd", "passwort", "pass", "pwd", "пароль", "пасс", "รหัสผ่าน", "ລະຫັດຜ່ານ", "ពាក្យសម្ងាត់", "စကားဝှက်", "mật khẩu", "密码", "密碼",
    "kata sandi", "parol",
];
/// Words before a user name.
const LOGIN_WORDS: [&str; 17] = [
    "login", "user", "username", "user name", "account", "логин", "пользователь", "ชื่อผู้ใช้", "ຊື່ຜູ້ໃຊ້", "ឈ្មោះអ្នកប្រើ", "အသုံးပြုသူ", "tên đăng nhập", "用户名",
    "帳號", "账号", "nama pengguna", "foydalanuvchi",
];

const REACH: usize = 160;

/// `login: name … password: word`, with the second colon at `colon`: the range and both words.
pub(crate) fn labelled(text: &[u8], colon: usize) -> Option<(usize, usize, Verdict)> {
    ends_with_word(text, colon, &PASSWORD_WORDS)?;
    let (password_at, password_end) = value_after(text, colon + 1)?;
    let password = &text[password_at..password_end];
    if !is_password(password) {
        return None;
    }
    let floor = colon.saturating_sub(REACH);
    let login_colon = (floor..colon).rev().find(|i| matches!(text[*i], b':' | b'=') && ends_with_word(text, *i, &LOGIN_WORDS).is_some())?;
    let (login_at, login_end) = value_after(text, login_colon + 1)?;
    if login_end > colon || text[login_at..login_end].iter().any(|b| !b.is_ascii_graphic()) {
        return None;
    }
    let verdict = credential(&text[login_at..login_end], password, "a user name and a password after such words");
    Some((login_at, password_end, verdict))
}

/// `name@host:word` as lists of stolen logins have it; `mail` is the range of the address.
pub(crate) fn after_mail(text: &[u8], mail: (usize, usize), cue: impl Fn() -> bool) -> Option<(usize, Verdict)> {
    let sign = *text.get(mail.1)?;
    if !matches!(sign, b':' | b'|' | b';') || !text.get(mail.1 + 1)?.is_ascii_graphic() {
        return None;
    }
    let begins_line = mail.0 == 0 || matches!(text[mail.0 - 1], b'\n' | b'\r');
    let (at, end) = value_after(text, mail.1 + 1)?;
    let password = &text[at..end];
    let ends_line = text.get(end).is_none_or(|b| matches!(b, b'\n' | b'\r' | b' ' | b'|' | b'\t' | b'"'));
    if !is_password(password) || password.iter().all(u8::is_ascii_digit) && password.len() < 6 || is_path(password) {
        return None;
    }
    (ends_line && (begins_line || cue())).then(|| {
        (end, credential(&text[mail.0..mail.1], password, "a mail address and a word in one line, as lists of logins have it"))
    })
}

/// `otpauth://totp/…?secret=…` and `otpauth-migration://…`, as apps for one-time passwords show them in QR codes.
pub(crate) fn one_time(url: &str) -> Option<Verdict> {
    let lower = url.to_ascii_lowercase();
    let with_key = lower.starts_with("otpauth://") && (lower.contains("?secret=") || lower.contains("&secret="));
    let moved = lower.starts_with("otpauth-migration://") && lower.contains("data=");
    let why = "a key that makes one-time passwords (otpauth); not tried";
    (with_key || moved).then(|| Verdict::unverifiable(SelectorType::Credential, url.to_string(), why))
}

pub(crate) static LIST_CUES: Words = Words::new(&["password", "combo", "login", "leak", "логин", "парол", "credentials", "accounts", "dump"]);

fn credential(login: &[u8], password: &[u8], why: &'static str) -> Verdict {
    let value = format!("{}:{}", String::from_utf8_lossy(login), String::from_utf8_lossy(password));
    Verdict::unverifiable(SelectorType::Credential, value, format!("{why}; not tried"))
}

/// Whether the text before `at` (and before spaces) ends with one of the words.
fn ends_with_word(text: &[u8], at: usize, words: &[&str]) -> Option<()> {
    let before = text[at.saturating_sub(48)..at].trim_ascii_end();
    let lower = String::from_utf8_lossy(before).to_lowercase();
    let word = words.iter().find(|word| lower.ends_with(**word))?;
    let rest = &lower[..lower.len() - word.len()];
    (!word.is_ascii() || !rest.ends_with(|c: char| c.is_alphanumeric())).then_some(())
}

/// The run of visible bytes after up to two spaces.
fn value_after(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let at = from + text.get(from..)?.iter().take(2).take_while(|b| **b == b' ').count();
    let length = text[at..].iter().take(66).take_while(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'"')).count();
    let end = at + text[at..at + length].iter().rposition(|b| !matches!(b, b',' | b';')).map_or(0, |i| i + 1);
    (4..=64).contains(&(end - at)).then_some((at, end))
}

/// `host:team/project.git` names a place.
fn is_path(word: &[u8]) -> bool {
    word.starts_with(b"/") || (word.contains(&b'/') && !word.iter().any(u8::is_ascii_digit))
}

/// Not a word of a sentence: two kinds of signs at least, or a long run of digits.
fn is_password(word: &[u8]) -> bool {
    let kinds = [
        word.iter().any(u8::is_ascii_lowercase), word.iter().any(u8::is_ascii_uppercase), word.iter().any(u8::is_ascii_digit),
        word.iter().any(|b| b.is_ascii_punctuation() && !matches!(b, b'.' | b':' | b'(' | b')' | b'[' | b']')),
    ];
    let varied = kinds.iter().filter(|k| **k).count();
    let capitalised = word[0].is_ascii_uppercase() && word[1..].iter().all(u8::is_ascii_lowercase);
    (varied >= 2 && !capitalised) || (word.len() >= 6 && kinds[2] && varied == 1)
}
