// What a shard applied and its store does not show yet.
#include "storage/applied_run.hpp"

#include <catch2/catch_test_macros.hpp>

#include "protocol/id_window.hpp"
#include "protocol/message.hpp"
#include "protocol/rollup.hpp"
#include "storage/generation.hpp"
#include "storage/rocks_kv.hpp"
#include "storage/shard.hpp"
#include "tests/support/memory_kv.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr shard_id three{3};
using op_kind = testing::memory_kv::op_kind;

std::string counted(std::int64_t n) {
  rollup r;
  r.count = n;
  r.add_duration(n * 1000);
  return r.encode();
}

struct staged {
  testing::memory_kv store;
  std::unique_ptr<kv_batch> batch = store.make_batch();
  const std::vector<testing::memory_kv::op>& ops() const {
    return static_cast<const testing::memory_kv::batch&>(*batch).ops;
  }
};

}  // namespace

TEST_CASE("applied run: what was put last is found, what was erased is known to be gone") {
  applied_run run(three);
  CHECK_FALSE(run.find(column::state, "a"));
  run.put(column::state, "a", "1");
  run.put(column::events, "a", "other column");
  run.put(column::state, "a", "2");
  run.put(column::state, "b", "");
  REQUIRE(run.find(column::state, "a"));
  CHECK(run.find(column::state, "a").value() == "2");
  CHECK(run.find(column::state, "b").value() == "");
  run.erase(column::state, "a");
  REQUIRE(run.find(column::state, "a"));
  CHECK_FALSE(run.find(column::state, "a")->has_value());
  CHECK_FALSE(run.find(column::history, "a"));
  run.clear();
  CHECK(run.empty());
  CHECK_FALSE(run.find(column::state, "b"));
}

TEST_CASE("applied run: each key goes to the store once, in the order of the keys") {
  applied_run run(three);
  run.put(column::events, "z", "1");
  run.put(column::state, "b", "1");
  run.put(column::state, "a", "1");
  run.erase(column::state, "b");
  run.put(column::state, "a", "2");
  staged s;
  run.stage(*s.batch);
  REQUIRE(s.ops().size() == 3);
  CHECK(s.ops()[0].key == shard_key(three, "a"));
  CHECK(s.ops()[0].value == "2");
  CHECK(s.ops()[1].key == shard_key(three, "b"));
  CHECK(s.ops()[1].kind == op_kind::erase);
  CHECK(s.ops()[2].where == column::events);
}

TEST_CASE("applied run: rollups are added up before they are merged, on what was put or erased before") {
  applied_run run(three);
  for (std::int64_t n = 1; n <= 4; ++n) run.merge(column::rollups, "r", counted(n));
  run.merge(column::rollups, "once", counted(7));
  run.erase(column::rollups, "erased");
  run.merge(column::rollups, "erased", counted(1));
  run.merge(column::rollups, "erased", counted(2));
  staged s;
  {
    auto old = s.store.make_batch();
    old->put(column::rollups, shard_key(three, "r"), counted(100));
    old->put(column::rollups, shard_key(three, "erased"), counted(100));
    REQUIRE(s.store.write(*old, durability::synced));
  }
  run.stage(*s.batch);
  CHECK(s.ops().size() == 4);
  REQUIRE(s.store.write(*s.batch, durability::unlogged));
  auto sum = [&](std::string_view key) {
    rollup r;
    auto bytes = s.store.latest().get(column::rollups, shard_key(three, key));
    message_reader reader(bytes.value());
    r.add(reader.root<schema::Rollup>());
    return std::pair{r.count, r.sketch.size()};
  };
  CHECK(sum("r") == std::pair{110L, std::size_t{5}});
  CHECK(sum("once") == std::pair{7L, std::size_t{1}});
  CHECK(sum("erased") == std::pair{3L, std::size_t{2}});
}

TEST_CASE("applied run: groups of ids stay in order, while they wait and when they are handed over") {
  applied_run run(three);
  key_writer to(record_tag::event_id_window);
  auto key = id_window::key(to, "org", 7);
  CHECK(run.merges(column::events, key).empty());
  std::string all;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    id_group group{event_seq(n)};
    group.add({n << 12, n}, event_seq(n));
    run.merge(column::events, key, group.bytes());
    run.put(column::events, "beside", std::to_string(n));
    all += group.bytes();
  }
  auto waiting = run.merges(column::events, key);
  REQUIRE(waiting.size() == 3);
  CHECK(id_window::join(waiting) == all);
  staged s;
  run.stage(*s.batch);
  CHECK(s.ops().size() == 2);
  REQUIRE(s.store.write(*s.batch, durability::unlogged));
  CHECK(s.store.latest().get(column::events, shard_key(three, key)) == all);
}

