// The log's one writer: order, and what a failed group means for what is queued behind it.
#include "storage/log_writer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "storage/rocks_kv.hpp"
#include "tests/support/memory_kv.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace troupe;
using namespace troupe::storage;

namespace {

constexpr shard_id one{1}, two{2};
const failure broken{errc::no_space, "the disk is full"};

std::unique_ptr<kv_batch> batch_of(kv& store, std::string_view key) {
  auto batch = store.make_batch();
  batch->put(column::log, key, "v");
  return batch;
}

bool holds(const kv& store, std::string_view key) { return store.latest().get(column::log, key).has_value(); }

// A queue over a store in memory, and what was told about each batch, in order.
struct queued_store {
  testing::memory_kv store;
  log_queue queue;
  std::vector<std::pair<std::string, bool>> told;

  void push(const log_lane& lane, const std::string& key) {
    queue.push(lane, batch_of(store, key), [this, key](const auto& r) { told.emplace_back(key, bool(r)); });
  }
  void run(std::size_t batches_max) {
    auto group = queue.take(batches_max);
    auto outcome = log_queue::write(store, group);
    queue.settle(group, outcome);
    log_queue::complete(group, outcome);
  }
};

using told_list = std::vector<std::pair<std::string, bool>>;

}  // namespace

TEST_CASE("log queue: what is queued behind a failed write is refused, though the store would take it") {
  queued_store s;
  auto lane = s.queue.open(one);
  s.push(lane, "1");
  s.push(lane, "2");
  s.push(lane, "3");
  s.store.break_with(broken);
  s.run(1);
  REQUIRE(s.store.resume());
  s.run(2);
  CHECK(s.told == told_list{{"1", false}, {"3", false}});  // "3" speaks for "2", which was in its group
  CHECK_FALSE(holds(s.store, "2"));
  CHECK_FALSE(holds(s.store, "3"));
}

TEST_CASE("log queue: a failed sync fails the whole group and ends all its lanes") {
  queued_store s;
  auto first = s.queue.open(one), second = s.queue.open(two), third = s.queue.open(shard_id(3));
  s.push(first, "a");
  s.push(second, "b");
  s.store.break_sync_with(broken);
  s.run(2);
  REQUIRE(s.store.resume());
  s.push(first, "c");
  s.push(second, "d");
  s.push(third, "e");
  s.run(3);
  CHECK(s.told == told_list{{"a", false}, {"b", false}, {"c", false}, {"d", false}, {"e", true}});
  CHECK_FALSE(holds(s.store, "c"));
  CHECK(holds(s.store, "e"));
}

TEST_CASE("log queue: a shard that opened again writes, what it had queued before is refused") {
  queued_store s;
  auto before = s.queue.open(one);
  s.push(before, "old");
  auto after = s.queue.open(one);
  s.push(after, "new");
  s.push(before, "late");
  s.run(3);
  CHECK(s.told == told_list{{"new", true}, {"late", false}});
  CHECK_FALSE(holds(s.store, "old"));
  CHECK(holds(s.store, "new"));
}

TEST_CASE("log queue: a refusal tells why the lane ended") {
  testing::memory_kv store;
  log_queue queue;
  auto lane = queue.open(one);
  store.break_with(broken);
  std::vector<errc> codes;
  for (int i = 0; i < 2; ++i)
    queue.push(lane, batch_of(store, "k"), [&](const auto& r) { codes.push_back(r.error().code); });
  for (int i = 0; i < 2; ++i) {
    auto group = queue.take(1);
    auto outcome = log_queue::write(store, group);
    queue.settle(group, outcome);
    log_queue::complete(group, outcome);
  }
  CHECK(codes == std::vector{errc::no_space, errc::no_space});
}

TEST_CASE("log queue: of a group each lane hears once, for all it had in it") {
  queued_store s;
  auto first = s.queue.open(one), second = s.queue.open(two);
  s.push(first, "a");
  s.push(second, "b");
  s.push(first, "c");
  s.run(3);
  CHECK(s.told == told_list{{"b", true}, {"c", true}});
  CHECK(holds(s.store, "a"));
}

TEST_CASE("log writer: completions come in the order of the writes, after the sync") {
  test::temporary_folder folder;
  auto store = std::move(*open_rocks(folder.path() / "db", {}));
  std::vector<int> order;
  {
    log_writer writer(*store);
    auto lane = writer.open(one);
    for (int i = 0; i < 200; ++i)
      writer.write(lane, batch_of(*store, "k" + std::to_string(i)), log_writer::may_write::there,
                   [&, i](const result<storage::done>& r) {
                     if (r) order.push_back(i);  // on the writer's thread, which ends before this is read
                   });
  }
  REQUIRE_FALSE(order.empty());
  CHECK(order.back() == 199);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(holds(*store, "k199"));
}

TEST_CASE("log writer: a shard opens again only when its write in hand is over") {
  testing::memory_kv store;
  std::promise<void> in_hand, go_on;
  store.on_write = [&](const testing::memory_kv::batch&) {
    in_hand.set_value();
    go_on.get_future().wait();
  };
  log_writer writer(store);
  auto lane = writer.open(one);
  writer.write(lane, batch_of(store, "k"), log_writer::may_write::there, [](const auto&) {});
  in_hand.get_future().wait();
  auto opened = std::async(std::launch::async, [&] {
    writer.open(one);
    return holds(store, "k");
  });
  go_on.set_value();
  CHECK(opened.get());
}

TEST_CASE("log writer: who may write itself does when it is alone, and not while others write") {
  testing::memory_kv store;
  std::promise<void> in_hand, go_on;
  std::atomic<bool> first{true};
  store.on_write = [&](const testing::memory_kv::batch&) {
    if (!first.exchange(false)) return;
    in_hand.set_value();
    go_on.get_future().wait();
  };
  std::vector<std::pair<char, std::thread::id>> told;
  auto note = [&](char which) {
    return [&told, which](const auto&) { told.emplace_back(which, std::this_thread::get_id()); };
  };
  std::thread::id busy_thread;
  {
    log_writer writer(store);
    auto lane = writer.open(one), other = writer.open(two);
    std::thread busy(
        [&] { writer.write(lane, batch_of(store, "a"), log_writer::may_write::here, note('a')); });
    busy_thread = busy.get_id();
    in_hand.get_future().wait();
    writer.write(other, batch_of(store, "b"), log_writer::may_write::here, note('b'));
    CHECK(told.empty());  // neither waited for nor written by this thread
    go_on.set_value();
    busy.join();
  }
  REQUIRE(told.size() == 2);
  CHECK(told[0] == std::pair{'a', busy_thread});
  CHECK(told[1].first == 'b');
  CHECK(told[1].second != busy_thread);
  CHECK(told[1].second != std::this_thread::get_id());
  CHECK(holds(store, "b"));
}
