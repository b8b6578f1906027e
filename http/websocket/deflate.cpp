#include "http/websocket/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <memory>
#include <new>
#include <utility>

#include "http/server/text.hpp"

namespace troupe::http {

namespace {

// 32 KiB a thread. What clients allow is at least this window, or the offer is not met.
constexpr int window_bits = 12, memory_level = 5, level = 1;
constexpr std::string_view tail("\x00\x00\xff\xff", 4);  // of a flushed block: not sent (7.2.1)

Bytef* bytes_of(std::string_view s) { return reinterpret_cast<Bytef*>(const_cast<char*>(s.data())); }

struct deflater {
  z_stream z{};
  deflater() {
    if (deflateInit2(&z, level, Z_DEFLATED, -window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~deflater() { deflateEnd(&z); }
};

struct inflater {
  z_stream z{};
  inflater() {
    if (inflateInit2(&z, -15) != Z_OK) throw std::bad_alloc();
  }
  ~inflater() { inflateEnd(&z); }
};

// 8 to 15, written without leading zeros; 0 if it is not.
int window_of(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  if (value.size() == 1 && (value[0] == '8' || value[0] == '9')) return value[0] - '0';
  if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') return 10 + value[1] - '0';
  return 0;
}

// Whether the parameters of one offer are sound (7.1) and can be met.
bool can_meet(std::string_view parameters) {
  bool seen[4] = {};
  while (!parameters.empty()) {
    auto one = take_part(parameters, ';');
    auto equals = one.find('=');
    bool valued = equals != std::string_view::npos;
    auto name = trimmed(one.substr(0, equals));
    auto bits = valued ? window_of(trimmed(one.substr(equals + 1))) : 0;
    int which;
    if (name == "server_no_context_takeover" && !valued) {
      which = 0;
    } else if (name == "client_no_context_takeover" && !valued) {
      which = 1;
    } else if (name == "server_max_window_bits" && bits >= window_bits) {
      which = 2;
    } else if (name == "client_max_window_bits" && (!valued || bits != 0)) {
      which = 3;
    } else {
      return false;
    }
    if (std::exchange(seen[which], true)) return false;
  }
  return true;
}

}  // namespace

std::string deflate_message(std::string_view message) {
  thread_local deflater d;
  deflateReset(&d.z);
  std::string out(deflateBound(&d.z, message.size()) + 16, '\0');
  d.z.next_in = bytes_of(message);
  d.z.avail_in = static_cast<uInt>(message.size());
  d.z.next_out = bytes_of(out);
  d.z.avail_out = static_cast<uInt>(out.size());
  ::deflate(&d.z, Z_SYNC_FLUSH);
  out.erase(out.size() - d.z.avail_out);
  if (out.ends_with(tail)) out.erase(out.size() - tail.size());
  return out;
}

inflated inflate_message(std::string_view bytes, std::size_t bytes_max, std::string& out) {
  thread_local inflater d;
  inflateReset(&d.z);
  out.clear();
  char block[16 * 1024];
  for (auto part : {bytes, tail}) {
    d.z.next_in = bytes_of(part);
    d.z.avail_in = static_cast<uInt>(part.size());
    while (true) {
      d.z.next_out = reinterpret_cast<Bytef*>(block);
      d.z.avail_out = sizeof block;
      auto result = ::inflate(&d.z, Z_SYNC_FLUSH);
      auto made = sizeof block - d.z.avail_out;
      if (result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END) return inflated::broken;
      if (out.size() + made > bytes_max) return inflated::too_big;
      out.append(block, made);
      // A block marked as the last one ends the message early (7.2.3.4): what follows starts afresh.
      if (result == Z_STREAM_END) {
        if (d.z.avail_in == 0) break;
        inflateReset(&d.z);
      } else if (d.z.avail_out != 0) {
        if (d.z.avail_in != 0) return inflated::broken;
        break;
      }
    }
  }
  return inflated::whole;
}

std::optional<std::string> agree_on_deflate(std::string_view offers) {
  while (!offers.empty()) {
    auto offer = take_part(offers, ',');
    if (take_part(offer, ';') != "permessage-deflate" || !can_meet(offer)) continue;
    return "permessage-deflate; server_no_context_takeover; client_no_context_takeover" +
           std::string(offer.find("server_max_window_bits") == std::string_view::npos
                           ? ""
                           : "; server_max_window_bits=12");
  }
  return std::nullopt;
}

}  // namespace troupe::http
