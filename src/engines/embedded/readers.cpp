#include "engines/embedded/readers.hpp"

#include <algorithm>

#include "base/thread_name.hpp"

namespace abc2::engines::embedded {

namespace {

constexpr std::size_t kPageBytes = 8u << 20;  // a page of large documents is shorter

}  // namespace

Readers::Readers(Database& database, DocumentCache& cache, Visible& visible, std::size_t threads)
    : database_(database), cache_(cache), visible_(visible) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) threads_.emplace_back([this] { run(); });
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
  for (;;) {
    std::variant<ReadRequest*, ScanRequest*> next;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return !waiting_.empty() || closing_; });
      if (waiting_.empty()) return;
      next = waiting_.front();
      waiting_.pop_front();
    }
    runtime::Deliveries deliveries;
    std::visit(
        [&](auto* request) {
          answer(*request);
          deliveries.add(*request);
        },
        next);
    deliveries.send();
  }
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
