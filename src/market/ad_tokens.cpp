#include "market/ad_tokens.hpp"

#include <sodium.h>

#include "market/encoding.hpp"

namespace abc2::market {
namespace {

constexpr std::size_t kBodyBytes = 16;
constexpr std::size_t kSignatureBytes = crypto_generichash_BYTES_MIN;

void append(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xFF);
}

std::uint64_t read(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(0, 8)) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

std::string signature(const AdTokenSecret& secret, std::string_view ad, std::string_view body) {
  std::string text(body);  // of a fixed length, so that no other ad and body give the same text
  text += ad;
  std::string mac(kSignatureBytes, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(mac.data()), mac.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), secret.data(), secret.size());
  return mac;
}

}  // namespace

std::string seal(const AdTokenSecret& secret, std::string_view ad, ViewTicket ticket) {
  std::string body;
  append(body, ticket.id);
  append(body, static_cast<std::uint64_t>(to_unix_ms(ticket.at)));
  return to_base64url(body + signature(secret, ad, body));
}

std::optional<ViewTicket> unseal(const AdTokenSecret& secret, std::string_view ad, std::string_view token) {
  if (token.size() > 64) return std::nullopt;
  const auto bytes = from_base64url(token);
  if (!bytes || bytes.value().size() != kBodyBytes + kSignatureBytes) return std::nullopt;
  const std::string_view all = bytes.value();
  const auto body = all.substr(0, kBodyBytes);
  if (!equal_in_constant_time(all.substr(kBodyBytes), signature(secret, ad, body))) return std::nullopt;
  return ViewTicket{read(body), from_unix_ms(static_cast<std::int64_t>(read(body.substr(8))))};
}

std::optional<ViewTicket> Recent::find_or_remember(std::uint64_t key, ViewTicket ticket, Time now) {
  while (!order_.empty() && (order_.front().second + how_long_ <= now || tickets_.size() >= capacity_)) {
    const auto found = tickets_.find(order_.front().first);
    if (found != tickets_.end() && found->second.since == order_.front().second) tickets_.erase(found);
    order_.pop_front();
  }
  if (const auto found = tickets_.find(key); found != tickets_.end()) {
    if (now < found->second.since + how_long_) return found->second.ticket;
    tickets_.erase(found);  // the clock went back, and on again
  }
  tickets_.emplace(key, Remembered{ticket, now});
  order_.emplace_back(key, now);
  return std::nullopt;
}

}  // namespace abc2::market
