// Story: a run as text for a person: who did what, what became of it, and what was wrong in the end.
#pragma once
#include <string>
#include <vector>

#include "sim/contents.hpp"
#include "sim/ending.hpp"
#include "sim/scenario.hpp"

namespace abc2::sim {

// One move of an exploration.
struct Move {
  enum class Kind : std::uint8_t { step, error, unknown, echo, crash, jump, landing };
  Kind kind = Kind::step;
  std::uint8_t actor = 0;
  std::uint8_t index = 0;  // of the pending step, the jump, or the write in flight
};

class Story {
 public:
  Story(const Scenario& scenario, const Texts& texts, const Operations& operations)
      : scenario_(scenario), texts_(texts), operations_(operations) {}

  // `reply`: what the store did in truth.
  void tell(Move move, OperationId operation, Reply reply);
  void answers(std::uint8_t actor, const std::vector<TextId>& before, const std::vector<TextId>& after);
  void end(bool power_failed, const Ending::Verdict& verdict);
  void line(const std::string& who, const std::string& what);
  void violation(const std::string& what);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  [[nodiscard]] std::string describe(OperationId operation) const;
  [[nodiscard]] std::string describe(OperationId operation, Reply reply) const;

  const Scenario& scenario_;
  const Texts& texts_;
  const Operations& operations_;
  std::string text_;
  int number_ = 0;
};

}  // namespace abc2::sim
