// Pages: the web pages of the market, as they were built: a folder with index.html and assets/, read into memory once.
//
//   TRY(auto pages, Pages::read("web/dist"));
//   if (auto response = pages.find(request)) return *response;
//
// What is under assets/ has a name that changes with its contents, and is kept by browsers for ever; everything else is
// asked for again. Where a file has a neighbour with .gz behind its name, that is what clients are sent who take it.
// An address that looks like a page's and is no file's is index.html's to answer: the script there knows the addresses
// of the pages. Thread-safe: never changed after it was read.
#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "http/message.hpp"

namespace abc2::http {

class Pages {
 public:
  // Errors: invalid_argument: there is no such folder, no index.html in it, or it is no folder of pages (more than
  // 64 MiB, or a file that cannot be read).
  static Result<Pages> read(const std::filesystem::path& folder);

  // For GET and HEAD of what no route has; nothing if it is not a page's address either.
  [[nodiscard]] std::optional<Response> find(const Request& request) const;

 private:
  struct File {
    std::string type;
    std::string tag;  // an ETag
    bool immutable = false;
    std::shared_ptr<const std::string> plain;
    std::shared_ptr<const std::string> gzipped;  // may be null
  };
  static Response respond(const File& file, const Request& request);

  std::map<std::string, File, std::less<>> files_;  // by their path: "/assets/main-1a2b.js"
};

// Whether an Accept-Encoding field takes gzip (RFC 9110, 12.5.3).
bool accepts_gzip(std::string_view field);

}  // namespace abc2::http
