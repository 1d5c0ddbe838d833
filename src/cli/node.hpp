// Node: the market on an open store, with its event loops and threads: what every command that opens a store needs.
//
//   auto node = Node::open({.store = "embedded:data/abc2"});
//   if (!node) ...
//   auto credited = node.value()->run(node.value()->market().money.fund(id, user, amount));
//   node.value()->close();
//
// Used from one thread, which is none of the loops'.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <future>
#include <memory>
#include <string>

#include "market/market.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/event_loops.hpp"
#include "runtime/worker_pool.hpp"
#include "store/observed_store.hpp"
#include "store/watch_hub.hpp"

namespace abc2::cli {

struct NodeSettings {
  std::string store;
  std::size_t threads = 0;  // event loops; 0: one for each processor
  market::MarketSettings market;
  market::Argon2Hasher::Cost password_cost = market::Argon2Hasher::Cost::interactive;
  bool late = false;     // a store elsewhere that cannot be reached yet is waited for: see store_is_there()
  bool hurried = false;  // for benchmarks: see HurriedRuntime
  bool steps = false;    // writes one document at a time, also where the store has commits
};

class Node {
 public:
  // Errors: those of open_store. The event loops run from now on.
  static Result<std::unique_ptr<Node>> open(NodeSettings settings);
  // As close().
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // Runs a coroutine on an event loop and waits for it. Throws what the coroutine throws.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::promise<void> done;
    boost::asio::co_spawn(loops().next(), keep(std::move(task), &value), [&](std::exception_ptr thrown) {
      if (thrown) return done.set_exception(thrown);
      done.set_value();
    });
    done.get_future().get();
    return *std::move(value);
  }

  // Lets background work end, and stops the threads. May be called more than once. If work does not end in time, the
  // process ends here: what is in the store is whole at every moment, and nothing in memory is worth a crash.
  void close();

  // Whether the store has been reached: always, unless settings.late.
  [[nodiscard]] bool store_is_there() const;

  // Waits until background work has ended by itself. Returns whether it has.
  bool wait_idle(Milliseconds at_most);

  [[nodiscard]] Metrics& metrics();
  [[nodiscard]] runtime::Runtime& runtime();
  [[nodiscard]] runtime::EventLoops& loops();
  [[nodiscard]] store::Store& store();
  [[nodiscard]] store::WatchHub& hub();
  [[nodiscard]] market::ImageLibrary& images();
  [[nodiscard]] market::Market& market();

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* value) {
    value->emplace(co_await std::move(task));
  }

  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace abc2::cli
