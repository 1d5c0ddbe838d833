#include "engines/embedded/readers.hpp"

#include <algorithm>

namespace abc2::engines::embedded {

namespace {

constexpr std::size_t kPageBytes = 8u << 20;  // a page of large documents is shorter

}  // namespace

Readers::Readers(Database& database, DocumentCache& cache, std::size_t threads) : database_(database), cache_(cache) {
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
  request.answer = database_.read(request.key);
  if (request.answer) cache_.end_read(request.key, request.answer.value(), ticket);
}

void Readers::answer(ScanRequest& request) {
  request.answer = database_.scan(request.prefix, request.after, request.limit, kPageBytes);
  if (!request.answer) return;
  // What a scan has shown, a get that comes after it must not take back; but a long list shall not drive out of the
  // cache what is in use.
  for (const auto& found : request.answer.value().items) cache_.correct(found.key, found.document);
}

}  // namespace abc2::engines::embedded
