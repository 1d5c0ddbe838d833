// Requests and responses as plain values, so that what handles them knows nothing of the network.
//
// RequestView looks into a connection's buffer and lives as long as the call that gets it; Request owns what it holds.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/runtime.hpp"

namespace abc2::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

std::string_view to_string(Method method);
Method method_from(std::string_view name);

// Whether a request with this method may change something.
constexpr bool changes_state(Method method) {
  return method != Method::get && method != Method::head && method != Method::options;
}

struct FieldView {
  std::string_view name;  // as sent: compare with same_name
  std::string_view value;
};

// Header names are compared without regard to case. `lower` is in lower case.
bool same_name(std::string_view name, std::string_view lower);

struct RequestView {
  Method method = Method::other;
  std::string_view target;
  std::span<const FieldView> fields;
  bool keep_alive = true;  // the client wants the connection to stay open
  bool http_1_0 = false;

  // The first field of that name (in lower case); empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view lower) const;
};

// What the router found in the path for each {name}, percent-decoded.
using Params = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::other;
  std::string target;                                        // as sent, the query included
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values trimmed
  std::string body;
  std::string peer;  // the client's address, without its port
  bool tls = false;
  Params params;

  [[nodiscard]] std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // Without the '?'; empty if there is none.
  [[nodiscard]] std::string_view query() const;
  // The first field of that name (in lower case); empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view lower) const;
  // What the path holds for {name}. Asking for a name that the route does not have is our own mistake.
  [[nodiscard]] const std::string& param(std::string_view name) const;
};

// The body of a response that goes on: pieces are asked for one after the other, so that a slow client slows down its
// own stream only.
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  // The next piece, not empty; nothing when the stream has ended. Suspends until there is one.
  virtual Task<std::optional<std::string>> next() = 0;
  // Called on the same event loop when the client has gone or the server stops: next() must end soon.
  virtual void stop() = 0;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // without Date, Content-Length and Connection
  std::string body;
  std::shared_ptr<const std::string> shared_body;  // instead of `body`: bytes that many responses share
  std::shared_ptr<BodyStream> stream;              // instead of both
  bool close = false;                              // end the connection after this response

  // Replaces the field of that name, or adds it.
  void set(std::string_view name, std::string value);
  [[nodiscard]] std::string_view header(std::string_view lower) const;
};

}  // namespace abc2::http
