#include "storage/query_memory.hpp"

#include <catch2/catch_test_macros.hpp>
#include <random>
#include <thread>
#include <vector>

using namespace troupe;
using namespace troupe::storage;

namespace {

// That nothing makes smaller.
std::string of_size(std::size_t n) {
  std::mt19937_64 random(n);
  std::string bytes(n, '\0');
  for (auto& b : bytes) b = static_cast<char>(random());
  return bytes;
}

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

TEST_CASE("query memory: what repeats itself takes less room than it has, and comes back as it was") {
  query_memory memory(10'000);
  std::string names;
  for (int i = 0; i < 3'000; ++i) names += "agent-" + std::to_string(i % 100) + " model ";
  for (auto* key : {"a", "b"}) memory.keep(key, names);
  CHECK(memory.bytes() < 10'000);
  CHECK(*memory.find("a") == names);
  CHECK(*memory.find("b") == names);
  memory.keep("small", std::string(100, 'x'));
  CHECK(*memory.find("small") == std::string(100, 'x'));
  memory.keep("empty", "");
  CHECK(memory.find("empty")->empty());
}

TEST_CASE("query memory: threads keep and find at once") {
  query_memory memory(200'000);
  std::vector<std::thread> threads;
  std::vector<char> wrong(4);
  for (unsigned t = 0; t < wrong.size(); ++t)
    threads.emplace_back([&memory, &wrong, t] {
      for (int i = 0; i < 500; ++i) {
        auto name = std::to_string(i % 40);
        auto value = std::string(2'000 + static_cast<std::size_t>(i % 40), static_cast<char>('a' + i % 26));
        memory.keep(name + "/" + std::to_string(t), value);
        if (auto found = memory.find(name + "/" + std::to_string(t)); !found || *found != value) wrong[t] = 1;
      }
    });
  for (auto& t : threads) t.join();
  CHECK(wrong == std::vector<char>(4));
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
