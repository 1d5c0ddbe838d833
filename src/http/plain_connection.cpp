#include "http/stream_connection.hpp"

namespace abc2::http {

std::shared_ptr<Connection> make_plain_connection(std::shared_ptr<Server::Core> core, ServerLoop& loop, Socket socket) {
  return std::make_shared<StreamConnection<Socket>>(std::move(core), loop, std::move(socket));
}

}  // namespace abc2::http
