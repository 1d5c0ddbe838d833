#include "engines/etcd/member.hpp"

namespace abc2::engines::etcd {
namespace {

constexpr auto kBetweenProbes = std::chrono::milliseconds(200);
constexpr auto kProbePatience = std::chrono::milliseconds(1000);

}  // namespace

Member::Member(Loop& loop, std::string its_address, const Security& security)
    : address(std::move(its_address)), channel(loop, address, security) {}

bool Member::usable() const { return status_.has_value() && channel.connected(); }

void Member::look_after(Clock::time_point now, const std::string& token) {
  if (probe_.under_way() || now < probe_at_) return;
  probe_at_ = now + kBetweenProbes;
  // It answers this by itself, whatever the others do.
  const Channel::Options options{.token = token, .needs_leader = false, .deadline = now + kProbePatience};
  probe_.start(channel, wire::kStatus, {}, options,
               [this, now](const Status& status, const std::string& answer) { heard(now, status, answer); });
}

void Member::heard(Clock::time_point asked, const Status& status, const std::string& answer) {
  asked_at_ = asked;
  status_.reset();
  if (!status.ok()) {
    trouble_ = status.code == StatusCode::deadline_exceeded ? "it does not answer" : to_string(status);
  } else if (auto said = wire::status_answer(answer); !said) {
    trouble_ = "it does not speak as etcd does";
  } else if (said->learner) {
    trouble_ = "it is a learner yet";
  } else if (!said->has_leader) {
    trouble_ = "it has no leader";
  } else {
    status_ = std::move(said);
    trouble_ = "the connection broke";
  }
  // A read can be had elsewhere. A write may be on its way: it keeps its time.
  if (!status_)
    for (Request* request : in_flight)
      if (request->kind == Request::Kind::read) request->cancel();
}

void Member::doubt(const Status& status) {
  status_.reset();
  trouble_ = to_string(status);
  probe_at_ = {};
}

}  // namespace abc2::engines::etcd
