// Every operation dies before and after each of its writes; other nodes find the books in order, finish what was begun
// or end it, and the same request asked for again is done once. The recovering node dies at each of its writes, too.
// And instead of a crash, each write's outcome stays unknown, or its reply is the echo of a resent write. All of it
// twice: on a store that changes one document at a time, and on one that has commits.
#include <gmock/gmock.h>

#include "market/test_operations.hpp"

namespace abc2::market {
namespace test {
// For the names of test cases in GoogleTest's messages.
void PrintTo(const Operation& operation, std::ostream* out) { *out << operation.name; }
}  // namespace test
namespace {

using namespace test;
using store::Crash;
using store::Fault;
using store::FaultyStore;

Tools& tools() {
  static Tools the_tools;
  return the_tools;
}

// What the books say, without numbers that voids use up, times and attempts.
std::string state(const Operation& operation, const Documents& all) {
  std::string text;
  for (const auto& [key, value] : all) {
    const std::string kind = key.substr(0, key.find('/'));
    if (kind == "balance") {
      const auto balance = document<Balance>(all, key);
      text += key + " " + balance.money.to_string() + " after " +
              std::to_string(balance.pages * limits::ledger_page + balance.recent.size()) + " entries" +
              (balance.hold ? ", held" : "") + (balance.pending ? ", promised" : "") + "\n";
    } else if (kind == "campaign") {
      const auto campaign = document<Campaign>(all, key);
      text += key + " sold " + std::to_string(campaign.sold) + ", earned " + campaign.earned.to_string() +
              " of which " + campaign.collected.to_string() + ", fees " + campaign.fees.to_string() + " of which " +
              campaign.fees_collected.to_string() + "\n";
    } else if (kind == "deposit") {
      text += key + (document<Deposit>(all, key).credited ? " credited\n" : " waits\n");
    } else if (kind == "fillers") {
      text += key + " " + std::to_string(document<FillerList>(all, key).last) + "\n";
    } else if (kind == "campaigns") {
      text += key + " " + std::to_string(document<CampaignList>(all, key).last) + "\n";
    } else if (kind == "credentials" || kind == "transaction" || kind == "filler") {
      text += kind == "transaction" ? "a receipt\n" : key + "\n";
    }
  }
  return operation.more_state ? text + operation.more_state(all, tools()) : text;
}

enum class Stores : std::uint8_t { in_steps, with_commits };

// One store, and what its audit says.
struct World {
  World(const Documents& documents, Stores stores)
      : memory(tools().runtime, {.commits = stores == Stores::with_commits}) {
    fill(memory, documents);
  }
  engines::TestStore memory;
  [[nodiscard]] std::string audit() { return text(look(tools().runtime, memory)); }
  // The same before anybody has repaired anything: a hold that has lost its slot and waits to be dropped is all that
  // may be found.
  [[nodiscard]] std::string audit_of_ruins() {
    AuditReport report = look(tools().runtime, memory);
    std::erase_if(report.findings, [](const AuditFinding& finding) {
      return finding.check == 7 &&
             (finding.what.ends_with("which is void") || finding.what.ends_with("which somebody else has"));
    });
    return text(report);
  }
  [[nodiscard]] Documents documents() { return dump(memory); }
};

Result<void> sweep(World& world) {
  Node node(tools(), world.memory);
  return node.attempt(do_sweep(&node));
}

// The user's balance; empty for one who has none yet.
Balance document_of(World& world, const std::string& user) {
  const Documents all = world.documents();
  return all.contains(keys::balance(user)) ? document<Balance>(all, keys::balance(user)) : Balance{};
}

// What the operation starts from, and what it leads to, both after a sweep.
struct Expected {
  Documents before;
  std::string undone, done;
  Expected(const Operation& operation, Stores stores) : before(operation.before(tools())) {
    World untouched(before, stores);
    EXPECT_TRUE(sweep(untouched));
    undone = state(operation, untouched.documents());
    World finished(before, stores);
    Node node(tools(), finished.memory);
    EXPECT_TRUE(node.attempt(operation.run(&node)));
    EXPECT_TRUE(sweep(finished));
    done = state(operation, finished.documents());
    EXPECT_EQ(operation.repairs, undone == done) << undone;
  }
};

// The k-th write that was called for: "replace balance/ann".
std::string write_number(const FaultyStore& store, std::size_t k) {
  for (const auto& call : store.calls()) {
    if (call.verb == store::Verb::get || call.verb == store::Verb::scan || call.verb == store::Verb::watch) continue;
    if (--k == 0) return std::string(to_string(call.verb)) + " " + call.key;
  }
  return "none";
}

bool in_any_order(const Operation& operation) { return operation.side_by_side && engines::TestStore::on_server(); }

// "fund: after credit (replace balance/ann)"; in steps, the write must be the one that is expected there.
std::string point(const Operation& operation, Stores stores, const FaultyStore& store, std::size_t k,
                  const std::string& when) {
  if (stores == Stores::with_commits) return operation.name + ": " + when + " " + write_number(store, k);
  std::string wanted = k <= operation.writes.size() ? operation.writes[k - 1] : "nothing more";
  const std::string made = write_number(store, k);
  if (in_any_order(operation) && k <= operation.writes.size())
    for (const auto& write : operation.writes)
      if (write.ends_with("(" + made + ")")) wanted = write;
  EXPECT_TRUE(wanted.ends_with("(" + made + ")"))
      << operation.name << ": write " << k << " is " << made << ", not " << wanted;
  return operation.name + ": " + when + " " + wanted;
}

// After a crash and the recovery: wholly there or wholly absent; asked for again, it is there once.
void expect_all_or_nothing(const Operation& operation, const Expected& expected, World& world) {
  EXPECT_EQ(world.audit(), "");
  const std::string recovered = state(operation, world.documents());
  EXPECT_THAT(recovered, testing::AnyOf(expected.undone, expected.done));
  Node again(tools(), world.memory);
  for (int times = 0; times < 2; ++times) {
    const auto repeated = again.attempt(operation.run(&again));
    EXPECT_TRUE(repeated) << repeated.error().message();
    EXPECT_TRUE(sweep(world));
    EXPECT_EQ(state(operation, world.documents()), expected.done);
    EXPECT_EQ(world.audit(), "");
  }
}

class CrashPoints : public testing::TestWithParam<std::tuple<Operation, Crash, Stores>> {};

TEST_P(CrashPoints, AllOrNothingAfterEachOfThem) {
  const auto& [operation, when, stores] = GetParam();
  const std::string word = when == Crash::before ? "before" : "after";
  const Expected expected(operation, stores);
  std::vector<std::string> passed;
  for (std::size_t k = 1;; ++k) {
    World world(expected.before, stores);
    FaultyStore dying(world.memory, tools().runtime);
    dying.crash_at_write(k, when);
    Node node(tools(), dying);
    const auto ended = run_until_crash(dying, to_the_end(operation.run(&node), &tools().runtime));
    if (!dying.crashed()) {
      ASSERT_TRUE(ended);
      EXPECT_TRUE(*ended) << ended->error().message();
      break;
    }
    EXPECT_FALSE(ended);
    passed.push_back(point(operation, stores, dying, k, word));
    SCOPED_TRACE(passed.back() + "\n" + dying.log());
    EXPECT_EQ(world.audit_of_ruins(), "") << "what is half-done is in flight, not wrong";
    const Documents crashed = world.documents();

    // By another node's sweep.
    EXPECT_TRUE(sweep(world));
    expect_all_or_nothing(operation, expected, world);

    // By the user's next action, before any sweep.
    World met(crashed, stores);
    Node other(tools(), met.memory);
    const auto action = other.attempt(other.market.recover_user(operation.actor));
    EXPECT_TRUE(action) << action.error().message();
    EXPECT_FALSE(document_of(met, operation.actor).hold) << "its user's next action frees an account";
    EXPECT_EQ(met.audit_of_ruins(), "");
    const auto repeated = other.attempt(operation.run(&other));
    EXPECT_TRUE(repeated) << repeated.error().message();
    EXPECT_EQ(met.audit_of_ruins(), "");
    EXPECT_TRUE(sweep(met));
    expect_all_or_nothing(operation, expected, met);

    // The recovery dies as well, at each of its own writes.
    for (std::size_t j = 1;; ++j) {
      World twice(crashed, stores);
      FaultyStore second(twice.memory, tools().runtime);
      second.crash_at_write(j, when);
      Node rescuer(tools(), second);
      const auto rescued = run_until_crash(second, to_the_end(do_sweep(&rescuer), &tools().runtime));
      if (!second.crashed()) {
        ASSERT_TRUE(rescued);
        EXPECT_TRUE(*rescued) << rescued->error().message();
        break;
      }
      SCOPED_TRACE("and then a recovery that died at write " + std::to_string(j) + "\n" + second.log());
      EXPECT_EQ(twice.audit_of_ruins(), "");
      EXPECT_TRUE(sweep(twice));
      expect_all_or_nothing(operation, expected, twice);
    }
  }
  if (stores == Stores::with_commits) {
    EXPECT_GE(passed.size(), 1u);
    EXPECT_LE(passed.size(), operation.writes.size()) << "a commit is there to save writes";
    return;
  }
  // Every point was passed, each by a crash that did happen, and there is none that is not listed.
  std::vector<std::string> listed;
  for (const auto& write : operation.writes) listed.push_back(operation.name + ": " + word + " " + write);
  if (in_any_order(operation)) {
    EXPECT_EQ(passed.size(), listed.size());
  } else {
    EXPECT_EQ(passed, listed);
  }
}

class UnknownPoints : public testing::TestWithParam<std::tuple<Operation, Fault, Stores>> {};

TEST_P(UnknownPoints, DoneOnceWhateverBecomesOfEachWrite) {
  const auto& [operation, fault, stores] = GetParam();
  const Expected expected(operation, stores);
  for (const bool lands_last : {false, true}) {
    if (lands_last && fault != Fault::unknown_later) continue;
    std::size_t k = 1;
    for (;; ++k) {
      World world(expected.before, stores);
      FaultyStore faulty(world.memory, tools().runtime);
      faulty.arm({.fault = fault, .skip = k - 1});
      Node node(tools(), faulty);
      Result<void> result = node.attempt(operation.run(&node));
      const bool met = std::ranges::any_of(faulty.calls(), [](const auto& call) { return call.fault != Fault::none; });
      if (!met) {
        EXPECT_TRUE(result) << result.error().message();
        break;
      }
      SCOPED_TRACE(point(operation, stores, faulty, k, std::string(to_string(fault)) + " at") + "\n" + faulty.log());
      EXPECT_EQ(world.audit_of_ruins(), "");
      if (!lands_last) {
        EXPECT_LE(runtime::run_blocking(faulty.land_late_writes()), 1u);
      }
      for (int tries = 0; !result && tries < 10; ++tries) result = node.attempt(operation.run(&node));
      EXPECT_TRUE(result) << result.error().message();
      EXPECT_EQ(world.audit_of_ruins(), "");
      EXPECT_TRUE(sweep(world));
      EXPECT_EQ(state(operation, world.documents()), expected.done);
      EXPECT_LE(runtime::run_blocking(faulty.land_late_writes()), 1u);
      EXPECT_EQ(world.audit(), "");
      EXPECT_TRUE(sweep(world));
      EXPECT_EQ(state(operation, world.documents()), expected.done);
      expect_all_or_nothing(operation, expected, world);
    }
    EXPECT_GT(k, stores == Stores::in_steps ? operation.writes.size() : 1) << "not every write was met";
  }
}

std::string test_name(std::string name, std::string_view with) {
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name + "_" + std::string(with);
}
std::string_view in_words(Stores stores) { return stores == Stores::in_steps ? "in_steps" : "with_commits"; }

std::string crash_name(const testing::TestParamInfo<CrashPoints::ParamType>& info) {
  const auto& [operation, when, stores] = info.param;
  return test_name(operation.name, when == Crash::before ? "before" : "after") + "_" + std::string(in_words(stores));
}
std::string unknown_name(const testing::TestParamInfo<UnknownPoints::ParamType>& info) {
  const auto& [operation, fault, stores] = info.param;
  return test_name(operation.name, to_string(fault)) + "_" + std::string(in_words(stores));
}

INSTANTIATE_TEST_SUITE_P(Each, CrashPoints,
                         testing::Combine(testing::ValuesIn(operations()), testing::Values(Crash::before, Crash::after),
                                          testing::Values(Stores::in_steps, Stores::with_commits)),
                         crash_name);
INSTANTIATE_TEST_SUITE_P(Each, UnknownPoints,
                         testing::Combine(testing::ValuesIn(operations()),
                                          testing::Values(Fault::unknown_landed, Fault::unknown_lost,
                                                          Fault::unknown_later, Fault::echo),
                                          testing::Values(Stores::in_steps, Stores::with_commits)),
                         unknown_name);

}  // namespace
}  // namespace abc2::market
