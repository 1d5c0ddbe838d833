#include "http/pages.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>

#include "http/text.hpp"
#include "market/encoding.hpp"

namespace abc2::http {
namespace {

constexpr std::uintmax_t kMostBytes = 64 << 20;
constexpr std::string_view kIndex = "/index.html";

// No script or style but from files of ours, and no other site at all.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; frame-src 'self'; manifest-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'";

std::string type_of(const std::filesystem::path& path) {
  static const std::map<std::string, std::string> types = {
      {".html", "text/html; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"},
      {".png", "image/png"},
      {".ico", "image/x-icon"},
      {".webp", "image/webp"},
      {".txt", "text/plain; charset=utf-8"},
      {".woff2", "font/woff2"},
      {".webmanifest", "application/manifest+json"},
  };
  const auto found = types.find(path.extension().string());
  return found == types.end() ? "application/octet-stream" : found->second;
}

Result<std::string> contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Error(Code::invalid_argument, "cannot read " + path.string());
  return bytes;
}

// What belongs to programs: an address there that does not exist is said not to exist.
bool is_for_programs(std::string_view path) {
  constexpr std::array<std::string_view, 4> prefixes = {"/api/", "/ads/", "/images/", "/assets/"};
  return path == "/api" || std::ranges::any_of(prefixes, [&](auto prefix) { return path.starts_with(prefix); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

bool accepts_gzip(std::string_view field) {
  std::optional<bool> named, any;
  while (!field.empty()) {
    const auto comma = field.find(',');
    const std::string_view item = field.substr(0, comma);
    field = comma == std::string_view::npos ? std::string_view() : field.substr(comma + 1);
    const auto semicolon = item.find(';');
    const std::string coding = media_type(trimmed(item));
    bool taken = true;
    if (semicolon != std::string_view::npos) {
      const std::string_view weight = trimmed(item.substr(semicolon + 1));
      // q=0, q=0.0, q=0.00 ... refuse it.
      taken = !weight.starts_with("q=0") || weight.find_first_not_of("0.", 2) != std::string_view::npos;
    }
    if (coding == "gzip") named = taken;
    if (coding == "*") any = taken;
  }
  return named.value_or(any.value_or(false));
}

Result<Pages> Pages::read(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(folder, error);
  if (error)
    return Error(Code::invalid_argument, "cannot read the pages in " + folder.string() + ": " + error.message());
  Pages pages;
  std::uintmax_t total = 0;
  for (; entries != std::filesystem::recursive_directory_iterator(); entries.increment(error)) {
    if (error)
      return Error(Code::invalid_argument, "cannot read the pages in " + folder.string() + ": " + error.message());
    const auto& path = entries->path();
    if (!entries->is_regular_file() || path.extension() == ".gz") continue;
    total += entries->file_size();
    if (total > kMostBytes)
      return Error(Code::invalid_argument, folder.string() + " holds more than 64 MiB: these are not the pages");
    File file;
    file.type = type_of(path);
    TRY(auto bytes, contents(path));
    file.tag = '"' + market::sha256_hex(bytes).substr(0, 32) + '"';
    file.plain = std::make_shared<const std::string>(std::move(bytes));
    const std::filesystem::path beside = path.string() + ".gz";
    if (std::filesystem::exists(beside)) {
      TRY(auto gzipped, contents(beside));
      file.gzipped = std::make_shared<const std::string>(std::move(gzipped));
    }
    const std::string name = "/" + path.lexically_relative(folder).generic_string();
    file.immutable = name.starts_with("/assets/");
    pages.files_.emplace(name, std::move(file));
  }
  if (!pages.files_.contains(kIndex))
    return Error(Code::invalid_argument, "there is no index.html in " + folder.string() + ": build the pages first");
  return pages;
}

std::optional<Response> Pages::find(const Request& request) const {
  if (request.method != Method::get && request.method != Method::head) return std::nullopt;
  const auto path = percent_decoded(request.path());
  if (!path) return std::nullopt;
  auto found = files_.find(*path);
  if (found == files_.end()) {
    const std::string_view last = std::string_view(*path).substr(path->rfind('/') + 1);
    if (is_for_programs(*path) || last.find('.') != std::string_view::npos) return std::nullopt;
    found = files_.find(kIndex);
  }
  return respond(found->second, request);
}

Response Pages::respond(const File& file, const Request& request) {
  Response response;
  response.set("Content-Type", file.type);
  response.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.set("Content-Security-Policy", kPolicy);
  response.set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()");
  if (file.gzipped) response.set("Vary", "Accept-Encoding");
  const bool gzip = file.gzipped && accepts_gzip(request.header("accept-encoding"));
  // Two encodings are two representations: each has a tag of its own.
  const std::string tag = gzip ? file.tag.substr(0, file.tag.size() - 1) + "-gz\"" : file.tag;
  response.set("ETag", tag);
  if (request.header("if-none-match").find(tag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  if (gzip) response.set("Content-Encoding", "gzip");
  response.shared_body = gzip ? file.gzipped : file.plain;
  return response;
}

}  // namespace abc2::http
