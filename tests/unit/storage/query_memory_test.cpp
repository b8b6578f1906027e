#include "storage/query_memory.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;
using namespace troupe::storage;

namespace {

std::string of_size(std::size_t n) { return std::string(n, 'x'); }

}  // namespace

TEST_CASE("query memory: the least recently used goes first, and the bound holds") {
  query_memory memory(10'000);
  memory.keep("a", of_size(4'000));
  memory.keep("b", of_size(4'000));
  CHECK(memory.find("a"));
  memory.keep("c", of_size(4'000));
  CHECK(memory.find("a"));
  CHECK(!memory.find("b"));
  CHECK(memory.find("c"));
  CHECK(memory.bytes() <= 10'000);
}

TEST_CASE("query memory: a new value takes the place of the old, one that is too large of nothing") {
  query_memory memory(10'000);
  memory.keep("a", of_size(4'000));
  auto held = memory.find("a");
  memory.keep("a", "new");
  CHECK(*memory.find("a") == "new");
  CHECK(held->size() == 4'000);
  memory.keep("b", of_size(20'000));
  CHECK(!memory.find("b"));
  CHECK(*memory.find("a") == "new");
  auto bytes = memory.bytes();
  memory.keep("a", "new");
  CHECK(memory.bytes() == bytes);
}

TEST_CASE("query memory: shards, and histories of one shard, do not see each other's") {
  query_memory memory;
  shard_memory one(memory, shard_id(1), epoch(5)), other(memory, shard_id(2), epoch(5)),
      later(memory, shard_id(1), epoch(6));
  one.keep("key", "bytes");
  CHECK(*one.find("key") == "bytes");
  CHECK(!other.find("key"));
  CHECK(!later.find("key"));
}
