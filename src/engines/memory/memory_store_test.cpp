#include "engines/memory/memory_store.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/asio_runtime.hpp"
#include "store/conformance.hpp"

namespace abc2::engines {
namespace {

namespace conformance = store::conformance;

class MemorySubject final : public conformance::Subject {
 public:
  explicit MemorySubject(runtime::Runtime& runtime) : store_(runtime) {}
  store::Store& store() override { return store_; }

 private:
  MemoryStore store_;
};

const bool registered = conformance::register_engine(
    {.name = "memory", .open = [](runtime::Runtime& runtime) { return std::make_unique<MemorySubject>(runtime); }});

// What unit tests of higher folders rely on.
TEST(MemoryStore, CompletesWithoutSuspending) {
  runtime::AsioRuntime runtime;
  MemoryStore store(runtime);
  boost::asio::io_context context;
  bool ended = false;
  const auto all = [](MemoryStore& its_store, bool& its_ended) -> Task<void> {
    auto added = co_await its_store.add("k", "one");
    (void)co_await its_store.replace("k", added.value().version(), "two");
    (void)co_await its_store.get("k", store::Freshness::linearizable);
    (void)co_await its_store.scan("", "", 1);
    its_ended = true;
  };
  boost::asio::co_spawn(context.get_executor(), all(store, ended), boost::asio::detached);
  context.run_one();
  EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace abc2::engines
