#include "http/server.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "http/log.hpp"
#include "http/server_core.hpp"

namespace abc2::http {

namespace asio = boost::asio;
using Ec = boost::system::error_code;

namespace {

// Refused connections that are still being told so; beyond that they are closed without a word.
constexpr std::size_t kRefusedAtOnce = 64;
// When accepting fails (no more file descriptors, say), it is tried again after this time.
constexpr Milliseconds kAcceptPause{50};
constexpr int kBacklog = 4096;
// How long connections that were cut off may take to go away; only our own handlers are waited for.
constexpr Milliseconds kCutOff{2000};

template <void (Connection::*act)()>
void each_connection(ServerLoop& loop) {
  std::vector<std::shared_ptr<Connection>> all;  // `act` may take connections off the list
  for (Connection* connection : loop.connections) all.push_back(connection->shared_from_this());
  for (const auto& connection : all) ((*connection).*act)();
}

Milliseconds tick_length(const ServerSettings& settings) {
  const auto shortest = std::min({settings.handshake_timeout, settings.header_timeout, settings.body_timeout,
                                  settings.idle_timeout, settings.write_timeout});
  return std::clamp(shortest / 4, Milliseconds(10), Milliseconds(500));
}

}  // namespace

Connection::Connection(std::shared_ptr<Server::Core> core, ServerLoop& loop) : core_(std::move(core)), loop_(loop) {
  place_ = loop_.connections.insert(loop_.connections.end(), this);
  core_->connection_opened();
}

Connection::~Connection() {
  loop_.connections.erase(place_);
  core_->connection_closed();
}

Server::Core::Core(ServerSettings given, runtime::EventLoops& loops, runtime::Runtime& with, Service& answering,
                   Metrics& metrics)
    : settings(std::move(given)),
      event_loops(loops),
      runtime(with),
      service(answering),
      open_connections(metrics.gauge("abc2_http_connections", "Open HTTP connections.")),
      requests_in_flight(metrics.gauge("abc2_http_requests_in_flight", "Requests being answered.")),
      refused_connections(
          metrics.counter("abc2_http_connections_refused_total", "Connections beyond the limit, closed unheard.")),
      refused_requests(
          metrics.counter("abc2_http_requests_refused_total", "Requests beyond the limit of those in flight.")),
      timed_out(metrics.counter("abc2_http_timeouts_total", "Connections closed because the client was too slow.")) {
  for (std::size_t i = 0; i < event_loops.size(); ++i) {
    loops_.push_back(std::make_unique<ServerLoop>(i, event_loops.at(i)));
  }
}

Result<void> Server::Core::load_tls() {
  if (settings.tls_certificate_file.empty() != settings.tls_key_file.empty())
    return Error(Code::invalid_argument, "TLS needs both a certificate file and a key file");
  if (settings.tls_certificate_file.empty()) return success();
  auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                       asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
  Ec ec;
  context->use_certificate_chain_file(settings.tls_certificate_file, ec);
  if (ec) {
    return Error(Code::invalid_argument,
                 "the certificate " + settings.tls_certificate_file + " cannot be used: " + ec.message());
  }
  context->use_private_key_file(settings.tls_key_file, asio::ssl::context::pem, ec);
  if (ec) return Error(Code::invalid_argument, "the key " + settings.tls_key_file + " cannot be used: " + ec.message());
  tls = std::move(context);
  return success();
}

Result<void> Server::Core::start() {
  TRY_VOID(load_tls());
  Ec ec;
  const auto address = asio::ip::make_address(settings.address, ec);
  if (ec) return Error(Code::invalid_argument, "'" + settings.address + "' is not an IP address to listen on");
  const asio::ip::tcp::endpoint endpoint(address, settings.port);
  acceptor_ = std::make_unique<Acceptor>(loops_[0]->executor);
  accept_again_ = std::make_unique<Timer>(loops_[0]->executor);
  acceptor_->open(endpoint.protocol(), ec);
  if (!ec) acceptor_->set_option(asio::socket_base::reuse_address(true), ec);
  if (!ec) acceptor_->bind(endpoint, ec);
  if (!ec) acceptor_->listen(kBacklog, ec);
  if (ec) {
    const auto code = ec == asio::error::address_in_use ? Code::in_use : Code::unavailable;
    return Error(
        code, "cannot listen on " + settings.address + " port " + std::to_string(settings.port) + ": " + ec.message());
  }
  port = acceptor_->local_endpoint().port();
  asio::post(loops_[0]->executor, [self = shared_from_this()] { self->accept(); });
  for (auto& loop : loops_) {
    asio::post(loop->executor, [self = shared_from_this(), &loop = *loop] { self->tick(loop); });
  }
  return success();
}

void Server::Core::accept() {
  if (draining) return;
  acceptor_->async_accept(event_loops.next(), [self = shared_from_this()](Ec ec, Socket socket) {
    if (self->draining) return;
    if (!ec) {
      self->accepted(std::move(socket));
      return self->accept();
    }
    log_warning("accept_failed", {{"error", ec.message()}});
    self->accept_again_->expires_after(kAcceptPause);
    self->accept_again_->async_wait([self](Ec) { self->accept(); });
  });
}

void Server::Core::accepted(Socket socket) {
  const std::size_t open = connections_.load();
  const bool refused = open >= settings.connections;
  if (refused) refused_connections.add();
  if (open >= settings.connections + kRefusedAtOnce) return;  // the socket closes itself
  const auto owner = std::find_if(loops_.begin(), loops_.end(),
                                  [&](const auto& loop) { return loop->executor == socket.get_executor(); });
  ServerLoop& loop = **owner;
  // The count goes up here, so that a burst cannot slip through before the loops have seen it.
  ++connections_;
  auto begin = [self = shared_from_this(), &loop, refused, socket = std::move(socket)]() mutable {
    const auto connection = self->tls ? make_tls_connection(self, loop, std::move(socket))
                                      : make_plain_connection(self, loop, std::move(socket));
    --self->connections_;
    if (self->draining) return connection->abort();
    if (refused) return connection->start_refused();
    connection->start();
  };
  asio::post(loop.executor, std::move(begin));
}

void Server::Core::tick(ServerLoop& loop) {
  const auto now = Steady::now();
  std::vector<std::shared_ptr<Connection>> late;
  for (Connection* connection : loop.connections) {
    if (connection->deadline() <= now) late.push_back(connection->shared_from_this());
  }
  for (const auto& connection : late) connection->expire();
  {
    const std::scoped_lock lock(mutex_);
    if (stopped_) return;
  }
  if (!loop.timer) return;
  loop.timer->expires_after(tick_length(settings));
  loop.timer->async_wait([self = shared_from_this(), &loop](Ec) { self->tick(loop); });
}

void Server::Core::on_every_loop(void (*act)(ServerLoop&)) {
  for (auto& loop : loops_) {
    asio::post(loop->executor, [self = shared_from_this(), &loop = *loop, act] { act(loop); });
  }
}

bool Server::Core::begin_request() {
  const std::size_t before = requests_.fetch_add(1);
  requests_in_flight.set(static_cast<std::int64_t>(before + 1));
  if (before >= settings.requests_in_flight) {
    end_request();
    refused_requests.add();
    return false;
  }
  return true;
}

void Server::Core::end_request() {
  requests_in_flight.set(static_cast<std::int64_t>(--requests_));
  if (!draining) return;
  const std::scoped_lock lock(mutex_);
  changed_.notify_all();
}

void Server::Core::connection_opened() { open_connections.set(static_cast<std::int64_t>(++connections_)); }

void Server::Core::connection_closed() {
  open_connections.set(static_cast<std::int64_t>(--connections_));
  if (!draining) return;
  const std::scoped_lock lock(mutex_);
  changed_.notify_all();
}

bool Server::Core::wait_until_empty(Steady::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return connections_ == 0 && requests_ == 0; });
}

