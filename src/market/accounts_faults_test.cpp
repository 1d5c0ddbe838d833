// Registration, login and change of password on a store that fails, and after a crash at each of their writes.
#include "market/accounts.hpp"
#include "market/test_world.hpp"

namespace abc2::market {
namespace {

using store::Crash;
using store::Fault;
using store::FaultyStore;
using testing::run;

constexpr const char* kOld = "correct horse";
constexpr const char* kNew = "battery staple";

// A process: its view of the world's store.
struct Node {
  explicit Node(testing::World& its) : world(its), faulty(its.memory, its.runtime) {}

  static Task<Result<void>> no_action(std::string /*user*/) { co_return success(); }
  Task<Result<Registered>> sign_up(const char* password = kOld) {
    return accounts.register_user("alice", Secret::of(password));
  }
  Task<Result<NewAccess>> login(const char* password = kOld) {
    return accounts.login("alice", Secret::of(password), "test");
  }
  Task<Result<void>> change_password(std::string keep) {
    return accounts.change_password("alice", Secret::of(kOld), Secret::of(kNew), std::move(keep));
  }
  bool accepted(const std::string& token) { return runtime::run_blocking(accounts.authenticate(token)).has_value(); }

  testing::World& world;
  FaultyStore faulty;
  Accounts accounts{faulty, world.runtime, world.hasher, no_action};
};

void expect_one_whole_account(testing::World& world) {
  EXPECT_EQ(world.keys_of("credentials/").size(), 1u);
  EXPECT_EQ(world.read<Balance>("balance/alice"), Balance{});
}

TEST(AccountsFaults, RegistrationCrashesAfterEachWrite) {
  for (const Crash when : {Crash::before, Crash::after}) {
    std::size_t crashes = 0;
    for (std::size_t k = 1;; ++k) {
      testing::World world;
      Node dying(world);
      dying.faulty.crash_at_write(k, when);
      const auto registered = store::run_until_crash(dying.faulty, dying.sign_up());
      if (registered) {
        EXPECT_TRUE(*registered);
        break;
      }
      ++crashes;
      const bool has_name = world.read<Credentials>("credentials/alice").has_value();
      Node next(world);
      // Whoever comes first: a login that completes what is there, or the request repeated.
      if (has_name) {
        run(next.login());
        expect_one_whole_account(world);
      }
      EXPECT_EQ(run(next.sign_up()), has_name ? Registered::before : Registered::now);
      run(next.login());
      expect_one_whole_account(world);
    }
    EXPECT_EQ(crashes, 2u) << "a registration makes two writes";
  }
}

TEST(AccountsFaults, RegistrationOnAStoreThatFails) {
  for (const char* key : {"credentials/", "balance/"}) {
    for (const Fault fault : testing::write_faults) {
      for (const std::size_t times : {std::size_t{1}, std::size_t{3}, store::FaultRule::always}) {
        testing::World world;
        Node node(world);
        node.faulty.arm({.fault = fault, .verb = store::Verb::add, .key = store::key_prefix(key), .times = times});
        const auto first = runtime::run_blocking(node.sign_up());
        if (!first) {
          EXPECT_TRUE(first.error().code() == Code::undecided || first.error().code() == Code::unavailable);
        }
        if (fault != Fault::error && times <= 3) {
          EXPECT_TRUE(first) << node.faulty.log();
        }
        node.faulty.heal();
        run(node.sign_up());
        const auto hash = world.read<Credentials>("credentials/alice")->password_hash;
        runtime::run_blocking(node.faulty.land_late_writes());
        EXPECT_EQ(world.read<Credentials>("credentials/alice")->password_hash, hash);
        run(node.login());
        expect_one_whole_account(world);
      }
    }
  }
}

// R9.
TEST(AccountsFaults, TheEchoOfOurOwnRegistrationIsNotSomebodyElses) {
  testing::World world;
  Node node(world);
  node.faulty.arm({.fault = Fault::echo, .key = store::key_prefix("credentials/")});
  const auto before = marks::reached("register: own credentials found after a rejection");
  EXPECT_EQ(run(node.sign_up()), Registered::now);
  EXPECT_GT(marks::reached("register: own credentials found after a rejection"), before);
}

TEST(AccountsFaults, SomebodyElseGetsTheNameWhileOurWriteIsUnknown) {
  testing::World world;
  Node ours(world), theirs(world);
  ours.faulty.arm(
      {.fault = Fault::unknown_later, .key = store::key_prefix("credentials/"), .times = store::FaultRule::always});
  EXPECT_EQ(testing::fails(ours.sign_up()), Code::undecided);
  EXPECT_EQ(run(theirs.sign_up(kNew)), Registered::now);
  EXPECT_EQ(runtime::run_blocking(ours.faulty.land_late_writes()), 0u);
  ours.faulty.heal();
  EXPECT_EQ(testing::fails(ours.sign_up()), Code::already_exists);
}

TEST(AccountsFaults, LoginOnAStoreThatFails) {
  for (const Fault fault : testing::write_faults) {
    for (const std::size_t skip : {std::size_t{0}, std::size_t{1}}) {  // the first session is an ADD, others are CAS
      testing::World world;
      Node node(world);
      run(node.sign_up());
      if (skip > 0) run(node.login());
      node.faulty.arm({.fault = fault, .verb = store::Verb::add, .key = store::key_prefix("sessions/")});
      node.faulty.arm({.fault = fault, .verb = store::Verb::replace, .key = store::key_prefix("sessions/")});
      const auto session = runtime::run_blocking(node.login());
      if (fault == Fault::error) {
        ASSERT_FALSE(session);
        continue;
      }
      ASSERT_TRUE(session) << node.faulty.log();
      runtime::run_blocking(node.faulty.land_late_writes());
      EXPECT_TRUE(node.accepted(session.value().token));
      EXPECT_EQ(world.read<Sessions>("sessions/alice")->sessions.size(), 1 + skip) << node.faulty.log();
    }
  }
}

TEST(AccountsFaults, LoginCrashesAfterEachWrite) {
  for (const Crash when : {Crash::before, Crash::after}) {
    std::size_t crashes = 0;
    for (std::size_t k = 1;; ++k) {
      testing::World world;
      // Half a registration: login has two writes of its own.
      world.put("credentials/alice", Credentials{run(world.hasher.hash(Secret::of(kOld))), world.runtime.time});
      Node dying(world);
      dying.faulty.crash_at_write(k, when);
      if (store::run_until_crash(dying.faulty, dying.login())) break;
      ++crashes;
      Node next(world);
      EXPECT_TRUE(next.accepted(run(next.login()).token));
      expect_one_whole_account(world);
    }
    EXPECT_EQ(crashes, 2u);
  }
}

TEST(AccountsFaults, ChangeOfPasswordCrashesAfterEachWrite) {
  for (const Crash when : {Crash::before, Crash::after}) {
    std::size_t crashes = 0;
    for (std::size_t k = 1;; ++k) {
      testing::World world;
      Node dying(world);
      run(dying.sign_up());
      const NewAccess mine = run(dying.login()), other = run(dying.login());
      dying.faulty.crash_at_write(dying.faulty.writes() + k, when);
      if (store::run_until_crash(dying.faulty, dying.change_password(mine.id))) break;
      ++crashes;

      Node next(world);
      const bool old_fits = runtime::run_blocking(next.login(kOld)).has_value();
      const bool new_fits = runtime::run_blocking(next.login(kNew)).has_value();
      EXPECT_NE(old_fits, new_fits);
      if (new_fits) EXPECT_FALSE(next.accepted(other.token)) << "an old session outlived its password";
      const NewAccess again = run(next.login(old_fits ? kOld : kNew));
      // The very same request again.
      testing::must(runtime::run_blocking(next.change_password(mine.id)));
      EXPECT_TRUE(next.accepted(mine.token));
      EXPECT_FALSE(next.accepted(other.token));
      EXPECT_FALSE(next.accepted(again.token));
      run(next.login(kNew));
      EXPECT_EQ(testing::fails(next.login(kOld)), Code::unauthenticated);
    }
    EXPECT_EQ(crashes, 2u) << "the sessions, the credentials; nothing is left for the sessions then";
  }
}

TEST(AccountsFaults, ChangeOfPasswordOnAStoreThatFails) {
  for (const char* key : {"credentials/", "sessions/"}) {
    for (const Fault fault : testing::write_faults) {
      testing::World world;
      Node node(world);
      run(node.sign_up());
      const NewAccess mine = run(node.login()), other = run(node.login());
      node.faulty.arm({.fault = fault, .verb = store::Verb::replace, .key = store::key_prefix(key)});
      const auto first = runtime::run_blocking(node.change_password(mine.id));
      EXPECT_EQ(first.has_value(), fault != Fault::error) << node.faulty.log();
      node.faulty.heal();
      testing::must(runtime::run_blocking(node.change_password(mine.id)));
      runtime::run_blocking(node.faulty.land_late_writes());
      EXPECT_TRUE(node.accepted(mine.token));
      EXPECT_FALSE(node.accepted(other.token));
      run(node.login(kNew));
    }
  }
}

// The reply to the CAS of the credentials is lost for good, though it landed.
TEST(AccountsFaults, AChangeOfPasswordThatNobodyHeardOfIsFinishedByItsRepetition) {
  testing::World world;
  Node node(world);
  run(node.sign_up());
  node.faulty.arm(
      {.fault = Fault::unknown_landed, .verb = store::Verb::replace, .key = store::key_prefix("credentials/")});
  node.faulty.arm(
      {.fault = Fault::error, .verb = store::Verb::get, .key = store::key_prefix("credentials/"), .skip = 2});
  EXPECT_EQ(testing::fails(node.change_password("")), Code::unavailable) << node.faulty.log();
  node.faulty.heal();
  const auto before = marks::reached("change password: repeated");
  testing::must(runtime::run_blocking(node.change_password("")));
  EXPECT_GT(marks::reached("change password: repeated"), before);
}

// Two processes at once: the second runs through before each call of the first.
struct Race {
  testing::World world;
  Node quick{world};
  testing::Interleaved store{world.memory, world.runtime};
  Accounts slow{store, world.runtime, world.hasher, Node::no_action};
};

Task<void> keep(Task<Result<NewAccess>> task, std::optional<Result<NewAccess>>* into) {
  into->emplace(co_await std::move(task));
}

// Before each call up to the ADD that decides.
TEST(AccountsRaces, OneNameTwoRegistrations) {
  for (const std::size_t k : {1u, 2u}) {
    Race race;
    race.store.before_call(k, [&] { return testing::succeeding(race.quick.sign_up(kNew)); });
    EXPECT_EQ(testing::fails(race.slow.register_user("alice", Secret::of(kOld))), Code::already_exists);
    EXPECT_TRUE(race.store.happened());
    run(race.quick.login(kNew));
    EXPECT_EQ(testing::fails(race.quick.login(kOld)), Code::unauthenticated);
  }
}

// However they fall: afterwards no session that was opened with the old password is alive.
TEST(AccountsRaces, ALoginAndAChangeOfPassword) {
  for (const bool login_is_slow : {true, false}) {
    std::size_t k = 1;
    for (bool in_between = true; in_between; ++k) {
      Race race;
      run(race.quick.sign_up());
      std::optional<Result<NewAccess>> session;
      if (login_is_slow) {
        race.store.before_call(k, [&] { return testing::succeeding(race.quick.change_password("")); });
        session.emplace(runtime::run_blocking(race.slow.login("alice", Secret::of(kOld), "")));
      } else {
        race.store.before_call(k, [&] { return keep(race.quick.login(kOld), &session); });
        testing::must(
            runtime::run_blocking(race.slow.change_password("alice", Secret::of(kOld), Secret::of(kNew), "")));
      }
      in_between = race.store.happened();
      if (!in_between) break;
      if (session->has_value()) {
        EXPECT_FALSE(race.quick.accepted(session->value().token)) << "before call " << k << ", " << login_is_slow;
      }
      EXPECT_TRUE(run(race.quick.login(kNew)).token.starts_with("alice."));
    }
    EXPECT_GT(k, 5u);
  }
}

}  // namespace
}  // namespace abc2::market
