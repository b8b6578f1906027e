// What a client says on a WebSocket: however its bytes are cut, the same messages come out, in UTF-8 where they are text,
// within their bound, and nothing after a fault. Compressed messages and the offers to compress are read or refused.
//
// The first byte of the input says what the rest is: frames (with compression agreed or not), a compressed message, a
// message to compress, or an offer.
#include "http/websocket/decoder.hpp"

#include <vector>

#include "http/websocket/deflate.hpp"
#include "http/websocket/utf8.hpp"
#include "protocol/envelope.hpp"
#include "protocol/must.hpp"
#include "tests/fuzz/support/memory_peak.hpp"

using namespace troupe;
using namespace troupe::http;

namespace {

constexpr std::size_t message_bytes_max = 4096;
// A pool of decoders at rest, and zlib's window and tables.
constexpr std::size_t bytes_free = 256 * 1024;

struct heard {
  said::kind what;
  std::string payload;
  close_code code;
  bool operator==(const heard&) const = default;
};

class listener {
 public:
  explicit listener(deflating agreed) : agreed_(agreed) {}

  void hear(std::string_view bytes) {
    while (auto s = decoder_.next(bytes, message_bytes_max, agreed_)) {
      must(!ended_, "nothing is said after a fault");
      ended_ = s->what == said::kind::fault;
      check(*s);
      heard_.push_back({s->what, std::string(s->payload), s->code});
    }
    must(bytes.empty(), "all bytes are used up");
    decoder_.rest();
  }
  const std::vector<heard>& all() const { return heard_; }

 private:
  void check(const said& s) const {
    switch (s.what) {
      case said::kind::text: must(is_whole_utf8(s.payload), "a text is UTF-8"); [[fallthrough]];
      case said::kind::binary:
        must(s.payload.size() <= message_bytes_max, "a message is within its bound");
        break;
      case said::kind::close: must(is_whole_utf8(s.payload), "a reason is UTF-8"); [[fallthrough]];
      case said::kind::ping:
      case said::kind::pong: must(s.payload.size() <= 125, "a control frame is short"); break;
      case said::kind::fault: must(!s.payload.empty(), "a fault has a reason"); break;
    }
  }

  const deflating agreed_;
  decoder decoder_;
  bool ended_ = false;
  std::vector<heard> heard_;
};

void check_frames(std::string_view bytes, deflating agreed) {
  fuzz::memory_peak peak;
  listener whole(agreed), cut(agreed);
  whole.hear(bytes);
  // Every two bytes may make a message of its own that is kept here.
  must(peak.bytes() <= bytes_free + 128 * bytes.size() + whole.all().size() * message_bytes_max,
       "memory is in proportion to what was said");
  auto cuts = checksum64(bytes) | 1;
  for (auto rest = bytes; !rest.empty();) {
    cuts = cuts * 0x5851'f42d'4c95'7f2dULL + 0x1405'7b7e'f767'814fULL;
    auto size = std::min<std::size_t>(1 + (cuts >> 60), rest.size());
    cut.hear(rest.substr(0, size));
    rest.remove_prefix(size);
  }
  must(whole.all() == cut.all(), "the pieces in which bytes come make no difference");
}

void check_inflating(std::string_view bytes) {
  fuzz::memory_peak peak;
  std::string out;
  inflate_message(bytes, message_bytes_max, out);
  must(out.size() <= message_bytes_max && peak.bytes() <= bytes_free, "what is inflated is within its bound");
}

void check_deflating(std::string_view message) {
  auto packed = deflate_message(message);
  std::string out;
  must(inflate_message(packed, message.size() + 1, out) == inflated::whole && out == message,
       "what was deflated comes back");
  if (!message.empty())
    must(inflate_message(packed, message.size() - 1, out) == inflated::too_big,
         "a bound is kept to the byte");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: check_frames(bytes, deflating::no); break;
    case 1: check_frames(bytes, deflating::yes); break;
    case 2: check_inflating(bytes); break;
    case 3: check_deflating(bytes); break;
    default:
      if (auto agreed = agree_on_deflate(bytes))
        must(agreed->starts_with("permessage-deflate") && agreed->find_first_of("\r\n") == std::string::npos,
             "an offer is answered with one of its kind");
  }
  return 0;
}
