// The keys of the market's documents, in one place. Numbers are padded so that the order of keys is the order of
// numbers. User names hold no '/' (names.hpp), so that no key can be another's prefix by accident.
// Thread-safe: pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "store/store.hpp"

namespace abc2::market::keys {

using store::Key;

std::string padded(std::uint64_t number);  // at least ten digits

inline Key credentials(std::string_view user) { return "credentials/" + std::string(user); }
inline Key balance(std::string_view user) { return "balance/" + std::string(user); }
inline Key sessions(std::string_view user) { return "sessions/" + std::string(user); }
inline Key ledger_page(std::string_view user, std::uint64_t page) {
  return "ledger/" + std::string(user) + "/" + padded(page);
}

inline Key fillers(std::string_view user) { return "fillers/" + std::string(user); }
inline Key filler(std::string_view user, std::uint64_t number) {
  return "filler/" + std::string(user) + "/" + padded(number);
}
inline Key image(std::string_view sha256) { return "image/" + std::string(sha256); }

inline Key campaigns(std::string_view seller) { return "campaigns/" + std::string(seller); }
inline Key campaign(std::string_view seller, std::uint64_t number) {
  return "campaign/" + std::string(seller) + "/" + padded(number);
}
// The slot and the receipt of a campaign, by the campaign's key.
inline Key slot(const Key& campaign, std::uint64_t number) {
  return "slot" + campaign.substr(campaign.find('/')) + "/" + padded(number);
}
inline Key transaction(const Key& campaign, std::uint64_t number) {
  return "transaction" + campaign.substr(campaign.find('/')) + "/" + padded(number);
}

inline Key deposit(std::string_view id) { return "deposit/" + std::string(id); }

inline Key withdrawal(std::string_view user, std::string_view attempt) {
  return "withdrawal/" + std::string(user) + "/" + std::string(attempt);
}

inline Key fees_account() { return "fees/account"; }

// What comes after the first '/': the user of "balance/alice".
std::string_view rest(const Key& key);

}  // namespace abc2::market::keys
