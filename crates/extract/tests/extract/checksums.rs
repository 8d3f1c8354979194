//! Every type with a checksum, ten thousand times: sound as written, then with one character changed to
//! another of its alphabet, at any place, the prefix included. Sound ones are `verified`; changed ones
//! are `failed-checksum`, at least 99.9 % of them, or as many as a weak checksum can tell. The table is
//! printed (`cargo test --release -p extract --test extract checksums -- --nocapture`).
//! Beside them: the examples that the specifications publish.

use model::selector::{SelectorState, SelectorType};

use super::encode::*;
use super::{check, text};

/// How much of what was changed must be told.
enum Told {
    Strong,
    /// The theoretical rate of a weak checksum.
    AtLeast(f64),
}

struct Row {
    name: &'static str,
    kind: SelectorType,
    before: &'static str,
    alphabet: &'static str,
    make: fn(&mut Dice) -> String,
    told: Told,
}

fn row(name: &'static str, kind: SelectorType, before: &'static str, alphabet: &'static str, make: fn(&mut Dice) -> String) -> Row {
    Row { name, kind, before, alphabet, make, told: Told::Strong }
}

fn weak(row: Row, rate: f64) -> Row {
    Row { told: Told::AtLeast(rate), ..row }
}

fn versioned(dice: &mut Dice, version: &[u8]) -> String {
    base58check(&[version, &dice.bytes(20)].concat())
}

fn extended(dice: &mut Dice, version: u32, private: bool) -> String {
    let key = if private { vec![0] } else { vec![2 + dice.below(2) as u8] };
    base58check(&[&version.to_be_bytes()[..], &dice.bytes(41), &key, &dice.bytes(32)].concat())
}

const HEX: &str = "0123456789abcdefABCDEF";

