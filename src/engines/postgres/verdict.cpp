#include "engines/postgres/verdict.hpp"

#include <algorithm>
#include <array>

namespace abc2::engines::postgres {

WriteFate fate_of_failure(std::string_view sqlstate) {
  if (sqlstate.size() != 5) return WriteFate::unknown;
  // 40003 is "statement completion unknown"; the rest of class 40 says that the transaction was rolled back.
  if (sqlstate == "40003") return WriteFate::unknown;
  // Refused or failed while the statement ran, long before its commit: data, constraints, transaction state, rollback,
  // syntax and rights, resources (a full disk), limits.
  constexpr std::array<std::string_view, 9> classes = {"0A", "22", "23", "25", "40", "42", "53", "54", "55"};
  if (std::ranges::find(classes, sqlstate.substr(0, 2)) != classes.end()) return WriteFate::not_written;
  // Connections (08), interventions (57: a shutdown, a crash, a cancelled wait), errors of the system (58) and of the
  // server itself (XX) may come at any time, after the commit too.
  return WriteFate::unknown;
}

}  // namespace abc2::engines::postgres
