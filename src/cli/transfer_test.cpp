#include "cli/transfer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/node.hpp"
#include "engines/memory/memory_store.hpp"
#include "store/faulty_store.hpp"

namespace abc2::cli {
namespace {

using engines::MemoryStore;
using store::Fault;
using store::FaultyStore;
using store::Key;
using store::Value;
using ::testing::HasSubstr;
using Documents = std::map<Key, Value>;

// What operators are told is of no interest here.
const Progress quiet = [](const std::string&) {};

class TransferTest : public ::testing::Test {
 protected:
  TransferTest() : node(open()) {
    std::string name = (std::filesystem::temp_directory_path() / "abc2-test-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }
  ~TransferTest() override { std::filesystem::remove_all(folder); }

  static std::unique_ptr<Node> open() {
    NodeSettings settings;
    settings.store = "memory:";
    settings.threads = 1;
    auto opened = Node::open(settings);
    EXPECT_TRUE(opened.has_value());
    return std::move(opened).value();
  }

  std::string path(const std::string& name) const { return (folder / name).string(); }
  static std::string read(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
  }
  static void write(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }

  void fill(store::Store& store, const Documents& documents) {
    for (const auto& [key, value] : documents) {
      const auto outcome = node->run(store.add(key, value));
      ASSERT_TRUE(outcome && outcome.value().kind() == store::WriteOutcome::Kind::applied) << key;
    }
  }
  Documents all(store::Store& store) {
    const auto page = node->run(store.scan("", "", limits::scan_items));
    Documents documents;
    for (const auto& item : page.value().items) documents[item.key] = item.document.value;
    return documents;
  }

  Result<std::uint64_t> exports(store::Store& store, const std::string& path) {
    TRY(auto file, ExportWriter::create(path));
    return node->run(export_documents(store, node->runtime(), &file, quiet));
  }
  Result<Imported> imports(store::Store& store, const std::string& path) {
    TRY(auto file, ExportReader::open(path));
    return node->run(import_documents(store, node->runtime(), &file, quiet));
  }

  std::unique_ptr<Node> node;
  std::filesystem::path folder;
};

const Documents kFew = {
    {"balance/ann", R"({"schema":1,"money_sat":2500})"},
    {"image/1", std::string("\x89PNG\r\n\0\xff", 8)},
    {std::string("odd\0\xff\n", 6), ""},
};

TEST(ExportLine, EveryByteSurvives) {
  const std::vector<Value> values = {
      "",
      "{}",
      R"({"schema":1,"a":"\u000a \" \\ é","b":[1,-2,18446744073709551615,true,null]})",
      "{ }",
      "{\n}",
      R"({"a":1,"a":2})",
      R"({"a":1.50,"b":1e3,"c":-0})",
      R"({"a":"\u00e9"})",
      R"({"a":"\/"})",
      "{",
      "\xff\xfe",
      std::string(1, '\0'),
      "text",
      std::string(40, '[') + std::string(40, ']'),
      std::string(limits::value_bytes, '\xff'),
  };
  for (const Key& key : {Key("a/b"), Key("\""), Key("\n"), Key("\xff"), Key(1, '\0'), Key(limits::key_bytes, '\x80')}) {
    for (const auto& value : values) {
      const ExportedDocument document{key, value};
      const std::string line = encode_line(document);
      EXPECT_EQ(line.find('\n'), std::string::npos);
      const auto again = decode_line(line);
      ASSERT_TRUE(again) << line.substr(0, 200);
      EXPECT_EQ(again.value(), document) << line.substr(0, 200);
    }
  }
}

TEST(ExportLine, DocumentsCanBeRead) {
  EXPECT_EQ(encode_line({"balance/ann", R"({"schema":1,"name":"é"})"}),
            R"({"key":"balance/ann","value":{"schema":1,"name":"é"}})");
  EXPECT_EQ(encode_line({"\xff", std::string("\0\1\2", 3)}), R"({"key_base64":"/w==","value_base64":"AAEC"})");
}

TEST(ExportLine, WhatIsNoDocumentIsRefused) {
  for (const char* line :
       {"", "{}", "[1,2]", R"({"key":"a"})", R"({"value":1})", R"({"key":1,"value":1})", R"({"key":"","value":1})",
        R"({"key":"a","value":1,"more":2})", R"({"key_base64":"!","value":1})", R"({"key":"a","value_base64":1})",
        R"({"key":"a","value_base64":"A"})", R"({"key":"a","value":1} x)"}) {
    const auto decoded = decode_line(line);
    ASSERT_FALSE(decoded) << line;
    EXPECT_EQ(decoded.error().code(), Code::corrupt) << line;
  }
}

TEST_F(TransferTest, ThereAndBack) {
  MemoryStore from(node->runtime()), to(node->runtime());
  Documents many = kFew;
  for (int i = 0; i < 5000; ++i) many["many/" + std::to_string(i)] = std::to_string(i);
  fill(from, many);
  EXPECT_EQ(exports(from, path("e")).value(), many.size());
  const auto imported = imports(to, path("e"));
  ASSERT_TRUE(imported) << imported.error().message();
  EXPECT_EQ(imported.value().documents, many.size());
  EXPECT_EQ(imported.value().there_before, 0u);
  ASSERT_EQ(exports(to, path("again")).value(), many.size());
  const auto without_header = [&](const std::string& name) {
    const std::string text = read(path(name));
    return text.substr(text.find('\n'), text.rfind("{\"documents\"") - text.find('\n'));
  };
  EXPECT_EQ(without_header("e"), without_header("again"));
}

TEST_F(TransferTest, AFileIsOurs) {
  MemoryStore store(node->runtime());
  fill(store, kFew);
  ASSERT_TRUE(exports(store, path("e")));
  struct stat mode;
  ASSERT_EQ(::stat(path("e").c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777u, 0600u);

  const std::string before = read(path("e"));
  const auto again = exports(store, path("e"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::already_exists);
  EXPECT_EQ(read(path("e")), before);
  EXPECT_FALSE(ExportWriter::create(path("e"))) << "it is said before everything is read";
}

TEST_F(TransferTest, AFileIsThereWholeOrNotAtAll) {
  {
    auto file = ExportWriter::create(path("e"));
    ASSERT_TRUE(file && file.value().begin(Time{}) && file.value().add({"a", "b"}));
    EXPECT_FALSE(std::filesystem::exists(path("e")));
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder)) << "a file that was given up is left";

  auto file = ExportWriter::create(path("e"));
  ASSERT_TRUE(file && file.value().begin(Time{}) && file.value().add({"a", "b"}));
  write(path("e"), "somebody else's");
  const auto finished = file.value().finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code(), Code::already_exists);
  EXPECT_EQ(read(path("e")), "somebody else's");
}

TEST_F(TransferTest, WhatWasChangedOrCutOffIsRefusedAsAWhole) {
  MemoryStore from(node->runtime()), to(node->runtime());
  fill(from, kFew);
  ASSERT_TRUE(exports(from, path("e")));
  const std::string whole = read(path("e"));
  const auto refused = [&](const std::string& text, const std::string& what) {
    write(path("bad"), text);
    const auto imported = imports(to, path("bad"));
    ASSERT_FALSE(imported) << what;
    EXPECT_THAT(imported.error().code(), ::testing::AnyOf(Code::corrupt, Code::newer_schema)) << what;
    EXPECT_TRUE(all(to).empty()) << what;
  };
  for (std::size_t size = 0; size < whole.size(); ++size)
    refused(whole.substr(0, size), "cut at " + std::to_string(size));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    refused(changed, "changed at " + std::to_string(at));
  }
  refused(whole + "\n", "a line more");
  refused(whole + whole, "twice");
}

TEST_F(TransferTest, EachKeyOnceAndInOrder) {
  MemoryStore to(node->runtime());
  for (const auto& keys : {std::pair("a", "a"), std::pair("b", "a")}) {
    const std::string name = path(std::string(keys.first) + keys.second);
    auto file = ExportWriter::create(name);
    ASSERT_TRUE(file && file.value().begin(Time{}));
    ASSERT_TRUE(file.value().add({keys.first, "1"}) && file.value().add({keys.second, "2"}) && file.value().finish());
    const auto imported = imports(to, name);
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code(), Code::corrupt);
    EXPECT_TRUE(all(to).empty());
  }
}

