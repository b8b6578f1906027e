#include "storage/data_dir.hpp"

#include <catch2/catch_test_macros.hpp>

#include <fstream>

#include "storage/rocks_kv.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using storage::data_dir;

namespace {

storage::directory_identity fresh() {
  return {1, "0190a5e4-7b00-7000-8000-000000000001", node_id(42), 16, epoch(0xabcdef)};
}

void write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
}

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("data directory: keeps its identity from one start to the next") {
  test::temporary_folder folder;
  auto path = folder.path() / "node";
  {
    auto first = data_dir::open(path, fresh());
    REQUIRE(first);
    CHECK(first->is_new());
  }
  auto other = fresh();
  other.node = node_id(7);
  auto second = data_dir::open(path, other);
  REQUIRE(second);
  CHECK_FALSE(second->is_new());
  CHECK(second->identity().node == node_id(42));
  CHECK(second->identity().history == epoch(0xabcdef));
  CHECK(second->identity().shards == 16);
}

TEST_CASE("data directory: remembers that its node joined others") {
  test::temporary_folder folder;
  auto joined = fresh();
  joined.origin = storage::node_origin::joined;
  for (int start = 0; start < 2; ++start) {
    auto opened = data_dir::open(folder.path() / "b", start == 0 ? joined : fresh());
    REQUIRE(opened);
    CHECK(opened->identity().origin == storage::node_origin::joined);
  }
  auto founder = data_dir::open(folder.path() / "a", fresh());
  REQUIRE(founder);
  CHECK(founder->identity().origin == storage::node_origin::founded);
}

TEST_CASE("data directory: refuses what is not its own and says what to do") {
  test::temporary_folder folder;
  auto path = folder.path();
  auto id = path / "troupe.id";
  SECTION("a foreign directory") {
    write(path / "thesis.doc", "x");
    auto opened = data_dir::open(path, fresh());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::conflict);
    CHECK(opened.error().detail.find("thesis.doc") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(id));
  }
  SECTION("a directory that another process holds") {
    auto first = data_dir::open(path, fresh());
    REQUIRE(first);
    auto second = data_dir::open(path, fresh());
    REQUIRE_FALSE(second);
    CHECK(second.error().detail.find("another trouped") != std::string::npos);
  }
  SECTION("a changed identity") {
    { REQUIRE(data_dir::open(path, fresh())); }
    auto text = read(id);
    text.replace(text.find("shards 16"), 9, "shards 32");
    write(id, text);
    auto opened = data_dir::open(path, fresh());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::corrupt);
    CHECK(opened.error().detail.find("troupe.id") != std::string::npos);
  }
  SECTION("a newer format") {
    { REQUIRE(data_dir::open(path, fresh())); }
    auto text = read(id);
    text.replace(text.find("format 1"), 8, "format 9");
    write(id, text);
    auto opened = data_dir::open(path, fresh());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::unsupported);
    CHECK(opened.error().detail.find("newer trouped") != std::string::npos);
  }
}

TEST_CASE("store: a damaged table file is found when it is read") {
  test::temporary_folder folder;
  auto path = folder.path() / "db";
  {
    auto store = storage::open_rocks(path, {});
    REQUIRE(store);
    for (int i = 0; i < 2000; ++i) {
      auto batch = (*store)->make_batch();
      batch->put(storage::column::events, "key" + std::to_string(i), std::string(200, 'v'));
      REQUIRE((*store)->write(*batch, storage::durability::logged));
    }
    REQUIRE((*store)->sync());
  }
  {  // opening again turns the log into a table file
    REQUIRE(storage::open_rocks(path, {}));
  }
  std::filesystem::path table;
  for (auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".sst") table = entry.path();
  REQUIRE_FALSE(table.empty());
  auto bytes = read(table);
  bytes[bytes.size() / 3] ^= 0x40;
  write(table, bytes);
  auto store = storage::open_rocks(path, {});
  if (!store) {
    CHECK(store.error().code == errc::corrupt);
    return;
  }
  CHECK_THROWS_AS((*store)->latest().scan(storage::column::events, "", "", [](auto, auto) { return true; }),
                  storage::storage_fault);
}
