// Readers: a few threads that read the disk, so that no event loop ever waits for it.
// Thread-safe. The references must outlive it.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <variant>
#include <vector>

#include "engines/embedded/database.hpp"
#include "engines/embedded/document_cache.hpp"
#include "engines/embedded/requests.hpp"
#include "engines/embedded/visible.hpp"

namespace abc2::engines::embedded {

class Readers {
 public:
  Readers(Database& database, DocumentCache& cache, Visible& visible, std::size_t threads);
  // Answers everything that waits, then ends.
  ~Readers();

  // Any thread. The request is delivered back with its answer.
  void enqueue(std::variant<ReadRequest*, ScanRequest*> request);

 private:
  void run();
  void take(std::vector<std::variant<ReadRequest*, ScanRequest*>>& taken);
  void answer(ReadRequest& request);
  void answer(ScanRequest& request);

  Database& database_;
  DocumentCache& cache_;
  Visible& visible_;
  const std::size_t count_;  // of the threads
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::variant<ReadRequest*, ScanRequest*>> waiting_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace abc2::engines::embedded
