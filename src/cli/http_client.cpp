#include "cli/http_client.hpp"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace abc2::cli {

namespace asio = boost::asio;
namespace beast = boost::beast::http;
using asio::ip::tcp;
using Ec = boost::system::error_code;

namespace {

constexpr int kTimeoutSeconds = 120;  // an audit of a large market takes its time
constexpr std::uint64_t kMostBytes = 64 * 1024 * 1024;

struct Url {
  bool tls = false;
  std::string host;
  std::string port;
  std::string authority;  // as it stands in the URL
};

Result<Url> parse_url(const std::string& text) {
  Url url;
  std::string rest;
  if (text.starts_with("http://")) {
    rest = text.substr(7);
  } else if (text.starts_with("https://")) {
    rest = text.substr(8);
    url.tls = true;
  } else {
    return Error(Code::invalid_argument, "'" + text + "' is not the URL of a server; say http://host:port");
  }
  while (rest.ends_with('/')) rest.pop_back();
  url.authority = rest;
  const auto colon = rest.rfind(':');
  const bool has_port = colon != std::string::npos && rest.find(']', colon) == std::string::npos;
  url.port = has_port ? rest.substr(colon + 1) : url.tls ? "443" : "80";
  url.host = has_port ? rest.substr(0, colon) : rest;
  if (url.host.starts_with('[') && url.host.ends_with(']')) url.host = url.host.substr(1, url.host.size() - 2);
  if (url.host.empty() || url.host.find_first_of("/?#@ ") != std::string::npos)
    return Error(Code::invalid_argument, "'" + text + "' is not the URL of a server; say http://host:port");
  return url;
}

template <class Stream>
Ec exchange(Stream& stream, const std::string& request, beast::response_parser<beast::string_body>& parser) {
  Ec ec;
  asio::write(stream, asio::buffer(request), ec);
  if (ec) return ec;
  std::string unread;
  std::array<char, 16 * 1024> piece{};
  while (!parser.is_done()) {
    const std::size_t count = stream.read_some(asio::buffer(piece), ec);
    if (ec && count == 0) {
      // Without a length the end of the connection is the end of the answer.
      Ec end;
      if (parser.got_some()) parser.put_eof(end);
      return parser.is_done() ? Ec() : ec;
    }
    unread.append(piece.data(), count);
    const std::size_t used = parser.put(asio::buffer(unread), ec);
    unread.erase(0, used);
    if (ec && ec != beast::error::need_more) return ec;
  }
  return {};
}

void limit_time(tcp::socket& socket) {
  const timeval limit{kTimeoutSeconds, 0};
  for (const int direction : {SO_RCVTIMEO, SO_SNDTIMEO})
    ::setsockopt(socket.native_handle(), SOL_SOCKET, direction, &limit, sizeof limit);
}

}  // namespace

Result<HttpAnswer> http_request(const std::string& server, const std::string& method, const std::string& path,
                                const std::string& token, const std::string& body) {
  TRY(const auto url, parse_url(server));
  const auto failed = [&](const Ec& ec) {
    return Error(Code::unavailable, "the server " + server + " did not answer: " + ec.message());
  };
  std::string request = method + ' ' + path + " HTTP/1.1\r\nHost: " + url.authority + "\r\nConnection: close\r\n";
  if (!token.empty()) request += "Authorization: Bearer " + token + "\r\n";
  if (!body.empty()) request += "Content-Type: application/json\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;

  beast::response_parser<beast::string_body> parser;
  parser.eager(true);
  parser.body_limit(kMostBytes);
  asio::io_context context;
  Ec ec;
  const auto addresses = tcp::resolver(context).resolve(url.host, url.port, ec);
  if (ec) return failed(ec);
  tcp::socket socket(context);
  asio::connect(socket, addresses, ec);
  if (ec) return failed(ec);
  limit_time(socket);
  if (url.tls) {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths(ec);
    asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
    SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
    stream.handshake(asio::ssl::stream_base::client, ec);
    if (!ec) ec = exchange(stream, request, parser);
  } else {
    ec = exchange(socket, request, parser);
  }
  if (ec) return failed(ec);
  return HttpAnswer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

}  // namespace abc2::cli
