// Strong types for every id, index and term, so that none can be passed for another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace troupe {

template <class Tag, class T>
struct strong {
  using value_type = T;
  T value{};

  constexpr strong() = default;
  constexpr explicit strong(T v) : value(v) {}
  constexpr auto operator<=>(const strong&) const = default;
};

using shard_id = strong<struct shard_id_tag, std::uint16_t>;
using node_id = strong<struct node_id_tag, std::uint64_t>;
using generation = strong<struct generation_tag, std::uint64_t>;
// A Raft term. Grows with every election.
using term = strong<struct term_tag, std::uint64_t>;
// Position in a shard's Raft log; the first entry is 1, 0 is "none".
using log_index = strong<struct log_index_tag, std::uint64_t>;
// Number of an event within its shard, from 1 and without gaps: what readers resume from.
using event_seq = strong<struct event_seq_tag, std::uint64_t>;
// Identity of a cluster's history. Another value means: offsets from before say nothing.
using epoch = strong<struct epoch_tag, std::uint64_t>;

}  // namespace troupe

template <class Tag, class T>
struct std::hash<troupe::strong<Tag, T>> {
  std::size_t operator()(const troupe::strong<Tag, T>& x) const noexcept { return std::hash<T>{}(x.value); }
};
