#include "cli/place.hpp"

#include <boost/json/parse.hpp>
#include <cstdio>

#include "cli/http_client.hpp"

namespace abc2::cli {

namespace json = boost::json;

void complain(const std::string& what) { std::fprintf(stderr, "abc2: %s\n", what.c_str()); }

int failed(const Error& error) {
  complain(error.message() + " (" + std::string(to_string(error.code())) + ")");
  if (error.code() == Code::in_use) {
    complain(
        "if a server is running there, work through it: --server http://HOST:PORT, with the API key of an "
        "operator in ABC2_API_KEY");
  }
  return 1;
}

Result<Told> ask(const Place& place, const std::string& method, const std::string& path, const std::string& body) {
  if (place.api_key.empty())
    return Error(Code::unauthenticated, "set ABC2_API_KEY to the API key of an operator of " + place.server);
  TRY(const auto answer, http_request(place.server, method, path, place.api_key, body));
  boost::system::error_code unparsed;
  const auto value = json::parse(answer.body, unparsed);
  if (unparsed || !value.is_object())
    return Error(Code::unavailable, place.server + " answered " + std::to_string(answer.status) + " and no JSON");
  if (answer.status >= 200 && answer.status < 300) return Told{answer.status, value.get_object()};
  const auto* detail = value.get_object().if_contains("detail");
  const std::string why = detail && detail->is_string() ? std::string(detail->get_string()) : answer.body;
  return Error(answer.status == 401   ? Code::unauthenticated
               : answer.status == 403 ? Code::forbidden
               : answer.status == 404 ? Code::not_found
               : answer.status == 409 ? Code::conflict
               : answer.status < 500  ? Code::invalid_argument
                                      : Code::unavailable,
               why);
}

}  // namespace abc2::cli