// A coroutine that was cut off may keep us alive longer than the event loops live: nothing of ours may be left that
// belongs to one of them.
void Server::Core::let_go_of_loops() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    holding_ = loops_.size();
  }
  for (auto& loop : loops_) {
    asio::post(loop->executor, [self = shared_from_this(), &loop = *loop] {
      loop.timer.reset();
      if (loop.index == 0) {
        self->acceptor_.reset();
        self->accept_again_.reset();
      }
      const std::scoped_lock lock(self->mutex_);
      --self->holding_;
      self->changed_.notify_all();
    });
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kCutOff, [this] { return holding_ == 0; });
}

bool Server::Core::stop(Milliseconds at_most) {
  if (port == 0 || stopped_) return true;
  const auto until = Steady::now() + at_most;
  draining = true;
  asio::post(loops_[0]->executor, [self = shared_from_this()] {
    Ec ignored;  // it is going away in any case
    self->acceptor_->close(ignored);
    self->accept_again_->cancel();
  });
  on_every_loop(each_connection<&Connection::drain>);
  const bool all_done = wait_until_empty(until);
  if (!all_done) {
    on_every_loop(each_connection<&Connection::abort>);
    wait_until_empty(Steady::now() + kCutOff);
  }
  let_go_of_loops();
  return all_done;
}

Server::Server(ServerSettings settings, runtime::EventLoops& loops, runtime::Runtime& runtime, Service& service,
               Metrics& metrics)
    : core_(std::make_shared<Core>(std::move(settings), loops, runtime, service, metrics)) {}

Server::~Server() { core_->stop(Milliseconds(0)); }

Result<void> Server::start() { return core_->start(); }
unsigned short Server::port() const { return core_->port; }
bool Server::stop(Milliseconds at_most) { return core_->stop(at_most); }

}  // namespace abc2::http
