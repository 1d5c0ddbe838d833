// CampaignStream: the live events of some campaigns for one client, as server-sent events:
//
//   event: campaign
//   data: {"seller":"bob","number":1, ... }     the same as GET /api/campaigns/bob/1
//
// first with the state that each has, then with every latest; a campaign that does not exist says nothing. States that
// a slow client would only have skipped are skipped for it. A comment is sent every kHeartbeat, so that both sides
// notice when the other has gone. Lives on one event loop.
#pragma once
#include <boost/asio/basic_waitable_timer.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "http/handlers.hpp"

namespace abc2::http {

class CampaignStream final : public BodyStream, public std::enable_shared_from_this<CampaignStream> {
 public:
  struct Name {
    std::string seller;
    std::uint64_t number = 0;
  };
  // Errors: too_busy (AppSettings::streams), invalid_argument.
  static Result<std::shared_ptr<CampaignStream>> open(AppState* app, Executor loop, std::vector<Name> names);
  ~CampaignStream() override;

  Task<std::optional<std::string>> next() override;
  void stop() override;

 private:
  struct Followed {
    Name name;
    std::optional<market::Campaign> unsent;
    store::WatchHub::Subscription subscription;
  };
  CampaignStream(AppState* app, Executor loop, std::vector<Name> names);
  void on_change(std::size_t which, const store::Snapshot& snapshot);
  // The events that are due; empty if none are.
  std::string events();

  AppState* app_;
  std::vector<Followed> followed_;  // as many as at first, for ever
  bool due_ = false;                // one of them has something unsent
  bool stopped_ = false;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                    Executor>
      timer_;
};

// GET /api/events: the campaigns are named in the query.
Handled live_events(AppState* app, Context context);

}  // namespace abc2::http
