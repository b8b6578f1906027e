#include "http/websocket/decoder.hpp"

#include <wslay/wslay.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include "http/websocket/deflate.hpp"
#include "http/websocket/frame.hpp"
#include "http/websocket/utf8.hpp"

namespace troupe::http {

namespace {

constexpr std::size_t resting_max = 16;                // contexts a thread keeps
constexpr std::size_t message_bytes_kept = 16 * 1024;  // of a message's memory, with a resting context

bool may_send(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

said fault(close_code code, std::string_view why) { return {said::kind::fault, why, code}; }

}  // namespace

struct decoder::work {
  work() {
    wslay_frame_callbacks calls{};
    calls.recv_callback = [](std::uint8_t* to, std::size_t room, int, void* self) noexcept -> ssize_t {
      return static_cast<work*>(self)->feed(to, room);
    };
    if (wslay_frame_context_init(&context, &calls, this) != 0) throw std::bad_alloc();
  }
  work(const work&) = delete;
  work& operator=(const work&) = delete;
  ~work() { wslay_frame_context_free(context); }

  ssize_t feed(std::uint8_t* to, std::size_t room) noexcept {
    auto n = std::min(room, source.size());
    if (n == 0) return -1;
    std::memcpy(to, source.data(), n);
    source.remove_prefix(n);
    fed += n;
    return static_cast<ssize_t>(n);
  }

  bool is_control() const { return wslay_is_ctrl_frame(frame.opcode) != 0; }
  bool is_at_rest() const { return !in_frame && !in_message && fed == counted; }
  std::optional<said> start_frame(const wslay_frame_iocb& f, std::size_t bytes_max, deflating agreed);
  std::optional<said> take_piece(std::string_view piece);
  std::optional<said> end_frame(std::string_view piece, std::size_t bytes_max);
  said end_close() const;
  std::optional<said> end_message(std::string_view text, std::size_t bytes_max);

