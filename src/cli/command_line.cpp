#include "cli/command_line.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "cli/commands.hpp"
#include "cli/open_store.hpp"
#include "http/log.hpp"
#include "http/version.hpp"

namespace abc2::cli {

namespace {

using Cost = market::Argon2Hasher::Cost;

constexpr int kUsage = 2;

constexpr const char* kAbout =
    "abc2 sells advertising slots on web sites for bitcoin; no slot is sold twice and no satoshi gets lost, whatever "
    "crashes in between.";

constexpr const char* kExamples =
    "Examples:\n"
    "  abc2 serve --demo --store memory:                 look around; nothing is kept\n"
    "  abc2 serve --store embedded:data/abc2 --operators alice\n"
    "  abc2 fund bob 250000                              credit bob's account (no server may be running)\n"
    "  ABC2_API_KEY=... abc2 fund bob 250000 --server http://127.0.0.1:8080\n"
    "  abc2 audit                                        are the books right?\n"
    "\n"
    "Every option can be set by the environment variable that is named with it, and in a settings file:\n"
    "  abc2 --config abc2.toml serve\n"
    "  # abc2.toml\n"
    "  store = \"embedded:/var/lib/abc2\"\n"
    "  [serve]\n"
    "  port = 8080\n"
    "  operators = [\"alice\"]\n";

// Everything that can be set.
struct Options {
  std::string store = kDefaultStore;
  std::string log_level = "info";
  ServeSettings serve;
  FundSettings fund;
  Place place;
  ExportSettings exported;
  ImportSettings imported;
  BitcoinCommand bitcoin;
  std::int64_t rescan_height = 0;
  std::string shard_key;
  std::vector<std::string> shard_nodes;
  BenchCommand bench;
  double bench_seconds = 5;
  Cost cost = Cost::interactive;
};

std::string environment_name(std::string option) {
  for (char& c : option) c = c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return "ABC2_" + option;
}

// An option that the environment can set, too.
template <class T>
CLI::Option* add(CLI::App* app, const std::string& name, T& value, const std::string& help) {
  return app->add_option("--" + name, value, help)->envname(environment_name(name))->capture_default_str();
}

CLI::Option* add_flag(CLI::App* app, const std::string& name, bool& value, const std::string& help) {
  return app->add_flag("--" + name, value, help)->envname(environment_name(name));
}

// A time in milliseconds.
void add_time(CLI::App* app, const std::string& name, Milliseconds& value, const std::string& help) {
  app->add_option_function<std::int64_t>(
         "--" + name, [&value](const std::int64_t& ms) { value = Milliseconds(ms); },
         help + " [" + std::to_string(value.count()) + "]")
      ->envname(environment_name(name))
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{86'400'000}));
}

CLI::App* add_serve(CLI::App& app, Options& options) {
  auto* serve = app.add_subcommand("serve", "Serve the market over HTTP until SIGINT or SIGTERM.");
  auto& server = options.serve.server;
  auto& web = options.serve.app;
  add(serve, "address", server.address, "The IP address to listen on");
  add(serve, "port", server.port, "The port to listen on; 0: any that is free, which is printed");
  add(serve, "tls-certificate", server.tls_certificate_file, "PEM file with the certificate chain: serve HTTPS");
  add(serve, "tls-key", server.tls_key_file, "PEM file with its key");
  add(serve, "pages", options.serve.pages,
      "The folder with the web pages; by default the one installed with the program");
  add(serve, "bitcoin", options.serve.bitcoin,
      "The file with the settings of bitcoin (docs/bitcoin.md); without it deposits and withdrawals are off");
  add_flag(serve, "demo", options.serve.demo, "Make sellers, campaigns, ads and buyers to look around with");
  add(serve, "operators", web.operators, "Users who may fund accounts, audit and resolve holds")->delimiter(',');
  add(serve, "fee-basis-points", options.serve.node.market.fee_basis_points,
      "The operator's part of each sale, in hundredths of a percent")
      ->check(CLI::Range(std::int64_t{0}, limits::fee_max_basis_points));
  add_time(serve, "audit-every-ms", options.serve.node.market.audit_every, "Between two audits in the background");
  add(serve, "name", options.serve.node.market.node_name,
      "What the operator's page calls this node; the host and port by default");
  add(serve, "audit-per-second", options.serve.node.market.audit_per_second,
      "Documents that an audit in the background looks at in a second; 0: as fast as it goes");
  add(serve, "sweep-per-second", options.serve.node.market.sweep_per_second,
      "Documents that the sweep looks at in a second")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  add_time(serve, "recovery-wait-ms", options.serve.recovery_wait,
           "For what a crash has left to be finished before the market is served; the rest is finished meanwhile");
  add_flag(serve, "steps", options.serve.node.steps,
           "Write one document at a time, also where the store could change several at once");
  add(serve, "threads", options.serve.node.threads, "Event loops; 0: one for each processor");
  serve->add_option("--password-cost", options.cost, "What guessing a password costs: minimum is for tests")
      ->envname("ABC2_PASSWORD_COST")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Cost>{
          {"minimum", Cost::minimum}, {"interactive", Cost::interactive}, {"moderate", Cost::moderate}}));
  add_flag(serve, "secure-cookies", web.secure_cookies, "Send cookies over HTTPS only; for a proxy that ends TLS");
  add_flag(serve, "behind-proxy", web.behind_proxy, "Take the client's address from the proxy's X-Forwarded-For");
  add(serve, "login-burst", web.logins.burst, "Logins from one address at once; then one each --login-every-ms");
  add_time(serve, "login-every-ms", web.logins.every, "Time until an address may log in once more");
  add(serve, "registration-burst", web.registrations.burst, "Registrations from one address at once");
  add_time(serve, "registration-every-ms", web.registrations.every, "Time until an address may register once more");
  add(serve, "max-connections", server.connections, "More are answered 503");
  add(serve, "max-requests", server.requests_in_flight, "Requests that are being answered; more are answered 503");
  add(serve, "max-streams", web.streams, "Clients that follow live events");
  add(serve, "max-header-bytes", server.request.header_bytes, "A request's line and fields; more is answered 431")
      ->check(CLI::Range(256, 1 << 20));
  add(serve, "max-body-bytes", server.request.body_bytes, "More is answered 413");
  add_time(serve, "handshake-timeout-ms", server.handshake_timeout, "For a client to agree on TLS");
  add_time(serve, "header-timeout-ms", server.header_timeout, "For the head of a request to arrive");
  add_time(serve, "body-timeout-ms", server.body_timeout, "For its body to arrive");
  add_time(serve, "idle-timeout-ms", server.idle_timeout, "Between two requests");
  add_time(serve, "write-timeout-ms", server.write_timeout, "For a client to take a response");
  add_time(serve, "shutdown-ms", options.serve.shutdown, "For requests in flight to be answered at the end");
  return serve;
}

