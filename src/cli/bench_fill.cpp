// abc2 bench load and abc2 bench orphans: what there is in a store before it is measured.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>

#include "cli/bench_load.hpp"
#include "cli/commands.hpp"
#include "cli/place.hpp"
#include "engines/embedded/embedded_store.hpp"
#include "market/keys.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::cli {

namespace keys = market::keys;
using Clock = std::chrono::steady_clock;

namespace {

double seconds_since(Clock::time_point began) { return std::chrono::duration<double>(Clock::now() - began).count(); }

// Which writes one document at a time.
Result<std::unique_ptr<Node>> open_node(const BenchCommand& command) {
  NodeSettings settings;
  settings.store = command.store;
  settings.steps = true;
  settings.password_cost = market::Argon2Hasher::Cost::minimum;
  return Node::open(std::move(settings));
}

MarketSize size_of(const BenchCommand& command) {
  return {command.size.accounts, command.size.campaigns, command.size.slots};
}

// A purchase of the campaign's next slot, up to the write that decides. Returns the slot's number.
Task<Result<std::uint64_t>> leave_orphan(Node* node, std::size_t account, std::size_t campaign) {
  store::Store& store = node->store();
  auto [seller, number] = MadeMarket::place(campaign);
  const std::string buyer = MadeMarket::user(account);
  CO_TRY(const auto head, co_await store::get_existing<market::Campaign>(
                              store, keys::campaign(seller, number), "there is no such campaign: load a market first"));
  CO_TRY(const auto balance,
         co_await store::get_existing<market::Balance>(store, keys::balance(buyer), "there is no account " + buyer));
  CO_TRY(const auto filler,
         co_await store::get_existing<market::Filler>(store, keys::filler(buyer, 1), "there is no ad of " + buyer));
  market::Order order{buyer,
                      std::move(seller),
                      number,
                      head.value.last + 1,
                      runtime::random_uuid(node->runtime()),
                      1,
                      Satoshi(limits::price_max_sat)};
  const std::uint64_t slot = order.slot;
  CO_TRY(auto plan, market::decide_sale(order, runtime::random_uuid(node->runtime()), head, balance, filler.value, 0,
                                        node->runtime().now()));
  CO_TRY(const auto placed, co_await node->market().purchases.sales().place(std::move(plan)));
  if (placed.decision != journal::Decision::ours || placed.settled)
    co_return Error(Code::conflict, "the purchase did not end where it should");
  co_return slot;
}

}  // namespace

int bench_load(BenchCommand command) {
  if (command.size.accounts < 2 || command.size.campaigns < 1)
    return failed(Error(Code::invalid_argument, "a market to measure needs two accounts and a campaign"));
  constexpr std::string_view engine = "embedded:";
  if (!command.store.starts_with(engine))
    return failed(Error(Code::invalid_argument, "bench load fills the embedded engine: --store embedded:DIR"));
  runtime::AsioRuntime runtime;
  // Nothing of it is read again: a large cache of documents would only cost time.
  auto store = engines::EmbeddedStore::open(
      runtime, {.directory = command.store.substr(engine.size()), .cache_bytes = 4u << 20});
  if (!store) return failed(store.error());
  const MadeMarket made(size_of(command), runtime.now());
  const auto began = Clock::now();
  auto said = began;
  const auto say = [&](const Loaded& loaded) {
    const auto now = Clock::now();
    if (now - said < std::chrono::seconds(5)) return;
    said = now;
    std::fprintf(stderr, "loaded %llu documents in %.0f s\n", static_cast<unsigned long long>(loaded.documents),
                 seconds_since(began));
  };
  const auto done = runtime::run_blocking(load_market(*store.value(), runtime, &made, say));
  if (!done) return failed(done.error());
  const double seconds = seconds_since(began);
  const double per_second = static_cast<double>(done.value().documents) / seconds;
  if (command.json) {
    fmt::print(R"({{"documents":{},"bytes":{},"seconds":{:.2f},"per_second":{:.0f}}})"
               "\n",
               done.value().documents, done.value().bytes, seconds, per_second);
  } else {
    fmt::print("{} documents, {} bytes, in {:.1f} s: {:.0f} a second\n", done.value().documents, done.value().bytes,
               seconds, per_second);
  }
  return 0;
}

int bench_orphans(BenchCommand command) {
  if (command.orphans == 0 || command.orphans > command.size.campaigns || command.orphans > command.size.accounts)
    return failed(Error(Code::invalid_argument, "each needs an account and a campaign of its own"));
  auto node = open_node(command);
  if (!node) return failed(node.error());
  std::string left;
  for (std::size_t i = 0; i < command.orphans; ++i) {
    // All over the market.
    const std::size_t account = i * (command.size.accounts / command.orphans);
    const std::size_t campaign = i * (command.size.campaigns / command.orphans);
    const auto slot = node.value()->run(leave_orphan(node.value().get(), account, campaign));
    if (!slot) return failed(slot.error());
    const auto [seller, number] = MadeMarket::place(campaign);
    left += fmt::format(R"({}{{"seller":"{}","campaign":{},"slot":{},"buyer":"{}"}})", i == 0 ? "" : ",", seller,
                        number, slot.value(), MadeMarket::user(account));
  }
  if (command.json) {
    fmt::print("{{\"left\":[{}]}}\n", left);
  } else {
    fmt::print("{} purchases were left half-done\n", command.orphans);
  }
  return 0;
}

}  // namespace abc2::cli
