//! Words that speak of price, payment, contact and shipping in the languages of the region. They are
//! looked for near a hit only, by one automaton, and are kept as a reason to look, never as a proof.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use model::selector::CueClass;

/// How far before and after a hit its words may stand, in bytes.
const BEFORE: usize = 96;
const AFTER: usize = 48;
/// More words than this say no more.
const MOST: usize = 6;

/// Words by class: English, Russian, Lao, Thai, Khmer, Burmese, Vietnamese, Chinese, Indonesian,
/// Uzbek (both scripts), Kazakh.
const TABLE: [(CueClass, &[&str]); 4] = [
    (CueClass::Price, &[
        "price", "cost", "цена", "цены", "стоимость", "ລາຄາ", "ราคา", "តម្លៃ", "ဈေးနှုန်း", "စျေးနှုန်း", "giá", "价格", "價格", "售价", "harga", "narx", "нарх",
        "баға", "құны",
    ]),
    (CueClass::Payment, &[
        "payment", "pay", "deposit", "wallet", "transfer", "send to", "escrow", "оплата", "оплату", "перевод", "кошелек", "кошелёк", "платеж", "платёж", "ຈ່າຍ",
        "ຊຳລະ", "ໂອນ", "ກະເປົາ", "ชำระ", "จ่าย", "โอน", "กระเป๋าเงิน", "បង់ប្រាក់", "ទូទាត់", "ផ្ទេរ", "ငွေပေးချေ", "ငွေလွှဲ", "thanh toán", "chuyển khoản", "ví",
        "付款", "支付", "转账", "轉帳", "钱包", "錢包", "pembayaran", "bayar", "dompet", "to'lov", "toʻlov", "тўлов", "hamyon", "ҳамён", "төлем", "әмиян",
    ]),
    (CueClass::Contact, &[
        "contact", "write to", "message", "email", "call", "support", "контакт", "контакты", "связь", "пишите", "звоните", "ຕິດຕໍ່", "ติดต่อ", "ទំនាក់ទំនង",
        "ဆက်သွယ်", "liên hệ", "联系", "聯繫", "联络", "hubungi", "kontak", "aloqa", "bog'lan", "алоқа", "байланыс", "хабарлас",
    ]),
    (CueClass::Shipping, &[
        "shipping", "ships from", "ships to", "delivery", "shipped", "доставка", "доставку", "отправка", "ຈັດສົ່ງ", "ຂົນສົ່ງ", "จัดส่ง", "ส่งของ", "ដឹកជញ្ជូន",
        "ပို့ဆောင်", "giao hàng", "vận chuyển", "发货", "發貨", "配送", "邮寄", "pengiriman", "kirim", "yetkazib berish", "етказиб бериш", "жеткізу",
    ]),
];

/// A word with its class and its range in flattened text.
pub(crate) struct Found {
    pub class: CueClass,
    pub word: &'static str,
    pub start: usize,
    pub end: usize,
}

fn automaton() -> &'static (AhoCorasick, Vec<(CueClass, &'static str)>) {
    static BUILT: OnceLock<(AhoCorasick, Vec<(CueClass, &'static str)>)> = OnceLock::new();
    BUILT.get_or_init(|| {
        let words: Vec<_> = TABLE.iter().flat_map(|(class, words)| words.iter().map(|word| (*class, *word))).collect();
        // Letter case of Cyrillic is a matter of two bytes: the usual capital is a pattern of its own.
        let mut patterns: Vec<String> = words.iter().map(|(_, word)| (*word).to_owned()).collect();
        let mut meaning = words.clone();
        for (class, word) in words.iter().filter(|(_, word)| !word.is_ascii()) {
            let mut letters = word.chars();
            let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
            if capital != *word {
                patterns.push(capital);
                meaning.push((*class, word));
            }
        }
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(&patterns)
            .expect("the words are written above");
        (automaton, meaning)
    })
}

/// The words near `start..end`, not beyond `floor` and `ceiling`.
pub(crate) fn near(text: &[u8], start: usize, end: usize, floor: usize, ceiling: usize) -> Vec<Found> {
    let (automaton, meaning) = automaton();
    let sides = [(floor.max(start.saturating_sub(BEFORE)).min(start), start), (end, ceiling.min(end + AFTER).max(end))];
    let mut found = Vec::new();
    for (from, to) in sides {
        for hit in automaton.find_iter(&text[from..to]) {
            let (class, word) = meaning[hit.pattern().as_usize()];
            let (start, end) = (from + hit.start(), from + hit.end());
            if stands_alone(text, start, end, word) && found.len() < MOST {
                found.push(Found { class, word, start, end });
            }
        }
    }
    found
}

/// In spaced scripts a cue is a word, or the beginning of one when it is long.
fn stands_alone(text: &[u8], start: usize, end: usize, word: &str) -> bool {
    let is_cyrillic = |lead: u8| matches!(lead, 0xd0..=0xd3);
    let spaced = word.is_ascii() || is_cyrillic(word.as_bytes()[0]) || matches!(word, "giá" | "ví");
    let letter_before = start > 0 && (text[start - 1].is_ascii_alphanumeric() || (text[start - 1] >= 0x80 && start > 1 && is_cyrillic(text[start - 2])));
    let letter_after = text.get(end).is_some_and(|b| b.is_ascii_alphabetic() || is_cyrillic(*b));
    !spaced || (!letter_before && (!letter_after || word.len() > 6))
}
