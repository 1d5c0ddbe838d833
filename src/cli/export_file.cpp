#include "cli/export_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/limits.hpp"
#include "http/version.hpp"
#include "market/encoding.hpp"
#include "store/fields.hpp"

namespace abc2::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kFormat = "abc2-export";
constexpr std::int64_t kVersion = 1;
// A document in base64, with its key and what is around it.
constexpr std::size_t kLineBytes = (limits::value_bytes + limits::key_bytes) * 2;

Error system_error(const std::string& doing) {
  return {Code::unavailable, doing + ": " + std::system_category().message(errno)};
}

// A new file that only we may read. The template's end, XXXXXX, becomes its name.
Result<File> make_file(std::string* name) {
  const int descriptor = ::mkostemp(name->data(), O_CLOEXEC);
  if (descriptor < 0) return system_error("making a file " + *name);
  File file(::fdopen(descriptor, "w+b"));
  if (file) return file;
  Error error = system_error("opening " + *name);
  ::close(descriptor);
  return error;
}

Result<File> make_unnamed_file() {
  std::error_code error;
  auto folder = std::filesystem::temp_directory_path(error);
  if (error) folder = "/tmp";
  std::string name = (folder / "abc2-XXXXXX").string();
  TRY(auto file, make_file(&name));
  if (::unlink(name.c_str()) != 0) return system_error("hiding " + name);
  return file;
}

Result<void> copy(std::FILE* from, std::FILE* to, const std::string& doing) {
  std::array<char, 65536> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), from)) {
    if (std::fwrite(buffer.data(), 1, size, to) != size) return system_error(doing);
  }
  if (std::ferror(from) != 0 || std::fflush(to) != 0) return system_error(doing);
  return success();
}

std::optional<std::string> text_member(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (!member || !member->is_string()) return std::nullopt;
  return std::string(member->get_string());
}

std::optional<std::uint64_t> count_member(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (!member) return std::nullopt;
  boost::system::error_code wrong;
  const auto number = member->to_number<std::uint64_t>(wrong);
  if (wrong) return std::nullopt;
  return number;
}

Result<json::object> parse_object(const std::string& line) {
  boost::system::error_code wrong;
  auto value = json::parse(line, wrong);
  if (wrong || !value.is_object()) return Error(Code::corrupt, "it is no JSON object");
  return std::move(value.get_object());
}

std::string line_of(const ExportedDocument& document, bool plain_key, bool plain_value) {
  std::string line = plain_key ? R"({"key":)" : R"({"key_base64":)";
  store::detail::append_string(line, plain_key ? document.key : market::to_base64(document.key));
  line += plain_value ? R"(,"value":)" : R"(,"value_base64":)";
  if (plain_value) {
    line += document.value;
  } else {
    store::detail::append_string(line, market::to_base64(document.value));
  }
  return line += '}';
}

}  // namespace

void Sha256::add(std::string_view bytes) {
  crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

std::string Sha256::hex() const {
  crypto_hash_sha256_state so_far = state_;
  std::array<unsigned char, crypto_hash_sha256_BYTES> hash;
  crypto_hash_sha256_final(&so_far, hash.data());
  std::array<char, 2 * crypto_hash_sha256_BYTES + 1> text;
  sodium_bin2hex(text.data(), text.size(), hash.data(), hash.size());
  return text.data();
}

std::string encode_line(const ExportedDocument& document) {
  // Whether the plain form gives the very bytes back is not reasoned about, but tried. A line break within JSON would
  // be lost when it is read again, so that no line can have one.
  for (const bool plain_key : {true, false}) {
    for (const bool plain_value : {true, false}) {
      std::string line = line_of(document, plain_key, plain_value);
      const auto again = decode_line(line);
      if (again && again.value() == document) return line;
    }
  }
  ABC2_CHECK(false, "base64 holds every document");
  return {};
}

Result<ExportedDocument> decode_line(const std::string& line) {
  TRY(const auto object, parse_object(line));
  if (object.size() != 2) return Error(Code::corrupt, "it does not have two members, a key and a value");
  ExportedDocument document;
  if (const auto key = text_member(object, "key")) {
    document.key = *key;
  } else if (const auto encoded = text_member(object, "key_base64")) {
    auto bytes = market::from_base64(*encoded);
    if (!bytes) return Error(Code::corrupt, "its key is not base64");
    document.key = std::move(bytes).value();
  } else {
    return Error(Code::corrupt, "it has no key");
  }
  if (const auto* value = object.if_contains("value")) {
    document.value = json::serialize(*value);
  } else if (const auto encoded = text_member(object, "value_base64")) {
    auto bytes = market::from_base64(*encoded);
    if (!bytes) return Error(Code::corrupt, "its value is not base64");
    document.value = std::move(bytes).value();
  } else {
    return Error(Code::corrupt, "it has no value");
  }
  for (const auto& fits : {store::check_key(document.key), store::check_value(document.key, document.value)})
    if (!fits) return Error(Code::corrupt, fits.error().message());
  return document;
}

Result<ExportWriter> ExportWriter::create(std::string path) {
  if (path == "-") {
    TRY(auto file, make_unnamed_file());
    return ExportWriter(std::move(path), "", std::move(file));
  }
  struct stat there;
  if (::lstat(path.c_str(), &there) == 0) return Error(Code::already_exists, path + " exists; it is not overwritten");
  std::string partial = path + ".partial-XXXXXX";
  TRY(auto file, make_file(&partial));
  return ExportWriter(std::move(path), std::move(partial), std::move(file));
}

ExportWriter::ExportWriter(ExportWriter&& other) noexcept
    : path_(std::move(other.path_)),
      partial_(std::exchange(other.partial_, "")),
      file_(std::move(other.file_)),
      documents_(other.documents_),
      digest_(other.digest_) {}

ExportWriter::~ExportWriter() {
  if (!partial_.empty()) ::unlink(partial_.c_str());  // if it cannot be removed, it is in nobody's way
}

Result<void> ExportWriter::begin(Time at) {
  if (std::fflush(file_.get()) != 0 || ::ftruncate(::fileno(file_.get()), 0) != 0 ||
      std::fseek(file_.get(), 0, SEEK_SET) != 0)
    return system_error("beginning " + path_);
  documents_ = 0;
  digest_ = Sha256();
  return write(json::serialize(json::object{
      {"format", kFormat}, {"version", kVersion}, {"at_ms", to_unix_ms(at)}, {"program", http::version()}}));
}

Result<void> ExportWriter::add(const ExportedDocument& document) {
  ++documents_;
  return write(encode_line(document));
}

Result<void> ExportWriter::write(std::string line) {
  line += '\n';
  digest_.add(line);
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) return system_error("writing " + path_);
  return success();
}

