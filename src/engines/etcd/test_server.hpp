// An etcd cluster of a test's own, from Debian's package, on free ports of the loopback and in a directory of its own.
// It ends with the process that started it.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace abc2::engines::etcd::testing {

namespace fs = std::filesystem;

inline sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// A socket that is bound to a free port of the loopback, and that port. It is below those that the kernel hands out
// (32768 and up), so that no connection takes it while the server that listens there is down.
inline std::pair<int, std::uint16_t> bound_socket() {
  static std::random_device random;
  static std::set<std::uint16_t> chosen;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  for (int tries = 0; fd >= 0 && tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(std::uniform_int_distribution<int>(15'000, 31'999)(random));
    const sockaddr_in address = loopback(port);
    if (!chosen.contains(port) && bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      chosen.insert(port);
      return {fd, port};
    }
  }
  throw std::runtime_error("there is no free port");
}

inline std::uint16_t free_port() {
  const auto [fd, port] = bound_socket();
  close(fd);
  return port;
}

// What a server on the loopback answers, head and all; empty if it does not.
inline std::string http(std::uint16_t port, const std::string& request_line, const std::string& body = "") {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  std::string answer;
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string request = request_line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;)
      answer.append(buffer, static_cast<std::size_t>(got));
  }
  close(fd);
  return answer;
}

class TestMember {
 public:
  TestMember(fs::path directory, std::string name)
      : directory_(std::move(directory)),
        name_(std::move(name)),
        port_(free_port()),
        peer_port_(free_port()),
        metrics_port_(free_port()) {}
  ~TestMember() { kill(); }
  TestMember(const TestMember&) = delete;
  TestMember& operator=(const TestMember&) = delete;

  [[nodiscard]] std::string initial() const { return name_ + "=http://127.0.0.1:" + std::to_string(peer_port_); }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void launch(const std::string& cluster, const std::vector<std::string>& more) {
    const bool tls = !more.empty() && more[0].starts_with("--cert-file");
    const std::string client = (tls ? "https://" : "http://") + address();
    const std::string peer = "http://127.0.0.1:" + std::to_string(peer_port_);
    std::vector<std::string> words{"/usr/bin/etcd",
                                   "--name=" + name_,
                                   "--data-dir=" + (directory_ / name_).string(),
                                   "--listen-client-urls=" + client,
                                   "--advertise-client-urls=" + client,
                                   "--listen-peer-urls=" + peer,
                                   "--initial-advertise-peer-urls=" + peer,
                                   "--initial-cluster=" + cluster,
                                   "--listen-metrics-urls=http://127.0.0.1:" + std::to_string(metrics_port_),
                                   "--logger=zap",
                                   "--snapshot-count=1000000"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const std::string log = log_path();
    pid_ = fork();
    if (pid_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) _exit(1);
    execv(arguments[0], arguments.data());
    _exit(1);
  }
  // Until it has a leader. It may be full, or want a password.
  void wait_ready() {
    for (int tries = 0; !says("etcd_server_has_leader"); ++tries) {
      const bool ended = waitpid(pid_, nullptr, WNOHANG) == pid_;
      if (ended) pid_ = 0;
      if (ended || tries == 1200)
        throw std::runtime_error("etcd " + std::string(ended ? "ended" : "has no leader") +
                                 ": is etcd-server installed? It said: " + end_of_log());
      usleep(50'000);
    }
  }
  [[nodiscard]] bool leads() const { return says("etcd_server_is_leader"); }

  // kill -9: what it had not made durable is lost.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // Returns when it stands still.
  void pause() const {
    ::kill(pid_, SIGSTOP);
    waitpid(pid_, nullptr, WUNTRACED);
  }
  void resume() const { ::kill(pid_, SIGCONT); }

 private:
  [[nodiscard]] std::string log_path() const { return (directory_ / (name_ + ".log")).string(); }
  [[nodiscard]] std::string end_of_log() const {
    std::ifstream file(log_path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.substr(text.size() - std::min<std::size_t>(text.size(), 2000));
  }
  [[nodiscard]] bool says(const std::string& metric) const {
    return http(metrics_port_, "GET /metrics").find("\n" + metric + " 1\n") != std::string::npos;
  }

  const fs::path directory_;
  const std::string name_;
  const std::uint16_t port_, peer_port_, metrics_port_;
  pid_t pid_ = 0;
};

class TestCluster {
 public:
  explicit TestCluster(std::size_t size = 1, const std::vector<std::string>& more = {}) {
    std::string name = (fs::temp_directory_path() / "abc2-etcd-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a directory for etcd");
    directory_ = name;
    for (std::size_t i = 0; i < size; ++i) {
      members_.push_back(std::make_unique<TestMember>(directory_, "m" + std::to_string(i)));
      initial_ += (i == 0 ? "" : ",") + members_.back()->initial();
    }
    start(more);
  }
  ~TestCluster() {
    members_.clear();
    std::error_code ignored;  // a directory that stays is no reason to fail
    fs::remove_all(directory_, ignored);
  }
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  // Starts all that do not run.
  void start(const std::vector<std::string>& more = {}) {
    for (const auto& member : members_) member->launch(initial_, more);
    for (const auto& member : members_) member->wait_ready();
  }
  void start(TestMember& member) {
    member.launch(initial_, {});
    member.wait_ready();
  }
  void kill() {
    for (const auto& member : members_) member->kill();
  }
  TestMember& member(std::size_t index = 0) { return *members_[index]; }
  TestMember& leader() {
    for (;;) {
      for (const auto& member : members_)
        if (member->leads()) return *member;
      usleep(50'000);
    }
  }
  [[nodiscard]] std::string url(const std::string& more = "") const {
    std::string hosts;
    for (const auto& member : members_) hosts += (hosts.empty() ? "" : ",") + member->address();
    return "etcd://" + hosts + more;
  }
  [[nodiscard]] const fs::path& directory() const { return directory_; }

  // One of etcd's calls in its JSON form, for what a test does beside the engine. Throws unless it succeeds.
  std::string call(const std::string& path, const std::string& json, const std::string& token = "") {
    const std::string line = "POST /v3/" + path;
    const std::string head = token.empty() ? line : line + " HTTP/1.1\r\nAuthorization: " + token + "\r\nX-Rest:";
    std::string answer;
    for (int tries = 0; answer.empty() && tries < 100; ++tries, usleep(50'000))
      answer = http(members_[0]->port(), head, json);
    if (!answer.starts_with("HTTP/1.1 200")) throw std::runtime_error("etcd: " + path + ": " + answer);
    return answer;
  }

 private:
  fs::path directory_;
  std::string initial_;
  std::vector<std::unique_ptr<TestMember>> members_;
};

}  // namespace abc2::engines::etcd::testing