void add_place(CLI::App* command, Options& options) {
  add(command, "server", options.place.server,
      "Work through this server, as an operator whose API key is in ABC2_API_KEY");
}

CLI::App* add_export(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("export", "All documents into a file, as lines of JSON (docs/operating.md).");
  command->add_option("file", options.exported.file, "A new file, or - for standard output")->required();
  return command;
}

CLI::App* add_import(CLI::App& app, Options& options) {
  auto* command = app.add_subcommand("import", "Into an empty store what `abc2 export` has written.");
  command->add_option("file", options.imported.file, "The file, or - for standard input")->required();
  command->add_flag("--check", options.imported.check, "Recover and audit afterwards");
  return command;
}

CLI::App* add_bitcoin(CLI::App& app, Options& options) {
  auto* bitcoin = app.add_subcommand("bitcoin", "Deposits and withdrawals of bitcoin, for operators.");
  bitcoin->require_subcommand(1);
  add(bitcoin, "bitcoin", options.bitcoin.settings, "The file with the settings of bitcoin; not needed with --server");
  bitcoin->add_flag("--json", options.place.json, "Print JSON");
  add_place(bitcoin, options);
  bitcoin->add_subcommand("state", "Nodes, the watcher, shards, the hot wallet, payouts and reversals.");
  auto* shard = bitcoin->add_subcommand("add-shard", "Derive addresses of new users from this key, too.");
  shard->add_option("key", options.shard_key, "Extended public key of an account, m/84'/0'/0': zpub, xpub, vpub, tpub")
      ->required();
  shard->add_option("--nodes", options.shard_nodes, "Names of the bitcoin nodes that serve it; none: all")
      ->delimiter(',');
  auto* rescan = bitcoin->add_subcommand("rescan", "Look again at all blocks from a height on.");
  rescan->add_option("height", options.rescan_height, "The first block")->required()->check(CLI::NonNegativeNumber);
  bitcoin->add_subcommand("owed", "What the market owes, to whom, and what covers it.");
  for (auto* one : bitcoin->get_subcommands({})) one->fallthrough();
  return bitcoin;
}

int run_bitcoin(const CLI::App& bitcoin, Options options) {
  options.bitcoin.place = std::move(options.place);
  if (bitcoin.get_subcommand("state")->parsed()) return bitcoin_state(std::move(options.bitcoin));
  if (bitcoin.get_subcommand("add-shard")->parsed())
    return bitcoin_add_shard(std::move(options.bitcoin), std::move(options.shard_key), std::move(options.shard_nodes));
  if (bitcoin.get_subcommand("rescan")->parsed())
    return bitcoin_rescan(std::move(options.bitcoin), options.rescan_height);
  return bitcoin_owed(std::move(options.bitcoin));
}

