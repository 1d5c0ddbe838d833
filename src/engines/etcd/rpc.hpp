// gRPC as this engine sees it: bytes go to a named method of one member, bytes and a status come back. No header of
// gRPC leaves rpc.cpp: they are slow to compile.
//
// One thread runs a Loop and owns its Channels, Calls and Streams; all callbacks come from Loop::run(). Only
// Loop::wake() may be called from elsewhere. Neither retries, nor service configurations, nor proxies: what is sent is
// sent once.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "engines/etcd/settings.hpp"
#include "engines/etcd/verdict.hpp"

namespace abc2::engines::etcd {

using Clock = std::chrono::steady_clock;

// The completion queue. Whatever was started on it must have ended before it goes.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Waits until something happens, at most until `until`, and handles it, and what else has happened by then.
  void run(Clock::time_point until);
  // Makes run() return soon. From any thread.
  void wake();

 private:
  friend class Channel;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// One question and its answer. Derive, and start it on a channel; it must live until ended().
class Call {
 public:
  Call();
  virtual ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // It ends soon, as CANCELLED unless its answer was quicker. What was sent stays sent.
  void cancel();

 protected:
  // The last that is heard of it: it may be destroyed, or started again. `answer` counts if the status is ok.
  virtual void ended(Status status, std::string answer) = 0;

 private:
  friend class Channel;
  struct Parts;
  std::unique_ptr<Parts> parts_;  // while it is under way
};

// A conversation. Derive, and open it on a channel; it must live until ended().
class Stream {
 public:
  Stream();
  virtual ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // After open(): in this order, each as soon as those before it have left.
  void send(std::string message);
  // It ends soon.
  void cancel();

 protected:
  virtual void received(std::string message) = 0;
  // The last that is heard of it: it may be destroyed, or opened again.
  virtual void ended(Status status) = 0;

 private:
  friend class Channel;
  struct Parts;
  std::unique_ptr<Parts> parts_;  // while it is open
};

// A connection to one member, made when it is needed, and again when it broke.
class Channel {
 public:
  Channel(Loop& loop, const std::string& member, const Security& security);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Whether it is connected, as far as is known here.
  [[nodiscard]] bool connected() const;

  // `token`: of who is logged in, or empty. The member refuses at once what needs a leader while it knows of none, if
  // `needs_leader`. The call fails at once if the connection cannot be made.
  struct Options {
    std::string token = {};
    bool needs_leader = true;
    Clock::time_point deadline{};
  };
  void start(Call& call, const char* method, const std::string& question, const Options& options);
  void open(Stream& stream, const char* method, const Options& options);  // the deadline does not count

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace abc2::engines::etcd
