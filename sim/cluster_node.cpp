#include "sim/cluster_node.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstring>

namespace abc2::sim {
namespace {

using Awaiting = boost::asio::use_awaitable_t<Executor>;
using store::WriteOutcome;

template <class Handler>
class WaiterFor final : public ClusterWaiter {
 public:
  explicit WaiterFor(Handler handler) : handler_(std::move(handler)) {}
  void resume(StoreAnswer answer) override { std::move(handler_)(std::move(answer)); }

 private:
  Handler handler_;
};

Error away() { return {Code::unavailable, "the store did not answer; nothing was written"}; }

}  // namespace

class ClusterNode::NodeRuntime final : public runtime::Runtime {
 public:
  explicit NodeRuntime(ClusterNode& node) : node_(node) {}
  [[nodiscard]] Time now() override { return node_.now(); }
  Task<void> sleep(Milliseconds duration) override {
    ClusterNode* const node = &node_;
    const auto woken = co_await node->wait([node, duration](std::uint64_t waiter) {
      node->agenda_.after(std::max(Micros(0), Micros(duration)), [alive = node->alive_, waiter] {
        if (*alive) (*alive)->wake(waiter, {});
      });
    });
    ABC2_CHECK(!woken.failed, "a timer can only go off");
  }
  void random(std::span<std::byte> bytes) override {
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
      const std::uint64_t draw = node_.dice_.roll();
      std::memcpy(bytes.data() + at, &draw, std::min(sizeof draw, bytes.size() - at));
    }
  }
  void spawn(Executor where, const char*, Task<void> work) override {
    boost::asio::co_spawn(where, std::move(work), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  [[nodiscard]] bool stopping() const override { return false; }

 private:
  ClusterNode& node_;
};

class ClusterNode::NodeStore final : public store::Store {
 public:
  NodeStore(ClusterNode& node, NodeRuntime& runtime, Origin origin) : Store(runtime), node_(node), origin_(origin) {}
  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override {
    const bool stale = freshness == store::Freshness::stale;
    auto answer = co_await call({Verb::get, node_.settings_.number, origin_, stale, std::move(key), {}, 0});
    if (answer.failed) co_return away();
    co_return std::move(answer.found);
  }
  Task<Result<WriteOutcome>> add(store::Key key, store::Value value) override {
    auto answer =
        co_await call({Verb::add, node_.settings_.number, origin_, false, std::move(key), std::move(value), 0});
    if (answer.failed) co_return away();
    co_return answer.outcome;
  }
  Task<Result<WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override {
    auto answer = co_await call(
        {Verb::replace, node_.settings_.number, origin_, false, std::move(key), std::move(value), expected.token()});
    if (answer.failed) co_return away();
    co_return answer.outcome;
  }
  [[nodiscard]] bool commits() const override { return node_.settings_.commits; }
  Task<Result<WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override {
    CO_TRY_VOID(store::check_commit(writes));
    store::Key first = writes.front().key;
    auto answer = co_await call(
        {Verb::commit, node_.settings_.number, origin_, false, std::move(first), {}, 0, std::move(writes)});
    if (answer.failed) co_return away();
    co_return answer.outcome.kind();
  }
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override {
    auto answer =
        co_await call({Verb::scan, node_.settings_.number, origin_, false, std::move(prefix), std::move(after), limit});
    if (answer.failed) co_return away();
    co_return std::move(answer.page);
  }
  [[nodiscard]] bool exclusive() const override { return false; }

 private:
  using Verb = StoreCall::Verb;
  Task<StoreAnswer> call(StoreCall call) {
    ClusterNode* const node = &node_;
    auto answer = co_await node->wait([node, call = std::move(call)](std::uint64_t waiter) {
      node->store_.send(call, node->cut_off, [alive = node->alive_, waiter](StoreAnswer told) {
        if (*alive) (*alive)->wake(waiter, std::move(told));
      });
    });
    co_return answer;
  }
  ClusterNode& node_;
  Origin origin_;
};

// The market three times, so that the store can tell what a call is for: what it keeps is in the store.
struct ClusterNode::Parts {
  struct Desk {
    Desk(ClusterNode& node, Parts& parts, Origin origin)
        : store(node, parts.runtime, origin),
          images(store, parts.image_checker),
          market(store, parts.runtime, parts.hasher, images, metrics, {.fee_basis_points = fee_basis_points}) {}
    NodeStore store;
    market::ImageLibrary images;
    Metrics metrics;
    market::Market market;
  };
  Parts(ClusterNode& node, unsigned nodes)
      : runtime(node),
        hasher(runtime),
        requests(node, *this, Origin::request),
        recovery(node, *this, Origin::recoverer),
        sweep(node, *this, Origin::sweep),
        recoverer(runtime, [nodes] { return nodes; }, std::chrono::minutes(1)) {
    requests.market.purchases.on_use = [this](const store::Key& campaign) {
      recoverer.use(recovery.market.purchases.sales(), campaign);
    };
  }
  NodeRuntime runtime;
  PlainHasher hasher;
  PlainImages image_checker;
  Desk requests, recovery, sweep;
  journal::Recoverer recoverer;  // of a cluster: the market's own rolls its dice as if it were alone
};

ClusterNode::ClusterNode(Agenda& agenda, ClusterStore& store, NodeSettings settings)
    : agenda_(agenda),
      store_(store),
      settings_(settings),
      dice_(settings.seed),
      alive_(std::make_shared<ClusterNode*>(this)),
      context_(std::make_unique<boost::asio::io_context>(1)),
      parts_(std::make_unique<Parts>(*this, settings.nodes)) {}

ClusterNode::~ClusterNode() {
  *alive_ = nullptr;
  // First those that wait, then those that their end has woken up; all before what they work with.
  waiters_.clear();
  context_.reset();
}

market::Market& ClusterNode::market() { return parts_->requests.market; }
market::ImageLibrary& ClusterNode::images() { return parts_->requests.images; }

Time ClusterNode::now() const {
  const std::int64_t passed_us = agenda_.now().count();
  return Process::first_time + settings_.clock.ahead +
         Milliseconds((passed_us + passed_us / 1'000'000 * settings_.clock.drift_ppm) / 1000);
}

Task<void> ClusterNode::recover_at_start(ClusterNode* self) {
  for (;;) {
    const auto failed = co_await self->parts_->sweep.market.recover_at_start();
    if (failed) {
      self->recovered_ = true;
      co_return;
    }
    co_await self->parts_->runtime.sleep(limits::recovery_dice);  // the store is away: again
  }
}

void ClusterNode::start() {
  serve(market().statistics.run());
  if (!settings_.recovers) return;
  serve(recover_at_start(this));
  serve(parts_->recoverer.run());
  if (settings_.sweep_per_second > 0) serve(parts_->sweep.market.sweep.run(settings_.sweep_per_second));
}

void ClusterNode::serve(Task<void> request) {
  parts_->runtime.spawn(context_->get_executor(), "request", std::move(request));
  poll();
}

Task<StoreAnswer> ClusterNode::wait(std::function<void(std::uint64_t waiter)> begin) {
  auto answer = co_await boost::asio::async_initiate<const Awaiting, void(StoreAnswer)>(
      [this](auto handler, std::function<void(std::uint64_t)> its_begin) {
        const std::uint64_t waiter = next_waiter_++;
        waiters_.emplace(waiter, std::make_unique<WaiterFor<decltype(handler)>>(std::move(handler)));
        its_begin(waiter);
      },
      Awaiting(), std::move(begin));
  co_return answer;
}

void ClusterNode::wake(std::uint64_t waiter, StoreAnswer answer) {
  const auto found = waiters_.find(waiter);
  if (found == waiters_.end()) return;
  const auto its = std::move(found->second);
  waiters_.erase(found);
  its->resume(std::move(answer));
  poll();
}

void ClusterNode::poll() {
  context_->restart();
  context_->poll();
}

}  // namespace abc2::sim
