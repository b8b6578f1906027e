// Cells: figures of one span of time under several names at once. What each cube counts by, in which spans, where its
// cells lie, and how a window is cut into the fewest spans.
//
// Invariants: the fields of a cube and their order are part of stored keys, never to be changed; spans of one window
// neither overlap nor leave anything out.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/key.hpp"
#include "protocol/schema/insight.capnp.h"
#include "protocol/schema/query.capnp.h"

namespace troupe {

// Microseconds of one bucket.
std::int64_t bucket_us(schema::Resolution resolution);
// Start of the bucket that holds this time; time before 1970 too.
std::int64_t bucket_start(std::int64_t time_us, schema::Resolution resolution);

enum class cell_spans : std::uint8_t {
  all,       // by minute, hour and day
  fine,      // by minute and hour: names that seldom come back the same day
  hours,     // by hour only: windows are widened to whole hours
  timeless,  // one span for all time
};

// A cell is a row of a record. The record's key has the first field (after its span), the row's name the number of the cube
// and the other fields. Of a cube by hash the key has but the first bits of the first field's hash, and the name begins
// with the hash and has all fields: one record for many sessions and traces. Some cubes share records, so that an event
// makes fewer keys; some are rollups of one dimension.
struct cube_shape {
  schema::Cube record;  // the cube whose number is in the key
  std::span<const schema::CellField> fields;
  cell_spans spans = cell_spans::all;
  bool is_hashed = false;
  std::optional<schema::Dimension> dimension = {};

  // The first of its fields that is in the name.
  std::size_t named_from() const { return is_hashed ? 0 : 1; }
};
// By the first bits of a hash: records are read from the lowest hash on.
constexpr std::uint8_t hash_record(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 58); }
// Nothing for a cube that is not known.
const cube_shape* shape_of(schema::Cube cube);
// The place of a field in its cube.
std::optional<std::size_t> place_of(const cube_shape& shape, schema::CellField field);

// Beyond this no event can have happened (the year 128,000): sums of times do not overflow below it.
inline constexpr std::int64_t cell_time_us_max = 4'000'000'000'000'000'000;
// A slot of a busy hour.
inline constexpr std::int64_t busy_slot_us = 10'000'000;

struct cell_span {
  schema::Resolution resolution = schema::Resolution::MINUTE;
  std::int64_t from_us = 0, until_us = 0;
  bool operator==(const cell_span&) const = default;
};
// [from, until) in spans, the latest first; coarse in the middle, fine at its ends. Both are whole minutes.
std::vector<cell_span> cut_window(std::int64_t from_us, std::int64_t until_us, schema::Resolution coarsest);

// What the keys of a cube's records of one length begin with; the start stands behind it.
std::string cell_prefix(std::string_view org, schema::Cube cube, schema::Resolution resolution);

}  // namespace troupe
