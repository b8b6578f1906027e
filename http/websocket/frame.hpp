// Frames as they go to clients: encoded once, shared by every socket they go to.
//
// Invariants: a wire_frame never changes and may be shared by threads. A frame_ref belongs to one I/O thread: its count is
// no atomic, because a thousand sockets that touch one counter from two threads wait for it longer than for the send.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::http {

enum class opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

class wire_frame {
 public:
  // Bytes that the builder of a message leaves free before it, so that it need not be moved for the header.
  static constexpr std::size_t header_room = 10;

  // 'roomy' holds the message behind header_room bytes.
  wire_frame(opcode kind, std::string&& roomy);
  static std::shared_ptr<const wire_frame> of(opcode kind, std::string_view message);
  // Bytes that are no frame: the answer to a handshake.
  static std::shared_ptr<const wire_frame> raw(std::string bytes);

  std::string_view plain() const { return std::string_view(bytes_).substr(begins_); }
  std::string_view message() const { return std::string_view(bytes_).substr(message_at_); }
  // The frame with its message compressed without context, made by the first who asks; the plain one if the message is
  // small or does not shrink.
  std::string_view deflated() const;

 private:
  enum class unframed : std::uint8_t { yes };
  wire_frame(unframed, std::string&& bytes) : bytes_(std::move(bytes)), is_message_(false) {}

  std::string bytes_;
  std::uint8_t begins_ = 0, message_at_ = 0, first_byte_ = 0;
  bool is_message_ = true;
  mutable std::once_flag once_;
  mutable std::string deflated_;
};

using wire_ptr = std::shared_ptr<const wire_frame>;

// Writes the header of an unmasked frame in front of 'at' and returns where it begins.
char* write_header(char* at, std::uint8_t first_byte, std::uint64_t size) noexcept;

class frame_ref {
 public:
  frame_ref() = default;
  explicit frame_ref(wire_ptr f) : held_(f ? new held{std::move(f), 1} : nullptr) {}
  frame_ref(const frame_ref& o) noexcept : held_(o.held_) {
    if (held_) ++held_->uses;
  }
  frame_ref(frame_ref&& o) noexcept : held_(std::exchange(o.held_, nullptr)) {}
  frame_ref& operator=(frame_ref o) noexcept {
    std::swap(held_, o.held_);
    return *this;
  }
  ~frame_ref() {
    if (held_ && --held_->uses == 0) delete held_;
  }
  explicit operator bool() const { return held_ != nullptr; }

  std::string_view plain() const { return held_->frame->plain(); }
  std::string_view deflated() const { return held_->frame->deflated(); }

 private:
  struct held {
    wire_ptr frame;
    std::uint32_t uses;
  };
  held* held_ = nullptr;
};

}  // namespace troupe::http
