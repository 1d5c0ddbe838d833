#include "journal/recoverer.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/marks.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::journal {

Recoverer::Recoverer(runtime::Runtime& runtime, std::function<unsigned()> nodes, Milliseconds stays_in_use)
    : runtime_(runtime), nodes_(std::move(nodes)), stays_in_use_(stays_in_use) {}

Recoverer::Entry& Recoverer::enter(JournalKind& kind, const store::Key& head, Time now) {
  const auto [at, added] = in_use_.try_emplace(head, Entry{&kind, now, now, std::nullopt});
  if (!added) at->second.used = now;
  return at->second;
}

void Recoverer::use(JournalKind& kind, const store::Key& head) {
  const Time now = runtime_.now();
  const std::lock_guard lock(mutex_);
  enter(kind, head, now).used_here = now;
}

void Recoverer::use_elsewhere(JournalKind& kind, const store::Key& head) {
  const Time now = runtime_.now();
  const std::lock_guard lock(mutex_);
  enter(kind, head, now);
}

std::vector<store::Key> Recoverer::used_here() const {
  const Time now = runtime_.now();
  std::vector<std::pair<Time, store::Key>> found;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [head, entry] : in_use_)
      if (entry.used_here && now - *entry.used_here <= stays_in_use_) found.emplace_back(*entry.used_here, head);
  }
  std::ranges::sort(found, std::greater());
  std::vector<store::Key> heads;
  for (auto& [at, head] : found) heads.push_back(std::move(head));
  return heads;
}

std::vector<std::pair<store::Key, JournalKind*>> Recoverer::due() {
  const Time now = runtime_.now();
  const unsigned nodes = std::max(1u, nodes_());
  std::vector<std::pair<store::Key, JournalKind*>> turns;
  const std::lock_guard lock(mutex_);
  boost::unordered::erase_if(in_use_, [&](const auto& one) {
    // A last look comes after the last use, so that what was begun then is seen.
    const Entry& entry = one.second;
    return now - entry.used > stays_in_use_ && entry.looked > entry.used + limits::recovery_grace;
  });
  for (auto& [head, entry] : in_use_) {
    // A clock that was set back would make it wait: any distance counts.
    const bool too_long = now - entry.looked > limits::recovery_longest - limits::recovery_dice || now < entry.looked;
    if (too_long || runtime::random_below(runtime_, nodes) == 0) {
      entry.looked = now;
      turns.emplace_back(head, entry.kind);
    }
  }
  return turns;
}

Task<void> Recoverer::look(JournalKind* kind, store::Key head, std::size_t* failed) {
  looks_.fetch_add(1, std::memory_order_relaxed);
  const auto found = co_await kind->recover(std::move(head), limits::recovery_grace);
  if (!found) {
    (found.error().code() == Code::corrupt ? corruptions_ : errors_).fetch_add(1, std::memory_order_relaxed);
    ABC2_MARK("recoverer: a look failed");
    ++*failed;
    co_return;
  }
  if (found.value() == Recovered::settled) settled_.fetch_add(1, std::memory_order_relaxed);
  if (found.value() == Recovered::passed_void) voids_.fetch_add(1, std::memory_order_relaxed);
}

Task<std::size_t> Recoverer::round() {
  // Several looks at a time, since each that finds something waits for the grace.
  constexpr std::size_t at_a_time = 64;
  const auto turns = due();
  std::size_t errors = 0;
  co_await runtime::concurrently(runtime_, "recoverer", turns.size(), at_a_time,
                                 [&](std::size_t i) { return look(turns[i].second, turns[i].first, &errors); });
  co_return errors;
}

Task<void> Recoverer::run() {
  Milliseconds pause = limits::recovery_dice;
  while (!runtime_.stopping()) {
    co_await runtime_.sleep(pause);
    const std::size_t errors = co_await round();
    // Behind a failing store: up to half of recovery_longest, with jitter, so that the nodes do not return at once.
    const auto jitter = Milliseconds(runtime::random_below(runtime_, limits::recovery_dice.count() / 4));
    pause = errors ? std::min<Milliseconds>(pause * 2, limits::recovery_longest / 2) + jitter : limits::recovery_dice;
  }
}

std::size_t Recoverer::in_use() const {
  const std::lock_guard lock(mutex_);
  return in_use_.size();
}

RecoveryCounts Recoverer::counts() const {
  return {looks_.load(), settled_.load(), voids_.load(), errors_.load(), corruptions_.load()};
}

}  // namespace abc2::journal
