// EtcdStore: documents in an etcd cluster (3.4 or later): any number of processes may use it at once.
//
//   auto store = EtcdStore::open(runtime, "etcd://h1:2379,h2:2379,h3:2379");
//   if (!store) ...                      // see open()
//
// add is a transaction on the key's version 0, replace one on its mod_revision, which is our Version, and commit one on
// those of all its keys; reads are linearizable. Requests go to the members that answer, a failed read to another one.
// A write is sent once, but for refusals from before it was proposed; one whose connection broke, or that was not
// answered in Client::patience, is unknown, and so is any failure that does not say for certain that nothing was
// written.
//
// Watches are pushed, resume where they were, and survive compaction.
#pragma once
#include <memory>

#include "store/store.hpp"

namespace abc2::engines {

class EtcdStore final : public store::Store {
 public:
  // The URL is described in settings.hpp. `runtime` must outlive the store. Blocks, ten seconds at most: not for an
  // event loop. Errors:
  //   invalid_argument  the URL makes no sense, or etcd does not let us in, read or write
  //   unavailable       no member could be used
  static Result<std::unique_ptr<EtcdStore>> open(runtime::Runtime& runtime, const std::string& url);
  // Waits for what is in flight.
  ~EtcdStore() override;

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  [[nodiscard]] bool commits() const override { return true; }
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;
  // A revision. It is over when the history is compacted beyond it: `compaction` minutes later at the earliest.
  Task<Result<std::unique_ptr<store::View>>> view() override;
  Task<Result<store::Snapshot>> watch(store::Key key, std::optional<store::Version> seen,
                                      Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override { return false; }

 private:
  struct Parts;
  class RevisionView;
  EtcdStore(runtime::Runtime& runtime, std::unique_ptr<Parts> parts);
  Task<Result<store::WriteOutcome>> write(std::vector<store::Key> keys, std::string question);
  Task<Result<void>> check_rights();

  std::unique_ptr<Parts> parts_;
};

}  // namespace abc2::engines
