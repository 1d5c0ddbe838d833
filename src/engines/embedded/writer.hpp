// Writer: the one thread that writes. It takes everything that waits, decides each request against what is there and
// what came before it in the same group, commits the group at once, durably, makes it visible at once, and then answers
// all of it.
//
// Nothing is answered, not even a rejection, before everything that it may rest upon is durable.
// Thread-safe. The references must outlive it.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "engines/embedded/database.hpp"
#include "engines/embedded/document_cache.hpp"
#include "engines/embedded/requests.hpp"
#include "engines/embedded/visible.hpp"
#include "store/watch_waiters.hpp"

namespace abc2::engines::embedded {

// Numbers since the store was opened.
struct WriterCounters {
  std::atomic<std::uint64_t> groups = 0;         // durable commits
  std::atomic<std::uint64_t> changes = 0;        // adds, replaces and commits that were applied
  std::atomic<std::uint64_t> applied = 0;        // documents written by them
  std::atomic<std::uint64_t> rejected = 0;       // requests
  std::atomic<std::uint64_t> bytes = 0;          // of keys and values in them
  std::atomic<std::uint64_t> largest_group = 0;  // most documents of one commit
};

class Writer {
 public:
  // Wakes the waiters of each key after its new document became visible, and everybody when a commit has failed.
  Writer(Database& database, DocumentCache& cache, Visible& visible, store::WatchWaiters& waiters);
  // Answers everything that waits, then ends.
  ~Writer();

  // Any thread. `request` is delivered back with its outcome.
  void enqueue(WriteRequest* request);

  // Whether a commit has failed. Then nobody knows what is on disk, and nothing more is written.
  [[nodiscard]] bool broken() const { return broken_; }
  [[nodiscard]] const WriterCounters& counters() const { return counters_; }

 private:
  struct Group;

  void run();
  void process(const std::vector<WriteRequest*>& requests, std::size_t from, std::size_t to);
  void decide(WriteRequest& request, Group& group);
  static std::vector<Put> puts_of(const Group& group);
  Result<store::Version> current(const store::Key& key, const Group& group);
  void publish(Group& group);
  void break_down(const std::vector<WriteRequest*>& requests, std::size_t from, std::size_t to, const Error& why);

  Database& database_;
  DocumentCache& cache_;
  Visible& visible_;
  store::WatchWaiters& waiters_;
  WriterCounters counters_;
  std::atomic<bool> broken_ = false;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<WriteRequest*> waiting_;
  bool idle_ = false;
  bool closing_ = false;
  std::thread thread_;  // last: it uses all the others
};

}  // namespace abc2::engines::embedded
