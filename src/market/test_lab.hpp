// For the market's tests: a whole market on one store, a runtime whose timers cost no time, and stores that are copied.
//
//   Tools tools;                                   // what every process has besides the store
//   Node node(tools, store);                       // a process of the market
//   auto bought = node.run(node.market.purchases.buy(order));   // and everything that it left to the background
//   Documents all = dump(store);                  // to be changed, and made a store of
#pragma once
#include <boost/asio/this_coro.hpp>
#include <map>
#include <stdexcept>

#include "engines/for_tests/test_store.hpp"
#include "market/encoding.hpp"
#include "market/keys.hpp"
#include "market/market.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "runtime/concurrently.hpp"
#include "store/faulty_store.hpp"

namespace abc2::market::test {

// The real runtime, but that a timer moves the clock instead of waiting for it.
class FastRuntime final : public runtime::Runtime {
 public:
  Time now() override { return real_.now() + skipped_; }
  Task<void> sleep(Milliseconds duration) override {
    skipped_ += std::max(duration, Milliseconds(0));
    co_await real_.sleep(Milliseconds(0));
  }
  void random(std::span<std::byte> bytes) override { real_.random(bytes); }
  void spawn(Executor where, const char* name, Task<void> work) override { real_.spawn(where, name, std::move(work)); }
  [[nodiscard]] bool stopping() const override { return real_.stopping(); }
  [[nodiscard]] std::size_t working() const { return real_.working(); }

 private:
  runtime::AsioRuntime real_;
  Milliseconds skipped_{0};
};

using Documents = std::map<store::Key, store::Value>;

inline Documents dump(store::Store& store) {
  Documents all;
  store::Key after;
  for (bool more = true; more;) {
    const auto page = runtime::run_blocking(store.scan("", after, limits::scan_items)).value();
    for (const auto& item : page.items) all[item.key] = item.document.value;
    if (!page.items.empty()) after = page.items.back().key;
    more = page.more;
  }
  return all;
}

inline Task<void> fill_one(store::Store* store, store::Key key, store::Value value) {
  const auto outcome = co_await store->add(key, std::move(value));
  if (!outcome || outcome.value().kind() != store::WriteOutcome::Kind::applied)
    throw std::runtime_error("could not add " + key);
}
// Many at once, for a store on a server.
inline void fill(store::Store& store, const Documents& documents) {
  runtime::AsioRuntime runtime;
  std::vector<Documents::const_iterator> all;
  for (auto at = documents.begin(); at != documents.end(); ++at) all.push_back(at);
  std::size_t done = 0;
  const auto one = [&](std::size_t i) -> Task<void> {
    co_await fill_one(&store, all[i]->first, all[i]->second);
    ++done;
  };
  runtime::run_blocking(runtime::concurrently(runtime, "fill", all.size(), 64, one));
  if (done != documents.size()) throw std::runtime_error("not all documents could be added; see the log");
}

// `change` alters the document at `key`.
template <store::Document T, class Change>
void alter(Documents& documents, const store::Key& key, Change change) {
  const auto at = documents.find(key);
  if (at == documents.end()) throw std::runtime_error("there is no " + key);
  auto document = store::decode<T>(at->second);
  if (!document) throw std::runtime_error(document.error().message());
  change(document.value());
  at->second = store::encode(document.value());
}

template <store::Document T>
T document(const Documents& documents, const store::Key& key) {
  const auto at = documents.find(key);
  if (at == documents.end()) throw std::runtime_error("there is no " + key);
  return store::decode<T>(at->second).value();
}

// Runs a task and whatever it leaves to the background to their ends.
template <class T>
Task<T> to_the_end(Task<T> task, FastRuntime* runtime) {
  auto result = co_await std::move(task);
  while (runtime->working() > 0) co_await runtime->sleep(Milliseconds(0));
  co_return result;
}

// What every process of the market has besides the store.
class Tools {
 public:
  Tools() : pool(1, 64), hasher(pool, Argon2Hasher::Cost::minimum), checker(pool) {}
  FastRuntime runtime;
  runtime::WorkerPool pool;
  Argon2Hasher hasher;
  PooledImageChecker checker;
};

// A process of the market.
class Node {
 public:
  Node(Tools& tools, store::Store& store, MarketSettings settings = {.fee_basis_points = 100})
      : images(store, tools.checker),
        market(store, tools.runtime, tools.hasher, images, metrics, settings),
        runtime_(tools.runtime) {}

  template <class T>
  Result<T> attempt(Task<Result<T>> task) {
    return runtime::run_blocking(to_the_end(std::move(task), &runtime_));
  }
  // The value; throws what went wrong.
  template <class T>
  T run(Task<Result<T>> task) {
    auto result = attempt(std::move(task));
    if (!result) throw std::runtime_error(result.error().message());
    if constexpr (!std::is_void_v<T>) return std::move(result).value();
  }

  Metrics metrics;
  ImageLibrary images;
  Market market;

 private:
  FastRuntime& runtime_;
};

// One line for each finding; empty when the books are right.
inline std::string text(const AuditReport& report) {
  std::string lines;
  for (const auto& finding : report.findings)
    lines += "A" + std::to_string(finding.check) + " " + finding.document + ": " + finding.what + "\n";
  return lines;
}

inline AuditReport look(FastRuntime& runtime, store::Store& store) {
  Audit audit(store, runtime);
  return runtime::run_blocking(audit.look()).value();
}

// A PNG of one pixel.
inline std::string small_image() {
  return from_base64("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
      .value();
}

// Another image of the same pixel: a comment makes the file, and so its name, a different one.
inline std::string other_image() {
  std::string image = small_image();
  image.insert(33, std::string("\0\0\0\3tEXta\0b", 11) + std::string("\xdc\x49\xa2\x3b", 4));
  return image;
}

inline std::string uuid(unsigned n) {
  const std::string digits = std::to_string(n);
  return "10000000-0000-4000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

inline Order order(std::string buyer, std::uint64_t slot, unsigned request) {
  return {std::move(buyer), "sue", 1, slot, uuid(request), 1, Satoshi(limits::price_max_sat)};
}

}  // namespace abc2::market::test