TEST_F(TransferTest, ALaterFormatIsRefused) {
  MemoryStore to(node->runtime());
  write(path("e"), "{\"format\":\"abc2-export\",\"version\":2,\"at_ms\":1,\"program\":\"9.0.0\"}\n");
  const auto imported = imports(to, path("e"));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), Code::newer_schema);
  EXPECT_THAT(imported.error().message(), HasSubstr("9.0.0"));
}

TEST_F(TransferTest, AnEmptyStoreIsAMistake) {
  MemoryStore store(node->runtime());
  const auto done = exports(store, path("e"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::not_found);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(TransferTest, NothingIsAddedToWhatIsThere) {
  MemoryStore from(node->runtime());
  fill(from, kFew);
  ASSERT_TRUE(exports(from, path("e")));
  for (const Documents& there : {Documents{{"a", ""}}, Documents{{"balance/bob", ""}}, Documents{{"z", ""}},
                                 Documents{{"balance/ann", "another"}}, Documents{{kFew.rbegin()->first, "another"}}}) {
    MemoryStore to(node->runtime());
    fill(to, there);
    const auto imported = imports(to, path("e"));
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code(), Code::conflict);
    EXPECT_THAT(imported.error().message(), HasSubstr(there.begin()->first));
    EXPECT_EQ(all(to), there);
  }
}

TEST_F(TransferTest, AnImportThatWasInterruptedGoesOn) {
  MemoryStore from(node->runtime()), to(node->runtime());
  Documents many, some;  // any of them may have been in flight
  for (int i = 0; i < 900; ++i) {
    const Key key = "many/" + std::to_string(i);
    many[key] = std::to_string(i);
    if (i % 3 == 0) some[key] = many[key];
  }
  fill(from, many);
  fill(to, some);
  ASSERT_TRUE(exports(from, path("e")));
  const auto imported = imports(to, path("e"));
  ASSERT_TRUE(imported) << imported.error().message();
  EXPECT_EQ(imported.value().there_before, some.size());
  EXPECT_EQ(all(to), many);
}

// A store in which somebody else adds another document first.
class Contested final : public store::Store {
 public:
  Contested(MemoryStore& inner, runtime::Runtime& runtime) : Store(runtime), inner_(inner) {}
  Task<Result<store::Snapshot>> get(Key key, store::Freshness freshness) override {
    return inner_.get(std::move(key), freshness);
  }
  Task<Result<store::WriteOutcome>> add(Key key, Value value) override {
    const auto first = co_await inner_.add(key, "somebody else's");
    EXPECT_TRUE(first);
    auto second = co_await inner_.add(std::move(key), std::move(value));
    co_return second;
  }
  Task<Result<store::WriteOutcome>> replace(Key key, store::Version expected, Value value) override {
    return inner_.replace(std::move(key), expected, std::move(value));
  }
  Task<Result<store::ScanPage>> scan(Key prefix, Key after, std::size_t limit) override {
    return inner_.scan(std::move(prefix), std::move(after), limit);
  }
  [[nodiscard]] bool exclusive() const override { return false; }

 private:
  MemoryStore& inner_;
};

TEST_F(TransferTest, WhoeverWritesMeanwhileIsNoticed) {
  MemoryStore from(node->runtime()), inner(node->runtime());
  Contested to(inner, node->runtime());
  fill(from, kFew);
  ASSERT_TRUE(exports(from, path("e")));
  const auto imported = imports(to, path("e"));
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code(), Code::conflict);
}

