// What is asked of etcd by those who use the store. All but making one is the client's thread's own.
#pragma once
#include <cstdint>
#include <string>

#include "engines/etcd/rpc.hpp"
#include "engines/etcd/wire.hpp"
#include "runtime/mailbox.hpp"

namespace abc2::engines::etcd {

class Member;
class Request;

// Who is told how a request went.
class RequestOwner {
 public:
  virtual void answered(Request& request, Status status, const std::string& bytes) = 0;

 protected:
  ~RequestOwner() = default;
};

// One verb; its caller waits for it, in whose frame it lives.
class Request final : public Call, public runtime::Completion {
 public:
  enum class Kind : std::uint8_t { read, write };
  Request(Kind its_kind, std::string its_question) : kind(its_kind), question(std::move(its_question)) {}

  const Kind kind;
  const std::string question;  // a Range, or a Txn: a comparison and a put for each document

  Clock::time_point deadline;    // then it is given up
  Clock::time_point not_before;  // after a failure that allows another attempt
  RequestOwner* owner = nullptr;
  Member* member = nullptr;  // which has it
  std::uint64_t login = 0;   // which token it went with

  // The answer. What is here before: sent, and nothing heard.
  Result<store::WriteOutcome> outcome = store::WriteOutcome::unknown();
  Result<wire::RangeAnswer> range = wire::RangeAnswer();
  bool forbidden = false;  // etcd knows who we are, and does not let us

 private:
  void ended(Status status, std::string answer) override { owner->answered(*this, std::move(status), answer); }
};

}  // namespace abc2::engines::etcd
