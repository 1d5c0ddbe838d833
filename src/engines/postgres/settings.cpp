#include "engines/postgres/settings.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <memory>

namespace abc2::engines::postgres {
namespace {

constexpr unsigned kMostConnections = 100;

Result<void> set(Settings& settings, std::string_view name, std::string_view value) {
  if (name == "connections") {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), settings.connections);
    if (error != std::errc() || end != value.data() + value.size() || settings.connections < 1 ||
        settings.connections > kMostConnections)
      return Error(Code::invalid_argument, "connections= of a postgres URL is a number from 1 to 100");
  } else if (name == "table") {
    const bool fine = !value.empty() && value.size() <= 63 && (value[0] < '0' || value[0] > '9') &&
                      value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
    if (!fine)
      return Error(Code::invalid_argument,
                   "table= of a postgres URL has small letters, digits and '_' only, 63 at most");
    settings.table = value;
  } else {
    if (value != "yes" && value != "no")
      return Error(Code::invalid_argument, std::string(name) + "= of a postgres URL is yes or no");
    (name == "commits" ? settings.commits : settings.asynchronous_commit) = value == "yes";
  }
  return success();
}

}  // namespace

Result<Settings> Settings::parse(const std::string& url) {
  Settings settings;
  const auto question = url.find('?');
  settings.url = url.substr(0, question);
  std::string_view query = question == std::string::npos ? "" : std::string_view(url).substr(question + 1);
  char separator = '?';
  while (!query.empty()) {
    const auto end = query.find('&');
    const std::string_view field = query.substr(0, end);
    query = end == std::string_view::npos ? "" : query.substr(end + 1);
    const auto equals = field.find('=');
    const std::string_view name = field.substr(0, equals);
    if (name == "connections" || name == "table" || name == "asynchronous_commit" || name == "commits") {
      TRY_VOID(set(settings, name, equals == std::string_view::npos ? "" : field.substr(equals + 1)));
    } else {
      settings.url += separator;
      settings.url += field;
      separator = '&';
    }
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(settings.url.c_str(), &message), &PQconninfoFree);
  if (!options) {
    // libpq's message may quote what it could not read, and with it a password.
    PQfreemem(message);
    return Error(Code::invalid_argument,
                 "this is no postgres URL: postgres://USER:PASSWORD@HOST:PORT/DATABASE?PARAMETER=VALUE, with what is "
                 "special in a password percent-encoded");
  }
  std::string host = "the default server", database;
  for (const auto* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    if (std::string_view(option->keyword) == "host") host = option->val;
    if (std::string_view(option->keyword) == "dbname") database = option->val;
  }
  settings.servers = host + "/" + database;
  return settings;
}

}  // namespace abc2::engines::postgres
