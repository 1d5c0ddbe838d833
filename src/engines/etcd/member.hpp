// Member: one server of the cluster, and what is known of it. It is asked how it is five times a second, so that one
// that stands still, or has lost the others, is left aside although its connection looks well.
//
// All on the client's thread.
#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "engines/etcd/requests.hpp"
#include "engines/etcd/rpc.hpp"
#include "engines/etcd/wire.hpp"

namespace abc2::engines::etcd {

// A call of the client's own.
class OwnCall final : public Call {
 public:
  using Handler = std::function<void(Status, std::string)>;
  [[nodiscard]] bool under_way() const { return handler_ != nullptr; }
  void start(Channel& channel, const char* method, const std::string& question, const Channel::Options& options,
             Handler handler) {
    handler_ = std::move(handler);
    channel.start(*this, method, question, options);
  }

 private:
  void ended(Status status, std::string answer) override {
    const Handler handler = std::exchange(handler_, nullptr);
    handler(std::move(status), std::move(answer));
  }
  Handler handler_;
};

class Member {
 public:
  Member(Loop& loop, std::string address, const Security& security);

  // Asks again how it is, if it is time. `token`: of who is logged in, or empty.
  void look_after(Clock::time_point now, const std::string& token);
  // Something failed there: it gets nothing more before it has answered again.
  void doubt(const Status& status);
  // It ends what it is being asked; under_way() says when it has.
  void stop() { probe_.cancel(); }
  [[nodiscard]] bool under_way() const { return probe_.under_way(); }

  // Whether it was asked, and has answered or failed to.
  [[nodiscard]] bool tried() const { return asked_at_ != Clock::time_point(); }
  // Whether requests may go there.
  [[nodiscard]] bool usable() const;
  // What it said last, if it may be used now.
  [[nodiscard]] const std::optional<wire::StatusAnswer>& status() const { return status_; }
  // When it was asked what it said last.
  [[nodiscard]] Clock::time_point asked_at() const { return asked_at_; }
  // Why it may not be used.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

  const std::string address;
  Channel channel;
  std::set<Request*> in_flight;

 private:
  void heard(Clock::time_point asked, const Status& status, const std::string& answer);

  OwnCall probe_;
  Clock::time_point probe_at_{};
  Clock::time_point asked_at_{};
  std::optional<wire::StatusAnswer> status_;
  std::string trouble_ = "not connected yet";
};

}  // namespace abc2::engines::etcd
