#include "runtime/mailbox.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace abc2::runtime {

Mailbox::Mailbox(boost::asio::execution_context& context)
    : service(context), executor_(static_cast<boost::asio::io_context&>(context).get_executor()) {}

Mailbox& Mailbox::of(Executor executor) { return boost::asio::use_service<Mailbox>(executor.context()); }

void Mailbox::expect_one() {
  const std::lock_guard lock(mutex_);
  ++under_way_;
}

void Mailbox::deliver(const std::vector<Completion*>& finished) {
  // To the end under the lock: afterwards the loop, and this mailbox with it, may be gone.
  const std::lock_guard lock(mutex_);
  finished_.insert(finished_.end(), finished.begin(), finished.end());
  under_way_ -= finished.size();
  if (!std::exchange(posted_, true)) post_drain();
  if (under_way_ == 0) all_back_.notify_all();
}

void Mailbox::post_drain() {
  boost::asio::post(executor_, [this] { drain(); });
}

void Mailbox::drain() {
  std::vector<Completion*> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
    posted_ = false;
  }
  // Asio sees to it that an exception at one coroutine's end does not come out before all have gone on.
  for (auto* completion : finished) {
    // It lives in the frame of the coroutine that it resumes: not to be touched afterwards.
    auto handler = *std::move(completion->handler_);
    handler();
  }
}

void Mailbox::shutdown() {
  std::vector<Completion*> finished;
  {
    std::unique_lock lock(mutex_);
    all_back_.wait(lock, [&] { return under_way_ == 0; });
    finished.swap(finished_);
  }
  // The handler owns the coroutine; with it the frame goes, in which the completion itself lies.
  for (auto* completion : finished) const auto handler = *std::move(completion->handler_);
}

void Deliveries::add(Completion& completion) {
  for (auto& [mailbox, finished] : by_loop_) {
    if (mailbox != completion.mailbox_) continue;
    finished.push_back(&completion);
    return;
  }
  by_loop_.emplace_back(completion.mailbox_, std::vector<Completion*>{&completion});
}

void Deliveries::send() {
  for (auto& [mailbox, finished] : by_loop_) mailbox->deliver(finished);
  by_loop_.clear();
}

}  // namespace abc2::runtime
