#include "search.hpp"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

namespace abc2::registers {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
constexpr std::size_t kMostSteps = 50'000'000;  // about ten seconds; a lawful document takes some thousands

bool is_write(const Operation& operation) { return operation.verb != Verb::get; }

// Who wrote what, and which version each write has made: what there is to know before any search.
class Writes {
 public:
  explicit Writes(const History& operations) : versions_(operations.size()) {
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (!is_write(operations[i])) continue;
      if (!writers_.emplace(operations[i].value.value_or(""), i).second) {
        fail("there are two writes of \"" + operations[i].value.value_or("") + "\"");
        return;
      }
    }
    for (std::size_t i = 0; i < operations.size(); ++i)
      if (const auto& operation = operations[i]; operation.version && why_.empty())
        made(operation.value.value_or(""), *operation.version, operations);
  }

  [[nodiscard]] const std::string& why() const { return why_; }
  // kNone: nobody wrote it.
  [[nodiscard]] std::size_t writer(const std::string& value) const {
    const auto found = writers_.find(value);
    return found == writers_.end() ? kNone : found->second;
  }
  // kNone: nobody was told of it.
  [[nodiscard]] std::size_t maker(std::uint64_t version) const {
    const auto found = values_.find(version);
    return found == values_.end() ? kNone : writer(found->second);
  }

 private:
  void made(const std::string& value, std::uint64_t version, const History& operations) {
    const std::size_t write = writer(value);
    if (write == kNone) return fail("nobody wrote \"" + value + "\"");
    if (operations[write].outcome == Outcome::error)
      return fail("it was said of \"" + value + "\" that it was not written and never will be");
    if (versions_[write] && *versions_[write] != version) return fail("\"" + value + "\" has two versions");
    const auto [other, fresh] = values_.emplace(version, value);
    if (!fresh && other->second != value)
      return fail("\"" + value + "\" and \"" + other->second + "\" have one version");
    versions_[write] = version;
  }
  void fail(std::string why) { why_ = std::move(why); }

  std::unordered_map<std::string, std::size_t> writers_;
  std::unordered_map<std::uint64_t, std::string> values_;
  std::vector<std::optional<std::uint64_t>> versions_;
  std::string why_;
};

// What an operation can be taken for in a state.
enum class Fit : std::uint8_t {
  no,
  unchanged,      // for one that changes nothing, as well now as at any later time
  unchanged_now,  // for one that changes nothing; it may be another thing later
  made,           // for the write that it is
};

