#include "storage/log.hpp"

#include <catch2/catch_test_macros.hpp>

#include "storage/entry.hpp"
#include "storage/rocks_kv.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr shard_id shard_three{3};

log_record record(std::uint64_t at, std::string_view text) {
  return {term(at), entry_kind::command, std::make_shared<const std::string>(text)};
}

struct opened_store {
  test::temporary_folder folder;
  std::unique_ptr<kv> store = std::move(*open_rocks(folder.path() / "db", {}));

  void write(const std::function<void(kv_batch&)>& stage) {
    auto batch = store->make_batch();
    stage(*batch);
    REQUIRE(store->write(*batch, durability::synced));
  }
};

}  // namespace

TEST_CASE("log: records are read back, of their own shard only") {
  opened_store s;
  std::vector<log_record> records = {record(1, "a"), record(1, "b"), record(2, "c")};
  s.write([&](kv_batch& b) {
    stage_records(b, shard_three, log_index(5), records);
    stage_records(b, shard_id(4), log_index(8), records);
  });
  auto loaded = load_records(s.store->latest(), shard_three, log_index(6), 10);
  REQUIRE(loaded);
  REQUIRE(loaded->size() == 2);
  CHECK(*(*loaded)[0].payload == "b");
  CHECK((*loaded)[1].term == term(2));
  auto list = load_entry_list(s.store->latest(), shard_three, log_index(5));
  REQUIRE(list);
  CHECK(list->size() == 3);
}

TEST_CASE("log: erasing from an index leaves what is before it") {
  opened_store s;
  std::vector<log_record> records = {record(1, "a"), record(1, "b"), record(2, "c")};
  s.write([&](kv_batch& b) { stage_records(b, shard_three, log_index(5), records); });
  s.write([&](kv_batch& b) {
    stage_erase(b, shard_three, log_index(6), log_index(0));
    stage_records(b, shard_three, log_index(6), std::vector{record(3, "z")});
  });
  auto loaded = load_records(s.store->latest(), shard_three, log_index(5), 10);
  REQUIRE(loaded);
  REQUIRE(loaded->size() == 2);
  CHECK(*(*loaded)[1].payload == "z");
}

TEST_CASE("log: a missing or damaged record is named") {
  opened_store s;
  std::vector<log_record> records = {record(1, "a"), record(1, "b"), record(2, "c")};
  s.write([&](kv_batch& b) {
    stage_records(b, shard_three, log_index(5), records);
    stage_erase(b, shard_three, log_index(6), log_index(7));
  });
  auto loaded = load_records(s.store->latest(), shard_three, log_index(5), 10);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == errc::corrupt);
  CHECK(loaded.error().detail.find("shard 3: entry 6 is missing") != std::string::npos);
}

TEST_CASE("log entry: stamp and command come back, a flipped bit does not") {
  stamp at;
  at.time_us = 1'700'000'000'000'000;
  at.entropy_high = 1;
  at.entropy_low = 2;
  at.level = 1;
  std::string command(64, 'c');
  auto bytes = encode_entry(at, command);
  auto entry = decode_entry(bytes);
  REQUIRE(entry);
  CHECK(entry->at.time_us == at.time_us);
  CHECK(entry->at.entropy_low == 2);
  CHECK(entry->command == command);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto damaged = bytes;
    damaged[i] ^= 0x10;
    CHECK_FALSE(decode_entry(damaged));
  }
}
