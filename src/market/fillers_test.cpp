#include "market/fillers.hpp"

#include "market/encoding.hpp"
#include "market/test_images.hpp"
#include "market/test_world.hpp"

namespace abc2::market {
namespace {

using store::Crash;
using store::Fault;
using testing::attempt;
using testing::fails;
using testing::make_image;
using testing::run;

// A process: its view of the world's store.
struct Node {
  explicit Node(testing::World& its) : world(its), faulty(its.memory, its.runtime) {}
  static FillerDraft draft(unsigned number) {
    return {attempt(number), make_image("png"), "https://example.org/" + std::to_string(number), "Come in", "books"};
  }
  std::uint64_t make(unsigned number) { return run(fillers.create("alice", draft(number))); }
  std::uint64_t last() {
    const auto list = world.read<FillerList>("fillers/alice");
    return list ? list->last : 0;
  }

  testing::World& world;
  store::FaultyStore faulty;
  PooledImageChecker checker{world.pool};
  ImageLibrary images{faulty, checker};
  Fillers fillers{faulty, world.runtime, images};
};

struct FillersTest : ::testing::Test {
  testing::World world;
  Node node{world};
  Fillers& fillers = node.fillers;
};

TEST_F(FillersTest, CreateAndGet) {
  EXPECT_EQ(node.make(1), 1u);
  EXPECT_EQ(node.make(2), 2u);
  const Filler made = run(fillers.get("alice", 2));
  EXPECT_EQ(made.attempt, attempt(2));
  EXPECT_EQ(made.image, sha256_hex(make_image("png")));
  EXPECT_EQ(made.image_type, "image/png");
  EXPECT_EQ(made.width_px, 40u);
  EXPECT_EQ(made.height_px, 30u);
  EXPECT_EQ(made.link, "https://example.org/2");
  EXPECT_EQ(made.hover_text, "Come in");
  EXPECT_EQ(made.category, "books");
  EXPECT_EQ(made.created_at, world.runtime.time);
  EXPECT_EQ(world.keys_of("image/").size(), 1u) << "the same image twice is one document";
  const LoadedImage image = run(node.images.load(made.image));
  EXPECT_EQ(image.bytes, make_image("png"));
  EXPECT_EQ(image.info, (ImageInfo{"image/png", 40, 30}));
  for (const auto& [user, number] : {std::pair{"alice", 0u}, {"alice", 3u}, {"bob", 1u}, {"../alice", 1u}})
    EXPECT_EQ(fails(fillers.get(user, number)), Code::not_found);
}

TEST_F(FillersTest, WhatIsWrongIsRefusedAndNothingIsWritten) {
  const auto refused = [&](auto change) {
    FillerDraft draft = Node::draft(1);
    change(draft);
    return fails(fillers.create("alice", draft));
  };
  EXPECT_EQ(refused([](auto& draft) { draft.attempt = "x"; }), Code::invalid_argument);
  EXPECT_EQ(refused([](auto& draft) { draft.image = "x"; }), Code::invalid_argument);
  EXPECT_EQ(refused([](auto& draft) { draft.link = "javascript:alert(1)"; }), Code::invalid_argument);
  EXPECT_EQ(refused([](auto& draft) { draft.hover_text = "a\nb"; }), Code::invalid_argument);
  EXPECT_EQ(refused([](auto& draft) { draft.category = "Books"; }), Code::invalid_argument);
  EXPECT_EQ(fails(fillers.create("Alice", Node::draft(1))), Code::invalid_argument);
  EXPECT_TRUE(world.keys_of("").empty());
}

TEST_F(FillersTest, ARepeatedRequestMakesOneFiller) {
  EXPECT_EQ(node.make(1), 1u);
  world.runtime.time += Milliseconds(5000);
  EXPECT_EQ(node.make(1), 1u);
  EXPECT_EQ(node.make(2), 2u);
  EXPECT_EQ(node.make(1), 1u);
  EXPECT_EQ(node.last(), 2u);
  FillerDraft other = Node::draft(1);
  other.hover_text = "Go away";
  EXPECT_EQ(fails(fillers.create("alice", other)), Code::conflict);
  EXPECT_EQ(node.last(), 2u);
  // As far back as is promised.
  for (unsigned n = 3; n <= limits::repeat_window; ++n) node.make(n);
  EXPECT_EQ(node.make(1), 1u);
  FillerDraft anonymous = Node::draft(99);
  anonymous.attempt.clear();
  EXPECT_EQ(run(fillers.create("alice", anonymous)), limits::repeat_window + 1);
}

TEST_F(FillersTest, PagesTheNewestFirst) {
  EXPECT_TRUE(run(fillers.list("alice", 0, 10)).items.empty());
  EXPECT_FALSE(run(fillers.list("alice", 0, 10)).more);
  for (unsigned n = 1; n <= 5; ++n) node.make(n);
  const auto numbers = [&](std::uint64_t before, std::size_t limit, bool more) {
    const auto page = run(fillers.list("alice", before, limit));
    EXPECT_EQ(page.more, more);
    std::vector<std::uint64_t> out;
    for (const auto& item : page.items) {
      EXPECT_EQ(item.value.attempt, attempt(static_cast<unsigned>(item.number)));
      out.push_back(item.number);
    }
    return out;
  };
  using Numbers = std::vector<std::uint64_t>;
  EXPECT_EQ(numbers(0, 2, true), (Numbers{5, 4}));
  EXPECT_EQ(numbers(4, 2, true), (Numbers{3, 2}));
  EXPECT_EQ(numbers(2, 2, false), (Numbers{1}));
  EXPECT_EQ(numbers(1, 2, false), (Numbers{}));
  EXPECT_EQ(numbers(100, 5, false), (Numbers{5, 4, 3, 2, 1}));
  EXPECT_EQ(numbers(0, 0, true), (Numbers{5})) << "a page has one item at least";
}

TEST_F(FillersTest, TheListHasALimit) {
  world.put("fillers/alice", FillerList{limits::fillers_per_user});
  Filler old;
  for (std::uint64_t back = 0; back < limits::repeat_window; ++back)
    world.put(keys::filler("alice", limits::fillers_per_user - back), old);
  EXPECT_EQ(fails(fillers.create("alice", Node::draft(1))), Code::limit_reached);
}

TEST_F(FillersTest, AListedFillerThatIsMissingIsCorrupt) {
  world.put("fillers/alice", FillerList{1});
  EXPECT_EQ(fails(fillers.list("alice", 0, 10)), Code::corrupt);
  EXPECT_EQ(fails(fillers.create("alice", Node::draft(1))), Code::corrupt);
}

TEST_F(FillersTest, Images) {
  const StoredImage stored = run(node.images.add(make_image("webp")));
  EXPECT_TRUE(run(node.images.has(stored.sha256)));
  EXPECT_FALSE(run(node.images.has(std::string(64, '0'))));
  EXPECT_EQ(fails(node.images.has("x")), Code::invalid_argument);
  EXPECT_EQ(fails(node.images.load("../x")), Code::not_found);
  EXPECT_EQ(fails(node.images.load(std::string(64, '0'))), Code::not_found);
  world.put(keys::image(stored.sha256), Image{"image/webp", 40, 30, "no base64!"});
  EXPECT_EQ(fails(node.images.load(stored.sha256)), Code::corrupt);
}

// A crash at each write; then the user's next action on another node, or the same request again: one filler, listed.
TEST(FillersFaults, CreationCrashesAfterEachWrite) {
  for (const bool repeated : {false, true}) {
    for (const Crash when : {Crash::before, Crash::after}) {
      std::size_t crashes = 0;
      for (std::size_t k = 1;; ++k) {
        testing::World world;
        Node dying(world);
        dying.faulty.crash_at_write(k, when);
        if (store::run_until_crash(dying.faulty, dying.fillers.create("alice", Node::draft(1)))) break;
        ++crashes;
        Node next(world);
        testing::must(runtime::run_blocking(next.fillers.list_missing("alice")));
        const bool there = world.read<Filler>(keys::filler("alice", 1)).has_value();
        EXPECT_EQ(next.last(), there ? 1u : 0u);
        if (repeated) {
          EXPECT_EQ(next.make(1), 1u);
          EXPECT_EQ(next.last(), 1u);
          EXPECT_EQ(world.keys_of("filler/").size(), 1u);
        }
        EXPECT_EQ(next.make(2), there || repeated ? 2u : 1u);
      }
      EXPECT_EQ(crashes, 3u) << "the image, the filler, the list";
    }
  }
}

TEST(FillersFaults, CreationOnAStoreThatFails) {
  for (const char* key : {"image/", "filler/", "fillers/"}) {
    for (const Fault fault : testing::write_faults) {
      for (const std::size_t times : {std::size_t{1}, std::size_t{3}, store::FaultRule::always}) {
        testing::World world;
        Node node(world);
        node.faulty.arm({.fault = fault, .verb = store::Verb::add, .key = store::key_prefix(key), .times = times});
        const auto first = runtime::run_blocking(node.fillers.create("alice", Node::draft(1)));
        if (!first) {
          EXPECT_TRUE(first.error().code() == Code::undecided || first.error().code() == Code::unavailable)
              << first.error().message();
        }
        node.faulty.heal();
        EXPECT_EQ(node.make(1), 1u) << node.faulty.log();
        runtime::run_blocking(node.faulty.land_late_writes());
        EXPECT_EQ(node.make(1), 1u);
        EXPECT_EQ(node.make(2), 2u);
        EXPECT_EQ(world.keys_of("filler/").size(), 2u);
        EXPECT_EQ(node.last(), 2u);
      }
    }
  }
}

// Makes the fillers of these attempts on a node, one after another, which must not fail.
Task<void> make_all(Node* node, std::vector<unsigned> attempts) {
  for (const unsigned number : attempts) {
    const auto made = co_await node->fillers.create("alice", Node::draft(number));
    EXPECT_TRUE(made.has_value());
  }
}

// The same request on two nodes at once: the second runs through before each call of the first, and makes another
// filler before it or not, so that the request is found at the number that was tried or behind it.
TEST(FillersFaults, ARequestThatRunsTwiceAtOnceMakesOneFiller) {
  for (const unsigned before : {0u, 1u}) {
    for (const std::vector<unsigned>& meanwhile : {std::vector<unsigned>{1}, {98, 1}, {1, 98}}) {
      std::size_t k = 1;
      for (bool in_between = true; in_between; ++k) {
        testing::World world;
        Node two(world);
        if (before > 0) two.make(99);
        testing::Interleaved slow(world.memory, world.runtime);
        PooledImageChecker checker(world.pool);
        ImageLibrary images(slow, checker);
        Fillers one(slow, world.runtime, images);
        slow.before_call(k, [&] { return make_all(&two, meanwhile); });
        const std::uint64_t made = run(one.create("alice", Node::draft(1)));
        EXPECT_EQ(run(two.fillers.get("alice", made)).attempt, attempt(1));
        in_between = slow.happened();
        const std::size_t expected = before + (in_between ? meanwhile.size() : 1);
        EXPECT_EQ(world.keys_of("filler/").size(), expected) << "before call " << k;
        EXPECT_EQ(two.last(), expected);
      }
      EXPECT_GT(k, 5u);
    }
  }
}

}  // namespace
}  // namespace abc2::market
