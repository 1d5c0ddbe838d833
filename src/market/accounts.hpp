// Accounts: who may do what: registration, logins, API keys, change of password.
//
//   Accounts accounts(store, runtime, hasher, [&](std::string user) { return market.recover_user(user); });
//   co_await accounts.register_user("alice", Secret("..."));
//   auto session = co_await accounts.login("alice", Secret("..."), "Firefox");   // session.value().token
//   auto who = co_await accounts.authenticate(token);                            // who.value().user
//
// An account is two documents: credentials/<user>, whose ADD decides who has the name, and balance/<user>, which a
// registration that stopped half-way gets at the next login. What a user is logged in with is in sessions/<user>:
// only the SHA-256 of each secret, so that who reads the store cannot log in with it.
// Every change may be repeated after `undecided`, with the very same arguments.
//
// Thread-safe; what is given to the constructor is borrowed.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "market/documents.hpp"
#include "market/passwords.hpp"

namespace abc2::market {

// Who a token belongs to.
struct Identity {
  std::string user;
  std::string access;    // Access::id of the session or the API key
  bool api_key = false;  // may do everything but manage access: passwords, sessions and keys (the caller's to refuse)
};

// A new session or API key. The token is shown this once.
struct NewAccess {
  std::string id;
  std::string token;  // "<user>.<64 hexadecimal digits>"
  std::optional<Time> expires_at;
};

// A session or an API key, as it is listed.
struct AccessInfo {
  std::string id;
  std::string label;
  Time created_at{};
  std::optional<Time> expires_at;  // none: an API key
  [[nodiscard]] bool api_key() const { return !expires_at; }
};

enum class Registered : std::uint8_t {
  now,     // this call made the account
  before,  // the same name with the same password was there: the request was repeated
};

class Accounts {
 public:
  // Finishes what the user's earlier actions left: a hold first of all. Called with users that exist, at login and
  // when something is refused because of a hold. What it cannot finish it reports, and it is called again.
  using OnAction = std::function<Task<Result<void>>(std::string user)>;

  Accounts(store::Store& store, runtime::Runtime& runtime, PasswordHasher& hasher, OnAction on_action);

  // Makes the account. After `undecided` the name may be ours or not: register again with the same password.
  // Errors: invalid_argument, already_exists (with another password), undecided, too_busy, the store's.
  Task<Result<Registered>> register_user(std::string user, Secret password);

  // Adds the balance if there is none: the second half of a registration. Only for users with credentials.
  // Errors: undecided, the store's.
  Task<Result<void>> ensure_balance(std::string user);

  // Completes the registration, lets OnAction finish what it can (its errors do not keep anyone from logging in), and
  // opens a session for limits::session_length; the oldest beyond limits::sessions_per_user is dropped. `label` is cut
  // to what is allowed: it often comes from a browser.
  // Errors: unauthenticated (one message for a wrong name and a wrong password, in the same time), undecided (log in
  // again), too_busy, the store's.
  Task<Result<NewAccess>> login(std::string user, Secret password, std::string label);

  // One read. Errors: unauthenticated (unknown, revoked, expired), the store's.
  Task<Result<Identity>> authenticate(std::string token);

  // Sessions that have not expired and API keys, each in the order of their making.
  Task<Result<std::vector<AccessInfo>>> list_access(std::string user);

  // Ends a session (logging out) or an API key, from any later authenticate() on. Errors: not_found, undecided, the
  // store's.
  Task<Result<void>> revoke(std::string user, std::string id);

  // Ends all sessions but `keep` (Access::id; may be empty). API keys stay. Errors: undecided, the store's.
  Task<Result<void>> revoke_other_sessions(std::string user, std::string keep);

  // An API key, which does not expire. After `undecided` it may be listed, with a token that nobody has: revoke it.
  // Errors: invalid_argument (label), limit_reached (limits::api_keys_per_user), undecided, the store's.
  Task<Result<NewAccess>> create_api_key(std::string user, std::string label);

  // Changes the password and ends all sessions but `keep`; API keys stay. A login that runs at the same time with the
  // old password fails or is ended, too. Repeated after it was done, it succeeds again.
  // Errors: invalid_argument (the new one), unauthenticated (the old one is wrong), account_held (R8: a hold is there;
  // OnAction has been called for it, try again), conflict (another change came first), undecided, too_busy, the
  // store's.
  Task<Result<void>> change_password(std::string user, Secret old_password, Secret new_password, std::string keep);

  // When the account was made. Errors: not_found, the store's.
  Task<Result<Time>> created_at(std::string user);

 private:
  Task<Result<void>> change_sessions(std::string user, const char* name,
                                     std::function<Result<std::optional<Sessions>>(const Sessions&)> decide);
  Task<Result<void>> refuse_while_held(std::string user);
  NewAccess draw(const std::string& user);

  store::Store& store_;
  runtime::Runtime& runtime_;
  PasswordHasher& hasher_;
  OnAction on_action_;
};

}  // namespace abc2::market
