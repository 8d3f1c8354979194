//! The words of the pages, in eight scripts and languages. All of it was written for these pages: plain
//! goods, invented vendors, nothing that anybody ever posted.

/// A language of the region with what a page needs.
pub(crate) struct Tongue {
    /// Name of the script in the truth.
    pub(crate) script: &'static str,
    /// Language tag (BCP 47).
    pub(crate) tag: &'static str,
    /// Its own digits, zero first.
    pub(crate) digits: Option<[char; 10]>,
    /// Letters of it may touch a selector without a space, before and after it.
    pub(crate) touches: Option<(&'static str, &'static str)>,
    /// "Pay to", before the name of a coin or an account.
    pub(crate) pay: &'static str,
    /// "Contact".
    pub(crate) contact: &'static str,
    /// "See also".
    pub(crate) note: &'static str,
    /// "Bank card".
    pub(crate) card: &'static str,
    /// "Price", "vendor", "ships from", for the heads of a list.
    pub(crate) price: &'static str,
    pub(crate) vendor: &'static str,
    pub(crate) ships: &'static str,
    pub(crate) place: &'static str,
    /// Titles of harmless goods.
    pub(crate) titles: &'static [&'static str],
    /// Sentences that name nothing and nobody.
    pub(crate) fillers: &'static [&'static str],
    /// Currencies that stand on such pages.
    pub(crate) currencies: &'static [&'static str],
}

/// Vendors' names, in Latin letters as on most markets.
pub(crate) const VENDORS: &[&str] = &[
    "BambooLane", "copper_kettle", "Lotus Weaver", "OldPier", "rattan-house", "SilkRiver", "TeaHill", "willowcraft", "MangoYard", "IndigoLoom",
];

