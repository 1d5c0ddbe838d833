#include "market/catalogue_index.hpp"

#include <algorithm>
#include <functional>

#include "market/pricing.hpp"
#include "market/words.hpp"

namespace abc2::market {
namespace {

// FNV-1a, with a finish that lets every bit of the input reach every bit of the result (splitmix64).
std::uint64_t hash_of(std::initializer_list<std::string_view> parts) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : parts) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0x1ff) * 0x100000001b3;  // no byte: where a part ends
  }
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

std::uint32_t tie_of(std::string_view name) { return static_cast<std::uint32_t>(hash_of({name})); }

std::int64_t in_bounds(Satoshi amount) {
  return std::clamp(amount.value(), limits::floor_min_sat, limits::price_max_sat);
}

std::string name_of(std::string_view seller, std::uint64_t number) {
  return std::string(seller) + '/' + std::to_string(number);
}

}  // namespace

std::size_t CatalogueIndex::NameHash::operator()(std::uint32_t number) const { return (*records)[number].tie; }
std::size_t CatalogueIndex::NameHash::operator()(std::string_view name) const { return tie_of(name); }

class CatalogueIndex::Reordering {
 public:
  Time moment;
  std::vector<std::vector<KeyedEntry>> runs;  // each sorted
  bool gathered = false;
  std::optional<KeyedEntry> last;                          // that was gathered, by its end
  std::vector<std::pair<std::size_t, std::size_t>> heads;  // a heap of (run, place in it)
  std::optional<KeyedEntry> appended;
  std::shared_ptr<Ordering> made;
  std::deque<Change> changes;  // since it began
};

CatalogueIndex::CatalogueIndex(Time moment, Limits limits) : limits_(limits), moment_(moment) {
  for (auto& table : names_) table = Names(0, NameHash{&records_}, NameEqual{&records_});
}

CatalogueIndex::Names& CatalogueIndex::table_of(std::string_view name) {
  return names_[hash_of({name}) >> 32 & (tables - 1)];
}

const CatalogueIndex::Record* CatalogueIndex::find(std::string_view name) const {
  const Names& table = names_[hash_of({name}) >> 32 & (tables - 1)];
  const auto at = table.find(name);
  return at == table.end() ? nullptr : &records_[*at];
}

bool CatalogueIndex::has(std::string_view seller, std::uint64_t number, store::Version version) const {
  const Record* record = find(name_of(seller, number));
  return record && record->has_version && record->version == version.token();
}

bool CatalogueIndex::put(std::string_view seller, std::uint64_t number, const Campaign& campaign, Reading reading) {
  const std::string name = name_of(seller, number);
  const std::uint64_t text = hash_of({campaign.title, campaign.about, campaign.page});
  const Names& table = table_of(name);
  const auto at = table.find(std::string_view(name));
  std::optional<std::uint32_t> id;
  if (at != table.end()) {
    const std::uint32_t known = *at;
    if (records_[known].turn > reading.turn) return false;
    if (records_[known].text == text) {
      take_out(known);
      id = known;
    } else {
      bury(known);
    }
  }
  if (!id) id = add(name, seller, campaign);

  Record& record = records_[*id];
  record.floor_sat = in_bounds(campaign.floor);
  record.sold = static_cast<std::uint32_t>(std::min<std::uint64_t>(campaign.sold, UINT32_MAX));
  record.created = campaign.created_at;
  record.bought = record.ends = Time::min();
  // What makes no sense is for the audit to report.
  if (campaign.last_sale && campaign.last_sale->bought_at < campaign.last_sale->ends_at) {
    record.price_sat = std::max(in_bounds(campaign.last_sale->price), record.floor_sat);
    record.bought = campaign.last_sale->bought_at;
    record.ends = campaign.last_sale->ends_at;
  }
  record.text = text;
  record.turn = reading.turn;
  record.has_version = reading.version.has_value();
  record.version = reading.version ? reading.version->token() : 0;
  place(*id);
  return true;
}

std::uint32_t CatalogueIndex::add(const std::string& name, std::string_view seller, const Campaign& campaign) {
  std::uint32_t number = 0;
  if (free_.empty()) {
    number = static_cast<std::uint32_t>(records_.size());
    records_.emplace_back();
    there_.grow(records_.size());
  } else {
    number = free_.back();
    free_.pop_back();
  }
  Record& record = records_[number];
  record.name = name;
  record.tie = tie_of(name);
  record.width_px = static_cast<std::uint16_t>(std::min<std::uint32_t>(campaign.width_px, UINT16_MAX));
  record.height_px = static_cast<std::uint16_t>(std::min<std::uint32_t>(campaign.height_px, UINT16_MAX));
  record.there = true;
  there_.set(number);
  ++there_count_;
  table_of(name).insert(number);
  for (const auto& word : words_of(seller, campaign)) vocabulary_.add(word, number);
  const AdSize size{record.width_px, record.height_px};
  sizes_[size].postings.add(number);
  count_size(size);
  return number;
}

