#include "engines/postgres/transaction.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <chrono>

#include "engines/postgres/binary.hpp"
#include "engines/postgres/client.hpp"

namespace abc2::engines::postgres {
namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

std::string_view field(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

}  // namespace

// A connection on which one thread asks and waits, but for no answer longer than Client::patience.
struct Transaction::Connection {
  explicit Connection(PGconn* opened) : raw(opened) {}
  ~Connection() { PQfinish(raw); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] Error trouble(const std::string& doing) const {
    std::string message = PQerrorMessage(raw);
    while (!message.empty() && message.back() == '\n') message.pop_back();
    return {Code::unavailable, "PostgreSQL: " + doing + ": " + message};
  }

  [[nodiscard]] bool ready(short events, Clock::time_point until) const {
    pollfd fd{PQsocket(raw), events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    return fd.fd >= 0 && left > 0 && poll(&fd, 1, static_cast<int>(left)) > 0;
  }

  [[nodiscard]] Result<void> connected(Clock::time_point until) const {
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(raw)) {
      if (next == PGRES_POLLING_FAILED) return trouble("connecting");
      if (!ready(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, until))
        return Error(Code::unavailable, "PostgreSQL did not answer in time");
    }
    if (PQsetnonblocking(raw, 1) != 0) return trouble("connecting");
    return success();
  }

  // Parameters and rows in binary.
  [[nodiscard]] Result<Answer> ask(const std::string& statement, const std::vector<std::string>& parameters) const {
    constexpr Oid bytea = 17;
    const auto until = Clock::now() + Client::patience;
    std::vector<Oid> types(parameters.size(), bytea);
    std::vector<const char*> values;
    std::vector<int> lengths;
    for (const auto& parameter : parameters) {
      values.push_back(parameter.data());
      lengths.push_back(static_cast<int>(parameter.size()));
    }
    const std::vector<int> formats(parameters.size(), 1);
    if (PQsendQueryParams(raw, statement.c_str(), static_cast<int>(parameters.size()), types.data(), values.data(),
                          lengths.data(), formats.data(), 1) != 1)
      return trouble("asking");
    for (int left = PQflush(raw); left != 0; left = PQflush(raw)) {
      if (left < 0) return trouble("asking");
      if (!ready(POLLIN | POLLOUT, until)) return late();
      if (PQconsumeInput(raw) != 1) return trouble("asking");
    }
    Answer last;
    for (;;) {
      while (PQisBusy(raw) == 1) {
        if (!ready(POLLIN, until)) return late();
        if (PQconsumeInput(raw) != 1) return trouble("reading");
      }
      Answer result(PQgetResult(raw));
      if (!result) break;
      last = std::move(result);
    }
    const auto status = PQresultStatus(last.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) return trouble("asking");
    return last;
  }
  [[nodiscard]] static Error late() { return {Code::unavailable, "PostgreSQL stopped answering"}; }

  PGconn* const raw;
};

Transaction::Transaction(std::unique_ptr<Connection> connection, std::string table)
    : connection_(std::move(connection)), table_(std::move(table)) {}
Transaction::~Transaction() = default;

Result<std::unique_ptr<Transaction>> Transaction::begin(const Settings& settings) {
  // What comes later wins: the URL may say otherwise, but for the encoding.
  constexpr std::array<const char*, 5> names = {"target_session_attrs", "application_name", "dbname", "client_encoding",
                                                nullptr};
  const std::array<const char*, 5> values = {"read-write", "abc2 view", settings.url.c_str(), "UTF8", nullptr};
  PGconn* const raw = PQconnectStartParams(names.data(), values.data(), 1);
  if (!raw) return Error(Code::unavailable, "PostgreSQL: out of memory");
  auto connection = std::make_unique<Connection>(raw);
  if (PQstatus(raw) == CONNECTION_BAD) return connection->trouble("connecting");
  TRY_VOID(connection->connected(Clock::now() + Client::patience));
  TRY_VOID(connection->ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", {}));
  // The moment is that of the first statement that reads.
  TRY_VOID(connection->ask("SELECT key FROM " + settings.table + " LIMIT 1", {}));
  return std::unique_ptr<Transaction>(new Transaction(std::move(connection), settings.table));
}

Result<store::ScanPage> Transaction::scan(const store::Key& prefix, const store::Key& after, std::size_t room) {
  const std::string end = end_of_prefix(prefix);
  std::vector<std::string> parameters{prefix, after};
  if (!end.empty()) parameters.push_back(end);
  TRY(const auto rows,
      connection_->ask("SELECT key, version, value FROM " + table_ + " WHERE key >= $1 AND key > $2" +
                           (end.empty() ? "" : " AND key < $3") + " ORDER BY key LIMIT " + std::to_string(room + 1),
                       parameters));
  store::ScanPage page;
  const int count = PQntuples(rows.get());
  page.more = static_cast<std::size_t>(count) > room;
  page.items.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count && page.items.size() < room; ++row)
    page.items.push_back(
        {std::string(field(rows.get(), row, 0)),
         {std::string(field(rows.get(), row, 2)), store::Version(bigint_of(field(rows.get(), row, 1)))}});
  return page;
}

}  // namespace abc2::engines::postgres
