// The JSON-RPC client, against recorded shapes of both dialects and a small server of the test's own.
#include "bitcoin/rpc.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <fstream>
#include <thread>

#include "base/marks.hpp"
#include "runtime/blocking.hpp"

namespace abc2::bitcoin {
namespace {

using boost::asio::ip::tcp;
using runtime::run_blocking;

TEST(Amounts, AreExact) {
  struct Case {
    std::string_view text;
    std::int64_t satoshi;
  };
  for (const auto& c : {Case{"0", 0},
                        {"1e-8", 1},
                        {"1E-8", 1},
                        {"0.00000001", 1},
                        {"12.5", 1'250'000'000},
                        {"21000000", 2'100'000'000'000'000},
                        {"20999999.99999999", 2'099'999'999'999'999},
                        {"0.1", 10'000'000},
                        {"0.29", 29'000'000},
                        {"1.15e1", 1'150'000'000},
                        {"1.0e-7", 10},
                        {"-0.5", -50'000'000},
                        {"0.000000010000000000", 1},
                        {"2e+1", 2'000'000'000},
                        {"0e-60", 0}}) {
    const auto amount = parse_bitcoin(c.text);
    ASSERT_TRUE(amount) << c.text;
    EXPECT_EQ(amount.value(), Satoshi(c.satoshi)) << c.text;
  }
  for (const auto* wrong : {"", "-", ".", "1e", "1e-9", "0.000000001", "21000001", "1e60", "1e61", "1 ", "0x1", "1.2.3",
                            "nan", "99999999999999999999999999999999999999999999999"})
    EXPECT_FALSE(parse_bitcoin(wrong)) << wrong;
}

TEST(Json, NumbersStayText) {
  const auto json = parse_json(R"({"a":[1e-8,0.1,{"b":"c\u0041"},null,true],"big":12345678901234567890123})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json.value()["a"].items.at(0).value, "1e-8");
  EXPECT_EQ(json.value()["a"].items.at(1).value, "0.1");
  EXPECT_EQ(json.value()["a"].items.at(2)["b"].value, "cA");
  EXPECT_EQ(json.value()["big"].value, "12345678901234567890123");
  EXPECT_FALSE(integer_of(json.value()["big"], "number"));
  EXPECT_EQ(integer_of(parse_json("-42").value(), "number").value(), -42);
  for (const auto* wrong : {"", "{", "1 2", "[1,]", "{\"a\":1}x"}) EXPECT_FALSE(parse_json(wrong)) << wrong;
  EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']'))) << "too deep";
}

TEST(RpcAnswers, OfBothDialects) {
  // Bitcoin Core: errors come with HTTP 500.
  const auto core =
      read_answer(500, R"({"result":null,"error":{"code":-8,"message":"Block height out of range"},"id":"abc2"})");
  ASSERT_TRUE(core && core.value().error);
  EXPECT_EQ(core.value().error->code, RpcError::out_of_range);
  // bcoin: with HTTP 200.
  const auto bcoin =
      read_answer(200, R"({"result":null,"error":{"message":"Block height out of range.","code":-8},"id":"abc2"})");
  ASSERT_TRUE(bcoin && bcoin.value().error);
  EXPECT_EQ(bcoin.value().error->code, RpcError::out_of_range);
  EXPECT_EQ(read_answer(200, R"({"result":"x","error":null,"id":1})").value().result.value, "x");
  for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{{401, ""},
                                                                             {403, R"({"result":1,"error":null})"},
                                                                             {200, "<html>"},
                                                                             {500, R"({"result":1,"error":null})"},
                                                                             {200, "{}"},
                                                                             {200, R"({"error":"no"})"}})
    EXPECT_FALSE(read_answer(status, body)) << status << body;
}

TEST(RpcNodes, UrlsAreChecked) {
  EXPECT_EQ(parse_http_url("http://127.0.0.1:8332").value().path, "/");
  EXPECT_EQ(parse_http_url("https://[::1]:8332/wallet").value().host, "::1");
  for (const auto* wrong : {"127.0.0.1:8332", "http://", "http://host", "http://u:p@host:1", "ftp://a:1", "http://a:b",
                            "http://a:1/x y", "http://[::1]"})
    EXPECT_FALSE(parse_http_url(wrong)) << wrong;
}

// Answers each connection with the next of its replies, and keeps what was asked. An empty reply: never answers.
class Server {
 public:
  explicit Server(std::vector<std::string> replies)
      : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
        thread_([this, replies] { serve(replies); }) {}
  ~Server() { thread_.join(); }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  std::vector<std::string> asked;  // to be read when all was answered

 private:
  void serve(const std::vector<std::string>& replies) {
    for (const auto& reply : replies) {
      tcp::socket socket(context_);
      acceptor_.accept(socket);
      boost::asio::streambuf buffer;
      boost::system::error_code ec;
      boost::asio::read_until(socket, buffer, "}", ec);
      asked.emplace_back(boost::asio::buffers_begin(buffer.data()), boost::asio::buffers_end(buffer.data()));
      if (!reply.empty()) {
        boost::asio::write(socket, boost::asio::buffer(reply), ec);
      } else {
        char byte = 0;
        socket.read_some(boost::asio::buffer(&byte, 1), ec);  // until the client gives up
      }
    }
  }
  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

std::string http(std::string_view status, std::string_view body) {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

const std::string kHash = "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";

TEST(RpcNodes, AsksAndAuthenticates) {
  Server server(
      {http("200 OK", R"({"result":{"chain":"main","blocks":7,"bestblockhash":")" + kHash + R"("},"error":null})"),
       "HTTP/1.0 200 OK\r\n\r\n{\"result\":\"" + kHash + "\",\"error\":null}"});
  RpcNodes nodes(Network::main, {{.url = server.url(), .user = "u", .password = "p"}});
  const auto tip = run_blocking(nodes.tip());
  ASSERT_TRUE(tip) << tip.error().message();
  EXPECT_EQ(tip.value().height, 7);
  EXPECT_EQ(to_id(tip.value().hash), kHash);
  const auto hash = run_blocking(nodes.hash_at(0));
  ASSERT_TRUE(hash) << hash.error().message() << " (a reply that ends with its connection)";
  EXPECT_EQ(to_id(*hash.value()), kHash);
  EXPECT_NE(server.asked.at(0).find("Authorization: Basic dTpw\r\n"), std::string::npos);
  EXPECT_NE(server.asked.at(0).find(R"("method":"getblockchaininfo")"), std::string::npos);
}

TEST(RpcNodes, ReadsTheCookieForEachCall) {
  const std::string file = testing::TempDir() + "abc2_cookie_" + std::to_string(::getpid());
  Server server({http("200 OK", R"({"result":null,"error":{"code":-8,"message":"x"}})"),
                 http("500 Internal Server Error", R"({"result":null,"error":{"code":-8,"message":"x"}})")});
  RpcNodes nodes(Network::main, {{.url = server.url(), .cookie_file = file}});
  EXPECT_FALSE(run_blocking(nodes.hash_at(1))) << "there is no cookie yet";
  std::ofstream(file) << "__cookie__:one\n";
  EXPECT_EQ(run_blocking(nodes.hash_at(1)).value(), std::nullopt);
  std::ofstream(file) << "__cookie__:two";
  EXPECT_EQ(run_blocking(nodes.hash_at(1)).value(), std::nullopt);
  std::remove(file.c_str());
  EXPECT_NE(server.asked.at(0).find("Basic X19jb29raWVfXzpvbmU=\r\n"), std::string::npos);
  EXPECT_NE(server.asked.at(1).find("Basic X19jb29raWVfXzp0d28=\r\n"), std::string::npos);
}

TEST(RpcNodes, AnotherNodeTakesOver) {
  const std::string good = http("200 OK", R"({"result":[],"error":null})");
  Server deaf({"", http("401 Unauthorized", "")}), hearing({good, good, good});
  RpcNodes nodes(Network::main, {{.url = deaf.url()}, {.url = hearing.url()}}, {.at_most = Milliseconds(300)});
  const auto before = marks::reached("rpc: another node took over");
  EXPECT_TRUE(run_blocking(nodes.mempool()));
  EXPECT_EQ(marks::reached("rpc: another node took over"), before + 1);
  EXPECT_TRUE(run_blocking(nodes.mempool())) << "the one that answered goes on";
  EXPECT_EQ(marks::reached("rpc: another node took over"), before + 1);
  RpcNodes again(Network::main, {{.url = deaf.url()}, {.url = hearing.url()}});
  EXPECT_TRUE(run_blocking(again.mempool())) << "refused credentials are no answer";
}

TEST(RpcNodes, RefusesWhatCannotBe) {
  Server server(
      {http("200 OK", R"({"result":{"chain":"test","blocks":7,"bestblockhash":")" + kHash + R"("},"error":null})"),
       http("200 OK", R"({"result":{"chain":"main","blocks":"7","bestblockhash":")" + kHash + R"("},"error":null})"),
       http("200 OK", R"({"result":"zz","error":null})"), http("200 OK", std::string(2000, ' '))});
  RpcNodes nodes(Network::main, {{.url = server.url()}}, {.most_bytes = 1000});
  const auto other = run_blocking(nodes.tip());
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().message().find("network 'test'"), std::string::npos);
  EXPECT_FALSE(run_blocking(nodes.tip()));
  EXPECT_FALSE(run_blocking(nodes.hash_at(1)));
  const auto large = run_blocking(nodes.hash_at(1));
  ASSERT_FALSE(large);
  EXPECT_NE(large.error().message().find("limit"), std::string::npos) << large.error().message();
}

TEST(RpcNodes, FeesAndSending) {
  Server server(
      {http("200 OK", R"({"result":{"feerate":0.00012,"blocks":6},"error":null})"),
       http("200 OK", R"({"result":{"fee":0.00012,"blocks":6},"error":null})"),
       http("200 OK", R"({"result":{"fee":-1,"blocks":6},"error":null})"),
       http("200 OK", R"({"result":{"errors":["Insufficient data"],"blocks":0},"error":null})"),
       http("500 x", R"({"result":null,"error":{"code":-27,"message":"Transaction already in block chain"}})"),
       http("500 x", R"({"result":null,"error":{"code":-26,"message":"min relay fee not met"}})")});
  RpcNodes nodes(Network::main, {{.url = server.url()}});
  EXPECT_EQ(run_blocking(nodes.fee_rate()).value(), 12000_sat);
  EXPECT_EQ(run_blocking(nodes.fee_rate()).value(), 12000_sat);
  EXPECT_EQ(run_blocking(nodes.fee_rate()).value(), std::nullopt);
  EXPECT_EQ(run_blocking(nodes.fee_rate()).value(), std::nullopt);
  EXPECT_TRUE(run_blocking(nodes.send("x")).value().known);
  EXPECT_EQ(run_blocking(nodes.send("x")).value().refusal, "min relay fee not met");
}

}  // namespace
}  // namespace abc2::bitcoin
