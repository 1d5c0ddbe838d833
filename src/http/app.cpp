#include "http/app.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "http/ad_board.hpp"
#include "http/log.hpp"
#include "http/pages.hpp"
#include "http/problem.hpp"
#include "http/security.hpp"
#include "http/text.hpp"

namespace abc2::http {

namespace {

// The client's address as the proxy in front of us saw it: the last that was added to the list.
std::string forwarded_peer(const Request& request) {
  std::string_view list;
  for (const auto& [name, value] : request.headers) {
    if (name == "x-forwarded-for") list = value;
  }
  const auto comma = list.rfind(',');
  if (comma != std::string_view::npos) list.remove_prefix(comma + 1);
  while (!list.empty() && list.front() == ' ') list.remove_prefix(1);
  return list.empty() ? request.peer : std::string(list.substr(0, 64));
}

Counter& purchases(Metrics& metrics, std::string_view outcome) {
  return metrics.counter("abc2_purchases_total", "Orders by outcome.", {{"outcome", std::string(outcome)}});
}

}  // namespace

AppState::AppState(AppParts given, AppSettings with)
    : parts(given),
      settings(std::move(with)),
      logins(settings.logins, settings.addresses),
      registrations(settings.registrations, settings.addresses),
      bought(purchases(parts.metrics, "bought")),
      repeated(purchases(parts.metrics, "repeated")),
      not_bought{} {
  for (std::size_t i = 0; i < not_bought.size(); ++i)
    not_bought[i] = &purchases(parts.metrics, to_string(static_cast<Code>(i)));
  const AdBoard::Parts board{parts.market, parts.images, parts.hub, parts.runtime, parts.metrics};
  for (std::size_t i = 0; i < parts.loops.size(); ++i)
    boards.push_back(std::make_unique<AdBoard>(board, parts.loops.at(i)));
}

AppState::~AppState() = default;

bool AppState::is_operator(std::string_view user) const {
  return std::find(settings.operators.begin(), settings.operators.end(), user) != settings.operators.end();
}

App::App(AppParts parts, AppSettings settings) : state_(parts, std::move(settings)) {
  const auto add_metrics = [&](const std::string& route) {
    RouteMetrics made{};
    for (std::size_t i = 0; i < made.by_class.size(); ++i) {
      made.by_class[i] = i < 2 ? nullptr
                               : &parts.metrics.counter("abc2_http_requests_total", "Requests by route and outcome.",
                                                        {{"route", route}, {"status", std::to_string(i) + "xx"}});
    }
    made.seconds =
        &parts.metrics.histogram("abc2_http_request_seconds", "Time to answer a request.", {{"route", route}});
    metrics_.push_back(made);
  };
  for (std::size_t i = 0; i < routes().size(); ++i) {
    const auto& route = routes()[i];
    router_.add(route.method, route.pattern, i);
    add_metrics(std::string(to_string(route.method)) + ' ' + route.pattern);
  }
  add_metrics("none");
}

App::~App() = default;

bool App::answer_now(const Place& place, const RequestView& request, std::string& out) {
  if (request.method != Method::get || !request.target.starts_with("/ads/")) return false;
  return state_.boards[place.loop]->answer_now(place, request.target, out);
}

Response App::refuse(int status, std::string_view why) {
  Response response = problem(status, why);
  add_security_headers(response, false);
  metrics_.back().by_class[static_cast<std::size_t>(status / 100)]->add();
  return response;
}

Task<Response> App::answer(std::size_t loop, Request request) {
  const auto began = std::chrono::steady_clock::now();
  const Method method = request.method;
  const bool tls = request.tls;
  if (state_.settings.behind_proxy) request.peer = forwarded_peer(request);
  const std::string peer = request.peer;

  auto match = router_.match(method, request.path());
  const std::size_t route = match.route.value_or(routes().size());
  Response response;
  if (match.route) {
    Context context;
    context.request = std::move(request);
    context.request.params = std::move(match.params);
    context.loop = loop;
    response = co_await answer_route(route, std::move(context));
  } else if (match.bad_encoding) {
    response = problem(400, "the path is not well encoded");
  } else if (match.others.empty()) {
    std::optional<Response> page;
    if (state_.settings.pages) page = state_.settings.pages->find(request);
    response = page ? std::move(*page) : problem(404, "there is nothing at this address");
  } else {
    const std::string allowed = allow_text(match.others) + ", OPTIONS";
    if (method == Method::options) {
      response.status = 204;
    } else {
      response = problem(405, "this address does not have that method; it has " + allowed);
    }
    response.set("Allow", allowed);
  }
  finish(metrics_[route], match.route ? routes()[route].pattern : "none", method, peer, tls, began, response);
  co_return response;
}

Task<Result<void>> App::identify(Need need, Context* context) {
  CO_TRY(auto credential, credential_of(context->request));
  if (!credential) {
    if (need == Need::nobody) co_return success();
    co_return Error(Code::unauthenticated, "log in, or send an API key as a Bearer token");
  }
  auto who = co_await state_.parts.market.accounts.authenticate(std::move(credential->token));
  if (!who) {
    const Error& error = who.error();
    // Where nobody is needed, a session that has ended is no reason to show nothing.
    if (need == Need::nobody) co_return success();
    co_return error;
  }
  context->who = std::move(who).value();
  if (credential->from_cookie && changes_state(context->request.method)) {
    CO_TRY_VOID(check_same_origin(context->request));
  }
  if ((need == Need::session || need == Need::oper_session) && context->who.api_key)
    co_return Error(Code::forbidden, "an API key cannot do this: log in with the password");
  if ((need == Need::oper || need == Need::oper_session) && !state_.is_operator(context->who.user))
    co_return Error(Code::forbidden, "this is for operators");
  co_return success();
}

Task<Response> App::answer_route(std::size_t route, Context context) {
  const RouteEntry& entry = routes()[route];
  // Pages that show ads are not asked who they are; neither is who logs in, whatever old cookie comes along.
  const bool anonymous = entry.need == Need::nobody && entry.handler != &show_metrics;
  if (!anonymous) {
    const auto identified = co_await identify(entry.need, &context);
    if (!identified) co_return problem(identified.error());
  }
  auto handled = co_await entry.handler(&state_, std::move(context));
  if (!handled) co_return problem(handled.error());
  co_return std::move(handled).value();
}

void App::finish(const RouteMetrics& metrics, const char* route, Method method, std::string_view peer, bool tls,
                 std::chrono::steady_clock::time_point began, Response& response) {
  const auto took = std::chrono::steady_clock::now() - began;
  add_security_headers(response, tls);
  metrics.by_class[static_cast<std::size_t>(std::clamp(response.status / 100, 2, 5))]->add();
  metrics.seconds->observe(took);
  // The route, not the address that was asked for: queries carry tokens.
  const bool failed = response.status >= 500 && response.status != 503;
  if (!failed && !spdlog::should_log(spdlog::level::debug)) return;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const std::string line = log_line("request", {{"method", std::string(to_string(method))},
                                                {"route", route},
                                                {"status", std::to_string(response.status)},
                                                {"us", std::to_string(us)},
                                                {"peer", std::string(peer)}});
  if (failed) {
    spdlog::error("{}", line);
  } else {
    spdlog::debug("{}", line);
  }
}

}  // namespace abc2::http
