// Searches of the catalogue's index: what is asked for, what is found, and the pages.
#include <algorithm>
#include <array>
#include <charconv>

#include "market/catalogue_index.hpp"
#include "market/encoding.hpp"
#include "market/words.hpp"

namespace abc2::market {
namespace {

constexpr std::size_t kWords = 16;                       // of a query
constexpr Milliseconds kOldest = std::chrono::hours(1);  // of a cursor, before its order is another one

constexpr char letter_of(CatalogueOrder order) { return "psun"[static_cast<std::size_t>(order)]; }

template <class Number>
bool take_number(std::string_view& text, Number& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

std::string text_of(CatalogueOrder order, const CatalogueIndex::Cursor& cursor) {
  std::string text(1, letter_of(order));
  for (const std::int64_t part :
       {to_unix_ms(cursor.moment), std::int64_t{cursor.group}, cursor.key, std::int64_t{cursor.tie}})
    text += std::to_string(part) + ' ';
  return to_base64url(text + cursor.name);
}

Result<CatalogueIndex::Cursor> parse_cursor(CatalogueOrder order, std::string_view given) {
  const Error wrong(Code::invalid_argument, "cursor: this was not given out for such a search");
  const auto decoded = from_base64url(given);
  if (!decoded || decoded.value().empty() || decoded.value()[0] != letter_of(order)) return wrong;
  std::string_view text = std::string_view(decoded.value()).substr(1);
  CatalogueIndex::Cursor cursor;
  std::int64_t moment_ms = 0;
  constexpr std::int64_t latest_ms = 253'402'300'799'000;  // the year 9999
  if (!take_number(text, moment_ms) || !take_number(text, cursor.group) || !take_number(text, cursor.key) ||
      !take_number(text, cursor.tie) || moment_ms < 0 || moment_ms > latest_ms || cursor.group < 0 ||
      cursor.group > 1 || text.size() > limits::key_bytes)
    return wrong;
  cursor.moment = from_unix_ms(moment_ms);
  cursor.name = text;
  return cursor;
}

}  // namespace

Result<CatalogueIndex::Search> CatalogueIndex::understood(const CatalogueQuery& query) {
  Search search;
  if (query.text.size() > Catalogue::text_bytes)
    return Error(Code::invalid_argument, "q: a search has at most " + std::to_string(Catalogue::text_bytes) + " bytes");
  for (auto& word : words_of(query.text))
    if (std::ranges::find(search.words, word) == search.words.end()) search.words.push_back(std::move(word));
  if (search.words.size() > kWords)
    return Error(Code::invalid_argument, "q: a search has at most " + std::to_string(kWords) + " words");
  search.size = query.size;
  search.order = query.order;
  search.limit = std::clamp<std::size_t>(query.limit, 1, limits::page_items);
  if (!query.cursor.empty()) {
    TRY(search.after, parse_cursor(query.order, query.cursor));
  }
  return search;
}

std::pair<int, std::int64_t> CatalogueIndex::key_at(const Record& record, CatalogueOrder order, Time moment) const {
  switch (order) {
    case CatalogueOrder::price: return {0, price_at(record, moment)};
    case CatalogueOrder::start:
      return record.ends > moment ? std::pair{1, to_unix_ms(record.ends)} : std::pair{0, record.floor_sat};
    case CatalogueOrder::popular: return {0, -static_cast<std::int64_t>(record.sold)};
    case CatalogueOrder::newest: break;
  }
  return {0, -to_unix_ms(record.created)};
}

bool CatalogueIndex::is_after(const KeyedEntry& entry, const Cursor& cursor) const {
  if (entry.key != cursor.key) return entry.key > cursor.key;
  if (entry.tie != cursor.tie) return entry.tie > cursor.tie;
  return records_[entry.number].name > cursor.name;
}

const CatalogueIndex::Ordering* CatalogueIndex::ordering_of(Time moment) const {
  const auto same = std::ranges::find(orderings_, moment, [](const auto& ordering) { return ordering->moment; });
  if (same != orderings_.end()) return same->get();
  return orderings_.empty() ? nullptr : orderings_.back().get();
}

// Those at their floor and those that fall, both sorted, become one.
template <class Visit>
void CatalogueIndex::walk_price(const std::optional<Cursor>& after, Time moment, const Ordering* ordering,
                                Visit visit) const {
  const Before before{records_};
  const auto wanted = [&](const KeyedEntry& entry) { return !after || is_after(entry, *after); };
  SortedBlocks sorted;
  if (!ordering) {
    std::vector<KeyedEntry> now;
    const std::int64_t from = to_unix_ms(moment);
    for (auto at = by_end_.from([&](const KeyedEntry& entry) { return entry.key > from; }); !at.end(); at.next())
      now.push_back(priced(at.entry().number, moment));
    std::ranges::sort(now, before);
    for (const auto& entry : now) sorted.append(entry);
  }
  auto low = by_floor_.from(wanted);
  const SortedBlocks& falling = ordering ? ordering->entries : sorted;
  auto high = falling.from(wanted);
  const bool is_old = ordering && ordering != orderings_.back().get();
  for (;;) {
    // At its floor now, and falling at that moment: it comes with those.
    while (!low.end() && records_[low.entry().number].ends > moment) low.next();
    // An old one is as it was: numbers may have become another's.
    while (is_old && !high.end() &&
           (!records_[high.entry().number].there || records_[high.entry().number].tie != high.entry().tie))
      high.next();
    if (low.end() && high.end()) return;
    const bool is_low = high.end() || (!low.end() && before(low.entry(), high.entry()));
    if (!visit(0, is_low ? low.entry() : high.entry())) return;
    (is_low ? low : high).next();
  }
}

// Calls visit(group, entry) for all from the cursor on, in their order, until it returns false.
template <class Visit>
void CatalogueIndex::walk(const Search& search, Time moment, const Ordering* ordering, Visit visit) const {
  const auto& after = search.after;
  const auto all = [&](const SortedBlocks& entries, int group) {
    const bool begun = after && after->group == group;
    for (auto at = entries.from([&](const KeyedEntry& entry) { return !begun || is_after(entry, *after); }); !at.end();
         at.next())
      if (!visit(group, at.entry())) return false;
    return true;
  };
  switch (search.order) {
    case CatalogueOrder::price: return walk_price(after, moment, ordering, visit);
    case CatalogueOrder::popular: all(by_sold_, 0); return;
    case CatalogueOrder::newest: all(by_created_, 0); return;
    case CatalogueOrder::start: break;
  }
  if (!after || after->group == 0) {
    bool goes_on = true;
    for (auto at = by_floor_.from([&](const KeyedEntry& entry) { return !after || is_after(entry, *after); });
         goes_on && !at.end(); at.next())
      if (records_[at.entry().number].ends <= moment) goes_on = visit(0, at.entry());
    if (!goes_on) return;
  }
  const std::int64_t from = to_unix_ms(moment);
  for (auto at = by_end_.from([&](const KeyedEntry& entry) {
         return entry.key > from && (!after || after->group == 0 || is_after(entry, *after));
       });
       !at.end(); at.next())
    if (!visit(1, at.entry())) return;
}

CatalogueNames CatalogueIndex::search(const Search& search) const {
  CatalogueNames answer;
  Time moment = moment_;
  if (search.after && search.after->moment <= moment_ && moment_ - search.after->moment <= kOldest)
    moment = search.after->moment;
  const Ordering* ordering = nullptr;
  if (search.order == CatalogueOrder::price) {
    const std::int64_t from = to_unix_ms(moment);
    if (by_end_.count_from([&](const KeyedEntry& entry) { return entry.key > from; }) > limits_.fall_at_once)
      ordering = ordering_of(moment);
    if (ordering) moment = ordering->moment;
  }

  const bool filtered = !search.words.empty() || search.size;
  Bits found;
  answer.found = there_count_;
  if (filtered) {
    found = there_;
    for (const auto& word : search.words) found.keep(vocabulary_.having_prefix(word, records_.size()));
    if (search.size) {
      Bits of_size(records_.size());
      if (const auto at = sizes_.find(*search.size); at != sizes_.end())
        at->second.postings.each([&](std::uint32_t number) { of_size.set(number); });
      found.keep(of_size);
    }
    answer.found = found.count();
  }

  std::vector<std::pair<int, KeyedEntry>> page;  // and one more, if there is one
  if (filtered && answer.found <= limits_.found_at_once) {
    const Before before{records_};
    found.each([&](std::uint32_t number) {
      const auto [group, key] = key_at(records_[number], search.order, moment);
      const KeyedEntry entry{key, records_[number].tie, number};
      if (search.after &&
          (group != search.after->group ? group < search.after->group : !is_after(entry, *search.after)))
        return;
      page.emplace_back(group, entry);
    });
    const auto first = [&](const auto& a, const auto& b) {
      return a.first != b.first ? a.first < b.first : before(a.second, b.second);
    };
    const auto most = static_cast<std::ptrdiff_t>(std::min(page.size(), search.limit + 1));
    std::partial_sort(page.begin(), page.begin() + most, page.end(), first);
    page.resize(static_cast<std::size_t>(most));
  } else {
    walk(search, moment, ordering, [&](int group, const KeyedEntry& entry) {
      if (!filtered || found.has(entry.number)) page.emplace_back(group, entry);
      return page.size() <= search.limit;
    });
  }

  if (page.size() > search.limit) {
    page.pop_back();
    const auto& [group, last] = page.back();
    answer.next = text_of(search.order, {moment, group, last.key, last.tie, records_[last.number].name});
  }
  for (const auto& [group, entry] : page) {
    const std::string& name = records_[entry.number].name;
    const auto slash = name.find('/');
    answer.names.push_back({name.substr(0, slash), std::stoull(name.substr(slash + 1))});
  }
  for (const AdSize size : most_frequent_) answer.sizes.push_back({size, sizes_.at(size).there});
  std::ranges::sort(answer.sizes, [](const SizeCount& a, const SizeCount& b) {
    return a.campaigns != b.campaigns ? a.campaigns > b.campaigns : a.size < b.size;
  });
  return answer;
}

}  // namespace abc2::market