void CatalogueIndex::bury(std::uint32_t number) {
  take_out(number);
  Record& record = records_[number];
  table_of(record.name).erase(number);
  --sizes_[{record.width_px, record.height_px}].there;
  --there_count_;
  there_.clear(number);
  record = Record();
  dead_.push_back(number);
}

// A size never changes, so that counts only grow, but for the moment between burying and adding: who is among the most
// frequent can only be pushed out by another.
void CatalogueIndex::count_size(AdSize size) {
  const std::uint64_t count = ++sizes_[size].there;
  if (std::ranges::find(most_frequent_, size) != most_frequent_.end()) return;
  if (most_frequent_.size() < Catalogue::sizes_offered) return most_frequent_.push_back(size);
  const auto least = std::ranges::min_element(most_frequent_, {}, [&](AdSize one) { return sizes_[one].there; });
  if (count > sizes_[*least].there) *least = size;
}

std::int64_t CatalogueIndex::price_at(const Record& record, Time moment) {
  if (record.ends == Time::min()) return record.floor_sat;
  const LastSale last{Satoshi(record.price_sat), record.bought, Time(), record.ends};
  return offer(Satoshi(record.floor_sat), last, moment).price.value();
}

KeyedEntry CatalogueIndex::priced(std::uint32_t number, Time moment) const {
  return {price_at(records_[number], moment), records_[number].tie, number};
}

void CatalogueIndex::place(std::uint32_t number) {
  const Record& record = records_[number];
  const Before before{records_};
  const std::uint32_t tie = record.tie;
  by_sold_.insert({-static_cast<std::int64_t>(record.sold), tie, number}, before);
  by_created_.insert({-to_unix_ms(record.created), tie, number}, before);
  if (record.ends != Time::min()) by_end_.insert({to_unix_ms(record.ends), tie, number}, before);
  if (record.ends <= moment_) by_floor_.insert({record.floor_sat, tie, number}, before);
  if (!orderings_.empty() && record.ends > orderings_.back()->moment)
    orderings_.back()->entries.insert(priced(number, orderings_.back()->moment), before);
  if (reordering_ && record.ends > reordering_->moment)
    reordering_->changes.push_back({true, priced(number, reordering_->moment)});
}

void CatalogueIndex::take_out(std::uint32_t number) {
  const Record& record = records_[number];
  const Before before{records_};
  const std::uint32_t tie = record.tie;
  by_sold_.erase({-static_cast<std::int64_t>(record.sold), tie, number}, before);
  by_created_.erase({-to_unix_ms(record.created), tie, number}, before);
  if (record.ends != Time::min()) by_end_.erase({to_unix_ms(record.ends), tie, number}, before);
  if (record.ends <= moment_) by_floor_.erase({record.floor_sat, tie, number}, before);
  if (!orderings_.empty() && record.ends > orderings_.back()->moment)
    orderings_.back()->entries.erase(priced(number, orderings_.back()->moment), before);
  if (reordering_ && record.ends > reordering_->moment)
    reordering_->changes.push_back({false, priced(number, reordering_->moment)});
}

bool CatalogueIndex::advance(Time now, std::size_t most) {
  const Before before{records_};
  const auto ends_after = [](Time time) {
    return [end = to_unix_ms(time)](const KeyedEntry& entry) { return entry.key > end; };
  };
  const auto floor_of = [&](std::uint32_t number) {
    return KeyedEntry{records_[number].floor_sat, records_[number].tie, number};
  };
  if (now < moment_ - std::chrono::minutes(1)) {  // the clock was set back
    for (auto at = by_end_.from(ends_after(now)); !at.end() && at.entry().key <= to_unix_ms(moment_); at.next())
      by_floor_.erase(floor_of(at.entry().number), before);
    moment_ = now;
    orderings_.clear();
    reordering_.reset();
    return false;
  }
  std::size_t passed = 0;
  std::int64_t last = 0;
  for (auto at = by_end_.from(ends_after(moment_)); !at.end() && at.entry().key <= to_unix_ms(now); at.next()) {
    if (passed >= most && at.entry().key != last) {
      moment_ = from_unix_ms(last);
      return true;
    }
    last = at.entry().key;
    by_floor_.insert(floor_of(at.entry().number), before);
    ++passed;
  }
  moment_ = std::max(moment_, now);
  return false;
}

