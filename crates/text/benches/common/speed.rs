//! What the benches of this crate share: texts, and CPU time.

use std::hint::black_box;

/// One line in each language.
pub const SENTENCES: [&str; 19] = [
    "ສິນຄ້າໃໝ່ ທົດສອບແລ້ວ ສົ່ງພາຍໃນສອງມື້ ຕິດຕໍ່ກ່ອນສັ່ງຊື້\n",
    "สินค้าใหม่ ทดสอบแล้ว ส่งภายในสองวัน ติดต่อก่อนสั่งซื้อ\n",
    "ទំនិញថ្មី បានសាកល្បងហើយ ផ្ញើក្នុងរយៈពេលពីរថ្ងៃ សូមទាក់ទងមុន\n",
    "ပစ္စည်းအသစ်၊ စမ်းသပ်ပြီး၊ နှစ်ရက်အတွင်း ပို့ပေးမည်၊ မမှာမီ ဆက်သွယ်ပါ။\n",
    "新货，测试两次，两天内发货，请先联系再下单。\n",
    "Hàng mới, đã kiểm tra hai lần, gửi trong hai ngày, liên hệ trước khi đặt.\n",
    "Barang baru, sudah diuji dua kali, dikirim dalam dua hari, hubungi dulu.\n",
    "Stok baharu, telah diuji dua kali, dihantar dalam masa dua hari.\n",
    "Bagong paninda, dalawang beses nang sinubukan, ipapadala sa loob ng dalawang araw.\n",
    "Fresh stock, tested twice, ships in two days from a quiet town.\n",
    "Nouvel arrivage, testé deux fois, envoyé sous deux jours, écrivez avant de commander.\n",
    "Yangi mahsulot, ikki marta tekshirilgan, ikki kunda jo'natiladi.\n",
    "Jaña tauar, eki ret tekserilgen, eki künde jetkizemiz.\n",
    "Свежий товар, проверено дважды, отправка за два дня.\n",
    "Янги маҳсулот, икки марта текширилган, икки кунда жўнатилади.\n",
    "Жаңа тауар, екі рет тексерілген, екі күнде жеткіземіз.\n",
    "Жаңы товар, эки жолу текшерилген, эки күндө жеткиребиз.\n",
    "Моли нав, ду бор санҷида шудааст, дар ду рӯз фиристода мешавад.\n",
    "Шинэ бараа, хоёр удаа шалгасан, хоёр өдөрт хүргэнэ.\n",
];

/// These sentences one after the other, until there are so many bytes.
pub fn lines(bytes: usize, sentences: &[&str]) -> String {
    let mut out = String::with_capacity(bytes + 300);
    let mut next = sentences.iter().cycle();
    while let Some(sentence) = next.next().filter(|_| out.len() < bytes) {
        out.push_str(sentence);
    }
    out
}

/// The text of the file that is named as an argument, where one is.
pub fn named_file() -> Option<String> {
    let file = std::env::args().skip(1).find(|a| std::path::Path::new(a).is_file())?;
    Some(std::fs::read_to_string(file).expect("a file of UTF-8"))
}

/// Speed in 10^6 bytes per CPU-second, and the count that the work gives. Done again until a quarter of a
/// second has gone: the scheduler counts in steps of some milliseconds.
pub fn per_cpu_second(text: &str, work: impl Fn(&str) -> usize) -> (f64, usize) {
    let begun = cpu_seconds();
    let (mut times, mut count) = (0, 0);
    while cpu_seconds() - begun < 0.25 {
        count = black_box(work(black_box(text)));
        times += 1;
    }
    (times as f64 * text.len() as f64 / 1e6 / (cpu_seconds() - begun), count)
}

/// CPU time of this process, from the scheduler (nanoseconds).
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux with scheduler statistics");
    let nanoseconds: f64 = text.split(' ').next().and_then(|n| n.parse().ok()).expect("first field is a number");
    nanoseconds / 1e9
}
