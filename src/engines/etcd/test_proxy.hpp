// A TCP proxy between a store and its etcd, which a test can cut, close to newcomers, or make swallow the answers.
#pragma once
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <atomic>
#include <list>
#include <thread>

#include "engines/etcd/test_server.hpp"

namespace abc2::engines::etcd::testing {

class TestProxy {
 public:
  explicit TestProxy(std::uint16_t to) : to_(to), wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    std::tie(listener_, port_) = bound_socket();
    if (listen(listener_, 64) != 0) throw std::runtime_error("cannot listen");
    thread_ = std::thread([this] { run(); });
  }
  ~TestProxy() {
    stopping_ = true;
    wake();
    thread_.join();
    for (auto& pair : pairs_) close_both(pair);
    close(listener_);
    close(wake_);
  }
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Cuts all connections, now.
  void cut() {
    cut_ = true;
    wake();
    while (cut_) usleep(1000);
  }
  // From now on newcomers are sent away, or let in again.
  void let_in(bool yes) { let_in_ = yes; }
  // From now on what the server says gets lost, or passes again. What it has lost breaks the connection: cut() then.
  void deaf(bool yes) { deaf_ = yes; }

 private:
  struct Pair {
    int client;
    int server;
  };
  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(wake_, &one, sizeof one);
  }
  static void close_both(Pair& pair) {
    if (pair.client >= 0) close(pair.client);
    if (pair.server >= 0) close(pair.server);
    pair = {-1, -1};
  }
  static bool send_all(int to, const char* bytes, ssize_t size) {
    for (ssize_t sent = 0; sent < size;) {
      const ssize_t now = send(to, bytes + sent, static_cast<std::size_t>(size - sent), MSG_NOSIGNAL);
      if (now <= 0) return false;
      sent += now;
    }
    return true;
  }
  void accept_one() {
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const int server = let_in_ ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
    const sockaddr_in address = loopback(to_);
    Pair pair{client, server};
    if (client < 0 || server < 0 || connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return close_both(pair);
    for (const int fd : {client, server}) {
      const int yes = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    }
    pairs_.push_back(pair);
  }
  // False: the connection is over.
  bool pass_on(int from, int to, bool lose) {
    char buffer[65536];
    const ssize_t got = recv(from, buffer, sizeof buffer, 0);
    return got > 0 && (lose || send_all(to, buffer, got));
  }
  void run() {
    while (!stopping_) {
      std::vector<pollfd> fds{{wake_, POLLIN, 0}, {listener_, POLLIN, 0}};
      for (const auto& pair : pairs_) {
        fds.push_back({pair.client, POLLIN, 0});
        fds.push_back({pair.server, POLLIN, 0});
      }
      if (poll(fds.data(), fds.size(), 1000) <= 0) continue;
      std::uint64_t count = 0;
      if (fds[0].revents != 0) {
        [[maybe_unused]] const auto got = read(wake_, &count, sizeof count);
      }
      const bool cut_all = cut_;  // looked at once: who asks from here on is served by the next round
      std::size_t at = 2;
      for (auto& pair : pairs_) {
        const bool client = fds[at].revents != 0, server = fds[at + 1].revents != 0;
        at += 2;
        if (cut_all || (client && !pass_on(pair.client, pair.server, false)) ||
            (server && !pass_on(pair.server, pair.client, deaf_)))
          close_both(pair);
      }
      pairs_.remove_if([](const Pair& pair) { return pair.client < 0; });
      if (cut_all) cut_ = false;
      if (fds[1].revents != 0) accept_one();
    }
  }

  const std::uint16_t to_;
  int wake_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_ = false, cut_ = false, let_in_ = true, deaf_ = false;
  std::list<Pair> pairs_;
  std::thread thread_;
};

}  // namespace abc2::engines::etcd::testing
