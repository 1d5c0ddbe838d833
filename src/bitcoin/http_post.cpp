#include "bitcoin/http_post.hpp"

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

namespace abc2::bitcoin {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;
using Ec = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Socket = asio::basic_stream_socket<Tcp, Executor>;
using Resolver = asio::ip::basic_resolver<Tcp, Executor>;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;
using Parser = beast::response_parser<beast::string_body>;
constexpr asio::use_awaitable_t<Executor> use_awaitable;

// What the time-out must be able to end, and what must outlive it.
struct Exchange {
  explicit Exchange(Executor executor) : resolver(executor), socket(executor), timer(executor) {}
  Resolver resolver;
  Socket socket;
  Timer timer;
  Parser parser;
  bool timed_out = false;
};

template <class Stream>
Task<Ec> converse(Stream* stream, Parser* parser, std::string request) {
  Ec ec;
  co_await asio::async_write(*stream, asio::buffer(request), asio::redirect_error(use_awaitable, ec));
  if (ec) co_return ec;
  std::string unread;
  std::array<char, 16 * 1024> piece{};
  while (!parser->is_done()) {
    const std::size_t count =
        co_await stream->async_read_some(asio::buffer(piece), asio::redirect_error(use_awaitable, ec));
    if (ec && count == 0) {
      // Without a length the end of the connection is the end of the reply.
      if (!parser->got_some()) co_return ec;
      Ec end;
      parser->put_eof(end);
      co_return parser->is_done() ? Ec() : ec;
    }
    unread.append(piece.data(), count);
    const std::size_t used = parser->put(asio::buffer(unread), ec);
    unread.erase(0, used);
    if (ec && ec != beast::error::need_more) co_return ec;
  }
  co_return Ec();
}

Task<Ec> carry_out(std::shared_ptr<Exchange> exchange, HttpUrl url, std::string ca_file, std::string request) {
  Ec ec;
  const auto addresses =
      co_await exchange->resolver.async_resolve(url.host, url.port, asio::redirect_error(use_awaitable, ec));
  if (ec) co_return ec;
  co_await asio::async_connect(exchange->socket, addresses, asio::redirect_error(use_awaitable, ec));
  if (ec) co_return ec;
  if (!url.tls) {
    ec = co_await converse(&exchange->socket, &exchange->parser, std::move(request));
    co_return ec;
  }
  asio::ssl::context context(asio::ssl::context::tls_client);
  if (ca_file.empty()) {
    context.set_default_verify_paths(ec);
  } else {
    context.load_verify_file(ca_file, ec);
  }
  if (ec) co_return ec;
  asio::ssl::stream<Socket&> stream(exchange->socket, context);
  stream.set_verify_mode(asio::ssl::verify_peer);
  stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
  SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::redirect_error(use_awaitable, ec));
  if (ec) co_return ec;
  ec = co_await converse(&stream, &exchange->parser, std::move(request));
  co_return ec;
}

}  // namespace

Result<HttpUrl> parse_http_url(std::string_view text) {
  const Error wrong(Code::invalid_argument,
                    "the URL of a bitcoin node is http://host:port or https://host:port, without user and password");
  HttpUrl url;
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return wrong;
  }
  const auto slash = text.find('/');
  url.path = slash == std::string_view::npos ? "/" : std::string(text.substr(slash));
  text = text.substr(0, slash);
  const auto bracket = text.rfind(']');
  const auto colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) return wrong;
  url.port = text.substr(colon + 1);
  url.host = text.substr(0, colon);
  if (url.host.starts_with('[') && url.host.ends_with(']')) url.host = url.host.substr(1, url.host.size() - 2);
  const bool digits = !url.port.empty() && url.port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || url.host.empty() || url.host.find_first_of("?#@ \r\n") != std::string::npos ||
      url.path.find_first_of(" \r\n") != std::string::npos)
    return wrong;
  return url;
}

Task<Result<HttpReply>> http_post(HttpUrl url, std::string ca_file, std::string authorization, std::string body,
                                  HttpLimits limits) {
  const auto executor = co_await asio::this_coro::executor;
  const auto exchange = std::make_shared<Exchange>(executor);
  exchange->parser.eager(true);
  exchange->parser.body_limit(limits.most_bytes);
  exchange->timer.expires_after(limits.at_most);
  exchange->timer.async_wait([exchange](Ec ec) {
    if (ec) return;  // the reply came first
    exchange->timed_out = true;
    exchange->resolver.cancel();
    Ec ignored;  // what is closed already is what is wanted
    exchange->socket.close(ignored);
  });
  std::string request = "POST " + url.path + " HTTP/1.1\r\nHost: " + url.host + ":" + url.port +
                        "\r\nConnection: close\r\nContent-Type: application/json\r\n";
  if (!authorization.empty()) request += "Authorization: " + authorization + "\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;

  const std::string name = url.host + ":" + url.port;
  const Ec ec = co_await carry_out(exchange, std::move(url), std::move(ca_file), std::move(request));
  exchange->timer.cancel();
  if (ec || exchange->timed_out)
    co_return Error(Code::unavailable, "the bitcoin node at " + name + " did not answer: " +
                                           (exchange->timed_out ? std::string("time-out") : ec.message()));
  co_return HttpReply{static_cast<int>(exchange->parser.get().result_int()), std::move(exchange->parser.get().body())};
}

}  // namespace abc2::bitcoin