// ------------------------------------------------------------------------------------- those that fall, by their price

bool CatalogueIndex::wants_reordering(bool asked) const {
  const std::int64_t now = to_unix_ms(moment_);
  const std::size_t falling = by_end_.count_from([&](const KeyedEntry& entry) { return entry.key > now; });
  if (falling <= limits_.fall_at_once) return false;
  if (orderings_.empty()) return true;
  // It takes less than a microsecond for each that falls: a hundredth of a core at the most.
  const Milliseconds rest = std::max<Milliseconds>(std::chrono::seconds(10), Milliseconds(falling / 10));
  return asked && moment_ - orderings_.back()->moment >= rest;
}

std::shared_ptr<CatalogueIndex::Reordering> CatalogueIndex::begin_reordering() {
  reordering_ = std::make_shared<Reordering>();
  reordering_->moment = moment_;
  reordering_->made = std::make_shared<Ordering>(Ordering{moment_, {}});
  return reordering_;
}

bool CatalogueIndex::step(Reordering& work) const {
  const std::size_t at_once = limits_.sorted_at_once;
  const Before before{records_};
  if (!work.gathered) {
    const std::int64_t moment = to_unix_ms(work.moment);
    auto at = by_end_.from([&](const KeyedEntry& entry) {
      if (!work.last || entry.key != work.last->key) return entry.key > (work.last ? work.last->key : moment);
      // The last one itself may be gone and its number another's: those of the same end are gathered again.
      return entry.tie >= work.last->tie;
    });
    auto& run = work.runs.emplace_back();
    for (; !at.end() && run.size() < at_once; at.next()) {
      run.push_back(priced(at.entry().number, work.moment));
      work.last = at.entry();
    }
    work.gathered = at.end();
    std::ranges::sort(run, before);
    if (!work.gathered) return true;
  }
  const auto later = [&](const auto& a, const auto& b) {
    return before(work.runs[b.first][b.second], work.runs[a.first][a.second]);
  };
  if (work.heads.empty()) {
    for (std::size_t run = 0; run < work.runs.size(); ++run)
      if (!work.runs[run].empty()) work.heads.emplace_back(run, 0);
    std::ranges::make_heap(work.heads, later);
  }
  for (std::size_t i = 0; i < at_once && !work.heads.empty(); ++i) {
    std::ranges::pop_heap(work.heads, later);
    auto& [run, place] = work.heads.back();
    const KeyedEntry& entry = work.runs[run][place];
    // What has changed since it was gathered is among the changes; what was gathered twice comes twice in a row.
    if (!work.appended || before(*work.appended, entry)) work.made->entries.append(entry);
    work.appended = entry;
    if (++place < work.runs[run].size()) {
      std::ranges::push_heap(work.heads, later);
    } else {
      work.heads.pop_back();
    }
  }
  return !work.heads.empty();
}

bool CatalogueIndex::finish(Reordering& work) {
  constexpr std::size_t at_once = 256;
  if (reordering_.get() != &work) return true;  // the clock was set back meanwhile
  const Before before{records_};
  for (std::size_t i = 0; i < at_once && !work.changes.empty(); ++i) {
    const Change change = work.changes.front();
    work.changes.pop_front();
    if (change.there) {
      work.made->entries.insert(change.entry, before);
    } else {
      work.made->entries.erase(change.entry, before);
    }
  }
  if (!work.changes.empty()) return false;
  orderings_.push_back(std::move(work.made));
  reordering_.reset();
  std::size_t kept = 0;
  for (const auto& ordering : orderings_) kept += ordering->entries.size();
  // Of the older ones as many as together have an entry for each campaign.
  while (orderings_.size() > 1 && kept - orderings_.back()->entries.size() > there_count_) {
    kept -= orderings_.front()->entries.size();
    orderings_.pop_front();
  }
  return true;
}

bool CatalogueIndex::clean() {
  if (being_cleaned_.empty()) {
    if (dead_.size() <= limits_.dead_most || dead_.size() <= there_count_ / 8) return false;
    being_cleaned_.swap(dead_);
    cleaned_ = Bits(records_.size());
    for (const auto number : being_cleaned_) cleaned_.set(number);
    cleaning_at_ = {};
    return true;
  }
  if (vocabulary_.drop(cleaned_, cleaning_at_)) return true;
  for (auto& [size, of] : sizes_) of.postings.drop(cleaned_);
  free_.insert(free_.end(), being_cleaned_.begin(), being_cleaned_.end());
  being_cleaned_.clear();
  cleaned_ = Bits();
  return false;
}

}  // namespace abc2::market
