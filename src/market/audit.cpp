#include "market/audit.hpp"

#include <algorithm>

#include "base/marks.hpp"
#include "market/audit_book.hpp"

namespace abc2::market {
namespace {

// Sums move on in a live market, so that the document and the check tell whether two looks mean the same; holds and
// promises come and go, so that there it must be the very same one.
bool same(const AuditFinding& a, const AuditFinding& b) {
  return a.check == b.check && a.document == b.document && (a.check != 7 || a.what == b.what);
}

std::vector<AuditFinding> found_again(const std::vector<AuditFinding>& before, std::vector<AuditFinding> now) {
  std::erase_if(now, [&](const AuditFinding& finding) {
    return std::ranges::none_of(before, [&](const AuditFinding& other) { return same(finding, other); });
  });
  return now;
}

}  // namespace

Task<Result<AuditReport>> Audit::look(std::size_t per_second) {
  audit_detail::Book book(store_, runtime_, per_second);
  CO_TRY(auto report, co_await book.read(runtime_.now()));
  for (const auto& further : further_) {
    CO_TRY(auto found, co_await further());
    report.findings.insert(report.findings.end(), found.begin(), found.end());
  }
  co_return report;
}

Task<Result<AuditReport>> Audit::run(Milliseconds wait, std::size_t per_second) {
  CO_TRY(auto report, co_await look(per_second));
  std::vector<AuditFinding> before = report.findings;
  for (int looks = 1; looks < 3 && !before.empty(); ++looks) {
    co_await runtime_.sleep(wait);
    CO_TRY(auto again, co_await look(per_second));
    auto both = found_again(before, again.findings);
    const bool agree = both.size() == again.findings.size() && both.size() == before.size();
    if (!agree) ABC2_MARK("audit: two looks differ");
    before = std::move(again.findings);
    report = std::move(again);
    report.findings = std::move(both);
    if (agree) break;
  }
  co_return report;
}

}  // namespace abc2::market
