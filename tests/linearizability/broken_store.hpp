// BrokenStore: a store that now and then breaks its word on another store's behalf, in one of several ways. What such a
// store answers is what the checker is there to refuse.
//
// Thread-safe. The inner store must outlive it, and be used through one BrokenStore only.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>

#include "store/store.hpp"

namespace abc2::registers {

enum class Broken : std::uint8_t {
  stale_reads,        // a get answers what another one has found before
  lost_update,        // a replace is acknowledged and was not made
  double_add,         // an add is acknowledged although the document is there, which it overwrites
  blind_replace,      // a replace overwrites a version that it was not to replace
  taken_back,         // a write is acknowledged and shown for a while, and then was never there
  written_and_error,  // a write is made, and it is said that it was not
  same_version,       // a replace leaves the version as it was
  late_unknown,       // a write is acknowledged now and made later, as one may be that is unknown
};
inline constexpr std::array<std::string_view, 8> kBrokenNames = {"stale_reads",   "lost_update", "double_add",
                                                                 "blind_replace", "taken_back",  "written_and_error",
                                                                 "same_version",  "late_unknown"};

class BrokenStore final : public store::Store {
 public:
  // In one of `every` operations that can go wrong in that way.
  BrokenStore(store::Store& inner, runtime::Runtime& runtime, Broken how, std::uint64_t every = 20)
      : Store(runtime), inner_(inner), how_(how), every_(every) {}

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;
  [[nodiscard]] bool exclusive() const override { return inner_.exclusive(); }

 private:
  struct Shown {
    store::Stored document;
    unsigned times;
  };

  bool now();
  Task<Result<store::WriteOutcome>> overwrite(store::Key key, store::Value value);
  Task<void> replace_later(store::Key key, store::Version expected, store::Value value);

  store::Store& inner_;
  const Broken how_;
  const std::uint64_t every_;
  std::mutex mutex_;
  std::uint64_t asked_ = 0;
  std::map<store::Key, store::Snapshot> found_;  // by a get, some time ago
  std::map<store::Key, Shown> shown_;            // of taken_back: to how many it will be shown yet
};

}  // namespace abc2::registers
