#include "cli/recovery.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <memory>

#include "base/limits.hpp"
#include "http/log.hpp"

namespace abc2::cli {

using http::log_info;
using http::log_warning;

namespace {

// Touched on one event loop alone.
struct Recovering {
  Recover recover;
  bool behind = false;  // nobody waits any more
  std::optional<Result<std::uint64_t>> ended{};
};

Task<void> run(runtime::Runtime* runtime, std::shared_ptr<Recovering> recovering) {
  const Time began = runtime->now();
  for (;;) {
    auto done = co_await recovering->recover();
    if (!recovering->behind) {
      recovering->ended = std::move(done);
      co_return;
    }
    if (done) {
      log_info("recovery_ended", {{"after_ms", std::to_string((runtime->now() - began).count())},
                                  {"not_repaired", std::to_string(done.value())}});
      co_return;
    }
    if (runtime->stopping()) co_return;
    log_warning("recovery_failed", {{"error", done.error().message()}, {"next", "it begins again"}});
    co_await runtime->sleep(limits::recovery_dice);
  }
}

}  // namespace

Task<Result<std::optional<std::uint64_t>>> recover_at_most(runtime::Runtime* runtime, Recover recover,
                                                           Milliseconds wait) {
  const auto recovering = std::make_shared<Recovering>(std::move(recover));
  runtime->spawn(co_await boost::asio::this_coro::executor, "recovery at start", run(runtime, recovering));
  constexpr Milliseconds glance{5};
  // A glance may take longer than it should, and the clock may be set back.
  const Time began = runtime->now();
  for (Milliseconds waited{0}; !recovering->ended && waited < wait && runtime->now() - began < wait; waited += glance)
    co_await runtime->sleep(glance);
  if (recovering->ended) {
    CO_TRY(const auto left, std::move(*recovering->ended));
    co_return std::optional<std::uint64_t>(left);
  }
  recovering->behind = true;
  log_info("recovery_goes_on", {{"waited_ms", std::to_string(wait.count())},
                                {"hint", "the market is large: what is left is looked at while it is served"}});
  co_return std::optional<std::uint64_t>();
}

}  // namespace abc2::cli
