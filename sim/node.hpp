// What scenarios are put together from: the market of one process, the smallest documents, and the actors.
#pragma once
#include <cstdint>
#include <string>

#include "market/market.hpp"
#include "sim/scenario.hpp"

namespace abc2::sim {

inline constexpr std::int64_t fee_basis_points = 1000;
inline constexpr std::int64_t floor_sat = 10;  // and of each sale 1 is the operator's
inline constexpr const char* seller = "s";

// One process's market, as the program puts it together. Passwords and images, which are worked out on threads, are
// answered at once.
class PlainHasher final : public market::PasswordHasher {
 public:
  explicit PlainHasher(runtime::Runtime& runtime) : runtime_(runtime) {}
  Task<Result<std::string>> hash(market::Secret password) override;  // "<password>#<salt>"
  Task<Result<bool>> verify(std::optional<std::string> hash, market::Secret password) override;

 private:
  runtime::Runtime& runtime_;
};
class PlainImages final : public market::ImageChecker {
 public:
  Task<Result<market::ImageInfo>> check(std::shared_ptr<const std::string> bytes) override;
};
struct Node {
  explicit Node(World& world);
  PlainHasher hasher;
  PlainImages image_checker;
  market::ImageLibrary images;
  Metrics metrics;
  market::Market market;
};

// --- documents at the start
void has_campaign(Scenario& scenario);  // of `seller`: slots are sold from 1, one a day
void has_account(Scenario& scenario, const std::string& user, std::int64_t money);
void has_buyer(Scenario& scenario, const std::string& user, std::int64_t money);  // with one ad
void has_deposit(Scenario& scenario, const std::string& id, const std::string& user, std::int64_t amount);
void has_password(Scenario& scenario, const std::string& user);  // "old-password"
void has_void(Scenario& scenario, std::uint64_t slot);           // which the campaign has not passed yet
// The next slot was sold, and everything is settled.
void has_sale(Scenario& scenario, const std::string& user, std::int64_t money);
// The next slot was bought and nothing else is done: the buyer's hold, as the driver left it.
void has_unsettled_sale(Scenario& scenario, const std::string& user, std::int64_t money);

// --- actors; `seed` makes the random numbers of each its own
market::Order order(const std::string& buyer, const std::string& request, std::uint64_t slot = 1);
// Buys, and asks again with the same request until there is an answer that is not "not known yet", `times` at most.
Actor buys(Scenario& scenario, const std::string& name, market::Order order, int times = 1);
Actor buys_and_asks_again(Scenario& scenario, const std::string& name, market::Order order);
Actor logs_in(const std::string& user);  // the purchases' part of what a login does
Actor recovers(const std::string& name = "recoverer");
Actor funds(const std::string& name, const std::string& id, const std::string& user, std::int64_t amount);
Actor credits(const std::string& name, const std::string& id, const std::string& user);
Actor collects_earnings(const std::string& name);
// To some address, for a fee of one satoshi.
Actor withdraws(const std::string& name, const std::string& user, const std::string& attempt, std::int64_t amount);
Actor cancels_withdrawal(const std::string& name, const std::string& user, const std::string& attempt);
Actor collects_fees(const std::string& user);
// Deletes deposits that were credited, if rule R7 is switched off; else it only looks.
Actor cleans_up();
// The whole sweep once, as the program's own but with a clock that is ahead: every hold is old.
Actor sweeps();
// Of `user`, whose password is "old-password".
Actor changes_password(const std::string& name, const std::string& user, const std::string& to);
Actor logs_in_with(const std::string& name, const std::string& user, const std::string& password);
Actor registers(const std::string& name, const std::string& user, const std::string& password);
Actor adds_ad(const std::string& name, const std::string& user, const std::string& attempt);
Actor adds_campaign(const std::string& name, const std::string& user, const std::string& attempt);

void add(Scenario& scenario, Actor actor);  // with a seed of its own

// Everything that the program does for those who never come back, for the documents above.
Task<void> recover_all(World& world);

}  // namespace abc2::sim
