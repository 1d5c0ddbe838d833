// EmbeddedStore: documents in a directory of this machine, in RocksDB; the engine that abc2 uses unless told otherwise.
//
//   auto store = EmbeddedStore::open(runtime, {.directory = "data/demo"});
//   if (!store) ...                      // see open()
//
// Durable: a write is acknowledged, and visible, when it has been synced to disk; kill -9 or a power cut loses nothing
// that was answered. Writes that wait are committed in groups, so that the processor is the limit, not the disk's sync.
// get() answers from memory without suspending where it can, and reads the disk on threads of its own where not.
//
// When a commit fails (the disk is full, or broken) the writes of that group are unknown, and from then on every verb
// says unavailable: what is on disk is found out by opening the directory again.
//
// Event loops outlive their operations here, or wait for them when they are destroyed. The destructor waits for all
// work in flight.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>

#include "store/store.hpp"

namespace abc2::engines {

class EmbeddedStore final : public store::Store {
 public:
  // An eighth of the memory that this process may use, 64 MiB at least.
  static std::size_t usual_cache_bytes();

  struct Settings {
    std::filesystem::path directory;
    std::size_t cache_bytes = usual_cache_bytes();  // current documents in memory, at most
    std::size_t block_cache_bytes = 64u << 20;      // blocks of the database's files in memory
    std::size_t reader_threads = 2;
  };

  // Opens the store in the directory, or makes one if the directory is empty or does not exist. The directory is locked
  // until the store is destroyed. `runtime` must outlive it. Blocks: not for an event loop. Errors:
  //   invalid_argument  no directory was named
  //   in_use            another process has it open, or this one has
  //   newer_schema      it was made by a later version of this program
  //   corrupt           it is damaged, unreadable, or not a store at all; no document was changed
  //   unavailable       it cannot be made, or the disk is full
  static Result<std::unique_ptr<EmbeddedStore>> open(runtime::Runtime& runtime, Settings settings);
  ~EmbeddedStore() override;

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  [[nodiscard]] bool commits() const override { return true; }
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;
  Task<Result<std::unique_ptr<store::View>>> view() override;
  Task<Result<store::Snapshot>> watch(store::Key key, std::optional<store::Version> seen,
                                      Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override { return true; }

  // Numbers since it was opened. Thread-safe.
  struct Stats {
    std::uint64_t groups = 0;         // durable commits
    std::uint64_t changes = 0;        // adds, replaces and commits that were applied
    std::uint64_t applied = 0;        // documents written by them
    std::uint64_t rejected = 0;       // adds, replaces and commits that were rejected
    std::uint64_t bytes = 0;          // keys and values written
    std::uint64_t largest_group = 0;  // most documents of one of them
    std::uint64_t cache_hits = 0;     // gets answered from memory
    std::uint64_t cache_misses = 0;   // gets that had to read
    std::uint64_t cache_bytes = 0;    // in use now
    bool broken = false;              // whether a commit has failed
  };
  [[nodiscard]] Stats stats() const;

 private:
  struct Parts;
  class KeptView;
  EmbeddedStore(runtime::Runtime& runtime, std::unique_ptr<Parts> parts);
  Task<Result<store::WriteOutcome>> write(store::Key key, std::optional<store::Version> expected, store::Value value);

  std::unique_ptr<Parts> parts_;
};

}  // namespace abc2::engines
