// CampaignStream: the live events of one campaign for one client, as server-sent events:
//
//   event: campaign
//   data: {"seller":"bob","number":1, ... }     the same as GET /api/campaigns/bob/1
//
// first with the state there is, then with every latest. States that a slow client would only have skipped are
// skipped for it. A comment is sent every kHeartbeat, so that both sides notice when the other has gone.
// Lives on one event loop.
#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/handlers.hpp"

namespace abc2::http {

class CampaignStream final : public BodyStream, public std::enable_shared_from_this<CampaignStream> {
 public:
  // Errors: too_busy (AppSettings::streams), invalid_argument.
  static Result<std::shared_ptr<CampaignStream>> open(AppState* app, Executor loop, std::string seller,
                                                      std::uint64_t number);
  ~CampaignStream() override;

  Task<std::optional<std::string>> next() override;
  void stop() override;

 private:
  CampaignStream(AppState* app, Executor loop, std::string seller, std::uint64_t number);
  void on_change(const store::Snapshot& snapshot);

  AppState* app_;
  const std::string seller_;
  const std::uint64_t number_;
  std::optional<market::Campaign> unsent_;
  bool stopped_ = false;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Executor>
      timer_;
  store::WatchHub::Subscription subscription_;
};

}  // namespace abc2::http
