//! Words by which people label the columns of markets and forums, in the languages of the region, and shapes of dates.
//! A word is a reason to read a cell as this or that, never a proof.

use model::listing::Field;

/// Labels as they stand before a value, in small letters, without the colon.
const LABELS: &[(Field, &[&str])] = &[
    (Field::Title, &["title", "item", "product", "listing", "название", "товар", "наименование", "ชื่อสินค้า", "สินค้า", "ຊື່ສິນຄ້າ", "ສິນຄ້າ",
        "ទំនិញ", "ပစ္စည်း", "sản phẩm", "tên", "商品", "标题", "nama", "produk", "nomi", "mahsulot", "атауы", "тауар"]),
    (Field::Vendor, &["vendor", "seller", "sold by", "shop", "store", "by", "продавец", "магазин", "ผู้ขาย", "ร้าน", "ຜູ້ຂາຍ", "ຮ້ານ", "អ្នកលក់",
        "ရောင်းသူ", "người bán", "卖家", "商家", "penjual", "sotuvchi", "сатушы"]),
    (Field::Price, &["price", "cost", "цена", "стоимость", "ราคา", "ລາຄາ", "តម្លៃ", "ဈေးနှုန်း", "စျေးနှုန်း", "giá", "价格", "價格", "售价", "harga",
        "narxi", "narx", "баға", "бағасы", "баасы"]),
    (Field::Stock, &["stock", "in stock", "available", "availability", "quantity", "left", "qty", "наличие", "в наличии", "остаток", "количество",
        "คงเหลือ", "จำนวน", "ສິນຄ້າຄົງເຫຼືອ", "ຈຳນວນ", "ຍັງເຫຼືອ", "ស្តុក", "လက်ကျန်", "còn lại", "số lượng", "kho", "库存", "stok", "mavjud", "қолда бар"]),
    (Field::ShipsFrom, &["ships from", "shipping from", "shipped from", "origin", "origin country", "отправка из", "откуда", "доставка из",
        "ส่งจาก", "ຈັດສົ່ງຈາກ", "ສົ່ງຈາກ", "ដឹកជញ្ជូនពី", "ផ្ញើពី", "ပို့ဆောင်ရာမှ", "ပို့ရာဒေသ", "gửi từ", "发货地", "dikirim dari", "qayerdan", "қайдан"]),
    (Field::ShipsTo, &["ships to", "shipping to", "destination", "отправка в", "доставка в", "куда", "ส่งไปยัง", "ส่งถึง", "ຈັດສົ່ງຫາ", "ສົ່ງຫາ",
        "ដឹកជញ្ជូនទៅ", "ផ្ញើទៅ", "gửi đến", "送达", "配送至", "dikirim ke", "qayerga", "қайда"]),
    (Field::Category, &["category", "type", "section", "категория", "раздел", "หมวดหมู่", "ประเภท", "ໝວດ", "ໝວດໝູ່", "ປະເພດ", "ប្រភេទ", "အမျိုးအစား",
        "danh mục", "loại", "分类", "类别", "kategori", "toifa", "санат"]),
    (Field::Date, &["date", "posted", "added", "listed", "updated", "posted on", "дата", "добавлено", "опубликовано", "วันที่", "ວັນທີ", "កាលបរិច្ឆេទ",
        "ရက်စွဲ", "ngày", "日期", "发布时间", "tanggal", "sana", "күні"]),
    (Field::Rating, &["rating", "ratings", "feedback", "reviews", "level", "sold", "sales", "рейтинг", "отзывы", "продано", "продаж", "คะแนน", "รีวิว",
        "ขายแล้ว", "ຄະແນນ", "ຂາຍແລ້ວ", "ពិន្ទុ", "đánh giá", "đã bán", "评分", "评价", "销量", "penilaian", "terjual", "reyting"]),
    (Field::Author, &["author", "posted by", "from user", "автор", "ผู้เขียน", "โดย", "ຜູ້ຂຽນ", "ໂດຍ", "tác giả", "作者", "penulis", "muallif"]),
];

/// The longest label that is looked up, in bytes.
const LONGEST_LABEL: usize = 80;

/// The column that a label names.
pub(crate) fn label(text: &str) -> Option<Field> {
    if text.len() > LONGEST_LABEL {
        return None;
    }
    let text = text.trim().trim_end_matches([':', '：']).trim().to_lowercase();
    LABELS.iter().find(|(_, words)| words.contains(&text.as_str())).map(|(field, _)| *field)
}

