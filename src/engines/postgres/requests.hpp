// What is asked of the server. A request is one statement, and a transaction by itself.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/mailbox.hpp"
#include "store/store.hpp"

namespace abc2::engines::postgres {

using Clock = std::chrono::steady_clock;

enum class Statement : std::uint8_t { get, add, replace, scan, scan_below, versions, commit };
inline constexpr std::size_t statement_count = 7;

class Request {
 public:
  explicit Request(Statement its_statement) : statement(its_statement) {}
  virtual ~Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  // It has its answer, or will get none. `this` may be gone on return. On the client's thread.
  virtual void ended(runtime::Deliveries& deliveries) = 0;

  [[nodiscard]] bool is_write() const {
    return statement == Statement::add || statement == Statement::replace || statement == Statement::commit;
  }

  const Statement statement;
  std::vector<std::string> parameters;  // in binary, as the statement wants them
  Clock::time_point deadline;           // then it is given up

  // The answer, by the statement. What is here before: sent, and nothing heard.
  Result<store::WriteOutcome> outcome = store::WriteOutcome::unknown();  // of a write
  std::uint64_t version_if_applied = 0;
  Result<std::vector<store::ScanItem>> rows = std::vector<store::ScanItem>();  // the others; versions: without values
};

// One whose caller waits, in whose frame it lives.
class CallerRequest final : public Request, public runtime::Completion {
 public:
  using Request::Request;
  void ended(runtime::Deliveries& deliveries) override { deliveries.add(*this); }
};

}  // namespace abc2::engines::postgres
