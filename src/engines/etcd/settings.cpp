#include "engines/etcd/settings.hpp"

#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>

namespace abc2::engines::etcd {
namespace {

constexpr std::string_view kScheme = "etcd://";
constexpr std::string_view kForm =
    "this is no etcd URL: etcd://USER:PASSWORD@HOST:PORT,HOST:PORT/PREFIX?PARAMETER=VALUE, with what is special in a "
    "password percent-encoded";
constexpr int kMostMinutes = 24 * 60;
constexpr std::size_t kPrefixBytes = 100;

Error bad(std::string_view what) { return {Code::invalid_argument, std::string(what)}; }

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::string> decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned value = 0;
    const std::string_view digits = text.substr(i + 1, 2);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return bad(kForm);
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

Result<std::string> file(const std::string& name, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in || text.empty()) return bad(name + "= of the etcd URL: '" + path + "' cannot be read");
  return text;
}

Result<void> set(Settings& settings, std::string_view name, std::string_view value) {
  Security& security = settings.security;
  if (name == "tls") {
    if (value != "yes" && value != "no") return bad("tls= of an etcd URL is yes or no");
    security.tls = value == "yes";
  } else if (name == "ca" || name == "cert" || name == "key") {
    TRY(auto path, decoded(value));
    TRY(auto text, file(std::string(name), path));
    (name == "ca" ? security.authorities : name == "cert" ? security.certificate : security.key) = std::move(text);
  } else if (name == "compaction") {
    const auto minutes = number(value);
    if (!minutes || *minutes > kMostMinutes)
      return bad("compaction= of an etcd URL is a number of minutes, 0 for never, 1440 at most");
    settings.compaction = std::chrono::minutes(*minutes);
  } else {
    return bad("an etcd URL has the parameters tls, ca, cert, key and compaction, and no others");
  }
  return success();
}

Result<void> set_members(Settings& settings, std::string_view hosts) {
  while (true) {
    const auto comma = hosts.find(',');
    const std::string_view host = hosts.substr(0, comma);
    // [::1]:2379 has colons of its own.
    const auto bracket = host.rfind(']');
    const auto colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view port = colon == std::string_view::npos ? "2379" : host.substr(colon + 1);
    const std::string_view name = host.substr(0, colon);
    const auto number_of_port = number(port);
    if (name.empty() || name.find_first_of("@%/ ") != std::string_view::npos || !number_of_port ||
        *number_of_port == 0 || *number_of_port > 65535)
      return bad(kForm);
    settings.members.push_back(std::string(name) + ":" + std::string(port));
    if (comma == std::string_view::npos) return success();
    hosts.remove_prefix(comma + 1);
  }
}

Result<void> set_prefix(Settings& settings, std::string_view prefix) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  if (prefix.empty()) return success();
  const bool fine = prefix.size() <= kPrefixBytes &&
                    prefix.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") ==
                        std::string_view::npos;
  if (!fine) return bad("the prefix of an etcd URL has letters, digits and _-./ only, 100 at most");
  settings.prefix = std::string(prefix) + "/";
  return success();
}

}  // namespace

std::string Settings::servers() const {
  std::string out;
  for (const auto& member : members) out += (out.empty() ? "" : ",") + member;
  return out;
}

Result<Settings> Settings::parse(const std::string& url) {
  Settings settings;
  if (!url.starts_with(kScheme)) return bad(kForm);
  std::string_view rest = std::string_view(url).substr(kScheme.size());
  const auto question = rest.find('?');
  std::string_view query = question == std::string_view::npos ? "" : rest.substr(question + 1);
  rest = rest.substr(0, question);
  const auto slash = rest.find('/');
  const std::string_view prefix = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  rest = rest.substr(0, slash);
  const auto at = rest.find('@');
  if (at != std::string_view::npos) {
    const std::string_view who = rest.substr(0, at);
    const auto colon = who.find(':');
    if (colon == 0 || colon == std::string_view::npos) return bad(kForm);
    TRY(settings.user, decoded(who.substr(0, colon)));
    TRY(settings.password, decoded(who.substr(colon + 1)));
    rest.remove_prefix(at + 1);
  }
  TRY_VOID(set_members(settings, rest));
  TRY_VOID(set_prefix(settings, prefix));
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view field = query.substr(0, end);
    query = end == std::string_view::npos ? "" : query.substr(end + 1);
    const auto equals = field.find('=');
    TRY_VOID(set(settings, field.substr(0, equals),
                 equals == std::string_view::npos ? std::string_view() : field.substr(equals + 1)));
  }
  Security& security = settings.security;
  if (security.certificate.empty() != security.key.empty()) return bad("cert= and key= of an etcd URL belong together");
  if (!security.authorities.empty() || !security.certificate.empty()) security.tls = true;
  return settings;
}

}  // namespace abc2::engines::etcd
