#include "engines/embedded/writer.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <string_view>
#include <utility>

#include "base/thread_name.hpp"

namespace abc2::engines::embedded {

namespace {

// A commit larger than this only makes the first of the group wait for the last.
constexpr std::size_t kGroupBytes = 8u << 20;
constexpr std::size_t kGroupRequests = 4096;

}  // namespace

struct Writer::Group {
  // What is to be committed, and the versions that it gives to keys: later requests are decided against these.
  std::vector<std::pair<store::Write*, store::Version>> applied;
  boost::unordered_flat_map<std::string_view, store::Version> versions;
  std::size_t bytes = 0;
  std::size_t changes = 0;
};

Writer::Writer(Database& database, DocumentCache& cache, Visible& visible, store::WatchWaiters& waiters)
    : database_(database), cache_(cache), visible_(visible), waiters_(waiters), thread_([this] { run(); }) {}

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
  name_thread("abc2 writer");
  Database::prepare_thread();
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
      while (to < taken.size() && to - from < kGroupRequests && bytes < kGroupBytes)
        for (const auto& write : taken[to++]->writes) bytes += write.value.size();
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
    const auto puts = puts_of(group);
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

// In the order of keys, so that RocksDB finds the place of each beside that of the one before; of a key that is written
// several times, the last, since nobody sees a group in parts.
std::vector<Put> Writer::puts_of(const Group& group) {
  std::vector<Put> puts;
  puts.reserve(group.applied.size());
  for (const auto& [write, version] : group.applied) {
    if (group.versions.at(write->key) == version) puts.push_back({write->key, write->value, version});
  }
  std::ranges::sort(puts, {}, &Put::key);
  return puts;
}

// 0: absent.
Result<store::Version> Writer::current(const store::Key& key, const Group& group) {
  if (const auto earlier = group.versions.find(key); earlier != group.versions.end()) return earlier->second;
  Document now;
  if (auto cached = cache_.find(key)) {
    now = *std::move(cached);
  } else {
    TRY(now, database_.read(key));
  }
  return now ? now->version : store::Version(0);
}

void Writer::decide(WriteRequest& request, Group& group) {
  for (const auto& write : request.writes) {
    const auto now = current(write.key, group);
    if (!now) {
      request.outcome = now.error();
      return;
    }
    if (now.value() != write.expected.value_or(store::Version(0)) || write.expected == store::Version(0)) {
      request.outcome = store::WriteOutcome::Kind::rejected;
      counters_.rejected.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
  for (auto& write : request.writes) {
    const store::Version next(write.expected ? write.expected->token() + 1 : 1);
    group.versions.insert_or_assign(write.key, next);
    group.applied.emplace_back(&write, next);
    group.bytes += write.key.size() + write.value.size();
  }
  request.outcome = store::WriteOutcome::Kind::applied;
  ++group.changes;
  request.first_version = group.versions.at(request.writes.front().key);
}

void Writer::publish(Group& group) {
  if (group.applied.empty()) return;
  std::vector<Document> documents;
  documents.reserve(group.applied.size());
  for (auto& [write, version] : group.applied)
    documents.push_back(std::make_shared<const store::Stored>(store::Stored{std::move(write->value), version}));
  visible_.publish(database_.view(), [&] {
    for (std::size_t i = 0; i < documents.size(); ++i)
      cache_.write(group.applied[i].first->key, std::move(documents[i]));
  });
  for (const auto& [write, version] : group.applied) waiters_.wake(write->key);
  counters_.groups.fetch_add(1, std::memory_order_relaxed);
  counters_.changes.fetch_add(group.changes, std::memory_order_relaxed);
  counters_.applied.fetch_add(group.applied.size(), std::memory_order_relaxed);
  counters_.bytes.fetch_add(group.bytes, std::memory_order_relaxed);
  if (group.applied.size() > counters_.largest_group.load(std::memory_order_relaxed))
    counters_.largest_group.store(group.applied.size(), std::memory_order_relaxed);
}

void Writer::break_down(const std::vector<WriteRequest*>& requests, std::size_t from, std::size_t to,
                        const Error& why) {
  broken_ = true;
  spdlog::critical(
      "{}. The {} requests of the group are unknown, and the store is unavailable from now on: make room or repair "
      "the disk, then start again",
      why.message(), to - from);
  // Also of what was rejected: it may have been by a write of the same group.
  for (std::size_t i = from; i < to; ++i) requests[i]->outcome = store::WriteOutcome::Kind::unknown;
  waiters_.wake_all();
}

}  // namespace abc2::engines::embedded
