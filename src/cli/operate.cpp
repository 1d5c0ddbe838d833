// fund, audit, recover: in the store itself, or through a running server.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "cli/commands.hpp"
#include "cli/place.hpp"
#include "http/api_encode.hpp"

namespace abc2::cli {

namespace json = boost::json;

namespace {

std::string fresh_id() {
  runtime::AsioRuntime runtime;
  return runtime::random_uuid(runtime);
}

std::int64_t integer(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  if (!value) return 0;
  boost::system::error_code other;
  const auto number = value->to_number<std::int64_t>(other);  // signed or not
  return other ? 0 : number;
}

int print_audit(const json::object& report, bool as_json) {
  const auto* verdict = report.if_contains("passed");
  const bool passed = verdict && verdict->is_bool() && verdict->get_bool();
  if (as_json) {
    std::printf("%s\n", json::serialize(report).c_str());
    return passed ? 0 : 1;
  }
  std::printf("%s: %lld documents, %lld accounts, %lld campaigns, %lld slots sold, %lld in flight\n",
              passed ? "passed" : "FAILED", static_cast<long long>(integer(report, "documents")),
              static_cast<long long>(integer(report, "accounts")), static_cast<long long>(integer(report, "campaigns")),
              static_cast<long long>(integer(report, "slots_sold")),
              static_cast<long long>(integer(report, "in_flight")));
  std::printf(
      "put in %lld sat = paid out %lld + balances %lld + earnings not collected %lld + fees not collected %lld\n",
      static_cast<long long>(integer(report, "put_in_sat")), static_cast<long long>(integer(report, "paid_out_sat")),
      static_cast<long long>(integer(report, "balances_sat")),
      static_cast<long long>(integer(report, "earnings_to_collect_sat")),
      static_cast<long long>(integer(report, "fees_to_collect_sat")));
  if (const auto* findings = report.if_contains("findings"); findings && findings->is_array()) {
    for (const auto& finding : findings->get_array()) std::printf("%s\n", json::serialize(finding).c_str());
  }
  return passed ? 0 : 1;
}

}  // namespace

int fund(FundSettings settings) {
  const Place& place = settings.place;
  const std::string id = settings.id.empty() ? fresh_id() : settings.id;
  const auto amount = Satoshi::from(settings.amount_sat);
  if (!amount) return failed(amount.error());
  bool credited = false;
  Error error(Code::unavailable, "");
  bool ok = false;
  if (place.server.empty()) {
    auto node = Node::open(place.node);
    if (!node) return failed(node.error());
    const auto done = node.value()->run(node.value()->market().money.fund(id, settings.user, amount.value()));
    ok = done.has_value();
    if (ok) credited = done.value();
    if (!ok) error = done.error();
  } else {
    const json::object body{{"id", id}, {"user", settings.user}, {"amount_sat", settings.amount_sat}};
    const auto done = ask(place, "POST", "/api/operator/deposits", json::serialize(body));
    ok = done.has_value();
    credited = ok && done.value().status == 201;
    if (!ok) error = done.error();
  }
  if (!ok) {
    complain("to try the same again, without crediting twice: --id " + id);
    return failed(error);
  }
  std::printf("%s has been credited %lld sat%s (id %s)\n", settings.user.c_str(),
              static_cast<long long>(settings.amount_sat), credited ? "" : " before", id.c_str());
  return 0;
}

int audit(Place place) {
  if (!place.server.empty()) {
    const auto report = ask(place, "POST", "/api/operator/audit", "");
    if (!report) return failed(report.error());
    return print_audit(report.value().body, place.json);
  }
  auto node = Node::open(place.node);
  if (!node) return failed(node.error());
  // Nobody else has the store open: what is half-done stays half-done while we look.
  const auto report = node.value()->run(node.value()->market().audit.look());
  if (!report) return failed(report.error());
  return print_audit(http::json_of_audit(report.value()), place.json);
}

int recover(Place place) {
  std::uint64_t left = 0;
  if (!place.server.empty()) {
    const auto done = ask(place, "POST", "/api/operator/recover", "");
    if (!done) return failed(done.error());
    left = static_cast<std::uint64_t>(integer(done.value().body, "not_repaired"));
  } else {
    auto node = Node::open(place.node);
    if (!node) return failed(node.error());
    const auto done = node.value()->run(node.value()->market().recover_at_start());
    if (!done) return failed(done.error());
    left = done.value();
  }
  if (left == 0) {
    std::printf("nothing is left half-done\n");
    return 0;
  }
  complain(std::to_string(left) + " documents could not be repaired; `abc2 audit` says what is wrong with them");
  return 1;
}

}  // namespace abc2::cli
