// Router: which route a method and a path belong to.
//
//   Router router;
//   router.add(Method::get, "/api/campaigns/{seller}/{c}", kGetCampaign);
//   auto match = router.match(Method::get, "/api/campaigns/alice/7");
//   // match.route == kGetCampaign, match.params == {{"seller", "alice"}, {"c", "7"}}
//
// A pattern's segment is a text, or {name}, or {name} followed by a text ("{c}.json"). Texts go before names. A HEAD is
// matched as a GET where there is no route for it. Filled at start and only read afterwards: then thread-safe.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace abc2::http {

class Router {
 public:
  void add(Method method, std::string_view pattern, std::size_t route);

  struct Match {
    std::optional<std::size_t> route;
    Params params;               // percent-decoded, never empty
    std::vector<Method> others;  // without a route: the methods that this path does have
    bool bad_encoding = false;   // without a route: the path is not well encoded
  };
  [[nodiscard]] Match match(Method method, std::string_view path) const;

 private:
  struct Segment {
    std::string name;  // empty: `text` alone
    std::string text;  // what follows the name
  };
  struct Route {
    Method method;
    std::vector<Segment> segments;
    std::size_t route;
  };
  static bool fits(const Route& route, const std::vector<std::string>& parts, Params& params);

  std::vector<std::vector<Route>> by_length_;  // by the number of segments
};

// "GET, HEAD, PUT": for an Allow field.
std::string allow_text(const std::vector<Method>& methods);

}  // namespace abc2::http
