// Clients that get, add and replace the same few documents at once, for a history that checker.hpp can judge.
//
// Documents are left for fresh ones before many operations have come together on one, and come back now and then, so
// that what was acknowledged is looked at again later; in the end each is read once more.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "history.hpp"
#include "runtime/asio_runtime.hpp"
#include "store/store.hpp"

namespace abc2::registers {

struct ClientSettings {
  std::string name = "a";     // of this process among those that share a store: part of every value
  std::string prefix = "r/";  // of the keys
  std::uint64_t seed = 1;     // what each client wants follows from it
  std::size_t clients = 8;
  std::size_t documents = 4;   // in use at once
  std::size_t operations = 0;  // of all clients together; 0: until `over`
  std::int64_t pause_ms = 0;   // of a client between two operations, on average
  std::size_t threads = 2;
  // When fresh documents are taken: every so many milliseconds of the steady clock, at the same time in all processes;
  // or, if 0, after so many operations.
  std::int64_t fresh_ms = 0;
  std::size_t fresh_operations = 1000;
};

// Runs them to their end. `tell` is called for each operation when it has ended, by one thread at a time. The store's
// errors and unknown outcomes end nothing. Blocks. Returns whether each document could be read in the end.
[[nodiscard]] bool run_clients(store::Store& store, runtime::AsioRuntime& runtime, const ClientSettings& settings,
                               const std::atomic<bool>& over, const std::function<void(const Operation&)>& tell);

}  // namespace abc2::registers
