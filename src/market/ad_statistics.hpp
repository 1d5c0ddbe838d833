// AdStatistics: how often the ads of a campaign were seen and clicked.
//
// Counted in memory, and written as one small document per node, campaign and hour, which this node alone writes: no
// view ever waits for the store, and no two nodes meet at a document. What was not written yet when a process dies is
// lost: at most limits::statistics_flush of counts.
//
// How a page counts (the ad itself is served without a token, the same bytes for everybody):
//   POST /ads/{seller}/{c}/view {slot}    when the ad is seen  -> view(): counts, and gives the token of this view
//   GET  /ads/{seller}/{c}/click?slot=&token=                  -> click(): counts if the token is of a counted view,
//                                                                 and redirects in any case
// So only who runs the page's script is counted, and a click without a view is not. A visitor's views of one slot
// within limits::view_again are one view with one token; a token's clicks within limits::click_after_view are one
// click. Programs that say what they are (looks_like_bot) count as nothing.
// The caller makes sure that the campaign exists and that the slot is or was on air: every one counted costs memory.
//
// Addresses are kept only as keyed hashes, in memory. Thread-safe; what is given to the constructor is borrowed.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "store/document.hpp"

namespace abc2::market {

struct Visitor {
  std::string_view address;  // of the client, as far as it is known
  std::string_view user_agent;
};

// Whether a User-Agent belongs to a crawler, a monitor or a library rather than to somebody who looks. Pure.
bool looks_like_bot(std::string_view user_agent);

// Views and clicks of one slot.
struct SlotCount {
  std::uint64_t slot = 0;
  std::uint64_t views = 0, clicks = 0;
  static void fields(auto& self, auto&& field) {
    field("slot", self.slot);
    field("views", self.views);
    field("clicks", self.clicks);
  }
  friend bool operator==(const SlotCount&, const SlotCount&) = default;
};

// stats/<seller>/<c>/<hour>/<writer>: written by one process alone.
struct HourCounts {
  static constexpr std::string_view type = "stats";
  static constexpr int schema = 1;
  std::vector<SlotCount> slots;
  static void fields(auto& self, auto&& field) { field("slots", self.slots); }
};

// ad_token_key/shared: ADD only: the key that all nodes sign tokens with.
struct AdTokenKey {
  static constexpr std::string_view type = "ad_token_key";
  static constexpr int schema = 1;
  std::string key_hex;
  static void fields(auto& self, auto&& field) { field("key_hex", self.key_hex); }
};

struct HourSum {
  Time hour{};  // when it begins
  std::vector<SlotCount> slots;
};

class AdStatistics {
 public:
  AdStatistics(store::Store& store, runtime::Runtime& runtime, Metrics& metrics);
  ~AdStatistics();
  AdStatistics(const AdStatistics&) = delete;
  AdStatistics& operator=(const AdStatistics&) = delete;

  enum class ViewOutcome : std::uint8_t { counted, repeated, bot, dropped };
  struct View {
    ViewOutcome outcome = ViewOutcome::dropped;
    std::string token;  // to be sent with a click; empty for bots and when nothing could be counted
  };
  // An ad was seen. No reads, no waiting.
  View view(std::string_view seller, std::uint64_t campaign, std::uint64_t slot, Visitor visitor);

  enum class Click : std::uint8_t { counted, repeated, without_view, bot, dropped };
  // An ad was clicked. No reads, no waiting. The token is whatever the visitor sent.
  Click click(std::string_view seller, std::uint64_t campaign, std::uint64_t slot, std::string_view token,
              Visitor visitor);

  // Writes what has changed. What could not be written is kept for the next time.
  // Errors: the store's, of the first that failed; the others were tried, too. One call at a time.
  Task<Result<void>> flush();

  // Agrees with the other nodes on the key of tokens, then flushes every limits::statistics_flush until
  // runtime.stopping(), and a last time then. Survives every error of the store.
  Task<void> run();

  // The counts of the hours that begin in [from, until), all nodes added up, in order. What the nodes have not
  // written yet is missing. Errors: invalid_argument (more than 31 days), corrupt, the store's.
  Task<Result<std::vector<HourSum>>> read(std::string seller, std::uint64_t campaign, Time from, Time until);

  // How many campaigns and hours wait in memory. For tests and metrics.
  [[nodiscard]] std::size_t pending() const;

 private:
  struct Shard;
  struct Signer;
  struct Waiting;
  static constexpr std::size_t kShards = 16;

  [[nodiscard]] std::uint64_t visitor_hash(std::string_view seller, std::uint64_t campaign, std::uint64_t slot,
                                           Visitor visitor) const;
  bool count(std::string_view seller, std::uint64_t campaign, std::uint64_t slot, Time now, bool click);
  Task<Result<void>> write(Shard* shard, Waiting waiting);
  Task<Result<void>> share_key();

  store::Store& store_;
  runtime::Runtime& runtime_;
  const std::string writer_;  // random for each process: a process that starts again adds new documents
  std::array<unsigned char, 16> visitor_key_{};
  std::array<std::unique_ptr<Shard>, kShards> shards_;
  std::unique_ptr<Signer> signer_;
  std::atomic<std::uint64_t> sequence_{0};
  std::array<Counter*, 4> views_{};   // by ViewOutcome
  std::array<Counter*, 5> clicks_{};  // by Click
};

}  // namespace abc2::market
