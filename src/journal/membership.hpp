// Membership: how many nodes there are now, which work is whose, and which journals are in use anywhere.
//
//   Membership nodes(store, runtime, [&] { return recoverer.names_in_use(); }, [&](const Key& head) { ... });
//   runtime.spawn(loop, "membership", nodes.run());
//   Recoverer recoverer(runtime, [&] { return nodes.count(); }, ...);
//   if (nodes.mine(key)) ...                         // of the sweep's work
//
// Each node holds one document, node/<n>, and changes it every two seconds; whoever sees no change for `dead_after`, by
// its own clock, takes the node for dead: clocks need not agree. A node that ends says so. Numbers of the dead are
// taken over, so that there are never more documents than there were nodes at once. Nothing rests on it but who looks
// when: should two nodes disagree about who is there, work is done twice or somewhat later (protocol: recovery by
// anybody, and any number of times). Work is divided by rendezvous hashing (Thaler and Ravishankar, 1998): when a node
// comes or goes, only its own share moves.
//
// In a store that nobody else can be using there is one node, and nothing is written.
// count() and mine() are thread-safe; run() is one coroutine on one event loop. What is given is borrowed.
#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "store/document.hpp"

namespace abc2::journal {

// node/<n>: ADD, then CAS by the node that has it, or by one that takes it over.
struct NodeBeat {
  static constexpr std::string_view type = "node";
  static constexpr int schema = 1;
  std::string id;                  // of the process, drawn at random
  std::string name;                // for people: where it runs
  Time since{};                    // when it started, by its clock
  std::uint64_t beat = 0;          // how often it has been written
  bool left = false;               // the node has ended
  Time at{};                       // by its clock: a hint
  std::vector<store::Key> in_use;  // heads of journals
  static void fields(auto& self, auto&& field) {
    field("id", self.id);
    field("name", self.name);
    field("since_ms", self.since);
    field("beat", self.beat);
    field("left", self.left);
    field("at_ms", self.at);
    field("in_use", self.in_use);
  }
};

// What a node knows of one of them, itself included.
struct NodeState {
  enum class Is : std::uint8_t { there, left, silent };  // silent: taken for dead
  std::string id;
  std::string name;
  Time since{};
  bool self = false;
  Is is = Is::there;
  Milliseconds unchanged{0};  // how long its document has not changed, by the clock of who looks
  std::size_t in_use = 0;     // journals that it names
};

class Membership {
 public:
  static constexpr Milliseconds every{2'000};
  static constexpr Milliseconds dead_after{8'000};
  static constexpr Milliseconds long_dead{120'000};  // by its own clock: no clock is that wrong
  static constexpr std::size_t most_in_use = 1'000;  // journals that a node names

  // `in_use` says which journals are in use here; `used` is told of those that are elsewhere. `name`: for people.
  Membership(store::Store& store, runtime::Runtime& runtime, std::function<std::vector<store::Key>()> in_use,
             std::function<void(const store::Key&)> used, std::string name = "");

  // Until runtime.stopping(); then says that the node has left.
  Task<void> run();

  // One beat: looks at the others, and writes its own. Errors: the store's.
  Task<Result<void>> round();
  // Says that this node has ended. Errors: the store's.
  Task<Result<void>> leave();

  // How many nodes there are, this one included: at least 1.
  [[nodiscard]] unsigned count() const;
  // Whether this node's share of the work has `key` in it.
  [[nodiscard]] bool mine(std::string_view key) const;
  // The ids of the nodes that are there, this one included.
  [[nodiscard]] std::vector<std::string> alive() const;
  [[nodiscard]] const std::string& id() const { return id_; }
  // All nodes that have a document, as of the last look: also those that have ended, until another takes their number.
  // This one first, the others by name.
  [[nodiscard]] std::vector<NodeState> nodes() const;

 private:
  struct Seen {
    store::Version version;
    Time changed;  // when it was seen to have changed
  };
  Task<Result<void>> look();
  Task<Result<void>> write(bool left);
  bool dead(const store::Key& key, const NodeBeat& beat, Time now) const;

  store::Store& store_;
  runtime::Runtime& runtime_;
  const std::function<std::vector<store::Key>()> in_use_;
  const std::function<void(const store::Key&)> used_;
  const std::string id_;
  const std::string name_;
  const Time since_;
  // Of run() alone:
  std::map<store::Key, Seen> seen_;
  std::map<store::Key, store::Versioned<NodeBeat>> beats_;  // as they were last seen
  store::Key own_;                                          // empty: none yet
  std::uint64_t beats_written_ = 0;
  mutable std::mutex mutex_;        // guards what is below
  std::vector<std::string> alive_;  // sorted
  std::vector<NodeState> others_;   // by name
};

}  // namespace abc2::journal
