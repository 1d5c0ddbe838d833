// The purchase as one SQLite transaction (WAL, synchronous=FULL: durable at every commit), in one process.
//
//   sqlite_purchases --db FILE --threads N --seconds S --accounts A --campaigns C
//
// Prints one line of JSON: {"per_second":..,"p50_ms":..,"p99_ms":..}. Ends with 1 if the books are not sound
// afterwards.
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kFunds = 1'000'000'000;

[[noreturn]] void fail(sqlite3* db, const std::string& what) {
  std::fprintf(stderr, "sqlite_purchases: %s: %s\n", what.c_str(), db ? sqlite3_errmsg(db) : "");
  std::exit(2);
}

class Statement {
 public:
  Statement(sqlite3* db, const char* sql) : db_(db) {
    if (sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr) != SQLITE_OK) fail(db, sql);
  }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  // Binds the values and takes one step; the row, if there is one, can be read until the next run().
  template <class... Values>
  bool run(Values... values) {
    sqlite3_reset(statement_);
    int at = 0;
    ((sqlite3_bind_int64(statement_, ++at, values)), ...);
    const int code = sqlite3_step(statement_);
    if (code != SQLITE_ROW && code != SQLITE_DONE) fail(db_, sqlite3_sql(statement_));
    if (code == SQLITE_DONE) sqlite3_reset(statement_);
    return code == SQLITE_ROW;
  }
  void done() { sqlite3_reset(statement_); }
  [[nodiscard]] std::int64_t column(int at) const { return sqlite3_column_int64(statement_, at); }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

