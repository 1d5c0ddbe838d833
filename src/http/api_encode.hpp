// The JSON of the market's values, and reading what requests name, shared by the handlers. Thread-safe.
#pragma once
#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "http/handlers.hpp"
#include "market/pricing.hpp"

namespace abc2::http {

// A number from 1 on in the path: {c}, {n}. Errors: not_found: what it names cannot exist.
Result<std::uint64_t> number_param(const Request& request, std::string_view name);

// A user's name in the path. Errors: not_found: nobody can have that name.
Result<std::string> user_param(const Request& request, std::string_view name);

// ?before= and ?limit= of a page. Errors: invalid_argument.
struct PageAsked {
  std::uint64_t before = 0;
  std::size_t limit = 0;
  std::string cursor;
};
Result<PageAsked> page_asked(const Request& request);

// "/api/campaigns/bob/7" and "/api/campaigns/bob/7/slots/3".
std::string campaign_path(std::string_view seller, std::uint64_t campaign);
std::string slot_path(std::string_view seller, std::uint64_t campaign, std::uint64_t slot);

// What a campaign offers now.
struct Standing {
  std::uint64_t next_slot = 0;
  market::Offer offer;
  std::optional<market::LastSale> last_sale;  // the sale that the offer follows from
};
// From what the campaign says by itself; `unsettled` is the sale of the slot after its last, if there is one already.
Standing standing_of(const market::Campaign& campaign, const std::optional<market::Sale>& unsettled, Time now);
// Reads the newest slot as well, which the campaign may not count yet.
Task<Result<Standing>> read_standing(AppState* app, std::string seller, std::uint64_t number,
                                     market::Campaign campaign);

boost::json::object json_of_campaign(std::string_view seller, std::uint64_t number, const market::Campaign& campaign,
                                     const Standing& standing, Time now);
boost::json::object json_of_sale(std::string_view seller, std::uint64_t campaign, std::uint64_t slot,
                                 const market::Sale& sale);
boost::json::object json_of_slot(std::string_view seller, std::uint64_t campaign, std::uint64_t number,
                                 const market::Slot& slot, bool settled);
boost::json::object json_of_filler(std::string_view user, std::uint64_t number, const market::Filler& filler);
boost::json::object json_of_access(const market::AccessInfo& access, std::string_view current);
boost::json::object json_of_hold(const journal::Hold& hold);
boost::json::object json_of_ledger_entry(const market::LedgerEntry& entry);
boost::json::object json_of_audit(const market::AuditReport& report);

// The campaign whose key this is: "campaign/bob/0000000007" -> {"bob", 7}.
std::optional<std::pair<std::string, std::uint64_t>> campaign_of_key(std::string_view key);

// 423 with the hold that is there, read afresh.
Handled held_problem(AppState* app, std::string user, Error error);

}  // namespace abc2::http
