// Which engine a store's URL names.
//
//   embedded:DIR   documents in a directory of this machine, durable
//   postgres://... a database that any number of servers share: see engines/postgres/settings.hpp
//   etcd://...     a cluster that any number of servers share: see engines/etcd/settings.hpp
//   memory:        nothing survives the process; for trying things out
#pragma once
#include <memory>
#include <string>

#include "store/store.hpp"

namespace abc2::cli {

inline constexpr const char* kDefaultStore = "embedded:data/abc2";

// Blocks. Errors: invalid_argument (no such engine), and those of the engine: in_use, corrupt, newer_schema,
// unavailable.
Result<std::unique_ptr<store::Store>> open_store(const std::string& url, runtime::Runtime& runtime);

// The URL as it may be logged: without a password, and without parameters, which may be secrets as well.
std::string loggable_store(const std::string& url);

}  // namespace abc2::cli
