// Sessions and API keys: the part of Accounts that changes sessions/<user>.
#include <algorithm>

#include "base/marks.hpp"
#include "market/accounts.hpp"
#include "market/encoding.hpp"
#include "market/keys.hpp"
#include "market/names.hpp"
#include "market/patiently.hpp"

namespace abc2::market {
namespace {

constexpr std::size_t kSecretBytes = 32;

Error not_known() { return {Code::unauthenticated, "log in: the token is unknown, was revoked, or has expired"}; }

// What browsers send as their name is anything: it is cut to what a label may be.
std::string as_label(std::string label) {
  if (check_access_label(label)) return label;
  label.resize(std::min(label.size(), limits::access_label_bytes));
  for (char& c : label)
    if (c < ' ' || c > '~') c = '?';
  return label;
}

auto with_id(const std::string& id) {
  return [&id](const Access& access) { return access.id == id; };
}

bool has(const std::vector<Access>& all, const std::string& id) {
  return std::any_of(all.begin(), all.end(), with_id(id));
}

void drop_expired(Sessions& sessions, Time now) {
  std::erase_if(sessions.sessions, [now](const Access& session) { return session.expires_at <= now; });
}

}  // namespace

NewAccess Accounts::draw(const std::string& user) {
  NewAccess drawn;
  drawn.id = runtime::random_uuid(runtime_);
  drawn.token = user + "." + runtime::random_hex(runtime_, kSecretBytes);
  return drawn;
}

Task<Result<void>> Accounts::change_sessions(std::string user, const char* name,
                                             std::function<Result<std::optional<Sessions>>(const Sessions&)> decide) {
  const store::Key key = keys::sessions(user);
  journal::Change change =
      [key, decide = std::move(decide)](const store::Snapshot& now) -> Result<std::optional<store::Value>> {
    TRY(auto sessions, store::decode_snapshot<Sessions>(key, now));
    TRY(const auto next, decide(sessions ? sessions->value : Sessions()));
    if (!next) return std::optional<store::Value>();
    return std::optional<store::Value>(store::encode(*next));
  };
  auto done = co_await run_patiently(store_, {name, key, std::move(change)});
  co_return done;
}

Task<Result<NewAccess>> Accounts::login(std::string user, Secret password, std::string label) {
  const Error wrong(Code::unauthenticated, "the user name or the password is wrong");
  std::optional<store::Versioned<Credentials>> found;
  if (check_user_name(user)) {
    CO_TRY(found, co_await store::get<Credentials>(store_, keys::credentials(user)));
  }
  std::optional<std::string> hash;
  if (found) hash = found->value.password_hash;
  CO_TRY(const bool fits, co_await hasher_.verify(hash, std::move(password)));
  if (!fits) co_return wrong;

  CO_TRY_VOID(co_await ensure_balance(user));
  const auto recovered = co_await on_action_(user);
  if (!recovered) ABC2_MARK("login: recovery left for later");

  NewAccess drawn = draw(user);
  const Time now = runtime_.now();
  drawn.expires_at = now + limits::session_length;
  const std::string secret = drawn.token.substr(user.size() + 1);
  const Access session{drawn.id, sha256_hex(secret), as_label(std::move(label)), now, drawn.expires_at};
  CO_TRY_VOID(co_await change_sessions(user, "log in", [session, now](const Sessions& before) {
    if (has(before.sessions, session.id)) return Result<std::optional<Sessions>>(std::nullopt);
    Sessions next = before;
    drop_expired(next, now);
    if (next.sessions.size() >= limits::sessions_per_user) {
      ABC2_MARK("login: the oldest session is dropped");
      const auto surplus = next.sessions.size() - limits::sessions_per_user + 1;
      next.sessions.erase(next.sessions.begin(), next.sessions.begin() + static_cast<std::ptrdiff_t>(surplus));
    }
    next.sessions.push_back(session);
    return Result<std::optional<Sessions>>(std::move(next));
  }));

  // A change of password ends the sessions that it sees. One that came between our check and our session has either
  // seen the session, or is seen here.
  CO_TRY(const auto again, co_await store::get<Credentials>(store_, keys::credentials(user)));
  if (!again || again->value.password_hash != hash) {
    ABC2_MARK("login: the password was changed meanwhile");
    CO_TRY_VOID(co_await revoke(std::move(user), drawn.id));
    co_return wrong;
  }
  co_return drawn;
}

Task<Result<Identity>> Accounts::authenticate(std::string token) {
  const auto dot = token.rfind('.');
  if (dot == std::string::npos || token.size() - dot - 1 != 2 * kSecretBytes) co_return not_known();
  const std::string user = token.substr(0, dot);
  if (!check_user_name(user)) co_return not_known();
  const std::string hash = sha256_hex(std::string_view(token).substr(dot + 1));

  CO_TRY(const auto found, co_await store::get<Sessions>(store_, keys::sessions(user)));
  if (!found) co_return not_known();
  std::optional<Identity> identity;
  for (const auto* all : {&found->value.sessions, &found->value.api_keys}) {
    for (const Access& access : *all) {
      if (!equal_in_constant_time(access.secret_hash, hash)) continue;
      if (access.expires_at && *access.expires_at <= runtime_.now()) continue;
      identity = Identity{user, access.id, all == &found->value.api_keys};
    }
  }
  if (!identity) co_return not_known();
  co_return *std::move(identity);
}

Task<Result<std::vector<AccessInfo>>> Accounts::list_access(std::string user) {
  CO_TRY_VOID(check_user_name(user));
  CO_TRY(auto found, co_await store::get<Sessions>(store_, keys::sessions(user)));
  std::vector<AccessInfo> listed;
  if (!found) co_return listed;
  drop_expired(found->value, runtime_.now());
  for (auto* all : {&found->value.sessions, &found->value.api_keys})
    for (Access& access : *all)
      listed.push_back({std::move(access.id), std::move(access.label), access.created_at, access.expires_at});
  co_return listed;
}

Task<Result<void>> Accounts::revoke(std::string user, std::string id) {
  CO_TRY_VOID(check_user_name(user));
  CO_TRY(const auto found, co_await store::get<Sessions>(store_, keys::sessions(user)));
  if (!found || (!has(found->value.sessions, id) && !has(found->value.api_keys, id)))
    co_return Error(Code::not_found, "there is no such session or API key");
  auto revoked = co_await change_sessions(std::move(user), "revoke", [id](const Sessions& before) {
    Sessions next = before;
    const auto removed = std::erase_if(next.sessions, with_id(id)) + std::erase_if(next.api_keys, with_id(id));
    if (removed == 0) return Result<std::optional<Sessions>>(std::nullopt);
    return Result<std::optional<Sessions>>(std::move(next));
  });
  co_return revoked;
}

Task<Result<void>> Accounts::revoke_other_sessions(std::string user, std::string keep) {
  CO_TRY_VOID(check_user_name(user));
  auto revoked = co_await change_sessions(std::move(user), "revoke", [keep](const Sessions& before) {
    Sessions next = before;
    if (std::erase_if(next.sessions, [&keep](const Access& session) { return session.id != keep; }) == 0)
      return Result<std::optional<Sessions>>(std::nullopt);
    return Result<std::optional<Sessions>>(std::move(next));
  });
  co_return revoked;
}

Task<Result<NewAccess>> Accounts::create_api_key(std::string user, std::string label) {
  CO_TRY_VOID(check_user_name(user));
  CO_TRY_VOID(check_access_label(label));
  NewAccess drawn = draw(user);
  const std::string secret = drawn.token.substr(user.size() + 1);
  const Access key{drawn.id, sha256_hex(secret), std::move(label), runtime_.now(), std::nullopt};
  CO_TRY_VOID(co_await change_sessions(
      std::move(user), "create an API key", [key](const Sessions& before) -> Result<std::optional<Sessions>> {
        if (has(before.api_keys, key.id)) return std::optional<Sessions>();
        if (before.api_keys.size() >= limits::api_keys_per_user)
          return Error(Code::limit_reached,
                       "there are " + std::to_string(limits::api_keys_per_user) + " API keys already; revoke one");
        Sessions next = before;
        next.api_keys.push_back(key);
        return std::optional<Sessions>(std::move(next));
      }));
  co_return drawn;
}

}  // namespace abc2::market
