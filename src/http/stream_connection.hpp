// StreamConnection: one client's connection, over a plain or a TLS stream. Internal to the server; instantiated in
// plain_connection.cpp and tls_connection.cpp.
//
// A state machine of callbacks rather than a coroutine: reading, answering from memory and writing allocate nothing.
// Requests of one connection are answered one after the other; everything that waits in the buffer is answered with
// one write, so that pipelined requests cost no more than a fraction of a system call.
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <exception>

#include "http/log.hpp"
#include "http/server_core.hpp"

namespace abc2::http {

template <class Stream>
class StreamConnection final : public Connection {
 public:
  StreamConnection(std::shared_ptr<Server::Core> core, ServerLoop& loop, Stream stream)
      : Connection(std::move(core), loop),
        stream_(std::move(stream)),
        parser_(core_->settings.request),
        buffer_(core_->settings.request.header_bytes + kBeyondHead) {}

  void start() override {
    remember_peer();
    if (closed_) return;
    if constexpr (kTls) {
      phase_ = Phase::handshake;
      expect_within(core_->settings.handshake_timeout);
      stream_.async_handshake(boost::asio::ssl::stream_base::server, [self = self()](Ec ec) {
        if (ec) return self->abort();
        self->wait_for_request();
      });
    } else {
      wait_for_request();
    }
  }

  void start_refused() override {
    // Over TLS nothing can be said before a handshake, which is work that a crowded server does not do.
    if constexpr (kTls) return abort();
    remember_peer();
    refuse(503, "too many connections are open; try again later");
  }

  void drain() override {
    if (phase_ == Phase::idle || phase_ == Phase::handshake) abort();
    if (phase_ == Phase::streaming && body_stream_) body_stream_->stop();
  }

  void abort() override {
    if (closed_) return;
    closed_ = true;
    phase_ = Phase::closing;
    expect_nothing();
    if (body_stream_) body_stream_->stop();
    Ec ignored;  // there is nobody left to tell
    socket().close(ignored);
  }

  void expire() override {
    if (phase_ != Phase::idle) core_->timed_out.add();
    const bool answerable = (phase_ == Phase::head || phase_ == Phase::body) && !kTls;
    if (!answerable) return abort();
    refuse(408, "the request did not arrive in time");
  }

 private:
  using Ec = boost::system::error_code;
  using Self = std::shared_ptr<StreamConnection>;
  static constexpr bool kTls = !std::is_same_v<Stream, Socket>;
  static constexpr std::size_t kBeyondHead = 4096;        // room for what follows a head of the greatest size
  static constexpr std::size_t kEnoughToSend = 65536;     // no more requests are answered before that is sent
  static constexpr std::size_t kKeptOutput = 256 * 1024;  // capacity that a connection keeps between responses
  static constexpr Milliseconds kLinger{1000};
  static constexpr std::size_t kMostDiscarded = 1024 * 1024;

  enum class Phase : std::uint8_t { handshake, idle, head, body, answering, sending, streaming, lingering, closing };
  enum class Then : std::uint8_t { read, process, dispatch, stream, close };

  Self self() { return std::static_pointer_cast<StreamConnection>(shared_from_this()); }

  Socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void remember_peer() {
    Ec ec;
    const auto endpoint = socket().remote_endpoint(ec);
    if (ec) return abort();
    peer_ = endpoint.address().to_string();
    socket().set_option(boost::asio::ip::tcp::no_delay(true), ec);
    socket().non_blocking(true, ec);
    if (ec) abort();
  }

  // --- reading

  void wait_for_request() {
    if (core_->draining) return close_gently();
    phase_ = Phase::idle;
    expect_within(core_->settings.idle_timeout);
    read();
  }

  void read() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    read_into(end_);
  }

  // At most one read is under way, whatever it is for: what to do with its bytes is decided when they come.
  void read_into(std::size_t at) {
    if (reading_) return;
    reading_ = true;
    stream_.async_read_some(boost::asio::buffer(buffer_.data() + at, buffer_.size() - at),
                            [self = self()](Ec ec, std::size_t count) { self->on_read(ec, count); });
  }

  void on_read(Ec ec, std::size_t count) {
    reading_ = false;
    if (closed_) return;
    if (ec) return abort();
    if (phase_ == Phase::lingering) return on_discarded(count);
    // A client that listens to a stream has nothing more to say.
    if (phase_ == Phase::streaming) return abort();
    // Time has run out, and the refusal is on its way.
    if (phase_ == Phase::closing || phase_ == Phase::sending) return;
    end_ += count;
    process();
  }

