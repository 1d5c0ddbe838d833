// Transaction: all documents as of one moment, on a connection of its own: one transaction that only reads, at
// REPEATABLE READ, whose moment is that of its first statement. While it is open the server keeps what is written over.
//
// Blocks: for a thread that is no event loop, and for one at a time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engines/postgres/settings.hpp"
#include "store/store.hpp"

struct pg_conn;

namespace abc2::engines::postgres {

class Transaction {
 public:
  // At a server that takes writes, so that nothing acknowledged is missing. Errors: unavailable.
  static Result<std::unique_ptr<Transaction>> begin(const Settings& settings);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // As Store::scan, of at most `room` documents. Errors: unavailable; then it is over.
  Result<store::ScanPage> scan(const store::Key& prefix, const store::Key& after, std::size_t room);

 private:
  struct Connection;
  explicit Transaction(std::unique_ptr<Connection> connection, std::string table);

  const std::unique_ptr<Connection> connection_;
  const std::string table_;
};

}  // namespace abc2::engines::postgres
