// TestStore: the store that the tests of journal/, market/ and bitcoin/ sit on, empty for each that is made.
//
//   TestStore store(runtime);
//
// In memory, unless the environment says ABC2_TEST_STORE=postgres://... or etcd://...: then all TestStores of the
// process share that engine, and each has keys of its own in it. So the same test programs run on real servers, which
// tests/stores starts for them. The engine has a runtime of its own there, with clocks that run and time-outs that
// count, whatever the test's runtime does with time. Throws when the server cannot be used.
//
// How often a place on a server was made is appended to the file that ABC2_TEST_STORE_COUNT names, when the process
// ends: so that nobody takes a run in memory for one on a server.
#pragma once
#include "engines/memory/memory_store.hpp"

namespace abc2::engines {

class TestStore final : public store::Store {
 public:
  // `runtime` must outlive the store.
  explicit TestStore(runtime::Runtime& runtime, MemoryStore::Settings settings = {});

  // Whether they are on a server: then operations suspend, and what is done side by side has no order of its own.
  [[nodiscard]] static bool on_server();

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  [[nodiscard]] bool commits() const override { return settings_.commits; }
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;
  Task<Result<store::Snapshot>> watch(store::Key key, std::optional<store::Version> seen,
                                      Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override { return store_.exclusive(); }

 private:
  const MemoryStore::Settings settings_;
  std::unique_ptr<MemoryStore> memory_;  // if no server was named
  store::Store& store_;
  const std::string place_;  // what all keys begin with there: "1234-17/"
};

}  // namespace abc2::engines
