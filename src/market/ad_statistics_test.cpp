#include "market/ad_statistics.hpp"

#include <set>

#include "market/ad_tokens.hpp"
#include "market/test_world.hpp"

namespace abc2::market {
namespace {

using store::Fault;
using testing::fails;
using testing::run;
using ViewOutcome = AdStatistics::ViewOutcome;
using Click = AdStatistics::Click;

constexpr const char* kBrowser = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0";
constexpr auto hour = std::chrono::hours(1);

struct Node {
  explicit Node(testing::World& its) : world(its), faulty(its.memory, its.runtime) {}
  AdStatistics::View view(const std::string& address, std::uint64_t slot = 1, std::uint64_t campaign = 1) {
    return statistics.view("bob", campaign, slot, {address, kBrowser});
  }
  Click click(const std::string& token, std::uint64_t slot = 1, std::uint64_t campaign = 1) {
    return statistics.click("bob", campaign, slot, token, {"10.0.0.1", kBrowser});
  }
  void flush() { testing::must(runtime::run_blocking(statistics.flush())); }

  testing::World& world;
  store::FaultyStore faulty;
  Metrics metrics;
  AdStatistics statistics{faulty, world.runtime, metrics};
};

struct AdStatisticsTest : ::testing::Test {
  testing::World world;
  Node node{world};
  const Time t0 = std::chrono::floor<std::chrono::hours>(world.runtime.time);
  AdStatisticsTest() { world.runtime.time = t0; }

