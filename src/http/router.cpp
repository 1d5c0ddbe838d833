#include "http/router.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "http/text.hpp"

namespace abc2::http {

namespace {

constexpr std::size_t kMostSegments = 12;

// What lies between the slashes after the first. nullopt: more segments than any route has.
std::optional<std::vector<std::string_view>> split_path(std::string_view path) {
  std::vector<std::string_view> parts;
  path.remove_prefix(path.empty() ? 0 : 1);
  for (;;) {
    if (parts.size() == kMostSegments) return std::nullopt;
    const auto end = path.find('/');
    parts.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return parts;
    path.remove_prefix(end + 1);
  }
}

}  // namespace

void Router::add(Method method, std::string_view pattern, std::size_t route) {
  const auto parts = split_path(pattern);
  ABC2_CHECK(parts.has_value(), "a route has too many segments");
  Route added{method, {}, route};
  for (const auto part : *parts) {
    if (!part.starts_with('{')) {
      added.segments.push_back({"", std::string(part)});
      continue;
    }
    const auto end = part.find('}');
    ABC2_CHECK(end != std::string_view::npos, "a name in a route has no end");
    added.segments.push_back({std::string(part.substr(1, end - 1)), std::string(part.substr(end + 1))});
  }
  if (by_length_.size() <= parts->size()) by_length_.resize(parts->size() + 1);
  auto& routes = by_length_[parts->size()];
  // Texts go before names, and longer endings before shorter ones.
  const auto place = std::upper_bound(routes.begin(), routes.end(), added, [](const Route& a, const Route& b) {
    for (std::size_t i = 0; i < a.segments.size(); ++i) {
      const auto& x = a.segments[i];
      const auto& y = b.segments[i];
      if (x.name.empty() != y.name.empty()) return x.name.empty();
      if (!x.name.empty() && x.text.size() != y.text.size()) return x.text.size() > y.text.size();
    }
    return false;
  });
  routes.insert(place, std::move(added));
}

bool Router::fits(const Route& route, const std::vector<std::string>& parts, Params& params) {
  params.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Segment& segment = route.segments[i];
    const std::string& part = parts[i];
    if (segment.name.empty()) {
      if (part != segment.text) return false;
    } else {
      if (part.size() <= segment.text.size() || !part.ends_with(segment.text)) return false;
      params.emplace_back(segment.name, part.substr(0, part.size() - segment.text.size()));
    }
  }
  return true;
}

Router::Match Router::match(Method method, std::string_view path) const {
  Match match;
  if (!path.starts_with('/')) return match;
  const auto parts = split_path(path);
  if (!parts || parts->size() >= by_length_.size()) return match;
  std::vector<std::string> decoded;
  for (const auto part : *parts) {
    auto text = percent_decoded(part);
    if (!text) {
      match.bad_encoding = true;
      return match;
    }
    decoded.push_back(std::move(*text));
  }
  const auto& routes = by_length_[parts->size()];
  for (const Method wanted : {method, method == Method::head ? Method::get : method}) {
    for (const Route& route : routes) {
      if (route.method != wanted || !fits(route, decoded, match.params)) continue;
      match.route = route.route;
      return match;
    }
  }
  for (const Route& route : routes) {
    if (!fits(route, decoded, match.params)) continue;
    const auto add = [&](Method other) {
      if (std::find(match.others.begin(), match.others.end(), other) == match.others.end())
        match.others.push_back(other);
    };
    add(route.method);
    if (route.method == Method::get) add(Method::head);
  }
  match.params.clear();
  return match;
}

std::string allow_text(const std::vector<Method>& methods) {
  std::string out;
  for (const Method method : methods) {
    if (!out.empty()) out += ", ";
    out += to_string(method);
  }
  return out;
}

}  // namespace abc2::http
