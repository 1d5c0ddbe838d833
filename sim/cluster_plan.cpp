#include <algorithm>

#include "sim/cluster.hpp"
#include "sim/cluster_user.hpp"

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
  request.amount = static_cast<std::int64_t>(200 + dice.below(100'000));
  return request;
}

Wish any_wish(Dice& dice) {
  static constexpr std::pair<unsigned, Wish> odds[] = {
      {450, Wish::buy},          {30, Wish::withdraw},         {100, Wish::fund},
      {70, Wish::log_in},        {60, Wish::collect_earnings}, {30, Wish::collect_fees},
      {50, Wish::add_ad},        {25, Wish::add_campaign},     {35, Wish::edit_campaign},
      {30, Wish::register_user}, {30, Wish::change_password},  {20, Wish::log_out},
      {15, Wish::add_key},       {30, Wish::look_around},      {23, Wish::see_ad},
      {2, Wish::audit}};
  std::uint64_t draw = dice.below(1000);
  for (const auto& [weight, wish] : odds) {
    if (draw < weight) return wish;
    draw -= weight;
  }
  return Wish::buy;
}

}  // namespace

ClusterPlan plan_cluster(std::uint64_t seed) {
  Dice dice(mixed(seed + 1));
  ClusterPlan plan;
  plan.seed = seed;
  plan.nodes = static_cast<std::uint32_t>(1 + dice.below(6));
  plan.form = all_forms[dice.below(std::size(all_forms))];
  plan.buyers = static_cast<std::uint32_t>(20 + dice.below(200));
  plan.sellers = static_cast<std::uint32_t>(1 + dice.below(12));
  // Some runs see nothing of a kind of fault, most a little, and some very much.
  const auto up_to = [&](unsigned most) {
    const std::uint64_t kind = dice.below(10);
    return static_cast<unsigned>(kind == 0 ? 0 : dice.below((kind == 9 ? 8 : 1) * most) + 1);
  };
  plan.weather = {.error = up_to(20),
                  .lost = up_to(20),
                  .reply_lost = up_to(20),
                  .late = up_to(20),
                  .echo = up_to(20),
                  .slow = up_to(50)};
  plan.crash_at_write = static_cast<unsigned>(dice.below(8));
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
    const bool of_seller = request.wish == Wish::add_campaign || request.wish == Wish::collect_earnings ||
                           request.wish == Wish::edit_campaign;
    const std::uint32_t known = plan.buyers + plan.sellers;
    // A few are busier than all others, so that what one user does meets.
    const std::uint32_t buyers = dice.chance(300) ? 4 : plan.buyers;
    request.user = static_cast<std::uint32_t>(of_seller ? plan.buyers + dice.below(plan.sellers)
                                              : request.wish == Wish::register_user ? dice.below(known + 200)
                                                                                    : dice.below(buyers));
    request.other = static_cast<std::uint32_t>(plan.buyers + dice.below(plan.sellers));
    request.id = dice.roll();
    request.node = static_cast<std::uint32_t>(dice.below(plan.nodes));
    request.amount = static_cast<std::int64_t>(std::uint64_t{10} << dice.below(12));
    request.twice = dice.chance(60);
    if (dice.chance(60)) request.replay = dice.below(plan.requests.size());
    plan.requests.push_back(request);
  }
  return plan;
}

namespace {

ClusterPlan without(const ClusterPlan& plan, std::size_t at, std::size_t count) {
  ClusterPlan smaller = plan;
  const auto from = smaller.requests.begin() + static_cast<std::ptrdiff_t>(at);
  smaller.requests.erase(from, from + static_cast<std::ptrdiff_t>(count));
  // A replay names its request by place: what comes after the part moves, and what is gone is not replayed.
  for (auto& request : smaller.requests) {
    if (!request.replay || *request.replay < at) continue;
    if (*request.replay < at + count) {
      request.replay.reset();
    } else {
      *request.replay -= count;
    }
  }
  return smaller;
}

// Shrinks one plan. What happens hangs on chance, so that a smaller plan gets a few throws of the dice.
class Shrinker {
 public:
  Shrinker(ClusterPlan plan, std::int64_t store_calls) : plan_(std::move(plan)), calls_left_(store_calls) {}

  ClusterPlan run() {
    if (!fails(plan_)) return plan_;
    fewer_faults();
    for (std::size_t part = plan_.requests.size() / 2; part > 0 && calls_left_ > 0; part /= 2) {
      for (std::size_t at = 0; at < plan_.requests.size() && calls_left_ > 0;) {
        const std::size_t count = std::min(part, plan_.requests.size() - at);
        if (!fails(without(plan_, at, count))) at += count;
      }
    }
    fewer_faults();
    return plan_;
  }