fn rows() -> Vec<Row> {
    use SelectorType::*;
    vec![
        row("onion v3", OnionV3, "mirror", BASE32, |d| onion(&point(d))),
        weak(row("I2P, encrypted", I2p, "host", BASE32, i2p_encrypted), 0.99),
        row("BTC P2PKH", BtcBase58, "BTC", BASE58, |d| versioned(d, &[0])),
        row("BTC P2SH", BtcBase58, "BTC", BASE58, |d| versioned(d, &[5])),
        row("BTC segwit, 20 bytes", BtcBech32, "BTC", BECH32, |d| segwit("bc", 0, &d.bytes(20))),
        row("BTC segwit, 32 bytes", BtcBech32, "BTC", BECH32, |d| segwit("bc", 0, &d.bytes(32))),
        row("BTC taproot", BtcBech32m, "BTC", BECH32, |d| segwit("bc", 1, &d.bytes(32))),
        row("LTC P2PKH", Ltc, "LTC", BASE58, |d| versioned(d, &[0x30])),
        row("LTC P2SH", Ltc, "LTC", BASE58, |d| versioned(d, &[0x32])),
        row("LTC segwit", Ltc, "LTC", BECH32, |d| segwit("ltc", 0, &d.bytes(20))),
        row("BCH with prefix", Bch, "pay", BECH32, |d| format!("bitcoincash:{}", cash(0, &d.bytes(20)))),
        row("BCH without prefix", Bch, "BCH", BECH32, |d| cash(8, &d.bytes(20))),
        row("DOGE P2PKH", Doge, "DOGE", BASE58, |d| versioned(d, &[0x1e])),
        row("DOGE P2SH", Doge, "DOGE", BASE58, |d| versioned(d, &[0x16])),
        row("DASH P2PKH", Dash, "DASH", BASE58, |d| versioned(d, &[0x4c])),
        row("DASH P2SH", Dash, "DASH", BASE58, |d| versioned(d, &[0x10])),
        row("ZEC t1", Zec, "ZEC", BASE58, |d| versioned(d, &[0x1c, 0xb8])),
        row("ZEC t3", Zec, "ZEC", BASE58, |d| versioned(d, &[0x1c, 0xbd])),
        row("ZEC Sapling", Zec, "ZEC", BECH32, |d| bech32_of("zs", &d.bytes(43))),
        row("ZEC unified", Zec, "ZEC", BECH32, |d| UNIFIED[d.below(UNIFIED.len())].to_owned()),
        row("TRON", Tron, "USDT", BASE58, |d| versioned(d, &[0x41])),
        row("XRP", Xrp, "XRP", BASE58, |d| ripple(&[&[0][..], &d.bytes(20)].concat())),
        row("XMR standard", Xmr, "XMR", BASE58, |d| monero(d, 18, 64)),
        row("XMR subaddress", Xmr, "XMR", BASE58, |d| monero(d, 42, 64)),
        row("XMR integrated", Xmr, "XMR", BASE58, |d| monero(d, 19, 72)),
        weak(row("ETH, mixed case", Eth, "ETH", HEX, ethereum), 0.998),
        row("TON", Ton, "TON", BASE64URL, ton),
        row("ADA Shelley", Ada, "ADA", BECH32, |d| bech32_of("addr", &[&[0x01][..], &d.bytes(56)].concat())),
        row("ADA stake", Ada, "ADA", BECH32, |d| bech32_of("stake", &[&[0xe1][..], &d.bytes(28)].concat())),
        row("ADA Byron", Ada, "ADA", BASE58, byron),
        row("XLM", Xlm, "XLM", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", |d| stellar(6, &point(d))),
        row("XLM secret seed", PrivateKey, "XLM", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", |d| stellar(18, &d.bytes(32))),
        row("Lightning", Lightning, "pay", BECH32, lightning),
        row("xpub", ExtendedPublicKey, "key", BASE58, |d| extended(d, 0x0488_b21e, false)),
        row("zpub", ExtendedPublicKey, "key", BASE58, |d| extended(d, 0x04b2_4746, false)),
        row("xprv", ExtendedPrivateKey, "key", BASE58, |d| extended(d, 0x0488_ade4, true)),
        row("WIF", Wif, "key", BASE58, |d| base58check(&[&[0x80][..], &d.bytes(32)].concat())),
        row("WIF, compressed", Wif, "key", BASE58, |d| base58check(&[&[0x80][..], &d.bytes(32), &[1]].concat())),
        row("Tox", Tox, "Tox", "0123456789ABCDEF", tox),
        row("Bitmessage", Bitmessage, "write", BASE58, bitmessage),
        weak(row("IBAN", Iban, "IBAN", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", iban), 1.0 - 1.0 / 97.0),
        weak(row("LEI", Lei, "LEI", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", lei), 1.0 - 1.0 / 97.0),
        row("card", Card, "card", DIGITS, |d| with_luhn(&format!("4{}", d.letters(14, DIGITS)))),
        row("IMEI", Imei, "IMEI", DIGITS, |d| with_luhn(&format!("35{}", d.letters(12, DIGITS)))),
        row("ICCID", Iccid, "ICCID", DIGITS, |d| with_luhn(&format!("89{}", d.letters(16, DIGITS)))),
        weak(row("seed phrase, 12 words", SeedPhrase, "seed phrase:", "abcdefghijklmnopqrstuvwxyz", |d| seed_phrase(d, 16, bip39::Language::English)), 1.0 - 1.0 / 16.0),
        weak(row("seed phrase, 24 words", SeedPhrase, "seed phrase:", "abcdefghijklmnopqrstuvwxyz", |d| seed_phrase(d, 32, bip39::Language::English)), 1.0 - 1.0 / 256.0),
    ]
}

/// Unified addresses of the test vectors of ZIP-316.
const UNIFIED: [&str; 3] = [
    "u1l8xunezsvhq8fgzfl7404m450nwnd76zshscn6nfys7vyz2ywyh4cc5daaq0c7q2su5lqfh23sp7fkf3kt27ve5948mzpfdvckzaect2jtte308mkwlycj2u0eac077wu70vqcetkxf",
    "u1ddnjsdcpm36r6aq79n3s68shjweksnmwtdltrh046s8m6xcws9ygyawalxx8n6hg6vegk0wh8zjnafxgh6msppjsljvyt0ynece3lvm0",
    "u1en8ysypun4gdkdnu8zqqg6k73ankr9ffwfzg08wtzg9z939w0wupewemfrc8a630e8gc4uqucym0l4v44fszy3et4veyypt3jsyp0whfpfsn2lw30kj8nepe6wvvasf00wklh85u9v8glqndupmamk9z2ja9sanf70pp4yxvkt3dmyzxa0kkhv2c9pxmkghrxqk0590azvya3nzrtevj449nu3laskrhf7c7nj9cyw7ty38mccg4znrr876guu6pzndx7ngwzhmlsn8d89saf5araaacrhr9958xr6z23mj4qtzzn98whdpu8u7n8fhf5d2vypljda62q73du44sf0e0kxmq3gvgkta0qqgq9w6r403gc5jz2any02etmwlttkv84hgh95czhdf2jugk3u36ke0kchcthg240",
];

const TRIES: usize = 10_000;

/// What became of a changed selector.
#[derive(Default)]
struct Outcome {
    failed: usize,
    verified: usize,
    nothing: usize,
    example: Option<String>,
}

#[test]
fn one_changed_character_fails_the_checksum() {
    let mut faults = Vec::new();
    eprintln!("{:<24} {:>9} {:>9} {:>9} {:>9}", "type", "sound", "failed", "verified", "nothing");
    for row in rows() {
        let mut dice = Dice(row.name.len() as u64 ^ 0x5eed);
        let (mut sound, mut outcome) = (0, Outcome::default());
        for _ in 0..TRIES {
            let value = (row.make)(&mut dice);
            let input = format!("{} {value} today", row.before);
            let range = (row.before.len() as u64 + 1, (row.before.len() + 1 + value.len()) as u64);
            let wanted = |state| move |s: &&model::selector::FoundSelector| (s.start, s.end) == range && s.state == state;
            sound += usize::from(text(&input).iter().filter(wanted(SelectorState::Verified)).any(|s| s.selector_type == row.kind));
            let broken = changed(&value, row.alphabet, &mut dice);
            let input = format!("{} {broken} today", row.before);
            let found = text(&input);
            if found.iter().any(|s| wanted(SelectorState::Verified)(&s)) {
                outcome.verified += 1;
            } else if found.iter().any(|s| s.state == SelectorState::FailedChecksum && s.start <= range.0 + 12 && range.1 <= s.end + 12) {
                outcome.failed += 1;
            } else {
                outcome.nothing += 1;
                outcome.example.get_or_insert_with(|| format!("{value} became {broken}: {found:?}"));
            }
        }
        eprintln!("{:<24} {sound:>9} {:>9} {:>9} {:>9}", row.name, outcome.failed, outcome.verified, outcome.nothing);
        let wanted = match row.told {
            Told::Strong => 0.999,
            Told::AtLeast(rate) => rate - 0.004,
        };
        if sound != TRIES || (outcome.failed as f64) < wanted * TRIES as f64 {
            faults.push(format!("{}: {sound} sound, {} failed, {:?}", row.name, outcome.failed, outcome.example));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// One character replaced by another of the alphabet (in words, never by a space).
fn changed(value: &str, alphabet: &str, dice: &mut Dice) -> String {
    let mut bytes = value.as_bytes().to_vec();
    // Suffixes of hosts are not under the checksum.
    let length = value.find(".onion").or_else(|| value.find(".b32.i2p")).unwrap_or(value.len());
    let first = if value.starts_with("bitcoincash:") { 12 } else { 0 };
    loop {
        let at = first + dice.below(length - first);
        let letter = alphabet.as_bytes()[dice.below(alphabet.len())];
        if bytes[at] == b' ' || bytes[at].eq_ignore_ascii_case(&letter) {
            continue;
        }
        bytes[at] = letter;
        return String::from_utf8(bytes).unwrap();
    }
}

#[test]
fn accounts_in_one_case_are_unverifiable() {
    let mut dice = Dice(7);
    for _ in 0..TRIES {
        let lower = ethereum(&mut dice).to_lowercase();
        assert!(text(&format!("ETH {lower}")).iter().all(|s| s.state == SelectorState::Unverifiable));
    }
}

/// Each is `verified`, as the specification that publishes it says.
#[test]
fn published_examples() {
    for (kind, written) in [
        ("ltc", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9"),
        ("ltc", "MGxNPPB7eBoWPUaprtX9v9CXJZoD2465zN"),
        ("doge", "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L"),
        ("dash", "XpESxaUmonkq8RaLLp46Brx2K39ggQe226"),
        ("zec", "t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC"),
        ("zec", "t3Vz22vK5z2LcKEdg16Yv4FFneEL1zg9ojd"),
        ("zec", "tex10wur2u9clts5dcpu2vc6qg93uzyj7cca2xm732"),
        ("zec", UNIFIED[0]),
        ("zec", UNIFIED[1]),
        ("zec", UNIFIED[2]),
        ("tron", "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"),
        ("xrp", "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh"),
        ("xrp", "XVLhHMPHU98es4dbozjVtdWzVrDjtV18pX8yuPT7y4xaEHi"),
        ("xlm", "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ"),
        ("xlm", "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ"),
        ("xlm", "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK"),
        ("ton", "EQDKbjIcfM6ezt8KjKJJLshZJJSqX7XOA4ff-W72r5gqPrHF"),
        ("ton", "Ef8zMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMzM0vF"),
        ("ada", "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x"),
        ("ada", "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8"),
        ("ada", "addr_test1vz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzerspjrlsz"),
        ("ada", "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw"),
        ("ada", "Ae2tdPwUPEZFRbyhz3cpfC2CumGzNkFBN2L42rcUc2yjQpEkxDbkPodpMAi"),
        ("extended-public-key", "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8"),
        ("extended-private-key", "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi"),
        ("wif", "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"),
        ("wif", "KwDiBf89QgGbjEhKnhXJuH7LrciVrZi3qYjgd9M7rFU73sVHnoWn"),
        ("bitmessage", "BM-2cUdgkDDAahwPAU6oD2A7DnjqZz3hgY832"),
        ("bitmessage", "BM-onkVu1KKL2UaUss5Upg9vXmqd3esTmV79"),
        ("tox", "56A1ADE4B65B86BCD51CC73E2CD4E542179F47959FE3E0E21B4B0ACDADE51855D34D34D37CB5"),
        ("xmr", "4AdUndXHHZ6cfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2684Rge"),
        ("xmr", "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H"),
        ("iban", "GB29NWBK60161331926819"),
        ("iban", "DE89370400440532013000"),
        ("iban", "KZ86125KZT5004100100"),
        ("lightning", "lnbc1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdpl2pkx2ctnv5sxxmmwwd5kgetjypeh2ursdae8g6twvus8g6rfwvs8qun0dfjkxaq9qrsgq357wnc5r2ueh7ck6q93dj32dlqnls087fxdwk8qakdyafkq3yap9us6v52vjjsrvywa6rt52cm9r9zqt8r2t7mlcwspyetp5h2tztugp9lfyql"),
        ("seed-phrase", "legal winner thank year wave sausage worth useful legal winner thank yellow"),
        ("seed-phrase", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about"),
    ] {
        check(written, &[&format!("{kind} verified {written}")]);
        check(&format!("x: {written}, thanks"), &[&format!("{kind} verified {written}")]);
    }
    check("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", &["bch verified bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"]);
    check("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", &["bch verified bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"]);
    check("BITCOINCASH:QPM2QSZNHKS23Z7629MMS6S4CWEF74VCWVY22GDX6A", &["bch verified bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"]);
    check("IMEI: 490154203237518", &["imei verified 490154203237518"]);
}

#[test]
fn seed_phrases_in_every_list() {
    let mut dice = Dice(39);
    for language in bip39::Language::ALL {
        for bytes in [16, 20, 24, 28, 32] {
            let phrase = seed_phrase(&mut dice, bytes, *language);
            let found = text(&format!("synthetic phrase in {language}:\n{phrase}\n"));
            let seed: Vec<_> = found.iter().filter(|s| s.selector_type == SelectorType::SeedPhrase).collect();
            assert!(seed.len() == 1 && seed[0].state == SelectorState::Verified, "{language} {bytes}: {phrase:?} {found:?}");
        }
    }
}
