// The settings file: what is taken, and what is refused with a sentence that says what to do.
#include "bitcoin/settings.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "bitcoin/base58.hpp"

namespace abc2::bitcoin {
namespace {

// The private account key of a hot wallet on a network for tests.
std::string hot_key_text() {
  const auto master = ExtendedKey::from_seed(std::string(32, 'h'));
  std::string bytes = from_base58check(master.value().private_text().view()).value();
  bytes.replace(0, 4, std::string("\x04\x35\x83\x94", 4));
  return to_base58check(bytes);
}

class SettingsFile : public ::testing::Test {
 protected:
  SettingsFile() { std::filesystem::create_directories(folder_); }
  ~SettingsFile() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder_ / name) << text;
    ASSERT_EQ(::chmod((folder_ / name).c_str(), mode), 0);
  }
  Result<BitcoinSettings> read(const std::string& json) {
    write("bitcoin.json", json, 0644);
    return read_settings((folder_ / "bitcoin.json").string());
  }
  std::string refusal(const std::string& json) {
    const auto settings = read(json);
    EXPECT_FALSE(settings) << json;
    return settings ? "" : settings.error().message();
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / ("abc2-settings-" + std::to_string(::getpid()));
};

const std::string kNodes = R"("nodes": [{"name": "one", "url": "http://127.0.0.1:8332"}])";

TEST_F(SettingsFile, WhatIsLeftOutHasADefault) {
  const auto settings = read(R"({"network": "main", )" + kNodes + "}");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings.value().network, Network::main);
  EXPECT_EQ(settings.value().nodes.at(0).name, "one");
  EXPECT_EQ(settings.value().watcher.confirmations.size(), 2u);
  EXPECT_FALSE(settings.value().withdrawals);
  EXPECT_FALSE(settings.value().hot_key);
}

TEST_F(SettingsFile, EverythingAtOnce) {
  write("hot.key", hot_key_text() + "\n");
  write("password", "of the node\r\n");
  const auto settings = read(R"({"network": "regtest",
      "nodes": [{"name": "one", "url": "http://127.0.0.1:8332", "user": "abc2", "password_file": "password"},
                {"name": "two", "url": "https://node.example:443", "cookie_file": "/run/node/.cookie"}],
      "deposits": {"least_sat": 2000, "confirmations": [{"from_sat": 0, "needed": 1}, {"from_sat": 500, "needed": 9}]},
      "withdrawals": {"key_file": "hot.key", "fee_sat": 700, "least_sat": 20000, "approval_from_sat": 900000,
                      "least_rate_sat_per_kvb": 1500, "most_rate_sat_per_kvb": 90000, "final_after": 12},
      "look_every_ms": 50, "pay_every_ms": 60, "begin_below_tip": 100})");
  ASSERT_TRUE(settings) << settings.error().message();
  const BitcoinSettings& all = settings.value();
  EXPECT_EQ(all.nodes.at(0).password, "of the node") << "without the end of the line";
  EXPECT_EQ(all.nodes.at(1).cookie_file, "/run/node/.cookie");
  EXPECT_EQ(all.watcher.least, 2000_sat);
  EXPECT_EQ(all.watcher.confirmations.at(1).needed, 9u);
  EXPECT_EQ(all.watcher.network, Network::regtest);
  EXPECT_EQ(all.watcher.begin_below_tip, 100);
  EXPECT_EQ(all.withdrawals->fee, 700_sat);
  EXPECT_EQ(all.withdrawals->approval_from, 900'000_sat);
  EXPECT_EQ(all.payouts.most_rate, 90'000_sat);
  EXPECT_EQ(all.payouts.final_after, 12);
  ASSERT_TRUE(all.hot_key);
  EXPECT_TRUE(Payouts::check_key(Network::regtest, *all.hot_key));
}

TEST_F(SettingsFile, WhatIsWrongIsNamed) {
  const auto says = [&](const std::string& json, const std::string& what) {
    EXPECT_NE(refusal(json).find(what), std::string::npos) << json << "\n" << refusal(json);
  };
  says("{", "no JSON");
  says("[]", "must be an object");
  says("{" + kNodes + "}", "network");
  says(R"({"network": "moon", )" + kNodes + "}", "network");
  says(R"({"network": "main"})", "nodes: from 1");
  says(R"({"network": "main", "colour": 1, )" + kNodes + "}", "colour is not known");
  says(R"({"network": "main", "nodes": [{"url": "http://a:1"}]})", "nodes[0].name is missing");
  says(R"({"network": "main", "nodes": [{"name": "a", "url": "a:1"}]})", "nodes[0].url");
  says(R"({"network": "main", "nodes": [{"name": "a", "url": "http://u:p@a:1"}]})", "nodes[0].url");
  says(R"({"network": "main", "nodes": [{"name": "a", "url": "http://a:1"}, {"name": "a", "url": "http://b:1"}]})",
       "two nodes");
  says(R"({"network": "main", "nodes": [{"name": "a", "url": "http://a:1", "user": "x"}]})", "both user and");
  says(R"({"network": "main", "deposits": {"confirmations": [{"from_sat": 5, "needed": 1}]}, )" + kNodes + "}",
       "begin with the amount 0");
  says(R"({"network": "main", "deposits": {"confirmations": [{"from_sat": 0, "needed": 0}]}, )" + kNodes + "}",
       "from 1 to 144");
  says(R"({"network": "main", "withdrawals": {"fee_sat": -1}, )" + kNodes + "}", "withdrawals.fee_sat");
  says(R"({"network": "main", "withdrawals": {"fee_sat": 0.5}, )" + kNodes + "}", "withdrawals.fee_sat");
  says(R"({"network": "main", "withdrawals": {"most_rate_sat_per_kvb": 10}, )" + kNodes + "}", "exclude each other");
  says(R"({"network": "main", "withdrawals": {"key_file": "none"}, )" + kNodes + "}", "cannot be read");
}

TEST_F(SettingsFile, SecretsAreForTheirOwnerAndNeverInAnError) {
  const std::string json = R"({"network": "regtest", "withdrawals": {"key_file": "hot.key"}, )" + kNodes + "}";
  write("hot.key", hot_key_text(), 0640);
  EXPECT_NE(refusal(json).find("chmod 600"), std::string::npos);
  for (const std::string& wrong : {hot_key_text() + "x", std::string("tprv-of-somebody"), std::string("\n")}) {
    write("hot.key", wrong);
    const std::string said = refusal(json);
    EXPECT_NE(said.find("hot.key"), std::string::npos) << said;
    EXPECT_EQ(said.find("tprv"), std::string::npos) << "the key is in the error";
  }
  write("hot.key", hot_key_text());
  EXPECT_TRUE(read(json));
  const std::string main_network = R"({"network": "main", "withdrawals": {"key_file": "hot.key"}, )" + kNodes + "}";
  EXPECT_NE(refusal(main_network).find("not of the network main"), std::string::npos);
  const auto key = ExtendedKey::parse(hot_key_text());
  write("hot.key", key.value().public_text());
  EXPECT_NE(refusal(json).find("private"), std::string::npos);
  write("password", "secret", 0604);
  EXPECT_NE(refusal(R"({"network": "main", "nodes": [{"name": "a", "url": "http://a:1", "user": "x", )"
                    R"("password_file": "password"}]})")
                .find("chmod 600"),
            std::string::npos);
}

}  // namespace
}  // namespace abc2::bitcoin
