// Recoverer: the loop on every node that settles what another node, or this one before it died, left unsettled.
//
// It looks at the journals that are in use: those that this node was told of lately. Each node rolls the dice once in
// limits::recovery_dice for each of them, with odds of 1 in N for N nodes, so that on average one looks; none stays
// unlooked-at for more than limits::recovery_longest. All nodes at once are harmless. Its cost follows the journals
// in use, not the number of journals.
//
// It survives every error of the store: it counts it, backs off with jitter and goes on.
//
// use(), counts() and in_use() are thread-safe; run() is one coroutine on one event loop. What is given to the
// constructor is borrowed.
#pragma once
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "journal/kinds.hpp"

namespace abc2::journal {

struct RecoveryCounts {
  std::uint64_t looks = 0;        // how often a journal was looked at
  std::uint64_t settled = 0;      // entries settled for somebody else
  std::uint64_t voids = 0;        // voids that a head was advanced over
  std::uint64_t errors = 0;       // looks that ended in an error of the store
  std::uint64_t corruptions = 0;  // entries that nobody was charged for: call the operator
};

class Recoverer {
 public:
  // `nodes` says how many nodes there are now, at least 1. `stays_in_use`: for how long after use().
  Recoverer(runtime::Runtime& runtime, std::function<unsigned()> nodes, Milliseconds stays_in_use);

  // The journal of `kind` at `head` is in use here.
  void use(JournalKind& kind, const store::Key& head);

  // It is in use on another node, which says so itself: looked at as any, and not among used_here().
  void use_elsewhere(JournalKind& kind, const store::Key& head);
  // The heads of the journals that are in use here, the last used first.
  [[nodiscard]] std::vector<store::Key> used_here() const;

  // Looks until runtime.stopping().
  Task<void> run();

  // One round: every journal in use whose turn it is by dice or by age is looked at. Returns how many errors it met.
  Task<std::size_t> round();

  [[nodiscard]] std::size_t in_use() const;
  [[nodiscard]] RecoveryCounts counts() const;

 private:
  struct Entry {
    JournalKind* kind;
    Time used;
    Time looked;
    std::optional<Time> used_here;
  };
  Entry& enter(JournalKind& kind, const store::Key& head, Time now);
  std::vector<std::pair<store::Key, JournalKind*>> due();
  Task<void> look(JournalKind* kind, store::Key head, std::size_t* failed);

  runtime::Runtime& runtime_;
  std::function<unsigned()> nodes_;
  Milliseconds stays_in_use_;
  mutable std::mutex mutex_;  // guards in_use_
  boost::unordered_flat_map<store::Key, Entry> in_use_;
  std::atomic<std::uint64_t> looks_{0}, settled_{0}, voids_{0}, errors_{0}, corruptions_{0};
};

}  // namespace abc2::journal
