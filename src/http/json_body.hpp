// JsonBody: reads the members of a JSON object that a client sent, and remembers the first thing that is wrong.
//
//   CO_TRY(auto body, JsonBody::parse(request));
//   const std::string user = body.text("user");
//   const auto limit = body.optional_integer("limit");
//   CO_TRY_VOID(body.done());                     // invalid_argument: "user is missing", "colour is not known here"
//
// Until done() has succeeded the values that were read may be empty. Not thread-safe.
#pragma once
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/satoshi.hpp"
#include "http/message.hpp"

namespace abc2::http {

class JsonBody {
 public:
  // Errors: invalid_argument: no application/json (the field is needed: see security.hpp), not a JSON object, nested
  // too deeply. Of a member that comes twice the last counts.
  static Result<JsonBody> parse(const Request& request);
  static Result<JsonBody> parse_text(std::string_view text);

  std::string text(std::string_view name);
  std::optional<std::string> optional_text(std::string_view name);
  std::int64_t integer(std::string_view name);
  std::optional<std::int64_t> optional_integer(std::string_view name);
  // An integer from 0 on.
  std::uint64_t number(std::string_view name);
  // An amount of money, in satoshi, from 0 on.
  Satoshi money(std::string_view name);
  std::optional<std::vector<std::string>> optional_texts(std::string_view name);

  // The object of that name, whose own done() must be asked too; nullopt if it is missing or null.
  std::optional<JsonBody> optional_object(std::string_view name);
  // Whether the member is there and null.
  bool is_null(std::string_view name);

  // Errors: invalid_argument: the first member that was missing, of a wrong type, or that nobody asked for.
  Result<void> done();

 private:
  explicit JsonBody(boost::json::object object) : object_(std::move(object)) {}
  boost::json::value* take(std::string_view name, bool needed);
  void wrong(std::string_view name, std::string_view what);

  boost::json::object object_;
  std::vector<std::string> asked_;
  std::string error_;
};

}  // namespace abc2::http
