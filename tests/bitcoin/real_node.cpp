#include "real_node.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include "bitcoin/signing.hpp"

namespace abc2::bitcoin::test {
namespace {

constexpr const char* kPassword = "of-the-tests";

int run_and_wait(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t process = ::fork();
  if (process == 0) {
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(process, &status, 0);
  return status;
}

}  // namespace

RealNode::RealNode() {
  static const int installed =
      run_and_wait({ABC2_CMAKE, std::string("-DNPM=") + ABC2_NPM,
                    "-DFOLDER=" + std::string(ABC2_BITCOIN_NODE).substr(0, std::string(ABC2_BITCOIN_NODE).rfind('/')),
                    "-P", ABC2_INSTALL});
  if (installed != 0) throw std::runtime_error("the bitcoin node could not be installed");
  int input[2], output[2];
  if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(input[0], 0);
    ::dup2(output[1], 1);
    ::execlp("node", "node", ABC2_BITCOIN_NODE, kPassword, nullptr);
    ::_exit(127);
  }
  ::close(input[0]);
  ::close(output[1]);
  input_ = input[1];
  std::string line;
  char byte = 0;
  while (::read(output[0], &byte, 1) == 1 && byte != '\n') line += byte;
  ::close(output[0]);
  if (line.empty()) throw std::runtime_error("the bitcoin node did not start");
  port_ = std::stoi(line);
}

RealNode::~RealNode() {
  ::close(input_);
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

RpcNode RealNode::address() const {
  return {.url = "http://127.0.0.1:" + std::to_string(port_), .user = "x", .password = kPassword};
}

Json RealNode::call(const std::string& method, const std::string& params) {
  RpcNodes nodes(Network::regtest, {address()}, {.at_most = Milliseconds(120'000)});
  const auto answer = runtime::run_blocking(nodes.call(method, params));
  if (!answer) throw std::runtime_error(method + ": " + answer.error().message());
  if (answer.value().error) throw std::runtime_error(method + ": " + answer.value().error->message);
  return answer.value().result;
}

std::int64_t RealNode::height() { return integer_of(call("getblockcount"), "height").value(); }

std::vector<std::string> RealNode::blocks(std::int64_t from) {
  std::vector<std::string> all;
  for (std::int64_t at = from, end = height(); at <= end; ++at) {
    const std::string hash = call("getblockhash", "[" + std::to_string(at) + "]").value;
    all.push_back(from_hex(call("getblock", "[\"" + hash + "\",0]").value).value());
  }
  return all;
}

void RealNode::submit(const std::vector<std::string>& blocks) {
  for (const auto& block : blocks) {
    const Json said = call("submitblock", "[\"" + to_hex(block) + "\"]");
    if (said.kind == Json::Kind::text && said.value != "duplicate")
      throw std::runtime_error("submitblock: " + said.value);
  }
}

void Miner::mine(int count) {
  const std::string address = *address_of(Network::regtest, p2wpkh(key_.public_key()));
  const Json hashes = node_->call("generatetoaddress", "[" + std::to_string(count) + ",\"" + address + "\"]");
  for (const auto& hash : hashes.items) {
    const auto bytes = from_hex(node_->call("getblock", "[\"" + hash.value + "\",0]").value).value();
    const auto block = parse_block(Network::regtest, bytes);
    if (!block) throw std::runtime_error("a block of the node's cannot be read: " + block.error().message());
    if (to_id(block.value().hash) != hash.value) throw std::runtime_error("a block has another hash");
    coins_.emplace_back(OutPoint{block.value().ids[0], 0}, block.value().transactions[0].outputs[0].amount);
  }
}

Transaction Miner::pay(std::vector<Output> outputs) {
  const auto [coin, amount] = coins_.at(next_++);
  Satoshi rest = amount - 10'000_sat;
  for (const auto& output : outputs) rest -= output.amount;
  Transaction made;
  Input input;
  input.previous = coin;
  made.inputs.push_back(input);
  made.outputs = std::move(outputs);
  made.outputs.push_back({rest, p2wpkh(key_.public_key())});
  sign_input(made, 0, key_, amount);
  const std::string id = node_->call("sendrawtransaction", "[\"" + to_hex(serialise(made)) + "\"]").value;
  if (id != to_id(id_of(made))) throw std::runtime_error("the node calls the transaction " + id);
  // The node answers before its mempool has decided.
  for (int i = 0; i < 200; ++i) {
    for (const auto& one : node_->call("getrawmempool").items)
      if (one.value == id) return made;
    ::usleep(10'000);
  }
  throw std::runtime_error("the node's mempool did not take the transaction");
}

}  // namespace abc2::bitcoin::test
