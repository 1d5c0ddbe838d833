// Histories: what every process does next, by how its steps have been completed so far. A coroutine is run only for a
// history that was never seen before; from then on its next steps are plain data.
//
// A process that has ended is known by what it told its client alone: nothing it remembers matters any more.
// Not thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "sim/contents.hpp"
#include "sim/process.hpp"

namespace abc2::sim {

using HistoryId = std::uint32_t;

// How a history grew out of the one before it.
struct Event {
  std::uint8_t index = 0;  // which of its pending steps was completed
  bool jumped = false;     // none was: its clock jumped by `jump`
  Milliseconds jump{0};
  Reply reply;
};

struct History {
  std::uint8_t actor = 0;
  HistoryId before = 0;
  bool first = true;  // there is nothing before
  Event event;
  std::vector<OperationId> pending;  // empty: it has ended
  std::vector<TextId> answers;
  TextId thrown = 0;
};

class Histories {
 public:
  Histories(Texts& texts, Operations& operations, const std::vector<Actor>& actors);
  ~Histories();

  HistoryId begin(std::uint8_t actor);
  HistoryId after(HistoryId before, std::uint8_t index, Reply reply);
  HistoryId jumped(HistoryId before, Milliseconds jump);
  // The process ends here: only what it has answered stays.
  HistoryId ended(HistoryId before);

  // Stays where it is.
  [[nodiscard]] const History& operator[](HistoryId id) const { return all_[id]; }
  [[nodiscard]] std::size_t size() const { return all_.size(); }
  [[nodiscard]] std::size_t coroutines_run() const { return coroutines_run_; }

 private:
  struct Key {
    HistoryId before;
    std::uint32_t what;  // index and whether it jumped
    std::uint64_t reply;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const {
      return mixed(mixed(std::uint64_t{key.before} << 32 | key.what) + key.reply);
    }
  };
  HistoryId grow(HistoryId before, Event event);
  std::unique_ptr<Process> revive(HistoryId id);
  HistoryId keep(History history, std::unique_ptr<Process> live);
  HistoryId keep_ended(History history);
  void describe(History& history, const Process& process);

  Texts& texts_;
  Operations& operations_;
  const std::vector<Actor>& actors_;
  std::deque<History> all_;
  boost::unordered_flat_map<Key, HistoryId, Hash> grown_;
  std::map<std::pair<std::uint8_t, std::vector<TextId>>, HistoryId> ended_;
  // Processes that are ready to go on, so that the next step of theirs needs no replay; the oldest are let go.
  boost::unordered_flat_map<HistoryId, std::unique_ptr<Process>> live_;
  std::deque<HistoryId> live_order_;
  std::size_t coroutines_run_ = 0;
};

}  // namespace abc2::sim
