#include "engines/postgres/postgres_store.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "engines/postgres/binary.hpp"
#include "engines/postgres/client.hpp"
#include "engines/postgres/transaction.hpp"
#include "runtime/worker_pool.hpp"

namespace abc2::engines {

using postgres::CallerRequest;
using postgres::Statement;
using store::Key;
using store::ScanPage;
using store::Snapshot;
using store::Value;
using store::Version;
using store::WriteOutcome;

struct PostgresStore::Parts {
  explicit Parts(const postgres::Settings& its_settings) : settings(its_settings), client(its_settings, waiters) {}

  const postgres::Settings settings;
  store::WatchWaiters waiters;
  postgres::Client client;
};

PostgresStore::PostgresStore(runtime::Runtime& runtime, std::unique_ptr<Parts> parts)
    : Store(runtime), parts_(std::move(parts)) {}

PostgresStore::~PostgresStore() = default;

Result<std::unique_ptr<PostgresStore>> PostgresStore::open(runtime::Runtime& runtime, const std::string& url) {
  TRY(const auto settings, postgres::Settings::parse(url));
  auto parts = std::make_unique<Parts>(settings);
  TRY_VOID(parts->client.wait_ready(std::chrono::seconds(5)));
  return std::unique_ptr<PostgresStore>(new PostgresStore(runtime, std::move(parts)));
}

Task<Result<Snapshot>> PostgresStore::get(Key key, store::Freshness) {
  CO_TRY_VOID(store::check_key(key));
  CallerRequest request(Statement::get);
  request.parameters.push_back(std::move(key));
  co_await runtime::suspend(request, [this, &request] { parts_->client.enqueue(&request); });
  CO_TRY(auto rows, std::move(request.rows));
  if (rows.empty()) co_return Snapshot();
  co_return Snapshot(std::move(rows.front().document));
}

Task<Result<WriteOutcome>> PostgresStore::add(Key key, Value value) {
  return write(std::move(key), std::nullopt, std::move(value));
}

Task<Result<WriteOutcome>> PostgresStore::replace(Key key, Version expected, Value value) {
  return write(std::move(key), expected, std::move(value));
}

Task<Result<WriteOutcome>> PostgresStore::write(Key key, std::optional<Version> expected, Value value) {
  CO_TRY_VOID(store::check_key(key));
  CO_TRY_VOID(store::check_value(key, value));
  CallerRequest request(expected ? Statement::replace : Statement::add);
  request.version_if_applied = expected ? expected->token() + 1 : 1;
  request.parameters.push_back(key);
  request.parameters.push_back(std::move(value));
  if (expected) request.parameters.push_back(postgres::binary_bigint(expected->token()));
  co_await runtime::suspend(request, [this, &request] { parts_->client.enqueue(&request); });
  // Whoever watches it here need not wait for the next look.
  if (request.outcome && request.outcome.value().kind() == WriteOutcome::Kind::applied) parts_->waiters.wake(key);
  co_return std::move(request.outcome);
}

bool PostgresStore::commits() const { return parts_->settings.commits; }

Task<Result<WriteOutcome::Kind>> PostgresStore::commit(std::vector<store::Write> writes) {
  if (!parts_->settings.commits) {
    auto refused = co_await Store::commit(std::move(writes));
    co_return refused;
  }
  CO_TRY_VOID(store::check_commit(writes));
  std::vector<std::string> keys, values;
  std::vector<std::uint64_t> expected;
  std::uint64_t absent = 0;
  for (auto& write : writes) {
    if (write.expected == Version(0)) co_return WriteOutcome::Kind::rejected;  // which no document has
    keys.push_back(std::move(write.key));
    values.push_back(std::move(write.value));
    expected.push_back(write.expected ? write.expected->token() : 0);
    absent += write.expected ? 0 : 1;
  }
  CallerRequest request(Statement::commit);
  request.parameters = {postgres::binary_array(keys), postgres::binary_array(values),
                        postgres::binary_bigints(expected), postgres::binary_bigint(absent)};
  co_await runtime::suspend(request, [this, &request] { parts_->client.enqueue(&request); });
  CO_TRY(const auto outcome, std::move(request.outcome));
  if (outcome.kind() == WriteOutcome::Kind::applied)
    for (const auto& key : keys) parts_->waiters.wake(key);
  co_return outcome.kind();
}

Task<Result<ScanPage>> PostgresStore::scan(Key prefix, Key after, std::size_t limit) {
  if (limit == 0) co_return Error(Code::invalid_argument, "a page of a scan must have room for a document");
  const std::size_t room = std::min(limit, limits::scan_items);
  const std::string end = postgres::end_of_prefix(prefix);
  CallerRequest request(end.empty() ? Statement::scan : Statement::scan_below);
  request.parameters = {std::move(prefix), std::move(after), postgres::binary_bigint(room + 1)};
  if (!end.empty()) request.parameters.push_back(end);
  co_await runtime::suspend(request, [this, &request] { parts_->client.enqueue(&request); });
  CO_TRY(auto rows, std::move(request.rows));
  ScanPage page;
  page.more = rows.size() > room;
  if (page.more) rows.pop_back();
  page.items = std::move(rows);
  co_return page;
}

// A transaction, and a thread that waits for its answers.
class PostgresStore::TransactionView final : public store::View {
 public:
  Task<Result<void>> begin(postgres::Settings settings) {
    const auto start = [settings = std::move(settings)] { return postgres::Transaction::begin(settings); };
    CO_TRY(transaction_, co_await thread_.run(start));
    co_return success();
  }
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override {
    if (limit == 0) co_return Error(Code::invalid_argument, "a page of a scan must have room for a document");
    const auto read = [this, prefix = std::move(prefix), after = std::move(after),
                       room = std::min(limit, limits::scan_items)] { return transaction_->scan(prefix, after, room); };
    auto page = co_await thread_.run(read);
    co_return page;
  }

 private:
  std::unique_ptr<postgres::Transaction> transaction_;
  runtime::WorkerPool thread_{1, 1};
};

Task<Result<std::unique_ptr<store::View>>> PostgresStore::view() {
  auto view = std::make_unique<TransactionView>();
  CO_TRY_VOID(co_await view->begin(parts_->settings));
  co_return view;
}

Task<Result<Snapshot>> PostgresStore::watch(Key key, std::optional<Version> seen, Milliseconds at_most) {
  return store::watch_pushed(*this, runtime_, parts_->waiters, std::move(key), seen, at_most);
}

}  // namespace abc2::engines