TEST_CASE("applied run: a thousand keys are all found") {
  applied_run run(three);
  for (int i = 0; i < 1000; ++i) run.put(column::state, "k" + std::to_string(i), std::to_string(i * 7));
  for (int i = 0; i < 1000; ++i)
    CHECK(run.find(column::state, "k" + std::to_string(i)).value() == std::to_string(i * 7));
}

TEST_CASE("rollup: many at once add up to the bytes of one after the other") {
  std::vector<std::string> encoded;
  std::string one_by_one;
  for (std::int64_t n = 1; n < 300; n += 7) {
    encoded.push_back(counted(n * n * 1000));
    one_by_one = merge_rollups(one_by_one, encoded.back());
  }
  std::vector<std::string_view> all(encoded.begin(), encoded.end());
  CHECK(merge_rollups(all) == one_by_one);
}

TEST_CASE("store: what was not logged is certain only after a flush") {
  test::temporary_folder folder;
  auto store = std::move(*open_rocks(folder.path() / "db", {}));
  auto put = [&](std::string_view value, durability d) {
    auto batch = store->make_batch();
    batch->put(column::meta, "k", value);
    REQUIRE(store->write(*batch, d));
  };
  put("1", durability::synced);
  put("2", durability::unlogged);
  CHECK(store->latest().get(column::meta, "k") == "2");
  CHECK(store->flushed(column::meta, "k") != "2");
  REQUIRE(store->flush());
  CHECK(store->flushed(column::meta, "k") == "2");
  put("3", durability::unlogged);
  CHECK(store->flushed(column::meta, "k") == "2");
}

TEST_CASE("store in memory: a crash keeps what was logged on top of the last flush, in order") {
  testing::memory_kv store;
  auto put = [&](std::string_view key, std::string_view value, durability d) {
    auto batch = store.make_batch();
    batch->put(column::state, key, value);
    REQUIRE(store.write(*batch, d));
  };
  put("a", "flushed", durability::unlogged);
  REQUIRE(store.flush());
  put("a", "unlogged", durability::unlogged);
  put("b", "logged", durability::logged);
  REQUIRE(store.sync());
  put("b", "lost", durability::unlogged);
  put("c", "unsynced", durability::logged);
  put("d", "unsynced", durability::logged);
  CHECK(store.flushed(column::state, "a") == "flushed");
  CHECK(store.unsynced() == 2);
  store.crash(1);
  CHECK(store.latest().get(column::state, "a") == "flushed");
  CHECK(store.latest().get(column::state, "b") == "logged");
  CHECK(store.latest().get(column::state, "c") == "unsynced");
  CHECK_FALSE(store.latest().get(column::state, "d"));
}

TEST_CASE(
    "shards: those that hold nothing begin with one sync, those that were left or begun stay as they are") {
  testing::memory_kv store;
  std::vector<shard_config> configs(3);
  for (std::uint16_t i = 0; i < 3; ++i) {
    configs[i].raft.shard = shard_id(i);
    configs[i].raft.generation = generation(1);
    configs[i].raft.voters = {node_id(7)};
  }
  auto left = store.make_batch();
  stage_left(*left, shard_id(1), {generation(2), {node_id(8)}, {log_index(5), term(2)}});
  REQUIRE(store.write(*left, durability::synced));
  REQUIRE(make_fresh_shards(store, configs));
  CHECK(store.unsynced() == 0);
  CHECK(load_snapshot(store.latest(), shard_id(0)));
  CHECK_FALSE(load_snapshot(store.latest(), shard_id(1)));
  auto begun = load_snapshot(store.latest(), shard_id(2));
  REQUIRE(begun);
  CHECK(begun->voters == std::vector{node_id(7)});
  configs[2].raft.voters = {node_id(9)};
  REQUIRE(make_fresh_shards(store, configs));
  CHECK(load_snapshot(store.latest(), shard_id(2))->voters == std::vector{node_id(7)});
}
