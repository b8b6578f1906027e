// The arena of drafts, and ids for items that bring none.
#include "http/ingest/event_draft.hpp"

#include <cstring>

namespace troupe::ingest {

namespace {

constexpr std::size_t block_bytes = 64 * 1024;

// The finaliser of SplitMix64: a bijection, so that different inputs stay different.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

char* text_arena::take(std::size_t size) {
  if (size > left_) {
    auto room = size > block_bytes / 4 ? size : block_bytes;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(room));
    if (room == size) {  // a block of its own; the current one is still good
      bytes_ += size;
      return blocks_.back().get();
    }
    at_ = blocks_.back().get();
    left_ = room;
  }
  auto* out = at_;
  at_ += size;
  left_ -= size;
  bytes_ += size;
  return out;
}

std::string_view text_arena::keep(std::string_view text) {
  if (text.empty()) return {};
  auto* out = take(text.size());
  std::memcpy(out, text.data(), text.size());
  return {out, text.size()};
}

uuid draw_id(const context& ctx, std::uint32_t index) {
  if (!ctx.id_seed.empty()) return make_uuid_of(ctx.id_seed, index);
  // 62 of these bits survive: distinct within a request by the bijection (but for 2^-40 of the requests).
  return make_uuid_v7(ctx.now_us, mixed(ctx.entropy_high + index),
                      mixed(ctx.entropy_low + index * 0x9e3779b97f4a7c15ULL));
}

}  // namespace troupe::ingest
