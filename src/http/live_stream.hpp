// LiveStream: server-sent events about some documents for one client. What is specific is the derived class's: which
// documents it subscribes to, and what it says when one of them has changed. States that a slow client would only have
// skipped are skipped for it. A comment is sent every kHeartbeat, so that both sides notice when the other has gone.
// Lives on one event loop.
#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/handlers.hpp"

namespace abc2::http {

class LiveStream : public BodyStream, public std::enable_shared_from_this<LiveStream> {
 public:
  ~LiveStream() override;
  LiveStream(const LiveStream&) = delete;
  LiveStream& operator=(const LiveStream&) = delete;

  Task<std::optional<std::string>> next() final;
  void stop() final;

  // Errors: too_busy: AppSettings::streams of them are open.
  static Result<void> check_room(const AppState& app);
  static Response response(std::shared_ptr<LiveStream> stream);

 protected:
  LiveStream(AppState* app, Executor loop);
  // There is something to say.
  void set_due();
  [[nodiscard]] bool stopped() const { return stopped_; }

  // The events that are due.
  virtual std::string events() = 0;
  virtual void unsubscribe() = 0;

  AppState* const app_;

 private:
  bool due_ = false;
  bool stopped_ = false;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Executor>
      timer_;
};

}  // namespace abc2::http