Result<void> ExportWriter::finish() {
  TRY_VOID(write(json::serialize(json::object{{"documents", documents_}, {"sha256", digest_.hex()}})));
  if (std::fflush(file_.get()) != 0) return system_error("writing " + path_);
  if (partial_.empty()) return copy_out();
  if (::fsync(::fileno(file_.get())) != 0) return system_error("writing " + path_);
  if (::renameat2(AT_FDCWD, partial_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST) return Error(Code::already_exists, path_ + " exists; it is not overwritten");
    return system_error("giving " + path_ + " its name");
  }
  partial_.clear();
  auto folder = std::filesystem::path(path_).parent_path();
  if (folder.empty()) folder = ".";
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("syncing " + folder.string());
  const bool synced = ::fsync(descriptor) == 0;
  Result<void> done = synced ? Result<void>(success()) : system_error("syncing " + folder.string());
  ::close(descriptor);
  return done;
}

Result<void> ExportWriter::copy_out() {
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0) return system_error("reading what is to go out");
  return copy(file_.get(), stdout, "writing to standard output");
}

Result<ExportReader> ExportReader::open(const std::string& path) {
  if (path == "-") {
    TRY(auto file, make_unnamed_file());
    TRY_VOID(copy(stdin, file.get(), "reading standard input"));
    return ExportReader(std::move(file));
  }
  File file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    const bool missing = errno == ENOENT;
    Error error = system_error("reading " + path);
    return missing ? Error(Code::not_found, error.message()) : error;
  }
  struct stat there;
  if (::fstat(::fileno(file.get()), &there) != 0) return system_error("reading " + path);
  if (!S_ISREG(there.st_mode))
    return Error(Code::unavailable, path + " is no plain file, which can be read twice; say - for standard input");
  return ExportReader(std::move(file));
}

Error ExportReader::wrong(const std::string& what) const {
  return {Code::corrupt, "line " + std::to_string(lines_) + " of the export: " + what};
}

// The next line, without its end.
Result<std::string> ExportReader::line() {
  ++lines_;
  std::string line;
  for (;;) {
    const int c = std::getc(file_.get());
    if (c == '\n') return line;
    if (c == EOF && std::ferror(file_.get()) != 0) return system_error("reading the export");
    if (c == EOF) return wrong("the file ends here, and was longer once");
    if (line.size() == kLineBytes) return wrong("it is too long");
    line += static_cast<char>(c);
  }
}

Result<void> ExportReader::rewind() {
  if (std::fseek(file_.get(), 0, SEEK_SET) != 0) return system_error("reading the export");
  lines_ = documents_ = 0;
  last_.clear();
  digest_ = Sha256();
  TRY(const auto first, line());
  const auto header = parse_object(first);
  if (!header || text_member(header.value(), "format") != kFormat) return wrong("this is no file of `abc2 export`");
  const auto version = count_member(header.value(), "version"), at = count_member(header.value(), "at_ms");
  const auto program = text_member(header.value(), "program");
  if (!version || !at || !program)
    return wrong("it does not say which version it is, and when and by what it was made");
  if (*version != kVersion)
    return Error(Code::newer_schema, "the export is of version " + std::to_string(*version) +
                                         " of the format and was made by abc2 " + *program + ", which can read it");
  at_ = from_unix_ms(static_cast<std::int64_t>(*at));
  program_ = *program;
  digest_.add(first + '\n');
  return success();
}

Result<std::optional<ExportedDocument>> ExportReader::next() {
  TRY(const auto text, line());
  auto document = decode_line(text);
  if (!document) {
    const auto last = parse_object(text);
    if (last && last.value().contains("sha256")) return end(text);
    return wrong(document.error().message());
  }
  if (document.value().key <= last_) return wrong("its key does not come after the one before");
  last_ = document.value().key;
  ++documents_;
  digest_.add(text + '\n');
  return std::optional<ExportedDocument>(std::move(document).value());
}

Result<std::optional<ExportedDocument>> ExportReader::end(const std::string& text) {
  TRY(const auto last, parse_object(text));
  if (count_member(last, "documents") != documents_)
    return wrong("there are " + std::to_string(documents_) + " documents before it, and it says otherwise");
  if (text_member(last, "sha256") != digest_.hex()) return wrong("what stands before it is not what was exported");
  if (std::getc(file_.get()) != EOF) return wrong("there is more after it");
  if (std::ferror(file_.get()) != 0) return system_error("reading the export");
  return std::optional<ExportedDocument>();
}

}  // namespace abc2::cli
