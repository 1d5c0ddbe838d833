// Bytes as they come from a network, whole and in pieces: the same must come out.
#include <cstdint>
#include <cstdlib>

#include "http/request_parser.hpp"

namespace {

using abc2::http::Request;
using abc2::http::RequestParser;

struct Outcome {
  RequestParser::State state = RequestParser::State::head;
  int failure = 0;
  std::size_t used = 0;
  Request head;
  std::string body;
};

Outcome parse(std::string_view bytes, std::size_t piece) {
  RequestParser parser({.header_bytes = 512, .body_bytes = 256});
  Outcome outcome;
  std::string waiting;
  bool have_head = false;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = std::min(piece, bytes.size() - at);
    waiting += bytes.substr(at, length);
    at += length;
    for (std::size_t used = 1; used > 0;) {
      used = parser.feed(waiting);
      const auto state = parser.state();
      if (!have_head && (state == RequestParser::State::body || state == RequestParser::State::done)) {
        outcome.head = own(parser.view());
        have_head = true;
      }
      waiting.erase(0, used);
      outcome.used += used;
      if (state != RequestParser::State::head && state != RequestParser::State::body) break;
    }
  }
  outcome.state = parser.state();
  outcome.failure = parser.state() == RequestParser::State::failed ? parser.failure_status() : 0;
  outcome.body = parser.body();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Outcome whole = parse(bytes, bytes.size());
  const Outcome pieces = parse(bytes, 1 + size % 7);
  if (whole.state != pieces.state) std::abort();
  if (whole.state != RequestParser::State::done) return 0;
  if (whole.used != pieces.used || whole.body != pieces.body || whole.head.target != pieces.head.target ||
      whole.head.headers != pieces.head.headers)
    std::abort();
  return 0;
}
