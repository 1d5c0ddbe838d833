// The JSON of bitcoin's values, shared by a user's routes and the operator's. Thread-safe: pure functions.
#pragma once
#include <boost/json/object.hpp>

#include "bitcoin/cashier.hpp"
#include "http/handlers.hpp"

namespace abc2::http {

// What is there to ask. Errors: not_found: this market takes no bitcoin.
Result<bitcoin::Cashier*> cashier_of(AppState* app);

boost::json::object json_of_deposit(const bitcoin::DepositView& view);
boost::json::object json_of_withdrawal(const bitcoin::WithdrawalView& view);

boost::json::object json_of_state(const bitcoin::BitcoinState& state, bitcoin::Network network);
boost::json::object json_of_owed(const bitcoin::Owed& owed);

// The text, or null if it is empty.
boost::json::value text_or_null(const std::string& text);

}  // namespace abc2::http