  // Answers what is in the buffer, as far as it goes.
  void process() {
    const Time now = core_->runtime.now();
    const Place place{loop_.index, now, loop_.date.at(now)};
    while (out_.size() < kEnoughToSend) {
      const std::size_t used = parser_.feed({buffer_.data() + begin_, end_ - begin_});
      begin_ += used;
      switch (parser_.state()) {
        case RequestParser::State::head: return on_part(begin_ < end_ ? Phase::head : Phase::idle);
        case RequestParser::State::body:
          if (!request_) {
            request_ = take_head();
            if (parser_.expects_continue()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
          }
          // Bytes that are left over and of no use by themselves, such as half a chunk's size, wait for more.
          if (used == 0 || begin_ == end_) return on_part(Phase::body);
          break;
        case RequestParser::State::failed: return refuse(parser_.failure_status(), parser_.failure());
        case RequestParser::State::done: {
          const RequestView& view = parser_.view();
          const bool simple = !request_ && parser_.body().empty() && view.keep_alive && !view.http_1_0;
          if (simple && !core_->draining && core_->service.answer_now(place, view, out_)) {
            parser_.reset();
            phase_ = Phase::idle;
            break;
          }
          if (!request_) request_ = take_head();
          request_->body = std::move(parser_.body());
          parser_.reset();
          return send(Then::dispatch);
        }
      }
    }
    send(Then::process);
  }

  // The buffer holds no whole request: sends what has been answered so far, and reads on.
  void on_part(Phase phase) {
    if (phase == Phase::idle && core_->draining) return send(Then::close);
    // Only what a client makes up around chunks can be that long without being of any use.
    if (end_ - begin_ == buffer_.size()) return refuse(431, "a part of the request that is no content is too large");
    if (phase != phase_ || phase == Phase::idle) {
      phase_ = phase;
      expect_within(time_for(phase));
    }
    if (out_.empty()) return read();
    send(Then::read);
  }

  Request take_head() {
    const RequestView& view = parser_.view();
    keep_alive_ = view.keep_alive;
    http_1_0_ = view.http_1_0;
    Request request = own(view);
    request.peer = peer_;
    request.tls = kTls;
    return request;
  }

  // --- answering

  void dispatch() {
    phase_ = Phase::answering;
    expect_nothing();
    Request request = std::move(*request_);
    request_.reset();
    head_only_ = request.method == Method::head;
    if (!core_->begin_request()) {
      Response busy = core_->service.refuse(503, "too many requests are being answered; try again later");
      return respond(std::move(busy));
    }
    boost::asio::co_spawn(loop_.executor, core_->service.answer(loop_.index, std::move(request)),
                          [self = self()](std::exception_ptr thrown, Response response) {
                            self->core_->end_request();
                            if (thrown) response = self->on_exception(thrown);
                            self->respond(std::move(response));
                          });
  }

  Response on_exception(const std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& exception) {
      log_error("request_failed", {{"error", exception.what()}});
    }
    return core_->service.refuse(500, "something went wrong here; it has been logged");
  }

  void respond(Response response) {
    if (closed_) {
      if (response.stream) response.stream->stop();
      return;
    }
    if (response.close || core_->draining) keep_alive_ = false;
    if (response.stream && http_1_0_) keep_alive_ = false;
    const HeadOptions options{loop_.date.at(core_->runtime.now()), keep_alive_, http_1_0_};
    append_head(out_, response, options);
    if (response.stream && !head_only_) {
      body_stream_ = std::move(response.stream);
      return send(Then::stream);
    }
    if (!head_only_) {
      if (response.shared_body) {
        tail_ = std::move(response.shared_body);
      } else {
        out_ += response.body;
      }
    }
    if (!keep_alive_) return send(Then::close);
    phase_ = Phase::idle;
    send(begin_ < end_ ? Then::process : Then::read);
  }

  // Answers an error and closes.
  void refuse(int status, std::string_view why) {
    phase_ = Phase::closing;
    keep_alive_ = false;
    request_.reset();
    const Response response = core_->service.refuse(status, why);
    append_head(out_, response, {.date = loop_.date.at(core_->runtime.now()), .keep_alive = false});
    out_ += response.body;
    send(Then::close);
  }

  // --- sending

  // Sends all that waits, then goes on.
  void send(Then then) {
    if (closed_) return;
    sent_ = 0;
    if constexpr (!kTls) {
      // Nearly always the socket takes everything at once.
      while (sent_ < to_send()) {
        Ec ec;
        sent_ += socket().write_some(unsent(), ec);
        if (ec == boost::asio::error::would_block || ec == boost::asio::error::try_again) break;
        if (ec) return abort();
      }
    }
    if (sent_ == to_send()) return on_sent(then);
    part_phase_ = phase_;
    phase_ = Phase::sending;
    expect_within(core_->settings.write_timeout);
    boost::asio::async_write(stream_, unsent(), [self = self(), then](Ec ec, std::size_t) {
      if (self->closed_) return;
      if (ec) return self->abort();
      self->phase_ = self->part_phase_;
      if (then == Then::read) self->expect_within(self->time_for(self->phase_));
      self->on_sent(then);
    });
  }

