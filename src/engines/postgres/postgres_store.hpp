// PostgresStore: documents in one table of a PostgreSQL database, or of one of its distributed relatives: any number of
// processes may use it at once.
//
//   auto store = PostgresStore::open(runtime, "postgres://abc2@db1,db2/market");
//   if (!store) ...                      // see open()
//
// Each verb is one statement and a transaction of its own, of a single row but for scans and commit; relatives that
// change a single row at a time are asked for no commits (commits=no in the URL). The connection must
// be to a server that takes writes; when it is lost, the hosts of the URL are tried again in their order. A write whose
// connection broke, or that was not answered in Client::patience, is unknown; so is one during whose commit the server
// warned (it had stopped waiting for its standbys).
//
// What the promise of durability and of linearizable reads rests on: synchronous_commit and fsync are checked on each
// connection; with standbys, that no acknowledged write is missing on the one that is promoted
// (synchronous_standby_names), and that the old primary has been fenced off before.
//
// Watches look at all watched documents in one statement, ten times a second.
#pragma once
#include <memory>

#include "store/store.hpp"

namespace abc2::engines {

class PostgresStore final : public store::Store {
 public:
  // The URL is described in settings.hpp. Makes the table if it is missing. `runtime` must outlive the store. Blocks,
  // five seconds at most: not for an event loop. Errors:
  //   invalid_argument  the URL makes no sense, or the server's settings or rights will not do
  //   unavailable       no server could be reached
  static Result<std::unique_ptr<PostgresStore>> open(runtime::Runtime& runtime, const std::string& url);
  // Waits for what is in flight.
  ~PostgresStore() override;

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  [[nodiscard]] bool commits() const override;
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;
  // A transaction on a connection of its own (transaction.hpp).
  Task<Result<std::unique_ptr<store::View>>> view() override;
  Task<Result<store::Snapshot>> watch(store::Key key, std::optional<store::Version> seen,
                                      Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override { return false; }

 private:
  struct Parts;
  class TransactionView;
  PostgresStore(runtime::Runtime& runtime, std::unique_ptr<Parts> parts);
  Task<Result<store::WriteOutcome>> write(store::Key key, std::optional<store::Version> expected, store::Value value);

  std::unique_ptr<Parts> parts_;
};

}  // namespace abc2::engines
