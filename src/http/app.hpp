// App: the Service of the market: finds the route, finds out who asks, lets the handler answer, and sees to what all
// answers have in common: problem documents, security headers, metrics, logs.
//
//   App app(parts, settings);
//   Server server(server_settings, loops, runtime, app, metrics);
//
// To be destroyed when the event loops do not run any more. What is in AppParts is borrowed.
#pragma once
#include <array>
#include <chrono>
#include <vector>

#include "http/handlers.hpp"
#include "http/router.hpp"
#include "http/service.hpp"

namespace abc2::http {

class App final : public Service {
 public:
  App(AppParts parts, AppSettings settings);
  ~App() override;

  bool answer_now(const Place& place, const RequestView& request, std::string& out) override;
  Task<Response> answer(std::size_t loop, Request request) override;
  Response refuse(int status, std::string_view why) override;

 private:
  struct RouteMetrics {
    std::array<Counter*, 6> by_class;  // 1xx is not used
    Histogram* seconds;
  };
  Task<Response> answer_route(std::size_t route, Context context);
  Task<Result<void>> identify(Need need, Context* context);
  void finish(const RouteMetrics& metrics, const char* route, Method method, std::string_view peer, bool tls,
              std::chrono::steady_clock::time_point began, Response& response);

  AppState state_;
  Router router_;
  std::vector<RouteMetrics> metrics_;  // of each route, and last of what has none
};

}  // namespace abc2::http
