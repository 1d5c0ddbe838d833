#include "engines/embedded/readers.hpp"

#include <algorithm>

#include "base/thread_name.hpp"

namespace abc2::engines::embedded {

namespace {

constexpr std::size_t kPageBytes = 8u << 20;  // a page of large documents is shorter
constexpr std::size_t kReadsAtOnce = 8;       // by one thread, answered together: each loop is woken once for them

}  // namespace

Readers::Readers(Database& database, DocumentCache& cache, Visible& visible, std::size_t threads)
    : database_(database), cache_(cache), visible_(visible), count_(std::max<std::size_t>(threads, 1)) {
  for (std::size_t i = 0; i < count_; ++i) threads_.emplace_back([this] { run(); });
}

Readers::~Readers() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  arrived_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Readers::enqueue(std::variant<ReadRequest*, ScanRequest*> request) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(request);
  }
  arrived_.notify_one();
}

void Readers::run() {
  name_thread("abc2 reader");
  Database::prepare_thread();
  std::vector<std::variant<ReadRequest*, ScanRequest*>> taken;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return !waiting_.empty() || closing_; });
      if (waiting_.empty()) return;
      take(taken);
    }
    runtime::Deliveries deliveries;
    for (const auto& next : taken) {
      std::visit(
          [&](auto* request) {
            answer(*request);
            deliveries.add(*request);
          },
          next);
    }
    deliveries.send();
  }
}

// This thread's share of the reads that wait. A scan takes long: it comes alone, and no read waits behind it.
void Readers::take(std::vector<std::variant<ReadRequest*, ScanRequest*>>& taken) {
  const std::size_t share = std::clamp<std::size_t>(waiting_.size() / count_, 1, kReadsAtOnce);
  taken.clear();
  do {
    taken.push_back(waiting_.front());
    waiting_.pop_front();
  } while (taken.size() < share && std::holds_alternative<ReadRequest*>(taken.back()) &&
           std::holds_alternative<ReadRequest*>(waiting_.front()));
}

void Readers::answer(ReadRequest& request) {
  const auto ticket = cache_.begin_read(request.key);
  request.answer = database_.read(request.key, visible_.view().get());
  if (request.answer) cache_.end_read(request.key, request.answer.value(), ticket);
}

// A long list shall not drive out of the cache what is in use: what is found here is not taken in.
void Readers::answer(ScanRequest& request) {
  const auto view = request.view ? request.view : visible_.view();
  request.answer = database_.scan(request.prefix, request.after, request.limit, kPageBytes, *view);
}

}  // namespace abc2::engines::embedded
