#include "http/api_encode.hpp"

#include <boost/json/array.hpp>

#include "http/problem.hpp"
#include "http/text.hpp"
#include "market/keys.hpp"
#include "market/names.hpp"

namespace abc2::http {

namespace json = boost::json;

Result<std::uint64_t> number_param(const Request& request, std::string_view name) {
  const std::string& text = request.param(name);
  const auto number = parse_number(text);
  // One thing has one address: no leading zeroes.
  if (!number || *number == 0 || std::to_string(*number) != text)
    return Error(Code::not_found, "numbers here are 1, 2, 3 and so on");
  return *number;
}

Result<std::string> user_param(const Request& request, std::string_view name) {
  const std::string& user = request.param(name);
  if (!market::check_user_name(user)) return Error(Code::not_found, "there is no user of that name");
  return user;
}

Result<PageAsked> page_asked(const Request& request) {
  TRY(const auto fields, parse_query(request.query()));
  PageAsked page{0, limits::page_items, std::string(query_field(fields, "cursor"))};
  if (const auto text = query_field(fields, "before"); !text.empty()) {
    const auto before = parse_number(text);
    if (!before || *before == 0) return Error(Code::invalid_argument, "before is not a number from 1 on");
    page.before = *before;
  }
  if (const auto text = query_field(fields, "limit"); !text.empty()) {
    const auto limit = parse_number(text);
    if (!limit || *limit == 0 || *limit > limits::page_items)
      return Error(Code::invalid_argument, "limit is not a number from 1 to " + std::to_string(limits::page_items));
    page.limit = static_cast<std::size_t>(*limit);
  }
  return page;
}

std::string campaign_path(std::string_view seller, std::uint64_t campaign) {
  return "/api/campaigns/" + std::string(seller) + '/' + std::to_string(campaign);
}

std::string slot_path(std::string_view seller, std::uint64_t campaign, std::uint64_t slot) {
  return campaign_path(seller, campaign) + "/slots/" + std::to_string(slot);
}

Standing standing_of(const market::Campaign& campaign, const std::optional<market::Sale>& unsettled, Time now) {
  if (!unsettled)
    return {campaign.last + 1, market::offer(campaign.floor, campaign.last_sale, now), campaign.last_sale};
  const market::LastSale last{unsettled->price, unsettled->bought_at, unsettled->starts_at, unsettled->ends_at};
  return {campaign.last + 2, market::offer(campaign.floor, last, now), last};
}

Task<Result<Standing>> read_standing(AppState* app, std::string seller, std::uint64_t number,
                                     market::Campaign campaign) {
  const Time now = app->parts.runtime.now();
  auto next = co_await app->parts.market.campaigns.slot(std::move(seller), number, campaign.last + 1);
  if (!next) {
    if (next.error().code() == Code::not_found) co_return standing_of(campaign, std::nullopt, now);
    co_return next.error();
  }
  if (next.value().sale) co_return standing_of(campaign, next.value().sale, now);
  // A void uses up a number and changes nothing else.
  Standing standing = standing_of(campaign, std::nullopt, now);
  ++standing.next_slot;
  co_return standing;
}

json::object json_of_campaign(std::string_view seller, std::uint64_t number, const market::Campaign& campaign,
                              const Standing& standing, Time now) {
  json::object out;
  out["seller"] = seller;
  out["number"] = number;
  out["title"] = campaign.title;
  out["about"] = campaign.about;
  out["page"] = campaign.page;
  out["width_px"] = campaign.width_px;
  out["height_px"] = campaign.height_px;
  json::array refused;
  for (const auto& category : campaign.refused_categories) refused.emplace_back(category);
  out["refused_categories"] = std::move(refused);
  out["floor_sat"] = campaign.floor.value();
  out["slot_length_ms"] = campaign.slot_length_ms;
  if (campaign.fallback) {
    out["fallback"] = {{"image", campaign.fallback->image},
                       {"link", campaign.fallback->link},
                       {"hover_text", campaign.fallback->hover_text}};
  } else {
    out["fallback"] = nullptr;
  }
  out["created_at_ms"] = to_unix_ms(campaign.created_at);
  out["sold"] = campaign.sold;
  out["earned_sat"] = campaign.earned.value();
  out["collected_sat"] = campaign.collected.value();
  // With these and the floor anybody can compute the price of any moment.
  if (standing.last_sale) {
    out["last_sale"] = {{"price_sat", standing.last_sale->price.value()},
                        {"bought_at_ms", to_unix_ms(standing.last_sale->bought_at)},
                        {"starts_at_ms", to_unix_ms(standing.last_sale->starts_at)},
                        {"ends_at_ms", to_unix_ms(standing.last_sale->ends_at)}};
  } else {
    out["last_sale"] = nullptr;
  }
  json::object next;
  next["number"] = standing.next_slot;
  next["price_sat"] = standing.offer.price.value();
  next["starts_at_ms"] = to_unix_ms(standing.offer.starts_at);
  next["at_ms"] = to_unix_ms(now);
  next["href"] = slot_path(seller, number, standing.next_slot);
  out["next"] = std::move(next);
  return out;
}

json::object json_of_sale(std::string_view seller, std::uint64_t campaign, std::uint64_t slot,
                          const market::Sale& sale) {
  json::object out;
  out["seller"] = seller;
  out["campaign"] = campaign;
  out["number"] = slot;
  out["buyer"] = sale.buyer;
  out["filler"] = sale.filler;
  out["price_sat"] = sale.price.value();
  out["fee_sat"] = sale.fee.value();
  out["bought_at_ms"] = to_unix_ms(sale.bought_at);
  out["starts_at_ms"] = to_unix_ms(sale.starts_at);
  out["ends_at_ms"] = to_unix_ms(sale.ends_at);
  return out;
}

json::object json_of_slot(std::string_view seller, std::uint64_t campaign, std::uint64_t number,
                          const market::Slot& slot, bool settled) {
  json::object out;
  if (slot.sale) out = json_of_sale(seller, campaign, number, *slot.sale);
  out["seller"] = seller;
  out["campaign"] = campaign;
  out["number"] = number;
  out["state"] = slot.voided() ? "void" : settled ? "sold" : "settling";
  return out;
}

json::object json_of_filler(std::string_view user, std::uint64_t number, const market::Filler& filler) {
  json::object out;
  out["user"] = user;
  out["number"] = number;
  out["image"] = "/images/" + filler.image;
  out["image_type"] = filler.image_type;
  out["width_px"] = filler.width_px;
  out["height_px"] = filler.height_px;
  out["link"] = filler.link;
  out["hover_text"] = filler.hover_text;
  out["category"] = filler.category;
  out["created_at_ms"] = to_unix_ms(filler.created_at);
  return out;
}

json::object json_of_access(const market::AccessInfo& access, std::string_view current) {
  json::object out;
  out["id"] = access.id;
  out["label"] = access.label;
  out["created_at_ms"] = to_unix_ms(access.created_at);
  if (access.expires_at) {
    out["expires_at_ms"] = to_unix_ms(*access.expires_at);
    out["current"] = access.id == current;
  }
  return out;
}

std::optional<std::pair<std::string, std::uint64_t>> campaign_of_key(std::string_view key) {
  constexpr std::string_view prefix = "campaign/";
  if (!key.starts_with(prefix)) return std::nullopt;
  key.remove_prefix(prefix.size());
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto number = parse_number(key.substr(slash + 1));
  if (!number) return std::nullopt;
  return std::make_pair(std::string(key.substr(0, slash)), *number);
}

json::object json_of_hold(const journal::Hold& hold) {
  json::object out;
  out["since_ms"] = to_unix_ms(hold.since);
  if (const auto campaign = campaign_of_key(hold.head)) {
    out["seller"] = campaign->first;
    out["campaign"] = campaign->second;
    out["slot"] = hold.number;
    out["href"] = slot_path(campaign->first, campaign->second, hold.number);
  }
  if (const auto slot = store::decode<market::Slot>(hold.entry.text); slot && slot.value().sale) {
    out["attempt"] = slot.value().sale->request;
    out["price_sat"] = slot.value().sale->price.value();
  }
  return out;
}

json::object json_of_ledger_entry(const market::LedgerEntry& entry) {
  json::object out;
  out["number"] = entry.number;
  out["at_ms"] = to_unix_ms(entry.at);
  out["kind"] = store::EnumText<market::LedgerKind>::names[static_cast<std::size_t>(entry.kind)];
  out["amount_sat"] = entry.amount.value();
  out["after_sat"] = entry.after.value();
  out["reference"] = entry.reference;
  return out;
}

json::object json_of_audit(const market::AuditReport& report) {
  json::object out;
  out["passed"] = report.passed();
  out["at_ms"] = to_unix_ms(report.at);
  out["documents"] = report.documents;
  out["accounts"] = report.accounts;
  out["campaigns"] = report.campaigns;
  out["slots_sold"] = report.slots_sold;
  out["voids"] = report.voids;
  out["deposits"] = report.deposits;
  out["in_flight"] = report.in_flight;
  out["put_in_sat"] = report.put_in.value();
  out["paid_out_sat"] = report.paid_out.value();
  out["balances_sat"] = report.balances.value();
  out["earnings_to_collect_sat"] = report.earnings_to_collect.value();
  out["fees_to_collect_sat"] = report.fees_to_collect.value();
  json::array findings;
  for (const auto& finding : report.findings) {
    findings.push_back(json::object{
        {"check", "A" + std::to_string(finding.check)}, {"document", finding.document}, {"what", finding.what}});
  }
  out["findings"] = std::move(findings);
  return out;
}

Handled held_problem(AppState* app, std::string user, Error error) {
  json::object members;
  const auto balance = co_await store::get<market::Balance>(app->parts.store, market::keys::balance(user));
  if (balance && balance.value() && balance.value()->value.hold)
    members["hold"] = json_of_hold(*balance.value()->value.hold);
  co_return problem(error, std::move(members));
}

}  // namespace abc2::http
