// ClusterStore: the one store of a simulated cluster and the network before it: delays, reordering, lost requests and
// replies, writes that land late, echoes, outages. What it holds is plain data that the auditor reads.
// Not thread-safe.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/agenda.hpp"
#include "sim/auditor.hpp"
#include "store/store.hpp"

namespace abc2::sim {

// How bad it is: odds in a thousand for each store call, and times.
struct Weather {
  unsigned error = 0;       // fails for certain
  unsigned lost = 0;        // a write is lost, and its outcome unknown
  unsigned reply_lost = 0;  // a write lands, and its outcome is unknown
  unsigned late = 0;        // a write lands within `latest`, and its outcome is unknown
  unsigned echo = 0;        // a write that is applied is reported rejected
  unsigned slow = 0;        // a call takes up to `slowest`
  Micros latest{30'000'000};
  Micros slowest{800'000};
  Micros time_out{1'000'000};                  // after which a client calls it unknown
  Micros usual_least{150}, usual_most{1'500};  // one way
};

// What a call is for.
enum class Origin : std::uint8_t { request, recoverer, sweep };

struct StoreCall {
  enum class Verb : std::uint8_t { get, add, replace, scan, commit };
  Verb verb = Verb::get;
  std::uint32_t node = 0;  // that sends it
  Origin origin = Origin::request;
  bool stale = false;                  // an old state will do
  store::Key key;                      // of a scan: its prefix; of a commit: its first
  std::string value;                   // of a scan: the key to start after
  std::uint64_t number = 0;            // the expected version, or the limit
  std::vector<store::Write> writes{};  // of a commit

  [[nodiscard]] bool writing() const { return verb == Verb::add || verb == Verb::replace || verb == Verb::commit; }
};

struct StoreAnswer {
  bool failed = false;
  store::Snapshot found;
  store::WriteOutcome outcome = store::WriteOutcome::unknown();
  store::ScanPage page;
};

struct StoreCounts {
  std::uint64_t calls = 0, writes = 0, errors = 0, lost = 0, replies_lost = 0, late = 0, echoes = 0, stale = 0;
  std::array<std::uint64_t, 3> by_origin{};
};

class ClusterStore {
 public:
  ClusterStore(Agenda& agenda, Dice dice) : agenda_(agenda), dice_(dice) {}

  Weather weather;
  // Until then nobody reaches the store.
  Micros out_until{0};

  // Sends a call, with the node's own connection broken or not; `answer` is called later, once. A call that was sent
  // may be carried out after its sender has died.
  void send(StoreCall call, bool cut_off, std::function<void(StoreAnswer)> answer);

  // Puts a document there before the beginning.
  void put(const store::Key& key, std::string value) { documents_[key] = {std::move(value), 1, std::nullopt}; }

  [[nodiscard]] Documents documents() const;
  [[nodiscard]] const std::string* find(const store::Key& key) const;
  [[nodiscard]] const StoreCounts& counts() const { return counts_; }
  // Called with each write that is applied; a commit is so many adds and replaces.
  std::function<void(const StoreCall& call)> on_write;
  // A call for which it says true never arrives and is never answered.
  std::function<bool(const StoreCall& call)> swallow;
  // When the last write that is in flight lands.
  [[nodiscard]] Micros last_landing() const { return last_landing_; }
  // Of everything that was carried out, in order: two runs are the same if this is.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  // The last calls that were carried out, for the report of a run that fails.
  [[nodiscard]] std::vector<std::string> last_calls() const;

 private:
  struct Document {
    std::string value;
    std::uint64_t version = 0;
    std::optional<store::Stored> before;
  };
  StoreAnswer carry_out(const StoreCall& call);
  [[nodiscard]] bool holds(const StoreCall& write) const;
  store::Version apply(const StoreCall& write);
  void remember(const StoreCall& call, const StoreAnswer& answer);

  Agenda& agenda_;
  Dice dice_;
  std::map<store::Key, Document> documents_;
  StoreCounts counts_;
  Micros last_landing_{0};
  std::uint64_t digest_ = 0;
  std::vector<std::string> ring_;
  std::size_t ring_next_ = 0;
};

}  // namespace abc2::sim
