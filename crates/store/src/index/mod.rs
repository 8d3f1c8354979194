//! What is searched: the words of a case's exhibits, one index for each case, encrypted under a key that stands in a
//! row of the case and nowhere else.
//!
//! The index of record holds words of scripts with spaces, and grapheme clusters, single and in overlapping pairs,
//! of scripts without: a dictionary that cuts a word wrongly loses evidence, a cluster does not. Two more fields only
//! add: look-alike letters folded into one, and dictionary words for ranking. Every hit is confirmed on the stored text.
//!
//! A question is answered by documents: what has bytes of its own (a page, a file), and a mail with all that it carries.
//! Their passages are what is found and shown.
//!
//! It refuses to be evidence and to be complete: what it holds was read out of exhibits, and the desk says which
//! exhibits are in it. It knows no permit: the desk tells it which exhibits may be looked at, before anything is counted.

mod ask;
mod confirm;
mod cut;
mod folder;
mod packed;
mod plan;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tantivy::aggregation::AggregationCollector;
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::collector::{Collector, Count, DocSetCollector, FilterCollector, SegmentCollector, TopDocs};
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, EmptyQuery, FuzzyTermQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::{FAST, Field as IndexField, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value as _};
use tantivy::{DateTime, IndexWriter, ReloadPolicy, TantivyDocument, Term};

pub use ask::{Ask, Field, How, Property, Words, read as read_ask};
pub use confirm::{Confirmed, answers};
pub use cut::{Stretch, stretch};
use folder::SealedFolder;
use packed::{pack_ranges, pack_runs, unpack_ranges, unpack_runs};
use plan::{Part, Planned, Sets};

use crate::{
    StoreError,
    vault::secret::{Secret32, random_16},
};

/// Where the index of a case lies and what opens it; it is kept in a row of the case.
#[derive(Clone, Serialize, Deserialize)]
pub struct IndexKey {
    /// Name of its folder: random, and new each time the index is made again.
    pub folder: String,
    /// Its key, hex.
    key: String,
    /// How its files are laid out: one of another layout is as good as gone, and is made again.
    #[serde(default)]
    layout: u32,
}

/// The layout that this program writes and reads.
const LAYOUT: u32 = 2;

impl std::fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IndexKey({}, hidden)", self.folder)
    }
}

impl IndexKey {
    /// A key and a folder that nobody used before.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh() -> Result<IndexKey, StoreError> {
        Ok(IndexKey { folder: hex::encode(random_16()?), key: hex::encode(Secret32::random()?.expose()), layout: LAYOUT })
    }

    fn secret(&self) -> Result<Secret32, StoreError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(&self.key, &mut bytes).map_err(|_| StoreError::damaged("the key of an index"))?;
        Ok(Secret32::new(bytes))
    }

    fn root(&self, home: &Path) -> Result<PathBuf, StoreError> {
        folder_in(home, &self.folder)
    }
}

fn folder_in(home: &Path, folder: &str) -> Result<PathBuf, StoreError> {
    let good = folder.len() == 32 && folder.bytes().all(|b| b.is_ascii_hexdigit());
    if good { Ok(home.join("index").join(folder)) } else { Err(StoreError::damaged("the folder of an index")) }
}

/// One passage to be indexed, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Held {
    /// Label of the exhibit.
    pub exhibit: String,
    /// The derivation that it came out of.
    pub derivation: String,
    /// The derived bytes in which offsets count; none when they count in the exhibit itself.
    pub blob: Option<String>,
    /// The mail of the exhibit that carries these bytes, by a name of its own: all that it carries answers together. None
    /// when these bytes answer for themselves.
    pub mail: Option<String>,
    /// Address or name of the place.
    pub place: String,
    /// Host of the address.
    pub host: Option<String>,
    /// `text`, `title`, `attribute` or `comment`.
    pub zone: String,
    /// The words as captured.
    pub text: String,
    /// How they lie in the bytes: (byte in the text, byte in the place, length there or 0).
    pub runs: Vec<(u32, u64, u32)>,
    /// Language, as an ISO 639 code.
    pub language: Option<String>,
    /// When it was captured, in microseconds since 1970.
    pub captured: Option<i64>,
    /// Selectors in it: type and value in lower case.
    pub selectors: Vec<(String, String)>,
    /// Bytes of the place in which something stands that is shown to nobody by the way, in order.
    pub secrets: Vec<(u64, u64)>,
}