pub(crate) const TONGUES: &[Tongue] = &[
    Tongue {
        script: "latin", tag: "en", digits: None, touches: None,
        pay: "Please pay to", contact: "Contact us:", note: "See also", card: "Bank card",
        price: "Price", vendor: "Vendor", ships: "Ships from", place: "Laos",
        titles: &[
            "Hand-woven bamboo basket", "Green tea from the hills, 500 g", "Copper kettle with wooden handle", "Paper lantern, red",
            "Silk scarf, indigo dyed", "Clay teapot for two", "Dried mango, 1 kg", "Rattan chair for the porch", "Candle set of six", "Wild honey, small jar",
        ],
        fillers: &[
            "The baskets are woven by hand in the village and dry for two days in the shade before they are packed for the journey",
            "Our workshop is closed during the harvest, so an answer may take a little longer than you are used to from us",
            "Every lantern is folded from one sheet of paper and tested in the evening wind before it leaves the house of the maker",
            "The tea was picked early in the morning, when the fog still lay over the hills and the leaves were cool and soft",
            "Many thanks to all friends who visited the stall last season and told us which colours they would like to see again",
        ],
        currencies: &["USD", "EUR", "BTC", "XMR", "GBP"],
    },
    Tongue {
        script: "cyrillic", tag: "ru", digits: None, touches: Some(("на", "или")),
        pay: "Оплата на", contact: "Связь:", note: "Смотрите также", card: "Банковская карта",
        price: "Цена", vendor: "Продавец", ships: "Отправка из", place: "Казахстан",
        titles: &[
            "Корзина из бамбука ручной работы", "Зелёный чай с гор, большая пачка", "Медный чайник с деревянной ручкой", "Бумажный фонарь, красный",
            "Шёлковый платок, синий", "Глиняный чайник на двоих", "Сушёное манго, один килограмм", "Кресло из ротанга", "Набор свечей", "Дикий мёд, малая банка",
        ],
        fillers: &[
            "Корзины плетут вручную в деревне, потом они два дня сохнут в тени и только после этого их упаковывают",
            "Мастерская закрыта на время сбора урожая, поэтому ответ может прийти немного позже, чем обычно",
            "Каждый фонарь складывают из одного листа бумаги и вечером проверяют на ветру, прежде чем он покинет дом мастера",
            "Чай собирали рано утром, когда над холмами ещё лежал туман, а листья были прохладными и мягкими",
            "Спасибо всем друзьям, которые заходили к нам в прошлом году и рассказали, какие цвета им нравятся",
        ],
        currencies: &["RUB", "UZS", "KZT", "BTC", "USD"],
    },
    Tongue {
        script: "lao", tag: "lo", digits: Some(['໐', '໑', '໒', '໓', '໔', '໕', '໖', '໗', '໘', '໙']), touches: Some(("ທີ່", "ໄດ້")),
        pay: "ຊຳລະເງິນໄປທີ່", contact: "ຕິດຕໍ່:", note: "ເບິ່ງເພີ່ມ", card: "ບັດທະນາຄານ",
        price: "ລາຄາ", vendor: "ຜູ້ຂາຍ", ships: "ສົ່ງຈາກ", place: "ວຽງຈັນ",
        titles: &[
            "ກະຕ່າໄມ້ໄຜ່ສານດ້ວຍມື", "ຊາຂຽວຈາກພູດອຍ", "ກາຕົ້ມນ້ຳທອງແດງ", "ໂຄມໄຟເຈ້ຍສີແດງ", "ຜ້າໄໝຍ້ອມຄາມ",
            "ປ້ານຊາດິນເຜົາ", "ໝາກມ່ວງແຫ້ງ", "ຕັ່ງຫວາຍ", "ທຽນໄຂຫົກເຫຼັ້ມ", "ນ້ຳເຜິ້ງປ່າ",
        ],
        fillers: &[
            "ກະຕ່າທຸກໜ່ວຍສານດ້ວຍມືຢູ່ໃນບ້ານ ແລ້ວຕາກໄວ້ໃນຮົ່ມສອງວັນກ່ອນຈະຫໍ່",
            "ຮ້ານປິດໃນຍາມເກັບກ່ຽວ ຄຳຕອບອາດຈະຊ້າກວ່າປົກກະຕິເລັກນ້ອຍ",
            "ໂຄມໄຟທຸກອັນພັບຈາກເຈ້ຍແຜ່ນດຽວ ແລະລອງໃນລົມຕອນແລງກ່ອນອອກຈາກເຮືອນຊ່າງ",
            "ໃບຊາເກັບແຕ່ເຊົ້າໆ ໃນເວລາທີ່ໝອກຍັງປົກຄຸມພູ ແລະໃບຍັງເຢັນແລະອ່ອນ",
            "ຂອບໃຈໝູ່ເພື່ອນທຸກຄົນທີ່ມາຢາມຮ້ານໃນລະດູກ່ອນ ແລະບອກພວກເຮົາວ່າມັກສີຫຍັງ",
        ],
        currencies: &["LAK", "THB", "USD", "BTC"],
    },
    Tongue {
        script: "thai", tag: "th", digits: Some(['๐', '๑', '๒', '๓', '๔', '๕', '๖', '๗', '๘', '๙']), touches: Some(("ที่", "ได้")),
        pay: "ชำระเงินไปที่", contact: "ติดต่อ:", note: "ดูเพิ่มเติม", card: "บัตรธนาคาร",
        price: "ราคา", vendor: "ผู้ขาย", ships: "ส่งจาก", place: "เชียงใหม่",
        titles: &[
            "ตะกร้าไม้ไผ่สานด้วยมือ", "ชาเขียวจากดอย", "กาน้ำทองแดงด้ามไม้", "โคมกระดาษสีแดง", "ผ้าไหมย้อมคราม",
            "กาน้ำชาดินเผา", "มะม่วงอบแห้ง", "เก้าอี้หวาย", "เทียนหกเล่ม", "น้ำผึ้งป่าขวดเล็ก",
        ],
        fillers: &[
            "ตะกร้าทุกใบสานด้วยมือในหมู่บ้าน แล้วตากไว้ในร่มสองวันก่อนจะห่อ",
            "ร้านปิดในช่วงเก็บเกี่ยว คำตอบจึงอาจจะช้ากว่าปกติเล็กน้อย",
            "โคมทุกใบพับจากกระดาษแผ่นเดียว และลองกลางลมยามเย็นก่อนออกจากบ้านช่าง",
            "ใบชาเก็บตั้งแต่เช้าตรู่ ขณะที่หมอกยังคลุมดอยและใบยังเย็นและนุ่ม",
            "ขอบคุณเพื่อนทุกคนที่แวะมาที่ร้านเมื่อฤดูก่อน และบอกเราว่าชอบสีอะไร",
        ],
        currencies: &["THB", "USD", "BTC", "XMR"],
    },
    Tongue {
        script: "khmer", tag: "km", digits: Some(['០', '១', '២', '៣', '៤', '៥', '៦', '៧', '៨', '៩']), touches: Some(("ទៅ", "បាន")),
        pay: "បង់ប្រាក់ទៅ", contact: "ទំនាក់ទំនង:", note: "សូមមើលផងដែរ", card: "កាតធនាគារ",
        price: "តម្លៃ", vendor: "អ្នកលក់", ships: "ផ្ញើពី", place: "ភ្នំពេញ",
        titles: &[
            "កន្ត្រកឫស្សីត្បាញដោយដៃ", "តែបៃតងពីភ្នំ", "កំសៀវស្ពាន់", "គោមក្រដាសពណ៌ក្រហម", "ក្រមាសូត្រ",
            "ប៉ាន់តែដី", "ស្វាយក្រៀម", "កៅអីផ្តៅ", "ទៀនប្រាំមួយដើម", "ទឹកឃ្មុំព្រៃ",
        ],
        fillers: &[
            "កន្ត្រកនីមួយៗត្បាញដោយដៃនៅក្នុងភូមិ ហើយហាលក្នុងម្លប់ពីរថ្ងៃមុនពេលវេចខ្ចប់",
            "រោងជាងបិទនៅរដូវច្រូតកាត់ ដូច្នេះចម្លើយអាចយឺតជាងធម្មតាបន្តិច",
            "គោមនីមួយៗបត់ពីក្រដាសមួយសន្លឹក ហើយសាកល្បងក្នុងខ្យល់ពេលល្ងាច",
            "ស្លឹកតែបេះតាំងពីព្រលឹម នៅពេលអ័ព្ទនៅតែគ្របលើភ្នំ",
            "សូមអរគុណមិត្តភក្តិទាំងអស់ដែលបានមកលេងហាងកាលពីរដូវមុន",
        ],
        currencies: &["KHR", "USD", "BTC"],
    },
    Tongue {
        script: "burmese", tag: "my", digits: Some(['၀', '၁', '၂', '၃', '၄', '၅', '၆', '၇', '၈', '၉']), touches: Some(("သို့", "ကို")),
        pay: "ငွေပေးချေရန်", contact: "ဆက်သွယ်ရန်:", note: "ကြည့်ပါ", card: "ဘဏ်ကတ်",
        price: "ဈေးနှုန်း", vendor: "ရောင်းသူ", ships: "ပို့ရာဒေသ", place: "မန္တလေး",
        titles: &[
            "လက်ရက်ဝါးခြင်းတောင်း", "တောင်ပေါ်လက်ဖက်စိမ်း", "ကြေးနီရေနွေးအိုး", "စက္ကူမီးအိမ်အနီ", "ပိုးပဝါ",
            "မြေလက်ဖက်ရည်အိုး", "သရက်သီးခြောက်", "ကြိမ်ကုလားထိုင်", "ဖယောင်းတိုင်ခြောက်တိုင်", "တောပျားရည်",
        ],
        fillers: &[
            "ခြင်းတောင်းများကို ရွာထဲတွင် လက်ဖြင့်ရက်လုပ်ပြီး အရိပ်ထဲတွင် နှစ်ရက်ခြောက်အောင်ထားသည်",
            "ရိတ်သိမ်းချိန်တွင် အလုပ်ရုံပိတ်ထားသဖြင့် အဖြေ အနည်းငယ်နောက်ကျနိုင်သည်",
            "မီးအိမ်တိုင်းကို စက္ကူတစ်ရွက်တည်းဖြင့် ခေါက်ပြီး ညနေလေထဲတွင် စမ်းသပ်သည်",
            "လက်ဖက်ရွက်များကို မနက်စောစော မြူများဖုံးနေချိန်တွင် ခူးသည်",
            "ပြီးခဲ့သောရာသီတွင် ဆိုင်သို့လာရောက်ခဲ့သော မိတ်ဆွေအားလုံးကို ကျေးဇူးတင်ပါသည်",
        ],
        currencies: &["MMK", "USD", "BTC"],
    },
    Tongue {
        script: "chinese", tag: "zh", digits: None, touches: Some(("到", "即可")),
        pay: "请付款到", contact: "联系:", note: "另见", card: "银行卡",
        price: "价格", vendor: "卖家", ships: "发货地", place: "昆明",
        titles: &[
            "手工编织竹篮", "高山绿茶五百克", "木柄铜壶", "红色纸灯笼", "靛蓝真丝围巾", "双人陶茶壶", "芒果干一公斤", "门廊藤椅", "六支装蜡烛", "野生蜂蜜小罐",
        ],
        fillers: &[
            "每个篮子都是在村里手工编织的，包装之前要在阴凉处晾干两天，所以颜色会有一点不同",
            "收获季节作坊关门，所以回复可能会比平时慢一些，请大家耐心等待，谢谢理解和支持",
            "每盏灯笼都用一整张纸折成，离开匠人的家之前，要在傍晚的风里试一试才放心",
            "茶叶在清晨采摘，那时山上还有雾，叶子又凉又软，香气可以保持很长一段时间",
            "感谢上个季节来过摊位的所有朋友，你们告诉我们喜欢什么颜色，我们都记在心里",
        ],
        currencies: &["CNY", "USD", "BTC"],
    },
    Tongue {
        script: "vietnamese", tag: "vi", digits: None, touches: None,
        pay: "Thanh toán đến", contact: "Liên hệ:", note: "Xem thêm", card: "Thẻ ngân hàng",
        price: "Giá", vendor: "Người bán", ships: "Gửi từ", place: "Đà Nẵng",
        titles: &[
            "Giỏ tre đan tay", "Trà xanh vùng cao, gói lớn", "Ấm đồng tay cầm gỗ", "Đèn lồng giấy màu đỏ", "Khăn lụa nhuộm chàm",
            "Ấm trà đất nung", "Xoài sấy, một ký", "Ghế mây ngoài hiên", "Bộ sáu cây nến", "Mật ong rừng, hũ nhỏ",
        ],
        fillers: &[
            "Mỗi chiếc giỏ được đan bằng tay trong làng rồi phơi hai ngày trong bóng râm trước khi gói lại",
            "Xưởng đóng cửa vào mùa gặt nên câu trả lời có thể đến chậm hơn một chút so với mọi khi",
            "Mỗi chiếc đèn lồng được gấp từ một tờ giấy và thử trong gió chiều trước khi rời nhà người thợ",
            "Lá trà được hái từ sáng sớm, khi sương còn phủ trên đồi và lá còn mát và mềm",
            "Cảm ơn tất cả bạn bè đã ghé quầy mùa trước và cho chúng tôi biết mình thích màu nào",
        ],
        currencies: &["VND", "USD", "BTC"],
    },
];
