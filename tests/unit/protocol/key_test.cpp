#include "protocol/key.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

namespace {

std::string key_of(std::string_view a, std::int64_t b) {
  return key_writer(record_tag::agent).text(a).i64(b).str();
}

}  // namespace

TEST_CASE("key: encoded tuples sort as the tuples do") {
  CHECK(key_of("a", 5) < key_of("a", 6));
  CHECK(key_of("a", -5) < key_of("a", 3));
  CHECK(key_of("a", 99) < key_of("ab", 0));
  CHECK(key_of(std::string("a\0b", 3), 0) > key_of("a", 99));
  CHECK(key_of("a\xff", 0) > key_of("ab", 0));
}

TEST_CASE("key: what was written is read back") {
  std::string odd("x\0\xff\0", 4);
  auto key = key_writer(record_tag::task).text(odd).i64(-7).u64_descending(42).u8(3).str();
  key_reader in(key);
  CHECK(in.tag() == record_tag::task);
  CHECK(in.text() == odd);
  CHECK(in.i64() == -7);
  CHECK(in.u64_descending() == 42);
  CHECK(in.u8() == 3);
  CHECK(in.ok());
  in.u64();
  CHECK_FALSE(in.ok());
}

TEST_CASE("key: the end of a prefix follows everything that begins with it") {
  CHECK(prefix_end("ab") == "ac");
  CHECK(prefix_end(std::string("a\xff", 2)) == "b");
  CHECK(prefix_end("\xff").empty());
}
