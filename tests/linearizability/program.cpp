// abc2_registers: makes histories of single documents, and judges them.
//
//   abc2_registers run --store URL --history FILE [--seconds N] [--seed S] [--name NAME] [--broken HOW] ...
//   abc2_registers check FILE ...      the files of all processes that used the store at the same time; exit code 1 if
//                                      there is a document without an order
//
// `run` ends at SIGTERM, too, after it has read every document once more.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <thread>

#include "broken_store.hpp"
#include "checker.hpp"
#include "cli/open_store.hpp"
#include "clients.hpp"

namespace {

using namespace abc2;
using namespace abc2::registers;

struct RunSettings {
  std::string store, history, broken;
  double seconds = 0;
  ClientSettings clients;
};

int run(const RunSettings& settings) {
  runtime::AsioRuntime runtime;
  auto opened = cli::open_store(settings.store, runtime);
  if (!opened) {
    std::cerr << "abc2_registers: " << opened.error().message() << '\n';
    return 2;
  }
  std::ofstream history(settings.history);
  if (!history) {
    std::cerr << "abc2_registers: cannot write " << settings.history << '\n';
    return 2;
  }
  std::unique_ptr<store::Store> broken;
  if (!settings.broken.empty()) {
    const auto name = std::ranges::find(kBrokenNames, settings.broken);
    broken = std::make_unique<BrokenStore>(*opened.value(), runtime, static_cast<Broken>(name - kBrokenNames.begin()));
  }
  std::atomic<bool> over = false, ended = false;
  // Signals are waited for by this thread alone: main() has blocked them for all.
  std::thread waiting([&] {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(settings.seconds);
    const timespec while_waiting{.tv_sec = 0, .tv_nsec = 50'000'000};
    while (!ended) {
      const bool told = sigtimedwait(&signals, nullptr, &while_waiting) == SIGTERM;
      if (told || (settings.seconds > 0 && std::chrono::steady_clock::now() >= end)) over = true;
    }
  });
  const bool read = run_clients(broken ? *broken : *opened.value(), runtime, settings.clients, over,
                                [&](const Operation& operation) { history << to_line(operation) << '\n'; });
  ended = true;
  waiting.join();
  if (!read) {
    std::cerr << "abc2_registers: the store cannot be read in the end\n";
    return 2;
  }
  history.flush();
  if (!history) {
    std::cerr << "abc2_registers: " << settings.history << " could not be written\n";
    return 2;
  }
  return 0;
}

int judge(const std::vector<std::string>& files) {
  History history;
  for (const auto& name : files) {
    std::ifstream file(name);
    auto read = read_history(file);
    if (!read || !file.eof()) {
      std::cerr << "abc2_registers: " << name << ": " << (read ? "it cannot be read" : read.error().message()) << '\n';
      return 2;
    }
    history.insert(history.end(), std::make_move_iterator(read.value().begin()),
                   std::make_move_iterator(read.value().end()));
  }
  const auto verdict = check(history);
  for (const auto& finding : verdict.findings) std::cout << finding.story << '\n';
  std::cout << to_string(verdict) << '\n' << (verdict.holds() ? "linearizable" : "NOT LINEARIZABLE") << '\n';
  return verdict.holds() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  CLI::App app("Histories of single documents: abc2_registers run, abc2_registers check");
  app.require_subcommand(1);
  RunSettings settings;
  auto* running = app.add_subcommand("run", "concurrent clients on a store");
  running->add_option("--store", settings.store)->required();
  running->add_option("--history", settings.history)->required();
  running->add_option("--seconds", settings.seconds, "0: until SIGTERM, or --operations");
  running->add_option("--operations", settings.clients.operations, "of all clients together");
  running->add_option("--seed", settings.clients.seed);
  running->add_option("--name", settings.clients.name, "another one for each process on the store");
  running->add_option("--prefix", settings.clients.prefix, "of the keys");
  running->add_option("--clients", settings.clients.clients);
  running->add_option("--documents", settings.clients.documents, "in use at once");
  running->add_option("--pause-ms", settings.clients.pause_ms, "of a client between two operations, on average");
  running->add_option("--threads", settings.clients.threads);
  running->add_option("--fresh-ms", settings.clients.fresh_ms, "how long documents are in use");
  running->add_option("--broken", settings.broken)
      ->check(CLI::IsMember(std::vector<std::string>(kBrokenNames.begin(), kBrokenNames.end())));
  std::vector<std::string> files;
  auto* checking = app.add_subcommand("check", "one history of one or more files");
  checking->add_option("files", files)->required();
  CLI11_PARSE(app, argc, argv);
  return running->parsed() ? run(settings) : judge(files);
}
