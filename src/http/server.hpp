// Server: HTTP/1.1 on all event loops, with TLS if a certificate is given, and limits on everything that a client
// decides: sizes, times, connections, requests in flight.
//
//   Server server(settings, loops, runtime, service, metrics);
//   TRY_VOID(server.start());              // listens from now on
//   ... server.port() ...
//   if (!server.stop(10s)) ...             // some work in flight was cut off
//
// The event loops must be running when start() is called, and must run until stop() has returned; they, the runtime,
// the service and the metrics outlive the server. start() and stop() are called from one thread, not a loop's own.
#pragma once
#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "http/request_parser.hpp"
#include "http/service.hpp"
#include "runtime/event_loops.hpp"

namespace abc2::http {

struct ServerSettings {
  std::string address = "127.0.0.1";
  unsigned short port = 8080;        // 0: any that is free
  std::string tls_certificate_file;  // PEM, the whole chain; empty: no TLS
  std::string tls_key_file;          // PEM

  RequestParser::Limits request;
  std::size_t connections = 4096;         // one more is answered 503 and closed
  std::size_t requests_in_flight = 2048;  // one more is answered 503
  Milliseconds handshake_timeout{10'000};
  Milliseconds header_timeout{10'000};  // from the first byte of a request to the end of its head
  Milliseconds body_timeout{30'000};    // from there to the end of its body
  Milliseconds idle_timeout{60'000};    // between two requests
  Milliseconds write_timeout{30'000};   // for the client to take a response, or a piece of a stream
};

class Server {
 public:
  Server(ServerSettings settings, runtime::EventLoops& loops, runtime::Runtime& runtime, Service& service,
         Metrics& metrics);
  // As stop() with no time to wait.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Errors: invalid_argument (address, certificate or key cannot be used), in_use (the port), unavailable.
  Result<void> start();

  // Where it listens. Only after start().
  [[nodiscard]] unsigned short port() const;

  // Stops accepting, ends streams and idle connections, and waits for requests in flight to be answered, at most
  // `at_most`; then cuts off the rest. Returns whether nothing was cut off. May be called more than once.
  bool stop(Milliseconds at_most);

  class Core;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace abc2::http
