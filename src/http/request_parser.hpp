// RequestParser: turns bytes into one request after the other (HTTP/1.0 and 1.1), within limits.
//
//   RequestParser parser({.header_bytes = 8192, .body_bytes = 1 << 20});
//   std::size_t used = parser.feed(bytes);     // 0 while the head is not complete: keep the bytes and add to them
//   switch (parser.state()) { ... }
//
// Refused, because proxies and servers have been known to disagree about them: folded header lines, spaces before a
// colon, a Content-Length together with a Transfer-Encoding, more than one Host, bare line feeds, control characters.
// Not thread-safe.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace abc2::http {

class RequestParser {
 public:
  struct Limits {
    std::size_t header_bytes = 8 * 1024;  // the request line and all fields
    std::size_t body_bytes = 1024 * 1024;
  };
  enum class State : std::uint8_t {
    head,    // more bytes are needed to complete the head
    body,    // view() is there, the body is not complete
    done,    // the request is complete; bytes that follow belong to the next
    failed,  // failure_status() says why; the connection cannot be used any more
  };

  explicit RequestParser(Limits limits);
  ~RequestParser();

  // Forgets everything: the next byte begins a request.
  void reset();

  // Reads on. Returns how many of the bytes were used; the others must be offered again, with more behind them.
  std::size_t feed(std::string_view bytes);

  [[nodiscard]] State state() const;

  // The head. From `body` on, as long as the bytes that were fed stay where they are.
  [[nodiscard]] const RequestView& view() const;

  // Whether the client waits for "100 Continue" before it sends its body.
  [[nodiscard]] bool expects_continue() const;

  // What has come of the body so far.
  [[nodiscard]] std::string& body();

  // 400, 413, 431, 501 or 505, and a sentence for the client.
  [[nodiscard]] int failure_status() const;
  [[nodiscard]] std::string_view failure() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Copies what `view` shows.
Request own(const RequestView& view);

}  // namespace abc2::http
