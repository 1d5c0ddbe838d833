#include "http/stream_connection.hpp"

namespace abc2::http {

std::shared_ptr<Connection> make_tls_connection(std::shared_ptr<Server::Core> core, ServerLoop& loop, Socket socket) {
  using Stream = boost::asio::ssl::stream<Socket>;
  Stream stream(std::move(socket), *core->tls);
  return std::make_shared<StreamConnection<Stream>>(std::move(core), loop, std::move(stream));
}

}  // namespace abc2::http
