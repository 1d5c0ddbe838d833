#include "market/accounts.hpp"

#include "market/test_world.hpp"

namespace abc2::market {
namespace {

using testing::fails;
using testing::run;
using testing::succeeding;

constexpr const char* kPassword = "correct horse";

// A hasher that lets something happen after a password was verified, and counts.
class Interposed final : public PasswordHasher {
 public:
  explicit Interposed(PasswordHasher& real) : real_(real) {}
  Task<Result<std::string>> hash(Secret password) override {
    ++hashes;
    auto hashed = co_await real_.hash(std::move(password));
    co_return hashed;
  }
  Task<Result<bool>> verify(std::optional<std::string> hash, Secret password) override {
    ++verifications;
    without_user += !hash;
    auto verified = co_await real_.verify(std::move(hash), std::move(password));
    if (after_verify) {
      auto what = std::exchange(after_verify, nullptr);
      co_await what();
    }
    co_return verified;
  }
  int hashes = 0, verifications = 0, without_user = 0;
  std::function<Task<void>()> after_verify;

 private:
  PasswordHasher& real_;
};

struct AccountsTest : ::testing::Test {
  testing::World world;
  Interposed hasher{world.hasher};
  std::vector<std::string> actions;
  Code action_fails_with = Code::not_found;
  bool action_fails = false;
  Accounts accounts{world.memory, world.runtime, hasher, [this](std::string user) { return act(std::move(user)); }};

  Task<Result<void>> act(std::string user) {
    actions.push_back(std::move(user));
    if (action_fails) co_return Error(action_fails_with, "the action failed");
    co_return success();
  }
  Registered sign_up(std::string user, std::string password = kPassword) {
    return run(accounts.register_user(std::move(user), Secret(std::move(password))));
  }
  NewAccess login(std::string user, std::string password = kPassword) {
    return run(accounts.login(std::move(user), Secret(std::move(password)), "test"));
  }
  bool accepted(const std::string& token) { return run_blocking(accounts.authenticate(token)).has_value(); }
  template <class T>
  static T run_blocking(Task<T> task) {
    return runtime::run_blocking(std::move(task));
  }
};

TEST_F(AccountsTest, RegisterLoginAuthenticate) {
  EXPECT_EQ(sign_up("alice"), Registered::now);
  EXPECT_EQ(world.read<Balance>("balance/alice"), Balance{});
  EXPECT_EQ(run(accounts.created_at("alice")), world.runtime.time);
  EXPECT_EQ(fails(accounts.created_at("nobody")), Code::not_found);
  const NewAccess session = login("alice");
  EXPECT_EQ(session.expires_at, world.runtime.time + limits::session_length);
  const Identity who = run(accounts.authenticate(session.token));
  EXPECT_EQ(who.user, "alice");
  EXPECT_EQ(who.access, session.id);
  EXPECT_FALSE(who.api_key);
}

TEST_F(AccountsTest, ATakenNameIsRefusedAndARepeatedRequestIsNot) {
  sign_up("alice");
  const auto before = world.read<Credentials>("credentials/alice")->password_hash;
  EXPECT_EQ(fails(accounts.register_user("alice", Secret("another password"))), Code::already_exists);
  EXPECT_EQ(sign_up("alice"), Registered::before);
  EXPECT_EQ(world.read<Credentials>("credentials/alice")->password_hash, before);
  EXPECT_EQ(fails(accounts.register_user("Alice", Secret(kPassword))), Code::invalid_argument);
  EXPECT_EQ(fails(accounts.register_user("bob", Secret("short"))), Code::invalid_argument);
}

TEST_F(AccountsTest, AWrongNameAndAWrongPasswordLookTheSame) {
  sign_up("alice");
  const auto wrong_password = run_blocking(accounts.login("alice", Secret("wrong horse"), ""));
  const auto wrong_name = run_blocking(accounts.login("bob", Secret(kPassword), ""));
  const auto impossible_name = run_blocking(accounts.login("../x", Secret(kPassword), ""));
  for (const auto* result : {&wrong_password, &wrong_name, &impossible_name}) {
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code(), Code::unauthenticated);
    EXPECT_EQ(result->error().message(), wrong_name.error().message());
  }
  // Each cost one verification, also where there is no user.
  EXPECT_EQ(hasher.verifications, 3);
  EXPECT_EQ(hasher.without_user, 2);
  EXPECT_TRUE(actions.empty());
}

TEST_F(AccountsTest, LoginCompletesARegistrationThatStoppedHalfWay) {
  world.put("credentials/alice", Credentials{run(world.hasher.hash(Secret(kPassword))), world.runtime.time});
  ASSERT_FALSE(world.read<Balance>("balance/alice"));
  login("alice");
  EXPECT_EQ(world.read<Balance>("balance/alice"), Balance{});
  EXPECT_EQ(actions, std::vector<std::string>{"alice"});
}

TEST_F(AccountsTest, LoginDoesNotTouchMoney) {
  sign_up("alice");
  Balance balance;
  balance.money = Satoshi(5);
  world.put("balance/alice", balance);
  login("alice");
  sign_up("alice");
  EXPECT_EQ(world.read<Balance>("balance/alice"), balance);
}

TEST_F(AccountsTest, LoginSucceedsThoughRecoveryDoesNot) {
  sign_up("alice");
  for (const Code code : {Code::undecided, Code::unavailable, Code::newer_schema}) {
    action_fails = true;
    action_fails_with = code;
    EXPECT_TRUE(accepted(login("alice").token));
  }
  EXPECT_EQ(actions.size(), 3u);
}

TEST_F(AccountsTest, NothingInTheStoreLogsAnyoneIn) {
  sign_up("alice");
  const NewAccess session = login("alice");
  const NewAccess key = run(accounts.create_api_key("alice", "build"));
  for (const auto& item : run(world.real.scan("", "", 1000)).items) {
    const auto& value = item.document.value;
    EXPECT_EQ(value.find(kPassword), std::string::npos);
    EXPECT_EQ(value.find(session.token.substr(6)), std::string::npos);
    EXPECT_EQ(value.find(key.token.substr(6)), std::string::npos);
  }
}

TEST_F(AccountsTest, TokensThatAreNone) {
  sign_up("alice");
  sign_up("bob.x");
  const std::string token = login("alice").token;
  const std::string secret = token.substr(6);
  std::string other = token;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& bad : {std::string(), std::string("."), secret, "alice." + std::string(64, '0'), other,
                                 token + "0", token.substr(0, token.size() - 1), "bob.x." + secret, "nobody." + secret,
                                 "../alice." + secret, "alice/." + secret})
    EXPECT_EQ(fails(accounts.authenticate(bad)), Code::unauthenticated) << bad;
  EXPECT_TRUE(accepted(token));
  EXPECT_EQ(run(accounts.authenticate(login("bob.x").token)).user, "bob.x");
}

