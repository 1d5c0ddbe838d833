#include "http/json_body.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "http/text.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

constexpr std::size_t kDeepest = 8;  // levels of nesting

}  // namespace

Result<JsonBody> JsonBody::parse(const Request& request) {
  if (media_type(request.header("content-type")) != "application/json")
    return Error(Code::invalid_argument, "send a JSON object, with Content-Type: application/json");
  return parse_text(request.body);
}

Result<JsonBody> JsonBody::parse_text(std::string_view text) {
  json::parse_options options;
  options.max_depth = kDeepest;
  boost::system::error_code failed;
  auto value = json::parse(text, failed, {}, options);
  if (failed) return Error(Code::invalid_argument, "the body is not valid JSON: " + failed.message());
  if (!value.is_object()) return Error(Code::invalid_argument, "the body is not a JSON object");
  return JsonBody(std::move(value.get_object()));
}

json::value* JsonBody::take(std::string_view name, bool needed) {
  asked_.emplace_back(name);
  json::value* value = object_.if_contains(name);
  if (!value || (value->is_null() && !needed)) {
    if (needed) wrong(name, "is missing");
    return nullptr;
  }
  return value;
}

void JsonBody::wrong(std::string_view name, std::string_view what) {
  if (error_.empty()) error_ = std::string(name) + ' ' + std::string(what);
}

std::optional<std::string> JsonBody::optional_text(std::string_view name) {
  const json::value* value = take(name, false);
  if (!value) return std::nullopt;
  if (!value->is_string()) {
    wrong(name, "is not a text");
    return std::nullopt;
  }
  return std::string(value->get_string());
}

std::string JsonBody::text(std::string_view name) {
  if (!take(name, true)) return {};
  asked_.pop_back();
  auto value = optional_text(name);
  if (!value) wrong(name, "is not a text");
  return std::move(value).value_or(std::string());
}

std::optional<std::int64_t> JsonBody::optional_integer(std::string_view name) {
  const json::value* value = take(name, false);
  if (!value) return std::nullopt;
  // A number with a fraction or an exponent is none of ours, even when it is whole.
  if (!value->is_int64()) {
    wrong(name, "is not an integer in range");
    return std::nullopt;
  }
  return value->get_int64();
}

std::int64_t JsonBody::integer(std::string_view name) {
  if (!take(name, true)) return 0;
  asked_.pop_back();
  const auto value = optional_integer(name);
  if (!value) wrong(name, "is not an integer in range");
  return value.value_or(0);
}

std::uint64_t JsonBody::number(std::string_view name) {
  const std::int64_t value = integer(name);
  if (value < 0) wrong(name, "is negative");
  return value < 0 ? 0 : static_cast<std::uint64_t>(value);
}

Satoshi JsonBody::money(std::string_view name) {
  const std::int64_t value = integer(name);
  if (value < 0) wrong(name, "is negative");
  const auto amount = Satoshi::from(value);
  if (!amount) wrong(name, "is more than all the money there is");
  return amount && value >= 0 ? amount.value() : Satoshi();
}

std::optional<std::vector<std::string>> JsonBody::optional_texts(std::string_view name) {
  const json::value* value = take(name, false);
  if (!value) return std::nullopt;
  std::vector<std::string> texts;
  if (!value->is_array()) {
    wrong(name, "is not a list of texts");
    return std::nullopt;
  }
  for (const auto& element : value->get_array()) {
    if (!element.is_string()) {
      wrong(name, "is not a list of texts");
      return std::nullopt;
    }
    texts.emplace_back(element.get_string());
  }
  return texts;
}

std::optional<JsonBody> JsonBody::optional_object(std::string_view name) {
  json::value* value = take(name, false);
  if (!value) return std::nullopt;
  if (!value->is_object()) {
    wrong(name, "is not an object");
    return std::nullopt;
  }
  return JsonBody(value->get_object());
}

bool JsonBody::is_null(std::string_view name) {
  const json::value* value = object_.if_contains(name);
  if (!value || !value->is_null()) return false;
  asked_.emplace_back(name);
  return true;
}

Result<void> JsonBody::done() {
  for (const auto& member : object_) {
    if (std::find(asked_.begin(), asked_.end(), member.key()) == asked_.end())
      wrong(std::string_view(member.key()).substr(0, 40), "is not known here");
  }
  if (!error_.empty()) return Error(Code::invalid_argument, error_);
  return success();
}

}  // namespace abc2::http
