// `abc2 bench`: what it prints, and the purchase through HTTP.
#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <cstdio>

#include "cli/bench_library.hpp"
#include "cli/commands.hpp"
#include "http/app.hpp"

namespace abc2::cli {

namespace asio = boost::asio;
using Ec = boost::system::error_code;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

namespace {

// A keep-alive connection of a client.
struct Client {
  explicit Client(Executor loop) : socket(loop) {}
  Socket socket;
  std::string in;
};

struct Answer {
  int status = 0;
  std::string body;
};

// Idle connections of one event loop; touched on it alone.
using Idle = std::vector<std::unique_ptr<Client>>;

Result<Answer> take_answer(std::string& in) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string::npos) return Error(Code::unavailable, "");
  constexpr std::string_view field = "Content-Length: ";
  const auto at = in.find(field);
  const std::size_t length = at < end ? std::stoul(in.substr(at + field.size(), 12)) : 0;
  if (in.size() < end + 4 + length) return Error(Code::unavailable, "");
  Answer answer{std::stoi(in.substr(9, 3)), in.substr(end + 4, length)};
  in.erase(0, end + 4 + length);
  return answer;
}

Task<Result<Answer>> exchange(Client* client, std::string request) {
  const auto token = asio::use_awaitable_t<Executor>();
  Ec ec;
  co_await asio::async_write(client->socket, asio::buffer(request), asio::redirect_error(token, ec));
  std::array<char, 4096> piece{};
  while (!ec) {
    auto answer = take_answer(client->in);
    if (answer) co_return answer;
    const std::size_t count =
        co_await client->socket.async_read_some(asio::buffer(piece), asio::redirect_error(token, ec));
    client->in.append(piece.data(), count);
  }
  co_return Error(Code::unavailable, "the connection broke: " + ec.message());
}

Code code_of(std::string_view name) {
  for (const Code code : {Code::slot_taken, Code::conflict, Code::account_held, Code::undecided, Code::too_busy})
    if (to_string(code) == name) return code;
  return Code::unavailable;
}

Result<market::Bought> read_answer(const Answer& answer) {
  Ec unparsed;
  const auto value = boost::json::parse(answer.body, unparsed);
  if (unparsed || !value.is_object()) return Error(Code::unavailable, "an answer that is no JSON: " + answer.body);
  const auto& object = value.get_object();
  if (answer.status == 200 || answer.status == 201) {
    market::Bought bought{};
    bought.slot = static_cast<std::uint64_t>(object.at("number").as_int64());
    return bought;
  }
  return Error(code_of(object.at("code").as_string()), answer.body);
}

Task<Result<market::Bought>> buy(std::vector<Idle>* idle, runtime::EventLoops* loops, unsigned short port,
                                 std::size_t account, market::Order order) {
  const Executor here = co_await asio::this_coro::executor;
  std::size_t loop = 0;
  while (loops->at(loop) != here) ++loop;
  std::unique_ptr<Client> client;
  if ((*idle)[loop].empty()) {
    client = std::make_unique<Client>(here);
    Ec ec;
    const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), port);
    co_await client->socket.async_connect(server, asio::redirect_error(asio::use_awaitable_t<Executor>(), ec));
    if (ec) co_return Error(Code::unavailable, "no connection: " + ec.message());
    client->socket.set_option(asio::ip::tcp::no_delay(true));
  } else {
    client = std::move((*idle)[loop].back());
    (*idle)[loop].pop_back();
  }
  const std::string body = "{\"attempt\":\"" + order.request + "\",\"filler\":" + std::to_string(order.filler) +
                           ",\"highest_price_sat\":" + order.highest_price.to_string() + '}';
  std::string request = "PUT /api/campaigns/" + order.seller + '/' + std::to_string(order.campaign) + "/slots/" +
                        std::to_string(order.slot) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
                        MadeMarket::token(account) +
                        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\n\r\n" + body;
  auto answer = co_await exchange(client.get(), std::move(request));
  if (!answer) co_return answer.error();
  (*idle)[loop].push_back(std::move(client));
  co_return read_answer(answer.value());
}

Result<BenchResult> measure_http(const BenchCommand& command) {
  NodeSettings settings;
  settings.store = command.store;
  settings.password_cost = market::Argon2Hasher::Cost::minimum;
  settings.hurried = true;
  settings.steps = command.steps;
  TRY(const auto node, Node::open(settings));
  http::AppSettings app_settings;
  http::App app(
      {node->store(), node->hub(), node->market(), node->images(), node->runtime(), node->loops(), node->metrics()},
      app_settings);
  http::ServerSettings server_settings;
  server_settings.port = 0;
  server_settings.connections = command.size.buyers + 100;
  server_settings.requests_in_flight = command.size.buyers + 100;
  http::Server server(server_settings, node->loops(), node->runtime(), app, node->metrics());
  TRY_VOID(server.start());

  BenchMarket bench(node->store(), node->runtime(), command.size,
                    [&] { return node->wait_idle(std::chrono::seconds(60)); });
  TRY_VOID(node->run(bench.prepare()));
  // The clients have one processor's thread of their own, as wrk has.
  runtime::EventLoops clients(1);
  std::vector<Idle> idle(clients.size());
  clients.start();
  BenchResult result = bench.run(clients, [&](std::size_t account, market::Order order) {
    return buy(&idle, &clients, server.port(), account, std::move(order));
  });
  clients.stop();
  idle.clear();
  server.stop(Milliseconds(5000));
  if (!result.ended) return Error(Code::undecided, "the buyers did not come to an end within a minute");
  if (command.size.loaded) {
    node->close();
    return result;
  }
  TRY(const auto books, node->run(node->market().audit.look()));
  result.audited = true;
  node->close();
  if (!books.passed()) {
    return Error(Code::corrupt, "the audit found " + std::to_string(books.findings.size()) + " faults, the first: " +
                                    books.findings.front().document + ": " + books.findings.front().what);
  }
  return result;
}

int report(const BenchCommand& command, const Result<BenchResult>& result) {
  if (!result) {
    std::fprintf(stderr, "abc2: %s\n", result.error().message().c_str());
    return 1;
  }
  const BenchResult& figures = result.value();
  if (figures.failed > 0) {
    std::fprintf(stderr, "abc2: %llu purchases failed, the first: %s\n",
                 static_cast<unsigned long long>(figures.failed), figures.first_failure.c_str());
  }
  if (command.json) {
    std::printf("%s\n", figures.json().c_str());
  } else {
    std::printf("%zu buyers: %.0f purchases a second, half within %.2f ms, 99 of 100 within %.2f ms%s\n",
                command.size.buyers, figures.per_second, figures.p50_ms, figures.p99_ms,
                figures.audited ? "; the audit passed" : "");
  }
  return figures.failed == 0 ? 0 : 1;
}

}  // namespace

int bench_purchases(BenchCommand command) {
  constexpr std::string_view engine = "embedded:";
  if (!command.store.starts_with(engine)) {
    std::fprintf(stderr, "abc2: bench purchases measures the embedded engine: --store embedded:DIR\n");
    return 1;
  }
  const auto result = bench_library(command.store.substr(engine.size()), command.size, command.steps);
  return report(command, result);
}

int bench_http(BenchCommand command) {
  const auto result = measure_http(command);
  return report(command, result);
}

}  // namespace abc2::cli