 private:
  ClusterOutcome tried(const ClusterPlan& plan) {
    ClusterOutcome outcome = run_cluster(plan);
    calls_left_ -= static_cast<std::int64_t>(outcome.store.calls);
    return outcome;
  }

  bool fails(ClusterPlan smaller) {
    for (int throws = 0; throws < 3 && calls_left_ > 0; ++throws, ++smaller.luck) {
      const ClusterOutcome outcome = tried(smaller);
      if (outcome.violation.empty()) continue;
      plan_ = std::move(smaller);
      cut(outcome.failed_at);
      return true;
    }
    return false;
  }

  // What comes after the violation has no part in it, unless the violation is that something never comes.
  void cut(Micros failed_at) {
    ClusterPlan shorter = plan_;
    shorter.trouble_until = std::min(shorter.trouble_until, failed_at + kSecond);
    for (std::size_t i = shorter.requests.size(); i-- > 0;)
      if (shorter.requests[i].at > failed_at) shorter = without(shorter, i, 1);
    if (shorter.requests.size() == plan_.requests.size() || calls_left_ <= 0) return;
    if (!tried(shorter).violation.empty()) plan_ = std::move(shorter);
  }

  void fewer_faults() {
    for (unsigned Weather::* kind :
         {&Weather::error, &Weather::lost, &Weather::reply_lost, &Weather::late, &Weather::echo, &Weather::slow}) {
      ClusterPlan smaller = plan_;
      smaller.weather.*kind = 0;
      if (plan_.weather.*kind != 0) fails(std::move(smaller));
    }
    for (const std::uint32_t nodes : {1u, 2u, 3u}) {
      ClusterPlan smaller = plan_;
      smaller.nodes = nodes;
      if (nodes < plan_.nodes && fails(std::move(smaller))) break;
    }
    ClusterPlan smaller = plan_;
    smaller.clocks_jump = false;
    if (plan_.clocks_jump) fails(smaller);
    smaller = plan_;
    smaller.crash_at_write = 0;
    smaller.crash_every = smaller.outage_every = 1000 * kSecond;
    if (plan_.crash_every < 1000 * kSecond) fails(std::move(smaller));
  }

  ClusterPlan plan_;
  std::int64_t calls_left_;
};

std::string in_words(const Request& request) {
  static constexpr const char* names[] = {"registers",
                                          "logs in",
                                          "logs out",
                                          "makes an API key",
                                          "changes the password",
                                          "adds an ad",
                                          "adds a campaign",
                                          "edits a campaign",
                                          "is funded",
                                          "buys at",
                                          "collects earnings",
                                          "withdraws",
                                          "collects fees",
                                          "looks around",
                                          "sees an ad",
                                          "audits"};
  std::string words = std::to_string(request.at.count() / 1000) + " ms: ";
  if (request.replay) return words + "request " + std::to_string(*request.replay) + " is sent once more";
  words += user_name(request.user) + " " + names[static_cast<std::size_t>(request.wish)];
  if (request.wish == Wish::buy)
    words += " " + user_name(request.other) + " for at most " + std::to_string(request.amount);
  if (request.wish == Wish::fund) words += " with " + std::to_string(request.amount);
  return words + ", on node " + std::to_string(request.node) + (request.twice ? " and the next at once" : "");
}

}  // namespace

ClusterPlan shrink(ClusterPlan plan, std::int64_t store_calls) { return Shrinker(std::move(plan), store_calls).run(); }

std::string in_words(const ClusterPlan& plan) {
  constexpr std::size_t most = 60;
  const Weather& weather = plan.weather;
  const auto odds = [](const char* what, unsigned rate) {
    return rate ? ", " + std::string(what) + " " + std::to_string(rate) : std::string();
  };
  std::string words =
      "seed " + std::to_string(plan.seed) + ": " + std::to_string(plan.nodes) + " nodes, writing " +
      (plan.form == Form::mixed ? "both ways, " : "in " + std::string(to_string(plan.form)) + ", ") +
      std::to_string(plan.requests.size()) + " requests; faults, in a thousand" + odds("errors", weather.error) +
      odds("lost", weather.lost) + odds("replies lost", weather.reply_lost) + odds("late", weather.late) +
      odds("echoes", weather.echo) + odds("slow", weather.slow) + odds("crashes after a write", plan.crash_at_write) +
      (plan.clocks_jump ? ", clocks jump" : "") + "\n";
  for (std::size_t i = 0; i < plan.requests.size(); ++i) {
    if (i == most) return words + "  and " + std::to_string(plan.requests.size() - most) + " more\n";
    words += "  request " + std::to_string(i) + ", " + in_words(plan.requests[i]) + "\n";
  }
  return words;
}

}  // namespace abc2::sim
