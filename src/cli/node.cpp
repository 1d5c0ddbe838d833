#include "cli/node.hpp"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "bitcoin/audit.hpp"
#include "cli/bench_market.hpp"
#include "cli/late_store.hpp"
#include "cli/open_store.hpp"
#include "http/log.hpp"
#include "store/single_documents.hpp"

namespace abc2::cli {

namespace {

constexpr std::size_t kWorkWaiting = 64;  // passwords to be hashed and images to be decoded; more are refused
constexpr Milliseconds kBackgroundEnds{10'000};
constexpr Milliseconds kStoreIsTriedEvery{1'000};

std::size_t processors() { return std::max(1u, std::thread::hardware_concurrency()); }

}  // namespace

// In the order of their making; they go in the opposite one.
struct Node::Parts {
  explicit Parts(const NodeSettings& settings)
      : hurried(real),
        clock(settings.hurried ? static_cast<runtime::Runtime&>(hurried) : real),
        loops(settings.threads == 0 ? processors() : settings.threads),
        pool(processors(), kWorkWaiting) {}

  Metrics metrics;
  runtime::AsioRuntime real;
  HurriedRuntime hurried;
  runtime::Runtime& clock;
  runtime::EventLoops loops;
  std::unique_ptr<store::Store> engine;
  LateStore* late = nullptr;  // the engine, if it may be late
  std::unique_ptr<store::SingleDocuments> steps;
  std::unique_ptr<store::ObservedStore> store;
  std::unique_ptr<store::WatchHub> hub;
  runtime::WorkerPool pool;
  std::unique_ptr<market::Argon2Hasher> hasher;
  std::unique_ptr<market::PooledImageChecker> checker;
  std::unique_ptr<market::ImageLibrary> images;
  std::unique_ptr<market::Market> market;
  bool closed = false;
};

Result<std::unique_ptr<Node>> Node::open(NodeSettings settings) {
  auto parts = std::make_unique<Parts>(settings);
  if (settings.late) {
    const auto open = [url = settings.store, runtime = &parts->real] { return open_store(url, *runtime); };
    TRY(auto late, LateStore::open(parts->real, open, kStoreIsTriedEvery));
    parts->late = late.get();
    parts->engine = std::move(late);
  } else {
    TRY(parts->engine, open_store(settings.store, parts->real));
  }
  if (settings.steps) parts->steps = std::make_unique<store::SingleDocuments>(*parts->engine, parts->clock);
  store::Store& under = settings.steps ? static_cast<store::Store&>(*parts->steps) : *parts->engine;
  parts->store = std::make_unique<store::ObservedStore>(under, parts->clock, parts->metrics);
  parts->hub = std::make_unique<store::WatchHub>(*parts->store, parts->clock);
  parts->hasher = std::make_unique<market::Argon2Hasher>(parts->pool, settings.password_cost);
  parts->checker = std::make_unique<market::PooledImageChecker>(parts->pool);
  parts->images = std::make_unique<market::ImageLibrary>(*parts->store, *parts->checker);
  parts->market = std::make_unique<market::Market>(*parts->store, parts->clock, *parts->hasher, *parts->images,
                                                   parts->metrics, settings.market);
  parts->market->audit.also([store = parts->store.get()] { return bitcoin::audit_bitcoin(*store); });
  parts->loops.start();
  return std::unique_ptr<Node>(new Node(std::move(parts)));
}

Node::Node(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Node::~Node() { close(); }

void Node::close() {
  if (parts_->closed) return;
  parts_->closed = true;
  parts_->real.stop();
  if (!parts_->real.wait_idle(kBackgroundEnds)) {
    http::log_error("background_work_did_not_end", {{"pieces", std::to_string(parts_->real.working())}});
    std::_Exit(3);
  }
  parts_->pool.stop();
  parts_->loops.stop();
}

bool Node::store_is_there() const { return !parts_->late || parts_->late->there(); }

bool Node::wait_idle(Milliseconds at_most) { return parts_->real.wait_idle(at_most); }

Metrics& Node::metrics() { return parts_->metrics; }
runtime::Runtime& Node::runtime() { return parts_->clock; }
runtime::EventLoops& Node::loops() { return parts_->loops; }
store::Store& Node::store() { return *parts_->store; }
store::WatchHub& Node::hub() { return *parts_->hub; }
market::ImageLibrary& Node::images() { return *parts_->images; }
market::Market& Node::market() { return *parts_->market; }

}  // namespace abc2::cli
