#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bitcoin/cashier.hpp"
#include "cli/commands.hpp"
#include "cli/demo.hpp"
#include "cli/open_store.hpp"
#include "cli/recovery.hpp"
#include "http/app.hpp"
#include "http/log.hpp"
#include "http/pages.hpp"

namespace abc2::cli {

namespace {

using http::log_error;
using http::log_info;
using http::log_warning;

int failed(const Error& error) {
  log_error("failed", {{"code", std::string(to_string(error.code()))}, {"error", error.message()}});
  return 1;
}

// Blocks the signals that end us in this thread and all that it starts, so that sigwait gets them.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that has gone is no reason to die
  return signals;
}

// The pages that were installed with the program: its own place is PREFIX/bin.
std::string installed_pages() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return "";
  const auto folder = program.parent_path().parent_path() / "share" / "abc2" / "pages";
  return std::filesystem::is_directory(folder, error) ? folder.string() : "";
}

std::string default_name(std::uint16_t port) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) return "a node";
  return std::string(host.data()) + (port == 0 ? "" : ':' + std::to_string(port));
}

// What the operator should hear of goes to the log and is counted.
bitcoin::Tell teller(Metrics* metrics) {
  return [metrics](const std::string& event, const store::Key& about, const std::string& text) {
    metrics->counter("abc2_bitcoin_events_total", "What the operator should hear of.", {{"event", event}}).add();
    log_warning(event, {{"document", about}, {"text", text}});
  };
}

// What takes bitcoin, by the settings in the file. Errors: as read_settings().
Result<std::unique_ptr<bitcoin::Cashier>> make_cashier(Node* node, const std::string& file) {
  TRY(auto settings, bitcoin::read_settings(file));
  auto cashier =
      std::make_unique<bitcoin::Cashier>(bitcoin::Cashier::Parts{node->store(), node->runtime(), node->market()},
                                         std::move(settings), teller(&node->metrics()));
  log_info("bitcoin", {{"network", std::string(bitcoin::to_string(cashier->network()))},
                       {"nodes", std::to_string(cashier->settings().nodes.size())},
                       {"pays", cashier->settings().hot_key ? "yes" : "no"}});
  return cashier;
}

// Everything that runs beside requests, once the store is there: what a crash has left is finished first, if that does
// not take longer than `wait`; what cannot be is left to the sweep. Errors: the store's, Cashier::check().
Task<Result<void>> begin(Node* node, bitcoin::Cashier* cashier, Milliseconds wait) {
  if (cashier) {
    CO_TRY_VOID(co_await cashier->check());
  }
  CO_TRY(const auto left,
         co_await recover_at_most(&node->runtime(), [node] { return node->market().recover_at_start(); }, wait));
  if (left.value_or(0) > 0) log_warning("recovery_left_work", {{"documents", std::to_string(*left)}});
  node->market().start(node->loops().at(0));
  if (cashier) cashier->start(node->loops().at(node->loops().size() - 1));
  co_return success();
}

// Whether it may be otherwise when it is tried again.
bool passes(const Error& error) { return error.code() == Code::unavailable || error.code() == Code::undecided; }

// As begin(), for a store that was not there at the start. What will not pass by itself ends the program.
Task<void> begin_later(Node* node, bitcoin::Cashier* cashier, Milliseconds wait, std::atomic<bool>* gave_up) {
  while (!node->runtime().stopping()) {
    co_await node->runtime().sleep(Milliseconds(200));
    if (!node->store_is_there()) continue;
    const auto begun = co_await begin(node, cashier, wait);
    if (begun) {
      log_info("ready", {});
      co_return;
    }
    if (!passes(begun.error())) {
      failed(begun.error());
      *gave_up = true;
      ::kill(::getpid(), SIGTERM);
      co_return;
    }
  }
}

}  // namespace

int serve(ServeSettings settings) {
  const sigset_t signals = block_signals();
  if (settings.pages.empty()) settings.pages = installed_pages();
  if (settings.pages.empty()) {
    log_info("no_pages", {{"hint", "only the API is served; --pages DIRECTORY adds the web pages"}});
  } else {
    auto pages = http::Pages::read(settings.pages);
    if (!pages) return failed(pages.error());
    settings.app.pages = std::make_shared<const http::Pages>(std::move(pages).value());
  }
  if (settings.node.market.node_name.empty()) settings.node.market.node_name = default_name(settings.server.port);
  settings.node.late = true;
  auto opened = Node::open(settings.node);
  if (!opened) return failed(opened.error());
  Node& node = *opened.value();
  if (node.store_is_there()) log_info("store_opened", {{"store", loggable_store(settings.node.store)}});

  std::unique_ptr<bitcoin::Cashier> cashier;
  if (!settings.bitcoin.empty()) {
    auto made = make_cashier(&node, settings.bitcoin);
    if (!made) return failed(made.error());
    cashier = std::move(made).value();
  }
  bool at_once = node.store_is_there();
  if (at_once) {
    // Before anybody asks.
    const auto begun = node.run(begin(&node, cashier.get(), settings.recovery_wait));
    if (!begun && !passes(begun.error())) return failed(begun.error());
    at_once = begun.has_value();
  }
  if (settings.demo && !at_once)
    return failed(Error(Code::unavailable, "--demo needs the store at once, and it cannot be reached"));
  if (settings.demo) {
    const auto seeded = node.run(seed_demo(&node.market(), &node.runtime()));
    if (!seeded) {
      node.close();  // what runs beside requests uses the cashier
      return failed(seeded.error());
    }
    log_info("demo_ready", {{"users", "demo-seller demo-books demo-alice demo-bob"}, {"password", kDemoPassword}});
  }
  const http::AppParts parts{node.store(),   node.hub(),   node.market(),  node.images(),
                             node.runtime(), node.loops(), node.metrics(), cashier.get()};
  http::App app(parts, settings.app);
  http::Server server(settings.server, node.loops(), node.runtime(), app, node.metrics());
  if (auto started = server.start(); !started) {
    node.close();  // what runs beside requests uses the cashier
    return failed(started.error());
  }
  std::atomic<bool> gave_up = false;
  if (!at_once)
    node.runtime().spawn(node.loops().at(0), "begin when the store is there",
                         begin_later(&node, cashier.get(), settings.recovery_wait, &gave_up));
  const bool tls = !settings.server.tls_certificate_file.empty();
  const std::string host = settings.server.address.find(':') == std::string::npos ? settings.server.address
                                                                                  : '[' + settings.server.address + ']';
  const std::string url = std::string(tls ? "https://" : "http://") + host + ':' + std::to_string(server.port());
  log_info("listening", {{"url", url}});
  std::printf("%s\n", url.c_str());
  std::fflush(stdout);

  int signal = 0;
  sigwait(&signals, &signal);
  log_info("stopping", {{"signal", std::to_string(signal)}});
  const bool whole = server.stop(settings.shutdown);
  if (!whole) log_warning("requests_cut_off", {{"after_ms", std::to_string(settings.shutdown.count())}});
  node.close();
  log_info("stopped", {});
  // What was cut off may still be suspended in an event loop; there is no taking it apart in order.
  if (!whole) std::_Exit(1);
  return gave_up ? 1 : 0;
}

}  // namespace abc2::cli