TEST_F(TransferTest, WritesWhoseOutcomeIsUnknownAreFoundOut) {
  MemoryStore from(node->runtime());
  fill(from, kFew);
  ASSERT_TRUE(exports(from, path("e")));
  for (const Fault fault :
       {Fault::error, Fault::unknown_lost, Fault::unknown_landed, Fault::unknown_later, Fault::echo}) {
    MemoryStore inner(node->runtime());
    FaultyStore to(inner, node->runtime());
    to.arm({.fault = fault, .verb = store::Verb::add, .times = 3});
    const auto imported = imports(to, path("e"));
    ASSERT_TRUE(imported) << store::to_string(fault) << imported.error().message();
    EXPECT_EQ(all(inner), kFew) << store::to_string(fault);
  }
}

// A store that others write to: before the n-th page of a view, of one document, `then(n)` runs.
class Shared final : public store::Store {
 public:
  Shared(MemoryStore& inner, runtime::Runtime& runtime, std::function<Task<void>(int)> then)
      : Store(runtime), inner_(inner), then_(std::move(then)) {}
  Task<Result<store::Snapshot>> get(Key key, store::Freshness freshness) override {
    return inner_.get(std::move(key), freshness);
  }
  Task<Result<store::WriteOutcome>> add(Key key, Value value) override {
    return inner_.add(std::move(key), std::move(value));
  }
  Task<Result<store::WriteOutcome>> replace(Key key, store::Version expected, Value value) override {
    return inner_.replace(std::move(key), expected, std::move(value));
  }
  Task<Result<store::ScanPage>> scan(Key prefix, Key after, std::size_t) override {
    co_await then_(pages_++);
    auto page = co_await inner_.scan(std::move(prefix), std::move(after), 1);
    co_return page;
  }
  Task<Result<std::unique_ptr<store::View>>> view() override {
    CO_TRY(auto inner, co_await inner_.view());
    co_return std::make_unique<Pages>(*this, std::move(inner));
  }
  [[nodiscard]] bool exclusive() const override { return false; }
  [[nodiscard]] int pages() const { return pages_; }
  // The view ends before that page.
  int ends_at = -1;

