#include "engines/etcd/verdict.hpp"

#include <algorithm>
#include <array>

namespace abc2::engines::etcd {
namespace {

constexpr std::array<std::string_view, 17> kNames = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

// Refusals from before a write is proposed to the members, under codes that otherwise say nothing of its fate.
constexpr std::array<std::string_view, 5> kRefusedBefore = {
    "etcdserver: no leader",                      // said only to who asks for a leader in its metadata, as we do
    "etcdserver: rpc not supported for learner",  // likewise looked at before anything else
    "etcdserver: not capable",
    "etcdserver: too many requests",
    "raft proposal dropped",
};

bool refused_before(const Status& status) {
  return std::ranges::find(kRefusedBefore, std::string_view(status.message)) != kRefusedBefore.end();
}

}  // namespace

std::string to_string(const Status& status) {
  const auto index = static_cast<std::size_t>(status.code);
  return status.message + " (" + std::string(index < kNames.size() ? kNames[index] : "no code") + ")";
}

WriteFate fate_of_failure(const Status& status) {
  switch (status.code) {
    // etcd's own refusals: of the request, of who sent it, of its revision. gRPC itself makes none of these once a
    // request has reached a server.
    case StatusCode::invalid_argument:
    case StatusCode::permission_denied:
    case StatusCode::failed_precondition:
    case StatusCode::out_of_range:
    case StatusCode::unimplemented:
    case StatusCode::unauthenticated: return WriteFate::not_written;
    case StatusCode::unknown:
    case StatusCode::unavailable: return refused_before(status) ? WriteFate::not_written : WriteFate::unknown;
    case StatusCode::resource_exhausted:
      // "database space exceeded" is also said of the write that filled the database, which has been carried out. A
      // message that the server found too large was never read.
      return is_too_large(status) || refused_before(status) ? WriteFate::not_written : WriteFate::unknown;
    case StatusCode::ok:
    case StatusCode::cancelled:
    case StatusCode::deadline_exceeded:
    case StatusCode::not_found:
    case StatusCode::already_exists:
    case StatusCode::aborted:
    case StatusCode::internal:
    case StatusCode::data_loss: return WriteFate::unknown;
  }
  return WriteFate::unknown;
}

bool is_too_large(const Status& status) {
  // etcd's own words, and those of the gRPC that it is built with, which begin otherwise than ours.
  return status.message == "etcdserver: request is too large" ||
         status.message.starts_with("grpc: received message larger than max");
}

Remedy remedy_of(const Status& status) {
  if (status.code == StatusCode::unauthenticated || status.message == "etcdserver: revision of auth store is old" ||
      status.message == "etcdserver: user name is empty")
    return Remedy::another_token;
  if (status.code == StatusCode::resource_exhausted &&
      status.message.find("database space exceeded") != std::string::npos)
    return Remedy::free_the_space;
  if (status.code == StatusCode::unavailable || status.code == StatusCode::cancelled || refused_before(status))
    return Remedy::again;
  return Remedy::none;
}

}  // namespace abc2::engines::etcd
