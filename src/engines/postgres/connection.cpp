#include "engines/postgres/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <bit>
#include <cstring>

#include "base/check.hpp"
#include "engines/postgres/binary.hpp"
#include "engines/postgres/verdict.hpp"

namespace abc2::engines::postgres {
namespace {

using store::WriteOutcome;

constexpr auto kConnectWithin = std::chrono::seconds(3);

std::string_view field(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

std::string text_field(const PGresult* result, int column) { return std::string(field(result, 0, column)); }

std::string sqlstate_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  return state ? state : "";
}

// What the server says, without the values that it quotes in its details.
std::string message_of(const PGresult* result) {
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  return std::string(message ? message : "no message") + " (" + sqlstate_of(result) + ")";
}

// The statements, each of a single row but for the scans and commit. `TABLE` stands for the table's name.
//
// commit takes its locks in one order, versions before absences and each by key, as all of them do. What it cannot
// write as a whole it undoes by failing, on a division by zero: its caller is told that it was rejected.
std::string text_of(Statement statement, const std::string& table) {
  constexpr std::array<const char*, statement_count> texts = {
      "SELECT key, version, value FROM TABLE WHERE key = $1",
      "INSERT INTO TABLE (key, value, version) VALUES ($1, $2, 1) ON CONFLICT (key) DO NOTHING",
      "UPDATE TABLE SET value = $2, version = version + 1 WHERE key = $1 AND version = $3",
      "SELECT key, version, value FROM TABLE WHERE key >= $1 AND key > $2 ORDER BY key LIMIT $3",
      "SELECT key, version, value FROM TABLE WHERE key >= $1 AND key > $2 AND key < $4 ORDER BY key LIMIT $3",
      "SELECT key, version FROM TABLE WHERE key = ANY ($1)",
      "WITH wanted AS MATERIALIZED (SELECT * FROM unnest($1, $2, $3) AS w (key, value, expected)), "
      "seen AS MATERIALIZED (SELECT t.key FROM TABLE t JOIN wanted w ON t.key = w.key AND t.version = w.expected "
      "ORDER BY t.key FOR UPDATE OF t), "
      "replaced AS (UPDATE TABLE t SET value = w.value, version = t.version + 1 FROM wanted w, seen s "
      "WHERE t.key = s.key AND w.key = s.key AND t.version = w.expected RETURNING 1), "
      "added AS (INSERT INTO TABLE (key, value, version) SELECT key, value, 1 FROM wanted "
      "WHERE expected = 0 AND (SELECT count(*) FROM replaced) + $4 = (SELECT count(*) FROM wanted) ORDER BY key "
      "ON CONFLICT (key) DO NOTHING RETURNING 1) "
      "SELECT 1 / ((SELECT count(*) FROM replaced) + (SELECT count(*) FROM added) = (SELECT count(*) FROM "
      "wanted))::int",
  };
  std::string text = texts[static_cast<std::size_t>(statement)];
  for (auto at = text.find("TABLE"); at != std::string::npos; at = text.find("TABLE", at + table.size()))
    text.replace(at, 5, table);
  return text;
}

// Their parameters' types, by PostgreSQL's fixed object ids.
std::vector<Oid> types_of(Statement statement) {
  constexpr Oid bytea = 17, bigint = 20, byteas = 1001, bigints = 1016;
  switch (statement) {
    case Statement::get: return {bytea};
    case Statement::add: return {bytea, bytea};
    case Statement::replace: return {bytea, bytea, bigint};
    case Statement::scan: return {bytea, bytea, bigint};
    case Statement::scan_below: return {bytea, bytea, bigint, bytea};
    case Statement::versions: return {byteas};
    case Statement::commit: return {byteas, byteas, bigints, bigint};
  }
  return {};
}

std::string name_of(std::size_t statement) { return "abc2_" + std::to_string(statement); }

}  // namespace

void Connection::Closer::operator()(pg_conn* connection) const { PQfinish(connection); }
void Connection::Clearer::operator()(pg_result* result) const { PQclear(result); }

Connection::Connection(const Settings& settings, Clock::time_point now)
    : settings_(settings), connect_by_(now + kConnectWithin) {
  // What comes later wins: the URL may say otherwise, but for the encoding.
  constexpr std::array<const char*, 7> names = {"target_session_attrs",
                                                "application_name",
                                                "keepalives_idle",
                                                "tcp_user_timeout",
                                                "dbname",
                                                "client_encoding",
                                                nullptr};
  const std::array<const char*, 7> values = {"read-write", "abc2", "5", "10000", settings.url.c_str(), "UTF8", nullptr};
  connection_.reset(PQconnectStartParams(names.data(), values.data(), 1));
  if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) {
    fail_by_libpq("connecting");
    return;
  }
  PQsetNoticeReceiver(connection_.get(), &Connection::on_notice, this);
  wants_ = POLLOUT;
}

Connection::~Connection() = default;

int Connection::socket() const { return connection_ ? PQsocket(connection_.get()) : -1; }

short Connection::events() const { return wants_; }