 private:
  class Pages final : public store::View {
   public:
    Pages(Shared& of, std::unique_ptr<store::View> inner) : of_(of), inner_(std::move(inner)) {}
    Task<Result<store::ScanPage>> scan(Key prefix, Key after, std::size_t) override {
      if (of_.pages_ == of_.ends_at) co_return Error(Code::unavailable, "the view is over");
      co_await of_.then_(of_.pages_++);
      auto page = co_await inner_->scan(std::move(prefix), std::move(after), 1);
      co_return page;
    }

   private:
    Shared& of_;
    std::unique_ptr<store::View> inner_;
  };

  MemoryStore& inner_;
  std::function<Task<void>(int)> then_;
  int pages_ = 0;
};

Task<void> set(store::Store& store, Key key, Value value) {
  const auto now = co_await store.get(key);
  const auto outcome = co_await store.replace(key, now.value()->version, value);
  EXPECT_EQ(outcome.value().kind(), store::WriteOutcome::Kind::applied);
}

// Two accounts that have a hundred together; money moves from one to the other between their being read.
class MovingTest : public TransferTest {
 protected:
  MovingTest() : inner(node->runtime()) { fill(inner, {{"a", "100"}, {"z", "0"}}); }
  Task<void> move(int to_z) {
    co_await set(inner, "a", std::to_string(100 - to_z));
    co_await set(inner, "z", std::to_string(to_z));
  }
  std::string exported(const std::string& name) {
    const std::string text = read(path(name));
    const auto from = text.find('\n') + 1;
    return text.substr(from, text.rfind("{\"documents\"") - from);
  }
  MemoryStore inner;
};

TEST_F(MovingTest, WhatIsExportedIsAStateThatWas) {
  Shared store(inner, node->runtime(), [this](int page) -> Task<void> { co_await move(page + 1); });
  const auto done = exports(store, path("e"));
  ASSERT_TRUE(done) << done.error().message();
  EXPECT_EQ(exported("e"), "{\"key\":\"a\",\"value\":100}\n{\"key\":\"z\",\"value\":0}\n");
  EXPECT_EQ(store.pages(), 2) << "nothing moved between two pages";
}

TEST_F(MovingTest, AViewThatEndsLeavesNoFile) {
  Shared store(inner, node->runtime(), [](int) -> Task<void> { co_return; });
  store.ends_at = 1;
  const auto done = exports(store, path("e"));
  ASSERT_FALSE(done) << exported("e");
  EXPECT_EQ(done.error().code(), Code::unavailable);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(MovingTest, AStoreWithoutViewsIsNotExported) {
  Contested store(inner, node->runtime());
  const auto done = exports(store, path("e"));
  ASSERT_FALSE(done) << exported("e");
  EXPECT_EQ(done.error().code(), Code::invalid_argument);
  EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST_F(MovingTest, NodesAreNoPartOfIt) {
  fill(inner, {{"node/1", "0"}});
  EXPECT_EQ(exports(inner, path("e")).value(), 2u);
}

}  // namespace
}  // namespace abc2::cli
