// Connection: one connection to the server, in libpq's pipeline mode: statements go out without waiting for the answers
// to those before, and each is a transaction of its own. Never blocks. All on the client's thread.
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "engines/postgres/requests.hpp"
#include "engines/postgres/settings.hpp"

struct pg_conn;
struct pg_result;

namespace abc2::engines::postgres {

class Connection {
 public:
  Connection(const Settings& settings, Clock::time_point now);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  enum class State : std::uint8_t { connecting, setting_up, ready, broken };
  [[nodiscard]] State state() const { return state_; }
  // Of a broken one: why, without secrets; and whether trying again is no use before somebody changes a setting.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] bool refused() const { return refused_; }

  // For poll(2): the socket, and what for. -1: there is none.
  [[nodiscard]] int socket() const;
  [[nodiscard]] short events() const;
  // Goes on after poll(2) has reported `events`.
  void progress(short events);
  // Gives up what has waited for too long.
  void look_at_the_clock(Clock::time_point now);

  // When ready: sends it. It is in flight from then on, even if nothing has left this machine yet.
  void send(Request* request);
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  // The requests that have ended since the last call, to be told. When broken, all that were in flight are among them.
  std::vector<Request*> take_ended();

 private:
  void go_on_connecting();
  void begin_set_up();
  void set_up(const pg_result* result);
  void prepare();
  void read();
  void read_set_up();
  void read_answers();
  void take(const pg_result* result);
  void take_rows(const pg_result* result);
  void take_failure(const pg_result* result);
  void flush();
  void fail(std::string why, bool refused = false);
  void fail_by_libpq(const std::string& doing);
  static void on_notice(void* connection, const pg_result* notice);

  const Settings& settings_;
  struct Closer {
    void operator()(pg_conn* connection) const;
  };
  std::unique_ptr<pg_conn, Closer> connection_;
  State state_ = State::connecting;
  Clock::time_point connect_by_;
  short wants_ = 0;
  enum class SetUp : std::uint8_t { settings, table, create, again, prepare } step_ = SetUp::settings;
  struct Clearer {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clearer> set_up_answer_;
  std::deque<Request*> in_flight_;
  std::vector<Request*> ended_;
  // Of the write that is being answered: what its statement did, which counts when its transaction has committed, and
  // whether the server warned since.
  std::optional<store::WriteOutcome> statement_did_;
  bool warned_ = false;
  std::string trouble_;
  bool refused_ = false;
};

}  // namespace abc2::engines::postgres