// A warning while a write commits means that the server stopped waiting for its standbys: it is durable here and may
// not be there (the manual's chapter on synchronous replication). Nothing else of ours makes a server warn.
void Connection::on_notice(void* connection, const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity && std::strcmp(severity, "WARNING") == 0) static_cast<Connection*>(connection)->warned_ = true;
}

void Connection::fail(std::string why, bool refused) {
  if (state_ == State::broken) return;
  state_ = State::broken;
  trouble_ = std::move(why);
  refused_ = refused;
  wants_ = 0;
  for (Request* request : in_flight_) {
    // A write that was sent keeps its "unknown".
    if (!request->is_write()) request->rows = Error(Code::unavailable, "the connection to PostgreSQL broke");
    ended_.push_back(request);
  }
  in_flight_.clear();
  connection_.reset();
}

void Connection::fail_by_libpq(const std::string& doing) {
  std::string message = connection_ ? PQerrorMessage(connection_.get()) : "out of memory";
  while (!message.empty() && message.back() == '\n') message.pop_back();
  fail(doing + ": " + message);
}

void Connection::look_at_the_clock(Clock::time_point now) {
  if (state_ == State::broken) return;
  if (state_ != State::ready && now >= connect_by_) return fail("PostgreSQL did not answer in time");
  // They are answered in order: if the first is late, nothing is known of those behind it.
  if (!in_flight_.empty() && now >= in_flight_.front()->deadline) fail("PostgreSQL stopped answering");
}

void Connection::progress(short events) {
  if (state_ == State::broken || events == 0) return;
  if (state_ == State::connecting) return go_on_connecting();
  if (events & (POLLIN | POLLERR | POLLHUP)) read();
  if (state_ != State::broken && events & POLLOUT) flush();
}

void Connection::go_on_connecting() {
  const auto next = PQconnectPoll(connection_.get());
  if (next == PGRES_POLLING_READING) {
    wants_ = POLLIN;
  } else if (next == PGRES_POLLING_WRITING) {
    wants_ = POLLOUT;
  } else if (next == PGRES_POLLING_OK) {
    begin_set_up();
  } else {
    fail_by_libpq("connecting");
  }
}

void Connection::begin_set_up() {
  state_ = State::setting_up;
  if (PQsetnonblocking(connection_.get(), 1) != 0 ||
      PQsendQuery(connection_.get(),
                  "SELECT current_setting('synchronous_commit', true), current_setting('fsync', true), "
                  "current_setting('synchronous_standby_names', true)") != 1)
    return fail_by_libpq("asking for the settings");
  flush();
}

void Connection::set_up(const PGresult* result) {
  const auto status = PQresultStatus(result);
  const std::string& table = settings_.table;
  const auto look_for_table = "SELECT key, value, version FROM " + table + " LIMIT 0";
  switch (step_) {
    case SetUp::settings: {
      if (status != PGRES_TUPLES_OK) return fail("asking for the settings: " + message_of(result));
      const std::string commit = text_field(result, 0), fsync = text_field(result, 1), standbys = text_field(result, 2);
      const bool early = commit == "off" || fsync == "off" || (commit == "local" && !standbys.empty());
      if (early && !settings_.asynchronous_commit)
        return fail("this PostgreSQL acknowledges before it is durable (synchronous_commit = " + commit +
                        ", fsync = " + fsync +
                        "): set synchronous_commit = on and fsync = on, or say asynchronous_commit=yes in the URL if "
                        "losing purchases that were acknowledged is acceptable",
                    true);
      step_ = SetUp::table;
      if (PQsendQuery(connection_.get(), look_for_table.c_str()) != 1) return fail_by_libpq("looking for the table");
      break;
    }
    case SetUp::table:
    case SetUp::again: {
      if (status == PGRES_TUPLES_OK) return prepare();
      if (sqlstate_of(result) != "42P01" || step_ == SetUp::again)  // undefined_table
        return fail("the table " + table + ": " + message_of(result), true);
      step_ = SetUp::create;
      const std::string create = "CREATE TABLE IF NOT EXISTS " + table +
                                 " (key bytea PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL)";
      if (PQsendQuery(connection_.get(), create.c_str()) != 1) return fail_by_libpq("making the table");
      break;
    }
    case SetUp::create:
      // Two at once may both find it missing, and one of them fails then: what counts is whether it is there now.
      if (status != PGRES_COMMAND_OK) trouble_ = message_of(result);
      step_ = SetUp::again;
      if (PQsendQuery(connection_.get(), look_for_table.c_str()) != 1) return fail_by_libpq("looking for the table");
      break;
    case SetUp::prepare:
      if (status == PGRES_PIPELINE_SYNC) {
        state_ = State::ready;
      } else if (status != PGRES_COMMAND_OK) {
        fail("preparing statements on " + table + ": " + message_of(result), true);
      }
      return;
  }
  flush();
}

