#include "store/conformance/lab.hpp"

#include <algorithm>
#include <utility>

namespace abc2::store::conformance {

namespace {

class ConformanceTest : public testing::Test {
 public:
  ConformanceTest(const Engine& engine, void (*body)(Lab&)) : engine_(engine), body_(body) {}
  void TestBody() override {
    Lab lab(engine_);
    body_(lab);
  }

 private:
  const Engine engine_;
  void (*body_)(Lab&);
};

}  // namespace

bool register_engine(Engine engine) {
  const std::string suite = "Conformance_" + engine.name;
  for (const auto cases : {write_cases(), race_cases(), limit_cases(), scan_cases(), view_cases(), watch_cases(),
                           reopen_cases(), commit_cases()}) {
    for (const auto& each : cases)
      testing::RegisterTest(
          suite.c_str(), each.name, nullptr, nullptr, __FILE__, __LINE__,
          [engine, body = each.body]() -> testing::Test* { return new ConformanceTest(engine, body); });
  }
  return true;
}

Lab::Lab(const Engine& engine) : subject_(engine.open(runtime_)) { loops_.start(); }

Lab::~Lab() {
  runtime_.stop();
  EXPECT_TRUE(runtime_.wait_idle(std::chrono::minutes(2))) << "something that was started never ended";
  loops_.stop();
}

void Lab::run_all(std::vector<Task<void>> tasks) {
  for (auto& task : tasks) start(std::move(task));
  wait();
}

void Lab::start(Task<void> task) { runtime_.spawn(loops_.next(), "conformance", std::move(task)); }

void Lab::wait() { EXPECT_TRUE(runtime_.wait_idle(std::chrono::minutes(2))) << "an operation never returned"; }

Version Lab::put(Key key, Value value) {
  const auto outcome = add(std::move(key), std::move(value));
  EXPECT_EQ(told(outcome), "applied");
  return told(outcome) == "applied" ? outcome.value().version() : Version(0);
}

Version Lab::change(Key key, Version expected, Value value) {
  const auto outcome = replace(std::move(key), expected, std::move(value));
  EXPECT_EQ(told(outcome), "applied");
  return told(outcome) == "applied" ? outcome.value().version() : Version(0);
}

std::string told(const Result<WriteOutcome>& answer) {
  if (!answer) return std::string(to_string(answer.error().code()));
  return std::string(to_string(answer.value().kind()));
}

std::string told(const Result<Snapshot>& answer) {
  if (!answer) return std::string(to_string(answer.error().code()));
  if (!answer.value()) return "absent";
  return "\"" + answer.value()->value + "\"";
}

std::string told(const Result<ScanPage>& answer) {
  if (!answer) return std::string(to_string(answer.error().code()));
  std::string text;
  for (const auto& item : answer.value().items) text += (text.empty() ? "" : " ") + item.key;
  if (answer.value().more) text += " ...";
  return text;
}

}  // namespace abc2::store::conformance