/// What a search may look at.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Labels of the exhibits that may be looked at.
    pub exhibits: Vec<String>,
    /// Derived bytes that may not, although their exhibit may.
    pub without: Vec<String>,
    /// Most hits that are given back.
    pub most: usize,
}

/// One passage that answers a question.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The passage.
    pub held: Held,
    /// Where in it.
    pub confirmed: Confirmed,
    /// How well it fits, for the order alone.
    pub score: f32,
}

/// The answer of an index.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The best, each confirmed on its text.
    pub hits: Vec<Hit>,
    /// How many passages the index gave as candidates, in documents that can answer.
    pub candidates: usize,
    /// Candidates whose text, or whose document, did not hold what was asked: left out.
    pub unconfirmed: usize,
    /// Whether every candidate was looked at.
    pub whole: bool,
    /// Candidates by exhibit, host, language and zone: (value, number), the largest first.
    pub facets: BTreeMap<String, Vec<(String, u64)>>,
}

#[derive(Debug, Clone, Copy)]
struct Fields {
    exhibit: IndexField,
    derivation: IndexField,
    blob: IndexField,
    mail: IndexField,
    place: IndexField,
    host: IndexField,
    zone: IndexField,
    text: IndexField,
    looks: IndexField,
    words: IndexField,
    runs: IndexField,
    secrets: IndexField,
    language: IndexField,
    captured: IndexField,
    selector: IndexField,
    kind: IndexField,
    document: IndexField,
}

/// The index of a case, open.
pub struct CaseIndex {
    index: tantivy::Index,
    reader: tantivy::IndexReader,
    fields: Fields,
}

const RECORD: &str = "record";
const LOOKS: &str = "looks";
const WORDS: &str = "words";
const DOCUMENT: &str = "document";
/// Passages that are read again for one answer, beyond those that are shown.
const LOOKED_AT: usize = 2000;

fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let cut = |tokenizer: &str, option| TextOptions::default().set_indexing_options(TextFieldIndexing::default().set_tokenizer(tokenizer).set_index_option(option));
    let positions = IndexRecordOption::WithFreqsAndPositions;
    let fields = Fields {
        exhibit: builder.add_text_field("exhibit", STRING | STORED | FAST),
        derivation: builder.add_text_field("derivation", STRING | STORED),
        blob: builder.add_text_field("blob", STRING | STORED),
        mail: builder.add_text_field("mail", STORED),
        place: builder.add_text_field("place", cut(RECORD, positions).set_stored()),
        host: builder.add_text_field("host", STRING | STORED | FAST),
        zone: builder.add_text_field("zone", STRING | STORED | FAST),
        text: builder.add_text_field("text", cut(RECORD, positions).set_stored()),
        looks: builder.add_text_field("looks", cut(LOOKS, positions)),
        words: builder.add_text_field("words", cut(WORDS, IndexRecordOption::WithFreqs)),
        runs: builder.add_bytes_field("runs", STORED),
        secrets: builder.add_bytes_field("secrets", STORED),
        language: builder.add_text_field("language", STRING | STORED | FAST),
        captured: builder.add_date_field("captured", INDEXED | STORED | FAST),
        selector: builder.add_text_field("selector", STRING | STORED),
        kind: builder.add_text_field("kind", STRING | STORED),
        document: builder.add_u64_field(DOCUMENT, INDEXED | FAST),
    };
    (builder.build(), fields)
}