void Connection::prepare() {
  step_ = SetUp::prepare;
  pg_conn* const connection = connection_.get();
  bool sent = PQenterPipelineMode(connection) == 1;
  for (std::size_t i = 0; i < statement_count && sent; ++i) {
    const auto statement = static_cast<Statement>(i);
    const auto types = types_of(statement);
    sent = PQsendPrepare(connection, name_of(i).c_str(), text_of(statement, settings_.table).c_str(),
                         static_cast<int>(types.size()), types.data()) == 1;
  }
  if (!sent || PQpipelineSync(connection) != 1) return fail_by_libpq("preparing statements");
  flush();
}

void Connection::send(Request* request) {
  ABC2_CHECK(state_ == State::ready, "only a connection that is ready can send");
  in_flight_.push_back(request);
  const auto& parameters = request->parameters;
  std::array<const char*, 4> values{};
  std::array<int, 4> lengths{}, formats{};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    values[i] = parameters[i].data();
    lengths[i] = static_cast<int>(parameters[i].size());
    formats[i] = 1;
  }
  pg_conn* const connection = connection_.get();
  const std::string name = name_of(static_cast<std::size_t>(request->statement));
  if (PQsendQueryPrepared(connection, name.c_str(), static_cast<int>(parameters.size()), values.data(), lengths.data(),
                          formats.data(), 1) != 1 ||
      PQpipelineSync(connection) != 1)
    return fail_by_libpq("sending");
  wants_ = POLLIN | POLLOUT;  // what was sent together leaves together
}

void Connection::flush() {
  const int left = PQflush(connection_.get());
  if (left < 0) return fail_by_libpq("sending");
  wants_ = left == 1 ? POLLIN | POLLOUT : POLLIN;
}

void Connection::read() {
  if (PQconsumeInput(connection_.get()) != 1) return fail_by_libpq("reading");
  if (state_ == State::setting_up) read_set_up();
  if (state_ == State::ready) read_answers();
}

void Connection::read_set_up() {
  while (state_ == State::setting_up && PQisBusy(connection_.get()) == 0) {
    std::unique_ptr<PGresult, Clearer> result(PQgetResult(connection_.get()));
    if (step_ == SetUp::prepare) {
      if (result) set_up(result.get());
    } else if (result) {
      set_up_answer_ = std::move(result);
    } else if (const auto answer = std::move(set_up_answer_)) {
      set_up(answer.get());  // all of it is there, and the next question may be asked
    } else {
      return;
    }
  }
}

void Connection::read_answers() {
  // Between the results of two statements libpq says "no more" once; when nothing is in flight it would say so for
  // ever.
  while (state_ == State::ready && !in_flight_.empty() && PQisBusy(connection_.get()) == 0) {
    const std::unique_ptr<PGresult, Clearer> result(PQgetResult(connection_.get()));
    if (result) take(result.get());
  }
}

// A statement commits when the server comes to the Sync behind it: "1 row" is said before, and is no promise yet.
void Connection::take(const PGresult* result) {
  Request& request = *in_flight_.front();
  const auto status = PQresultStatus(result);
  if (status == PGRES_PIPELINE_SYNC) {
    if (statement_did_ && !warned_) request.outcome = *statement_did_;
    statement_did_.reset();
    warned_ = false;
    ended_.push_back(&request);
    in_flight_.pop_front();
  } else if (status == PGRES_COMMAND_OK) {
    statement_did_ = std::strcmp(PQcmdTuples(const_cast<PGresult*>(result)), "1") == 0
                         ? WriteOutcome::applied(store::Version(request.version_if_applied))
                         : WriteOutcome::rejected();
  } else if (status == PGRES_TUPLES_OK && request.statement == Statement::commit) {
    statement_did_ = WriteOutcome::applied(store::Version(0));
  } else if (status == PGRES_TUPLES_OK) {
    take_rows(result);
  } else {
    take_failure(result);
  }
}

void Connection::take_failure(const PGresult* result) {
  Request& request = *in_flight_.front();
  const std::string state = sqlstate_of(result);
  Error error(Code::unavailable, "PostgreSQL: " + message_of(result));
  statement_did_.reset();
  if (request.statement == Statement::commit && state == "22012") {  // division_by_zero
    statement_did_ = WriteOutcome::rejected();
    return;
  }
  if (!request.is_write()) {
    request.rows = std::move(error);
  } else if (fate_of_failure(state) == WriteFate::not_written) {
    request.outcome = std::move(error);
  }
  // A server that has become a standby, or is going away: another one is looked for.
  if (state == "25006" || state.starts_with("57P")) fail("PostgreSQL: " + message_of(result));
}

void Connection::take_rows(const PGresult* result) {
  const int count = PQntuples(result);
  const bool values = PQnfields(result) > 2;
  std::vector<store::ScanItem> rows;
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row)
    rows.push_back({std::string(field(result, row, 0)),
                    {values ? std::string(field(result, row, 2)) : std::string(),
                     store::Version(bigint_of(field(result, row, 1)))}});
  in_flight_.front()->rows = std::move(rows);
}

std::vector<Request*> Connection::take_ended() { return std::exchange(ended_, {}); }

}  // namespace abc2::engines::postgres
