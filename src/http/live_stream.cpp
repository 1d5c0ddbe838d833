#include "http/live_stream.hpp"

#include <boost/asio/redirect_error.hpp>

namespace abc2::http {

namespace {

constexpr std::chrono::seconds kHeartbeat{15};

}  // namespace

LiveStream::LiveStream(AppState* app, Executor loop) : app_(app), timer_(loop) { ++app_->streams; }

LiveStream::~LiveStream() { --app_->streams; }

Result<void> LiveStream::check_room(const AppState& app) {
  if (app.streams >= app.settings.streams) return Error(Code::too_busy, "too many clients follow live events");
  return success();
}

void LiveStream::set_due() {
  due_ = true;
  timer_.cancel();
}

Task<std::optional<std::string>> LiveStream::next() {
  if (!due_ && !stopped_) {
    timer_.expires_after(kHeartbeat);
    boost::system::error_code woken;
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>(), woken));
  }
  if (stopped_) co_return std::nullopt;
  if (!due_) co_return ": still here\n\n";
  due_ = false;
  co_return events();
}

void LiveStream::stop() {
  stopped_ = true;
  unsubscribe();
  timer_.cancel();
}

Response LiveStream::response(std::shared_ptr<LiveStream> stream) {
  Response response;
  response.set("Content-Type", "text/event-stream");
  response.set("Cache-Control", "no-store");
  response.set("X-Accel-Buffering", "no");  // a proxy must not wait for more
  response.stream = std::move(stream);
  return response;
}

}  // namespace abc2::http
