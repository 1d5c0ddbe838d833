#include "http/problem.hpp"

#include <boost/json/serialize.hpp>

#include "http/encode.hpp"

namespace abc2::http {

namespace {

Response document(int status, std::string_view code, std::string_view detail, boost::json::object members) {
  boost::json::object body;
  body["type"] = "about:blank";
  body["title"] = reason(status);
  body["status"] = status;
  body["code"] = code;
  body["detail"] = detail;
  for (auto& member : members) body[member.key()] = std::move(member.value());
  Response response;
  response.status = status;
  response.set("Content-Type", "application/problem+json");
  response.set("Cache-Control", "no-store");
  response.body = boost::json::serialize(body);
  return response;
}

}  // namespace

int status_of(Code code) {
  switch (code) {
    case Code::invalid_argument: return 400;
    case Code::unauthenticated: return 401;
    case Code::insufficient_funds: return 402;
    case Code::forbidden: return 403;
    case Code::not_found: return 404;
    case Code::already_exists:
    case Code::slot_taken:
    case Code::price_above_limit:
    case Code::conflict: return 409;
    case Code::attempt_ended: return 410;
    case Code::category_refused:
    case Code::limit_reached: return 422;
    case Code::account_held: return 423;
    case Code::newer_schema:
    case Code::corrupt: return 500;
    case Code::unavailable:
    case Code::undecided:
    case Code::too_busy:
    case Code::in_use: return 503;
  }
  return 500;
}

Response problem(const Error& error, boost::json::object members) {
  const int status = status_of(error.code());
  if (error.code() == Code::undecided) members["repeat"] = true;
  Response response = document(status, to_string(error.code()), error.message(), std::move(members));
  if (status == 503 || status == 423) response.set("Retry-After", "1");
  if (status == 401) response.set("WWW-Authenticate", "Bearer");
  return response;
}

Response problem(int status, std::string_view detail) {
  std::string code;
  for (const char c : reason(status)) {
    if (c == ' ')
      code += '_';
    else
      code += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  Response response = document(status, code, detail, {});
  if (status == 503 || status == 429) response.set("Retry-After", "1");
  return response;
}

Response json_text_response(int status, std::string text) {
  Response response;
  response.status = status;
  response.set("Content-Type", "application/json");
  response.set("Cache-Control", "no-store");
  response.body = std::move(text);
  return response;
}

Response json_response(int status, const boost::json::value& value) {
  return json_text_response(status, boost::json::serialize(value));
}

}  // namespace abc2::http
