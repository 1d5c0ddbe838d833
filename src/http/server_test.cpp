// The server with several event loops and clients on several threads; its limits and its stopping are tested from
// outside, in tests/http.
#include "http/server.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <latch>
#include <thread>

#include "http/encode.hpp"
#include "runtime/asio_runtime.hpp"

namespace abc2::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

class CountingStream final : public BodyStream {
 public:
  Task<std::optional<std::string>> next() override {
    if (stopped_) co_return std::nullopt;
    if (left_-- > 0) co_return "piece";
    // Whoever stops us does so on this loop.
    while (!stopped_) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable_t<Executor>());
    co_return std::nullopt;
  }
  void stop() override { stopped_ = true; }

 private:
  int left_ = 3;
  bool stopped_ = false;
};

class TestService final : public Service {
 public:
  TestService() : fast_(body_of("fast")) {}
  bool answer_now(const Place& place, const RequestView& request, std::string& out) override {
    if (request.target != "/fast") return false;
    fast_.append_to(out, place.date);
    return true;
  }
  Task<Response> answer(std::size_t, Request request) override {
    if (request.path() == "/throw") throw std::runtime_error("on purpose");
    Response response;
    if (request.path() == "/stream") {
      response.stream = std::make_shared<CountingStream>();
      co_return response;
    }
    if (request.path() == "/wait") {
      waiting.count_down();
      while (!go_on) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable_t<Executor>());
    }
    response.body = std::string(request.path()) + ' ' + request.body;
    co_return response;
  }
  Response refuse(int status, std::string_view why) override {
    Response response = body_of(std::string(why));
    response.status = status;
    return response;
  }
  static Response body_of(std::string body) {
    Response response;
    response.body = std::move(body);
    return response;
  }

  std::atomic<bool> go_on = false;
  std::latch waiting{1};

 private:
  PreparedResponse fast_;
};

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    loops.start();
    settings.port = 0;
  }
  ~ServerTest() override {
    if (server) server->stop(Milliseconds(0));
    runtime.stop();
    loops.stop();
  }
  void start() {
    server = std::make_unique<Server>(settings, loops, runtime, service, metrics);
    const auto started = server->start();
    ASSERT_TRUE(started) << started.error().message();
  }

  struct Client {
    explicit Client(unsigned short port) : socket(context) {
      socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    }
    void send(const std::string& text) { asio::write(socket, asio::buffer(text)); }
    void get(const std::string& path) { send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"); }
    // The body of the next answer.
    std::string answer() {
      asio::read_until(socket, asio::dynamic_buffer(in), "\r\n\r\n");
      const auto end = in.find("\r\n\r\n") + 4;
      const auto length = std::stoul(in.substr(in.find("Content-Length: ") + 16));
      while (in.size() < end + length) {
        std::array<char, 1000> piece{};
        in.append(piece.data(), socket.read_some(asio::buffer(piece)));
      }
      const std::string body = in.substr(end, length);
      in.erase(0, end + length);
      return body;
    }
    std::string rest() {
      boost::system::error_code ec;
      std::array<char, 1000> piece{};
      while (!ec) in.append(piece.data(), socket.read_some(asio::buffer(piece), ec));
      return in;
    }
    asio::io_context context;
    tcp::socket socket;
    std::string in;
  };

  // A request that was cut off is destroyed with its event loop, and uses these until then.
  runtime::AsioRuntime runtime;
  Metrics metrics;
  TestService service;
  runtime::EventLoops loops{3};
  ServerSettings settings;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, ManyClientsOnManyLoops) {
  start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (int c = 0; c < 8; ++c) {
        Client client(server->port());
        for (int i = 0; i < 20; ++i) {
          client.get("/fast");
          client.get("/slow" + std::to_string(t));
          client.send("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
          EXPECT_EQ(client.answer(), "fast");
          EXPECT_EQ(client.answer(), "/slow" + std::to_string(t) + " ");
          EXPECT_EQ(client.answer(), "/post hi");
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(server->stop(std::chrono::seconds(60)));
}

TEST_F(ServerTest, AnExceptionIsA500AndTheConnectionGoesOn) {
  start();
  Client client(server->port());
  client.get("/throw");
  EXPECT_EQ(client.answer(), "something went wrong here; it has been logged");
  client.get("/fast");
  EXPECT_EQ(client.answer(), "fast");
}

TEST_F(ServerTest, StoppingWaitsForWhatIsBeingAnswered) {
  start();
  Client client(server->port());
  Client streaming(server->port());
  Client idle(server->port());
  streaming.get("/stream");
  asio::read_until(streaming.socket, asio::dynamic_buffer(streaming.in), "piece");
  client.get("/wait");
  service.waiting.wait();
  std::atomic<bool> stopped = false;
  std::thread stopping([&] {
    EXPECT_TRUE(server->stop(std::chrono::seconds(60)));
    stopped = true;
  });
  EXPECT_EQ(idle.rest(), "");
  EXPECT_TRUE(streaming.rest().ends_with("\r\n0\r\n\r\n"));
  EXPECT_FALSE(stopped);
  service.go_on = true;
  EXPECT_EQ(client.answer(), "/wait ");
  EXPECT_EQ(client.rest(), "");
  stopping.join();
}

TEST_F(ServerTest, WhatDoesNotEndIsCutOff) {
  start();
  Client client(server->port());
  client.get("/wait");
  service.waiting.wait();
  EXPECT_FALSE(server->stop(Milliseconds(1)));
  EXPECT_EQ(client.rest(), "");
}

TEST_F(ServerTest, SaysWhyItCannotListen) {
  start();
  ServerSettings same = settings;
  same.port = server->port();
  Server second(same, loops, runtime, service, metrics);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code(), Code::in_use);
  settings.address = "nowhere";
  Server third(settings, loops, runtime, service, metrics);
  EXPECT_EQ(third.start().error().code(), Code::invalid_argument);
}

}  // namespace
}  // namespace abc2::http
