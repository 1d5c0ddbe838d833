#include "market/accounts.hpp"

#include <algorithm>

#include "base/marks.hpp"
#include "journal/at_once.hpp"
#include "journal/rules.hpp"
#include "market/encoding.hpp"
#include "market/keys.hpp"
#include "market/names.hpp"
#include "market/patiently.hpp"

namespace abc2::market {

using journal::kept;
using journal::Rule;
using store::WriteOutcome;

Accounts::Accounts(store::Store& store, runtime::Runtime& runtime, PasswordHasher& hasher, OnAction on_action)
    : store_(store), runtime_(runtime), hasher_(hasher), on_action_(std::move(on_action)) {}

Task<Result<Registered>> Accounts::register_user(std::string user, Secret password) {
  CO_TRY_VOID(check_user_name(user));
  CO_TRY_VOID(check_password(password.view()));
  const store::Key key = keys::credentials(user);

  CO_TRY(auto found, co_await store::get<Credentials>(store_, key));
  if (!found) {
    CO_TRY(const auto hash, co_await hasher_.hash(password.copy()));
    const std::string value = store::encode(Credentials{hash, runtime_.now()});
    const auto together =
        journal::as_commit(store_, {{"name", key, journal::Absent{}, value},
                                    {"open", keys::balance(user), journal::Absent{}, store::encode(Balance{})}});
    for (int tries = 0; !found; ++tries) {
      if (tries == limits::store_retries)
        co_return Error(Code::undecided,
                        "it is not known yet whether the name is yours; register again with the same "
                        "password");
      auto outcome = WriteOutcome::Kind::unknown;
      if (together) {
        CO_TRY(outcome, co_await store_.commit(*together));
        if (outcome == WriteOutcome::Kind::applied) co_return Registered::now;
      } else {
        CO_TRY(const auto added, co_await store_.add(key, value));
        outcome = added.kind();
        if (outcome == WriteOutcome::Kind::applied) break;
      }
      if (outcome == WriteOutcome::Kind::unknown) {
        ABC2_MARK("register: unknown");
        continue;  // the same key and the same value: it decides, whichever of them lands
      }
      CO_TRY(found, co_await store::get<Credentials>(store_, key));
      if (!found) co_return Error(Code::corrupt, "the document " + key + " exists and cannot be read");
    }
    // R9: the rejection may be the echo of our own ADD. The salt tells whose hash it is.
    if (!found || (kept(Rule::r9_echo) && found->value.password_hash == hash)) {
      if (found) ABC2_MARK("register: own credentials found after a rejection");
      CO_TRY_VOID(co_await ensure_balance(std::move(user)));
      co_return Registered::now;
    }
  }

  CO_TRY(const bool same, co_await hasher_.verify(found->value.password_hash, std::move(password)));
  if (!same) co_return Error(Code::already_exists, "the user name '" + user + "' is taken");
  ABC2_MARK("register: repeated");
  CO_TRY_VOID(co_await ensure_balance(std::move(user)));
  co_return Registered::before;
}

Task<Result<void>> Accounts::ensure_balance(std::string user) {
  auto added = co_await run_patiently(store_, journal::add_once("open", keys::balance(user), store::encode(Balance{})));
  co_return added;
}

Task<Result<void>> Accounts::refuse_while_held(std::string user) {
  CO_TRY(const auto balance, co_await store::get<Balance>(store_, keys::balance(user)));
  if (!kept(Rule::r8_hold_is_seen) || !balance || !balance->value.hold) co_return success();
  const journal::Hold hold = *balance->value.hold;
  const auto resolved = co_await on_action_(std::move(user));
  if (!resolved) ABC2_MARK("accounts: a hold is left for later");
  co_return Error(Code::account_held, "a purchase (slot " + std::to_string(hold.number) + " of " + hold.head +
                                          ") is not decided yet; it is being brought to its end, try again in a "
                                          "moment");
}

Task<Result<void>> Accounts::change_password(std::string user, Secret old_password, Secret new_password,
                                             std::string keep) {
  CO_TRY_VOID(check_user_name(user));
  CO_TRY_VOID(check_password(new_password.view()));
  CO_TRY(const auto found, co_await store::get<Credentials>(store_, keys::credentials(user)));
  std::optional<std::string> old_hash;
  if (found) old_hash = found->value.password_hash;
  CO_TRY(const bool fits, co_await hasher_.verify(old_hash, std::move(old_password)));
  if (!fits) {
    // A request that is repeated after it was done, though nobody heard of it, has only its sessions left to end.
    CO_TRY(const bool done_before, co_await hasher_.verify(old_hash, std::move(new_password)));
    if (!done_before) co_return Error(Code::unauthenticated, "the old password is wrong");
    ABC2_MARK("change password: repeated");
    auto revoked = co_await revoke_other_sessions(std::move(user), std::move(keep));
    co_return revoked;
  }

  CO_TRY_VOID(co_await refuse_while_held(user));
  CO_TRY(const auto new_hash, co_await hasher_.hash(std::move(new_password)));
  // Before the change, so that a crash after it leaves no old session; and after it, for logins in between.
  CO_TRY_VOID(co_await revoke_other_sessions(user, keep));
  const store::Key key = keys::credentials(user);
  journal::Change change = [key, old_hash,
                            new_hash](const store::Snapshot& now) -> Result<std::optional<store::Value>> {
    TRY(auto credentials, store::decode_snapshot<Credentials>(key, now));
    if (!credentials) return Error(Code::corrupt, "the document " + key + " should exist, but does not");
    if (credentials->value.password_hash == new_hash) return std::optional<store::Value>();
    if (credentials->value.password_hash != old_hash)
      return Error(Code::conflict, "the password was changed at the same time");
    Credentials next = std::move(credentials->value);
    next.password_hash = new_hash;
    return std::optional<store::Value>(store::encode(next));
  };
  CO_TRY_VOID(co_await run_patiently(store_, {"change password", key, std::move(change)}));
  auto revoked = co_await revoke_other_sessions(std::move(user), std::move(keep));
  co_return revoked;
}

Task<Result<Time>> Accounts::created_at(std::string user) {
  CO_TRY_VOID(check_user_name(user));
  const std::string missing = "there is no user '" + user + "'";
  CO_TRY(const auto found, co_await store::get_existing<Credentials>(store_, keys::credentials(user), missing));
  co_return found.value.created_at;
}

}  // namespace abc2::market
