// For tests: a bitcoin node in memory, whose chain is made by the test.
#pragma once
#include <map>

#include "bitcoin/chain_source.hpp"
#include "bitcoin/test_chain.hpp"

namespace abc2::bitcoin::test {

class FakeNode final : public ChainSource {
 public:
  FakeNode() { chain_.push_back(add(Hash{}, {coinbase(next_++)})); }

  // A block on top, with these transactions behind its coinbase.
  Hash mine(std::vector<Transaction> transactions = {}) {
    transactions.insert(transactions.begin(), coinbase(next_++));
    for (const auto& one : transactions) pool_.erase(to_id(id_of(one)));
    chain_.push_back(add(chain_.back(), transactions));
    return chain_.back();
  }
  void mine_empty(int count) {
    for (int i = 0; i < count; ++i) mine();
  }
  // Everything in the mempool goes into a block.
  Hash mine_pool() {
    std::vector<Transaction> all;
    for (const auto& [id, bytes] : pool_) all.push_back(parse_transaction(bytes).value());
    return mine(all);
  }
  // Leaves the newest blocks. To be followed, as many and one more must be mined.
  void drop(int count) { chain_.resize(chain_.size() - static_cast<std::size_t>(count)); }
  void take(const Transaction& transaction) { pool_[to_id(id_of(transaction))] = serialise(transaction); }
  void forget_pool() { pool_.clear(); }
  [[nodiscard]] std::int64_t height() const { return static_cast<std::int64_t>(chain_.size()) - 1; }
  // What was sent, each once.
  std::map<std::string, int> sent;
  bool deaf = false;
  Satoshi rate = Satoshi(2000);

  Task<Result<Tip>> tip() override {
    if (deaf) co_return Error(Code::unavailable, "deaf");
    co_return Tip{height(), chain_.back()};
  }
  Task<Result<std::optional<Hash>>> hash_at(std::int64_t at) override {
    if (at > height()) co_return std::optional<Hash>();
    co_return std::optional<Hash>(chain_.at(static_cast<std::size_t>(at)));
  }
  Task<Result<std::optional<std::string>>> block(Hash hash) override {
    const auto at = blocks_.find(hash);
    if (at == blocks_.end()) co_return std::optional<std::string>();
    co_return std::optional<std::string>(at->second);
  }
  Task<Result<std::vector<Hash>>> mempool() override {
    std::vector<Hash> ids;
    for (const auto& [id, bytes] : pool_) ids.push_back(from_id(id).value());
    co_return ids;
  }
  Task<Result<std::optional<std::string>>> transaction(Hash id) override {
    const auto at = pool_.find(to_id(id));
    if (at == pool_.end()) co_return std::optional<std::string>();
    co_return std::optional<std::string>(at->second);
  }
  Task<Result<Sent>> send(std::string bytes) override {
    if (deaf) co_return Error(Code::unavailable, "deaf");
    const auto one = parse_transaction(bytes);
    if (!one) co_return Sent{false, "TX decode failed"};
    const std::string id = to_id(id_of(one.value()));
    ++sent[id];
    // A replacement drives out what spends the same coin.
    std::erase_if(pool_, [&](const auto& entry) {
      return parse_transaction(entry.second).value().inputs.at(0).previous == one.value().inputs.at(0).previous;
    });
    pool_[id] = bytes;
    co_return Sent{true, {}};
  }
  Task<Result<std::optional<Satoshi>>> fee_rate() override { co_return std::optional<Satoshi>(rate); }

 private:
  Hash add(const Hash& previous, const std::vector<Transaction>& transactions) {
    const std::string bytes = mined_block(Network::regtest, previous, transactions);
    const Hash hash = sha256d(std::string_view(bytes).substr(0, 80));
    blocks_[hash] = bytes;
    return hash;
  }
  std::vector<Hash> chain_;
  std::map<Hash, std::string> blocks_;
  std::map<std::string, std::string> pool_;
  std::uint32_t next_ = 1;
};

// A transaction that pays these scripts out of nowhere.
inline Transaction paying(std::vector<Output> outputs, std::uint32_t number = 1) {
  Transaction made;
  Input input;
  input.previous = {sha256("source " + std::to_string(number)), 0};
  made.inputs.push_back(input);
  made.outputs = std::move(outputs);
  return made;
}

}  // namespace abc2::bitcoin::test
