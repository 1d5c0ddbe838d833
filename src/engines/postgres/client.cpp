#include "engines/postgres/client.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/check.hpp"
#include "base/limits.hpp"
#include "base/thread_name.hpp"
#include "engines/postgres/binary.hpp"

namespace abc2::engines::postgres {
namespace {

constexpr std::size_t kInFlight = 128;   // of one connection
constexpr std::size_t kLookedAt = 2000;  // keys of one look
constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kPauseLeast = std::chrono::milliseconds(50);
constexpr auto kPauseMost = std::chrono::milliseconds(1000);

static_assert(kTick <= limits::watch_staleness);

}  // namespace

// The versions of some watched documents.
class Client::Look final : public Request {
 public:
  explicit Look(std::vector<store::Key> its_keys) : Request(Statement::versions), keys(std::move(its_keys)) {
    parameters.push_back(binary_array(keys));
  }
  void ended(runtime::Deliveries&) override { done = true; }

  const std::vector<store::Key> keys;
  bool done = false;
};

Client::Client(Settings settings, store::WatchWaiters& waiters)
    : settings_(std::move(settings)), waiters_(waiters), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  ABC2_CHECK(wake_fd_ >= 0, "there are no file descriptors left");
  slots_.resize(settings_.connections);
  thread_ = std::thread([this] { run(); });
}

Client::~Client() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
  close(wake_fd_);
}

void Client::wake() const {
  const std::uint64_t one = 1;
  // It can only fail when a wake-up is waiting already.
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

void Client::enqueue(Request* request) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(request);
    if (arrived_.size() > 1) return;  // whoever was first has woken it
  }
  wake();
}

Result<void> Client::wait_ready(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  state_changed_.wait_for(lock, at_most, [this] { return ready_once_ || refused_; });
  if (ready_once_) return success();
  const std::string what = "PostgreSQL at " + settings_.servers + ": " + trouble_;
  return Error(refused_ ? Code::invalid_argument : Code::unavailable, what);
}

void Client::run() {
  name_thread("abc2 postgres");
  for (;;) {
    const auto now = Clock::now();
    collect();
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      stopping = stopping_;
    }
    if (stopping && idle()) return;
    connect(now);
    if (!stopping) look_at_watched(now);
    hand_out(now);
    settle(now);
    deliveries_.send();
    if (stopping && idle()) return;
    wait(now);
  }
}

bool Client::idle() const {
  const bool waiting = !waiting_.empty() || !looks_.empty();
  return !waiting && std::ranges::all_of(slots_, [](const Slot& slot) {
    return !slot.connection || slot.connection->in_flight() == 0;
  });
}

void Client::collect() {
  const auto deadline = Clock::now() + patience;
  const std::lock_guard lock(mutex_);
  for (Request* request : arrived_) {
    request->deadline = deadline;
    waiting_.push_back(request);
  }
  arrived_.clear();
}

void Client::connect(Clock::time_point now) {
  for (Slot& slot : slots_)
    if (!slot.connection && now >= slot.try_at) slot.connection = std::make_unique<Connection>(settings_, now);
}

void Client::hand_out(Clock::time_point now) {
  while (!waiting_.empty() && waiting_.front()->deadline <= now) {
    Request* const late = waiting_.front();
    waiting_.pop_front();
    const Error error(Code::unavailable, "there is no connection to PostgreSQL; nothing was written");
    late->outcome = error;
    late->rows = error;
    late->ended(deliveries_);
  }
  while (!waiting_.empty()) {
    Connection* best = nullptr;
    for (const Slot& slot : slots_) {
      Connection* const one = slot.connection.get();
      if (one && one->state() == Connection::State::ready && one->in_flight() < kInFlight &&
          (!best || one->in_flight() < best->in_flight()))
        best = one;
    }
    if (!best) return;
    Request* const request = waiting_.front();
    waiting_.pop_front();
    best->send(request);
  }
}

void Client::look_at_watched(Clock::time_point now) {
  if (now < look_at_ || !looks_.empty()) return;
  look_at_ = now + kTick;
  std::vector<store::Key> keys = waiters_.keys();
  std::unordered_map<store::Key, std::uint64_t> still;
  for (const auto& key : keys)
    if (const auto known = seen_.find(key); known != seen_.end()) still.emplace(*known);
  seen_ = std::move(still);
  for (std::size_t at = 0; at < keys.size(); at += kLookedAt) {
    const auto begin = keys.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(std::min(kLookedAt, keys.size() - at));
    looks_.push_back(std::make_unique<Look>(std::vector<store::Key>(begin, end)));
    looks_.back()->deadline = now + patience;
    waiting_.push_back(looks_.back().get());
  }
}

// A watcher enrols before it reads the document. So it is enough to wake it when a look differs from the look before,
// and at the first look that knows its key.
void Client::compare(const Look& look) {
  if (!look.rows) return;  // the next look will do
  std::unordered_map<store::Key, std::uint64_t> now;
  for (const auto& item : look.rows.value()) now[item.key] = item.document.version.token();
  for (const auto& key : look.keys) {
    const std::uint64_t version = now[key];  // 0: absent
    const auto [known, first] = seen_.try_emplace(key, version);
    if (first || known->second != version) waiters_.wake(key);
    known->second = version;
  }
}

void Client::note_state(const Slot& slot) {
  const std::lock_guard lock(mutex_);
  if (slot.connection->state() == Connection::State::ready) {
    ready_once_ = true;
  } else if (slot.connection->state() == Connection::State::broken) {
    trouble_ = slot.connection->trouble();
    refused_ = slot.connection->refused();
  } else {
    return;
  }
  state_changed_.notify_all();
}

void Client::settle(Clock::time_point now) {
  for (Slot& slot : slots_) {
    if (!slot.connection) continue;
    slot.connection->look_at_the_clock(now);
    for (Request* request : slot.connection->take_ended()) request->ended(deliveries_);
    note_state(slot);
    if (slot.connection->state() == Connection::State::ready) slot.pause = {};
    if (slot.connection->state() != Connection::State::broken) continue;
    slot.connection.reset();
    slot.pause =
        std::clamp(slot.pause * 2, std::chrono::milliseconds(kPauseLeast), std::chrono::milliseconds(kPauseMost));
    slot.try_at = now + slot.pause;
  }
  for (auto look = looks_.begin(); look != looks_.end();) {
    if (!(*look)->done) {
      ++look;
      continue;
    }
    compare(**look);
    look = looks_.erase(look);
  }
}

void Client::wait(Clock::time_point now) {
  std::vector<pollfd> fds{{wake_fd_, POLLIN, 0}};
  std::vector<Connection*> polled;
  for (const Slot& slot : slots_) {
    if (!slot.connection || slot.connection->socket() < 0) continue;
    fds.push_back({slot.connection->socket(), slot.connection->events(), 0});
    polled.push_back(slot.connection.get());
  }
  const auto until = std::clamp(look_at_ - now, Clock::duration(0), Clock::duration(kTick));
  const int ms = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until).count());
  if (poll(fds.data(), fds.size(), std::max(ms, 1)) <= 0) return;
  std::uint64_t count = 0;
  if (fds[0].revents != 0) {
    [[maybe_unused]] const auto read_bytes = read(wake_fd_, &count, sizeof count);
  }
  for (std::size_t i = 0; i < polled.size(); ++i) polled[i]->progress(fds[i + 1].revents);
}

}  // namespace abc2::engines::postgres
