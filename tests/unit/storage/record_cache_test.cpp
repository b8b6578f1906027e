#include "storage/record_cache.hpp"

#include <catch2/catch_test_macros.hpp>

using troupe::storage::record_cache;

TEST_CASE("record cache: what was noted follows every change, what was not stays unknown") {
  record_cache cache;
  cache.note("a", "1");
  cache.note("b", std::nullopt);
  cache.changed("a", "2");
  cache.changed("c", "3");
  REQUIRE(cache.find("a"));
  CHECK(*cache.find("a") == "2");
  REQUIRE(cache.find("b"));
  CHECK_FALSE(*cache.find("b"));
  CHECK_FALSE(cache.find("c"));
  cache.changed("b", "now there");
  CHECK(*cache.find("b") == "now there");
  cache.changed("a", std::nullopt);
  REQUIRE(cache.find("a"));
  CHECK_FALSE(*cache.find("a"));
}

TEST_CASE("record cache: it forgets rather than grow") {
  record_cache cache;
  std::string large(64 * 1024, 'x');
  for (int i = 0; i < 100; ++i) cache.note("key" + std::to_string(i), large);
  int kept = 0;
  for (int i = 0; i < 100; ++i) kept += cache.find("key" + std::to_string(i)) ? 1 : 0;
  CHECK(kept > 0);
  CHECK(kept < 8);
}