impl CaseIndex {
    /// Opens the index of a key in the home, or makes an empty one.
    ///
    /// # Errors
    /// When its files do not open under this key, or the disk refuses.
    pub fn open(home: &Path, key: &IndexKey) -> Result<CaseIndex, StoreError> {
        let root = key.root(home)?;
        std::fs::create_dir_all(&root)
            .and_then(|()| std::fs::set_permissions(&root, std::os::unix::fs::PermissionsExt::from_mode(0o700)))
            .map_err(|e| StoreError::environment("making the folder of an index", &e))?;
        let (schema, fields) = schema();
        let index = tantivy::Index::open_or_create(SealedFolder::new(&root, key.secret()?), schema).map_err(fault)?;
        index.tokenizers().register(RECORD, cut::Record);
        index.tokenizers().register(LOOKS, cut::Added(cut::other_looks));
        index.tokenizers().register(WORDS, cut::Added(cut::of_words));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(16).try_into().map_err(fault)?;
        Ok(CaseIndex { index, reader, fields })
    }

    /// Whether the home has the files of this index, in a layout that this program reads.
    ///
    /// # Errors
    /// When the key is damaged.
    pub fn is_there(home: &Path, key: &IndexKey) -> Result<bool, StoreError> {
        Ok(key.layout == LAYOUT && key.root(home)?.join("meta.json").exists())
    }

