#include "protocol/uuid.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace troupe;

TEST_CASE("uuid: version 7 holds the milliseconds and sorts by them") {
  auto a = make_uuid_v7(1'700'000'000'123'456, ~0ULL, ~0ULL);
  auto b = make_uuid_v7(1'700'000'000'124'000, 0, 0);
  CHECK(to_string(a) == "018bcfe5-687b-7fff-bfff-ffffffffffff");
  CHECK(to_string(b) == "018bcfe5-687c-7000-8000-000000000000");
  CHECK(a < b);
}

TEST_CASE("uuid: the text form is read back in either case") {
  auto id = make_uuid_v7(1'700'000'000'123'456, 0x1234'5678'9abc'def0ULL, 0xfedc'ba98'7654'3210ULL);
  auto text = to_string(id);
  CHECK(parse_uuid(text) == id);
  for (auto& c : text) c = static_cast<char>(c >= 'a' && c <= 'f' ? c - 32 : c);
  CHECK(parse_uuid(text) == id);
}

TEST_CASE("uuid: what is no uuid is refused") {
  for (auto text :
       {"", "018bcfe5", "018bcfe5-687b-7fff-bfff-fffffffffff", "018bcfe5-687b-7fff-bfff-fffffffffffff",
        "018bcfe5x687b-7fff-bfff-ffffffffffff", "018bcfe5-687b-7fff-bfff-fffffffffffg",
        "{18bcfe5-687b-7fff-bfff-ffffffffffff", "018bcfe5-687b7-fff-bfff-ffffffffffff"})
    CHECK_FALSE(parse_uuid(text));
}

TEST_CASE("uuid: the same content gives the same version 8 id, another seed another one") {
  CHECK(make_uuid_of("span 1", 1) == make_uuid_of("span 1", 1));
  CHECK(make_uuid_of("span 1", 1) != make_uuid_of("span 2", 1));
  CHECK(make_uuid_of("span 1", 1) != make_uuid_of("span 1", 2));
  auto text = to_string(make_uuid_of("span 1", 1));
  CHECK(text[14] == '8');
  CHECK((text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b'));
}
