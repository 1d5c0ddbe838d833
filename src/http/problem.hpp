// Problem documents (RFC 9457): how errors are told. `code` is stable and is what programs act on; `detail` is for
// people. Thread-safe: pure functions.
//
//   return problem(Error(Code::insufficient_funds, "..."), {{"balance_sat", 100}, {"price_sat", 250}});
//   {"type":"about:blank","title":"Payment Required","status":402,"code":"insufficient_funds","detail":"...",
//    "balance_sat":100,"price_sat":250}
#pragma once
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "http/message.hpp"

namespace abc2::http {

// The HTTP status of a code.
int status_of(Code code);

// `undecided`, `unavailable` and `too_busy` carry Retry-After; `undecided` also says "repeat": true, since the very
// same request must be sent again.
Response problem(const Error& error, boost::json::object members = {});

// For what has no Code: 404 of a path, 405, 408, 413 ... `code` is made from the status: "method_not_allowed".
Response problem(int status, std::string_view detail);

// A JSON answer.
Response json_response(int status, const boost::json::value& value);
Response json_text_response(int status, std::string text);

}  // namespace abc2::http
