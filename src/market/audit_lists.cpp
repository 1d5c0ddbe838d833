// A8: the lists of ads and campaigns have no gaps. Campaigns are kept for the other checks.
#include "market/audit_book.hpp"
#include "market/keys.hpp"

namespace abc2::market::audit_detail {

template <store::Document T>
Task<Result<void>> Book::read_heads(Series* series) {
  Scanner scanner(store_, pace_, series->head_type + "/");
  for (;;) {
    CO_TRY(const bool more, co_await scanner.more());
    if (!more) co_return success();
    const std::string user(keys::rest(scanner.front().key));
    const auto head = decode<T>(scanner.front().key, scanner.front().document, false);
    if (head) {
      series->heads[user] = head->last;
    } else {
      series->unreadable.insert(user);
    }
    scanner.pop();
  }
}

void Book::take_entry(Series& series, const store::Key& key) {
  const auto numbered = split_number(key);
  if (!numbered) return find(8, key, "its key does not end in a number as keys of its kind do");
  const auto& [user, number] = *numbered;
  std::uint64_t& next = series.next.try_emplace(user, 1).first->second;
  constexpr std::uint64_t most_missing = 1000;
  if (number - next > most_missing)
    return find(8, key, "the " + std::to_string(number - next) + " entries before it do not exist");
  for (; next < number; ++next) series.missing.push_back(series.entry_type + "/" + user + "/" + keys::padded(next));
  next = number + 1;
}

template <store::Document Head>
Task<Result<void>> Book::check_series(Series* series) {
  for (const auto& key : series->missing) {
    CO_TRY(const bool there, co_await exists(key));
    if (!there) find(8, key, "it does not exist, though entries after it do");
  }
  for (const auto& [user, last] : series->heads) {
    const auto at = series->next.find(user);
    const std::uint64_t next = at == series->next.end() ? 1 : at->second;
    if (next > last) continue;
    const store::Key entry = series->entry_type + "/" + user + "/" + keys::padded(next);
    CO_TRY(const bool there, co_await exists(entry));
    if (there) continue;
    disagree(8, series->head_type + "/" + user, entry,
             series->head_type + "/" + user + " lists " + std::to_string(last) + " entries, but " + entry +
                 " does not exist");
  }
  for (const auto& [user, next] : series->next) {
    if (series->unreadable.contains(user)) continue;
    const std::uint64_t highest = next - 1;
    const auto at = series->heads.find(user);
    std::uint64_t last = at == series->heads.end() ? 0 : at->second;
    const store::Key head_key = series->head_type + "/" + user;
    if (highest > last + 1) {
      // It was read before its entries.
      CO_TRY(const auto now, co_await fresh<Head>(head_key));
      last = now.value ? now.value->last : 0;
    }
    if (highest > last + 1)
      find(8, head_key, "it lists " + std::to_string(last) + " entries, but there are " + std::to_string(highest));
  }
  co_return success();
}

template <store::Document T>
Task<Result<void>> Book::read_plain(store::Key prefix) {
  Scanner scanner(store_, pace_, std::move(prefix));
  for (;;) {
    CO_TRY(const bool more, co_await scanner.more());
    if (!more) co_return success();
    [[maybe_unused]] const auto readable = decode<T>(scanner.front().key, scanner.front().document, false);
    scanner.pop();
  }
}

Task<Result<void>> Book::read_ads() {
  CO_TRY_VOID(co_await read_plain<Credentials>("credentials/"));
  CO_TRY_VOID(co_await read_plain<Sessions>("sessions/"));
  Series series{.head_type = "fillers", .entry_type = "filler"};
  CO_TRY_VOID(co_await read_heads<FillerList>(&series));
  Scanner scanner(store_, pace_, "filler/");
  for (;;) {
    CO_TRY(const bool more, co_await scanner.more());
    if (!more) break;
    [[maybe_unused]] const auto readable = decode<Filler>(scanner.front().key, scanner.front().document, false);
    take_entry(series, scanner.front().key);
    scanner.pop();
  }
  auto checked = co_await check_series<FillerList>(&series);
  co_return checked;
}

Task<Result<void>> Book::read_campaigns() {
  Series series{.head_type = "campaigns", .entry_type = "campaign"};
  CO_TRY_VOID(co_await read_heads<CampaignList>(&series));
  Scanner scanner(store_, pace_, "campaign/");
  for (;;) {
    CO_TRY(const bool more, co_await scanner.more());
    if (!more) break;
    const store::Key key = scanner.front().key;
    const auto campaign = decode<Campaign>(key, scanner.front().document, true);
    scanner.pop();
    take_entry(series, key);
    const std::string_view owner = keys::rest(key);
    CampaignFacts facts;
    facts.key = key;
    facts.seller = std::string(owner.substr(0, owner.find('/')));
    facts.exists = true;
    if (campaign) {
      facts.readable = true;
      facts.last = campaign->last;
      facts.sold = campaign->sold;
      facts.last_sale = campaign->last_sale;
      facts.earned = campaign->earned;
      facts.collected = campaign->collected;
      facts.fees = campaign->fees;
      facts.fees_collected = campaign->fees_collected;
      facts.floor = campaign->floor;
      facts.slot_length_ms = campaign->slot_length_ms;
      earned_ += campaign->earned.value();
      fees_ += campaign->fees.value();
    }
    ++report_.campaigns;
    campaigns_.emplace(key, std::move(facts));
  }
  auto checked = co_await check_series<CampaignList>(&series);
  co_return checked;
}

}  // namespace abc2::market::audit_detail