CLI::App* add_bench(CLI::App& app, Options& options) {
  auto* bench = app.add_subcommand("bench", "Measure purchases on a new, empty store, or on one that was loaded.");
  bench->require_subcommand(1);
  auto* library = bench->add_subcommand("purchases", "Through the library, in this process.");
  auto* http = bench->add_subcommand("http", "Through HTTP, over loopback.");
  auto* load = bench->add_subcommand("load", "Fill a new store with a market of a given size.");
  auto* orphans = bench->add_subcommand("orphans", "Leave purchases half-done in a store that was loaded.");
  auto& size = options.bench.size;
  for (auto* one : {library, http, load, orphans}) {
    one->add_option("--accounts", size.accounts, "Accounts, two at least")->capture_default_str();
    one->add_option("--campaigns", size.campaigns, "Campaigns, at most ten for each account")->capture_default_str();
    one->add_option("--slots", size.slots, "Slots that were sold before, spread over campaigns and accounts")
        ->capture_default_str();
    one->add_flag("--json", options.bench.json, "Print one line of JSON");
    one->fallthrough();
  }
  for (auto* one : {library, http}) {
    one->add_option("--buyers", size.buyers, "Buyers at once")->capture_default_str();
    one->add_option("--seconds", options.bench_seconds, "How long to measure, after a second to warm up")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 600.0));
    one->add_flag("--steps", options.bench.steps, "Write one document at a time, as on a store without commits");
    one->add_flag("--loaded", size.loaded,
                  "`abc2 bench load` has filled the store, with the same numbers; there is no audit afterwards");
  }
  library->add_flag("--read-all", size.read_all, "Read every balance, ad and campaign once before measuring");
  orphans->add_option("--count", options.bench.orphans, "How many")->capture_default_str();
  return bench;
}

int run_bench(const CLI::App& bench, Options options) {
  options.bench.store = options.store;
  options.bench.size.duration = Milliseconds(static_cast<std::int64_t>(options.bench_seconds * 1000));
  if (bench.get_subcommand("purchases")->parsed()) return bench_purchases(std::move(options.bench));
  if (bench.get_subcommand("http")->parsed()) return bench_http(std::move(options.bench));
  if (bench.get_subcommand("load")->parsed()) return bench_load(std::move(options.bench));
  return bench_orphans(std::move(options.bench));
}

NodeSettings node_settings(const Options& options) {
  NodeSettings node = options.serve.node;
  node.store = options.store;
  node.password_cost = options.cost;
  return node;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  Options options;
  CLI::App app(kAbout, "abc2");
  app.footer(kExamples);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_config("--config", "", "A settings file (TOML or INI)")->envname("ABC2_CONFIG");
  app.allow_config_extras(CLI::config_extras_mode::error);
  add(&app, "store", options.store,
      "Where the documents are: embedded:DIRECTORY, postgres://USER@HOST/DATABASE, etcd://HOST,HOST,HOST, or memory:");
  add(&app, "log-level", options.log_level, "debug, info, warning, error or off");

  auto* serve_command = add_serve(app, options);
  auto* fund_command = app.add_subcommand("fund", "Credit an account, once for each --id.");
  fund_command->add_option("user", options.fund.user, "Whose account")->required();
  fund_command->add_option("amount", options.fund.amount_sat, "How much, in satoshi")->required();
  fund_command->add_option("--id", options.fund.id, "Of the deposit: the same again credits nothing twice");
  add_place(fund_command, options);
  auto* audit_command = app.add_subcommand("audit", "Look at every document: are the books right? Exit code 0: yes.");
  audit_command->add_flag("--json", options.place.json, "Print the report as JSON");
  add_place(audit_command, options);
  auto* recover_command = app.add_subcommand("recover", "Finish everything that was left half-done.");
  add_place(recover_command, options);
  auto* export_command = add_export(app, options);
  auto* import_command = add_import(app, options);
  auto* bitcoin_command = add_bitcoin(app, options);
  auto* bench_command = add_bench(app, options);
  auto* version_command = app.add_subcommand("version", "Print the version.");
  for (auto* command : app.get_subcommands({})) command->fallthrough();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (!http::set_up_log(options.log_level)) {
    std::fprintf(stderr, "abc2: '%s' is not a log level: debug, info, warning, error or off\n",
                 options.log_level.c_str());
    return kUsage;
  }
  // A key is never an argument: everybody on the machine can read those.
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing changes the environment, and no thread has been started yet.
  if (const char* key = std::getenv("ABC2_API_KEY")) options.place.api_key = key;

  options.place.node = node_settings(options);
  if (serve_command->parsed()) {
    options.serve.node = node_settings(options);
    return serve(std::move(options.serve));
  }
  if (fund_command->parsed()) {
    options.fund.place = options.place;
    return fund(std::move(options.fund));
  }
  if (audit_command->parsed()) return audit(std::move(options.place));
  if (recover_command->parsed()) return recover(std::move(options.place));
  if (export_command->parsed()) {
    options.exported.node = node_settings(options);
    return export_store(std::move(options.exported));
  }
  if (import_command->parsed()) {
    options.imported.place = std::move(options.place);
    return import_store(std::move(options.imported));
  }
  if (bitcoin_command->parsed()) return run_bitcoin(*bitcoin_command, std::move(options));
  if (bench_command->parsed()) return run_bench(*bench_command, std::move(options));
  if (version_command->parsed()) std::printf("abc2 %s\n", std::string(http::version()).c_str());
  return 0;
}

}  // namespace abc2::cli
