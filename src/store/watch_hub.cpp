#include "store/watch_hub.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace abc2::store {

// One who subscribed. Guarded by State::mutex, but for the callback, which only its own loop runs.
struct WatchHub::Subscriber {
  Executor where;
  Callback callback;
  std::shared_ptr<const Snapshot> next;  // what it has not been told yet
  bool posted = false;                   // whether a delivery is on its way
  bool left = false;

  // Hands `latest` over, under the lock. Deliveries that have not run yet are overtaken by it.
  static void tell(const std::shared_ptr<State>& state, const std::shared_ptr<Subscriber>& self,
                   std::shared_ptr<const Snapshot> latest);
};

// One key that is followed, by exactly one coroutine for as long as it is in State::topics.
struct WatchHub::Topic {
  Key key;
  std::shared_ptr<const Snapshot> latest;  // null until the store has answered for the first time
  std::vector<std::shared_ptr<Subscriber>> subscribers;
  bool failing = false;
};

struct WatchHub::State {
  State(Store& its_store, runtime::Runtime& its_runtime, Settings its_settings)
      : store(its_store), runtime(its_runtime), settings(its_settings) {}

  // Whether to go on following; if not, `topic` is forgotten in the same breath, so that whoever subscribes next
  // starts afresh.
  bool goes_on(const std::shared_ptr<Topic>& topic) {
    const std::lock_guard lock(mutex);
    if (!topic->subscribers.empty() && !runtime.stopping()) return true;
    topics.erase(topic->key);
    return false;
  }

  Store& store;
  runtime::Runtime& runtime;
  const Settings settings;
  std::mutex mutex;
  std::unordered_map<Key, std::shared_ptr<Topic>> topics;
};

void WatchHub::Subscriber::tell(const std::shared_ptr<State>& state, const std::shared_ptr<Subscriber>& self,
                                std::shared_ptr<const Snapshot> latest) {
  self->next = std::move(latest);
  if (std::exchange(self->posted, true)) return;
  boost::asio::post(self->where, [state, self] {
    std::shared_ptr<const Snapshot> news;
    {
      const std::lock_guard lock(state->mutex);
      self->posted = false;
      if (self->left) return;
      news = std::move(self->next);
    }
    self->callback(*news);
  });
}

WatchHub::WatchHub(Store& store, runtime::Runtime& runtime, Settings settings)
    : state_(std::make_shared<State>(store, runtime, settings)) {}

Result<WatchHub::Subscription> WatchHub::subscribe(Key key, Executor where, Callback callback) {
  TRY_VOID(check_key(key));
  auto subscriber = std::make_shared<Subscriber>(Subscriber{where, std::move(callback), nullptr});
  std::shared_ptr<Topic> topic;
  bool first = false;
  {
    const std::lock_guard lock(state_->mutex);
    auto& place = state_->topics[key];
    if (!place) {
      place = std::make_shared<Topic>(Topic{std::move(key), nullptr, {}});
      first = true;
    }
    topic = place;
    topic->subscribers.push_back(subscriber);
    if (topic->latest) Subscriber::tell(state_, subscriber, topic->latest);
  }
  if (first) state_->runtime.spawn(where, "watch", follow(state_, topic));
  return Subscription(state_, std::move(topic), std::move(subscriber));
}

Task<void> WatchHub::follow(std::shared_ptr<State> state, std::shared_ptr<Topic> topic) {
  auto& [store, runtime, settings, mutex, topics] = *state;
  Milliseconds back_off = settings.first_back_off;
  std::optional<Version> seen;
  while (state->goes_on(topic)) {
    // The first look does not wait: absent is news, too.
    const Milliseconds at_most = topic->latest ? settings.watch_at_most : Milliseconds(0);
    auto answer = co_await store.watch(topic->key, seen, at_most);
    if (!answer) {
      bool first_failure = false;
      {
        const std::lock_guard lock(mutex);
        first_failure = !std::exchange(topic->failing, true);
      }
      if (first_failure) spdlog::warn("watching {}: {}; trying again", topic->key, answer.error().message());
      // Jittered, so that nodes that lost the store together do not come back together.
      const auto jitter = runtime::random_below(runtime, static_cast<std::uint64_t>(back_off.count()) + 1);
      co_await runtime.sleep(back_off / 2 + Milliseconds(jitter));
      back_off = std::min(back_off * 2, settings.longest_back_off);
      continue;
    }
    back_off = settings.first_back_off;
    auto now = std::make_shared<const Snapshot>(std::move(answer).value());
    const std::lock_guard lock(mutex);
    topic->failing = false;
    if (topic->latest && topic->latest->has_value() == now->has_value() && (!*now || (*now)->version == seen)) continue;
    seen = *now ? std::optional((*now)->version) : std::nullopt;
    topic->latest = now;
    for (const auto& subscriber : topic->subscribers) Subscriber::tell(state, subscriber, now);
  }
}

std::vector<Key> WatchHub::watched_keys() const {
  std::vector<Key> keys;
  const std::lock_guard lock(state_->mutex);
  for (const auto& [key, topic] : state_->topics)
    if (!topic->subscribers.empty()) keys.push_back(key);
  return keys;
}

WatchHub::Health WatchHub::health() const {
  Health health;
  const std::lock_guard lock(state_->mutex);
  health.followed = state_->topics.size();
  for (const auto& [key, topic] : state_->topics) health.failing += topic->failing;
  return health;
}

WatchHub::Subscription::Subscription(std::shared_ptr<State> state, std::shared_ptr<Topic> topic,
                                     std::shared_ptr<Subscriber> subscriber)
    : state_(std::move(state)), topic_(std::move(topic)), subscriber_(std::move(subscriber)) {}

WatchHub::Subscription& WatchHub::Subscription::operator=(Subscription&& other) noexcept {
  if (this == &other) return *this;
  leave();
  state_ = std::move(other.state_);
  topic_ = std::move(other.topic_);
  subscriber_ = std::move(other.subscriber_);
  return *this;
}

WatchHub::Subscription::~Subscription() { leave(); }

void WatchHub::Subscription::leave() {
  if (!state_) return;
  {
    const std::lock_guard lock(state_->mutex);
    subscriber_->left = true;
    std::erase(topic_->subscribers, subscriber_);
  }
  state_.reset();
}

}  // namespace abc2::store
