#include "journal/membership.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/marks.hpp"
#include "store/each.hpp"

namespace abc2::journal {
namespace {

constexpr std::string_view kPrefix = "node/";

// FNV-1a, with a finish that lets every bit of the input reach every bit of the result (splitmix64).
std::uint64_t weight(std::string_view node, std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : {node, std::string_view("\0", 1), key})
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

store::Key key_of(std::uint64_t number) { return std::string(kPrefix) + std::to_string(number); }

}  // namespace

Membership::Membership(store::Store& store, runtime::Runtime& runtime, std::function<std::vector<store::Key>()> in_use,
                       std::function<void(const store::Key&)> used, std::string name)
    : store_(store),
      runtime_(runtime),
      in_use_(std::move(in_use)),
      used_(std::move(used)),
      id_(runtime::random_uuid(runtime)),
      name_(std::move(name)),
      since_(runtime.now()),
      alive_{id_} {}

bool Membership::dead(const store::Key& key, const NodeBeat& beat, Time now) const {
  if (beat.left || now - beat.at > long_dead) return true;
  const auto seen = seen_.find(key);
  return seen != seen_.end() && now - seen->second.changed > dead_after;
}

Task<Result<void>> Membership::look() {
  beats_.clear();
  CO_TRY_VOID(co_await store::each_versioned<NodeBeat>(
      store_, std::string(kPrefix),
      [&](const store::Key& key, store::Versioned<NodeBeat> beat) { beats_.emplace(key, std::move(beat)); }));
  const Time now = runtime_.now();
  std::vector<std::string> alive{id_};
  std::vector<NodeState> others;
  for (const auto& [key, beat] : beats_) {
    const auto [at, first] = seen_.try_emplace(key, Seen{beat.version, now});
    if (!first && at->second.version != beat.version) at->second = {beat.version, now};
    // A clock that was set back would keep the dead alive.
    if (now < at->second.changed) at->second.changed = now;
    if (beat.value.id == id_) continue;
    const bool is_dead = dead(key, beat.value, now);
    const auto is = beat.value.left ? NodeState::Is::left : is_dead ? NodeState::Is::silent : NodeState::Is::there;
    others.push_back({beat.value.id, beat.value.name, beat.value.since, false, is, now - at->second.changed,
                      beat.value.in_use.size()});
    if (is_dead) continue;
    alive.push_back(beat.value.id);
    for (const auto& head : beat.value.in_use) used_(head);
  }
  std::ranges::sort(alive);
  const auto [first, last] = std::ranges::unique(alive);
  alive.erase(first, last);
  std::ranges::sort(others, {}, [](const NodeState& node) { return std::tie(node.name, node.id); });
  const std::lock_guard lock(mutex_);
  alive_ = std::move(alive);
  others_ = std::move(others);
  co_return success();
}

Task<Result<void>> Membership::write(bool left) {
  NodeBeat mine{id_, name_, since_, ++beats_written_, left, runtime_.now(), {}};
  if (!left) mine.in_use = in_use_();
  if (mine.in_use.size() > most_in_use) mine.in_use.resize(most_in_use);
  const Time now = runtime_.now();
  // Its own, or one of the dead; otherwise the first number that nobody has had. An unknown outcome shows in the next
  // round: the document has this node's id or not.
  std::uint64_t number = 1;
  for (const bool own : {true, false}) {
    for (const auto& [key, beat] : beats_) {
      if (own ? beat.value.id != id_ : !dead(key, beat.value, now)) continue;
      CO_TRY(const auto outcome, co_await store_.replace(key, beat.version, store::encode(mine)));
      if (!own) ABC2_MARK("membership: a dead node's number was taken over");
      if (outcome.kind() != store::WriteOutcome::Kind::rejected || own) co_return success();
    }
    if (left) co_return success();
  }
  while (beats_.contains(key_of(number))) ++number;
  CO_TRY_VOID(co_await store_.add(key_of(number), store::encode(mine)));
  co_return success();
}

Task<Result<void>> Membership::round() {
  CO_TRY_VOID(co_await look());
  auto written = co_await write(false);
  co_return written;
}

Task<Result<void>> Membership::leave() {
  CO_TRY_VOID(co_await look());
  auto written = co_await write(true);
  co_return written;
}

Task<void> Membership::run() {
  if (store_.exclusive()) co_return;
  while (!runtime_.stopping()) {
    // Should the store fail, the others will be taken for what they were, and this one for dead: work is done later.
    const auto done = co_await round();
    if (!done) ABC2_MARK("membership: a round failed");
    co_await runtime_.sleep(every + Milliseconds(runtime::random_below(runtime_, 200)));
  }
  // If it cannot be said, the others find out.
  [[maybe_unused]] const auto left = co_await leave();
}

unsigned Membership::count() const {
  const std::lock_guard lock(mutex_);
  return static_cast<unsigned>(alive_.size());
}

bool Membership::mine(std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto best = std::ranges::max_element(
      alive_, {}, [key](const std::string& node) { return std::pair(weight(node, key), std::string_view(node)); });
  return *best == id_;
}

std::vector<NodeState> Membership::nodes() const {
  std::vector<NodeState> all{{id_, name_, since_, true, NodeState::Is::there, Milliseconds(0), in_use_().size()}};
  const std::lock_guard lock(mutex_);
  all.insert(all.end(), others_.begin(), others_.end());
  return all;
}

std::vector<std::string> Membership::alive() const {
  const std::lock_guard lock(mutex_);
  return alive_;
}

}  // namespace abc2::journal
