// Ending: what becomes of a run in which every process has ended: recovery, what lands after it, and the audit.
// Everything is computed once for equal contents. Not thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "sim/contents.hpp"
#include "sim/scenario.hpp"

namespace abc2::sim {

class Ending {
 public:
  Ending(const Scenario& scenario, Texts& texts, Operations& operations, AllContents& contents, ContentsId start);

  struct Verdict {
    std::string finding;                 // empty: all is well
    std::vector<OperationId> landed;     // after recovery had finished
    std::vector<OperationId> recovered;  // the writes of recovery, in their order, before the first of these
    ContentsId end = 0;
  };
  // `flying`: the writes that may still land, each at any time or never.
  Verdict judge(ContentsId contents, std::vector<OperationId> flying, const std::vector<TextId>& answers);

  // What is wrong with these contents, wherever they occur.
  const std::string& always(ContentsId contents);

  [[nodiscard]] std::size_t recoveries() const { return recovered_.size(); }

 private:
  struct Recovered {
    ContentsId after = 0;
    std::string complaint;
    std::vector<OperationId> writes;
  };
  const Recovered& recover(ContentsId before);
  const std::string& books(ContentsId end);
  Documents documents(ContentsId id) const;

  const Scenario& scenario_;
  Texts& texts_;
  Operations& operations_;
  AllContents& contents_;
  Documents start_;
  std::map<ContentsId, Recovered> recovered_;
  std::map<ContentsId, std::string> books_, always_;
  std::map<std::pair<ContentsId, std::vector<TextId>>, std::string> answers_;
};

}  // namespace abc2::sim
