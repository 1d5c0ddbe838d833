#include "clients.hpp"

#include <chrono>
#include <deque>
#include <mutex>
#include <random>
#include <set>
#include <unordered_map>

#include "runtime/event_loops.hpp"

namespace abc2::registers {
namespace {

using store::WriteOutcome;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// What all clients of a process share. Thread-safe.
class Town {
 public:
  Town(store::Store& its_store, runtime::Runtime& its_runtime, const ClientSettings& its_settings,
       const std::atomic<bool>& over, const std::function<void(const Operation&)>& tell)
      : store(its_store), runtime(its_runtime), settings(its_settings), over_(over), tell_(tell) {}

  store::Store& store;
  runtime::Runtime& runtime;
  const ClientSettings& settings;

  // Whether there is another operation to be made.
  bool another() {
    if (over_.load()) return false;
    return settings.operations == 0 || begun_.fetch_add(1) < settings.operations;
  }
  // The number of the documents that are fresh now.
  std::int64_t fresh() const {
    if (settings.fresh_ms != 0) return now_ns() / 1'000'000 / settings.fresh_ms;
    return static_cast<std::int64_t>(ended_.load() / settings.fresh_operations);
  }
  void told(const Operation& operation) {
    const std::lock_guard lock(mutex_);
    ended_.fetch_add(1);
    keys_.insert(operation.key);
    tell_(operation);
  }
  std::set<std::string> keys() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

 private:
  const std::atomic<bool>& over_;
  const std::function<void(const Operation&)>& tell_;
  std::atomic<std::size_t> begun_ = 0, ended_ = 0;
  mutable std::mutex mutex_;
  std::set<std::string> keys_;
};

class Client {
 public:
  Client(Town& town, std::string name, std::uint64_t seed) : town_(town), name_(std::move(name)), random_(seed) {}

  Task<void> live() {
    while (town_.another()) {
      choose();
      const std::uint64_t what = draw(100);
      if (what < 5) {
        co_await scan();
      } else if (what < 45) {
        co_await get(key_);
      } else {
        co_await write();
      }
      co_await rest();
    }
  }

  // Each of these keys once, again if there is no answer. `failed` says whether there was none for too long.
  Task<void> read_all(std::set<std::string> keys, bool* failed) {
    int patience = 300;
    for (const auto& key : keys)
      while (!co_await get(key)) {
        *failed = --patience == 0;
        if (*failed) co_return;
        co_await town_.runtime.sleep(Milliseconds(100));
      }
  }

 private:
  // How far back a document may be that is looked at again, and how many versions a client remembers of one.
  static constexpr std::int64_t kBack = 20;
  static constexpr std::size_t kRemembered = 3;

  std::uint64_t draw(std::uint64_t below) {
    return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random_);
  }

  void choose() {
    std::int64_t round = town_.fresh();
    if (draw(10) == 0) round -= static_cast<std::int64_t>(draw(static_cast<std::uint64_t>(std::min(round, kBack)) + 1));
    round_prefix_ = town_.settings.prefix + std::to_string(round) + "/";
    key_ = round_prefix_ + std::to_string(draw(town_.settings.documents));
  }

  Operation begin(Verb verb, std::string key) {
    Operation operation;
    operation.key = std::move(key);
    operation.client = name_;
    operation.verb = verb;
    operation.start = now_ns();
    return operation;
  }
  void end(Operation& operation) {
    operation.end = now_ns();
    town_.told(operation);
  }

  // Versions that were seen of it, the newest first.
  std::deque<std::uint64_t>& known(const std::string& key) {
    if (known_.size() > 200) known_.clear();
    return known_[key];
  }
  void remember(const std::string& key, std::uint64_t version) {
    auto& versions = known(key);
    if (!versions.empty() && versions.front() == version) return;
    versions.push_front(version);
    if (versions.size() > kRemembered) versions.pop_back();
  }

  Task<bool> get(std::string key) {
    Operation operation = begin(Verb::get, key);
    const auto found = co_await town_.store.get(key);
    if (!found) {
      operation.outcome = Outcome::error;
    } else if (found.value()) {
      operation.value = found.value()->value;
      operation.version = found.value()->version.token();
      remember(key, *operation.version);
    }
    end(operation);
    co_return bool(found);
  }

  // A page shows each of its documents as a get would, and that the others are absent.
  Task<void> scan() {
    const Operation asked = begin(Verb::get, round_prefix_);
    const auto page = co_await town_.store.scan(asked.key, "", town_.settings.documents);
    if (!page) co_return;
    for (std::size_t i = 0; i < town_.settings.documents; ++i) {
      Operation operation = asked;
      operation.key += std::to_string(i);
      for (const auto& item : page.value().items)
        if (item.key == operation.key) {
          operation.value = item.document.value;
          operation.version = item.document.version.token();
        }
      end(operation);
    }
  }

  Task<void> write() {
    auto& versions = known(key_);
    const bool adds = versions.empty() || draw(10) == 0;
    Operation operation = begin(adds ? Verb::add : Verb::replace, key_);
    operation.value = name_ + "." + std::to_string(++written_);
    // Sometimes of a version that is known to be old.
    if (!adds) operation.expected = draw(8) == 0 ? versions.back() : versions.front();
    Result<WriteOutcome> answer = WriteOutcome::unknown();
    operation.start = now_ns();
    if (adds) {
      answer = co_await town_.store.add(key_, *operation.value);
    } else {
      answer = co_await town_.store.replace(key_, store::Version(*operation.expected), *operation.value);
    }
    operation.outcome = Outcome::error;
    if (answer) {
      switch (answer.value().kind()) {
        case WriteOutcome::Kind::applied:
          operation.outcome = Outcome::applied;
          operation.version = answer.value().version().token();
          break;
        case WriteOutcome::Kind::rejected: operation.outcome = Outcome::rejected; break;
        case WriteOutcome::Kind::unknown: operation.outcome = Outcome::unknown; break;
      }
    }
    end(operation);
    if (operation.version) {
      remember(key_, *operation.version);
    } else {
      co_await get(key_);
    }
  }

  // Lets others have their turn, in any case.
  Task<void> rest() {
    const double mean_ms = static_cast<double>(town_.settings.pause_ms);
    const double ms = mean_ms > 0 ? std::exponential_distribution<double>(1 / mean_ms)(random_) : 0;
    co_await town_.runtime.sleep(Milliseconds(static_cast<std::int64_t>(ms + 0.5)));
  }

  Town& town_;
  const std::string name_;
  std::mt19937_64 random_;
  std::string round_prefix_, key_;
  std::unordered_map<std::string, std::deque<std::uint64_t>> known_;
  std::uint64_t written_ = 0;
};

}  // namespace

bool run_clients(store::Store& store, runtime::AsioRuntime& runtime, const ClientSettings& settings,
                 const std::atomic<bool>& over, const std::function<void(const Operation&)>& tell) {
  Town town(store, runtime, settings, over, tell);
  runtime::EventLoops loops(settings.threads);
  std::deque<Client> clients;
  for (std::size_t i = 0; i < settings.clients; ++i) {
    clients.emplace_back(town, settings.name + "." + std::to_string(i), settings.seed * 1'000'003 + i);
    runtime.spawn(loops.next(), "client", clients.back().live());
  }
  loops.start();
  while (!runtime.wait_idle(std::chrono::hours(1))) continue;
  bool failed = false;
  runtime.spawn(loops.next(), "last reads", clients.front().read_all(town.keys(), &failed));
  while (!runtime.wait_idle(std::chrono::hours(1))) continue;
  loops.stop();
  return !failed;
}

}  // namespace abc2::registers