  std::vector<SlotCount> counts(Time from, Time until, std::uint64_t campaign = 1) {
    const auto sums = run(node.statistics.read("bob", campaign, from, until));
    if (sums.empty()) return {};
    EXPECT_EQ(sums.size(), 1u);
    return sums[0].slots;
  }
  std::vector<SlotCount> now() { return counts(t0, t0 + hour); }
  using Counts = std::vector<SlotCount>;
};

TEST_F(AdStatisticsTest, ViewsAndClicksAreCounted) {
  const auto one = node.view("10.0.0.1"), two = node.view("10.0.0.2"), other = node.view("10.0.0.1", 2);
  EXPECT_EQ(one.outcome, ViewOutcome::counted);
  EXPECT_EQ(two.outcome, ViewOutcome::counted);
  EXPECT_EQ(other.outcome, ViewOutcome::counted);
  EXPECT_EQ(node.click(one.token), Click::counted);
  EXPECT_TRUE(now().empty()) << "nothing is written before the flush";
  node.flush();
  EXPECT_EQ(now(), (Counts{{1, 2, 1}, {2, 1, 0}}));
  EXPECT_EQ(node.metrics.counter("abc2_ad_views_total", "", {{"outcome", "counted"}}).value(), 3u);
}

TEST_F(AdStatisticsTest, AVisitorsViewsWithinAWhileAreOne) {
  const auto first = node.view("10.0.0.1");
  world.runtime.time += limits::view_again - Milliseconds(1);
  const auto again = node.view("10.0.0.1");
  EXPECT_EQ(again.outcome, ViewOutcome::repeated);
  EXPECT_EQ(again.token, first.token);
  // Another browser behind the same address is somebody else.
  EXPECT_EQ(node.statistics.view("bob", 1, 1, {"10.0.0.1", "Mozilla/5.0 Chrome"}).outcome, ViewOutcome::counted);
  world.runtime.time += Milliseconds(1);
  EXPECT_EQ(node.view("10.0.0.1").outcome, ViewOutcome::counted);
  node.flush();
  EXPECT_EQ(now(), (Counts{{1, 3, 0}}));
}

TEST_F(AdStatisticsTest, AClickNeedsAViewAndCountsOnce) {
  const std::string token = node.view("10.0.0.1").token;
  std::string forged = token;
  forged[3] = forged[3] == 'A' ? 'B' : 'A';
  for (const std::string& bad : {std::string(), std::string("x"), forged, token + "A", std::string(1000, 'A')})
    EXPECT_EQ(node.click(bad), Click::without_view) << bad;
  EXPECT_EQ(node.click(token, 2), Click::without_view) << "of another slot";
  EXPECT_EQ(node.click(token, 1, 2), Click::without_view) << "of another campaign";
  EXPECT_EQ(node.click(token), Click::counted);
  EXPECT_EQ(node.click(token), Click::repeated);
  node.flush();
  EXPECT_EQ(now(), (Counts{{1, 1, 1}}));
}

TEST_F(AdStatisticsTest, ATokenDoesNotLiveForEver) {
  const std::string used = node.view("10.0.0.1").token, late = node.view("10.0.0.2").token;
  EXPECT_EQ(node.click(used), Click::counted);
  world.runtime.time += limits::click_after_view - Milliseconds(1);
  EXPECT_EQ(node.click(used), Click::repeated) << "it is remembered as long as it is good";
  world.runtime.time += Milliseconds(1);
  EXPECT_EQ(node.click(late), Click::without_view);
  EXPECT_EQ(node.click(used), Click::without_view);
}

TEST_F(AdStatisticsTest, Bots) {
  for (const char* bot :
       {"", "-", "Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/7.88.1", "Wget/1.21", "python-requests/2.28",
        "Mozilla/5.0 (compatible; bingbot/2.0)", "Mozilla/5.0 HeadlessChrome/119.0", "facebookexternalhit/1.1",
        "Baiduspider", "Mozilla/5.0 CUBOT; AhrefsBot/7.0", "Go-http-client/1.1"}) {
    EXPECT_TRUE(looks_like_bot(bot)) << bot;
    const auto view = node.statistics.view("bob", 1, 1, {"10.0.0.9", bot});
    EXPECT_EQ(view.outcome, ViewOutcome::bot);
    EXPECT_TRUE(view.token.empty());
  }
  for (const char* human :
       {kBrowser, "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36",
        "Opera/9.80 (Windows NT 6.1) Presto/2.12"})
    EXPECT_FALSE(looks_like_bot(human)) << human;
  const std::string token = node.view("10.0.0.1").token;
  EXPECT_EQ(node.statistics.click("bob", 1, 1, token, {"10.0.0.1", "curl/8"}), Click::bot);
  EXPECT_EQ(node.click(token), Click::counted) << "a bot does not use a token up";
}

TEST_F(AdStatisticsTest, LaterCountsReplaceTheDocumentOfThisNodeAndHour) {
  node.view("10.0.0.1");
  node.flush();
  node.flush();
  EXPECT_EQ(node.faulty.writes(), 1u) << "what has not changed is not written";
  node.view("10.0.0.2");
  node.flush();
  EXPECT_EQ(world.keys_of("stats/").size(), 1u);
  EXPECT_EQ(now(), (Counts{{1, 2, 0}}));
}

TEST_F(AdStatisticsTest, EachHourHasItsOwn) {
  node.view("10.0.0.1");
  node.flush();
  EXPECT_EQ(node.statistics.pending(), 1u) << "the hour is not over";
  world.runtime.time += hour;
  node.view("10.0.0.1");
  node.flush();
  EXPECT_EQ(node.statistics.pending(), 1u) << "an hour that is over and written is forgotten";
  node.view("10.0.0.1", 7, 2);
  node.flush();
  const auto sums = run(node.statistics.read("bob", 1, t0, t0 + 2 * hour));
  ASSERT_EQ(sums.size(), 2u);
  EXPECT_EQ(sums[0].hour, t0);
  EXPECT_EQ(sums[1].hour, t0 + hour);
  EXPECT_EQ(sums[0].slots, (Counts{{1, 1, 0}}));
  EXPECT_EQ(counts(t0 + hour, t0 + 2 * hour), (Counts{{1, 1, 0}}));
  EXPECT_EQ(counts(t0 - Milliseconds(1), t0 + Milliseconds(1)), (Counts{{1, 1, 0}})) << "hours that begin in between";
  EXPECT_TRUE(counts(t0 + Milliseconds(1), t0 + hour).empty());
  EXPECT_EQ(counts(t0 + hour, t0 + 2 * hour, 2), (Counts{{7, 1, 0}}));
  EXPECT_EQ(fails(node.statistics.read("bob", 1, t0, t0 + std::chrono::days(32))), Code::invalid_argument);
  // The clock goes back into an hour that is written and forgotten: its document is not written over.
  world.runtime.time = t0;
  node.view("10.0.0.5");
  node.flush();
  EXPECT_EQ(now(), (Counts{{1, 2, 0}}));
}

TEST_F(AdStatisticsTest, NodesAddUp) {
  Node other(world);
  node.view("10.0.0.1");
  other.view("10.0.0.1");
  other.view("10.0.0.1", 2);
  node.flush();
  other.flush();
  EXPECT_EQ(world.keys_of("stats/").size(), 2u);
  EXPECT_EQ(now(), (Counts{{1, 2, 0}, {2, 1, 0}}));
}

TEST_F(AdStatisticsTest, ATokenIsGoodOnEveryNode) {
  Node other(world);
  EXPECT_EQ(other.click(node.view("10.0.0.1").token), Click::without_view) << "before they have agreed on a key";
  // Each agrees at the start of run(), which ends at once here.
  for (Node* one : {&node, &other}) {
    world.runtime.stop = false;
    world.runtime.on_sleep = [this] { world.runtime.stop = true; };
    runtime::run_blocking(one->statistics.run());
  }
  EXPECT_EQ(other.click(node.view("10.0.0.2").token), Click::counted);
}

TEST_F(AdStatisticsTest, RunAgreesOnAKeyThoughTheStoreFailsAtFirst) {
  for (const Fault fault : testing::write_faults) {
    testing::World fresh;
    Node one(fresh), two(fresh);
    one.faulty.arm({.fault = fault, .verb = store::Verb::add, .times = 20});
    for (int rounds = 0; rounds < 3; ++rounds) {
      fresh.runtime.stop = false;
      fresh.runtime.on_sleep = [&] {
        fresh.runtime.stop = true;
        one.faulty.heal();
      };
      runtime::run_blocking(one.statistics.run());
      runtime::run_blocking(one.faulty.land_late_writes());
    }
    fresh.runtime.stop = false;
    fresh.runtime.on_sleep = [&] { fresh.runtime.stop = true; };
    runtime::run_blocking(two.statistics.run());
    EXPECT_EQ(fresh.keys_of("ad_token_key/").size(), 1u);
    EXPECT_EQ(two.click(one.view("10.0.0.1").token), Click::counted);
  }
}

TEST_F(AdStatisticsTest, RunFlushesALastTimeWhenItIsToStop) {
  world.runtime.on_sleep = [&] {
    node.view("10.0.0.1");
    world.runtime.stop = true;
  };
  runtime::run_blocking(node.statistics.run());
  EXPECT_EQ(now(), (Counts{{1, 1, 0}}));
}

TEST_F(AdStatisticsTest, NothingIsLostOrCountedTwiceOnAStoreThatFails) {
  for (const Fault fault : testing::write_faults) {
    for (const auto verb : {store::Verb::add, store::Verb::replace}) {
      for (const std::size_t times : {std::size_t{1}, std::size_t{3}, store::FaultRule::always}) {
        testing::World fresh;
        fresh.runtime.time = t0;
        Node one(fresh);
        one.view("10.0.0.1");
        if (verb == store::Verb::replace) {
          one.flush();
          one.view("10.0.0.2");
        }
        one.faulty.arm({.fault = fault, .verb = verb, .times = times});
        testing::run_whatever(one.statistics.flush());
        one.view("10.0.0.3");
        testing::run_whatever(one.statistics.flush());
        one.faulty.heal();
        one.view("10.0.0.4");
        one.flush();
        runtime::run_blocking(one.faulty.land_late_writes());
        const auto sums = run(one.statistics.read("bob", 1, t0, t0 + hour));
        ASSERT_EQ(sums.size(), 1u);
        EXPECT_EQ(sums[0].slots, (Counts{{1, verb == store::Verb::replace ? 4u : 3u, 0}})) << one.faulty.log();
        EXPECT_EQ(fresh.keys_of("stats/").size(), 1u);
      }
    }
  }
}

TEST_F(AdStatisticsTest, AFailedFlushSaysSoAndKeepsTheCounts) {
  node.view("10.0.0.1");
  world.runtime.time += hour;
  node.faulty.arm({.fault = Fault::error, .verb = store::Verb::add});
  EXPECT_EQ(fails(node.statistics.flush()), Code::unavailable);
  EXPECT_EQ(node.statistics.pending(), 1u);
  node.flush();
  EXPECT_EQ(node.statistics.pending(), 0u);
  EXPECT_EQ(now(), (Counts{{1, 1, 0}}));
}

TEST_F(AdStatisticsTest, MemoryIsBounded) {
  for (std::uint64_t slot = 1; slot <= limits::statistics_slots; ++slot)
    EXPECT_EQ(node.view("10.0.0.1", slot).outcome, ViewOutcome::counted);
  const auto dropped = node.view("10.0.0.1", limits::statistics_slots + 1);
  EXPECT_EQ(dropped.outcome, ViewOutcome::dropped);
  EXPECT_TRUE(dropped.token.empty());
  for (std::uint64_t campaign = 2; campaign <= limits::statistics_campaigns + 100; ++campaign)
    node.view("10.0.0.1", 1, campaign);
  EXPECT_LE(node.statistics.pending(), limits::statistics_campaigns);
  EXPECT_GT(node.statistics.pending(), limits::statistics_campaigns / 2);
}

TEST(AdTokens, TheOldestIsForgottenFirst) {
  Recent recent(3, Milliseconds(1000));
  const Time t0 = from_unix_ms(0);
  for (std::uint64_t key = 1; key <= 4; ++key) EXPECT_FALSE(recent.find_or_remember(key, {key, t0}, t0));
  EXPECT_EQ(recent.size(), 3u);
  EXPECT_EQ(recent.find_or_remember(4, {9, t0}, t0), (ViewTicket{4, t0}));
  recent.forget(4);
  EXPECT_FALSE(recent.find_or_remember(4, {5, t0}, t0 + Milliseconds(500)));
  // The first remembering of 4 has expired, the second has not.
  EXPECT_TRUE(recent.find_or_remember(4, {6, t0}, t0 + Milliseconds(1200)));
  EXPECT_FALSE(recent.find_or_remember(4, {7, t0}, t0 + Milliseconds(1500)));
  EXPECT_EQ(recent.size(), 1u);
}

TEST(AdTokens, OnlyTheSameSecretAndAdOpenThem) {
  AdTokenSecret secret{}, other{};
  other[0] = 1;
  const ViewTicket ticket{0x0123456789abcdef, from_unix_ms(1'700'000'000'123)};
  const std::string token = seal(secret, "bob/1/1", ticket);
  EXPECT_EQ(unseal(secret, "bob/1/1", token), ticket);
  EXPECT_FALSE(unseal(other, "bob/1/1", token));
  EXPECT_FALSE(unseal(secret, "bob/1/2", token));
  for (std::size_t at = 0; at < token.size(); ++at) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(unseal(secret, "bob/1/1", changed)) << at;
  }
}

}  // namespace
}  // namespace abc2::market