  wslay_frame_context_ptr context = nullptr;
  std::string_view source;
  std::uint64_t fed = 0, counted = 0;  // bytes wslay was given, and those of the frames it has begun
  wslay_frame_iocb frame{};
  std::uint64_t missing = 0;  // of the frame's payload
  bool in_frame = false, in_message = false, is_text = false, is_deflated = false, is_broken = false;
  utf8_checker utf8;
  std::string message, control, plain;
  std::chrono::steady_clock::time_point since{};
};

std::optional<said> decoder::work::start_frame(const wslay_frame_iocb& f, std::size_t bytes_max,
                                               deflating agreed) {
  auto size = f.payload_length;
  counted += size + 2 + (size < 126 ? 0 : size < 65536 ? 2 : 8) + (f.mask ? 4 : 0);
  if (!f.mask) return fault(close_code::protocol_error, "a client masks its frames");
  bool first = f.opcode == WSLAY_TEXT_FRAME || f.opcode == WSLAY_BINARY_FRAME;
  auto allowed = first && agreed == deflating::yes ? WSLAY_RSV1_BIT : WSLAY_RSV_NONE;
  if ((f.rsv & ~allowed) != 0) return fault(close_code::protocol_error, "a reserved bit is set");
  bool control_frame = f.opcode >= WSLAY_CONNECTION_CLOSE && f.opcode <= WSLAY_PONG;
  if (!first && !control_frame && f.opcode != WSLAY_CONTINUATION_FRAME)
    return fault(close_code::protocol_error, "a frame of an unknown kind");
  if (control_frame) {
    control.clear();
    if (!f.fin || size > 125) return fault(close_code::protocol_error, "a control frame is whole and short");
  } else if (first == in_message) {
    return fault(close_code::protocol_error, first ? "a message within a message" : "nothing to continue");
  } else if (size > bytes_max - std::min(bytes_max, message.size())) {
    return fault(close_code::too_big, "the message is too large");
  }
  if (first) {
    in_message = true;
    is_text = f.opcode == WSLAY_TEXT_FRAME;
    is_deflated = f.rsv != WSLAY_RSV_NONE;
    utf8 = {};
    message.clear();
  }
  if (first || (control_frame && !in_message)) since = std::chrono::steady_clock::now();
  frame = f;
  missing = size;
  in_frame = true;
  return std::nullopt;
}

std::optional<said> decoder::work::take_piece(std::string_view piece) {
  if (is_control()) {
    control.append(piece);
    return std::nullopt;
  }
  if (is_text && !is_deflated && !utf8.take(piece)) return fault(close_code::bad_payload, "a text is UTF-8");
  return std::nullopt;
}

said decoder::work::end_close() const {
  if (control.empty()) return {said::kind::close, {}, close_code::none_given};
  if (control.size() == 1) return fault(close_code::protocol_error, "half a close code");
  auto code = static_cast<std::uint16_t>(static_cast<unsigned char>(control[0]) << 8 |
                                         static_cast<unsigned char>(control[1]));
  if (!may_send(code)) return fault(close_code::protocol_error, "a close code that is none");
  auto reason = std::string_view(control).substr(2);
  if (!is_whole_utf8(reason)) return fault(close_code::bad_payload, "a reason is UTF-8");
  return {said::kind::close, reason, static_cast<close_code>(code)};
}

std::optional<said> decoder::work::end_message(std::string_view text, std::size_t bytes_max) {
  in_message = false;
  if (is_deflated) {
    auto how = inflate_message(text, bytes_max, plain);
    if (how == inflated::too_big) return fault(close_code::too_big, "the message is too large");
    if (how == inflated::broken) return fault(close_code::bad_payload, "the message cannot be inflated");
    text = plain;
    if (is_text && !is_whole_utf8(text)) return fault(close_code::bad_payload, "a text is UTF-8");
  } else if (is_text && !utf8.is_complete()) {
    return fault(close_code::bad_payload, "a text is UTF-8");
  }
  return said{is_text ? said::kind::text : said::kind::binary, text, close_code::normal};
}

// 'piece' is the last of the frame; the others are in 'message'.
std::optional<said> decoder::work::end_frame(std::string_view piece, std::size_t bytes_max) {
  in_frame = false;
  switch (frame.opcode) {
    case WSLAY_PING: return said{said::kind::ping, control, close_code::normal};
    case WSLAY_PONG: return said{said::kind::pong, control, close_code::normal};
    case WSLAY_CONNECTION_CLOSE: return end_close();
    default: break;
  }
  if (frame.fin && message.empty()) return end_message(piece, bytes_max);  // in one piece: not copied
  message.append(piece);
  if (!frame.fin) return std::nullopt;
  return end_message(message, bytes_max);
}

namespace {

// Contexts at rest are alike: any socket of the thread may take one.
template <class Work>
std::vector<std::unique_ptr<Work>>& resting() {
  thread_local std::vector<std::unique_ptr<Work>> pool;
  return pool;
}

}  // namespace

decoder::decoder() = default;
decoder::~decoder() = default;

std::optional<said> decoder::next(std::string_view& bytes, std::size_t message_bytes_max, deflating agreed) {
  if (!busy_) {
    if (bytes.empty()) return std::nullopt;
    auto& pool = resting<work>();
    if (pool.empty()) {
      busy_ = std::make_unique<work>();
    } else {
      busy_ = std::move(pool.back());
      pool.pop_back();
    }
    busy_->since = std::chrono::steady_clock::now();
  }
  auto& w = *busy_;
  if (w.is_broken) {
    bytes = {};
    return std::nullopt;
  }
  w.source = bytes;
  if (!w.in_message) w.message.clear();
  std::optional<said> out;
  while (!out) {
    wslay_frame_iocb f{};
    auto n = wslay_frame_recv(w.context, &f);
    if (n == WSLAY_ERR_WANT_READ) break;
    if (n < 0) {
      out = fault(close_code::protocol_error, "a broken frame");
      break;
    }
    if (!w.in_frame) out = w.start_frame(f, message_bytes_max, agreed);
    if (out) break;
    std::string_view piece(reinterpret_cast<const char*>(f.data), static_cast<std::size_t>(n));
    out = w.take_piece(piece);
    w.missing -= piece.size();
    if (out) break;
    if (w.missing == 0) {
      out = w.end_frame(piece, message_bytes_max);
    } else if (!w.is_control()) {
      w.message.append(piece);
    }
  }
  bytes = w.source;
  if (out && out->what == said::kind::fault) w.is_broken = true;
  return out;
}

void decoder::rest() {
  if (!busy_ || busy_->is_broken || !busy_->is_at_rest()) return;
  auto w = std::move(busy_);
  auto& pool = resting<work>();
  if (pool.size() >= resting_max) return;
  for (auto* s : {&w->message, &w->control, &w->plain}) {
    s->clear();
    if (s->capacity() > message_bytes_kept) s->shrink_to_fit();
  }
  pool.push_back(std::move(w));
}

std::optional<std::chrono::steady_clock::time_point> decoder::unfinished_since() const {
  if (!busy_) return std::nullopt;
  return busy_->since;
}

}  // namespace troupe::http
