#include <algorithm>

#include "sim/cluster.hpp"

namespace abc2::sim {
namespace {

constexpr Micros kSecond{1'000'000};

Request setup(Micros at, Wish wish, std::uint32_t user, Dice& dice, const ClusterPlan& plan) {
  Request request;
  request.at = at + dice.between(Micros(0), kSecond);
  request.wish = wish;
  request.user = user;
  request.id = dice.roll();
  request.node = static_cast<std::uint32_t>(dice.below(plan.nodes));
  request.amount = static_cast<std::int64_t>(200 + dice.below(2000));
  return request;
}

Wish any_wish(Dice& dice) {
  const std::uint64_t percent = dice.below(100);
  if (percent < 62) return Wish::buy;
  if (percent < 72) return Wish::fund;
  if (percent < 80) return Wish::log_in;
  if (percent < 86) return Wish::collect_earnings;
  if (percent < 89) return Wish::collect_fees;
  if (percent < 93) return Wish::add_ad;
  if (percent < 96) return Wish::add_campaign;
  return percent < 98 ? Wish::register_user : Wish::change_password;
}

}  // namespace

ClusterPlan plan_cluster(std::uint64_t seed) {
  Dice dice(mixed(seed + 1));
  ClusterPlan plan;
  plan.seed = seed;
  plan.nodes = static_cast<std::uint32_t>(1 + dice.below(6));
  plan.buyers = static_cast<std::uint32_t>(20 + dice.below(200));
  plan.sellers = static_cast<std::uint32_t>(1 + dice.below(12));
  const auto up_to = [&](unsigned most) { return static_cast<unsigned>(dice.below(most + 1)); };
  plan.weather = {.error = up_to(20),
                  .lost = up_to(20),
                  .reply_lost = up_to(20),
                  .late = up_to(20),
                  .echo = up_to(20),
                  .slow = up_to(50)};
  plan.crash_every = dice.between(2 * kSecond, 20 * kSecond);
  plan.outage_every = dice.between(10 * kSecond, 40 * kSecond);

  for (std::uint32_t buyer = 0; buyer < plan.buyers; ++buyer) {
    plan.requests.push_back(setup(Micros(0), Wish::register_user, buyer, dice, plan));
    plan.requests.push_back(setup(2 * kSecond, Wish::fund, buyer, dice, plan));
    plan.requests.push_back(setup(2 * kSecond, Wish::add_ad, buyer, dice, plan));
  }
  for (std::uint32_t seller = 0; seller < plan.sellers; ++seller) {
    plan.requests.push_back(setup(Micros(0), Wish::register_user, plan.buyers + seller, dice, plan));
    plan.requests.push_back(setup(2 * kSecond, Wish::add_campaign, plan.buyers + seller, dice, plan));
  }
  const std::size_t wishes = 400 + dice.below(1200);
  for (std::size_t i = 0; i < wishes; ++i) {
    Request request;
    request.at = dice.between(plan.calm_until, plan.trouble_until);
    request.wish = any_wish(dice);
    const bool of_seller = request.wish == Wish::add_campaign || request.wish == Wish::collect_earnings;
    request.user =
        static_cast<std::uint32_t>(of_seller ? plan.buyers + dice.below(plan.sellers) : dice.below(plan.buyers));
    request.other = static_cast<std::uint32_t>(plan.buyers + dice.below(plan.sellers));
    request.id = dice.roll();
    request.node = static_cast<std::uint32_t>(dice.below(plan.nodes));
    request.amount = static_cast<std::int64_t>(dice.below(100) < 80 ? 10 + dice.below(400) : 10);
    request.twice = dice.chance(60);
    if (dice.chance(60)) request.replay = dice.below(plan.requests.size());
    plan.requests.push_back(request);
  }
  return plan;
}

ClusterPlan shrink(ClusterPlan plan, int runs) {
  for (std::size_t part = plan.requests.size() / 2; part > 0 && runs > 0; part /= 2) {
    for (std::size_t at = 0; at < plan.requests.size() && runs > 0;) {
      ClusterPlan smaller = plan;
      const auto from = smaller.requests.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = static_cast<std::ptrdiff_t>(std::min(part, plan.requests.size() - at));
      // A replay names its request by place: what comes after the part moves, and what is gone is not replayed.
      smaller.requests.erase(from, from + count);
      for (auto& request : smaller.requests) {
        if (!request.replay || *request.replay < at) continue;
        if (*request.replay < at + static_cast<std::size_t>(count)) {
          request.replay.reset();
        } else {
          *request.replay -= static_cast<std::size_t>(count);
        }
      }
      --runs;
      if (run_cluster(smaller).violation.empty()) {
        at += part;
      } else {
        plan = std::move(smaller);
      }
    }
  }
  return plan;
}

}  // namespace abc2::sim
