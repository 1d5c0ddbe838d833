// WatchHub: follows documents for many subscribers with one get-and-subscribe per node and key.
//
//   auto subscription = hub.subscribe("campaign/alice/1", loop, [](const Snapshot& now) { ... });
//   if (!subscription) ...          // the key is none
//   ...                             // the callback runs on `loop`, first with the state there is, then with every
//   latest
//   // and no more once the subscription is gone
//
// A document that changes faster than a subscriber's loop gets to it is coalesced: states in between are skipped, the
// latest never is. While the store fails, subscribers keep what they were told last, and the hub goes on trying with
// a jittered back-off.
//
// Thread-safe. The store and the runtime outlive the work that the hub spawned (Runtime's wait for spawned work); the
// hub itself may go before its subscriptions.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "store/store.hpp"

namespace abc2::store {

class WatchHub {
  struct State;
  struct Topic;
  struct Subscriber;

 public:
  struct Settings {
    // How long one watch lasts at most, and so how long a key is followed after its last subscriber has left.
    Milliseconds watch_at_most{5000};
    Milliseconds first_back_off{20};
    Milliseconds longest_back_off{2000};
  };
  using Callback = std::function<void(const Snapshot&)>;

  // Ends the subscription with its life. Destroyed on the subscriber's own loop, no callback runs afterwards; destroyed
  // elsewhere, one may just be running. It must go before the subscriber's event loop does. Movable.
  class Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&& other) noexcept;
    ~Subscription();

   private:
    friend class WatchHub;
    Subscription(std::shared_ptr<State> state, std::shared_ptr<Topic> topic, std::shared_ptr<Subscriber> subscriber);
    void leave();

    std::shared_ptr<State> state_;
    std::shared_ptr<Topic> topic_;
    std::shared_ptr<Subscriber> subscriber_;
  };

  WatchHub(Store& store, runtime::Runtime& runtime, Settings settings);
  WatchHub(Store& store, runtime::Runtime& runtime) : WatchHub(store, runtime, Settings{}) {}
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // `callback` is posted to `where`, never run by subscribe() itself, and must not throw. The first subscriber's loop
  // is the one on which the key is followed. After the runtime was stopped there are no more callbacks.
  // Errors: invalid_argument (key).
  Result<Subscription> subscribe(Key key, Executor where, Callback callback);

  // The keys that have a subscriber, in no order.
  [[nodiscard]] std::vector<Key> watched_keys() const;

  // How many keys are being followed, subscribers or not, and for how many of them the store failed last time.
  struct Health {
    std::size_t followed = 0;
    std::size_t failing = 0;
  };
  [[nodiscard]] Health health() const;

 private:
  static Task<void> follow(std::shared_ptr<State> state, std::shared_ptr<Topic> topic);

  std::shared_ptr<State> state_;
};

}  // namespace abc2::store
