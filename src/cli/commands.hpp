// The commands of the program, as functions of their settings. Each returns the process's exit code: 0 done, 1 it
// failed and standard error says why. command_line.cpp turns arguments into calls.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "cli/bench_market.hpp"
#include "cli/node.hpp"
#include "http/handlers.hpp"
#include "http/server.hpp"

namespace abc2::cli {

struct ServeSettings {
  NodeSettings node;
  http::ServerSettings server;
  http::AppSettings app;
  Milliseconds shutdown{10'000};      // how long requests in flight may take at the end
  Milliseconds recovery_wait{3'000};  // for what a crash has left, before it is served; the rest behind
  bool demo = false;
  std::string bitcoin;  // the file with the settings of bitcoin; empty: this market takes none
  std::string pages;    // the folder with the web pages; empty: the one that was installed with the program, if any
};
int serve(ServeSettings settings);

// Where a command does its work: in the store itself, or through a running server.
struct Place {
  NodeSettings node;
  std::string server;   // "http://127.0.0.1:8080"; empty: the store itself
  std::string api_key;  // of an operator, from ABC2_API_KEY
  bool json = false;    // print the answer as JSON
};

struct FundSettings {
  Place place;
  std::string user;
  std::int64_t amount_sat = 0;
  std::string id;  // empty: a fresh one
};
int fund(FundSettings settings);
int audit(Place place);
int recover(Place place);

// All documents into a file, and out of one into an empty store; "-": standard output and input. See cli/transfer.hpp.
struct ExportSettings {
  NodeSettings node;
  std::string file;
};
int export_store(ExportSettings settings);
struct ImportSettings {
  Place place;  // the store itself
  std::string file;
  bool check = false;  // recover and audit afterwards
};
int import_store(ImportSettings settings);

// abc2 bitcoin ...: in the store itself, with the settings of bitcoin, or through a running server.
struct BitcoinCommand {
  Place place;
  std::string settings;  // the file; not needed through a server, nor for what is owed
};
int bitcoin_state(BitcoinCommand command);
int bitcoin_add_shard(BitcoinCommand command, std::string key, std::vector<std::string> nodes);
int bitcoin_rescan(BitcoinCommand command, std::int64_t height);
int bitcoin_owed(BitcoinCommand command);

struct BenchCommand {
  std::string store;  // a new one
  BenchSettings size;
  bool steps = false;  // one document at a time
  std::size_t orphans = 1'000;
  bool json = false;
};
// Through the library, in this process; the store must be embedded.
int bench_purchases(BenchCommand command);
// Through HTTP, from clients in this process to a server in this process, over loopback.
int bench_http(BenchCommand command);
// Fills a new store with a market of that size and says how fast that went.
int bench_load(BenchCommand command);
// Leaves `orphans` purchases in a store that bench_load has filled, each of another account at another campaign, as a
// process does that dies after the write that decides: hold and slot are there, nothing else. Prints where.
int bench_orphans(BenchCommand command);

}  // namespace abc2::cli
