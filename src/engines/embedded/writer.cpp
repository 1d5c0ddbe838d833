#include "engines/embedded/writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace abc2::engines::embedded {

namespace {

// A commit larger than this only makes the first of the group wait for the last.
constexpr std::size_t kGroupBytes = 8u << 20;
constexpr std::size_t kGroupWrites = 4096;

}  // namespace

struct Writer::Group {
  std::vector<WriteRequest*> applied;
  // The versions that this group gives to keys: what later writes of the group are decided against.
  std::unordered_map<std::string_view, store::Version> versions;
  std::size_t bytes = 0;
};

Writer::Writer(Database& database, DocumentCache& cache, store::WatchWaiters& waiters)
    : database_(database), cache_(cache), waiters_(waiters), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

void Writer::enqueue(WriteRequest* request) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(request);
    wake = std::exchange(idle_, false);
  }
  if (wake) arrived_.notify_one();
}

void Writer::run() {
  std::vector<WriteRequest*> taken;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      while (waiting_.empty() && !closing_) {
        idle_ = true;
        arrived_.wait(lock);
      }
      idle_ = false;
      if (waiting_.empty()) return;
      taken.swap(waiting_);
    }
    for (std::size_t from = 0; from < taken.size();) {
      std::size_t to = from;
      std::size_t bytes = 0;
      while (to < taken.size() && to - from < kGroupWrites && bytes < kGroupBytes) bytes += taken[to++]->value.size();
      process(taken, from, to);
      from = to;
    }
    taken.clear();
  }
}

void Writer::process(const std::vector<WriteRequest*>& requests, std::size_t from, std::size_t to) {
  Group group;
  runtime::Deliveries deliveries;
  if (broken_) {
    for (std::size_t i = from; i < to; ++i)
      requests[i]->outcome = Error(Code::unavailable, "an earlier commit failed; nothing more is written");
  } else {
    for (std::size_t i = from; i < to; ++i) decide(*requests[i], group);
    std::vector<Put> puts;
    puts.reserve(group.applied.size());
    for (const auto* request : group.applied)
      puts.push_back({request->key, request->value, request->outcome.value().version()});
    const auto committed = puts.empty() ? Result<void>(success()) : database_.commit(puts);
    if (committed) {
      publish(group);
    } else {
      break_down(requests, from, to, committed.error());
    }
  }
  for (std::size_t i = from; i < to; ++i) deliveries.add(*requests[i]);
  deliveries.send();
}

void Writer::decide(WriteRequest& request, Group& group) {
  store::Version current(0);  // absent
  if (const auto earlier = group.versions.find(request.key); earlier != group.versions.end()) {
    current = earlier->second;
  } else if (auto cached = cache_.find(request.key)) {
    if (*cached) current = (*cached)->version;
  } else {
    auto found = database_.read(request.key);
    if (!found) {
      request.outcome = std::move(found).error();
      return;
    }
    if (found.value()) current = found.value()->version;
  }
  const bool absent = current == store::Version(0);
  if (request.expected ? absent || current != *request.expected : !absent) {
    request.outcome = store::WriteOutcome::rejected();
    counters_.rejected.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const store::Version next(current.token() + 1);
  request.outcome = store::WriteOutcome::applied(next);
  group.versions.insert_or_assign(request.key, next);
  group.applied.push_back(&request);
  group.bytes += request.key.size() + request.value.size();
  cache_.begin_write(request.key);
}

void Writer::publish(Group& group) {
  if (group.applied.empty()) return;
  for (auto* request : group.applied) {
    cache_.end_write(request->key, std::make_shared<const store::Stored>(
                                       store::Stored{std::move(request->value), request->outcome.value().version()}));
    waiters_.wake(request->key);
  }
  counters_.groups.fetch_add(1, std::memory_order_relaxed);
  counters_.applied.fetch_add(group.applied.size(), std::memory_order_relaxed);
  counters_.bytes.fetch_add(group.bytes, std::memory_order_relaxed);
  if (group.applied.size() > counters_.largest_group.load(std::memory_order_relaxed))
    counters_.largest_group.store(group.applied.size(), std::memory_order_relaxed);
}

void Writer::break_down(const std::vector<WriteRequest*>& requests, std::size_t from, std::size_t to,
                        const Error& why) {
  broken_ = true;
  spdlog::critical(
      "{}. The {} writes of the group are unknown, and the store is unavailable from now on: make room or repair "
      "the disk, then start again",
      why.message(), to - from);
  // Also of what was rejected: it may have been by a write of the same group.
  for (std::size_t i = from; i < to; ++i) requests[i]->outcome = store::WriteOutcome::unknown();
  waiters_.wake_all();
}

}  // namespace abc2::engines::embedded
