// What is said about the ad of a campaign: as JSON for the script, as an HTML frame for pages that want no script.
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "http/ad_board.hpp"
#include "http/text.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

std::string_view text_of(AdShown::Reason reason) {
  switch (reason) {
    case AdShown::Reason::sold: return "sold";
    case AdShown::Reason::not_sold: return "not_sold";
    case AdShown::Reason::unreadable: return "unreadable";
  }
  return "unreadable";
}

std::string base_path(std::string_view seller, std::uint64_t campaign) {
  return "/ads/" + std::string(seller) + '/' + std::to_string(campaign);
}

void moment(json::object& out, const char* name, const std::optional<Time>& time) {
  if (time) {
    out[name] = to_unix_ms(*time);
  } else {
    out[name] = nullptr;
  }
}

}  // namespace

Response ad_json_response(std::string_view seller, std::uint64_t campaign, const market::Campaign& place,
                          const AdShown& shown) {
  const std::string base = base_path(seller, campaign);
  json::object out;
  out["seller"] = seller;
  out["campaign"] = campaign;
  out["width_px"] = place.width_px;
  out["height_px"] = place.height_px;
  out["reason"] = text_of(shown.reason);
  out["slot"] = shown.slot;
  if (shown.slot != 0) {
    out["buyer"] = shown.buyer;
  } else {
    out["buyer"] = nullptr;
  }
  moment(out, "starts_at_ms", shown.starts_at);
  moment(out, "ends_at_ms", shown.ends_at);
  moment(out, "changes_at_ms", shown.changes_at);
  if (shown.image.empty()) {
    out["ad"] = nullptr;
  } else {
    json::object ad;
    ad["image"] = "/images/" + shown.image;
    ad["click"] = base + "/click?slot=" + std::to_string(shown.slot);
    ad["link"] = shown.link;
    ad["hover_text"] = shown.hover_text;
    out["ad"] = std::move(ad);
  }
  out["view"] = base + "/view?slot=" + std::to_string(shown.slot);
  Response response;
  response.set("Content-Type", "application/json");
  response.set("Cache-Control", "no-cache");
  response.set("Access-Control-Allow-Origin", "*");
  response.set("Cross-Origin-Resource-Policy", "cross-origin");
  response.set("X-Content-Type-Options", "nosniff");
  response.body = json::serialize(out);
  return response;
}

Response ad_frame_response(std::string_view seller, std::uint64_t campaign, const market::Campaign& place,
                           const AdShown& shown) {
  const std::string base = base_path(seller, campaign);
  const std::string slot = std::to_string(shown.slot);
  const std::string name = html_escaped(std::string(seller) + '/' + std::to_string(campaign));
  std::string html =
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Advertisement</title>"
      "<style>html,body{margin:0;height:100%;overflow:hidden}div{width:100%;height:100%}"
      "img{display:block;width:100%;height:100%;object-fit:contain;border:0}</style></head><body>";
  html += "<div data-abc2=\"" + name + "\" data-slot=\"" + slot + "\">";
  if (!shown.image.empty()) {
    html += "<a href=\"" + html_escaped(base) + "/click?slot=" + slot +
            "\" target=\"_blank\" rel=\"noopener nofollow sponsored\"><img src=\"/images/" + shown.image +
            "\" width=\"" + std::to_string(place.width_px) + "\" height=\"" + std::to_string(place.height_px) +
            "\" alt=\"" + html_escaped(shown.hover_text) + "\" title=\"" + html_escaped(shown.hover_text) + "\"></a>";
  }
  html += "</div><script async src=\"/embed.js\"></script></body></html>\n";
  Response response;
  response.set("Content-Type", "text/html; charset=utf-8");
  response.set("Cache-Control", "no-cache");
  response.set("Content-Security-Policy",
               "default-src 'none'; img-src 'self'; script-src 'self'; connect-src 'self'; style-src 'unsafe-inline'; "
               "base-uri 'none'; form-action 'none'; frame-ancestors *");
  response.set("Cross-Origin-Resource-Policy", "cross-origin");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  response.body = std::move(html);
  return response;
}

}  // namespace abc2::http
