// What the server and its connections share. Internal to the server.
#pragma once
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "http/encode.hpp"
#include "http/server.hpp"

namespace abc2::http {

using Steady = std::chrono::steady_clock;
using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, Executor>;
using Timer = boost::asio::basic_waitable_timer<Steady, boost::asio::wait_traits<Steady>, Executor>;

struct ServerLoop;

// A connection as its event loop sees it. All functions are called on that loop.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Server::Core> core, ServerLoop& loop);
  virtual ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  virtual void start() = 0;
  // Answers 503 and closes.
  virtual void start_refused() = 0;
  // The server stops: finish the request that is being answered, begin no other.
  virtual void drain() = 0;
  // Closes the socket now.
  virtual void abort() = 0;
  // deadline() has passed.
  virtual void expire() = 0;

  [[nodiscard]] Steady::time_point deadline() const { return deadline_; }

 protected:
  void expect_within(Milliseconds time) { deadline_ = Steady::now() + time; }
  void expect_nothing() { deadline_ = Steady::time_point::max(); }

  const std::shared_ptr<Server::Core> core_;
  ServerLoop& loop_;

 private:
  Steady::time_point deadline_ = Steady::time_point::max();
  std::list<Connection*>::iterator place_;
};

// What belongs to one event loop and is touched on it alone.
struct ServerLoop {
  ServerLoop(std::size_t at, Executor on) : index(at), executor(on), timer(std::in_place, on) {}
  const std::size_t index;
  const Executor executor;
  std::optional<Timer> timer;  // until the server has stopped
  std::list<Connection*> connections;
  DateText date;
};

class Server::Core : public std::enable_shared_from_this<Server::Core> {
 public:
  Core(ServerSettings settings, runtime::EventLoops& loops, runtime::Runtime& runtime, Service& service,
       Metrics& metrics);

  Result<void> start();
  bool stop(Milliseconds at_most);

  // Of connections and requests: whoever counts one up counts it down.
  bool begin_request();
  void end_request();
  void connection_opened();
  void connection_closed();

  const ServerSettings settings;
  runtime::EventLoops& event_loops;
  runtime::Runtime& runtime;
  Service& service;
  std::unique_ptr<boost::asio::ssl::context> tls;
  std::atomic<bool> draining = false;
  unsigned short port = 0;

  Gauge& open_connections;
  Gauge& requests_in_flight;
  Counter& refused_connections;
  Counter& refused_requests;
  Counter& timed_out;

 private:
  Result<void> load_tls();
  void accept();
  void accepted(Socket socket);
  void tick(ServerLoop& loop);
  void on_every_loop(void (*act)(ServerLoop&));
  void let_go_of_loops();
  bool wait_until_empty(Steady::time_point until);

  std::vector<std::unique_ptr<ServerLoop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<Timer> accept_again_;
  std::atomic<std::size_t> connections_ = 0;
  std::atomic<std::size_t> requests_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::size_t holding_ = 0;  // event loops that have timers of ours
};

// A connection that reads and writes the socket itself, or through TLS.
std::shared_ptr<Connection> make_plain_connection(std::shared_ptr<Server::Core> core, ServerLoop& loop, Socket socket);
std::shared_ptr<Connection> make_tls_connection(std::shared_ptr<Server::Core> core, ServerLoop& loop, Socket socket);

}  // namespace abc2::http
