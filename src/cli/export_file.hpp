// The file that `abc2 export` writes and `abc2 import` reads: all documents of a store, as lines of JSON.
//
//   {"format":"abc2-export","version":1,"at_ms":1795310873119,"program":"0.1.0"}
//   {"key":"balance/ann","value":{"schema":1,"money_sat":2500,"pages":0,"recent":[]}}
//   {"key_base64":"/w==","value_base64":"AAEC"}
//   {"documents":2,"sha256":"..."}
//
// Documents come in the order of their keys' bytes, each once. A value that is JSON exactly as we would write it is
// there as such; every other value, and a key that is no UTF-8, is there in base64, so that each byte survives. The
// last line counts the documents and has the SHA-256 of all bytes before it: a file that was cut off or changed is
// refused.
//
// "-" is standard output or input, by way of an unnamed file in $TMPDIR (/tmp): nothing goes out before all is known
// to be right, and what comes in is read more than once. The file holds password hashes: it has mode 0600.
//
// Not thread-safe; every function blocks on the disk.
#pragma once
#include <sodium.h>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "store/store.hpp"

namespace abc2::cli {

struct ExportedDocument {
  store::Key key;
  store::Value value;
  friend bool operator==(const ExportedDocument&, const ExportedDocument&) = default;
};

// One line of a document, without its end, and back. Errors of reading: corrupt.
std::string encode_line(const ExportedDocument& document);
Result<ExportedDocument> decode_line(const std::string& line);

// SHA-256 of what comes piece by piece.
class Sha256 {
 public:
  Sha256() { crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes);
  // Of all so far, in hexadecimal; there may be more afterwards.
  [[nodiscard]] std::string hex() const;

 private:
  crypto_hash_sha256_state state_;
};

struct CloseFile {
  // What was written is flushed and checked before; closing has nothing left to say.
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// Writes under a temporary name beside `path`, PATH.partial-XXXXXX, which goes with the writer; a process that is
// killed leaves it there.
class ExportWriter {
 public:
  // Errors: already_exists, unavailable (the disk says no).
  static Result<ExportWriter> create(std::string path);
  ExportWriter(ExportWriter&& other) noexcept;
  ExportWriter& operator=(ExportWriter&&) = delete;
  ~ExportWriter();

  // The first line; forgets what was written before. Errors: unavailable.
  Result<void> begin(Time at);
  // Errors: unavailable.
  Result<void> add(const ExportedDocument& document);
  // The last line; the file is on the disk, and then under its name, or has gone to standard output.
  // Errors: already_exists (somebody made a file of that name meanwhile), unavailable.
  Result<void> finish();

  [[nodiscard]] std::uint64_t documents() const { return documents_; }

 private:
  ExportWriter(std::string path, std::string partial, File file)
      : path_(std::move(path)), partial_(std::move(partial)), file_(std::move(file)) {}
  Result<void> write(std::string line);
  Result<void> copy_out();

  std::string path_;
  std::string partial_;  // empty: unnamed
  File file_;
  std::uint64_t documents_ = 0;
  Sha256 digest_;
};

// Reads a file from the beginning, as often as rewind() says.
class ExportReader {
 public:
  // Errors: not_found, unavailable.
  static Result<ExportReader> open(const std::string& path);

  // To the beginning. Errors: unavailable, and of the first line: corrupt (no such file), newer_schema.
  Result<void> rewind();
  // The next document; nullopt: that was the last one, and the whole file is as it was written.
  // Errors: unavailable, corrupt (which line, and why).
  Result<std::optional<ExportedDocument>> next();

  // When it was exported, and by which version of the program. After rewind().
  [[nodiscard]] Time at() const { return at_; }
  [[nodiscard]] const std::string& program() const { return program_; }
  [[nodiscard]] std::uint64_t documents() const { return documents_; }

 private:
  explicit ExportReader(File file) : file_(std::move(file)) {}
  Result<std::string> line();
  Error wrong(const std::string& what) const;
  Result<std::optional<ExportedDocument>> end(const std::string& line);

  File file_;
  Time at_{};
  std::string program_;
  std::uint64_t lines_ = 0, documents_ = 0;
  store::Key last_;
  Sha256 digest_;
};

}  // namespace abc2::cli