  [[nodiscard]] Milliseconds time_for(Phase phase) const {
    if (phase == Phase::head) return core_->settings.header_timeout;
    if (phase == Phase::body) return core_->settings.body_timeout;
    return core_->settings.idle_timeout;
  }

  [[nodiscard]] std::size_t to_send() const { return out_.size() + (tail_ ? tail_->size() : 0); }

  [[nodiscard]] std::array<boost::asio::const_buffer, 2> unsent() const {
    const std::size_t of_out = std::min(sent_, out_.size());
    const std::size_t of_tail = sent_ - of_out;
    return {boost::asio::const_buffer(out_.data() + of_out, out_.size() - of_out),
            tail_ ? boost::asio::const_buffer(tail_->data() + of_tail, tail_->size() - of_tail)
                  : boost::asio::const_buffer()};
  }

  void on_sent(Then then) {
    out_.clear();
    if (out_.capacity() > kKeptOutput) out_.shrink_to_fit();
    tail_.reset();
    switch (then) {
      case Then::read:
        if (phase_ == Phase::idle) return wait_for_request();
        return read();
      case Then::process: return process();
      case Then::dispatch: return dispatch();
      case Then::stream: return start_stream();
      case Then::close: return close_gently();
    }
  }

  // --- streams

  void start_stream() {
    phase_ = Phase::streaming;
    expect_nothing();
    if (core_->draining) body_stream_->stop();
    begin_ = end_ = 0;
    read_into(0);  // to notice that the client leaves
    boost::asio::co_spawn(loop_.executor, pump(self(), body_stream_), [self = self()](std::exception_ptr thrown) {
      if (thrown) {
        self->on_exception(thrown);
        return self->abort();
      }
      self->body_stream_.reset();
      self->close_gently();
    });
  }

  static Task<void> pump(Self self, std::shared_ptr<BodyStream> stream) {
    for (;;) {
      auto piece = co_await stream->next();
      if (self->closed_) co_return;
      std::string framed = self->http_1_0_ ? std::string() : chunk(piece ? *piece : std::string());
      if (self->http_1_0_ && piece) framed = std::move(*piece);
      self->expect_within(self->core_->settings.write_timeout);
      Ec ec;
      co_await boost::asio::async_write(self->stream_, boost::asio::buffer(framed),
                                        boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>(), ec));
      if (ec) self->abort();
      if (!piece || self->closed_) co_return;
      self->expect_nothing();
    }
  }

  // An empty piece makes the chunk that ends a body.
  static std::string chunk(const std::string& piece) {
    std::array<char, 20> size{};
    const int digits = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
    return std::string(size.data(), static_cast<std::size_t>(digits)) + piece + "\r\n";
  }

  // --- closing

  // Closing a socket that holds unread bytes resets the connection, and the client may lose our last response. So only
  // our side is closed, and what still comes is thrown away for a moment.
  void close_gently() {
    if (closed_) return;
    phase_ = Phase::lingering;
    expect_within(kLinger);
    if constexpr (kTls) {
      stream_.async_shutdown([self = self()](Ec) { self->abort(); });
    } else {
      Ec ec;
      socket().shutdown(Socket::shutdown_send, ec);
      if (ec) return abort();
      discard();
    }
  }

  void discard() { read_into(begin_ = end_ = 0); }

  void on_discarded(std::size_t count) {
    discarded_ += count;
    if (discarded_ > kMostDiscarded) return abort();
    discard();
  }

  Stream stream_;
  RequestParser parser_;
  std::vector<char> buffer_;  // [begin_, end_) has been read and not been used
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string out_;  // to be sent, followed by *tail_
  std::shared_ptr<const std::string> tail_;
  std::size_t sent_ = 0;
  std::size_t discarded_ = 0;
  std::optional<Request> request_;  // its head has come, its body has not
  std::shared_ptr<BodyStream> body_stream_;
  std::string peer_;
  Phase phase_ = Phase::idle;
  Phase part_phase_ = Phase::idle;  // the phase to come back to after sending
  bool keep_alive_ = true;
  bool http_1_0_ = false;
  bool head_only_ = false;
  bool closed_ = false;
  bool reading_ = false;
};

}  // namespace abc2::http
