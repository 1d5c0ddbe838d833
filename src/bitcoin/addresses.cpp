#include "bitcoin/addresses.hpp"

#include <algorithm>

#include "bitcoin/extended_key.hpp"
#include "bitcoin/guards.hpp"
#include "market/patiently.hpp"

namespace abc2::bitcoin {
namespace {

constexpr auto kShardsStayKnown = std::chrono::hours(24);

std::uint64_t shard_of(std::string_view user, std::size_t shards) {
  const Hash hash = sha256(user);
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = (number << 8) | hash[static_cast<std::size_t>(i)];
  return number % shards;
}

Result<ExtendedKey> checked_key(Network network, const std::string& text) {
  TRY(auto key, ExtendedKey::parse(text));
  if (key.is_private())
    return Error(Code::invalid_argument,
                 "this is an extended PRIVATE key: keep it off this machine, and give the public one (zpub, xpub)");
  if (key.main_network() != (network == Network::main))
    return Error(Code::invalid_argument, "this key is not of the network " + std::string(to_string(network)));
  return key;
}

}  // namespace

Task<Result<std::optional<Shards>>> Addresses::reload() {
  const Time now = runtime_.now();
  CO_TRY(auto found, co_await store::get<Shards>(store_, keys::shards()));
  const std::lock_guard lock(mutex_);
  read_at_ = now;
  shards_ = found ? std::optional(std::move(found->value)) : std::nullopt;
  co_return shards_;
}

Task<Result<std::optional<Shards>>> Addresses::shards() {
  const Time now = runtime_.now();
  std::optional<Shards> known;
  {
    const std::lock_guard lock(mutex_);
    if (shards_ && now - read_at_ < kShardsStayKnown) known = shards_;
  }
  if (known) co_return known;
  auto read = co_await reload();
  co_return read;
}

Task<Result<std::uint64_t>> Addresses::add_shard(Network network, Shard shard) {
  CO_TRY_VOID(checked_key(network, shard.key));
  journal::Change change = [network, shard](const store::Snapshot& now) -> Result<std::optional<store::Value>> {
    TRY(auto found, store::decode_snapshot<Shards>(keys::shards(), now));
    Shards next = found ? std::move(found->value) : Shards{network, {}};
    if (next.network != network)
      return Error(Code::invalid_argument, "this market is on the network " + std::string(to_string(next.network)));
    const auto there = std::ranges::find(next.shards, shard.key, &Shard::key);
    if (there == next.shards.end()) {
      next.shards.push_back(shard);
    } else {
      if (there->nodes == shard.nodes) return std::optional<store::Value>();
      there->nodes = shard.nodes;
    }
    return std::optional<store::Value>(store::encode(next));
  };
  CO_TRY_VOID(co_await market::run_patiently(store_, {"shard", keys::shards(), std::move(change)}));
  CO_TRY(const auto all, co_await reload());
  if (all)
    for (std::size_t i = 0; i < all->shards.size(); ++i)
      if (all->shards[i].key == shard.key) co_return std::uint64_t(i);
  co_return Error(Code::corrupt, "a shard that was added is gone");
}

// The account with an index that is its own. Each round ends with a document read again.
Task<Result<BitcoinAccount>> Addresses::allocated(std::string user) {
  const store::Key key = keys::account(user);
  for (int tries = 0; tries < limits::store_retries * limits::store_retries; ++tries) {
    CO_TRY(const auto account, co_await store::get<BitcoinAccount>(store_, key));
    if (!account) {
      CO_TRY(const auto all, co_await shards());
      if (!all || all->shards.empty())
        co_return Error(Code::not_found, "deposits of bitcoin are off: no shard has been set up");
      const BitcoinAccount fresh{shard_of(user, all->shards.size()), 0, {}};
      CO_TRY_VOID(co_await journal::run(store_, journal::add_once("account", key, store::encode(fresh))));
      continue;
    }
    const BitcoinAccount now = account->value;
    if (!now.address.empty()) co_return now;
    const auto try_next = [](std::uint64_t after, std::uint64_t last) {
      return [after, last](const BitcoinAccount& found) -> std::optional<BitcoinAccount> {
        if (found.index != after || !found.address.empty()) return std::nullopt;  // another visit was quicker
        BitcoinAccount next = found;
        next.index = std::max(last, after) + 1;
        return next;
      };
    };
    CO_TRY(const auto head, co_await store::get<AddressHead>(store_, keys::addresses(now.shard)));
    const std::uint64_t last = head ? head->value.last : 0;
    if (now.index == 0) {
      CO_TRY_VOID(co_await journal::run(store_, journal::change<BitcoinAccount>("try", key, try_next(0, last))));
      continue;
    }
    // The index is given up only once its key is decided, so that none is lost and none is had twice.
    const store::Key entry_key = keys::address(now.shard, now.index);
    auto added =
        co_await journal::run(store_, journal::add_once("address", entry_key, store::encode(AddressEntry{user})));
    if (!added && added.error().code() == Code::undecided) continue;
    if (!added) co_return added.error();
    CO_TRY(const auto entry, co_await store::get_existing<AddressEntry>(store_, entry_key, "an address is gone"));
    CO_TRY_VOID(co_await market::run_patiently(
        store_, journal::change_or_add<AddressHead>(
                    "advance", keys::addresses(now.shard),
                    [index = now.index](const AddressHead& found) -> std::optional<AddressHead> {
                      if (found.last >= index) return std::nullopt;
                      return AddressHead{index};
                    })));
    if (entry.value.user == user || !kept(Guard::entry_decides)) co_return now;
    ABC2_MARK("addresses: somebody else had the index");
    CO_TRY_VOID(co_await journal::run(
        store_, journal::change<BitcoinAccount>("try", key, try_next(now.index, std::max(last, now.index)))));
  }
  co_return Error(Code::undecided, "the address has not been decided yet; ask again");
}

Task<Result<DepositAddress>> Addresses::of(std::string user) {
  CO_TRY(const BitcoinAccount account, co_await allocated(user));
  CO_TRY(auto all, co_await shards());
  if (!all || account.shard >= all->shards.size()) {
    CO_TRY(all, co_await reload());
    if (!all || account.shard >= all->shards.size())
      co_return Error(Code::corrupt, "the shard of '" + user + "' is gone from " + keys::shards());
  }
  const Shard& shard = all->shards[account.shard];
  if (!account.address.empty()) co_return DepositAddress{account.address, account.shard, shard.nodes};

  auto account_key = checked_key(all->network, shard.key);
  if (!account_key) co_return Error(Code::corrupt, keys::shards() + ": " + account_key.error().message());
  // Indices count from 1 here and from 0 in BIP84.
  CO_TRY(const auto key, account_key.value().derive({0, static_cast<std::uint32_t>(account.index - 1)}));
  const std::string script = p2wpkh(key.public_key());
  const std::string address = *address_of(all->network, script);
  const ScriptOwner owner{user, account.shard, 0, account.index};
  const journal::Step known = journal::add_once("script", keys::script(script), store::encode(owner));
  if (kept(Guard::script_first)) {
    CO_TRY_VOID(co_await market::run_patiently(store_, known));
  }
  CO_TRY_VOID(co_await market::run_patiently(
      store_, journal::change<BitcoinAccount>("address", keys::account(user),
                                              [address](const BitcoinAccount& now) -> std::optional<BitcoinAccount> {
                                                if (!now.address.empty()) return std::nullopt;
                                                BitcoinAccount next = now;
                                                next.address = address;
                                                return next;
                                              })));
  if (!kept(Guard::script_first)) {
    CO_TRY_VOID(co_await market::run_patiently(store_, known));
  }
  co_return DepositAddress{address, account.shard, shard.nodes};
}

}  // namespace abc2::bitcoin
