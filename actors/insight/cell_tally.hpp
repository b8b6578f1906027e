// The cells of one batch of events: what each event says about usage, memory tiers, knowledge, collaboration.
//
// Invariants: what is written does not depend on the order of the events; nothing is read to write it, all is merged
// by addition; an event costs only for what it carries. Owned by one apply().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/cells.hpp"
#include "protocol/machine.hpp"
#include "protocol/rollup.hpp"

namespace troupe::insight {

class cell_tally {
 public:
  // Of all cubes, or at least of this one.
  explicit cell_tally(std::optional<schema::Cube> only = {}) : only_(only) {}

  // The event as it is stored: with its id, and its agent's team if it has none of its own.
  void add(schema::Event::Reader event);
  // One merge for each record and length of span.
  void write(std::string_view org, mutations& to) const;

 private:
  struct moment;
  // The sketch of its sums stays empty: the buckets are sorted once, at the end.
  struct row {
    rollup sums;
    std::vector<std::uint16_t> buckets;

    void add_duration(std::int64_t us);
  };
  // Where a row's key (cube, start, what stands behind) and name lie.
  struct place {
    std::uint64_t hash = 0;
    std::size_t at = 0, key_size = 0, name_size = 0;
  };

  bool counts(schema::Cube cube, std::optional<schema::Cube> or_cube = {}) const {
    return !only_ || *only_ == cube || only_ == or_cube;
  }
  void add_usage(const moment& m);
  void add_session(const moment& m);
  void add_trace(const moment& m);
  void add_busy(const moment& m);
  void add_tiers(const moment& m);
  void add_flow(const moment& m, std::string_view from, std::string_view to, std::int64_t latency_us);
  void add_knowledge(const moment& m);
  void add_search(const moment& m);
  void add_hypothesis(const moment& m);
  void add_edge(const moment& m);

  // Begins a record's key, or the name of a row of it.
  key_writer& key(schema::Cube of, std::int64_t start_us);
  key_writer& name(schema::Cube cube);
  // Both, of a cube by hash.
  key_writer& name_hashed(schema::Cube cube, std::int64_t start_us, std::string_view first);
  // The row under the key and the name that were made last.
  row& cell();
  void grow();
  std::string_view key_of(const place& p) const { return std::string_view(bytes_).substr(p.at, p.key_size); }
  std::string_view name_of(const place& p) const {
    return std::string_view(bytes_).substr(p.at + p.key_size, p.name_size);
  }
  // Numbers of the rows in the order of key and name.
  std::vector<std::uint32_t> sorted() const;

  std::optional<schema::Cube> only_;
  std::vector<row> rows_;
  std::vector<place> places_;         // of each row
  std::vector<std::uint32_t> table_;  // by hash: number of the row plus one, 0: free
  std::string bytes_;
  key_writer key_{record_tag::cell}, name_{record_tag::cell};
};

}  // namespace troupe::insight
