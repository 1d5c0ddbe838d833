#include "engines/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/asio_runtime.hpp"
#include "store/conformance.hpp"
#include "store/faulty_store.hpp"

namespace abc2::engines {
namespace {

namespace conformance = store::conformance;

class MemorySubject final : public conformance::Subject {
 public:
  MemorySubject(runtime::Runtime& runtime, bool commits) : store_(runtime, {.commits = commits}) {}
  store::Store& store() override { return store_; }

 private:
  MemoryStore store_;
};

const bool registered = conformance::register_engine({.name = "memory", .open = [](runtime::Runtime& runtime) {
                                                        return std::make_unique<MemorySubject>(runtime, false);
                                                      }});
const bool registered_with_commit =
    conformance::register_engine({.name = "memory_with_commit", .open = [](runtime::Runtime& runtime) {
                                    return std::make_unique<MemorySubject>(runtime, true);
                                  }});

// The suite's own way round a connection that was cut, which no engine in this process has.
class CutSubject final : public conformance::Subject {
 public:
  explicit CutSubject(runtime::Runtime& runtime) : memory_(runtime), store_(memory_, runtime) {}
  store::Store& store() override { return store_; }
  bool cut_connections() override {
    for (const auto verb : {store::Verb::watch, store::Verb::get, store::Verb::replace})
      store_.arm({.fault = store::Fault::error, .verb = verb, .times = 5});
    return true;
  }

 private:
  MemoryStore memory_;
  store::FaultyStore store_;
};

const bool registered_cut = conformance::register_engine(
    {.name = "memory_cut", .open = [](runtime::Runtime& runtime) { return std::make_unique<CutSubject>(runtime); }});

// What unit tests of higher folders rely on.
TEST(MemoryStore, CompletesWithoutSuspending) {
  runtime::AsioRuntime runtime;
  MemoryStore store(runtime);
  boost::asio::io_context context;
  bool ended = false;
  const auto all = [](MemoryStore& its_store, bool& its_ended) -> Task<void> {
    auto added = co_await its_store.add("k", "one");
    auto replaced = co_await its_store.replace("k", added.value().version(), "two");
    auto found = co_await its_store.get("k", store::Freshness::linearizable);
    auto page = co_await its_store.scan("", "", 1);
    its_ended = replaced && found && page;
  };
  boost::asio::co_spawn(context.get_executor(), all(store, ended), boost::asio::detached);
  context.run_one();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace abc2::engines