TEST_F(AccountsTest, SessionsExpire) {
  sign_up("alice");
  const NewAccess session = login("alice");
  world.runtime.time += limits::session_length - Milliseconds(1);
  EXPECT_TRUE(accepted(session.token));
  EXPECT_EQ(run(accounts.list_access("alice")).size(), 1u);
  world.runtime.time += Milliseconds(1);
  EXPECT_EQ(fails(accounts.authenticate(session.token)), Code::unauthenticated);
  EXPECT_TRUE(run(accounts.list_access("alice")).empty());
  login("alice");
  EXPECT_EQ(world.read<Sessions>("sessions/alice")->sessions.size(), 1u) << "the expired one is dropped";
}

TEST_F(AccountsTest, TheOldestSessionMakesRoom) {
  sign_up("alice");
  std::vector<NewAccess> sessions;
  for (std::size_t i = 0; i <= limits::sessions_per_user; ++i) sessions.push_back(login("alice"));
  EXPECT_FALSE(accepted(sessions[0].token));
  EXPECT_TRUE(accepted(sessions[1].token));
  EXPECT_TRUE(accepted(sessions.back().token));
  EXPECT_EQ(run(accounts.list_access("alice")).size(), limits::sessions_per_user);
}

TEST_F(AccountsTest, RevokeAndList) {
  sign_up("alice");
  const NewAccess one = login("alice"), two = login("alice"), three = login("alice");
  const NewAccess key = run(accounts.create_api_key("alice", "build"));
  EXPECT_TRUE(run(accounts.authenticate(key.token)).api_key);
  const auto listed = run(accounts.list_access("alice"));
  ASSERT_EQ(listed.size(), 4u);
  EXPECT_EQ(listed[0].id, one.id);
  EXPECT_EQ(listed[0].label, "test");
  EXPECT_FALSE(listed[0].api_key());
  EXPECT_TRUE(listed[3].api_key());
  EXPECT_EQ(listed[3].label, "build");

  run(accounts.revoke("alice", two.id));
  EXPECT_FALSE(accepted(two.token));
  EXPECT_EQ(fails(accounts.revoke("alice", two.id)), Code::not_found);
  EXPECT_EQ(fails(accounts.revoke("bob", one.id)), Code::not_found);
  run(accounts.revoke_other_sessions("alice", three.id));
  EXPECT_FALSE(accepted(one.token));
  EXPECT_TRUE(accepted(three.token));
  EXPECT_TRUE(accepted(key.token));
  run(accounts.revoke("alice", key.id));
  EXPECT_FALSE(accepted(key.token));
}

