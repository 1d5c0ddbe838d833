// CampaignStream: the live events of some campaigns for one client:
//
//   event: campaign
//   data: {"seller":"bob","number":1, ... }     the same as GET /api/campaigns/bob/1
//
// first with the state that each has, then with every latest; a campaign that does not exist says nothing.
#pragma once
#include <utility>
#include <vector>

#include "http/live_stream.hpp"

namespace abc2::http {

class CampaignStream final : public LiveStream {
 public:
  struct Name {
    std::string seller;
    std::uint64_t number = 0;
  };
  // Errors: too_busy (AppSettings::streams), invalid_argument.
  static Result<std::shared_ptr<CampaignStream>> open(AppState* app, Executor loop, std::vector<Name> names);

 private:
  struct Followed {
    Name name;
    std::optional<market::Campaign> unsent;
    store::WatchHub::Subscription subscription;
  };
  CampaignStream(AppState* app, Executor loop, std::vector<Name> names);
  void on_change(std::size_t which, const store::Snapshot& snapshot);
  std::string events() override;
  void unsubscribe() override;

  std::vector<Followed> followed_;  // as many as at first, for ever
};

// GET /api/events: the campaigns are named in the query.
Handled live_events(AppState* app, Context context);

}  // namespace abc2::http