    /// Removes the files of an index; there may be none.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(home: &Path, key: &IndexKey) -> Result<(), StoreError> {
        folder::remove(&key.root(home)?).map_err(|e| StoreError::environment("removing an index", &e))
    }

    /// Removes the files of an index whose key is gone, by the name of its folder; there may be none.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_folder(home: &Path, folder: &str) -> Result<(), StoreError> {
        folder::remove(&folder_in(home, folder)?).map_err(|e| StoreError::environment("removing an index", &e))
    }

    /// A name for the indexes of this home, among all homes that share the records: by chance, and the same from then
    /// on. A home that was brought back from a backup has none of them, and gets another name.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn machine(home: &Path) -> Result<String, StoreError> {
        folder::machine(&home.join("index"), &hex::encode(random_16()?)).map_err(|e| StoreError::environment("naming the indexes of this home", &e))
    }

    /// The one writer.
    ///
    /// # Errors
    /// When another program writes.
    pub fn writer(self: Arc<Self>) -> Result<Writer, StoreError> {
        /// Bytes of memory before a segment is written.
        const MEMORY: usize = 200 << 20;
        let writer = self.index.writer_with_num_threads(1, MEMORY).map_err(fault)?;
        Ok(Writer { index: self, record_only: false, writer })
    }

    /// Number of passages.
    pub fn len(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks. What lies outside `reach` is neither found nor counted.
    ///
    /// # Errors
    /// When a file of the index does not open.
    pub fn ask(&self, ask: &Ask, reach: &Reach) -> Result<Answer, StoreError> {
        let planned = Planned::of(ask);
        let mut asking = Asking { index: self, searcher: self.reader.searcher(), planned: &planned, reach, settled: HashMap::new(), left: LOOKED_AT };
        let query = self.within(self.wanted(&planned), reach);
        let possible = asking.possible()?;
        let aggregations: Aggregations = serde_json::from_str(FACETS).map_err(|e| StoreError::damaged(e.to_string()))?;
        let facets = AggregationCollector::from_aggs(aggregations, Default::default());
        let most = reach.most.max(1);
        let (top, candidates, facets) = asking.search(&query, &possible, (TopDocs::with_limit(most).order_by_score(), Count, facets))?;
        let mut answer = Answer { candidates, facets: facets_of(&serde_json::to_value(facets).unwrap_or_default()), ..Answer::default() };
        let (mut looked, mut unsettled, mut next) = (0, 0, top);
        while !next.is_empty() && answer.hits.len() < reach.most {
            for (score, address) in std::mem::take(&mut next) {
                looked += 1;
                let held = asking.held(address)?;
                let confirmed = match confirm::shown(&planned, &held) {
                    Some(confirmed) => asking.settle(&held)?.map(|answers| answers.then_some(confirmed)),
                    None => Some(None),
                };
                match confirmed {
                    Some(Some(confirmed)) if answer.hits.len() < reach.most => answer.hits.push(Hit { held, confirmed, score }),
                    Some(Some(_)) => {}
                    Some(None) => answer.unconfirmed += 1,
                    None => unsettled += 1,
                }
            }
            if answer.hits.len() < reach.most && looked < candidates && asking.left > 0 {
                next = asking.search(&query, &possible, TopDocs::with_limit(most).and_offset(looked).order_by_score())?;
            }
        }
        answer.whole = looked >= candidates && unsettled == 0;
        Ok(answer)
    }

    /// Every passage that answers, in no order, with its places: all of them, however many there are.
    ///
    /// # Errors
    /// When a file of the index does not open, or `each` refuses.
    pub fn each_answer(&self, ask: &Ask, reach: &Reach, each: &mut dyn FnMut(&Held, &Confirmed) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let planned = Planned::of(ask);
        let mut asking = Asking { index: self, searcher: self.reader.searcher(), planned: &planned, reach, settled: HashMap::new(), left: usize::MAX };
        let query = self.within(self.wanted(&planned), reach);
        let possible = asking.possible()?;
        for address in in_order(asking.search(&query, &possible, DocSetCollector)?) {
            let held = asking.held(address)?;
            let Some(confirmed) = confirm::shown(&planned, &held) else { continue };
            if asking.settle(&held)? == Some(true) {
                each(&held, &confirmed)?;
            }
        }
        Ok(())
    }

    /// Every passage within the reach, in no order: for a pattern that no index can answer.
    ///
    /// # Errors
    /// When a file of the index does not open, or `each` refuses.
    pub fn each(&self, reach: &Reach, each: &mut dyn FnMut(&Held) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let searcher = self.reader.searcher();
        let addresses = searcher.search(&self.within(Box::new(AllQuery), reach), &DocSetCollector).map_err(fault)?;
        for address in in_order(addresses) {
            each(&self.held(&searcher.doc(address).map_err(fault)?)?)?;
        }
        Ok(())
    }

    /// Every passage that can hold a part that is asked for.
    fn wanted(&self, planned: &Planned<'_>) -> Box<dyn Query> {
        let mut parts: Vec<Box<dyn Query>> = planned.wanted().map(|part| self.part(part)).collect();
        if parts.len() == 1 { parts.remove(0) } else { Box::new(BooleanQuery::new(parts.into_iter().map(|part| (Occur::Should, part)).collect())) }
    }

    /// Every passage that can hold one part.
    fn part(&self, part: &Part<'_>) -> Box<dyn Query> {
        let within = part.within.iter().filter(|one| !matches!(one, Ask::Not(_))).map(|one| (Occur::Must, boosted(self.query(one), 0.0)));
        let mut all: Vec<(Occur, Box<dyn Query>)> = within.chain(part.what.map(|what| (Occur::Must, self.query(what)))).collect();
        match all.len() {
            0 => Box::new(AllQuery),
            1 => all.remove(0).1,
            _ => Box::new(BooleanQuery::new(all)),
        }
    }

    fn within(&self, query: Box<dyn Query>, reach: &Reach) -> BooleanQuery {
        let exhibits = TermSetQuery::new(reach.exhibits.iter().map(|label| Term::from_field_text(self.fields.exhibit, label)));
        let mut parts: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, query), (Occur::Must, boosted(Box::new(exhibits), 0.0))];
        parts.extend(self.without(reach));
        BooleanQuery::new(parts)
    }

    /// Takes out the parts of an exhibit that may not be looked at.
    fn without(&self, reach: &Reach) -> Option<(Occur, Box<dyn Query>)> {
        let without = || TermSetQuery::new(reach.without.iter().map(|blob| Term::from_field_text(self.fields.blob, blob)));
        (!reach.without.is_empty()).then(|| (Occur::MustNot, Box::new(without()) as Box<dyn Query>))
    }

    /// A query that gives every passage that answers, and perhaps others: what must not be there is left to the
    /// confirmation, because a candidate that the index takes for one must not take an answer away.
    fn query(&self, ask: &Ask) -> Box<dyn Query> {
        let fields = &self.fields;
        match ask {
            Ask::All(parts) => {
                let wanted: Vec<_> = parts.iter().filter(|part| !matches!(part, Ask::Not(_))).map(|part| (Occur::Must, self.query(part))).collect();
                if wanted.is_empty() { Box::new(AllQuery) } else { Box::new(BooleanQuery::new(wanted)) }
            }
            Ask::Any(parts) => Box::new(BooleanQuery::new(parts.iter().map(|part| (Occur::Should, self.query(part))).collect())),
            Ask::Not(_) => Box::new(AllQuery),
            Ask::Words(words) => self.words(words),
            Ask::Is(property, value) => {
                let field = match property {
                    Property::Exhibit => fields.exhibit,
                    Property::Language => fields.language,
                    Property::Host => fields.host,
                    Property::Selector => fields.selector,
                    Property::Type => fields.kind,
                    Property::Zone => fields.zone,
                };
                Box::new(TermQuery::new(Term::from_field_text(field, value), IndexRecordOption::Basic))
            }
            Ask::After(day) => Box::new(RangeQuery::new(std::ops::Bound::Included(self.at_day(*day)), std::ops::Bound::Unbounded)),
            Ask::Before(day) => Box::new(RangeQuery::new(std::ops::Bound::Unbounded, std::ops::Bound::Excluded(self.at_day(day + 1)))),
        }
    }

    fn at_day(&self, day: i64) -> Term {
        Term::from_field_date(self.fields.captured, DateTime::from_timestamp_secs(day * 86_400))
    }

    fn words(&self, words: &Words) -> Box<dyn Query> {
        let fields = &self.fields;
        if words.field == Field::Address {
            return by_how(fields.place, words);
        }
        let mut query = by_how(fields.text, words);
        let looks = cut::looks_for_query(&words.text);
        if !looks.is_empty() {
            let mut parts = vec![(Occur::Should, query)];
            parts.extend(looks.iter().map(|look| (Occur::Should, boosted(phrase(fields.looks, look, words.how), 0.1))));
            // A text all of whose words look like themselves has its looks in the index of record.
            let typed = cut::of_record(&words.text);
            let others = looks.iter().filter(|look| !look.iter().zip(&typed).all(|(look, typed)| look.text == typed.text));
            parts.extend(others.map(|look| (Occur::Should, boosted(phrase(fields.text, look, words.how), 0.1))));
            query = Box::new(BooleanQuery::new(parts));
        }
        let dictionary = cut::of_words(&words.text);
        if !dictionary.is_empty() {
            let better = dictionary.iter().map(|word| (Occur::Should, term(fields.words, &word.text))).collect();
            query = Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Should, boosted(Box::new(BooleanQuery::new(better)), 0.2))]));
        }
        if words.field == Field::Title {
            let title = term(fields.zone, "title");
            query = Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::Must, boosted(title, 0.0))]));
        }
        query
    }

    fn held(&self, document: &TantivyDocument) -> Result<Held, StoreError> {
        let fields = &self.fields;
        let text = |field| document.get_first(field).and_then(|value| value.as_str()).map(str::to_string);
        let all = |field| document.get_all(field).filter_map(|value| value.as_str().map(str::to_string)).collect::<Vec<_>>();
        let bytes = |field| document.get_first(field).and_then(|value| value.as_bytes()).unwrap_or_default();
        Ok(Held {
            exhibit: text(fields.exhibit).unwrap_or_default(),
            derivation: text(fields.derivation).unwrap_or_default(),
            blob: text(fields.blob),
            mail: text(fields.mail),
            place: text(fields.place).unwrap_or_default(),
            host: text(fields.host),
            zone: text(fields.zone).unwrap_or_default(),
            text: text(fields.text).unwrap_or_default(),
            runs: unpack_runs(bytes(fields.runs)).ok_or_else(|| StoreError::damaged("the map of a passage"))?,
            secrets: unpack_ranges(bytes(fields.secrets)).ok_or_else(|| StoreError::damaged("what is covered in a passage"))?,
            language: text(fields.language),
            captured: document.get_first(fields.captured).and_then(|value| value.as_datetime()).map(DateTime::into_timestamp_micros),
            selectors: all(fields.kind).into_iter().zip(all(fields.selector)).collect(),
        })
    }
}

