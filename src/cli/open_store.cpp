#include "cli/open_store.hpp"

#include "engines/embedded/embedded_store.hpp"
#include "engines/etcd/etcd_store.hpp"
#include "engines/memory/memory_store.hpp"
#include "engines/postgres/postgres_store.hpp"

namespace abc2::cli {

std::string loggable_store(const std::string& url) {
  std::string plain = url.substr(0, url.find('?'));
  const auto user = plain.find("://");
  if (user == std::string::npos) return plain;
  const auto at = plain.rfind('@');
  const auto colon = plain.find(':', user + 3);
  if (colon == std::string::npos) return plain;
  if (at != std::string::npos && colon < at) plain.erase(colon, at - colon);
  // Something was not encoded, and what stands before the '?' may be the beginning of a password.
  if (at == std::string::npos && url.find('@') != std::string::npos) plain.erase(colon);
  return plain;
}

Result<std::unique_ptr<store::Store>> open_store(const std::string& url, runtime::Runtime& runtime) {
  const auto colon = url.find(':');
  const std::string engine = url.substr(0, colon);
  const std::string rest = colon == std::string::npos ? std::string() : url.substr(colon + 1);
  if (engine == "embedded" && colon != std::string::npos) {
    TRY(auto store, engines::EmbeddedStore::open(runtime, {.directory = rest}));
    return std::unique_ptr<store::Store>(std::move(store));
  }
  if (engine == "memory" && colon != std::string::npos) {
    if (!rest.empty()) return Error(Code::invalid_argument, "memory: is all there is to say about a store in memory");
    return std::unique_ptr<store::Store>(std::make_unique<engines::MemoryStore>(runtime));
  }
  if (url.starts_with("postgres://") || url.starts_with("postgresql://")) {
    TRY(auto store, engines::PostgresStore::open(runtime, url));
    return std::unique_ptr<store::Store>(std::move(store));
  }
  if (url.starts_with("etcd://")) {
    TRY(auto store, engines::EtcdStore::open(runtime, url));
    return std::unique_ptr<store::Store>(std::move(store));
  }
  return Error(Code::invalid_argument, "'" + loggable_store(url) +
                                           "' names no store; say embedded:DIRECTORY, postgres://USER@HOST/DATABASE, "
                                           "etcd://HOST,HOST,HOST or memory:");
}

}  // namespace abc2::cli
