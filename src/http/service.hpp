// Service: what answers requests. The server knows the network and nothing of what is asked for; the service knows
// nothing of the network.
#pragma once
#include <string>

#include "base/time.hpp"
#include "http/message.hpp"

namespace abc2::http {

// Where a request is being answered.
struct Place {
  std::size_t loop;       // the index of the event loop: what a service keeps per loop needs no lock
  Time now;               // the wall clock, at most one read of the connection old
  std::string_view date;  // for PreparedResponse
};

class Service {
 public:
  virtual ~Service() = default;

  // The fast way, for what is in memory: appends a whole response to `out` and returns true, or leaves `out` alone and
  // returns false. Called on the connection's event loop; must not block. Only for requests of HTTP/1.1 without a body
  // on a connection that stays open.
  virtual bool answer_now(const Place& place, const RequestView& request, std::string& out) = 0;

  // Everything else. Runs on the connection's event loop. An exception that leaves it becomes a 500.
  virtual Task<Response> answer(std::size_t loop, Request request) = 0;

  // What the server itself has to say when it does not get as far as answer(): 400, 408, 413, 431, 500, 503 ...
  virtual Response refuse(int status, std::string_view why) = 0;
};

}  // namespace abc2::http
