// For the tests of src/http: the whole application on a store that fails on command, with a clock that is moved by
// hand, asked without a network.
#pragma once
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>
#include <future>

#include "engines/memory/memory_store.hpp"
#include "http/app.hpp"
#include "market/encoding.hpp"
#include "runtime/asio_runtime.hpp"
#include "store/faulty_store.hpp"

namespace abc2::http::testing {

// The real runtime, hours ahead.
class MovedClock final : public runtime::Runtime {
 public:
  Time now() override { return real.now() + Milliseconds(ahead_ms.load()); }
  Task<void> sleep(Milliseconds duration) override { return real.sleep(duration); }
  void random(std::span<std::byte> bytes) override { real.random(bytes); }
  void spawn(Executor where, const char* name, Task<void> work) override { real.spawn(where, name, std::move(work)); }
  bool stopping() const override { return real.stopping(); }

  std::atomic<std::int64_t> ahead_ms = 0;
  runtime::AsioRuntime real;
};

// A picture of one pixel.
inline std::string pixel() {
  return market::from_base64("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7").value();
}

struct Answer {
  int status = 0;
  boost::json::value json;  // null if the body is none
  Response response;

  [[nodiscard]] std::string text(const char* member) const {
    return std::string(json.as_object().at(member).as_string());
  }
  [[nodiscard]] std::int64_t number(const char* member) const { return json.as_object().at(member).as_int64(); }
};

class TestApp {
 public:
  explicit TestApp(AppSettings settings = {}) : app_({store, hub, market, images, clock, loops, metrics}, settings) {
    loops.start();
  }
  ~TestApp() {
    clock.real.stop();
    EXPECT_TRUE(clock.real.wait_idle(std::chrono::seconds(60)));
    pool.stop();
    loops.stop();
  }
  TestApp(const TestApp&) = delete;
  TestApp& operator=(const TestApp&) = delete;

  // A request as it comes from the network.
  Answer ask(Request request) {
    std::promise<Response> promise;
    boost::asio::co_spawn(loops.at(0), app_.answer(0, std::move(request)),
                          [&](std::exception_ptr thrown, Response got) {
                            if (thrown) return promise.set_exception(thrown);
                            promise.set_value(std::move(got));
                          });
    Answer answer;
    answer.response = promise.get_future().get();
    answer.status = answer.response.status;
    boost::system::error_code no_json;
    const auto json = boost::json::parse(answer.response.body, no_json);
    if (!no_json) answer.json = json;
    return answer;
  }

  Answer ask(Method method, std::string target, boost::json::value body = nullptr, const std::string& token = "") {
    Request request;
    request.method = method;
    request.target = std::move(target);
    request.peer = "192.0.2.1";
    request.headers = {{"host", "market.example"}};
    if (!body.is_null()) {
      request.headers.emplace_back("content-type", "application/json");
      request.body = boost::json::serialize(body);
    }
    if (!token.empty()) request.headers.emplace_back("authorization", "Bearer " + token);
    return ask(std::move(request));
  }
  Answer get(std::string target, const std::string& token = "") {
    return ask(Method::get, std::move(target), nullptr, token);
  }

  // The fast way; empty if it does not know the answer.
  std::string ask_now(std::string target) {
    std::promise<std::string> promise;
    boost::asio::post(loops.at(0), [&] {
      RequestView view;
      view.method = Method::get;
      view.target = target;
      std::string out;
      const bool known = app_.answer_now({0, clock.now(), "now"}, view, out);
      EXPECT_EQ(known, !out.empty());
      promise.set_value(std::move(out));
    });
    return promise.get_future().get();
  }

  // An account, with its session's token.
  std::string account(const std::string& user, std::int64_t sat = 0) {
    const boost::json::value credentials{{"user", user}, {"password", user + "'s password"}};
    EXPECT_EQ(ask(Method::post, "/api/accounts", credentials).status, 201);
    if (sat > 0) {
      const auto funded = run(market.money.fund("for-" + user, user, Satoshi(sat)));
      EXPECT_TRUE(funded.has_value());
    }
    return ask(Method::post, "/api/sessions", credentials).text("token");
  }

  // A seller `sue` with campaign 1, floor 1000 sat, slots of an hour, without a fallback.
  std::string seller() {
    const std::string token = account("sue");
    const boost::json::value draft{{"title", "Top"},    {"page", "https://sue.example/"},
                                   {"width_px", 300},   {"height_px", 250},
                                   {"floor_sat", 1000}, {"slot_length_ms", 3'600'000}};
    EXPECT_EQ(ask(Method::post, "/api/campaigns", draft, token).status, 201);
    return token;
  }
  // A buyer with 100,000 sat and ad 1.
  std::string buyer(const std::string& user) {
    const std::string token = account(user, 100'000);
    const boost::json::value draft{
        {"link", "https://" + user + ".example/"}, {"category", "books"}, {"image_base64", market::to_base64(pixel())}};
    EXPECT_EQ(ask(Method::post, "/api/fillers", draft, token).status, 201);
    return token;
  }
  Answer buy(const std::string& token, std::uint64_t slot, unsigned attempt) {
    char uuid[37];
    std::snprintf(uuid, sizeof uuid, "00000000-0000-4000-8000-%012u", attempt);
    return ask(Method::put, "/api/campaigns/sue/1/slots/" + std::to_string(slot),
               {{"attempt", uuid}, {"filler", 1}, {"highest_price_sat", 50'000}}, token);
  }

  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    std::promise<void> done;
    boost::asio::co_spawn(loops.at(0), keep(std::move(task), &value), [&](std::exception_ptr thrown) {
      if (thrown) return done.set_exception(thrown);
      done.set_value();
    });
    done.get_future().get();
    return *std::move(value);
  }

  // Every call of the store fails from now on, until store.heal().
  void break_store() { store.arm({.fault = store::Fault::error, .times = store::FaultRule::always}); }

  MovedClock clock;
  runtime::EventLoops loops{1};
  engines::MemoryStore memory{clock};
  store::FaultyStore store{memory, clock};
  store::WatchHub hub{store, clock};
  runtime::WorkerPool pool{1, 100};
  market::Argon2Hasher hasher{pool, market::Argon2Hasher::Cost::minimum};
  market::PooledImageChecker checker{pool};
  market::ImageLibrary images{store, checker};
  Metrics metrics;
  market::Market market{store, clock, hasher, images, metrics, {}};

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* value) {
    value->emplace(co_await std::move(task));
  }

  App app_;
};

}  // namespace abc2::http::testing
