// Runtime: everything that is not deterministic, behind one interface: the clock, timers, randomness, background work.
//
// The code of journal/ and market/ sees only a Store and a Runtime and suspends only in them, so that the coroutines
// that ship can be run by a scheduler that decides the order of every step (sim/). Nothing there may read the time,
// draw a random number, start a thread or block in another way.
//
// Coroutines are Asio awaitables on a concrete executor: an event loop is an io_context run by exactly one thread, a
// coroutine stays on the loop on which it was started, and needs no lock for what it alone owns.
//
// Thread-safe: one Runtime serves all event loops of a process.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <span>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"

namespace abc2 {

using Executor = boost::asio::io_context::executor_type;

// A lazily started coroutine. Parameters of coroutines are taken by value; `this` must outlive the coroutine.
template <class T>
using Task = boost::asio::awaitable<T, Executor>;

namespace runtime {

class Runtime {
 public:
  virtual ~Runtime() = default;

  // The wall clock. It may jump; nothing that decides about money may rely on it for more than a price.
  [[nodiscard]] virtual Time now() = 0;

  // Suspends for at least `duration`, on the caller's event loop; returns early once stopping() is true.
  virtual Task<void> sleep(Milliseconds duration) = 0;

  // Fills `bytes` from a cryptographically secure source.
  virtual void random(std::span<std::byte> bytes) = 0;

  // Runs `work` in the background on the event loop `where`. It is counted, and waited for at shutdown; an exception
  // that leaves it is logged under `name` and ends nothing else.
  virtual void spawn(Executor where, const char* name, Task<void> work) = 0;

  // Whether the process is shutting down: loops end, new work is refused.
  [[nodiscard]] virtual bool stopping() const = 0;
};

// A random UUID (RFC 4122, version 4) in its canonical 36 characters.
std::string random_uuid(Runtime& runtime);

// `bytes` random bytes in lower-case hexadecimal.
std::string random_hex(Runtime& runtime, std::size_t bytes);

// A uniform draw from [0, below). below > 0.
std::uint64_t random_below(Runtime& runtime, std::uint64_t below);

}  // namespace runtime
}  // namespace abc2
