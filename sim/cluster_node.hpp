// ClusterNode: one node of a simulated cluster, from its start to its crash: the market that ships, with its recoverer
// and its sweep, on simulated time and the cluster's store. A crash is the end of the object: its coroutines are
// destroyed where they stand, and what they have sent is carried out all the same. Not thread-safe.
#pragma once
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>

#include "sim/cluster_store.hpp"
#include "sim/node.hpp"

namespace abc2::sim {

// Where a coroutine of a node waits.
class ClusterWaiter {
 public:
  virtual ~ClusterWaiter() = default;
  virtual void resume(StoreAnswer answer) = 0;
};

struct NodeClock {
  Milliseconds ahead{0};       // of true time
  std::int64_t drift_ppm = 0;  // how much faster it runs
};

struct NodeSettings {
  std::uint32_t number = 0;
  std::uint64_t seed = 0;
  NodeClock clock;
  unsigned nodes = 1;                   // of the cluster
  std::size_t sweep_per_second = 1000;  // 0: no sweep
  bool recovers = true;                 // false: neither at its start nor later
  bool commits = false;                 // whether its store changes several documents at once
};

class ClusterNode {
 public:
  ClusterNode(Agenda& agenda, ClusterStore& store, NodeSettings settings);
  ~ClusterNode();
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;

  market::Market& market();
  market::ImageLibrary& images();
  // Begins the recovery of a start, and the loops.
  void start();
  // Whether the recovery of the start has come to its end.
  [[nodiscard]] bool recovered() const { return recovered_; }
  // Runs a coroutine of a client's request here.
  void serve(Task<void> request);
  [[nodiscard]] Time now() const;
  void set_clock(NodeClock clock) { settings_.clock = clock; }
  [[nodiscard]] NodeClock clock() const { return settings_.clock; }

  bool cut_off = false;  // from the store

 private:
  class NodeRuntime;
  class NodeStore;
  struct Parts;
  Task<StoreAnswer> wait(std::function<void(std::uint64_t waiter)> begin);
  void wake(std::uint64_t waiter, StoreAnswer answer);
  void poll();
  static Task<void> recover_at_start(ClusterNode* self);

  Agenda& agenda_;
  ClusterStore& store_;
  NodeSettings settings_;
  Dice dice_;
  bool recovered_ = false;
  // What is on the agenda for a node that is gone finds nothing here.
  std::shared_ptr<ClusterNode*> alive_;
  std::unique_ptr<boost::asio::io_context> context_;
  std::unique_ptr<Parts> parts_;
  std::map<std::uint64_t, std::unique_ptr<ClusterWaiter>> waiters_;
  std::uint64_t next_waiter_ = 0;
};

}  // namespace abc2::sim
