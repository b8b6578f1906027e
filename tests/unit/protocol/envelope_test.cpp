#include "protocol/envelope.hpp"

#include <catch2/catch_test_macros.hpp>

#include "protocol/frame.hpp"

using namespace troupe;

TEST_CASE("envelope: what was sealed is opened again") {
  for (auto payload : {std::string(), std::string("x"), std::string(100'000, 'p')}) {
    auto sealed = seal_envelope(7, 3, payload);
    auto opened = open_envelope(sealed);
    REQUIRE(opened);
    CHECK(opened->kind == 7);
    CHECK(opened->version == 3);
    CHECK(opened->payload == payload);
  }
}

TEST_CASE("envelope: two parts are sealed as if they were joined") {
  CHECK(seal_envelope(1, 1, "head", "tail") == seal_envelope(1, 1, "headtail"));
}

TEST_CASE("envelope: every flipped bit is noticed") {
  auto sealed = seal_envelope(7, 3, "some payload of some length");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto damaged = sealed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    auto opened = open_envelope(damaged);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == errc::corrupt);
  }
}

TEST_CASE("envelope: every cut and every addition is noticed") {
  auto sealed = seal_envelope(7, 3, "some payload");
  for (std::size_t size = 0; size < sealed.size(); ++size)
    CHECK_FALSE(open_envelope(std::string_view(sealed).substr(0, size)));
  CHECK_FALSE(open_envelope(sealed + '\0'));
}

TEST_CASE("frame: only the expected kind and version are opened") {
  auto f = frame::of(frame_kind::command, "payload");
  CHECK(*f.open(frame_kind::command) == "payload");
  CHECK(f.open(frame_kind::reply).error().code == errc::corrupt);
  frame newer{seal_envelope(static_cast<std::uint16_t>(frame_kind::command), frame::version + 1, "payload")};
  CHECK(newer.open(frame_kind::command).error().code == errc::unsupported);
}