const FACETS: &str = r#"{"exhibit": {"terms": {"field": "exhibit", "size": 20}}, "host": {"terms": {"field": "host", "size": 20}},
    "language": {"terms": {"field": "language", "size": 20}}, "zone": {"terms": {"field": "zone", "size": 20}}}"#;

fn facets_of(value: &serde_json::Value) -> BTreeMap<String, Vec<(String, u64)>> {
    let counted = |facet: &serde_json::Value| {
        let buckets = facet["buckets"].as_array().cloned().unwrap_or_default();
        buckets.iter().filter_map(|bucket| Some((bucket["key"].as_str()?.to_string(), bucket["doc_count"].as_u64()?))).collect()
    };
    value.as_object().map(|facets| facets.iter().map(|(name, facet)| (name.clone(), counted(facet))).collect()).unwrap_or_default()
}

fn boosted(query: Box<dyn Query>, by: f32) -> Box<dyn Query> {
    Box::new(BoostQuery::new(query, by))
}

fn term(field: IndexField, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs))
}

/// What words stand for in a field: every passage that holds them in the way that was asked.
fn by_how(field: IndexField, words: &Words) -> Box<dyn Query> {
    let as_typed = |text: &str| phrase(field, &cut::for_query(text), How::Phrase);
    match (words.how, cut::letters(&words.text)) {
        (How::Near(_), _) => Box::new(BooleanQuery::new(cut::pieces(&words.text).into_iter().map(|piece| (Occur::Must, as_typed(piece))).collect())),
        (How::Fuzzy(most), Some(letters)) => {
            let unspoilt = cut::unspoilt(&words.text, &letters, usize::from(most));
            Box::new(BooleanQuery::new(unspoilt.into_iter().map(|part| (Occur::Should, as_typed(part))).collect()))
        }
        (how, _) => phrase(field, &cut::for_query(&words.text), how),
    }
}

