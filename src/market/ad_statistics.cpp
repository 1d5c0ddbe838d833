#include "market/ad_statistics.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <mutex>
#include <span>
#include <unordered_map>

#include "base/limits.hpp"
#include "base/marks.hpp"
#include "market/ad_tokens.hpp"
#include "market/keys.hpp"

namespace abc2::market {

using store::WriteOutcome;

namespace {

constexpr Milliseconds kClocksDiffer{60'000};  // between nodes, at most
constexpr auto kLongestRead = std::chrono::days(31);

std::string ad_name(std::string_view seller, std::uint64_t campaign, std::uint64_t slot) {
  return std::string(seller) + "/" + std::to_string(campaign) + "/" + std::to_string(slot);
}

store::Key counts_prefix(std::string_view seller, std::uint64_t campaign) {
  return "stats/" + std::string(seller) + "/" + keys::padded(campaign) + "/";
}

std::string hour_text(Time time) {
  const auto hours = std::chrono::floor<std::chrono::hours>(time).time_since_epoch().count();
  return keys::padded(static_cast<std::uint64_t>(std::max<std::int64_t>(0, hours)));
}

SlotCount* slot_of(std::vector<SlotCount>& slots, std::uint64_t slot) {
  const auto found = std::find_if(slots.begin(), slots.end(), [&](const SlotCount& c) { return c.slot == slot; });
  if (found != slots.end()) return &*found;
  if (slots.size() >= limits::statistics_slots) return nullptr;
  return &slots.emplace_back(SlotCount{slot, 0, 0});
}

}  // namespace

bool looks_like_bot(std::string_view user_agent) {
  std::string name(user_agent);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  if (name.find_first_not_of(" -") == std::string::npos) return true;
  for (auto at = name.find("cubot"); at != std::string::npos; at = name.find("cubot")) name.replace(at, 5, "phone");
  static constexpr std::array<std::string_view, 26> words{
      "bot",       "crawl",     "spider",  "slurp",  "curl",       "wget",       "python",     "java/",
      "go-http",   "libwww",    "perl",    "ruby",   "php/",       "okhttp",     "httpclient", "headless",
      "phantomjs", "puppeteer", "preview", "scrapy", "playwright", "lighthouse", "monitor",    "facebookexternalhit",
      "axios",     "node-fetch"};
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

// The counts of one campaign and hour, as this process has them.
struct HourEntry {
  store::Key key;  // of its document; fresh for each entry, so that nobody ever writes the same one again
  std::string hour;
  std::vector<SlotCount> slots;
  std::uint64_t changes = 0;  // of `slots`
  std::uint64_t written = 0;  // changes that are in the store
  std::optional<store::Version> version;
  bool uncertain = false;  // what is in the store is not known for certain
};

struct AdStatistics::Shard {
  std::mutex mutex;
  Recent views{limits::statistics_visitors / kShards, limits::view_again};
  Recent clicks{limits::statistics_visitors / kShards, limits::click_after_view};
  std::unordered_map<std::string, HourEntry> hours;  // by prefix and hour
};

struct AdStatistics::Signer {
  std::mutex mutex;
  AdTokenSecret secret{};
  AdTokenSecret get() {
    const std::lock_guard lock(mutex);
    return secret;
  }
};

// A copy of an entry that is to be written.
struct AdStatistics::Waiting {
  std::string id;
  store::Key key;
  std::string value;
  std::uint64_t changes;
  std::optional<store::Version> version;
  bool uncertain;
};

AdStatistics::AdStatistics(store::Store& store, runtime::Runtime& runtime, Metrics& metrics)
    : store_(store), runtime_(runtime), writer_(runtime::random_hex(runtime, 8)), signer_(std::make_unique<Signer>()) {
  static_assert(crypto_shorthash_KEYBYTES == 16);
  runtime.random(std::as_writable_bytes(std::span(visitor_key_)));
  runtime.random(std::as_writable_bytes(std::span(signer_->secret)));
  for (auto& shard : shards_) shard = std::make_unique<Shard>();
  constexpr std::array<const char*, 4> view_outcomes{"counted", "repeated", "bot", "dropped"};
  for (std::size_t i = 0; i < views_.size(); ++i)
    views_[i] = &metrics.counter("abc2_ad_views_total", "Reported views of ads.", {{"outcome", view_outcomes[i]}});
  constexpr std::array<const char*, 5> click_outcomes{"counted", "repeated", "without_view", "bot", "dropped"};
  for (std::size_t i = 0; i < clicks_.size(); ++i)
    clicks_[i] = &metrics.counter("abc2_ad_clicks_total", "Clicks on ads.", {{"outcome", click_outcomes[i]}});
}

AdStatistics::~AdStatistics() = default;

std::uint64_t AdStatistics::visitor_hash(std::string_view seller, std::uint64_t campaign, std::uint64_t slot,
                                         Visitor visitor) const {
  std::string text = ad_name(seller, campaign, slot);
  text += '\0';
  text += visitor.address;
  text += '\0';
  text += visitor.user_agent;
  std::uint64_t hash = 0;
  static_assert(sizeof hash == crypto_shorthash_BYTES);
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), reinterpret_cast<const unsigned char*>(text.data()),
                   text.size(), visitor_key_.data());
  return hash;
}

bool AdStatistics::count(std::string_view seller, std::uint64_t campaign, std::uint64_t slot, Time now, bool click) {
  const store::Key prefix = counts_prefix(seller, campaign);
  Shard& shard = *shards_[std::hash<std::string>()(prefix) % kShards];
  const std::string hour = hour_text(now);
  const std::string id = prefix + hour;
  const std::lock_guard lock(shard.mutex);
  auto found = shard.hours.find(id);
  if (found == shard.hours.end()) {
    if (shard.hours.size() >= limits::statistics_campaigns / kShards) return false;
    HourEntry entry;
    entry.key = id + "/" + writer_ + "-" + std::to_string(++sequence_);
    entry.hour = hour;
    found = shard.hours.emplace(id, std::move(entry)).first;
  }
  SlotCount* counts = slot_of(found->second.slots, slot);
  if (!counts) return false;
  ++(click ? counts->clicks : counts->views);
  ++found->second.changes;
  return true;
}

AdStatistics::View AdStatistics::view(std::string_view seller, std::uint64_t campaign, std::uint64_t slot,
                                      Visitor visitor) {
  const auto end = [this](ViewOutcome outcome, std::string token) {
    views_[static_cast<std::size_t>(outcome)]->add();
    return View{outcome, std::move(token)};
  };
  if (looks_like_bot(visitor.user_agent)) return end(ViewOutcome::bot, {});

  const Time now = runtime_.now();
  ViewTicket ticket{0, now};
  runtime_.random(std::as_writable_bytes(std::span(&ticket.id, 1)));
  const std::uint64_t hash = visitor_hash(seller, campaign, slot, visitor);
  Shard& shard = *shards_[hash % kShards];
  std::optional<ViewTicket> before;
  {
    const std::lock_guard lock(shard.mutex);
    before = shard.views.find_or_remember(hash, ticket, now);
  }
  const std::string ad = ad_name(seller, campaign, slot);
  if (before) return end(ViewOutcome::repeated, seal(signer_->get(), ad, *before));
  if (count(seller, campaign, slot, now, false)) return end(ViewOutcome::counted, seal(signer_->get(), ad, ticket));
  const std::lock_guard lock(shard.mutex);
  shard.views.forget(hash);
  return end(ViewOutcome::dropped, {});
}

AdStatistics::Click AdStatistics::click(std::string_view seller, std::uint64_t campaign, std::uint64_t slot,
                                        std::string_view token, Visitor visitor) {
  const auto end = [this](Click outcome) {
    clicks_[static_cast<std::size_t>(outcome)]->add();
    return outcome;
  };
  if (looks_like_bot(visitor.user_agent)) return end(Click::bot);
  const Time now = runtime_.now();
  const auto ticket = unseal(signer_->get(), ad_name(seller, campaign, slot), token);
  if (!ticket || ticket->at > now + kClocksDiffer || ticket->at + limits::click_after_view <= now)
    return end(Click::without_view);
  Shard& shard = *shards_[ticket->id % kShards];
  {
    const std::lock_guard lock(shard.mutex);
    if (shard.clicks.find_or_remember(ticket->id, *ticket, now)) return end(Click::repeated);
  }
  return end(count(seller, campaign, slot, now, true) ? Click::counted : Click::dropped);
}

std::size_t AdStatistics::pending() const {
  std::size_t count = 0;
  for (const auto& shard : shards_) {
    const std::lock_guard lock(shard->mutex);
    count += shard->hours.size();
  }
  return count;
}

// -------------------------------------------------------------------------------------------------------- the store

Task<Result<void>> AdStatistics::write(Shard* shard, Waiting waiting) {
  Error failed(Code::undecided, "the counts " + waiting.key + " could not be written yet");
  bool done = false;
  for (int tries = 0; tries < limits::store_retries && !done; ++tries) {
    // Only this process writes this document: what a write that was lost from sight has done is seen by reading.
    if (waiting.uncertain) {
      auto now = co_await store_.get(waiting.key);
      if (!now) {
        failed = now.error();
        break;
      }
      waiting.version = now.value() ? std::optional(now.value()->version) : std::nullopt;
      waiting.uncertain = false;
      done = now.value() && now.value()->value == waiting.value;
      if (done) break;
    }
    auto written = waiting.version ? co_await store_.replace(waiting.key, *waiting.version, waiting.value)
                                   : co_await store_.add(waiting.key, waiting.value);
    if (!written) {
      failed = written.error();
      break;
    }
    done = written.value().kind() == WriteOutcome::Kind::applied;
    if (done) waiting.version = written.value().version();
    waiting.uncertain = !done;
    if (!done) ABC2_MARK("statistics: a write was not seen to be applied");
  }
  const std::lock_guard lock(shard->mutex);
  const auto entry = shard->hours.find(waiting.id);
  ABC2_CHECK(entry != shard->hours.end() && entry->second.key == waiting.key, "only flush() takes entries out");
  entry->second.version = waiting.version;
  entry->second.uncertain = waiting.uncertain;
  if (!done) co_return failed;
  entry->second.written = waiting.changes;
  co_return success();
}

Task<Result<void>> AdStatistics::flush() {
  std::optional<Error> failed;
  for (const auto& shard : shards_) {
    std::vector<Waiting> waiting;
    {
      const std::lock_guard lock(shard->mutex);
      for (const auto& [id, entry] : shard->hours)
        if (entry.written != entry.changes)
          waiting.push_back(
              {id, entry.key, store::encode(HourCounts{entry.slots}), entry.changes, entry.version, entry.uncertain});
    }
    for (auto& one : waiting) {
      auto written = co_await write(shard.get(), std::move(one));
      if (!written && !failed) failed = written.error();
    }
    // An hour that is over and written is done with.
    const std::string hour = hour_text(runtime_.now());
    const std::lock_guard lock(shard->mutex);
    std::erase_if(shard->hours, [&](const auto& item) {
      return item.second.hour != hour && item.second.written == item.second.changes;
    });
  }
  if (failed) co_return *failed;
  co_return success();
}

Task<Result<void>> AdStatistics::share_key() {
  const store::Key key = "ad_token_key/shared";
  AdTokenKey ours{runtime::random_hex(runtime_, std::tuple_size_v<AdTokenSecret>)};
  for (int tries = 0; tries < limits::store_retries; ++tries) {
    CO_TRY(const auto found, co_await store::get<AdTokenKey>(store_, key));
    if (found) {
      AdTokenSecret secret;
      std::size_t size = 0;
      const std::string& hex = found->value.key_hex;
      if (sodium_hex2bin(secret.data(), secret.size(), hex.data(), hex.size(), nullptr, &size, nullptr) != 0 ||
          size != secret.size())
        co_return Error(Code::corrupt, "the document " + key + " holds no key");
      const std::lock_guard lock(signer_->mutex);
      signer_->secret = secret;
      co_return success();
    }
    // Whatever comes of it, the next round reads which key there is.
    CO_TRY_VOID(co_await store_.add(key, store::encode(ours)));
  }
  co_return Error(Code::undecided, "the key of the ads' tokens is not decided yet");
}

Task<void> AdStatistics::run() {
  bool shared = false;
  while (!runtime_.stopping()) {
    if (!shared) {
      const auto agreed = co_await share_key();
      shared = agreed.has_value();
      if (!shared) ABC2_MARK("statistics: no shared key yet");
    }
    co_await runtime_.sleep(limits::statistics_flush);
    const auto flushed = co_await flush();
    if (!flushed) ABC2_MARK("statistics: a flush failed");
  }
}

Task<Result<std::vector<HourSum>>> AdStatistics::read(std::string seller, std::uint64_t campaign, Time from,
                                                      Time until) {
  std::vector<HourSum> sums;
  if (until - from > kLongestRead) co_return Error(Code::invalid_argument, "at most 31 days can be asked for at once");
  const store::Key prefix = counts_prefix(seller, campaign);
  const auto first = std::chrono::ceil<std::chrono::hours>(from);
  const store::Key end = prefix + hour_text(std::chrono::ceil<std::chrono::hours>(until));
  store::Key after = prefix + hour_text(first);
  for (bool more = true; more;) {
    CO_TRY(const auto page, co_await store_.scan(prefix, after, limits::scan_items));
    more = page.more && !page.items.empty();
    if (!page.items.empty()) after = page.items.back().key;
    for (const auto& item : page.items) {
      if (item.key >= end) co_return sums;
      CO_TRY(const auto counts, store::decode_snapshot<HourCounts>(item.key, item.document));
      const std::string_view hour = std::string_view(item.key).substr(prefix.size(), 10);
      std::int64_t hours = 0;
      if (std::from_chars(hour.data(), hour.data() + hour.size(), hours).ptr != hour.data() + hour.size())
        co_return Error(Code::corrupt, "the document " + item.key + " has a key without an hour");
      const Time begins{std::chrono::hours(hours)};
      if (sums.empty() || sums.back().hour != begins) sums.push_back({begins, {}});
      for (const SlotCount& count : counts->value.slots) {
        auto& slots = sums.back().slots;
        const auto found = std::lower_bound(slots.begin(), slots.end(), count.slot,
                                            [](const SlotCount& c, std::uint64_t slot) { return c.slot < slot; });
        if (found != slots.end() && found->slot == count.slot) {
          found->views += count.views;
          found->clicks += count.clicks;
        } else {
          slots.insert(found, count);
        }
      }
    }
  }
  co_return sums;
}

}  // namespace abc2::market