class Search {
 public:
  Search(const History& operations, const Writes& writes, Echoes echoes)
      : operations_(operations), writes_(writes), echoes_(echoes), taken_((operations.size() + 63) / 64) {
    struct Event {
      std::int64_t at;
      bool end;
      std::size_t operation;
    };
    std::vector<Event> events;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (operations[i].outcome == Outcome::error) continue;
      events.push_back({operations[i].start, false, i});
      if (operations[i].outcome != Outcome::unknown) events.push_back({operations[i].end, true, i});
    }
    std::ranges::sort(events, [](const Event& a, const Event& b) {
      return std::tie(a.at, a.end, a.operation) < std::tie(b.at, b.end, b.operation);
    });
    nodes_.push_back({});  // before the first
    starts_.resize(operations.size());
    ends_.resize(operations.size());
    for (const auto& event : events) {
      (event.end ? ends_ : starts_)[event.operation] = nodes_.size();
      nodes_.push_back({event.operation, event.end, nodes_.size() - 1, 0});
      nodes_[nodes_.size() - 2].next = nodes_.size() - 1;
      open_ends_ += event.end ? 1 : 0;
    }
  }

  Order run() {
    std::size_t at = nodes_[0].next;
    while (open_ends_ > 0) {
      if (++steps_ > kMostSteps) return {.found = false, .why = "the search was given up", .order = {}};
      // Whatever could come next was tried, or whoever ends here must have come before: another choice before this.
      if (at == 0 || nodes_[at].end) {
        if (!take_back(&at)) return {};
        continue;
      }
      const std::size_t operation = nodes_[at].operation;
      const Fit fit = fits(operation);
      if (fit == Fit::no || (fit != Fit::unchanged && !is_new(operation, fit))) {
        at = nodes_[at].next;
        continue;
      }
      take(operation, fit);
      at = nodes_[0].next;
    }
    Order order{.found = true, .why = {}, .order = {}};
    for (const auto& choice : choices_) order.order.push_back(choice.operation);
    return order;
  }

 private:
  // Starts and ends in the order of their times, those of operations that have been taken left out.
  struct Node {
    std::size_t operation = kNone;
    bool end = false;
    std::size_t before = 0, next = 0;  // 0: none
  };
  struct Choice {
    std::size_t operation;
    std::size_t state;  // before it
    Fit fit;
  };

  [[nodiscard]] bool condition_holds(const Operation& write) const {
    if (write.verb == Verb::add) return state_ == kNone;
    return state_ != kNone && write.expected && writes_.maker(*write.expected) == state_;
  }

  [[nodiscard]] Fit fits(std::size_t index) const {
    const Operation& operation = operations_[index];
    if (operation.verb == Verb::get) {
      const bool is_so =
          operation.value ? state_ != kNone && writes_.writer(*operation.value) == state_ : state_ == kNone;
      return is_so ? Fit::unchanged : Fit::no;
    }
    if (condition_holds(operation))
      return operation.outcome == Outcome::rejected && echoes_ == Echoes::none ? Fit::no : Fit::made;
    if (operation.outcome != Outcome::rejected) return Fit::no;
    // No version comes back, and no document vanishes; but the version that it names may be yet to come.
    if (operation.verb == Verb::add || !operation.expected) return Fit::unchanged;
    const std::size_t maker = writes_.maker(*operation.expected);
    return maker == kNone || is_taken(maker) ? Fit::unchanged : Fit::unchanged_now;
  }

  // Whether this configuration, which is what has been taken and the state, has not been there before.
  bool is_new(std::size_t write, Fit fit) {
    const std::size_t state = fit == Fit::made ? write : state_;
    std::string configuration(reinterpret_cast<const char*>(taken_.data()), taken_.size() * sizeof taken_[0]);
    configuration[write / 8] = static_cast<char>(configuration[write / 8] ^ (1 << (write % 8)));
    configuration.append(reinterpret_cast<const char*>(&state), sizeof state);
    return seen_.insert(std::move(configuration)).second;
  }

  void take(std::size_t operation, Fit fit) {
    choices_.push_back({operation, state_, fit});
    if (fit == Fit::made) state_ = operation;
    flip(operation);
    leave_out(starts_[operation]);
    if (ends_[operation] != 0) leave_out(ends_[operation]);
    open_ends_ -= ends_[operation] != 0 ? 1 : 0;
  }

  // Back to the last choice there was: another order need not be tried for what changed nothing.
  bool take_back(std::size_t* at) {
    while (!choices_.empty()) {
      const Choice last = choices_.back();
      choices_.pop_back();
      state_ = last.state;
      flip(last.operation);
      open_ends_ += ends_[last.operation] != 0 ? 1 : 0;
      if (ends_[last.operation] != 0) put_back(ends_[last.operation]);
      put_back(starts_[last.operation]);
      if (last.fit != Fit::unchanged) {
        *at = nodes_[starts_[last.operation]].next;
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool is_taken(std::size_t operation) const {
    return (taken_[operation / 64] >> (operation % 64) & 1) != 0;
  }
  void flip(std::size_t operation) { taken_[operation / 64] ^= std::uint64_t{1} << (operation % 64); }
  void leave_out(std::size_t node) {
    nodes_[nodes_[node].before].next = nodes_[node].next;
    if (nodes_[node].next != 0) nodes_[nodes_[node].next].before = nodes_[node].before;
  }
  void put_back(std::size_t node) {
    nodes_[nodes_[node].before].next = node;
    if (nodes_[node].next != 0) nodes_[nodes_[node].next].before = node;
  }

  const History& operations_;
  const Writes& writes_;
  const Echoes echoes_;
  std::vector<Node> nodes_;
  std::vector<std::size_t> starts_, ends_;  // of each operation, its nodes
  std::vector<std::uint64_t> taken_;
  std::vector<Choice> choices_;
  std::unordered_set<std::string> seen_;
  std::size_t state_ = kNone;  // the write that made it
  std::size_t open_ends_ = 0;  // operations that must be taken yet
  std::size_t steps_ = 0;
};

}  // namespace

Order find_order(const History& operations, Echoes echoes) {
  const Writes writes(operations);
  if (!writes.why().empty()) return {.found = false, .why = writes.why(), .order = {}};
  return Search(operations, writes, echoes).run();
}

History until(const History& operations, std::int64_t moment) {
  History known;
  for (const auto& operation : operations) {
    if (operation.start > moment) continue;
    if (operation.end <= moment || operation.outcome == Outcome::unknown) {
      known.push_back(operation);
    } else if (is_write(operation)) {
      known.push_back(operation);
      // Of one that will turn out not to have been made nobody may be told before, either.
      if (operation.outcome != Outcome::error) known.back().outcome = Outcome::unknown;
      known.back().version.reset();
    }
  }
  return known;
}

}  // namespace abc2::registers