/// A question on its way through an index.
struct Asking<'a> {
    index: &'a CaseIndex,
    searcher: tantivy::Searcher,
    planned: &'a Planned<'a>,
    reach: &'a Reach,
    /// Documents that were settled: whether they answer, where that could be told.
    settled: HashMap<Document, Option<bool>>,
    /// Passages that may still be read.
    left: usize,
}

/// Why a document was not settled.
enum Unsettled {
    TooMany,
    Fault(StoreError),
}

impl Asking<'_> {
    fn held(&mut self, address: tantivy::DocAddress) -> Result<Held, StoreError> {
        self.left = self.left.saturating_sub(1);
        self.index.held(&self.searcher.doc(address).map_err(fault)?)
    }

    /// The documents within the reach that can answer; none when every document with a candidate can.
    fn possible(&self) -> Result<Option<Arc<HashSet<u64>>>, StoreError> {
        if self.planned.is_of_one_passage() {
            return Ok(None);
        }
        let mut of = |part: usize| {
            let query = self.index.within(self.index.part(&self.planned.parts()[part]), self.reach);
            self.searcher.search(&query, &Documents).map_err(fault)
        };
        let both = |a: HashSet<u64>, b: HashSet<u64>| {
            let (mut small, large) = if a.len() < b.len() { (a, b) } else { (b, a) };
            small.retain(|one| large.contains(one));
            small
        };
        let either = |mut a: HashSet<u64>, b: HashSet<u64>| {
            a.extend(b);
            a
        };
        Ok(self.planned.possible(&mut Sets { of: &mut of, both, either })?.map(Arc::new))
    }

    /// Searches among passages of these documents.
    fn search<C: Collector>(&self, query: &dyn Query, documents: &Option<Arc<HashSet<u64>>>, collector: C) -> Result<C::Fruit, StoreError> {
        match documents.clone() {
            None => self.searcher.search(query, &collector).map_err(fault),
            Some(documents) => {
                let among = move |document: u64| documents.contains(&document);
                self.searcher.search(query, &FilterCollector::new(DOCUMENT.into(), among, collector)).map_err(fault)
            }
        }
    }

    /// Whether the document of a passage answers; none when too many passages would have to be read for that.
    fn settle(&mut self, held: &Held) -> Result<Option<bool>, StoreError> {
        if self.planned.is_of_one_passage() {
            return Ok(Some(true));
        }
        let document = Document::of(held);
        if let Some(settled) = self.settled.get(&document) {
            return Ok(*settled);
        }
        let planned = self.planned;
        let settled = match planned.holds(&mut |part| self.any(&planned.parts()[part], held)) {
            Ok(answers) => Some(answers),
            Err(Unsettled::TooMany) => None,
            Err(Unsettled::Fault(fault)) => return Err(fault),
        };
        self.settled.insert(document, settled);
        Ok(settled)
    }

    /// Whether a passage of the same document holds a part.
    fn any(&mut self, part: &Part<'_>, held: &Held) -> Result<bool, Unsettled> {
        if confirm::part_holds(part, held) {
            return Ok(true);
        }
        let same = TermQuery::new(Term::from_field_u64(self.index.fields.document, document_of(held)), IndexRecordOption::Basic);
        let mut all = vec![(Occur::Must, Box::new(same) as Box<dyn Query>), (Occur::Must, self.index.part(part))];
        // A restricted part of a mail answers nothing, neither for the others nor against them.
        all.extend(self.index.without(self.reach));
        let query = BooleanQuery::new(all);
        let found = self.searcher.search(&query, &DocSetCollector).map_err(|e| Unsettled::Fault(fault(e)))?;
        for address in in_order(found) {
            if self.left == 0 {
                return Err(Unsettled::TooMany);
            }
            let other = self.held(address).map_err(Unsettled::Fault)?;
            // A number stands for a document, and the document is what counts.
            if Document::of(&other) == Document::of(held) && confirm::part_holds(part, &other) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn in_order(found: HashSet<tantivy::DocAddress>) -> Vec<tantivy::DocAddress> {
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort();
    found
}

/// What answers together: a mail with all that it carries, else what has bytes of its own.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Document {
    Mail(String, String),
    Bytes(String, Option<String>),
}

impl Document {
    fn of(held: &Held) -> Document {
        match &held.mail {
            Some(mail) => Document::Mail(held.exhibit.clone(), mail.clone()),
            None => Document::Bytes(held.exhibit.clone(), held.blob.clone()),
        }
    }
}

/// A number for the document in which a passage lies.
fn document_of(held: &Held) -> u64 {
    let (sort, name) = match (&held.mail, &held.blob) {
        (Some(mail), _) => (1, mail.as_str()),
        (None, blob) => (0, blob.as_deref().unwrap_or_default()),
    };
    let digest = Sha256::new().chain_update(&held.exhibit).chain_update([sort]).chain_update(name).finalize();
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Collects the documents of the passages that were found.
struct Documents;

impl Collector for Documents {
    type Fruit = HashSet<u64>;
    type Child = DocumentsOf;

    fn for_segment(&self, _: tantivy::SegmentOrdinal, segment: &tantivy::SegmentReader) -> tantivy::Result<DocumentsOf> {
        Ok(DocumentsOf { numbers: segment.fast_fields().u64(DOCUMENT)?, found: HashSet::new() })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<HashSet<u64>>) -> tantivy::Result<HashSet<u64>> {
        Ok(fruits.into_iter().reduce(|mut all, more| {
            all.extend(more);
            all
        }).unwrap_or_default())
    }
}

struct DocumentsOf {
    numbers: tantivy::columnar::Column<u64>,
    found: HashSet<u64>,
}

impl SegmentCollector for DocumentsOf {
    type Fruit = HashSet<u64>;

    fn collect(&mut self, passage: tantivy::DocId, _: tantivy::Score) {
        self.found.extend(self.numbers.first(passage));
    }

    fn harvest(self) -> HashSet<u64> {
        self.found
    }
}

/// Words one after the other. Of clusters every second pair is asked for, and the last: they leave no cluster out.
fn phrase(field: IndexField, chosen: &[cut::Cut], how: How) -> Box<dyn Query> {
    let of = |cut: &cut::Cut| Term::from_field_text(field, &cut.text);
    match (how, chosen) {
        (_, []) => Box::new(EmptyQuery),
        (How::Near(_), many) => Box::new(BooleanQuery::new(many.iter().map(|cut| (Occur::Must, term(field, &cut.text))).collect())),
        (How::Fuzzy(letters), many) => {
            let words = many.iter().map(|cut| (Occur::Must, Box::new(FuzzyTermQuery::new(of(cut), letters, true)) as Box<dyn Query>));
            Box::new(BooleanQuery::new(words.collect()))
        }
        (How::Prefix, many) => {
            let mut query = PhrasePrefixQuery::new_with_offset(many.iter().map(|cut| (cut.position, of(cut))).collect());
            // Every word that begins so, not the first fifty.
            query.set_max_expansions(u32::MAX);
            Box::new(query)
        }
        (_, [one]) => term(field, &one.text),
        (_, many) => Box::new(PhraseQuery::new_with_offset(many.iter().map(|cut| (cut.position, of(cut))).collect())),
    }
}

/// Puts passages in. Nothing is found before [`Writer::commit`].
pub struct Writer {
    index: Arc<CaseIndex>,
    record_only: bool,
    writer: IndexWriter,
}

impl Writer {
    /// Adds a passage.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn add(&mut self, held: &Held) -> Result<(), StoreError> {
        let fields = &self.index.fields;
        let mut document = TantivyDocument::default();
        document.add_u64(fields.document, document_of(held));
        document.add_text(fields.exhibit, &held.exhibit);
        document.add_text(fields.derivation, &held.derivation);
        document.add_text(fields.place, &held.place);
        document.add_text(fields.zone, &held.zone);
        document.add_text(fields.text, &held.text);
        if !self.record_only {
            document.add_text(fields.looks, &held.text);
            document.add_text(fields.words, &held.text);
        }
        document.add_bytes(fields.runs, &pack_runs(&held.runs));
        if !held.secrets.is_empty() {
            document.add_bytes(fields.secrets, &pack_ranges(&held.secrets));
        }
        for (field, value) in [(fields.blob, &held.blob), (fields.mail, &held.mail), (fields.host, &held.host), (fields.language, &held.language)] {
            if let Some(value) = value {
                document.add_text(field, value);
            }
        }
        if let Some(captured) = held.captured {
            document.add_date(fields.captured, DateTime::from_timestamp_micros(captured));
        }
        for (kind, value) in &held.selectors {
            document.add_text(fields.kind, kind);
            document.add_text(fields.selector, value);
        }
        self.writer.add_document(document).map(|_| ()).map_err(fault)
    }

    /// Leaves out what only adds to the index of record: for measuring what that costs.
    #[doc(hidden)]
    pub fn record_only(mut self) -> Self {
        self.record_only = true;
        self
    }

    /// Takes everything of an exhibit out, before it is put in anew.
    pub fn without_exhibit(&mut self, label: &str) {
        self.writer.delete_term(Term::from_field_text(self.index.fields.exhibit, label));
    }

    /// Takes the passages of some derived bytes out.
    pub fn without_blob(&mut self, blob: &str) {
        self.writer.delete_term(Term::from_field_text(self.index.fields.blob, blob));
    }

    /// Makes everything durable and findable.
    ///
    /// # Errors
    /// When the disk refuses; what was added since the last commit is gone then.
    pub fn commit(mut self) -> Result<(), StoreError> {
        self.writer.commit().map_err(fault)?;
        self.writer.wait_merging_threads().map_err(fault)?;
        self.index.reader.reload().map_err(fault)
    }
}

/// What of the tools of the index means for a person.
fn fault(error: tantivy::TantivyError) -> StoreError {
    use tantivy::TantivyError::{LockFailure, OpenReadError};
    match error {
        LockFailure(..) => StoreError::input("another program writes into the index of this case now: wait until it ends, then repeat the step"),
        OpenReadError(why) => StoreError::damaged(format!("the index of this case ({why}): make it again with `lanternfish search --rebuild`")),
        other => StoreError::Environment { attempt: "using the index of this case".into(), cause: other.to_string() },
    }
}

