// What a failed call says about the write that was in it. Pure functions of the status: gRPC's code and etcd's words.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace abc2::engines::etcd {

// gRPC's codes, by their published numbers.
enum class StatusCode : std::uint8_t {
  ok = 0,
  cancelled = 1,
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  already_exists = 6,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  aborted = 10,
  out_of_range = 11,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  data_loss = 15,
  unauthenticated = 16,
};

struct Status {
  StatusCode code = StatusCode::ok;
  std::string message;
  [[nodiscard]] bool ok() const { return code == StatusCode::ok; }
};

// "etcdserver: no leader (UNAVAILABLE)", as it may be shown.
std::string to_string(const Status& status);

// Of a write that was sent and failed: whether it certainly was not and will not be carried out.
enum class WriteFate : std::uint8_t { not_written, unknown };
WriteFate fate_of_failure(const Status& status);

// Whether it was refused for its length, as it would be at any other time.
bool is_too_large(const Status& status);

// What to do about a failure, besides.
enum class Remedy : std::uint8_t {
  none,            // nothing helps: it is told
  again,           // another time or another member will do: for reads, and for writes that were certainly not written
  another_token,   // the token has expired, or users and roles have changed since: log in again, then as above
  free_the_space,  // the database is full, and takes no write until an operator has seen to it
};
Remedy remedy_of(const Status& status);

}  // namespace abc2::engines::etcd