TEST_F(AccountsTest, ApiKeysDoNotExpireAndAreLimited) {
  sign_up("alice");
  const NewAccess first = run(accounts.create_api_key("alice", "first"));
  for (std::size_t i = 1; i < limits::api_keys_per_user; ++i) run(accounts.create_api_key("alice", "more"));
  EXPECT_EQ(fails(accounts.create_api_key("alice", "too many")), Code::limit_reached);
  EXPECT_EQ(fails(accounts.create_api_key("alice", "a\nb")), Code::invalid_argument);
  world.runtime.time += 10 * limits::session_length;
  EXPECT_TRUE(accepted(first.token));
}

TEST_F(AccountsTest, LabelsFromBrowsersAreCut) {
  sign_up("alice");
  run(accounts.login("alice", Secret(kPassword), "Browser\n\xff" + std::string(200, 'x')));
  EXPECT_EQ(run(accounts.list_access("alice"))[0].label, "Browser??" + std::string(91, 'x'));
}

TEST_F(AccountsTest, ChangePassword) {
  sign_up("alice");
  const NewAccess mine = login("alice"), other = login("alice");
  EXPECT_EQ(fails(accounts.change_password("alice", Secret("wrong horse"), Secret("new password"), mine.id)),
            Code::unauthenticated);
  EXPECT_EQ(fails(accounts.change_password("nobody", Secret(kPassword), Secret("new password"), "")),
            Code::unauthenticated);
  EXPECT_EQ(fails(accounts.change_password("alice", Secret(kPassword), Secret("short"), "")), Code::invalid_argument);
  EXPECT_TRUE(accepted(other.token));

  run(accounts.change_password("alice", Secret(kPassword), Secret("new password"), mine.id));
  EXPECT_TRUE(accepted(mine.token));
  EXPECT_FALSE(accepted(other.token));
  EXPECT_EQ(fails(accounts.login("alice", Secret(kPassword), "")), Code::unauthenticated);
  login("alice", "new password");
  // The same request again.
  run(accounts.change_password("alice", Secret(kPassword), Secret("new password"), mine.id));
  EXPECT_EQ(run(accounts.list_access("alice")).size(), 1u);
}

// R8.
TEST_F(AccountsTest, NoChangeOfPasswordWhileAHoldIsThere) {
  sign_up("alice");
  const NewAccess other = login("alice");
  Balance held;
  held.hold = journal::Hold{"sale", "campaign/bob/0000000001", 7, testing::attempt(1), world.runtime.time, {}};
  world.put("balance/alice", held);
  actions.clear();
  const auto refused = run_blocking(accounts.change_password("alice", Secret(kPassword), Secret("new password"), ""));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::account_held);
  EXPECT_NE(refused.error().message().find("slot 7"), std::string::npos) << refused.error().message();
  EXPECT_EQ(actions, std::vector<std::string>{"alice"}) << "its resolution was not started";
  EXPECT_TRUE(accepted(other.token));
  login("alice");
  held.hold.reset();
  world.put("balance/alice", held);
  run(accounts.change_password("alice", Secret(kPassword), Secret("new password"), ""));
  login("alice", "new password");
}

// A login whose password was verified before the change, and whose session comes after it.
TEST_F(AccountsTest, ALoginThatOvertakesAChangeOfPasswordFails) {
  sign_up("alice");
  Accounts elsewhere(world.memory, world.runtime, world.hasher, [this](std::string user) { return act(user); });
  hasher.after_verify = [&] {
    return succeeding(elsewhere.change_password("alice", Secret(kPassword), Secret("new password"), ""));
  };
  const auto before = marks::reached("login: the password was changed meanwhile");
  EXPECT_EQ(fails(accounts.login("alice", Secret(kPassword), "thief")), Code::unauthenticated);
  EXPECT_GT(marks::reached("login: the password was changed meanwhile"), before);
  EXPECT_TRUE(run(accounts.list_access("alice")).empty());
}

TEST_F(AccountsTest, TwoChangesOfPasswordAtOnce) {
  sign_up("alice");
  Accounts elsewhere(world.memory, world.runtime, world.hasher, [this](std::string user) { return act(user); });
  hasher.after_verify = [&] {
    return succeeding(elsewhere.change_password("alice", Secret(kPassword), Secret("the first one"), ""));
  };
  EXPECT_EQ(fails(accounts.change_password("alice", Secret(kPassword), Secret("the second one"), "")), Code::conflict);
  login("alice", "the first one");
}

}  // namespace
}  // namespace abc2::market
