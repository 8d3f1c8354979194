//! Languages: told, not told, and told to be one of two. Sentences are our own; accuracy on others' texts is
//! measured by `checks/languages.py`.

use text::language::{Language, Verdict, Why, identify};

#[track_caller]
fn check(text: &str, expected: Verdict) {
    let answer = identify(text);
    assert_eq!(answer.verdict, expected, "{text}: {:?}", answer.ranked);
}

#[test]
fn each_language_is_told() {
    let check = |text: &str, language: Language| check(text, Verdict::One(language));
    check("ສິນຄ້າໃໝ່ ສົ່ງພາຍໃນສອງມື້", Language::Lao);
    check("สินค้าใหม่ ส่งภายในสองวัน", Language::Thai);
    check("ទំនិញថ្មី ផ្ញើក្នុងរយៈពេលពីរថ្ងៃ", Language::Khmer);
    check("ပစ္စည်းအသစ်၊ နှစ်ရက်အတွင်း ပို့ပေးမည်", Language::Burmese);
    check("ျမန္မာႏိုင္ငံ ရန္ကုန္ၿမိဳ႕ ေရာင္းမည္", Language::Burmese);
    check("新货，测试两次，两天内发货", Language::Chinese);
    check("Hàng mới về, giao hàng trong hai ngày, liên hệ trước khi đặt", Language::Vietnamese);
    check("Barang baru sudah diuji, bisa dikirim karena kami punya gudang sendiri di kota", Language::Indonesian);
    check("Ang mga bagong paninda ay ipapadala namin sa loob ng dalawang araw", Language::Tagalog);
    check("The goods are new and will be sent within two days, write to us before you order", Language::English);
    check("Les produits sont neufs et seront envoyés sous deux jours, écrivez avant de commander", Language::French);
    check("Yangi mahsulotlar bor, ikki kun ichida yetkazib beramiz, oldin biz bilan bogʻlaning", Language::UzbekLatin);
    check("Jaña tauarlar bar, eki kün işinde jetkizemiz, aldymen bizge habarlasyñyz", Language::KazakhLatin);
    check("Новые товары есть в наличии, отправим в течение двух дней, пишите перед заказом", Language::Russian);
    check("Янги маҳсулотлар бор, икки кун ичида етказиб берамиз, олдин биз билан боғланинг", Language::UzbekCyrillic);
    check("Жаңа тауарлар бар, екі күн ішінде жеткіземіз, алдымен бізге хабарласыңыз", Language::KazakhCyrillic);
    check("Жаңы товарлар бар, эки күндүн ичинде жеткирип беребиз, алгач бизге кабарлашыңыз", Language::Kyrgyz);
    check("Молҳои нав мавҷуданд, дар давоми ду рӯз мефиристем, пеш аз фармоиш ба мо нависед", Language::Tajik);
    check("Шинэ бараа ирсэн, хоёр өдрийн дотор хүргэж өгнө, захиалахаас өмнө бидэнтэй холбогдоорой", Language::Mongolian);
}

#[test]
fn what_cannot_be_told_is_not() {
    let unknown = |text: &str, why: Why| check(text, Verdict::Unknown(why));
    unknown("", Why::TooShort);
    unknown("500 €, 12.5.2020", Why::TooShort);
    unknown("ok BTC", Why::TooShort);
    unknown("ກ", Why::TooShort);
    unknown("Die Ware ist neu und wird innerhalb von zwei Tagen verschickt", Why::Stranger);
    unknown("Los productos son nuevos y se envían en dos días, escriba antes de pedir", Why::Stranger);
    unknown("Ürünler yenidir ve iki gün içinde gönderilecektir, sipariş vermeden önce yazın", Why::Stranger);
    unknown("Товари нові, надішлемо протягом двох днів, пишіть перед замовленням", Why::Stranger);
    unknown("新しい商品です。二日以内に発送します。ご注文の前にご連絡ください。", Why::Stranger);
    unknown("البضاعة جديدة وترسل خلال يومين", Why::Stranger);
    unknown("새 상품입니다. 이틀 안에 발송합니다", Why::Stranger);
}

#[test]
fn twins_are_told_as_two() {
    check("nama dan alamat", Verdict::Either(Language::Indonesian, Language::Malay));
}

#[test]
fn a_page_of_two_languages_ranks_both() {
    let answer = identify("ສິນຄ້າໃໝ່ ສົ່ງພາຍໃນສອງມື້ ຕິດຕໍ່ກ່ອນ. Write to us before you order the goods");
    let told: Vec<Language> = answer.ranked.iter().map(|r| r.language).collect();
    assert!(told.contains(&Language::Lao) && told.contains(&Language::English), "{:?}", answer.ranked);
}

#[test]
fn capitals_and_apostrophes_do_not_matter() {
    check("НОВЫЕ ТОВАРЫ ЕСТЬ В НАЛИЧИИ, ОТПРАВИМ В ТЕЧЕНИЕ ДВУХ ДНЕЙ", Verdict::One(Language::Russian));
    for way in ["ʻ", "'", "’", "‘", "`"] {
        let text = "Oʻzbekistonda ishlab chiqarilgan yangi toʻplamlar boʻyicha".replace('ʻ', way);
        check(&text, Verdict::One(Language::UzbekLatin));
    }
}