/// Splits `Ships from: Laos` where the label is a known one: the column, and where the value begins.
pub(crate) fn split_label(text: &str) -> Option<(Field, usize)> {
    let (at, colon) = text.char_indices().find(|(_, c)| matches!(c, ':' | '：')).filter(|(at, _)| *at <= LONGEST_LABEL)?;
    let from = at + colon.len_utf8();
    (!text[from..].trim().is_empty()).then_some(())?;
    label(&text[..at]).map(|field| (field, from))
}

/// Parts of class names, ids and addresses that name a column. The first that fits.
const NAMES: &[(Field, &[&str])] = &[
    (Field::Vendor, &["vendor", "seller", "merchant", "shop", "store"]),
    (Field::Author, &["author", "poster", "username", "user", "profile", "member", "nick", "u"]),
    (Field::Category, &["category", "cat", "sc", "subcat", "catid"]),
    (Field::Price, &["price", "cost", "amount"]),
    (Field::Title, &["title", "subject", "product", "listing", "item", "name", "offer"]),
    (Field::Date, &["date", "time", "posted", "ago"]),
    (Field::Rating, &["rating", "stars", "level", "feedback", "reviews", "sales"]),
    (Field::Stock, &["stock", "quantity", "qty", "available"]),
];

/// Whether a class name, an id or an address has a part that names the column.
pub(crate) fn names(value: &[u8], wanted: Field) -> bool {
    let words = NAMES.iter().find(|(field, _)| *field == wanted).map_or(&[][..], |(_, words)| words);
    let parts = || value.split(|b| !b.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    parts().take(32).any(|part| {
        words.iter().any(|word| {
            let (word, part) = (word.as_bytes(), part);
            part.eq_ignore_ascii_case(word) || word.len() >= 4 && part.len() <= 24 && contains_ignoring_case(part, word)
        })
    })
}

fn contains_ignoring_case(part: &[u8], word: &[u8]) -> bool {
    part.windows(word.len()).any(|w| w.eq_ignore_ascii_case(word))
}

/// Whether a word says that a price is an old one.
pub(crate) fn is_old(class: &[u8]) -> bool {
    class.split(|b| !b.is_ascii_alphanumeric()).any(|part| [&b"old"[..], b"was", b"before", b"strike", b"previous"].iter().any(|w| part.eq_ignore_ascii_case(w)))
}

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "янв", "фев", "мар", "апр", "мая", "май", "июн", "июл",
    "авг", "сен", "окт", "ноя", "дек", "ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค.",
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
    "ມັງກອນ", "ກຸມພາ", "ມີນາ", "ເມສາ", "ພຶດສະພາ", "ມິຖຸນາ", "ກໍລະກົດ", "ສິງຫາ", "ກັນຍາ", "ຕຸລາ", "ພະຈິກ", "ທັນວາ", "tháng", "年", "月",
];

const DAYS: &[&str] = &[
    "today", "yesterday", "ago", "сегодня", "вчера", "назад", "วันนี้", "เมื่อวาน", "ที่แล้ว", "ມື້ນີ້", "ມື້ວານ", "ກ່ອນ", "hôm nay", "hôm qua", "trước", "今天",
    "昨天", "前", "hari ini", "kemarin", "lalu", "bugun", "kecha",
];

/// Whether a short text tells a day or a time: a year or a month's name or a day's word with digits, or 12:34.
pub(crate) fn is_date(text: &str) -> bool {
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    if text.len() > 120 || digits > 24 || text.chars().count() > 60 {
        return false;
    }
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let clock = (0..bytes.len()).any(|i| bytes[i] == b':' && i >= 2 && digit(i - 2) && digit(i - 1) && digit(i + 1) && digit(i + 2));
    let marks = (1..bytes.len()).filter(|i| matches!(bytes[*i], b'-' | b'.' | b'/') && digit(i - 1) && digit(i + 1)).count() >= 2;
    let year = || text.split(|c: char| !c.is_numeric()).any(|n| n.chars().count() == 4 && matches!(n.chars().next(), Some('1' | '2' | '๒' | '໒')));
    if clock && (marks || digits <= 14) || marks && year() {
        return true;
    }
    if digits == 0 && text.len() > 16 {
        return false;
    }
    let lower = text.to_lowercase();
    let month = || MONTHS.iter().any(|m| lower.contains(m));
    let day = || DAYS.iter().any(|d| lower.contains(d));
    if digits == 0 { matches!(lower.as_str(), "today" | "yesterday" | "сегодня" | "вчера") } else { digits <= 8 && day() || (clock || year()) && month() || clock && day() }
}
