// Searches on several event loops while the catalogue takes what changes: for ThreadSanitizer above all.
#include <gtest/gtest.h>

#include <thread>

#include "engines/memory/memory_store.hpp"
#include "market/catalogue.hpp"
#include "market/keys.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::market {
namespace {

Campaign campaign_of(std::uint64_t number) {
  Campaign campaign;
  campaign.title = "River word" + std::to_string(number % 50);
  campaign.page = "https://example.org/";
  campaign.width_px = 300;
  campaign.height_px = 250;
  campaign.floor = Satoshi(1000 + static_cast<std::int64_t>(number));
  return campaign;
}

TEST(CatalogueThreads, SearchWhileCampaignsAreTaken) {
  constexpr std::uint64_t in_store = 600, taken = 200;
  runtime::AsioRuntime runtime;
  engines::MemoryStore store(runtime);
  for (std::uint64_t n = 1; n <= in_store; ++n) {
    const auto added = runtime::run_blocking(store.add(keys::campaign("sue", n), store::encode(campaign_of(n))));
    ASSERT_TRUE(added.has_value());
  }
  Catalogue catalogue(store, runtime);
  std::thread loop([&] { runtime::run_blocking(catalogue.run(1000)); });
  std::vector<std::thread> others;
  for (int which = 0; which < 3; ++which)
    others.emplace_back([&, which] {
      for (std::uint64_t i = 0; i < taken; ++i) {
        const auto page = catalogue.search({.text = which == 0 ? "" : "river word1", .limit = 20});
        EXPECT_TRUE(page.has_value());
        catalogue.taken(keys::campaign("bob", i + 1), campaign_of(i + static_cast<std::uint64_t>(which)));
        catalogue.touch(keys::campaign("sue", 1 + i));
      }
    });
  for (auto& other : others) other.join();
  while (!catalogue.counts().complete) std::this_thread::yield();
  EXPECT_EQ(catalogue.search({}).value().found, in_store + taken);
  runtime.stop();
  loop.join();
}

}  // namespace
}  // namespace abc2::market