struct Database {
  explicit Database(const std::string& file) {
    if (sqlite3_open(file.c_str(), &db) != SQLITE_OK) fail(db, file);
    sqlite3_busy_timeout(db, 60'000);
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=FULL");
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { sqlite3_close(db); }
  void execute(const std::string& sql) const {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(db, sql);
  }
  sqlite3* db = nullptr;
};

class Buyer {
 public:
  explicit Buyer(const std::string& file) : database_(file) {}

  // Whether the slot was bought (a seller does not buy from himself).
  bool purchase(std::int64_t buyer, std::int64_t campaign, std::int64_t now) {
    begin_.run();
    if (!offer_.run(campaign)) fail(database_.db, "no such campaign");
    const auto seller = offer_.column(0), number = offer_.column(1) + 1;
    const auto price = 100 + (offer_.column(2) + 7) % 900;
    offer_.done();
    if (!funds_.run(buyer)) fail(database_.db, "no such account");
    const auto funds = funds_.column(0);
    funds_.done();
    if (seller == buyer || funds < price) {
      rollback_.run();
      return false;
    }
    slot_.run(campaign, number, buyer, price, now);
    receipt_.run(campaign, number, buyer, seller, price, now);
    pay_.run(-price, buyer);
    pay_.run(price, seller);
    advance_.run(number, price, price, campaign);
    commit_.run();
    return true;
  }

 private:
  Database database_;
  Statement begin_{database_.db, "BEGIN IMMEDIATE"};
  Statement commit_{database_.db, "COMMIT"};
  Statement rollback_{database_.db, "ROLLBACK"};
  Statement offer_{database_.db, "SELECT seller, slots, last_price_sat FROM campaigns WHERE campaign = ?"};
  Statement funds_{database_.db, "SELECT balance_sat FROM accounts WHERE account = ?"};
  Statement slot_{database_.db, "INSERT INTO slots VALUES (?, ?, ?, ?, ?)"};
  Statement receipt_{database_.db,
                     "INSERT INTO receipts (campaign, number, buyer, seller, price_sat, at) VALUES (?, ?, ?, ?, ?, ?)"};
  Statement pay_{database_.db, "UPDATE accounts SET balance_sat = balance_sat + ? WHERE account = ?"};
  Statement advance_{
      database_.db,
      "UPDATE campaigns SET slots = ?, last_price_sat = ?, earned_sat = earned_sat + ? WHERE campaign = ?"};
};

void create(const Database& database, std::int64_t accounts, std::int64_t campaigns) {
  database.execute(
      "CREATE TABLE accounts (account INTEGER PRIMARY KEY, balance_sat INTEGER NOT NULL CHECK (balance_sat >= 0));"
      "CREATE TABLE campaigns (campaign INTEGER PRIMARY KEY, seller INTEGER NOT NULL, slots INTEGER NOT NULL,"
      "  last_price_sat INTEGER NOT NULL, earned_sat INTEGER NOT NULL);"
      "CREATE TABLE slots (campaign INTEGER, number INTEGER, buyer INTEGER, price_sat INTEGER, bought_at INTEGER,"
      "  PRIMARY KEY (campaign, number)) WITHOUT ROWID;"
      "CREATE TABLE receipts (receipt INTEGER PRIMARY KEY, campaign INTEGER, number INTEGER, buyer INTEGER,"
      "  seller INTEGER, price_sat INTEGER, at INTEGER);"
      "BEGIN");
  Statement account(database.db, "INSERT INTO accounts VALUES (?, ?)");
  for (std::int64_t a = 1; a <= accounts; ++a) account.run(a, kFunds);
  Statement campaign(database.db, "INSERT INTO campaigns VALUES (?, ?, 0, 100, 0)");
  for (std::int64_t c = 1; c <= campaigns; ++c) campaign.run(c, 1 + c * 6151 % accounts);
  database.execute("COMMIT");
}

bool books_are_sound(const Database& database, std::int64_t accounts, std::int64_t bought) {
  Statement sums(database.db,
                 "SELECT (SELECT sum(balance_sat) FROM accounts), (SELECT sum(slots) FROM campaigns),"
                 " (SELECT count(*) FROM slots), (SELECT count(*) FROM receipts)");
  return sums.run() && sums.column(0) == accounts * kFunds && sums.column(1) == bought && sums.column(2) == bought &&
         sums.column(3) == bought;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options{
      {"--db", ""}, {"--threads", "1"}, {"--seconds", "10"}, {"--accounts", "10000"}, {"--campaigns", "1000"}};
  for (int at = 1; at + 1 < argc; at += 2) options[argv[at]] = argv[at + 1];
  const auto number = [&](const char* name) { return std::stoll(options[name]); };
  const std::string file = options["--db"];
  const auto accounts = number("--accounts"), campaigns = number("--campaigns"), threads = number("--threads");
  if (file.empty() || accounts < 1 || campaigns < 1 || threads < 1)
    fail(nullptr, "see the head of the source for usage");

  const Database database(file);
  create(database, accounts, campaigns);

  std::vector<std::vector<double>> taken(static_cast<std::size_t>(threads));
  std::vector<std::thread> running;
  const auto start = Clock::now();
  const auto end = start + std::chrono::seconds(number("--seconds"));
  for (std::size_t thread = 0; thread < taken.size(); ++thread) {
    running.emplace_back([&, thread] {
      Buyer buyer(file);
      std::mt19937_64 random(thread + 1);
      for (auto from = Clock::now(); from < end;) {
        const auto who = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(accounts));
        const auto which = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(campaigns));
        const bool bought = buyer.purchase(who, which, std::chrono::system_clock::now().time_since_epoch().count());
        const auto to = Clock::now();
        if (bought) taken[thread].push_back(std::chrono::duration<double, std::milli>(to - from).count());
        from = to;
      }
    });
  }
  for (auto& thread : running) thread.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();

  std::vector<double> all;
  for (const auto& one : taken) all.insert(all.end(), one.begin(), one.end());
  std::sort(all.begin(), all.end());
  if (all.empty() || !books_are_sound(database, accounts, static_cast<std::int64_t>(all.size()))) {
    std::fprintf(stderr, "sqlite_purchases: the books are not sound\n");
    return 1;
  }
  std::printf("{\"per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f}\n", static_cast<double>(all.size()) / seconds,
              all[all.size() / 2], all[all.size() * 99 / 100]);
  return 0;
}
